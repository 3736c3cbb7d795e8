//! What can be wrong with a system's trajectories.

use crate::dataset::TrajectoryError;
use planwright::quantity::{QuantityError, RecoveryError};

/// Why trajectories cannot be made or measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SystemError {
    /// No such system.
    #[error(
        "expected one of sinusoid, tent, logistic, pendulum, maze2d, got '{0}'\nhint: only these have a recovery rule for their quantity"
    )]
    Name(String),
    /// Settings without sense.
    #[error("{system}: expected {expected}, got {got}")]
    Setting {
        /// Which system.
        system: &'static str,
        /// What would do.
        expected: String,
        /// What was given.
        got: String,
    },
    /// The quantity's distribution cannot be reached with the data at hand.
    #[error(
        "{system}: expected data in every bin of {quantity}, got none between {low:.4} and {high:.4}\nhint: generate more data or narrow the range"
    )]
    EmptyBin {
        /// Which system.
        system: &'static str,
        /// Which quantity.
        quantity: &'static str,
        /// Lower end of the bin.
        low: f64,
        /// Upper end of the bin.
        high: f64,
    },
    /// A quantity outside its range.
    #[error("{system}: expected {quantity} between {low} and {high}, got {got}")]
    OutOfRange {
        /// Which system.
        system: &'static str,
        /// Which quantity.
        quantity: &'static str,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// The value.
        got: f64,
    },
    /// Trajectories of another shape or with NaN.
    #[error(transparent)]
    Trajectories(#[from] TrajectoryError),
    /// Counting.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// Comparing with references.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
}
