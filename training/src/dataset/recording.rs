//! A recorded run: what was observed, where the ball was, what was commanded.

use super::settings::GeneratorSettings;
use ndarray::{Array1, Array2};
use ndarray_npy::{NpzReader, NpzWriter};
use planwright::world::{Command, Point, State, StepReport};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// One endless run, one entry per step.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What made it.
    pub settings: GeneratorSettings,
    /// x, y, vx, vy as the controller saw them (stale for one step after each reached goal).
    pub observations: Vec<[f32; 4]>,
    /// x, y, vx, vy as they were.
    pub true_states: Vec<[f32; 4]>,
    /// Executed commands, clipped.
    pub actions: Vec<[f32; 2]>,
    /// The target of the step.
    pub goals: Vec<[f32; 2]>,
    /// Whether a new target is drawn after the step (the published files' `timeouts`).
    pub timeouts: Vec<bool>,
    /// Whether that was because the time was up, not the goal reached.
    pub time_ups: Vec<bool>,
    /// Whether the ball was within the contact margin of a wall.
    pub wall_contacts: Vec<bool>,
}

/// Why a recording cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// File system.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not such a file.
    #[error("{path}: expected a recording of `planwright-train data`, got {problem}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Metadata {
    settings: GeneratorSettings,
    sha256: String,
}

impl Recording {
    pub(super) fn with_capacity(settings: GeneratorSettings) -> Self {
        let steps = settings.steps;
        Self {
            settings,
            observations: Vec::with_capacity(steps),
            true_states: Vec::with_capacity(steps),
            actions: Vec::with_capacity(steps),
            goals: Vec::with_capacity(steps),
            timeouts: Vec::with_capacity(steps),
            time_ups: Vec::with_capacity(steps),
            wall_contacts: Vec::with_capacity(steps),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one record has these columns; a struct for one call adds nothing")]
    pub(super) fn push(
        &mut self,
        observed: &State,
        state: &State,
        action: Command,
        goal: Point,
        done: bool,
        time_up: bool,
        report: StepReport,
    ) {
        self.observations.push(observed.to_array().map(|value| value as f32));
        self.true_states.push(state.to_array().map(|value| value as f32));
        self.actions.push(action.map(|value| value as f32));
        self.goals.push(goal.map(|value| value as f32));
        self.timeouts.push(done);
        self.time_ups.push(time_up);
        self.wall_contacts.push(report.contacts > 0);
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// SHA-256 of the recorded numbers (little-endian, member after member), in hex.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        let mut floats = |rows: &mut dyn Iterator<Item = f32>| {
            let mut bytes = Vec::with_capacity(1 << 16);
            for value in rows {
                bytes.extend_from_slice(&value.to_le_bytes());
                if bytes.len() >= 1 << 16 {
                    hash.update(&bytes);
                    bytes.clear();
                }
            }
            hash.update(&bytes);
        };
        floats(&mut self.observations.iter().flatten().copied());
        floats(&mut self.true_states.iter().flatten().copied());
        floats(&mut self.actions.iter().flatten().copied());
        floats(&mut self.goals.iter().flatten().copied());
        let flags: Vec<u8> = self.timeouts.iter().map(|flag| u8::from(*flag)).collect();
        hash.update(&flags);
        planwright::files::hex(&hash.finalize())
    }

    /// Writes an `.npz` with D4RL's member names; `metadata` holds settings and hash as JSON bytes.
    ///
    /// # Errors
    /// If the folder cannot be written; nothing is left behind then.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let metadata = Metadata { settings: self.settings.clone(), sha256: self.sha256() };
        planwright::files::write_atomically(path, |file| {
            let failed = |error: ndarray_npy::WriteNpzError| std::io::Error::other(error.to_string());
            let mut writer = NpzWriter::new(file);
            writer.add_array("observations", &table(&self.observations)).map_err(failed)?;
            writer.add_array("true_state", &table(&self.true_states)).map_err(failed)?;
            writer.add_array("actions", &table(&self.actions)).map_err(failed)?;
            writer.add_array("goals", &table(&self.goals)).map_err(failed)?;
            writer.add_array("timeouts", &Array1::from(self.timeouts.clone())).map_err(failed)?;
            writer.add_array("time_up", &Array1::from(self.time_ups.clone())).map_err(failed)?;
            writer.add_array("wall_contact", &Array1::from(self.wall_contacts.clone())).map_err(failed)?;
            let json = serde_json::to_vec(&metadata).map_err(std::io::Error::other)?;
            writer.add_array("metadata", &Array1::from(json)).map_err(failed)?;
            writer.finish().map_err(failed)?;
            Ok(())
        })
        .map_err(|source| RecordingError::Io { path: path.to_owned(), source })
    }

    /// Reads what [`Self::write`] wrote and checks its hash.
    ///
    /// # Errors
    /// If the file cannot be opened, is no recording, or its numbers do not match their hash.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let wrong = |problem: String| RecordingError::Format { path: path.to_owned(), problem };
        let file = std::fs::File::open(path).map_err(|source| RecordingError::Io { path: path.to_owned(), source })?;
        let mut reader = NpzReader::new(file).map_err(|error| wrong(error.to_string()))?;
        let json: Array1<u8> = reader.by_name("metadata").map_err(|error| wrong(format!("`metadata`: {error}")))?;
        let metadata: Metadata =
            serde_json::from_slice(&json.to_vec()).map_err(|error| wrong(format!("`metadata`: {error}")))?;
        let mut flags = |name: &str| -> Result<Vec<bool>, RecordingError> {
            let flags: Array1<bool> = reader.by_name(name).map_err(|error| wrong(format!("`{name}`: {error}")))?;
            Ok(flags.to_vec())
        };
        let (timeouts, time_ups, wall_contacts) = (flags("timeouts")?, flags("time_up")?, flags("wall_contact")?);
        let mut floats = |name: &str| -> Result<Array2<f32>, RecordingError> {
            reader.by_name(name).map_err(|error| wrong(format!("`{name}`: {error}")))
        };
        let recording = Self {
            settings: metadata.settings,
            observations: rows(&floats("observations")?).map_err(wrong)?,
            true_states: rows(&floats("true_state")?).map_err(wrong)?,
            actions: rows(&floats("actions")?).map_err(wrong)?,
            goals: rows(&floats("goals")?).map_err(wrong)?,
            timeouts,
            time_ups,
            wall_contacts,
        };
        let got = recording.sha256();
        if got != metadata.sha256 {
            return Err(wrong(format!("numbers with hash {got}, where the file states {}", metadata.sha256)));
        }
        Ok(recording)
    }
}

fn table<const N: usize>(rows: &[[f32; N]]) -> Array2<f32> {
    Array2::from_shape_fn((rows.len(), N), |(row, column)| rows[row][column])
}

fn rows<const N: usize>(table: &Array2<f32>) -> Result<Vec<[f32; N]>, String> {
    if table.ncols() != N {
        return Err(format!("{} columns where {N} belong", table.ncols()));
    }
    Ok(table.rows().into_iter().map(|row| std::array::from_fn(|column| row[column])).collect())
}
