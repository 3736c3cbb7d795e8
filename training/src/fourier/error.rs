//! Why a Fourier experiment stops.

use super::head::HeadError;
use planwright::density::DensityError;
use std::path::PathBuf;

/// What can go wrong between a head and a table.
#[derive(Debug, thiserror::Error)]
pub enum FourierError {
    /// The head.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A probability mass function.
    #[error(transparent)]
    Density(#[from] DensityError),
    /// A setting without sense.
    #[error("expected {name} {expected}, got {got}")]
    Setting {
        /// Which one.
        name: &'static str,
        /// What would do.
        expected: String,
        /// What was given.
        got: String,
    },
    /// The fit left the numbers.
    #[error("{run}: expected a finite loss, got {loss} in epoch {epoch}\nhint: another seed, or fewer frequencies")]
    Diverged {
        /// The run or runs.
        run: String,
        /// Epoch, from 0.
        epoch: usize,
        /// The loss.
        loss: f64,
    },
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
    /// A result file that is none.
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
}
