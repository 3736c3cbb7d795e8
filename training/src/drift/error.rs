//! Why a study stops.

use super::mitigation::MitigationError;
use crate::ablation::AblationError;
use crate::export::ExportError;
use crate::fit::{CheckpointError, FitError};
use crate::report::ReportError;
use crate::transform::deviation::DeviationError;
use crate::transform::{SystemError, TransformError};
use planwright::model::ModelError;
use planwright::planner::{PlanError, PlannerError};
use planwright::quantity::QuantityError;
use std::path::PathBuf;

/// What can go wrong between a recipe and a table.
#[derive(Debug, thiserror::Error)]
pub enum DriftError {
    /// The recipe has no such system.
    #[error("expected one of the recipe's systems ({known}), got {got}")]
    NotPlanned {
        /// Systems of the recipe.
        known: String,
        /// What was asked for.
        got: String,
    },
    /// File system.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file of a unit that is none.
    #[error("{path}: expected the result of a unit, got {problem}\nhint: remove the unit's folder to run it again")]
    Unit {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A unit of another recipe.
    #[error(
        "{folder}: expected a unit of this recipe ({expected:.12}), got one of another ({got:.12})\nhint: give another folder with --out, or remove this one"
    )]
    OtherPlan {
        /// The unit's folder.
        folder: PathBuf,
        /// Hash of the plan.
        expected: String,
        /// Hash found.
        got: String,
    },
    /// A model whose engines differ more than a robot should have to bear.
    #[error(
        "{path}: expected engines within {expected:.0e} of libtorch, got {got:.1e}\nhint: ship another seed, or train longer"
    )]
    NotForRobots {
        /// The model.
        path: PathBuf,
        /// The gate's limit.
        expected: f64,
        /// Largest relative difference at export.
        got: f64,
    },
    /// Nothing was left of the samples.
    #[error("{name}: expected admissible samples, got none of {generated}\nhint: train longer")]
    NothingLeft {
        /// The unit.
        name: String,
        /// Samples drawn.
        generated: usize,
    },
    /// The system.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The kernel.
    #[error(transparent)]
    Deviation(#[from] DeviationError),
    /// The mitigations.
    #[error(transparent)]
    Mitigation(#[from] MitigationError),
    /// Codes and their pairing.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// The fit.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The exported file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Setting up the sampling.
    #[error(transparent)]
    Planner(#[from] PlannerError),
    /// Sampling.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Counting.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// The ablations' generators.
    #[error(transparent)]
    Ablation(#[from] AblationError),
    /// Plots and tables.
    #[error(transparent)]
    Report(#[from] ReportError),
}
