//! `planwright eval`

use super::arguments::{Opened, PlannerArguments, describe_drift, finish_view, within};
use super::eval_barn::EvalBarn;
use super::eval_goal_force::EvalGoalForce;
use super::eval_map::EvalMap;
use super::eval_moving::EvalMoving;
use super::output::{CliError, print_json, print_text};
use super::policy::EvalPolicy;
use crate::evaluate::{Audit, Evaluation, Protocol, Scores, episodes, run_diffuser_episode};
use crate::pilot::{
    Clock, EpisodeReport, EpisodeTrace, Latencies, LatencySummary, Pilot, PilotStatistics, StageLatencies,
};
use crate::planner::Planner;
use crate::quantity::DriftStatus;
use crate::world::rollouts::Rollouts;
use crate::world::{Episode, EpisodeRules, MazeWorld, TimeOptimalBound};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget};
use ndarray::{Array2, Array3};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Subcommand)]
pub(super) enum Eval {
    /// D4RL's Maze2D: random starts, one goal, sparse reward
    Maze(Box<Maze>),
    /// A policy in closed loop without correction or gate: returns, smoothness, jerk, collisions
    Policy(Box<EvalPolicy>),
    /// Any map: every method through the same correction and gate, beside the search
    Map(Box<EvalMap>),
    /// The BARN challenge's worlds with a lidar's map
    Barn(Box<EvalBarn>),
    /// Rooms and corridors in which discs walk: the lattice beside waiting on the path and beside braking
    Moving(Box<EvalMoving>),
    /// Tables with balls and obstacles: which object is pushed for a goal, and whether the target then moves so
    GoalForce(Box<EvalGoalForce>),
}

impl Eval {
    pub(super) fn run(&self) -> Result<(), CliError> {
        match self {
            Self::Maze(command) => command.run(),
            Self::Policy(command) => command.run(),
            Self::Map(command) => command.run(),
            Self::Barn(command) => command.run(),
            Self::Moving(command) => command.run(),
            Self::GoalForce(command) => command.run(),
        }
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright eval maze --layout umaze --episodes 100 --seed 0 --json
  planwright eval maze --layout large --protocol diffuser --record rollouts.npz
  planwright world check rollouts.npz --layout large
  planwright eval maze --layout umaze --control search --json   the same without a network

Scores are D4RL-normalised percent. Starts depend on --seed alone. Without --deadline-ms plans may take as
long as they need, so that the same seed gives the same result on any machine.")]
pub(super) struct Maze {
    /// Episodes
    #[arg(long, default_value_t = 100, value_parser = within(1..=100_000_usize), value_name = "N")]
    episodes: usize,
    /// How the planner is evaluated
    #[arg(long, value_enum, default_value_t = Protocol::Pilot)]
    protocol: Protocol,
    /// Write starts, goals, states and executed commands as .npz
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    planner: PlannerArguments,
}

/// Results of all episodes under one protocol.
struct ProtocolRun {
    reports: Vec<EpisodeReport>,
    traces: Vec<EpisodeTrace>,
    plan_ms: LatencySummary,
    pilot: Option<(PilotStatistics, u64)>,
    stages_ms: Option<StageLatencies>,
    drift: Option<DriftStatus>,
}

impl Maze {
    fn run(&self) -> Result<(), CliError> {
        if let Some(path) = &self.record {
            crate::files::check_writable(path)
                .map_err(|error| CliError::wrong(format!("--record {}: {error}", path.display())))?;
        }
        let Opened { planner, model } = self.planner.open(None)?;
        let description = planner.description().clone();
        let (model, model_sha256) = model.map(|(path, sha256)| (path.display().to_string(), sha256)).unzip();
        let world = MazeWorld::new(self.planner.maze(&description)?);
        let rules = EpisodeRules::of(world.layout());
        let episodes = episodes(world.layout(), self.episodes, self.planner.settings.seed);
        let goal = episodes.first().map_or([0.0; 2], |episode| episode.goal);
        let bound = TimeOptimalBound::new(world.layout(), goal).map_err(CliError::input)?;
        let bar = ProgressBar::with_draw_target(Some(self.episodes as u64), ProgressDrawTarget::stderr());
        let run = match self.protocol {
            Protocol::Diffuser => self.diffuser(planner, &world, &rules, &episodes, &bar)?,
            Protocol::Pilot => self.piloted(planner, &world, &rules, &episodes, &bar)?,
        };
        bar.finish_and_clear();
        if let Some(path) = &self.record {
            rollouts(&run.traces, &episodes).write(path).map_err(CliError::input)?;
        }
        let scores = Scores::of(&rules, &bound, &episodes, &run.reports);
        let reached: Vec<&EpisodeReport> = run.reports.iter().filter(|report| report.reached).collect();
        let count = self.episodes as f64;
        let evaluation = Evaluation {
            layout: world.layout().name().to_owned(),
            protocol: self.protocol,
            episodes: self.episodes,
            steps: rules.steps,
            seed: self.planner.settings.seed,
            d4rl_normalised: scores.d4rl_normalised,
            score_mean: scores.score.mean,
            score_low: scores.score.low,
            score_high: scores.score.high,
            score_bound: scores.bound,
            return_mean: run.reports.iter().map(|report| report.total_reward).sum::<f64>() / count,
            return_min: run.reports.iter().map(|report| report.total_reward).fold(f64::INFINITY, f64::min),
            reach_rate: reached.len() as f64 / count,
            arrival_secs: (!reached.is_empty())
                .then(|| reached.iter().map(|report| report.arrival_secs).sum::<f64>() / reached.len() as f64),
            arrival_bound_secs: scores.arrival_bound_secs,
            wall_contacts: run.reports.iter().map(|report| report.wall_steps).sum(),
            wall_episodes: run.reports.iter().filter(|report| report.wall_steps > 0).count(),
            denoising_steps: description.sampler.map(|sampler| sampler.steps),
            candidates: description.batch,
            solver: description.sampler.map(|sampler| sampler.solver.to_string()),
            temperature: description.temperature,
            control: self.planner.control,
            model,
            model_sha256,
            engine: description.engine,
            plan_ms: run.plan_ms,
            stages_ms: run.stages_ms,
            plans_unsafe: run.pilot.as_ref().map(|(_, unsafe_plans)| *unsafe_plans),
            drift: run.drift,
            pilot: run.pilot.map(|(statistics, _)| statistics),
        };
        if self.json { print_json(&evaluation) } else { print_text(&describe(&evaluation)) }
    }

    fn diffuser(
        &self,
        mut planner: Box<dyn Planner>,
        world: &MazeWorld,
        rules: &EpisodeRules,
        episodes: &[Episode],
        bar: &ProgressBar,
    ) -> Result<ProtocolRun, CliError> {
        let mut proposal = planner.proposal();
        let (mut reports, mut traces, mut latencies) = (Vec::new(), Vec::new(), Latencies::new());
        for (index, episode) in episodes.iter().enumerate() {
            planner.reset(self.planner.settings.seed.wrapping_add(index as u64));
            let mut trace = self.record.is_some().then(EpisodeTrace::default);
            let begun = Instant::now();
            let report = run_diffuser_episode(&mut planner, world, episode, rules.steps, &mut proposal, trace.as_mut());
            latencies.record(begun.elapsed());
            reports.push(report.map_err(CliError::failed)?);
            traces.extend(trace);
            bar.inc(1);
        }
        Ok(ProtocolRun { reports, traces, plan_ms: latencies.summary(), pilot: None, stages_ms: None, drift: None })
    }

    fn piloted(
        &self,
        planner: Box<dyn Planner>,
        world: &MazeWorld,
        rules: &EpisodeRules,
        episodes: &[Episode],
        bar: &ProgressBar,
    ) -> Result<ProtocolRun, CliError> {
        let settings = self.planner.pilot.settings(None, planner.description())?;
        let view = self.planner.view.start()?;
        let mut pilot = Pilot::new(planner, settings, view.clone());
        let mut audit = Audit::new(world);
        let (mut reports, mut traces) = (Vec::new(), Vec::new());
        for (index, episode) in episodes.iter().enumerate() {
            pilot.reset(self.planner.settings.seed.wrapping_add(index as u64));
            let mut trace = self.record.is_some().then(EpisodeTrace::default);
            let on_plan = |plan: &_| audit.look(world, plan);
            let report = pilot.run_episode(world, episode, rules.steps, Clock::Simulated, on_plan, trace.as_mut());
            reports.push(report);
            traces.extend(trace);
            bar.inc(1);
        }
        finish_view(view);
        let statistics = pilot.statistics();
        let stages_ms = pilot.latency_by_stage();
        Ok(ProtocolRun {
            reports,
            traces,
            plan_ms: stages_ms.whole,
            pilot: Some((statistics, audit.unsafe_plans)),
            stages_ms: Some(stages_ms),
            drift: pilot.drift(),
        })
    }
}

fn rollouts(traces: &[EpisodeTrace], episodes: &[Episode]) -> Rollouts {
    let steps = traces.first().map_or(0, |trace| trace.commands.len());
    Rollouts {
        states: Array3::from_shape_fn((traces.len(), steps + 1, 4), |(n, t, d)| traces[n].states[t].to_array()[d]),
        actions: Array3::from_shape_fn((traces.len(), steps, 2), |(n, t, d)| traces[n].commands[t][d]),
        goals: Some(Array2::from_shape_fn((episodes.len(), 2), |(n, d)| episodes[n].goal[d])),
    }
}

fn describe(evaluation: &Evaluation) -> String {
    let e = evaluation;
    let how = match (&e.solver, e.denoising_steps, e.temperature) {
        (Some(solver), Some(steps), _) => format!("{solver} {steps} steps"),
        (_, _, Some(temperature)) => format!("{} roll-outs at temperature {temperature}", e.candidates),
        _ => e.control.map_or_else(String::new, |control| format!("control {}", control.name())),
    };
    let engine = e.engine.as_ref().map_or_else(|| "no network".to_owned(), ToString::to_string);
    let mut text = format!(
        "{} {}, {} episodes, seed {}\nscore     {:.1}  (95% {:.1} to {:.1}; no planner exceeds {:.1})\nreached   {:.1}%{} (bound {:.2} s), wall contacts in {} steps of {} episodes\nplan      p50 {:.2} ms  p99 {:.2} ms  max {:.2} ms, {}, {}",
        e.layout,
        e.protocol.name(),
        e.episodes,
        e.seed,
        e.score_mean,
        e.score_low,
        e.score_high,
        e.score_bound,
        100.0 * e.reach_rate,
        e.arrival_secs.map_or_else(String::new, |secs| format!(" after {secs:.2} s")),
        e.arrival_bound_secs,
        e.wall_contacts,
        e.wall_episodes,
        e.plan_ms.p50,
        e.plan_ms.p99,
        e.plan_ms.max,
        how,
        engine,
    );
    if let (Some(pilot), Some(unsafe_plans)) = (&e.pilot, e.plans_unsafe) {
        text += &format!(
            "\nplans     {} checked, {} kept, {} fallbacks, {} unsafe; residual {:.3} m -> {:.4} m",
            pilot.plans_checked,
            pilot.plans_kept,
            pilot.fallbacks.total(),
            unsafe_plans,
            pilot.residual_before,
            pilot.residual_after
        );
    }
    text + &describe_drift(e.drift.as_ref())
}
