//! Why a file is no map.

use super::super::{LayoutError, grid::GridError};
use std::path::{Path, PathBuf};

/// What is wrong with a file of a map or a set of maps.
#[derive(Debug, thiserror::Error)]
pub enum MapFileError {
    /// A file or folder that cannot be read.
    #[error("{path}: expected {expected}, got {got}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What belongs there.
        expected: String,
        /// What is there.
        got: String,
    },
    /// A field of a file.
    #[error("{path}: {fault}")]
    Field {
        /// The file.
        path: PathBuf,
        /// The field and what is wrong with it.
        fault: Box<FieldFault>,
    },
    /// A layout or a name of one.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// What is wrong with the bytes of a file, wherever they came from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FieldFault {
    /// A value that does not belong there.
    #[error("{field}: expected {expected}, got {got}{}", hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default())]
    Value {
        /// The field: a key, an array, a part of the header or a line.
        field: String,
        /// What belongs there.
        expected: String,
        /// What is there.
        got: String,
        /// What helps.
        hint: Option<&'static str>,
    },
    /// Cells that make no grid.
    #[error("{field}: {source}")]
    Grid {
        /// The field.
        field: String,
        /// What is wrong.
        source: GridError,
    },
    /// Rows of a MovingAI map.
    #[error("{0}")]
    Rows(LayoutError),
}

impl FieldFault {
    /// A value that does not belong there.
    pub(super) fn new(field: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Value { field: field.into(), expected: expected.into(), got: got.into(), hint: None }
    }

    /// With a hint.
    pub(super) fn hint(mut self, text: &'static str) -> Self {
        if let Self::Value { hint, .. } = &mut self {
            *hint = Some(text);
        }
        self
    }

    /// With the file's name.
    pub(super) fn of(self, path: &Path) -> MapFileError {
        MapFileError::Field { path: path.to_owned(), fault: Box::new(self) }
    }
}

impl MapFileError {
    /// A file that cannot be read.
    pub(super) fn read(path: &Path, expected: impl Into<String>, got: impl ToString) -> Self {
        Self::Read { path: path.to_owned(), expected: expected.into(), got: got.to_string() }
    }
}
