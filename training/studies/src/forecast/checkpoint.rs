//! A run's parameters and moments as safetensors: a fit that was cut off goes on where it stood.

use super::settings::ForecastSettings;
use planwright_training::network::ParameterSpec;
use planwright_training::study::StudyError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

const PARTS: [&str; 3] = ["parameters", "first_moment", "second_moment"];
const STATE_KEY: &str = "planwright.forecast";

/// How far a fit is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checkpoint {
    /// Steps done.
    pub(super) step: usize,
    /// Mean loss of each epoch so far.
    pub(super) losses: Vec<f64>,
    /// Seconds so far.
    pub(super) wall_secs: f64,
    /// Parameters, first and second moment, in flat order; the moments are empty once the fit is done.
    pub(super) values: [Vec<f32>; 3],
}

/// The entry of a file's metadata, as JSON: one, so that equal runs give equal bytes but for their time.
#[derive(Serialize, Deserialize)]
struct State {
    step: usize,
    losses: Vec<f64>,
    wall_secs: f64,
    settings: ForecastSettings,
}

impl Checkpoint {
    /// Writes beside `path` and renames.
    pub(super) fn write(
        &self,
        path: &Path,
        specs: &[ParameterSpec],
        settings: &ForecastSettings,
    ) -> Result<(), StudyError> {
        let io = |source| StudyError::Io { path: path.to_owned(), source };
        let other = |problem: String| io(std::io::Error::other(problem));
        let bytes: Vec<Vec<u8>> =
            self.values.iter().map(|flat| flat.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
        let mut tensors = Vec::new();
        for (part, bytes) in PARTS.iter().zip(&bytes) {
            let mut from = 0;
            for spec in specs.iter().filter(|_| !bytes.is_empty()) {
                let to = from + 4 * spec.len();
                let shape = spec.shape.iter().map(|size| *size as usize).collect();
                let view = TensorView::new(Dtype::F32, shape, bytes.get(from..to).unwrap_or_default());
                tensors.push((format!("{part}.{}", spec.name), view.map_err(|error| other(error.to_string()))?));
                from = to;
            }
        }
        let (losses, settings) = (self.losses.clone(), settings.clone());
        let state = State { step: self.step, losses, wall_secs: self.wall_secs, settings };
        let state = serde_json::to_string(&state).map_err(|error| other(error.to_string()))?;
        let metadata = HashMap::from([(STATE_KEY.to_owned(), state)]);
        let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(|error| other(error.to_string()))?;
        if let Some(folder) = path.parent() {
            planwright::files::make_folder(folder).map_err(io)?;
        }
        planwright::files::write_atomically(path, |file| file.write_all(&bytes)).map_err(io)
    }

    /// Reads one of these settings; `None` if there is none.
    pub(super) fn read(
        path: &Path,
        specs: &[ParameterSpec],
        settings: &ForecastSettings,
    ) -> Result<Option<Self>, StudyError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StudyError::Io { path: path.to_owned(), source }),
        };
        let wrong = |problem: String| StudyError::Result { path: path.to_owned(), problem };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| wrong(error.to_string()))?;
        let state = header.metadata().as_ref().and_then(|metadata| metadata.get(STATE_KEY));
        let state = state.ok_or_else(|| wrong(format!("no `{STATE_KEY}` in its metadata")))?;
        let state: State = serde_json::from_str(state).map_err(|error| wrong(error.to_string()))?;
        let (expected, got) = (settings.sha256(), state.settings.sha256());
        if expected != got {
            return Err(StudyError::OtherSettings { path: path.to_owned(), expected, got });
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
        let mut values = [const { Vec::new() }; 3];
        let parts = if state.step < settings.shared.steps { PARTS.len() } else { 1 };
        for (part, flat) in PARTS.iter().zip(&mut values).take(parts) {
            for spec in specs {
                append(&tensors, &format!("{part}.{}", spec.name), spec.len(), flat).map_err(wrong)?;
            }
        }
        Ok(Some(Self { step: state.step, losses: state.losses, wall_secs: state.wall_secs, values }))
    }
}

fn append(tensors: &SafeTensors, name: &str, len: usize, flat: &mut Vec<f32>) -> Result<(), String> {
    let view = tensors.tensor(name).map_err(|error| error.to_string())?;
    let (numbers, rest) = view.data().as_chunks::<4>();
    if view.dtype() != Dtype::F32 || numbers.len() != len || !rest.is_empty() {
        return Err(format!("`{name}` of another type or size"));
    }
    for bytes in numbers {
        let value = f32::from_le_bytes(*bytes);
        if !value.is_finite() {
            return Err(format!("`{name}` with a number that is not finite"));
        }
        flat.push(value);
    }
    Ok(())
}
