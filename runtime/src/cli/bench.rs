//! `planwright bench`

use super::AllocationCount;
use super::arguments::{open_artefact, within};
use super::bench_goal_force;
use super::output::{CliError, print_json, print_text, table};
use crate::evaluate::episodes;
use crate::gate::{GateLimits, Origin};
use crate::model::{
    Artefact, Engine, EngineChoice, EngineDescription, EngineError, EngineSettings, TensorSpec, backends, load_engine,
};
use crate::pilot::{Latencies, LatencySummary, Pilot, PilotSettings};
use crate::planner::{Observation, Planner, PlannerSettings, PolicyRunner, load_with};
use crate::quantity::{DriftMonitor, DriftSettings, Intended, path_length_m};
use crate::trajectory::Trajectory;
use crate::view::{Stage, View};
use crate::world::{MazeWorld, STEP_SECS, State};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[derive(Args)]
#[command(after_help = "\
Example: planwright bench models/maze-umaze.onnx --json
         planwright bench models/maze-policy.onnx --rollouts 1
         planwright bench --ros --json
The same work in PyTorch, in turn with this command: python3 tests/peers/bench_plan.py")]
pub(super) struct Bench {
    /// The model
    #[cfg_attr(feature = "ros2", arg(required_unless_present = "ros"))]
    #[cfg_attr(not(feature = "ros2"), arg(required = true))]
    model: Option<PathBuf>,
    /// Measure the node from outside instead: request to plan from rclpy, and what the node adds to planning
    #[cfg(feature = "ros2")]
    #[arg(long)]
    ros: bool,
    /// The Python with rclpy and nav2_msgs for --ros (default: .deps/ros-kilted/bin/python)
    #[cfg(feature = "ros2")]
    #[arg(long, requires = "ros", value_name = "FILE")]
    python: Option<PathBuf>,
    /// Whole plans per engine
    #[arg(long, default_value_t = 1000, value_parser = within(10..=1_000_000_usize), value_name = "N")]
    plans: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineSettings,
    #[command(flatten)]
    settings: PlannerSettings,
}

#[derive(Serialize)]
struct EngineResult {
    engine: Option<EngineDescription>,
    /// One network call, milliseconds.
    step_ms: LatencySummary,
    /// One whole checked plan: propose, correct, check. Milliseconds.
    plan_ms: LatencySummary,
    propose_ms: LatencySummary,
    correct_ms: LatencySummary,
    check_ms: LatencySummary,
    /// Mean time of a plan inside the engine and around it, milliseconds.
    in_engine_ms: f64,
    around_engine_ms: f64,
    /// Allocations per plan inside the engine and around it.
    allocations_in_engine: f64,
    allocations_around_engine: f64,
    /// Time of the drift monitor per plan, microseconds: path length and update.
    drift_us: f64,
    /// Share of the plans that passed the gate.
    passed: f64,
    plans: usize,
    /// Network calls per plan: denoising steps, or the steps of a roll-out.
    calls_per_plan: f64,
    /// Batch size of one call: candidates, or roll-outs.
    rows: usize,
    /// One action of a policy, milliseconds: history, network call of batch size one, head.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_ms: Option<LatencySummary>,
}

/// Time, calls and allocations of an engine.
#[derive(Default)]
struct Meter {
    nanos: AtomicU64,
    calls: AtomicU64,
    allocations: AtomicU64,
}

struct Metered {
    inner: Box<dyn Engine>,
    meter: Arc<Meter>,
    count: AllocationCount,
}

impl Engine for Metered {
    fn description(&self) -> &EngineDescription {
        self.inner.description()
    }

    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), EngineError> {
        let (begun, before) = (Instant::now(), (self.count)());
        let done = self.inner.run(inputs, outputs);
        self.meter.nanos.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        self.meter.allocations.fetch_add((self.count)() - before, Ordering::Relaxed);
        self.meter.calls.fetch_add(1, Ordering::Relaxed);
        done
    }
}

impl Bench {
    pub(super) fn run(&self, count: AllocationCount) -> Result<(), CliError> {
        #[cfg(feature = "ros2")]
        if self.ros {
            return super::bench_ros::run(self.model.as_deref(), self.plans, self.python.as_deref(), self.json);
        }
        let model = self.model.as_deref().unwrap_or(Path::new(""));
        let artefact = open_artefact(model)?;
        // `auto` means every engine that is there; a named one must be.
        let names: Vec<&str> = if self.engine.engine == "auto" {
            let all = backends(self.engine.onnxruntime_library.as_deref());
            all.into_iter().filter(|backend| backend.available).map(|backend| backend.name).collect()
        } else {
            vec![self.engine.engine.as_str()]
        };
        let choices = names.iter().map(|name| self.engine.choice_of(name)).collect::<Result<Vec<_>, _>>();
        let choices = choices.map_err(CliError::input)?;
        if artefact.manifest().family.goal_force().is_some() {
            return bench_goal_force::run(model, &artefact, &choices, self.plans, &self.settings, self.json);
        }
        let mut results = Vec::new();
        for choice in &choices {
            eprintln!("{}: {} plans", choice.name(), self.plans);
            results.push(self.measure(&artefact, choice, count)?);
        }
        if self.json {
            return print_json(&serde_json::json!({
                "model": model,
                "model_sha256": artefact.sha256(),
                "machine": machine(),
                "seed": self.settings.seed,
                "engines": results,
            }));
        }
        print_text(&format!("{} on {}\n{}", model.display(), machine(), describe(&results)))
    }

    fn measure(
        &self,
        artefact: &Artefact,
        choice: &EngineChoice,
        count: AllocationCount,
    ) -> Result<EngineResult, CliError> {
        let manifest = artefact.manifest();
        let meter = Arc::new(Meter::default());
        let planner = load_with(manifest, &self.settings, |batch| {
            let inner = load_engine(artefact, choice, batch)?;
            Ok(Box::new(Metered { inner, meter: Arc::clone(&meter), count }))
        });
        let planner = planner.map_err(CliError::input)?;
        let description = planner.description().clone();
        let alone = load_engine(artefact, choice, description.batch).map_err(CliError::input)?;
        let step_ms = step_latency(alone, artefact, description.batch)?;
        let decision_ms = description.temperature.map(|_| decision_latency(artefact, choice, &self.settings));
        let world = MazeWorld::new(description.maze().map_err(CliError::input)?.clone());
        let starts = episodes(world.layout(), self.plans, self.settings.seed);
        let limits = GateLimits::default();
        // Monitored as on a robot, so that its cost is in the figures.
        let intended = match manifest.intended() {
            Some(own) => own.clone(),
            None => Intended::uniform(2.0, 6.0, Intended::DEFAULT_BINS).map_err(CliError::failed)?,
        };
        let drift = DriftSettings::of(intended);
        let settings_of_pilot =
            PilotSettings { deadline: None, limits, drift: Some(drift.clone()), ..PilotSettings::default() };
        let mut pilot = Pilot::new(planner, settings_of_pilot, View::disabled());
        let observe = |index: usize| {
            let episode = &starts[index % starts.len()];
            let now = STEP_SECS * index as f64;
            (Observation { state: episode.start, goal: episode.goal, stamp_secs: now, step: index as u64 }, now)
        };
        // Warm-up: first calls touch memory that later ones reuse.
        for index in 0..10 {
            let (observation, now) = observe(index);
            pilot.plan(&world, &observation, now, now);
        }
        let read = || [&meter.nanos, &meter.allocations, &meter.calls].map(|value| value.load(Ordering::Relaxed));
        let mut whole = Latencies::new();
        let ([nanos, in_engine, calls], all) = (read(), count());
        let mut passed = 0_usize;
        for index in 0..self.plans {
            let (observation, now) = observe(index);
            pilot.reset(self.settings.seed.wrapping_add(index as u64));
            let begun = Instant::now();
            let planned = pilot.plan(&world, &observation, now, now).origin() == Origin::Planned;
            whole.record(begun.elapsed());
            passed += usize::from(planned);
        }
        let ([nanos_after, in_engine_after, calls_after], all_after) = (read(), count());
        let plans = self.plans as f64;
        let in_engine_ms = (nanos_after - nanos) as f64 * 1e-6 / plans;
        let allocations_in_engine = (in_engine_after - in_engine) as f64 / plans;
        Ok(EngineResult {
            engine: description.engine,
            step_ms,
            plan_ms: whole.summary(),
            propose_ms: pilot.latency(Stage::Propose),
            correct_ms: pilot.latency(Stage::Correct),
            check_ms: pilot.latency(Stage::Check),
            in_engine_ms,
            around_engine_ms: whole.mean_ms() - in_engine_ms,
            allocations_in_engine,
            drift_us: drift_micros(drift, pilot.plan_in_force().trajectory()),
            allocations_around_engine: (all_after - all) as f64 / plans - allocations_in_engine,
            passed: passed as f64 / plans,
            plans: self.plans,
            calls_per_plan: (calls_after - calls) as f64 / plans,
            rows: description.batch,
            decision_ms: decision_ms.transpose()?,
        })
    }
}

/// One line per engine, and one more for a policy's actions.
fn describe(results: &[EngineResult]) -> String {
    let three = |s: &LatencySummary| format!("{:.3}/{:.3}/{:.3}", s.p50, s.p99, s.max);
    let heads = ["engine", "step ms p50/p99/max", "checked plan ms p50/p99/max", "in/around engine", "allocations"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for result in results {
        let name = result.engine.as_ref().map_or("none", |engine| engine.engine);
        rows.push(vec![
            name.to_owned(),
            three(&result.step_ms),
            three(&result.plan_ms),
            format!("{:.3}/{:.3}", result.in_engine_ms, result.around_engine_ms),
            format!("{:.0}/{:.2}", result.allocations_in_engine, result.allocations_around_engine),
        ]);
        if let Some(decision) = &result.decision_ms {
            rows.push(vec![format!("{name}, action"), three(decision)]);
        }
    }
    table(&rows)
}

/// Mean time of the drift monitor per plan, microseconds, once its window is full.
fn drift_micros(settings: DriftSettings, plan: &Trajectory) -> f64 {
    const PLANS: usize = 10_000;
    let mut monitor = DriftMonitor::new(settings);
    for _ in 0..monitor.settings().window() {
        monitor.push(0.0);
    }
    let begun = Instant::now();
    for _ in 0..PLANS {
        let length_m = path_length_m(std::hint::black_box(plan).points());
        std::hint::black_box(monitor.push(length_m));
    }
    begun.elapsed().as_secs_f64() * 1e6 / PLANS as f64
}

/// Time of one network call on random-looking input.
pub(super) fn step_latency(
    mut engine: Box<dyn Engine>,
    artefact: &Artefact,
    batch: usize,
) -> Result<LatencySummary, CliError> {
    let manifest = artefact.manifest();
    let middle = manifest.family.denoiser().map_or(0.0, |denoiser| (denoiser.diffusion.steps / 2) as f32);
    let values = |spec: &TensorSpec| -> Vec<f32> {
        match spec.len_for(1) {
            // One number per batch element is the timestep.
            1 => vec![middle; batch],
            _ => (0..spec.len_for(batch)).map(|index| (index as f32 * 0.7).sin()).collect(),
        }
    };
    let inputs: Vec<Vec<f32>> = manifest.inputs.iter().map(values).collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<Vec<f32>> = manifest.outputs.iter().map(|spec| vec![0.0; spec.len_for(batch)]).collect();
    let mut outputs: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let mut latencies = Latencies::new();
    let begun = Instant::now();
    for index in 0..2000 {
        let call = Instant::now();
        engine.run(&inputs, &mut outputs).map_err(CliError::failed)?;
        if index >= 10 {
            latencies.record(call.elapsed());
        }
        if begun.elapsed() > Duration::from_secs(5) {
            break;
        }
    }
    Ok(latencies.summary())
}

/// Latency of one action of a policy in closed loop, on random-looking steps.
fn decision_latency(
    artefact: &Artefact,
    choice: &EngineChoice,
    settings: &PlannerSettings,
) -> Result<LatencySummary, CliError> {
    let mut runner = PolicyRunner::new(artefact, choice, settings).map_err(CliError::input)?;
    let mut latencies = Latencies::new();
    let begun = Instant::now();
    for index in 0..5000 {
        let wave = |phase: f64| 1.0 + (0.7 * f64::from(index) + phase).sin();
        let state = State::moving([wave(0.0), wave(1.0)], [wave(2.0) - 1.0, wave(3.0) - 1.0]);
        let call = Instant::now();
        std::hint::black_box(runner.act(&state, [wave(4.0), wave(5.0)]).map_err(CliError::failed)?);
        if index >= 10 {
            latencies.record(call.elapsed());
        }
        if begun.elapsed() > Duration::from_secs(5) {
            break;
        }
    }
    Ok(latencies.summary())
}

/// The processor's name and the number of cores, for figures.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name").and_then(|rest| rest.split(':').nth(1)))
        .map_or(std::env::consts::ARCH.to_owned(), |name| name.trim().to_owned());
    format!("{name}, {cores} cores")
}
