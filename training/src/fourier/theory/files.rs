//! Measured figures as a file.

use super::Theory;
use crate::fourier::FourierError;
use std::io::Write as _;
use std::path::Path;

const FILE: &str = "theory.json";

/// The figures in a run folder; `None` if there are none.
///
/// # Errors
/// If the file cannot be read or is of another kind.
pub fn read(folder: &Path) -> Result<Option<Theory>, FourierError> {
    let path = folder.join(FILE);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| FourierError::Result { path, problem: error.to_string() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FourierError::Io { path, source }),
    }
}

/// Writes the figures into a run folder, which is made if needed.
///
/// # Errors
/// If the file cannot be written.
pub fn write(folder: &Path, theory: &Theory) -> Result<(), FourierError> {
    let path = folder.join(FILE);
    let io = |source| FourierError::Io { path: path.clone(), source };
    let json = serde_json::to_vec_pretty(theory)
        .map_err(|error| FourierError::Result { path: path.clone(), problem: error.to_string() })?;
    std::fs::create_dir_all(folder).map_err(io)?;
    planwright::files::write_atomically(&path, |file| file.write_all(&json)).map_err(io)
}
