//! Reports: plots as SVG, tables as Markdown, written together or not at all.
//!
//! The kit (sheet, panel, bars, curves, markdown, statistics) knows no experiment; the reports of all of them draw with
//! it.

pub(crate) mod bars;
pub(crate) mod curves;
mod error;
pub(crate) mod markdown;
pub(crate) mod panel;
mod section;
pub(crate) mod sheet;
mod statistics;
pub(crate) mod style;

pub use error::ReportError;
pub use section::{Figure, Section, write_sections};
pub use statistics::{Summary, TTest};

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
