//! Why a report cannot be written.

use std::path::PathBuf;

/// One clear line each.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A number that is none, or that cannot be what it says it is.
    #[error("{place}: expected {expected}, got {got}")]
    Value {
        /// Which entry of the results.
        place: String,
        /// What would do.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// A plot.
    #[error("cannot draw {file}: {problem}")]
    Draw {
        /// Which plot.
        file: String,
        /// What the drawing library says.
        problem: String,
    },
    /// JSON.
    #[error("cannot write the results as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file or folder.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
