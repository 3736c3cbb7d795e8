//! What can be wrong with a prediction of the kernel.

use crate::dataset::TrajectoryError;
use crate::transform::SystemError;
use planwright::quantity::QuantityError;

/// Why the kernel cannot be made or its prediction not be counted.
#[derive(Debug, thiserror::Error)]
pub enum DeviationError {
    /// A scale that is none.
    #[error("expected a finite deviation scale of at least 0 (standard deviation in [-1, 1] coordinates), got {0}")]
    Scale(f64),
    /// A run length that is none.
    #[error(
        "expected a finite kernel size of at least 1 (mean run length in time steps), got {0}\nhint: the first layer of the published networks has 5"
    )]
    KernelSize(f64),
    /// Too few data to draw pieces from.
    #[error(
        "expected a support of at least {needed} trajectories to draw pieces from, got {got}\nhint: generate more data"
    )]
    Support {
        /// As many are needed.
        needed: usize,
        /// As many are there.
        got: usize,
    },
    /// No draw per trajectory.
    #[error("expected at least 1 draw per trajectory, got 0")]
    Draws,
    /// A trajectory that is not in the data.
    #[error("expected a trajectory below {count}, got {index}")]
    Index {
        /// Trajectories in the data.
        count: usize,
        /// The requested place.
        index: usize,
    },
    /// Sources and deviated trajectories do not belong together.
    #[error("expected deviated trajectories for each of {sources} sources, a whole number of times, got {deviated}")]
    Pairs {
        /// Undisturbed trajectories.
        sources: usize,
        /// Deviated ones.
        deviated: usize,
    },
    /// A model error that is none.
    #[error("expected a finite mean squared error above 0 in [-1, 1] coordinates, got {0}")]
    Target(f64),
    /// A model error that no scale reaches.
    #[error(
        "expected a mean squared error that the kernel reaches ({reachable_low:.3e} to {reachable_high:.3e} at scales of {scale_low} to {scale_high}), got {target:.3e}\nhint: give the scale instead of matching it"
    )]
    Unreachable {
        /// The error to reach.
        target: f64,
        /// Deviation at the smallest scale tried.
        reachable_low: f64,
        /// Largest deviation that was reached.
        reachable_high: f64,
        /// The smallest scale tried.
        scale_low: f64,
        /// The largest scale tried.
        scale_high: f64,
    },
    /// No noise level to choose from, or a displacement that is no number.
    #[error("expected noise levels and a displacement that are finite numbers, got {problem}")]
    Level {
        /// What is wrong.
        problem: String,
    },
    /// Trajectories of another shape or with NaN.
    #[error(transparent)]
    Trajectories(#[from] TrajectoryError),
    /// Their quantity.
    #[error(transparent)]
    System(#[from] SystemError),
    /// Counting.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
}
