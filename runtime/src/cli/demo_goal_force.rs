//! `planwright demo goal-force`

use super::arguments::{PlannerArguments, ViewArguments, finish_view, open_artefact, shipped};
use super::output::{CliError, print_json, print_text};
use super::plan_push::open_push_planner;
use super::planned_push::PlannedPush;
use crate::evaluate::{PushCase, PushChooser, PushEvaluation, PushSummary};
use crate::planner::goal_force::{GoalForcePlanner, SquarePicture};
use crate::view::{Event, Stamp, Subject, View};
use crate::world::scene::{FRAME_SECS, FRAMES, Kind, MAX_TILT_RAD};
use std::time::Instant;

/// Plans pushes on tables with obstacles, and executes them in the true scenes.
pub(super) fn goal_force(
    scenes: usize,
    arguments: &PlannerArguments,
    recording: ViewArguments,
    json: bool,
) -> Result<(), CliError> {
    if let Some(control) = arguments.control {
        return Err(CliError::wrong(format!(
            "--control {}: expected no control beside goal-force, whose controls are always shown",
            control.name()
        )));
    }
    let model = arguments.model.clone().map_or_else(|| shipped("goal-force"), Ok)?;
    let artefact = open_artefact(&model)?;
    let mut planner = open_push_planner(&artefact, arguments)?;
    let (spec, seed) = (planner.spec().clone(), arguments.settings.seed);
    let cases = PushCase::draw(Kind::Blocked, false, MAX_TILT_RAD, spec.picture_px, seed, scenes);
    // Before the work, so that a place that cannot be written is refused at once.
    let rrd = recording.rrd.clone();
    let view = recording.start_for(Subject::Push)?;
    let mut evaluation = PushEvaluation::new(spec, planner.candidates());
    let mut run = |chooser| evaluation.run(chooser, &cases, Some(&mut planner), || ()).map_err(CliError::failed);
    let planned = run(PushChooser::Model)?;
    let controls = [run(PushChooser::Random)?, run(PushChooser::Aligned)?, run(PushChooser::Search)?];
    record(&cases, &mut planner, &view)?;
    finish_view(view);
    if json {
        return print_json(&serde_json::json!({
            "scenes": planned.cases,
            "seed": seed,
            "initiator": planned.initiator,
            "raw": planned.raw,
            "corrected": planned.corrected,
            "unsafe": planned.pushes_unsafe,
            "on_obstacles": planned.pushes_misidentified,
            "spontaneous": planned.spontaneous,
            "controls": controls,
            "engine": planner.engine(),
            "model": model,
            "model_sha256": artefact.sha256(),
            "recording": rrd,
        }));
    }
    let line = |summary: &PushSummary| {
        format!(
            "\n{:<8} object can cause the goal {:>5.1}%  as proposed {:>5.1}%  corrected {:>5.1}%  unsafe {}",
            summary.chooser.name(),
            100.0 * summary.initiator,
            100.0 * summary.raw,
            100.0 * summary.corrected,
            summary.pushes_unsafe
        )
    };
    let lines: String = std::iter::once(&planned).chain(&controls).map(line).collect();
    let recorded = rrd.map_or_else(String::new, |rrd| format!("\nrecording {0}: rerun {0}", rrd.display()));
    print_text(&format!(
        "{} tables with obstacles, seed {seed}, {} on {}{lines}{recorded}\na table of your own: planwright world scene --kind blocked --out table",
        planned.cases,
        model.display(),
        planner.engine().engine
    ))
}

/// Records every table, one motion after another.
fn record(cases: &[PushCase], planner: &mut GoalForcePlanner, view: &View) -> Result<(), CliError> {
    if !view.is_enabled() {
        return Ok(());
    }
    let side_px = planner.spec().picture_px;
    for (case, index) in cases.iter().zip(0_u64..) {
        let square =
            SquarePicture::new(&case.picture.rgb, [side_px; 2], &case.camera, side_px).map_err(CliError::input)?;
        // A request that is refused has nothing to show.
        let Ok(seen) = case.seen(planner.spec(), &[]) else { continue };
        let planned = PlannedPush::of(planner, seen, &square, case.seed, Instant::now()).map_err(CliError::failed)?;
        let frames = (FRAMES + 1) as u64;
        let stamp = Stamp { time_secs: (index * frames) as f64 * FRAME_SECS, step: index * frames };
        view.log(stamp, Event::Push(Box::new(planned.view(planner, &square))));
    }
    Ok(())
}
