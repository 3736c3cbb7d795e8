//! Errors of drift studies: those of the rooms below, and two of their own.

use super::mitigation::MitigationError;
use crate::ablation::generators::AblationError;
use planwright::model::ModelError;
use planwright::planner::{PlanError, PlannerError};
use planwright::quantity::QuantityError;
use planwright_training::export::ExportError;
use planwright_training::fit::{CheckpointError, FitError};
use planwright_training::study::StudyError;
use planwright_training::transform::deviation::DeviationError;
use planwright_training::transform::{SystemError, TransformError};
use std::path::PathBuf;

/// What can go wrong between a recipe and a table.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs)] // each passes on the error that it is named after
pub enum DriftError {
    /// A model whose engines differ by more than the gate's own limit.
    #[error(
        "{path}: expected engines within {expected:.0e} of libtorch, got {got:.1e}\nhint: release another seed, or train longer"
    )]
    NotForRobots {
        /// The model.
        path: PathBuf,
        /// The gate's limit.
        expected: f64,
        /// Largest relative difference at export.
        got: f64,
    },
    /// No sample was admissible.
    #[error("{name}: expected admissible samples, got none of {generated}\nhint: train longer")]
    NothingLeft {
        /// The fit.
        name: String,
        /// Samples drawn.
        generated: usize,
    },
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Deviation(#[from] DeviationError),
    #[error(transparent)]
    Mitigation(#[from] MitigationError),
    #[error(transparent)]
    Transform(#[from] TransformError),
    #[error(transparent)]
    Fit(#[from] FitError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Planner(#[from] PlannerError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    #[error(transparent)]
    Ablation(#[from] AblationError),
}

/// Failures that no other input would mend are not the caller's.
impl From<DriftError> for StudyError {
    fn from(error: DriftError) -> Self {
        match error {
            DriftError::Study(error) => error,
            DriftError::Fit(FitError::Diverged { .. }) | DriftError::NothingLeft { .. } | DriftError::Export(_) => {
                Self::Failed(Box::new(error))
            }
            other => Self::Input(Box::new(other)),
        }
    }
}
