//! Results of cells as JSON files in a folder, each readable only with the settings that made it.

use super::{Cell, StudyError};
use planwright::files::{describe, make_folder, write_atomically};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A study's folder.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What a folder holds of some cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Done<R> {
    /// Results, in the order of the cells.
    pub results: Vec<R>,
    /// Paths of cells without a result.
    pub missing: Vec<String>,
}

impl<R> Default for Done<R> {
    fn default() -> Self {
        Self { results: Vec::new(), missing: Vec::new() }
    }
}

impl Store {
    /// A folder, which is made when the first result is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes the folder.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn make(&self) -> Result<(), StudyError> {
        let io = |source| StudyError::Io { path: self.folder.clone(), source };
        make_folder(&self.folder).map_err(io)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of a cell, such as a checkpoint (`safetensors`), beside its result (`json`).
    pub fn file<C: Cell>(&self, cell: &C, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", cell.path()))
    }

    /// The result of a cell; `None` if there is none.
    ///
    /// # Errors
    /// If the file cannot be read, is no result, or was made with other settings.
    pub fn read<C: Cell>(&self, cell: &C) -> Result<Option<C::Output>, StudyError> {
        let path = self.file(cell, "json");
        // Reading a pipe would wait, and a device may have no end.
        if let Some(kind) = std::fs::metadata(&path).ok().map(|found| found.file_type()).filter(|kind| !kind.is_file())
        {
            return Err(StudyError::Result { path, problem: describe(kind).to_owned() });
        }
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StudyError::Io { path, source }),
        };
        let output: C::Output = match serde_json::from_slice(&text) {
            Ok(output) => output,
            Err(error) => return Err(StudyError::Result { path, problem: error.to_string() }),
        };
        let (expected, got) = (cell.sha256(), C::sha256_of(&output));
        if got != expected {
            return Err(StudyError::OtherSettings { path, expected, got: got.into_owned() });
        }
        Ok(Some(output))
    }

    /// Writes a result: the file is whole or not there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write<C: Cell>(&self, cell: &C, output: &C::Output) -> Result<(), StudyError> {
        let path = self.file(cell, "json");
        let json = serde_json::to_vec(output)
            .map_err(|error| StudyError::Result { path: path.clone(), problem: error.to_string() })?;
        write_file(&path, &json)
    }

    /// Reads the results of cells and makes none.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn done<C: Cell>(&self, cells: &[C]) -> Result<Done<C::Output>, StudyError> {
        let mut done = Done::default();
        for cell in cells {
            match self.read(cell)? {
                Some(output) => done.results.push(output),
                None => done.missing.push(cell.path()),
            }
        }
        Ok(done)
    }
}

/// Writes a file as a whole; its folder is made if needed.
///
/// # Errors
/// If it cannot be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
    let io = |source| StudyError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        make_folder(folder).map_err(io)?;
    }
    write_atomically(path, |file| file.write_all(bytes)).map_err(io)
}
