//! The shipped models: whole, small, accepted by others, the same on every engine.

use planwright::diffusion::Solver;
use planwright::model::{
    Artefact, Engine, EngineChoice, EngineDescription, EngineError, EngineKind, Manifest, load_engine,
    relative_difference,
};
use planwright::planner::{
    Control, ControlPlanner, DenoiserSettings, LengthMatchedPlanner, LengthMatching, Observation, PlanError, Planner,
    PlannerSettings, load, load_with,
};
use planwright::quantity::path_length_m;
use planwright::view::View;
use planwright::world::{Layout, State};
use planwright_tests::{LAYOUTS, json, model, onnxruntime, peer, root};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Every shipped model, by the stem of its file.
const MODELS: [&str; 8] = [
    "maze-umaze",
    "maze-medium",
    "maze-large",
    "maze-umaze-transform",
    "maze-umaze-paths",
    "maze-policy",
    "map-corridor",
    "goal-force",
];

fn shipped(stem: &str) -> Artefact {
    Artefact::open(&path_of(stem)).unwrap_or_else(|error| panic!("{error}"))
}

fn path_of(stem: &str) -> PathBuf {
    root().join(format!("models/{stem}.onnx"))
}

fn artefact(layout: &str) -> Artefact {
    Artefact::open(&model(layout)).unwrap_or_else(|error| panic!("{error}"))
}

fn choices() -> [EngineChoice; 2] {
    [EngineKind::Tract, EngineKind::OnnxRuntime].map(|kind| EngineChoice {
        kind,
        library: Some(onnxruntime()),
        ..EngineChoice::default()
    })
}

#[test]
fn shipped_models_are_small_listed_and_accepted_by_onnx_and_pytorch() {
    let sums = std::fs::read_to_string(root().join("models/SHA256SUMS")).unwrap_or_else(|error| panic!("{error}"));
    for name in MODELS {
        let artefact = shipped(name);
        assert!(artefact.bytes().len() <= 15_000_000, "{name}");
        assert!(sums.contains(&format!("{}  {name}.onnx", artefact.sha256())), "{name} in SHA256SUMS");
        assert!(root().join(format!("models/{name}.md")).is_file(), "{name} has a card");
        assert!(json(peer("check_model.py").arg(path_of(name)))["golden"].as_u64() >= Some(2));
    }
}

#[test]
fn shipped_models_are_written_back_byte_for_byte() {
    for name in MODELS {
        let artefact = shipped(name);
        let manifest = artefact.manifest().clone();
        let again = artefact.clone().with_manifest(manifest).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(again.bytes() == artefact.bytes(), "{name}");
    }
}

/// Inputs of a row of a batch: waves, and a denoising step where the input is one number.
fn question(manifest: &Manifest, rows: &[usize]) -> Vec<Vec<f32>> {
    let of = |size: usize, row: usize| -> Vec<f32> {
        match size {
            1 => vec![[5.0, 20.0, 60.0][row % 3]],
            _ => (0..size).map(|k| (((k * (row + 3)) as f32) * 0.37).sin()).collect(),
        }
    };
    manifest.inputs.iter().map(|spec| rows.iter().flat_map(|row| of(spec.len_for(1), *row)).collect()).collect()
}

/// The first output; a model may have more.
fn answer(
    engine: &mut dyn Engine,
    manifest: &Manifest,
    inputs: &[Vec<f32>],
    rows: usize,
) -> Result<Vec<f32>, EngineError> {
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<Vec<f32>> = manifest.outputs.iter().map(|spec| vec![0.0; spec.len_for(rows)]).collect();
    let mut buffers: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    engine.run(&inputs, &mut buffers)?;
    Ok(outputs.swap_remove(0))
}

/// One suite for every engine and every model: parity, determinism, batches, wrong buffers, NaN.
fn engines_conform_on(name: &str) {
    let artefact = shipped(name);
    let manifest = artefact.manifest();
    let size = manifest.outputs[0].len_for(1);
    let mut outputs: Vec<Vec<f32>> = Vec::new();
    for choice in choices() {
        let mut one = load_engine(&artefact, &choice, 1).unwrap_or_else(|error| panic!("{error}"));
        let mut three = load_engine(&artefact, &choice, 3).unwrap_or_else(|error| panic!("{error}"));
        let mut ask = |inputs: &[Vec<f32>]| answer(one.as_mut(), manifest, inputs, 1);
        let whole = |result: Result<Vec<f32>, EngineError>| result.unwrap_or_else(|error| panic!("{error}"));
        let single = whole(ask(&question(manifest, &[1])));
        assert_eq!(single, whole(ask(&question(manifest, &[1]))), "{choice:?} is deterministic");
        let rows = whole(answer(three.as_mut(), manifest, &question(manifest, &[0, 1, 2]), 3));
        let difference = relative_difference(&rows[size..2 * size], &single);
        assert!(difference <= 1e-5, "{choice:?}: a row in a batch is the row alone: {difference}");
        let mut short = question(manifest, &[1]);
        short[0].pop();
        assert!(
            matches!(ask(&short), Err(EngineError::Size { side: "input", index: 0, .. })),
            "a wrong size is an error"
        );
        let missing = ask(&question(manifest, &[1])[1..]);
        assert!(matches!(missing, Err(EngineError::Count { side: "input", .. })), "a missing input is an error");
        let mut nan = question(manifest, &[1]);
        nan[0].fill(f32::NAN);
        assert!(whole(ask(&nan)).iter().any(|value| value.is_nan()), "{name}, {choice:?}: does not hide a NaN");
        let again = whole(ask(&question(manifest, &[1])));
        assert_eq!(single, again, "{choice:?}: one NaN does not poison the next run");
        outputs.push(single);
    }
    let difference = relative_difference(&outputs[0], &outputs[1]);
    assert!(difference <= 1e-5, "{name}: engines differ by {difference}");
}

#[test]
fn engines_conform() {
    for name in MODELS {
        engines_conform_on(name);
    }
}

fn lengths(layout: &str, solver: Solver, steps: usize, plans: u64) -> Vec<f64> {
    let artefact = artefact(layout);
    let denoiser =
        DenoiserSettings { solver: Some(solver), denoising_steps: Some(steps), ..DenoiserSettings::default() };
    let settings = PlannerSettings { denoiser, ..PlannerSettings::default() };
    let mut planner = load(&artefact, &choices()[0], &settings).unwrap_or_else(|error| panic!("{error}"));
    let mut proposal = planner.proposal();
    (0..plans)
        .map(|seed| {
            planner.reset(seed);
            let observation =
                Observation { state: State::at_rest([3.0, 1.0]), goal: [1.0, 1.0], stamp_secs: 0.0, step: 0 };
            planner
                .propose(&observation, None, &View::disabled(), &mut proposal)
                .unwrap_or_else(|error| panic!("{error}"));
            path_length_m(proposal.trajectory.points())
        })
        .collect()
}

/// Few steps against the full chain: the same way round, of nearly the same length.
#[test]
fn samplers_with_few_steps_agree_with_the_full_ddpm_on_the_shipped_model() {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let full = mean(&lengths("umaze", Solver::Ddpm, 64, 16));
    for (solver, steps) in [(Solver::Ddim, 2), (Solver::Ddim, 10), (Solver::DpmSolverPlusPlus, 10)] {
        let few = mean(&lengths("umaze", solver, steps, 16));
        assert!((few - full).abs() <= 0.1 * full, "{solver} with {steps} steps: {few} m, full DDPM {full} m");
    }
}

/// One suite for every planner: determinism, finite proposals, refusals, deadlines.
fn conforms(planner: &mut dyn Planner, start: [f64; 2], goal: [f64; 2]) {
    let observation = Observation { state: State::at_rest(start), goal, stamp_secs: 0.0, step: 0 };
    let mut propose = |observation: &Observation, deadline, seed| {
        planner.reset(seed);
        let mut proposal = planner.proposal();
        let done = planner.propose(observation, deadline, &View::disabled(), &mut proposal);
        done.map(|()| proposal)
    };
    let first = propose(&observation, None, 1).unwrap_or_else(|error| panic!("{error}"));
    let again = propose(&observation, None, 1).unwrap_or_else(|error| panic!("{error}"));
    let other = propose(&observation, None, 2).unwrap_or_else(|error| panic!("{error}"));
    assert!(first.trajectory == again.trajectory, "a seed gives one plan");
    assert!(first.trajectory != other.trajectory, "neighbouring seeds give different plans");
    assert!(first.trajectory.states.iter().all(State::is_finite));
    let ends = [&first.trajectory.states[0], &first.trajectory.states[first.trajectory.states.len() - 1]];
    assert!(ends[0].distance(start) < 1e-3 && ends[1].distance(goal) < 1e-3, "{ends:?}");
    let lost = Observation { state: State::at_rest([f64::NAN, 1.0]), ..observation };
    assert!(matches!(propose(&lost, None, 1), Err(PlanError::NotFinite)));
    let past = std::time::Instant::now();
    assert!(
        matches!(propose(&observation, Some(past), 1), Err(PlanError::NoTime)),
        "no time is an error, not a late plan"
    );
}

fn candidates(count: usize) -> PlannerSettings {
    let denoiser = DenoiserSettings { candidates: Some(count), ..DenoiserSettings::default() };
    PlannerSettings { denoiser, ..PlannerSettings::default() }
}

/// Controls have no network and, but for the random one, no seed: the rest of the planners' suite.
#[test]
fn controls_propose_finite_paths_from_start_to_goal() {
    for control in [Control::Search, Control::Straight, Control::Random] {
        for layout in [Layout::umaze(), Layout::medium(), Layout::large()] {
            let goal = layout.goal().unwrap_or([1.0, 1.0]);
            let farthest = layout.free_cells().last().unwrap_or_default();
            let start = [farthest.0 as f64, farthest.1 as f64];
            let mut planner = ControlPlanner::new(control, layout, 1);
            let mut proposal = planner.proposal();
            let observation = Observation { state: State::at_rest(start), goal, stamp_secs: 0.0, step: 0 };
            let capacity = proposal.trajectory.states.capacity();
            for _ in 0..3 {
                planner
                    .propose(&observation, None, &View::disabled(), &mut proposal)
                    .unwrap_or_else(|error| panic!("{error}"));
                let states = &proposal.trajectory.states;
                assert!(states.iter().all(State::is_finite), "{control:?}");
                let ends = [states[0].distance(start), states[states.len() - 1].distance(goal)];
                assert!(ends[0] < 1e-9 && ends[1] < 1e-9, "{control:?}: {ends:?}");
            }
            assert_eq!(proposal.trajectory.states.capacity(), capacity, "no allocation after construction");
        }
    }
}

#[test]
fn planners_conform() {
    for layout in LAYOUTS {
        let artefact = artefact(layout);
        let settings = candidates(4);
        for choice in choices() {
            let mut planner = load(&artefact, &choice, &settings).unwrap_or_else(|error| panic!("{error}"));
            let goal = planner.description().layout.as_ref().and_then(Layout::goal).unwrap_or([1.0, 1.0]);
            conforms(&mut planner, [1.0, 1.0], goal);
        }
    }
    for name in ["umaze-transform", "umaze-paths"] {
        let artefact = artefact(name);
        let matching = LengthMatching { pool: 512, ..LengthMatching::default() };
        for choice in choices() {
            let engine = |batch| load_engine(&artefact, &choice, batch);
            let settings = PlannerSettings::default();
            let mut planner = LengthMatchedPlanner::open(artefact.manifest(), &settings, &matching, engine)
                .unwrap_or_else(|error| panic!("{error}"));
            let (start, goal) = planner.task(0).unwrap_or(([3.0, 1.0], [1.0, 1.0]));
            conforms(&mut planner, start, goal);
        }
    }
    let artefact = artefact("policy");
    for choice in choices() {
        let mut planner =
            load(&artefact, &choice, &PlannerSettings::default()).unwrap_or_else(|error| panic!("{error}"));
        conforms(&mut planner, [3.0, 1.0], [1.0, 1.0]);
    }
}

/// An engine that is held up once.
struct Hiccup {
    inner: Box<dyn Engine>,
    calls_before: usize,
}

impl Engine for Hiccup {
    fn description(&self) -> &EngineDescription {
        self.inner.description()
    }

    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), EngineError> {
        if self.calls_before == 0 {
            std::thread::sleep(Duration::from_millis(300));
        }
        self.calls_before = self.calls_before.wrapping_sub(1);
        self.inner.run(inputs, outputs)
    }
}

#[test]
fn one_slow_call_does_not_end_planning_for_ever() {
    let artefact = artefact("umaze");
    let engine = |batch| {
        let inner = load_engine(&artefact, &choices()[0], batch)?;
        Ok(Box::new(Hiccup { inner, calls_before: 5 }) as Box<dyn Engine>)
    };
    let mut planner = load_with(artefact.manifest(), &candidates(1), engine).unwrap_or_else(|error| panic!("{error}"));
    let observation = Observation { state: State::at_rest([3.0, 1.0]), goal: [1.0, 1.0], stamp_secs: 0.0, step: 0 };
    let mut proposal = planner.proposal();
    let mut planned = Vec::new();
    for _ in 0..100 {
        let deadline = Some(Instant::now() + Duration::from_millis(100));
        planned.push(planner.propose(&observation, deadline, &View::disabled(), &mut proposal).is_ok());
    }
    assert!(planned.contains(&false), "the slow call must be felt");
    assert!(planned.iter().rev().take(20).all(|ok| *ok), "{planned:?}");
}

/// An engine whose every call takes its time.
struct Slow(Box<dyn Engine>);

impl Engine for Slow {
    fn description(&self) -> &EngineDescription {
        self.0.description()
    }

    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), EngineError> {
        std::thread::sleep(Duration::from_millis(10));
        self.0.run(inputs, outputs)
    }
}

#[test]
fn a_waiting_robot_has_its_policys_plan_after_several_deadlines() {
    let artefact = artefact("policy");
    let planner = || {
        let engine = |batch| Ok(Box::new(Slow(load_engine(&artefact, &choices()[0], batch)?)) as Box<dyn Engine>);
        load_with(artefact.manifest(), &PlannerSettings::default(), engine).unwrap_or_else(|error| panic!("{error}"))
    };
    let at = |x: f64| Observation { state: State::at_rest([x, 1.0]), goal: [1.0, 1.0], stamp_secs: 0.0, step: 0 };
    // A plan takes more calls than fit before a deadline.
    let planned = |planner: &mut Box<dyn Planner>, observation: &Observation| {
        let mut proposal = planner.proposal();
        let deadline = Some(Instant::now() + Duration::from_millis(60));
        planner.propose(observation, deadline, &View::disabled(), &mut proposal).is_ok()
    };
    let mut waiting = planner();
    let tries = (0..200).position(|_| planned(&mut waiting, &at(3.0)));
    assert!(tries.is_some_and(|tries| tries > 0), "{tries:?}");
    // One that is elsewhere each time begins anew, and has none.
    let mut moving = planner();
    assert!(!(0..20).any(|step| planned(&mut moving, &at(if step % 2 == 0 { 3.0 } else { 2.95 }))));
}
