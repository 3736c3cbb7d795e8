//! One fit: its recipe, and what its model does.

use super::arm::PromptArm;
use super::measure::{PromptCounts, measure};
use crate::goal_force::{Fitted, fitted};
use planwright::world::scene::SCENES_VERSION;
use planwright_training::recipe::{GoalForceRecipe, content_sha256};
use planwright_training::study::{Bench, Cell, StudyError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::PathBuf;

/// Seed of the evaluated scenes, the same for all arms and seeds of training.
const SCENES_SEED: u64 = 78;

/// One arm with one seed.
#[derive(Clone, Debug)]
pub struct PromptCell {
    /// The arm.
    pub arm: PromptArm,
    /// Seed of data and fit.
    pub seed: u64,
    /// The recipe.
    pub recipe: GoalForceRecipe,
    /// Evaluated scenes of each class.
    pub evaluated: usize,
    /// ONNX Runtime's library; no result depends on it.
    pub library: Option<PathBuf>,
}

/// Result of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptResult {
    /// The arm.
    pub arm: PromptArm,
    /// Seed of data and fit.
    pub seed: u64,
    /// SHA-256 of everything that determines it, hex.
    pub settings_sha256: String,
    /// Loss over the last steps.
    pub loss: Option<f64>,
    /// By class and prompt.
    pub counts: Vec<PromptCounts>,
    /// The exported file's hash.
    pub model_sha256: String,
}

impl Cell for PromptCell {
    type Output = PromptResult;

    fn path(&self) -> String {
        format!("{}/cell", self.recipe.name)
    }

    fn sha256(&self) -> String {
        content_sha256(&(&self.recipe, self.evaluated, SCENES_SEED, SCENES_VERSION))
    }

    fn sha256_of(output: &PromptResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    /// A fit that was cut off continues from its last checkpoint.
    fn run(&self, bench: &Bench<'_>) -> Result<PromptResult, StudyError> {
        let folder = bench.store.folder().join(&self.recipe.name);
        let Fitted { mut planner, loss, model_sha256, .. } = fitted(&self.recipe, &folder, self.library.as_ref())?;
        Ok(PromptResult {
            arm: self.arm,
            seed: self.seed,
            settings_sha256: self.sha256(),
            loss,
            counts: measure(SCENES_SEED, self.evaluated, &mut planner)?,
            model_sha256,
        })
    }
}
