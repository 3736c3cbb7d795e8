//! What can be wrong with a mitigation's input.

use planwright::quantity::QuantityError;

/// Why a mitigation cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MitigationError {
    /// A setting without sense.
    #[error("{what}: expected {expected}, got {got}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What would do.
        expected: String,
        /// What was given.
        got: String,
    },
    /// A bin that is wanted, without a trajectory to draw.
    #[error(
        "expected data in every bin that the intended distribution covers, got no trajectory between {low:.4} and {high:.4}\nhint: generate more data, take wider bins or narrow the range"
    )]
    EmptyBin {
        /// Lower end of the bin.
        low: f64,
        /// Upper end of the bin.
        high: f64,
    },
    /// A requested quantity outside its range.
    #[error(
        "expected a quantity between {low} and {high}, got {got}\nhint: the model has learned nothing outside that range"
    )]
    OutOfRange {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// The request.
        got: f64,
    },
    /// Counting.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
}
