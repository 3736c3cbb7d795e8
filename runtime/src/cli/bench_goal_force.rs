//! `planwright bench` of a goal-force model: network call, proposal, and push that the gate has passed, per engine.

use super::bench::{machine, step_latency};
use super::output::{CliError, print_json, print_text, table};
use crate::evaluate::PushCase;
use crate::gate::PushTiming;
use crate::model::{Artefact, EngineChoice, EngineDescription, load_engine};
use crate::pilot::{Latencies, LatencySummary, PushPilot};
use crate::planner::PlannerSettings;
use crate::planner::goal_force::{GoalForcePlanner, GoalForceSettings};
use crate::world::scene::{Kind, MAX_TILT_RAD};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;

/// Scenes that are planned for in turn.
const SCENES: usize = 20;

#[derive(Serialize)]
struct EngineResult {
    engine: EngineDescription,
    /// One network call for one motion, milliseconds.
    step_ms: LatencySummary,
    /// From a picture to the pushes that its motions propose: segmentation, network calls, reading. Milliseconds.
    propose_ms: LatencySummary,
    /// The same with correction by simulation and gate, milliseconds.
    plan_ms: LatencySummary,
    /// Motions per proposal.
    candidates: usize,
    /// Share of the plans with a push that passed the gate.
    passed: f64,
    plans: usize,
}

/// Measures a model on engines, and prints.
pub(super) fn run(
    path: &Path,
    artefact: &Artefact,
    engines: &[EngineChoice],
    plans: usize,
    settings: &PlannerSettings,
    json: bool,
) -> Result<(), CliError> {
    let seed = settings.seed;
    let measure = |choice: &EngineChoice| measure(artefact, choice, plans, settings);
    let results = engines.iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    if json {
        return print_json(&serde_json::json!({
            "model": path,
            "model_sha256": artefact.sha256(),
            "machine": machine(),
            "seed": seed,
            "engines": results,
        }));
    }
    let three = |s: &LatencySummary| format!("{:.2}/{:.2}/{:.2}", s.p50, s.p99, s.max);
    let heads = ["engine", "step ms p50/p99/max", "proposal ms p50/p99/max", "checked push ms p50/p99/max", "passed"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(results.iter().map(|result| {
        let times = [&result.step_ms, &result.propose_ms, &result.plan_ms].map(three);
        let name = result.engine.engine.to_owned();
        [vec![name], times.to_vec(), vec![format!("{:.0}%", 100.0 * result.passed)]].concat()
    }));
    print_text(&format!("{} on {}\n{}", path.display(), machine(), table(&rows)))
}

fn measure(
    artefact: &Artefact,
    choice: &EngineChoice,
    plans: usize,
    settings: &PlannerSettings,
) -> Result<EngineResult, CliError> {
    let seed = settings.seed;
    let alone = load_engine(artefact, choice, 1).map_err(CliError::input)?;
    let step_ms = step_latency(alone, artefact, 1)?;
    let engine = |batch| load_engine(artefact, choice, batch);
    let settings =
        GoalForceSettings { steps: settings.denoiser.denoising_steps, candidates: settings.denoiser.candidates };
    let planner = GoalForcePlanner::open(artefact.manifest(), settings, engine);
    let mut planner = planner.map_err(CliError::input)?;
    let spec = planner.spec().clone();
    let cases = PushCase::draw(Kind::Blocked, false, MAX_TILT_RAD, spec.picture_px, seed, SCENES);
    let mut pilot = PushPilot::default();
    let (mut propose, mut whole, mut passed, mut counted) = (Latencies::new(), Latencies::new(), 0_usize, 0_usize);
    for (number, case) in (0..plans + SCENES).zip(cases.iter().cycle()) {
        let begun = Instant::now();
        let Ok(seen) = case.seen(&spec, &[]) else { continue };
        let read = planner.propose(&case.picture.rgb, &seen, &case.camera, seed.wrapping_add(number as u64));
        let read = read.map_err(CliError::failed)?;
        let proposed = begun.elapsed();
        let proposals = read.iter().flatten().map(|proposal| proposal.push);
        let checked = pilot.first_checked(&seen.scene, &seen.goal, proposals, PushTiming::default);
        // The first round fills caches.
        if number >= SCENES {
            propose.record(proposed);
            whole.record(begun.elapsed());
            passed += usize::from(checked.is_some());
            counted += 1;
        }
    }
    Ok(EngineResult {
        engine: planner.engine().clone(),
        step_ms,
        propose_ms: propose.summary(),
        plan_ms: whole.summary(),
        candidates: planner.candidates(),
        passed: passed as f64 / counted.max(1) as f64,
        plans: counted,
    })
}
