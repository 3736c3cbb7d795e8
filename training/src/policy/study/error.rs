//! Why a comparison stops.

use crate::export::ExportError;
use crate::fit::{CheckpointError, FitError};
use std::path::PathBuf;

/// Why a study stops.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The study's file.
    #[error("{path}: {problem}\nhint: the studies lie in training/recipes")]
    File {
        /// The file.
        path: PathBuf,
        /// Where, expected and got.
        problem: String,
    },
    /// A cell's fit.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A cell's checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A cell's export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Driving an exported policy.
    #[error(transparent)]
    Drive(#[from] planwright::evaluate::PolicyDriveError),
    /// Opening an exported policy.
    #[error(transparent)]
    Model(#[from] planwright::model::ModelError),
    /// A cell of another study.
    #[error(
        "{folder}: expected a cell of this study ({expected:.12}), got one of another ({got:.12})\nhint: give another folder with --out, or remove this one"
    )]
    OtherPlan {
        /// The cell's folder.
        folder: PathBuf,
        /// Hash of the plan.
        expected: String,
        /// Hash found.
        got: String,
    },
    /// A file of a cell.
    #[error("{path}: {problem}")]
    Cell {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}
