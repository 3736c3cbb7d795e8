//! `planwright demo goal-force`

use super::arguments::{PlannerArguments, open_artefact, shipped};
use super::output::{CliError, print_json, print_text};
use super::plan_push::open_push_planner;
use crate::evaluate::{PushCase, PushChooser, PushEvaluation, PushSummary};
use crate::world::scene::{Kind, MAX_TILT_RAD};

/// Plans pushes on tables with obstacles, and executes them in the true scenes.
pub(super) fn goal_force(scenes: usize, arguments: &PlannerArguments, json: bool) -> Result<(), CliError> {
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
    let mut evaluation = PushEvaluation::new(spec, planner.candidates());
    let mut run = |chooser| evaluation.run(chooser, &cases, Some(&mut planner), || ()).map_err(CliError::failed);
    let [planned, random, search] = [PushChooser::Model, PushChooser::Random, PushChooser::Search].map(&mut run);
    let (planned, random, search) = (planned?, random?, search?);
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
            "controls": [random, search],
            "engine": planner.engine(),
            "model": model,
            "model_sha256": artefact.sha256(),
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
    let lines: String = [&planned, &random, &search].into_iter().map(line).collect();
    print_text(&format!(
        "{} tables with obstacles, seed {seed}, {} on {}{lines}\na table of your own: planwright world scene --kind blocked --out table",
        planned.cases,
        model.display(),
        planner.engine().engine
    ))
}
