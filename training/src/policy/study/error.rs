//! Why a comparison stops.

use crate::policy::{PolicyError, PolicyRecipeError};
use std::path::PathBuf;

/// Why a study stops.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The study's file.
    #[error(transparent)]
    Recipe(#[from] PolicyRecipeError),
    /// A cell's fit or export.
    #[error(transparent)]
    Policy(Box<PolicyError>),
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

impl From<PolicyError> for StudyError {
    fn from(error: PolicyError) -> Self {
        Self::Policy(Box::new(error))
    }
}
