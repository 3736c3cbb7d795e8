//! Results of runs as files: written whole, read only by the settings that made them.

use super::FourierError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Write;
use std::path::Path;

/// A run's result that knows which settings made it.
pub(super) trait RunResult: Serialize + DeserializeOwned {
    /// SHA-256 of the settings, hex.
    fn settings_sha256(&self) -> &str;
}

/// A result that is done; `None` if there is none.
///
/// # Errors
/// If the file cannot be read, is no result, or was made with other settings.
pub(super) fn read<R: RunResult>(path: &Path, expected_sha256: &str) -> Result<Option<R>, FourierError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FourierError::Io { path: path.to_owned(), source }),
    };
    let result: R = serde_json::from_slice(&text)
        .map_err(|error| FourierError::Result { path: path.to_owned(), problem: error.to_string() })?;
    let got = result.settings_sha256();
    if got != expected_sha256 {
        let (path, expected, got) = (path.to_owned(), expected_sha256.to_owned(), got.to_owned());
        return Err(FourierError::OtherSettings { path, expected, got });
    }
    Ok(Some(result))
}

/// Writes a result beside its place and renames it.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write<R: RunResult>(path: &Path, result: &R) -> Result<(), FourierError> {
    let io = |source| FourierError::Io { path: path.to_owned(), source };
    let json = serde_json::to_vec(result)
        .map_err(|error| FourierError::Result { path: path.to_owned(), problem: error.to_string() })?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    planwright::files::write_atomically(path, |file| file.write_all(&json)).map_err(io)
}
