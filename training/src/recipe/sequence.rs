//! Recipe of a denoiser of fixed-length sequences: trajectories of a system, or codes of a coordinate transform.

use super::{FieldError, TrainingSettings};
use crate::network::NetworkSpec;
use planwright::diffusion::{NoiseSchedule, ScheduleKind};
use planwright::model::{DiffusionSpec, Prediction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The noise, and what the network predicts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceDiffusion {
    /// Family of the schedule.
    pub schedule: ScheduleKind,
    /// Training steps T.
    pub steps: usize,
    /// What the network predicts.
    pub prediction: Prediction,
}

impl From<SequenceDiffusion> for DiffusionSpec {
    fn from(SequenceDiffusion { schedule, steps, prediction }: SequenceDiffusion) -> Self {
        Self { schedule, steps, prediction }
    }
}

/// A denoiser of sequences, H steps x C columns each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// Time steps of a sequence, H.
    pub horizon: usize,
    /// The denoiser.
    pub network: NetworkSpec,
    /// The noise.
    pub diffusion: SequenceDiffusion,
    /// Whether first and last step are given (inpainted), in training as in sampling.
    #[serde(default)]
    pub endpoints_fixed: bool,
    /// Share of sequences whose condition is left out, for classifier-free guidance.
    #[serde(default)]
    pub condition_drop: f64,
    /// The fit.
    pub training: TrainingSettings,
    /// SHA-256 of the recipe of the fit whose parameters this one starts from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_from: Option<String>,
    /// SHA-256 of sequences, weights and conditions, hex; filled in by the fit.
    #[serde(default)]
    pub data_sha256: String,
}

impl SequenceRecipe {
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        self.network.check().map_err(|error| FieldError::new("network", error))?;
        NoiseSchedule::new(self.diffusion.schedule, self.diffusion.steps)
            .map_err(|error| FieldError::new("diffusion", error))?;
        if !(0.0..1.0).contains(&self.condition_drop) {
            let problem = format!("expected a share in [0, 1), got {}", self.condition_drop);
            return Err(FieldError::new("condition_drop", problem));
        }
        let multiple = self.network.time_multiple();
        if self.horizon < multiple || !self.horizon.is_multiple_of(multiple) {
            let problem = format!("expected a multiple of {multiple}, got {}", self.horizon);
            return Err(FieldError::new("horizon", problem));
        }
        Ok(())
    }

    pub(super) fn set_seed(&mut self, seed: u64) {
        self.training.seed = seed;
    }
}
