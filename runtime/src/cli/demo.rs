//! `planwright demo`

use super::common::{
    CliError, EngineArguments, PilotArguments, SamplerArguments, ViewArguments, describe_drift, open_model, print_json,
    print_text, shipped,
};
use super::demo_transform::TransformDemo;
use super::eval::finish_view;
use super::planners::{PolicyArguments, any_planner};
use crate::evaluate::{Audit, Scores, episodes};
use crate::pilot::{Clock, EpisodeReport, Pilot};
use crate::planner::Planner;
use crate::view::Stage;
use crate::world::{EpisodeRules, MazeWorld, TimeOptimalBound};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Who plans in a demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DemoPlanner {
    /// The diffusion planner of a maze
    Maze,
    /// A policy, rolled out through the world
    Policy,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright demo
  planwright demo --layout large --real-time --viewer rerun+http://127.0.0.1:9876/proxy
  planwright demo --json | jq .score
  planwright demo --transform
  planwright demo policy --temperature 1

The recording opens with the rerun viewer: rerun planwright-demo.rrd")]
pub(super) struct Demo {
    /// Who plans
    #[arg(value_enum, default_value_t = DemoPlanner::Maze, value_name = "PLANNER")]
    planner: DemoPlanner,
    /// Whose shipped model to take: umaze, medium or large
    #[arg(long, default_value = "umaze", value_name = "NAME")]
    layout: String,
    /// Another model
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Episodes (default: 10; 300 goals with --transform)
    #[arg(long, value_name = "N")]
    episodes: Option<usize>,
    /// Seed of starts and plans
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Keep to the clock: 100 control steps a second
    #[arg(long)]
    real_time: bool,
    /// Plan with the coordinate transform: 300 goals (or --episodes), one plan each, beside a plain model
    #[arg(long, conflicts_with_all = ["model", "real_time"])]
    transform: bool,
    /// Write no recording
    #[arg(long, conflicts_with = "rrd")]
    no_rrd: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    sampler: SamplerArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    pilot: PilotArguments,
    #[command(flatten)]
    view: ViewArguments,
}

/// A robot's usual patience.
const DEADLINE: Duration = Duration::from_millis(50);

impl Demo {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let episodes_wanted = self.episodes.unwrap_or(if self.transform { 300 } else { 10 });
        if !(1..=10_000).contains(&episodes_wanted) {
            let problem = anyhow::anyhow!("--episodes: expected between 1 and 10000, got {episodes_wanted}");
            return Err(CliError::input(problem));
        }
        if self.transform {
            let demo = TransformDemo {
                goals: episodes_wanted,
                seed: self.seed,
                json: self.json,
                engine: &self.engine,
                pilot: &self.pilot,
                view: &self.view,
                rrd: self.view.rrd.clone(),
            };
            return demo.run();
        }
        let own = match (self.planner, &self.model) {
            (DemoPlanner::Policy, None) => Some(shipped("maze-policy")?),
            (_, model) => model.clone(),
        };
        let (path, artefact) = open_model(own.as_deref(), &self.layout)?;
        let planner = any_planner(&artefact, &self.engine, &self.sampler, &self.policy, self.seed)?;
        let engine = planner.engine().clone();
        let world = MazeWorld::new(planner.layout().clone());
        let rules = EpisodeRules::of(world.layout());
        let mut view_arguments = self.view.clone();
        // A build without pictures still has a demo.
        if view_arguments.rrd.is_none() && !self.no_rrd && cfg!(feature = "rerun") {
            view_arguments.rrd = Some(PathBuf::from("planwright-demo.rrd"));
        }
        let settings = self.pilot.settings(Some(DEADLINE), artefact.manifest())?;
        let view = view_arguments.start()?;
        let mut pilot = Pilot::new(planner, settings, view.clone());
        let mut audit = Audit::new(&world);
        let clock = if self.real_time { Clock::RealTime } else { Clock::Simulated };
        let starts = episodes(world.layout(), episodes_wanted, self.seed);
        let mut reports: Vec<EpisodeReport> = Vec::new();
        for (index, episode) in starts.iter().enumerate() {
            pilot.reset(self.seed.wrapping_add(index as u64));
            let on_plan = |plan: &_| audit.look(&world, plan);
            reports.push(pilot.run_episode(&world, episode, rules.steps, clock, on_plan, None));
        }
        finish_view(view);
        let goal = starts.first().map_or([0.0; 2], |episode| episode.goal);
        let bound = TimeOptimalBound::new(world.layout(), goal);
        let scores = Scores::of(&rules, &bound, &starts, &reports);
        let statistics = pilot.statistics();
        let latency = pilot.latency(Stage::Whole);
        let reached = reports.iter().filter(|report| report.reached).count();
        if self.json {
            return print_json(&serde_json::json!({
                "layout": world.layout().name(),
                "episodes": episodes_wanted,
                "seed": self.seed,
                "score": scores.score.mean,
                "score_bound": scores.bound,
                "reach_rate": reached as f64 / episodes_wanted as f64,
                "wall_contacts": reports.iter().map(|report| report.wall_steps).sum::<usize>(),
                "late_steps": reports.iter().map(|report| report.late_steps).sum::<usize>(),
                "plans_checked": statistics.plans_checked,
                "plans_kept": statistics.plans_kept,
                "plans_unsafe": audit.unsafe_plans,
                "fallbacks": statistics.fallbacks.total(),
                "fallbacks_by_kind": statistics.fallbacks,
                "rejections": statistics.rejections,
                "deadline_misses": statistics.deadline_misses,
                "residual_before": statistics.residual_before,
                "residual_after": statistics.residual_after,
                "drift": pilot.drift(),
                "plan_ms": latency,
                "stages_ms": pilot.latency_by_stage(),
                "engine": engine,
                "model": path,
                "model_sha256": artefact.sha256(),
                "rrd": view_arguments.rrd,
            }));
        }
        let recording = match &view_arguments.rrd {
            Some(path) => format!("\nrecording {} (open it with: rerun {0})", path.display()),
            None => String::new(),
        };
        print_text(&format!(
            "{} episodes in {}: score {:.1} of at most {:.1}, {reached} reached\nplans     {} checked, {} kept, {} fallbacks, {} unsafe\nresidual  {:.3} m proposed, {:.4} m corrected\ntime      p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms per checked plan{}\nengine    {engine}{recording}",
            episodes_wanted,
            world.layout().name(),
            scores.score.mean,
            scores.bound,
            statistics.plans_checked,
            statistics.plans_kept,
            statistics.fallbacks.total(),
            audit.unsafe_plans,
            statistics.residual_before,
            statistics.residual_after,
            latency.p50,
            latency.p99,
            latency.max,
            describe_drift(pilot.drift().as_ref()),
        ))
    }
}
