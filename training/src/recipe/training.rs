//! Training settings that every family shares: device, batches, AdamW, averaging.

use super::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the fit runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceName {
    /// The processor; resuming is bit-equal
    Cpu,
    /// The first CUDA device
    Cuda,
}

/// Length and rules of a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingSettings {
    /// Optimiser steps.
    pub steps: u64,
    /// Batch size.
    pub batch: usize,
    /// Seed of initial values, batches and noise.
    pub seed: u64,
    /// Processor or CUDA device; `fit --device` overrides it.
    #[serde(default = "cpu")]
    pub device: DeviceName,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Optimiser and learning-rate schedule.
    pub optimiser: OptimiserSettings,
    /// Decay per step of the exponential moving average, whose values are exported.
    pub average_decay: f64,
    /// Name of a recipe beside this one whose fit gives the initial weights; random ones if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_from: Option<String>,
}

/// AdamW and its learning-rate schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptimiserSettings {
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Steps of linear warm-up from 0 to the peak.
    #[serde(default)]
    pub warmup_steps: u64,
    /// Share of the peak at the last step, reached on a half cosine; 1 keeps the rate constant.
    #[serde(default = "constant")]
    pub final_share: f64,
    /// Decoupled weight decay.
    #[serde(default)]
    pub weight_decay: f64,
    /// Largest global norm of the gradient.
    pub clip_norm: f64,
    /// Muon for the matrices of hidden layers; AdamW for all parameters if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muon: Option<MuonSettings>,
}

/// Muon (Jordan 2024) for the matrices of hidden layers, on the schedule of the other parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MuonSettings {
    /// Peak learning rate of an update whose singular values are near 0.2 sqrt(max(rows, columns)).
    pub learning_rate: f64,
    /// Decay per step of the momentum, Nesterov's.
    #[serde(default = "muon_momentum")]
    pub momentum: f64,
}

fn muon_momentum() -> f64 {
    0.95
}

fn cpu() -> DeviceName {
    DeviceName::Cpu
}

fn constant() -> f64 {
    1.0
}

/// Whether a text can be a recipe's name.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl TrainingSettings {
    /// # Errors
    /// The first setting out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        let error = |problem: String| Err(FieldError::new("training", problem));
        if self.steps == 0 || self.batch == 0 || self.checkpoint_every == 0 {
            let got = format!("{}, {} and {}", self.steps, self.batch, self.checkpoint_every);
            return error(format!("expected steps, batch and checkpoint_every above 0, got {got}"));
        }
        if let Some(name) = self.starts_from.as_deref().filter(|name| !is_name(name)) {
            return error(format!("expected starts_from of letters, digits, '-' and '_', got '{name}'"));
        }
        if !(0.0..1.0).contains(&self.average_decay) {
            return error(format!("expected average_decay in [0, 1), got {}", self.average_decay));
        }
        self.optimiser.check().map_err(|problem| FieldError::new("training.optimiser", problem))
    }
}

impl OptimiserSettings {
    fn check(&self) -> Result<(), String> {
        for (name, value) in [("learning_rate", self.learning_rate), ("clip_norm", self.clip_norm)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(format!("expected {name} above 0, got {value}"));
            }
        }
        if !(0.0..=1.0).contains(&self.final_share) || !(0.0..1.0).contains(&self.weight_decay) {
            let got = format!("{} and {}", self.final_share, self.weight_decay);
            return Err(format!("expected final_share in [0, 1] and weight_decay in [0, 1), got {got}"));
        }
        let Some(MuonSettings { learning_rate, momentum }) = self.muon else { return Ok(()) };
        if !(learning_rate > 0.0 && learning_rate.is_finite() && (0.0..1.0).contains(&momentum)) {
            let got = format!("{learning_rate} and {momentum}");
            return Err(format!("expected muon.learning_rate above 0 and muon.momentum in [0, 1), got {got}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(muon: &str) -> OptimiserSettings {
        toml::from_str(&format!("learning_rate = 1e-3\nclip_norm = 1.0\n{muon}")).expect("settings")
    }

    #[test]
    fn a_recipe_without_muon_keeps_its_hash() {
        let json = serde_json::to_string(&settings("")).expect("JSON");
        let expected =
            r#"{"learning_rate":0.001,"warmup_steps":0,"final_share":1.0,"weight_decay":0.0,"clip_norm":1.0}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn muon_out_of_range_is_refused() {
        assert_eq!(settings("muon = { learning_rate = 3e-3 }").check(), Ok(()));
        for wrong in ["learning_rate = 0.0", "learning_rate = 3e-3, momentum = 1.0"] {
            let problem = settings(&format!("muon = {{ {wrong} }}")).check();
            assert!(problem.is_err_and(|problem| problem.contains("muon.learning_rate")), "{wrong}");
        }
    }
}
