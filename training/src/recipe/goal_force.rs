//! Recipe of a goal-force planner: simulated scenes, pictures, control signal, denoiser of motions.

use super::{DiffusionSettings, FieldError, TrainingSettings};
use crate::dataset::goal_force::SceneSettings;
use crate::network::MotionNetworkSpec;
use planwright::diffusion::NoiseSchedule;
use planwright::model::{DiffusionSpec, GoalForceSpec, Prediction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that determines a goal-force planner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalForceRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// Scenes, cameras, and what of the control signal is shown.
    pub data: SceneSettings,
    /// Picture, cells, and scales of the control signal.
    pub goal_force: GoalForceSpec,
    /// The denoiser.
    pub network: MotionNetworkSpec,
    /// The noise; the network predicts the clean motion.
    pub diffusion: DiffusionSettings,
    /// The fit.
    pub training: TrainingSettings,
    /// SHA-256 of the scenes, hex; filled in by the fit.
    #[serde(default)]
    pub data_sha256: String,
}

impl GoalForceRecipe {
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        self.data.check().map_err(|problem| FieldError::new("data", problem))?;
        self.network.check().map_err(|problem| FieldError::new("network", problem))?;
        NoiseSchedule::new(self.diffusion.schedule, self.diffusion.steps)
            .map_err(|error| FieldError::new("diffusion", error))?;
        let GoalForceSpec { picture_px, cell_px, .. } = self.goal_force;
        if (picture_px, cell_px) != (64, 4) {
            let problem = format!("expected pictures of 64 px in cells of 4 px, got {picture_px} and {cell_px}");
            return Err(FieldError::new("goal_force", problem));
        }
        Ok(())
    }

    /// The noise, and what the network predicts of it.
    pub fn diffusion(&self) -> DiffusionSpec {
        let DiffusionSettings { schedule, steps } = self.diffusion;
        DiffusionSpec { schedule, steps, prediction: Prediction::CleanSample }
    }

    pub(super) fn set_seed(&mut self, seed: u64) {
        self.training.seed = seed;
        self.data.seed = seed;
    }
}
