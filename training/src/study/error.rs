//! Errors of studies.

use crate::dataset::TrajectoryError;
use crate::export::ExportError;
use crate::fit::{CheckpointError, FitError};
use crate::head::HeadError;
use crate::transform::deviation::DeviationError;
use crate::transform::{SystemError, TransformError};
use planwright::density::DensityError;
use planwright::diffusion::ScheduleError;
use planwright::model::ModelError;
use planwright::planner::{PlanError, PlannerError};
use planwright::quantity::QuantityError;
use std::path::PathBuf;

/// Why a study stops.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// A setting out of its range.
    #[error("expected {name} {expected}, got {got}")]
    Setting {
        /// Which one.
        name: String,
        /// Its range.
        expected: String,
        /// The given value.
        got: String,
    },
    /// A loss that is not finite.
    #[error(
        "{cell}: expected a finite loss, got {loss} in epoch {epoch}\nhint: another seed, or a lower learning rate"
    )]
    Diverged {
        /// The cell or cells.
        cell: String,
        /// Epoch, from 0.
        epoch: usize,
        /// The loss.
        loss: f64,
    },
    /// A density head.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A probability mass function.
    #[error(transparent)]
    Density(#[from] DensityError),
    /// libtorch.
    #[error("expected tensors of the network's shapes, got {0}")]
    Tensor(#[from] tch::TchError),
    /// File system.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file that holds no result.
    #[error("{path}: expected the result of a run, got {problem}\nhint: remove the file to run it again")]
    Result {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A result of other settings.
    #[error(
        "{path}: expected a result of these settings ({expected:.12}), got one of others ({got:.12})\nhint: give another folder with --out, or remove this one"
    )]
    OtherSettings {
        /// The file.
        path: PathBuf,
        /// Hash of the settings.
        expected: String,
        /// Hash found.
        got: String,
    },
    /// A plot.
    #[error("cannot draw {file}: {problem}")]
    Draw {
        /// Which plot.
        file: String,
        /// What the drawing library reports.
        problem: String,
    },
    /// What a study's own input is wrong in.
    #[error(transparent)]
    Input(Box<dyn std::error::Error + Send + Sync>),
    /// A study's own failure that no other input would mend.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl StudyError {
    /// A setting out of its range.
    pub fn setting(name: impl Into<String>, expected: impl Into<String>, got: impl ToString) -> Self {
        Self::Setting { name: name.into(), expected: expected.into(), got: got.to_string() }
    }

    /// What a study's own input is wrong in.
    pub fn input(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Input(error.into())
    }

    /// A study's own failure that no other input would mend.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// 2 for wrong usage or input, 1 for failures that no other input would mend.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Diverged { .. } | Self::Tensor(_) | Self::Draw { .. } | Self::Failed(_) => 1,
            _ => 2,
        }
    }
}

macro_rules! from_below {
    ($($error:ty => $kind:ident),* $(,)?) => {$(
        impl From<$error> for StudyError {
            fn from(error: $error) -> Self {
                Self::$kind(Box::new(error))
            }
        }
    )*};
}

// Errors of the layers below pass on by `?`; failures that no other input would mend are not the caller's.
from_below! {
    CheckpointError => Input,
    DeviationError => Input,
    ExportError => Failed,
    ModelError => Input,
    PlanError => Input,
    PlannerError => Input,
    QuantityError => Input,
    ScheduleError => Input,
    SystemError => Input,
    TrajectoryError => Input,
    TransformError => Input,
}

impl From<FitError> for StudyError {
    fn from(error: FitError) -> Self {
        match error {
            FitError::Diverged { .. } => Self::failed(error),
            other => Self::input(other),
        }
    }
}
