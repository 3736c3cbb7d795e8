//! What can be wrong with a generator of the ablations.

use planwright::diffusion::ScheduleError;
use planwright_training::dataset::TrajectoryError;

/// Why a generator cannot be fitted or sampled.
#[derive(Debug, thiserror::Error)]
pub enum AblationError {
    /// Settings or sizes without sense.
    #[error("expected {expected}, got {got}")]
    Setting {
        /// What would do.
        expected: String,
        /// What was given.
        got: String,
    },
    /// Trajectories of another shape or with NaN.
    #[error(transparent)]
    Data(#[from] TrajectoryError),
    /// Too little to learn from.
    #[error("expected at least 2 trajectories to learn from, got {got}")]
    TooFew {
        /// How many.
        got: usize,
    },
    /// Trajectories in physical units.
    #[error(
        "expected trajectories normalised to [-1, 1], got {value} in trajectory {trajectory}\nhint: map them by the system's limits first"
    )]
    NotNormalised {
        /// The value.
        value: f32,
        /// Whose it is.
        trajectory: usize,
    },
    /// The fit diverged.
    #[error("expected a finite loss, got {loss} at step {step}\nhint: lower the learning rate")]
    Diverged {
        /// Steps done.
        step: u64,
        /// The loss.
        loss: f64,
    },
    /// Nothing learnt yet.
    #[error("expected a fitted generator, got one before its fit")]
    NotFitted,
    /// A network that gives NaN or infinity.
    #[error("expected finite samples, got {value} in sample {sample}")]
    NotFinite {
        /// The value.
        value: f32,
        /// Which sample.
        sample: usize,
    },
    /// A noise schedule that cannot be made.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The walk from noise to samples failed.
    #[error("sampling failed: {0}")]
    Sampling(String),
    /// libtorch failed.
    #[error("libtorch failed: {0}")]
    Torch(#[from] tch::TchError),
}
