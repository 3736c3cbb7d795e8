//! A recipe: everything that determines a model, as one TOML file.

use super::denoising::{DenoiserRecipe, denoiser_fit};
use super::optimiser::OptimiserSettings;
use crate::dataset::{GeneratorSettings, WindowSettings};
use crate::network::{NetworkSpec, ParameterSpec};
use planwright::diffusion::{NoiseSchedule, ScheduleKind};
use planwright::model::Prediction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tch::{Device, Tensor};

/// A maze planner's recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// Who drives, where and how long.
    pub data: GeneratorSettings,
    /// How the data are cut into windows.
    pub windows: WindowSettings,
    /// The denoiser.
    pub network: NetworkSpec,
    /// The noise.
    pub diffusion: DiffusionSettings,
    /// The fit.
    pub training: TrainingSettings,
}

/// Noise schedule of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffusionSettings {
    /// Family.
    pub schedule: ScheduleKind,
    /// Training steps T.
    pub steps: usize,
}

/// What trainer and checkpoints must know of a recipe, whatever it fits.
pub trait FitRecipe: Clone + Serialize + serde::de::DeserializeOwned {
    /// What a step learns from, in plain memory.
    type Batch: Default;
    /// Name of the model and of its run folder.
    fn name(&self) -> &str;
    /// The fit.
    fn training(&self) -> &TrainingSettings;
    /// The network's parameters, in flat order.
    fn parameters(&self) -> Vec<ParameterSpec>;
    /// What is minimised, a scalar. `views` are the parameters.
    fn loss(&self, views: &[Tensor], batch: &Self::Batch, device: Device) -> Tensor;
    /// What a foreign recipe must hold before its parameters are declared.
    ///
    /// # Errors
    /// Expected and got.
    fn check_network(&self) -> Result<(), String>;
    /// SHA-256 of the content, without the device: what a checkpoint must match.
    fn sha256(&self) -> String;
}

/// Where the fit runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceName {
    /// The processor; bit-equal resume.
    Cpu,
    /// The first CUDA device.
    Cuda,
}

/// Length and rules of the fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingSettings {
    /// Optimiser steps.
    pub steps: u64,
    /// Windows per step.
    pub batch: usize,
    /// Seed of initial values, windows and noise.
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
}

fn cpu() -> DeviceName {
    DeviceName::Cpu
}

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// File system.
    #[error("{path}: {source}\nhint: recipes of the shipped models lie in training/recipes")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not TOML, or a field that is unknown, missing or of the wrong type.
    #[error("{path}: {problem}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        problem: String,
    },
    /// A value without sense.
    #[error("{path}: {field}: {problem}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The section.
        field: &'static str,
        /// Expected and got.
        problem: String,
    },
}

impl Recipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        let text = std::fs::read_to_string(path).map_err(|source| RecipeError::Io { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Parses and checks a recipe's text; `path` is for messages.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RecipeError> {
        let recipe: Self = toml::from_str(text).map_err(|error| RecipeError::Syntax {
            path: path.to_owned(),
            problem: error.to_string().trim().to_owned(),
        })?;
        recipe.check().map_err(|(field, problem)| RecipeError::Value { path: path.to_owned(), field, problem })?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(("name", format!("expected letters, digits, '-' and '_', got '{}'", self.name)));
        }
        self.data.check().map_err(|problem| ("data", problem))?;
        if self.network.condition.is_some() {
            return Err(("network", "expected no condition, got one".to_owned()));
        }
        self.network.check().map_err(|error| ("network", error.to_string()))?;
        NoiseSchedule::new(self.diffusion.schedule, self.diffusion.steps)
            .map_err(|error| ("diffusion", error.to_string()))?;
        let multiple = self.network.time_multiple();
        if self.windows.horizon < multiple || !self.windows.horizon.is_multiple_of(multiple) {
            let problem = format!("expected a horizon that is a multiple of {multiple}, got {}", self.windows.horizon);
            return Err(("windows", problem));
        }
        if self.windows.stride == 0 || !(0.0..=1.0).contains(&self.windows.leg_start_share) {
            return Err(("windows", "expected stride >= 1 and leg_start_share in [0, 1]".to_owned()));
        }
        if self.network.columns != 6 {
            return Err(("network", format!("expected 6 columns (2 actions, 4 states), got {}", self.network.columns)));
        }
        self.training.check()
    }
}

impl TrainingSettings {
    /// The first setting without sense: its section, expected and got.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.steps == 0 || self.batch == 0 || self.checkpoint_every == 0 {
            return Err(("training", "expected steps, batch and checkpoint_every above 0".to_owned()));
        }
        if !(0.0..1.0).contains(&self.average_decay) {
            return Err(("training", format!("expected average_decay in [0, 1), got {}", self.average_decay)));
        }
        self.optimiser.check().map_err(|problem| ("training.optimiser", problem))
    }
}

/// SHA-256 of any recipe as JSON, hex.
pub fn content_sha256(recipe: &impl Serialize) -> String {
    let json = serde_json::to_string(recipe).unwrap_or_default();
    planwright::files::hex(&Sha256::digest(json.as_bytes()))
}

impl DenoiserRecipe for Recipe {
    fn network(&self) -> &NetworkSpec {
        &self.network
    }

    fn horizon(&self) -> usize {
        self.windows.horizon
    }

    fn prediction(&self) -> Prediction {
        Prediction::CleanSample
    }

    /// The state (not the action) of the first and of the last knot.
    fn is_fixed(&self, knot: usize, column: usize) -> bool {
        column >= 2 && (knot == 0 || knot == self.windows.horizon - 1)
    }
}

denoiser_fit!(Recipe);
