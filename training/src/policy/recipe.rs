//! A policy's recipe: data, network, head, fit.

use super::batch::PolicyBatch;
use crate::dataset::episodes::EpisodeSettings;
use crate::fit::{DeviceName, FitRecipe, TrainingSettings, content_sha256};
use crate::head::{Head, HeadSpec};
use crate::network::{ParameterSpec, PolicyNetworkSpec, TorchGraph, declare_policy};
use planwright::model::POLICY_COLUMNS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// Action coordinates of a maze.
pub(super) const DIMENSIONS: usize = 2;

fn default_reach() -> f64 {
    1.0
}

/// Everything that determines a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// Who drives, where and how long.
    pub data: EpisodeSettings,
    /// The network between history and head.
    pub network: PolicySizes,
    /// How the next action's distribution is said, per coordinate over [-1, 1].
    pub head: HeadSpec,
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
    /// Steps that are seen.
    pub context: usize,
    /// Channels.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
}

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyRecipeError {
    /// File system.
    #[error("{path}: {source}\nhint: the shipped policies' recipes lie in training/recipes")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not TOML, an entry that is unknown or missing, or a value without sense.
    #[error("{path}: {problem}")]
    Value {
        /// The file.
        path: PathBuf,
        /// Where, expected and got.
        problem: String,
    },
}

impl PolicyRecipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(path: &Path) -> Result<Self, PolicyRecipeError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| PolicyRecipeError::Io { path: path.to_owned(), source })?;
        let wrong = |problem: String| PolicyRecipeError::Value { path: path.to_owned(), problem };
        let recipe: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        recipe.check().map_err(wrong)?;
        Ok(recipe)
    }

    /// # Errors
    /// Where, expected and got.
    pub fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!("name: expected letters, digits, '-' and '_', got '{}'", self.name));
        }
        self.data.check().map_err(|problem| format!("data: {problem}"))?;
        self.data.maze().map_err(|error| format!("data.layout: {error}"))?;
        self.head.check().map_err(|error| format!("head: {error}"))?;
        if matches!(self.head, HeadSpec::Mixture { .. }) {
            return Err("head: expected linear or fourier for a policy, got mixture".to_owned());
        }
        self.network().check().map_err(|problem| format!("network: {problem}"))?;
        if !(1.0..=4.0).contains(&self.action_reach) {
            return Err(format!("action_reach: expected 1 to 4, got {}", self.action_reach));
        }
        if !(2..=100_000).contains(&self.horizon) {
            return Err(format!("horizon: expected 2 to 100000 steps, got {}", self.horizon));
        }
        self.training.check().map_err(|(field, problem)| format!("{field}: {problem}"))
    }

    /// The network.
    pub fn network(&self) -> PolicyNetworkSpec {
        let head_divisor = match self.head {
            HeadSpec::Fourier { weight_divisor, .. } => weight_divisor,
            _ => 1.0,
        };
        PolicyNetworkSpec {
            features: POLICY_COLUMNS.len(),
            context: self.network.context,
            width: self.network.width,
            layers: self.network.layers,
            heads: self.network.heads,
            dimensions: DIMENSIONS,
            outputs: self.head.outputs_per_dimension(),
            head_divisor,
        }
    }
}

impl FitRecipe for PolicyRecipe {
    type Batch = PolicyBatch;

    fn name(&self) -> &str {
        &self.name
    }

    fn training(&self) -> &TrainingSettings {
        &self.training
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        declare_policy(&self.network())
    }

    /// Cross-entropy of the bins that were hit, over the steps that are known, plus the head's smoothness penalty.
    fn loss(&self, views: &[Tensor], batch: &PolicyBatch, device: Device) -> Tensor {
        let network = self.network();
        let (count, context) = (batch.count as i64, network.context as i64);
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let history = place(&batch.history).view([count, context, network.features as i64]);
        let said = network.forward(&mut TorchGraph::new(views, device), &history, false);
        // batch x context x (dimensions outputs), coordinate by coordinate.
        let raw = said.transpose(1, 2).contiguous();
        // A head that cannot be made has been refused before; NaN stops the fit.
        let Ok(head) = Head::new(self.head.clone(), DIMENSIONS) else { return raw.sum(Kind::Float) * f64::NAN };
        let logarithms = head.logits(&raw, None).log_softmax(-1, Kind::Float);
        let shape = [count, context, DIMENSIONS as i64, 1];
        let bins = Tensor::from_slice(&batch.bins).to_device(device).view(shape);
        let known = place(&batch.known).view([count, context, 1]);
        let hit = logarithms.gather(-1, &bins, false).squeeze_dim(-1) * &known;
        let loss = -hit.sum(Kind::Float) / (known.sum(Kind::Float) * DIMENSIONS as f64);
        match head.regulariser(&raw) {
            Some(penalty) => loss + penalty,
            None => loss,
        }
    }

    fn check_network(&self) -> Result<(), String> {
        self.network().check()
    }

    fn sha256(&self) -> String {
        let mut content = self.clone();
        content.training.device = DeviceName::Cpu;
        content_sha256(&content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_sizes_give_one_line() {
        let text = include_str!("../../recipes/maze-policy.toml");
        let recipe: PolicyRecipe = toml::from_str(text).expect("a recipe");
        assert_eq!(recipe.check(), Ok(()));
        let bins = recipe.head.bins();
        type Change = fn(&mut PolicyRecipe, usize);
        let changes: [(String, Change); 4] = [
            ("head: expected frequencies between 1 and 65536, got 0".to_owned(), |recipe, bins| {
                recipe.head = HeadSpec::fourier(bins, 0);
            }),
            (
                format!("head: expected at most {} frequencies for {bins} bins, got {}", bins / 2, bins / 2 + 1),
                |recipe, bins| recipe.head = HeadSpec::fourier(bins, bins / 2 + 1),
            ),
            ("head: expected linear or fourier for a policy, got mixture".to_owned(), |recipe, bins| {
                recipe.head = HeadSpec::Mixture { bins, components: 2 };
            }),
            ("network: expected context from 1 to 1024, got 1025".to_owned(), |recipe, _| {
                recipe.network.context = 1025;
            }),
        ];
        for (expected, change) in changes {
            let mut changed = recipe.clone();
            change(&mut changed, bins);
            let problem = changed.check().expect_err("a bad size");
            assert_eq!(problem.lines().next(), Some(expected.as_str()));
        }
    }
}
