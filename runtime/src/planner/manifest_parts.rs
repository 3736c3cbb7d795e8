//! What planners take from a model's manifest, or the reason why it is not there.

use super::PlannerError;
use crate::diffusion::NoiseSchedule;
use crate::model::{CorridorSpec, GoalForceSpec, Manifest, PolicySpec, WorldSpec};
use crate::world::{Footprint, Layout};

/// The refusal of a model of another family than the one that is needed.
pub(super) fn wrong_family(manifest: &Manifest, expected: &str) -> PlannerError {
    PlannerError::Setting(format!(
        "expected {expected}, got '{}' of family {:?}\nhint: `planwright inspect FILE` tells what a model is",
        manifest.name,
        manifest.family.name()
    ))
}

/// The noise schedule that a denoiser was trained with.
pub(super) fn schedule_of(manifest: &Manifest) -> Result<NoiseSchedule, PlannerError> {
    let diffusion = &manifest.denoiser().map_err(PlannerError::Setting)?.diffusion;
    NoiseSchedule::new(diffusion.schedule, diffusion.steps).map_err(|error| PlannerError::Setting(error.to_string()))
}

fn world_of(manifest: &Manifest) -> Result<&WorldSpec, PlannerError> {
    let world = manifest.family.world();
    world.ok_or_else(|| PlannerError::Setting("expected a model with a world, got none".to_owned()))
}

/// The footprint of the robot that a model was trained for.
pub(super) fn footprint_of(manifest: &Manifest) -> Result<Footprint, PlannerError> {
    Ok(Footprint::Circle { radius_m: world_of(manifest)?.radius_m })
}

/// The maze that a model was trained for.
pub(super) fn layout_of(manifest: &Manifest) -> Result<Layout, PlannerError> {
    let world = world_of(manifest)?;
    Layout::parse(&world.layout, &world.layout_text)
        .map_err(|error| PlannerError::Setting(format!("the model's layout: {error}")))
}

/// The policy's entry of a manifest.
pub(crate) fn policy_of(manifest: &Manifest) -> Result<&PolicySpec, PlannerError> {
    manifest.family.policy().ok_or_else(|| wrong_family(manifest, "a model of family MazePolicy"))
}

/// The corridor's entry of a manifest.
pub(super) fn corridor_of(manifest: &Manifest) -> Result<&CorridorSpec, PlannerError> {
    manifest.family.corridor().ok_or_else(|| wrong_family(manifest, "a model of family Corridor"))
}

/// The entry of a goal-force model.
pub(super) fn goal_force_of(manifest: &Manifest) -> Result<&GoalForceSpec, PlannerError> {
    manifest.family.goal_force().ok_or_else(|| wrong_family(manifest, "a model of family GoalForce"))
}
