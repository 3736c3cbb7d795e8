//! From a model file to a planner, by the family that its manifest names.

use super::corridor::CorridorPlanner;
use super::diffusion::DiffusionPlanner;
use super::length_matched::{LengthMatchedPlanner, LengthMatching};
use super::manifest_parts::wrong_family;
use super::policy::PolicyPlanner;
use super::{Planner, PlannerError, PlannerSettings};
use crate::model::{Artefact, Engine, EngineChoice, Family, Manifest, ModelError, load_engine};

/// Opens a model of any family on an engine, warmed up and ready to plan.
///
/// # Errors
/// If a setting does not fit the model, the engine refuses it, or it plans for no robot.
pub fn load(
    artefact: &Artefact,
    engine: &EngineChoice,
    settings: &PlannerSettings,
) -> Result<Box<dyn Planner>, PlannerError> {
    load_with(artefact.manifest(), settings, |batch| load_engine(artefact, engine, batch))
}

/// The same with an engine of the caller's: `engine` is called once, with the batch size, after the settings have been
/// checked.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    manifest: &Manifest,
    settings: &PlannerSettings,
    engine: impl FnOnce(usize) -> Result<Box<dyn Engine>, ModelError>,
) -> Result<Box<dyn Planner>, PlannerError> {
    Ok(match &manifest.family {
        Family::MazeDiffusion { .. } => Box::new(DiffusionPlanner::open(manifest, settings, engine)?),
        Family::MazeTransform { .. } | Family::SequenceDiffusion { .. } => {
            let matching = LengthMatching::default();
            Box::new(LengthMatchedPlanner::open(manifest, settings, &matching, engine)?)
        }
        Family::MazePolicy { .. } => Box::new(PolicyPlanner::open(manifest, settings, engine)?),
        Family::Corridor { .. } => Box::new(CorridorPlanner::open(manifest, engine)?),
        Family::GoalForce { .. } => return Err(wrong_family(manifest, "a model that plans for a robot that drives")),
    })
}
