//! `planwright demo`

use super::arguments::{Opened, PlannerArguments, ViewArguments, describe_drift, finish_view, within};
use super::demo_goal_force::goal_force;
use super::demo_transform::TransformDemo;
use super::output::{CliError, print_json, print_text};
use crate::evaluate::{Audit, Scores, episodes};
use crate::pilot::{Clock, EpisodeReport, Pilot};
use crate::planner::{Planner, PlannerDescription};
use crate::view::Stage;
use crate::world::{EpisodeRules, MazeWorld, TimeOptimalBound};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// The shipped model of a demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DemoPlanner {
    /// The diffusion planner of a maze
    Maze,
    /// A policy, rolled out through the world
    Policy,
    /// Pushes on pictures of tables: which object, how fast, beside random objects and a search
    GoalForce,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright demo
  planwright demo --layout large --real-time --viewer rerun+http://127.0.0.1:9876/proxy
  planwright demo --json | jq .score
  planwright demo --transform
  planwright demo policy --temperature 1
  planwright demo --control search
  planwright demo goal-force --episodes 20 --json

The recording opens with the rerun viewer: rerun planwright-demo.rrd")]
pub(super) struct Demo {
    /// Which shipped model plans
    #[arg(value_enum, default_value_t = DemoPlanner::Maze, value_name = "PLANNER")]
    family: DemoPlanner,
    /// Episodes (default: 10; 300 goals with --transform; 20 tables of goal-force)
    #[arg(long, value_parser = within(1..=10_000_usize), value_name = "N")]
    episodes: Option<usize>,
    /// Keep to the clock: 100 control steps a second
    #[arg(long)]
    real_time: bool,
    /// Plan with the coordinate transform: 300 goals (or --episodes), one plan each, beside a plain model
    #[arg(long, conflicts_with_all = ["model", "control", "real_time"])]
    transform: bool,
    /// Write no recording
    #[arg(long, conflicts_with = "rrd")]
    no_rrd: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    planner: PlannerArguments,
}

/// Usual deadline of a plan on a robot.
const DEADLINE: Duration = Duration::from_millis(50);

/// What the report of a demo is made of.
struct Driven {
    description: PlannerDescription,
    layout: String,
    model: Option<(PathBuf, String)>,
    pilot: Pilot<Box<dyn Planner>>,
    reports: Vec<EpisodeReport>,
    scores: Scores,
    plans_unsafe: u64,
    rrd: Option<PathBuf>,
}

impl Demo {
    /// Where the demo is recorded. A build without pictures still has a demo.
    fn recording(&self) -> ViewArguments {
        let mut view = self.planner.view.clone();
        if view.rrd.is_none() && !self.no_rrd && cfg!(feature = "rerun") {
            view.rrd = Some(PathBuf::from("planwright-demo.rrd"));
        }
        view
    }

    pub(super) fn run(&self) -> Result<(), CliError> {
        if self.family == DemoPlanner::GoalForce {
            return goal_force(self.episodes.unwrap_or(20), &self.planner, self.recording(), self.json);
        }
        if self.transform {
            let (goals, rrd) = (self.episodes.unwrap_or(300), self.planner.view.rrd.clone());
            return TransformDemo { goals, json: self.json, arguments: &self.planner, rrd }.run();
        }
        let driven = self.drive(self.episodes.unwrap_or(10))?;
        if self.json { self.print_json(&driven) } else { driven.print_text() }
    }

    fn drive(&self, count: usize) -> Result<Driven, CliError> {
        if let (DemoPlanner::Policy, Some(control)) = (self.family, self.planner.control) {
            return Err(CliError::wrong(format!(
                "--control {}: expected no model beside it, got policy\nhint: planwright demo --control {0}",
                control.name()
            )));
        }
        let shipped = (self.family == DemoPlanner::Policy).then_some("maze-policy");
        let Opened { planner, model } = self.planner.open(shipped)?;
        let description = planner.description().clone();
        let world = MazeWorld::new(self.planner.maze(&description)?);
        let rules = EpisodeRules::of(world.layout());
        let view = self.recording();
        let settings = self.planner.pilot.settings(Some(DEADLINE), &description)?;
        let (rrd, view) = (view.rrd.clone(), view.start()?);
        let mut pilot = Pilot::new(planner, settings, view.clone());
        let mut audit = Audit::new(&world);
        let clock = if self.real_time { Clock::RealTime } else { Clock::Simulated };
        let seed = self.planner.settings.seed;
        let starts = episodes(world.layout(), count, seed);
        let goal = starts.first().map_or([0.0; 2], |episode| episode.goal);
        let bound = TimeOptimalBound::new(world.layout(), goal).map_err(CliError::input)?;
        let mut reports: Vec<EpisodeReport> = Vec::new();
        for (index, episode) in starts.iter().enumerate() {
            pilot.reset(seed.wrapping_add(index as u64));
            let on_plan = |plan: &_| audit.look(&world, plan);
            reports.push(pilot.run_episode(&world, episode, rules.steps, clock, on_plan, None));
        }
        finish_view(view);
        let scores = Scores::of(&rules, &bound, &starts, &reports);
        let layout = world.layout().name().to_owned();
        Ok(Driven { description, layout, model, pilot, reports, scores, plans_unsafe: audit.unsafe_plans, rrd })
    }

    fn print_json(&self, driven: &Driven) -> Result<(), CliError> {
        let (statistics, reports) = (driven.pilot.statistics(), &driven.reports);
        print_json(&serde_json::json!({
            "layout": driven.layout,
            "episodes": reports.len(),
            "seed": self.planner.settings.seed,
            "score": driven.scores.score.mean,
            "score_bound": driven.scores.bound,
            "reach_rate": driven.reached() as f64 / reports.len() as f64,
            "wall_contacts": reports.iter().map(|report| report.wall_steps).sum::<usize>(),
            "late_steps": reports.iter().map(|report| report.late_steps).sum::<usize>(),
            "plans_checked": statistics.plans_checked,
            "plans_kept": statistics.plans_kept,
            "plans_unsafe": driven.plans_unsafe,
            "fallbacks": statistics.fallbacks.total(),
            "fallbacks_by_kind": statistics.fallbacks,
            "rejections": statistics.rejections,
            "deadline_misses": statistics.deadline_misses,
            "residual_before": statistics.residual_before,
            "residual_after": statistics.residual_after,
            "drift": driven.pilot.drift(),
            "plan_ms": driven.pilot.latency(Stage::Whole),
            "stages_ms": driven.pilot.latency_by_stage(),
            "engine": driven.description.engine,
            "model": driven.model.as_ref().map(|(path, _)| path),
            "model_sha256": driven.model.as_ref().map(|(_, sha256)| sha256),
            "rrd": driven.rrd,
        }))
    }
}

impl Driven {
    fn reached(&self) -> usize {
        self.reports.iter().filter(|report| report.reached).count()
    }

    fn print_text(&self) -> Result<(), CliError> {
        let recording = match &self.rrd {
            Some(path) => format!("\nrecording {} (open it with: rerun {0})", path.display()),
            None => String::new(),
        };
        let (statistics, latency) = (self.pilot.statistics(), self.pilot.latency(Stage::Whole));
        print_text(&format!(
            "{} episodes in {}: score {:.1} of at most {:.1}, {} reached\nplans     {} checked, {} kept, {} fallbacks, {} unsafe\nresidual  {:.3} m proposed, {:.4} m corrected\ntime      p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms per checked plan{}\nengine    {}{recording}",
            self.reports.len(),
            self.layout,
            self.scores.score.mean,
            self.scores.bound,
            self.reached(),
            statistics.plans_checked,
            statistics.plans_kept,
            statistics.fallbacks.total(),
            self.plans_unsafe,
            statistics.residual_before,
            statistics.residual_after,
            latency.p50,
            latency.p99,
            latency.max,
            describe_drift(self.pilot.drift().as_ref()),
            self.description.engine_text(),
        ))
    }
}
