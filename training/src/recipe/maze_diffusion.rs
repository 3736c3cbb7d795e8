//! Recipe of a maze planner: a denoiser of trajectories with actions and states.

use super::{FieldError, TrainingSettings};
use crate::dataset::{COLUMNS, GeneratorSettings, WindowSettings};
use crate::network::NetworkSpec;
use planwright::diffusion::{NoiseSchedule, ScheduleKind};
use planwright::model::{DiffusionSpec, Prediction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A maze planner's recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MazeDiffusionRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// The recording: layout, controller, length.
    pub data: GeneratorSettings,
    /// How the recording is cut into windows.
    pub windows: WindowSettings,
    /// The denoiser.
    pub network: NetworkSpec,
    /// The noise; the network predicts the clean trajectory.
    pub diffusion: DiffusionSettings,
    /// The fit.
    pub training: TrainingSettings,
}

/// Noise schedule of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffusionSettings {
    /// Family of the schedule.
    pub schedule: ScheduleKind,
    /// Training steps T.
    pub steps: usize,
}

impl DiffusionSettings {
    pub(super) fn check(&self) -> Result<(), FieldError> {
        NoiseSchedule::new(self.schedule, self.steps).map_err(|error| FieldError::new("diffusion", error))?;
        Ok(())
    }

    /// The noise of a network that predicts the clean sample.
    pub(super) fn of_clean_sample(&self) -> DiffusionSpec {
        DiffusionSpec { schedule: self.schedule, steps: self.steps, prediction: Prediction::CleanSample }
    }
}

impl MazeDiffusionRecipe {
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        self.data.check().map_err(|problem| FieldError::new("data", problem))?;
        if self.network.condition.is_some() {
            return Err(FieldError::new("network", "expected no condition, got one"));
        }
        self.network.check().map_err(|error| FieldError::new("network", error))?;
        self.diffusion.check()?;
        let (multiple, windows) = (self.network.time_multiple(), &self.windows);
        if windows.horizon < multiple || !windows.horizon.is_multiple_of(multiple) {
            let problem = format!("expected a horizon that is a multiple of {multiple}, got {}", windows.horizon);
            return Err(FieldError::new("windows", problem));
        }
        if windows.stride == 0 || !(0.0..=1.0).contains(&windows.leg_start_share) {
            let got = format!("{} and {}", windows.stride, windows.leg_start_share);
            let problem = format!("expected stride >= 1 and leg_start_share in [0, 1], got {got}");
            return Err(FieldError::new("windows", problem));
        }
        if self.network.columns != COLUMNS {
            let problem = format!("expected {COLUMNS} columns (2 actions, 4 states), got {}", self.network.columns);
            return Err(FieldError::new("network", problem));
        }
        Ok(())
    }

    /// The noise, and what the network predicts of it.
    pub fn diffusion(&self) -> DiffusionSpec {
        self.diffusion.of_clean_sample()
    }

    pub(super) fn set_seed(&mut self, seed: u64) {
        self.training.seed = seed;
        self.data.seed = seed;
    }
}
