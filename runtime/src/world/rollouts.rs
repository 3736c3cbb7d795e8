//! Recorded roll-outs as `.npz`: `states` N x T+1 x 4 and `actions` N x T x 2, with optional starts and goals.

use ndarray::{Array2, Array3};
use ndarray_npy::{NpzReader, NpzWriter};
use std::path::{Path, PathBuf};

/// Roll-outs of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollouts {
    /// N x (T+1) x 4: x, y (m), vx, vy (m/s), before each step and after the last.
    pub states: Array3<f64>,
    /// N x T x 2: the motor commands as given (not clipped).
    pub actions: Array3<f64>,
    /// N x 2 goals, where there are any.
    pub goals: Option<Array2<f64>>,
}

/// Why a roll-out file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// The file cannot be opened or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A member is missing or is no f64 (or f32) array of that rank.
    #[error(
        "{path}: expected an .npz file with members `states` (N x T+1 x 4) and `actions` (N x T x 2) of floats, got {problem}\nhint: `planwright eval maze --record FILE.npz` writes one"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Rollouts {
    /// Reads a file. Members other than `states`, `actions` and `goals` are left alone.
    ///
    /// # Errors
    /// If the file cannot be opened, a member is missing, the shapes disagree or a number is not finite.
    pub fn read(path: &Path) -> Result<Self, RolloutError> {
        let file = std::fs::File::open(path).map_err(|source| RolloutError::Io { path: path.to_owned(), source })?;
        let wrong = |problem: String| RolloutError::Format { path: path.to_owned(), problem };
        let mut reader = NpzReader::new(file).map_err(|error| wrong(error.to_string()))?;
        let names = reader.names().map_err(|error| wrong(error.to_string()))?;
        let mut member = |name: &str| -> Result<Array3<f64>, RolloutError> {
            if !names.iter().any(|present| present.trim_end_matches(".npy") == name) {
                return Err(wrong(format!("no member `{name}` among {}", names.join(", "))));
            }
            let wide: Result<Array3<f64>, _> = reader.by_name(name);
            wide.or_else(|_| reader.by_name(name).map(|narrow: Array3<f32>| narrow.mapv(f64::from)))
                .map_err(|error| wrong(format!("`{name}`: {error}")))
        };
        let (states, actions) = (member("states")?, member("actions")?);
        let goals = names
            .iter()
            .any(|present| present.trim_end_matches(".npy") == "goals")
            .then(|| reader.by_name::<ndarray::OwnedRepr<f64>, ndarray::Ix2>("goals").ok())
            .flatten();
        let (count, length, width) = states.dim();
        if width != 4 || actions.dim() != (count, length.saturating_sub(1), 2) || length < 2 || count == 0 {
            return Err(wrong(format!("`states` {:?} and `actions` {:?}", states.dim(), actions.dim())));
        }
        if !states.iter().chain(&actions).all(|value| value.is_finite()) {
            return Err(wrong("a number that is not finite".to_owned()));
        }
        Ok(Self { states, actions, goals })
    }

    /// Writes a file beside `path` and renames it.
    ///
    /// # Errors
    /// If the folder cannot be written; nothing is left behind then.
    pub fn write(&self, path: &Path) -> Result<(), RolloutError> {
        let io = |source| RolloutError::Io { path: path.to_owned(), source };
        crate::files::write_atomically(path, |file| {
            let mut writer = NpzWriter::new(file);
            let failed = |error: ndarray_npy::WriteNpzError| std::io::Error::other(error.to_string());
            writer.add_array("states", &self.states).map_err(failed)?;
            writer.add_array("actions", &self.actions).map_err(failed)?;
            if let Some(goals) = &self.goals {
                writer.add_array("goals", goals).map_err(failed)?;
            }
            writer.finish().map_err(failed)?;
            Ok(())
        })
        .map_err(io)
    }
}
