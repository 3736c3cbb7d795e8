//! Checkpoints: safetensors with every parameter by name, its average and both moments, and what export needs.

use super::data_summary::{DataSummary, Row};
use super::trainer::{Trainer, to_vec};
use crate::network::{ParameterSpec, Parameters};
use crate::recipe::{DeviceName, Recipe};
use crate::transform::DecoderTables;
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The version of the checkpoints that this library reads and writes. Version 1 had no data summary.
const FORMAT: u32 = 2;

/// A checkpoint in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub step: u64,
    /// The recipe, whole.
    pub recipe: Recipe,
    /// What export needs of the data.
    pub data: DataSummary,
    /// Parameters, average, first and second moment, each in flat order.
    pub values: [Vec<f32>; 4],
}

const PARTS: [&str; 4] = ["parameters", "average", "first_moment", "second_moment"];
/// Names of the tensors that are no parameters.
const REAL: &str = "real";
const CODES: &str = "decoder.codes";
const SUPPORT: &str = "decoder.support";

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
    /// Of another version.
    #[error(
        "{path}: expected a checkpoint of format {FORMAT}, got format {got}, which lacks the summary of the data that resuming and export need\nhint: fit the recipe again with another --out; the file stays as it is"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        got: u32,
    },
    /// Of other data.
    #[error(
        "{path}: expected a checkpoint fitted to data {expected:.12}, got one fitted to {got:.12}\nhint: another --out starts anew; the generator of the data has changed"
    )]
    OtherData {
        /// The file.
        path: PathBuf,
        /// Hash wanted.
        expected: String,
        /// Hash found.
        got: String,
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

/// That entry, as JSON.
#[derive(Serialize, Deserialize)]
struct State {
    format: u32,
    step: u64,
    recipe: Recipe,
    data: DataSummary,
}

#[derive(Deserialize)]
struct Peek {
    #[serde(default = "first_format")]
    format: u32,
}

fn first_format() -> u32 {
    1
}

impl Checkpoint {
    /// Of a trainer as it stands.
    pub(super) fn of(trainer: &Trainer, recipe: Recipe, data: DataSummary) -> Self {
        let values = [&trainer.parameters.detach(), &trainer.average, &trainer.moments.first, &trainer.moments.second];
        Self { step: trainer.step_count(), recipe, data, values: values.map(to_vec) }
    }

    /// The averaged parameters in flat order.
    pub fn averaged(&self) -> &[f32] {
        &self.values[1]
    }

    /// The trainer that goes on from here.
    pub(super) fn trainer(&self, device: DeviceName) -> Trainer {
        let layout = Parameters::new(self.recipe.network().parameters());
        let [parameters, average, first, second] = &self.values;
        Trainer::at(layout, self.recipe.training(), device, [parameters, average], Some([first, second]), self.step)
    }

    /// Writes beside `path` and renames.
    ///
    /// # Errors
    /// If the folder cannot be written; the old checkpoint stays then.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let io = |source| CheckpointError::Io { path: path.to_owned(), source };
        let other = |error: &dyn std::fmt::Display| io(std::io::Error::other(error.to_string()));
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for (part, flat) in PARTS.iter().zip(&self.values) {
            let mut rest = flat.as_slice();
            for spec in self.recipe.network().parameters() {
                let Some((values, after)) = rest.split_at_checked(spec.len()) else { break };
                let shape = spec.shape.iter().map(|size| *size as usize).collect();
                tensors.push((format!("{part}.{}", spec.name), shape, to_bytes(values)));
                rest = after;
            }
        }
        for (input, values) in joined(&self.data.real).iter().enumerate() {
            let rows = self.data.real.len();
            tensors.push((format!("{REAL}.{input}"), vec![rows, values.len() / rows.max(1)], to_bytes(values)));
        }
        if let Some(decoder) = &self.data.decoder {
            for (name, values) in [(CODES, &decoder.codes), (SUPPORT, &decoder.support)] {
                tensors.push((name.to_owned(), vec![values.len()], to_bytes(values)));
            }
        }
        let mut views = Vec::with_capacity(tensors.len());
        for (name, shape, bytes) in &tensors {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|error| other(&error))?;
            views.push((name.as_str(), view));
        }
        // One entry: several would stand in another order in every file, and equal runs must give equal bytes.
        let state = State { format: FORMAT, step: self.step, recipe: self.recipe.clone(), data: self.data.clone() };
        let state = serde_json::to_string(&state).map_err(|error| other(&error))?;
        let metadata = HashMap::from([(STATE_KEY.to_owned(), state)]);
        let serialised = safetensors::serialize(views, Some(metadata)).map_err(|error| other(&error))?;
        planwright::files::write_atomically(path, |file| file.write_all(&serialised)).map_err(io)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// If it is missing, truncated, of another format, or holds a number that is not finite.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let wrong = |problem: String| CheckpointError::Format { path: path.to_owned(), problem };
        let io = |source| CheckpointError::Io { path: path.to_owned(), source };
        let kind = std::fs::metadata(path).map_err(io)?.file_type();
        // Reading a pipe would wait, and a device may have no end.
        if !kind.is_file() {
            let hint = if kind.is_dir() { "\nhint: the checkpoint in it is checkpoint.safetensors" } else { "" };
            return Err(wrong(format!("{}{hint}", planwright::files::describe(kind))));
        }
        let bytes = std::fs::read(path).map_err(io)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| wrong(no_checkpoint(&bytes, &error)))?;
        let state = header.metadata().as_ref().and_then(|metadata| metadata.get(STATE_KEY));
        let state = state.ok_or_else(|| wrong(format!("a safetensors file without `{STATE_KEY}` in its metadata")))?;
        let unreadable = |error: serde_json::Error| wrong(format!("a training state with {error}"));
        let Peek { format } = serde_json::from_str(state).map_err(unreadable)?;
        if format != FORMAT {
            return Err(CheckpointError::Version { path: path.to_owned(), got: format });
        }
        let State { step, recipe, mut data, .. } = serde_json::from_str(state).map_err(unreadable)?;
        let network = recipe.network();
        network.check().map_err(wrong)?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| wrong(no_checkpoint(&bytes, &error)))?;
        let specs = network.parameters();
        let mut values = [const { Vec::new() }; 4];
        for (part, flat) in PARTS.iter().zip(&mut values) {
            for spec in &specs {
                append(&tensors, part, spec, flat).map_err(wrong)?;
            }
        }
        data.real = real_rows(&tensors).map_err(wrong)?;
        if let Some(transform) = &data.transform {
            data.decoder = Some(DecoderTables {
                codes: floats(&tensors, CODES).map_err(wrong)?,
                support: floats(&tensors, SUPPORT).map_err(wrong)?,
                neighbours: transform.neighbours,
                bandwidth_squared: transform.bandwidth_squared,
            });
        }
        Ok(Self { step, recipe, data, values })
    }

    /// Refuses a checkpoint of another recipe; the hash of the data, which a fit fills in, does not count.
    ///
    /// # Errors
    /// [`CheckpointError::OtherRecipe`].
    pub(super) fn check_recipe(&self, recipe: &Recipe, path: &Path) -> Result<(), CheckpointError> {
        let [expected, got] = [recipe, &self.recipe].map(|recipe| recipe.with_data_sha256(""));
        let (expected_hash, got_hash) = (expected.sha256(), got.sha256());
        if expected_hash == got_hash && expected.family() == got.family() {
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

/// Every input of many rows, one after the other.
pub(crate) fn joined(rows: &[Row]) -> Vec<Vec<f32>> {
    let count = rows.first().map_or(0, |row| row.inputs.len());
    (0..count).map(|input| rows.iter().flat_map(|row| row.inputs[input].iter().copied()).collect()).collect()
}

/// Rows from the tensors `real.0`, `real.1` and so on.
fn real_rows(tensors: &SafeTensors) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for input in 0.. {
        let name = format!("{REAL}.{input}");
        let Ok(view) = tensors.tensor(&name) else { break };
        let &[count, size] = view.shape() else { return Err(format!("`{name}` of another shape")) };
        rows.resize_with(count, Row::default);
        let values = floats(tensors, &name)?;
        for (row, values) in rows.iter_mut().zip(values.chunks(size.max(1))) {
            row.inputs.push(values.to_vec());
        }
    }
    if rows.is_empty() { Err(format!("no `{REAL}.0`")) } else { Ok(rows) }
}

/// What bytes are that cannot be read as a checkpoint.
fn no_checkpoint(bytes: &[u8], error: &SafeTensorError) -> String {
    // After the length of its header a file of safetensors begins with a brace.
    let known = planwright::model::known_kind(bytes).filter(|_| bytes.get(8) != Some(&b'{'));
    match known {
        Some((kind, hint)) => format!("{kind}\nhint: {hint}"),
        None => format!("a file that was cut off or damaged ({error})"),
    }
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn append(tensors: &SafeTensors, part: &str, spec: &ParameterSpec, flat: &mut Vec<f32>) -> Result<(), String> {
    let name = format!("{part}.{}", spec.name);
    let values = floats(tensors, &name)?;
    if values.len() != spec.len() {
        return Err(format!("`{name}` of another size"));
    }
    flat.extend(values);
    Ok(())
}

fn floats(tensors: &SafeTensors, name: &str) -> Result<Vec<f32>, String> {
    let view = tensors.tensor(name).map_err(|error| error.to_string())?;
    if view.dtype() != Dtype::F32 {
        return Err(format!("`{name}` of another type"));
    }
    let (chunks, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(format!("`{name}` with a number that is not finite"));
    }
    Ok(values)
}
