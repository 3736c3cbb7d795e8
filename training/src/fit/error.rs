//! Errors of a fit.

use super::CheckpointError;
use crate::dataset::WindowError;
use crate::dataset::corridors::DriveError;
use crate::head::HeadError;
use planwright::density::DensityError;
use planwright::diffusion::ScheduleError;
use planwright::world::LayoutError;
use planwright::world::map::grid::GridError;
use std::path::PathBuf;

/// Why a fit failed.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// The recipe's layout.
    #[error("data.layout: {0}")]
    Layout(#[from] LayoutError),
    /// A generated map.
    #[error("data: {0}")]
    Map(#[from] GridError),
    /// Recorded drives.
    #[error("data.drives: {0}")]
    Drives(#[from] DriveError),
    /// The recipe's windows.
    #[error(transparent)]
    Windows(#[from] WindowError),
    /// The recipe's schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The bins of an action.
    #[error("head: {0}")]
    Bins(#[from] DensityError),
    /// The recipe's head.
    #[error("head: {0}")]
    Head(#[from] HeadError),
    /// An action outside all bins.
    #[error("episode {episode}, step {step}, action_{}: {problem}", if *.axis == 0 { "x" } else { "y" })]
    Action {
        /// Which episode, from 0.
        episode: usize,
        /// Which of its steps, from 0.
        step: usize,
        /// Which coordinate, from 0.
        axis: usize,
        /// Expected and got.
        problem: DensityError,
    },
    /// Reading or writing checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Output folder.
    #[error("{path}: {source}\nhint: choose a folder that can be written with --out")]
    Output {
        /// The folder or file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A run is there already.
    #[error("{0}: expected no checkpoint, got one\nhint: --resume goes on from it; another --out starts anew")]
    Exists(PathBuf),
    /// Nothing to resume.
    #[error("{0}: expected a checkpoint to resume from, got none\nhint: leave out --resume to start")]
    NothingToResume(PathBuf),
    /// Rows, weights or conditions that do not fit the recipe.
    #[error("expected {expected}, got {got}")]
    Data {
        /// What would do.
        expected: String,
        /// What was given.
        got: String,
    },
    /// No such device here.
    #[error(
        "expected a CUDA device, got a libtorch without one\nhint: --device cpu, or use a CUDA libtorch (LIBTORCH)"
    )]
    NoCuda,
    /// The loss is NaN or infinite: the last checkpoint is kept.
    #[error(
        "expected a finite loss, got none at step {step}; the checkpoint of step {kept} is kept\nhint: lower training.optimiser.learning_rate"
    )]
    Diverged {
        /// Where it happened.
        step: u64,
        /// Last good checkpoint.
        kept: u64,
    },
}
