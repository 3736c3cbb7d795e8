//! Recipe of a policy: episodes, transformer, density head.

use super::{FieldError, TrainingSettings};
use crate::dataset::episodes::EpisodeSettings;
use crate::head::HeadSettings;
use crate::network::PolicyNetworkSpec;
use planwright::density::{Binning, DensityError};
use planwright::model::POLICY_COLUMNS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Action coordinates of a maze.
pub const ACTION_DIMENSIONS: usize = 2;

fn default_reach() -> f64 {
    1.0
}

/// Everything that determines a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// The episodes: layout, controller, length.
    pub data: EpisodeSettings,
    /// The network between history and head.
    pub network: PolicySizes,
    /// The distribution of the next action, per coordinate over [-1, 1].
    pub head: HeadSettings,
    /// The bins span actions from -reach to reach. A Fourier density is periodic: with a reach of 1 a full push one way
    /// is the neighbour of a full push the other way, and mass leaks from one to the other. What lies beyond 1 is played
    /// as 1.
    #[serde(default = "default_reach")]
    pub action_reach: f64,
    /// Steps of the longest roll-out of a planner.
    pub horizon: usize,
    /// The fit.
    pub training: TrainingSettings,
    /// SHA-256 of the episodes, hex; filled in by the fit.
    #[serde(default)]
    pub data_sha256: String,
}

/// Sizes of the transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySizes {
    /// Steps of history.
    pub context: usize,
    /// Channels.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
}

impl PolicyRecipe {
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        let error = |field: &str, problem: String| Err(FieldError::new(field, problem));
        self.data.check().map_err(|problem| FieldError::new("data", problem))?;
        self.data.maze().map_err(|problem| FieldError::new("data.layout", problem))?;
        self.head.check().map_err(|problem| FieldError::new("head", problem))?;
        if matches!(self.head, HeadSettings::Mixture { .. }) {
            return error("head", "expected linear or fourier for a policy, got mixture".to_owned());
        }
        self.network().check().map_err(|problem| FieldError::new("network", problem))?;
        if !(1.0..=4.0).contains(&self.action_reach) {
            return error("action_reach", format!("expected 1 to 4, got {}", self.action_reach));
        }
        if !(2..=100_000).contains(&self.horizon) {
            return error("horizon", format!("expected 2 to 100000 steps, got {}", self.horizon));
        }
        Ok(())
    }

    pub(super) fn set_seed(&mut self, seed: u64) {
        self.training.seed = seed;
        self.data.seed = seed;
    }

    /// Even bins over the motors' range and [`PolicyRecipe::action_reach`] beyond it, per action coordinate.
    ///
    /// # Errors
    /// If the head has fewer than two bins.
    pub fn action_bins(&self) -> Result<[Binning; ACTION_DIMENSIONS], DensityError> {
        let bins = Binning::uniform(-self.action_reach, self.action_reach, self.head.bins())?;
        Ok(std::array::from_fn(|_| bins.clone()))
    }

    /// The network.
    pub fn network(&self) -> PolicyNetworkSpec {
        let head_divisor = match self.head {
            HeadSettings::Fourier { weight_divisor, .. } => weight_divisor,
            _ => 1.0,
        };
        PolicyNetworkSpec {
            features: POLICY_COLUMNS.len(),
            context: self.network.context,
            width: self.network.width,
            layers: self.network.layers,
            heads: self.network.heads,
            dimensions: ACTION_DIMENSIONS,
            outputs: self.head.outputs_per_dimension(),
            head_divisor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_sizes_give_one_line() {
        let text = include_str!("../../recipes/maze-policy.toml");
        let Ok(crate::recipe::Recipe::MazePolicy(recipe)) = crate::recipe::Recipe::parse(text, "a.toml".as_ref())
        else {
            panic!("a policy");
        };
        assert_eq!(recipe.check(), Ok(()));
        let bins = recipe.head.bins();
        type Change = fn(&mut PolicyRecipe, usize);
        let changes: [(String, Change); 4] = [
            ("head: expected frequencies between 1 and 65536, got 0".to_owned(), |recipe, bins| {
                recipe.head = HeadSettings::fourier(bins, 0);
            }),
            (
                format!("head: expected at most {} frequencies for {bins} bins, got {}", bins / 2, bins / 2 + 1),
                |recipe, bins| recipe.head = HeadSettings::fourier(bins, bins / 2 + 1),
            ),
            ("head: expected linear or fourier for a policy, got mixture".to_owned(), |recipe, bins| {
                recipe.head = HeadSettings::Mixture { bins, components: 2 };
            }),
            ("network: expected context from 1 to 1024, got 1025".to_owned(), |recipe, _| {
                recipe.network.context = 1025;
            }),
        ];
        for (expected, change) in changes {
            let mut changed = recipe.clone();
            change(&mut changed, bins);
            let problem = changed.check().expect_err("a bad size");
            assert_eq!(problem.to_string().lines().next(), Some(expected.as_str()));
        }
    }
}
