//! Checkpoints: safetensors with every parameter by name, its average and both moments.

use super::recipe::{DeviceName, FitRecipe, Recipe};
use super::trainer::{Trainer, to_vec};
use crate::network::{ParameterSpec, Parameters};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A checkpoint in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<R = Recipe> {
    /// Steps done.
    pub step: u64,
    /// The recipe, whole.
    pub recipe: R,
    /// Parameters, average, first and second moment, each in flat order.
    pub values: [Vec<f32>; 4],
}

const PARTS: [&str; 4] = ["parameters", "average", "first_moment", "second_moment"];

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// File system.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not such a file, or a part of one.
    #[error("{path}: expected a checkpoint of `planwright-train fit`, got {problem}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Of another recipe.
    #[error(
        "{path}: expected a checkpoint of recipe '{expected}' ({expected_hash:.12}), got one of '{got}' ({got_hash:.12})\nhint: change the recipe's name or --out to start anew, or restore the recipe to go on"
    )]
    OtherRecipe {
        /// The file.
        path: PathBuf,
        /// Name wanted.
        expected: String,
        /// Its hash.
        expected_hash: String,
        /// Name found.
        got: String,
        /// Its hash.
        got_hash: String,
    },
}

/// The entry of a checkpoint's metadata.
const STATE_KEY: &str = "planwright.training";

/// What that entry says, as JSON.
#[derive(Serialize, Deserialize)]
struct State<R> {
    step: u64,
    recipe: R,
}

impl<R: FitRecipe> Checkpoint<R> {
    /// Of a trainer as it stands.
    pub fn of(trainer: &Trainer<R>) -> Self {
        let values = [&trainer.parameters.detach(), &trainer.average, &trainer.moments.first, &trainer.moments.second];
        Self { step: trainer.step_count(), recipe: trainer.recipe.clone(), values: values.map(to_vec) }
    }

    /// The averaged parameters in flat order.
    pub fn averaged(&self) -> &[f32] {
        &self.values[1]
    }

    /// The trainer that goes on from here.
    pub fn into_trainer(self, device: DeviceName) -> Trainer<R> {
        let layout = Parameters::new(self.recipe.parameters());
        let [parameters, average, first, second] = self.values;
        Trainer::at(&self.recipe, device, layout, [parameters, average], Some([first, second]), self.step)
    }

    /// Writes beside `path` and renames.
    ///
    /// # Errors
    /// If the folder cannot be written; the old checkpoint stays then.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let io = |source| CheckpointError::Io { path: path.to_owned(), source };
        let specs = self.recipe.parameters();
        let bytes: Vec<Vec<u8>> =
            self.values.iter().map(|flat| flat.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
        let mut tensors = Vec::new();
        for (part, bytes) in PARTS.iter().zip(&bytes) {
            let mut from = 0;
            for spec in &specs {
                let to = from + 4 * spec.len();
                let shape = spec.shape.iter().map(|size| *size as usize).collect();
                let view = TensorView::new(Dtype::F32, shape, &bytes[from..to])
                    .map_err(|error| io(std::io::Error::other(error.to_string())))?;
                tensors.push((format!("{part}.{}", spec.name), view));
                from = to;
            }
        }
        // One entry: several would stand in another order in every file, and equal runs must give equal bytes.
        let state = State { step: self.step, recipe: self.recipe.clone() };
        let state = serde_json::to_string(&state).map_err(|error| io(std::io::Error::other(error)))?;
        let metadata = HashMap::from([(STATE_KEY.to_owned(), state)]);
        let serialised = safetensors::serialize(tensors, Some(metadata))
            .map_err(|error| io(std::io::Error::other(error.to_string())))?;
        planwright::files::write_atomically(path, |file| file.write_all(&serialised)).map_err(io)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// If it is missing, truncated, foreign, or holds a number that is not finite.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let wrong = |problem: String| CheckpointError::Format { path: path.to_owned(), problem };
        let bytes = std::fs::read(path).map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| wrong(error.to_string()))?;
        let metadata = header.metadata().clone().ok_or_else(|| wrong("no metadata".to_owned()))?;
        let state = metadata.get(STATE_KEY).ok_or_else(|| wrong(format!("no `{STATE_KEY}` in the metadata")))?;
        let State::<R> { step, recipe } =
            serde_json::from_str(state).map_err(|error| wrong(format!("a training state with {error}")))?;
        recipe.check_network().map_err(wrong)?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
        let specs = recipe.parameters();
        let mut values = [const { Vec::new() }; 4];
        for (part, flat) in PARTS.iter().zip(&mut values) {
            for spec in &specs {
                append(&tensors, part, spec, flat).map_err(wrong)?;
            }
        }
        Ok(Self { step, recipe, values })
    }

    /// Refuses a checkpoint of another recipe.
    ///
    /// # Errors
    /// [`CheckpointError::OtherRecipe`].
    pub fn check_recipe(&self, recipe: &R, path: &Path) -> Result<(), CheckpointError> {
        let (expected_hash, got_hash) = (recipe.sha256(), self.recipe.sha256());
        if expected_hash == got_hash {
            return Ok(());
        }
        Err(CheckpointError::OtherRecipe {
            path: path.to_owned(),
            expected: recipe.name().to_owned(),
            expected_hash,
            got: self.recipe.name().to_owned(),
            got_hash,
        })
    }
}

fn append(tensors: &SafeTensors, part: &str, spec: &ParameterSpec, flat: &mut Vec<f32>) -> Result<(), String> {
    let name = format!("{part}.{}", spec.name);
    let view = tensors.tensor(&name).map_err(|error| error.to_string())?;
    if view.dtype() != Dtype::F32 || view.data().len() != 4 * spec.len() {
        return Err(format!("`{name}` of another type or size"));
    }
    for bytes in view.data().chunks_exact(4) {
        let value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        if !value.is_finite() {
            return Err(format!("`{name}` with a number that is not finite"));
        }
        flat.push(value);
    }
    Ok(())
}
