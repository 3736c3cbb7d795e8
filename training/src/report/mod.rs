//! Files of a report, written together or not at all.

mod error;

pub use error::ReportError;

use planwright::files::write_atomically;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Writes files that belong together into a folder, which is made if needed. Returns their paths.
pub(crate) fn write_files(folder: &Path, files: Vec<(PathBuf, String)>) -> Result<Vec<PathBuf>, ReportError> {
    std::fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    for (path, text) in &files {
        write_atomically(path, |file| file.write_all(text.as_bytes()))
            .map_err(|source| ReportError::Write { path: path.clone(), source })?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}
