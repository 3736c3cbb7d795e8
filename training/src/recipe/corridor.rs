//! Recipe of a corridor network: generated maps with experts, network, loss.

use super::{FieldError, TrainingSettings};
use crate::dataset::corridors::CorridorSettings;
use crate::network::CorridorNetworkSpec;
use planwright::model::CorridorSpec;
use planwright::planner::corridor::{CorridorNetwork, WINDOW};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that determines a corridor network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// Maps, problems and experts.
    pub data: CorridorSettings,
    /// Sizes.
    pub network: CorridorNetworkSpec,
    /// Weights of the loss.
    pub loss: CorridorLoss,
    /// Clearance beyond the footprint that a planner computes features for, metres; larger than the experts' own, for a
    /// regression misses the expert to either side.
    pub margin_m: f64,
    /// Passes of the weights 1/4, 1/2, 1/4 over the offsets: a network of patches leaves steps that cost time in curves.
    #[serde(default)]
    pub smoothing_passes: usize,
    /// The fit.
    pub training: TrainingSettings,
    /// SHA-256 of the data, hex; filled in by the fit.
    #[serde(default)]
    pub data_sha256: String,
}

/// Weights of the loss, whose parts are means over all knots; offsets in the network's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorLoss {
    /// Weight of the squared error of the expert's or the driven offsets.
    #[serde(default = "one")]
    pub offsets: f64,
    /// Weight of the squared error of the offsets' second differences along the path.
    pub bend: f64,
    /// Weight of the squared lack of clearance along the network's own path on the map itself, against what the features
    /// are computed for; of drives read from the lateral distances.
    pub clearance: f64,
    /// Weight of the time of arrival of the network's own path, divided by the expert's; 0 for drives.
    #[serde(default)]
    pub time: f64,
}

fn one() -> f64 {
    1.0
}

impl CorridorRecipe {
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        self.data.check().map_err(|problem| FieldError::new("data", problem))?;
        self.network.check(WINDOW).map_err(|problem| FieldError::new("network", problem))?;
        let CorridorLoss { offsets, bend, clearance, time } = self.loss;
        for (name, got) in [("offsets", offsets), ("bend", bend), ("clearance", clearance), ("time", time)] {
            if !(0.0..=1e3).contains(&got) {
                return Err(FieldError::new(format!("loss.{name}"), format!("expected 0 to 1000, got {got}")));
            }
        }
        if !(0.0..=0.5).contains(&self.margin_m) {
            return Err(FieldError::new("margin_m", format!("expected 0 to 0.5, got {}", self.margin_m)));
        }
        if self.data.drives.is_some() && (time > 0.0 || self.smoothing_passes > 0) {
            let problem = format!(
                "expected loss.time and smoothing_passes 0 for drives, got {time} and {}",
                self.smoothing_passes
            );
            return Err(FieldError::new("data.drives", problem));
        }
        if self.smoothing_passes > 16 {
            return Err(FieldError::new(
                "smoothing_passes",
                format!("expected 0 to 16, got {}", self.smoothing_passes),
            ));
        }
        Ok(())
    }

    pub(super) fn set_seed(&mut self, seed: u64) {
        self.training.seed = seed;
        self.data.seed = seed;
    }

    /// The manifest's entry.
    pub fn corridor(&self) -> CorridorSpec {
        CorridorNetwork::spec(self.margin_m, self.data.radius_m, self.data.turning_length_m, self.smoothing_passes)
    }
}
