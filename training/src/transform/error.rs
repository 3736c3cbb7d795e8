//! What can be wrong with codes and their pairing.

use super::SystemError;
use planwright::quantity::QuantityError;

/// Why codes cannot be made or paired.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransformError {
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
    /// Fewer codes than a decoder looks at.
    #[error(
        "expected a support of at least k = {k} codes, got {support}\nhint: use more support trajectories or a smaller k"
    )]
    SupportTooSmall {
        /// Neighbours per query.
        k: usize,
        /// Codes there are.
        support: usize,
    },
    /// Codes or trajectories and what belongs to them disagree in number.
    #[error("expected one {what} for each of {count} {of}, got {got}")]
    Count {
        /// What belongs to each.
        what: &'static str,
        /// To each of what.
        of: &'static str,
        /// How many there are of those.
        count: usize,
        /// What was given.
        got: usize,
    },
    /// Values that do not fill whole rows.
    #[error("expected {what} in rows of {dims} values, got {values} values")]
    Shape {
        /// Rows of what.
        what: &'static str,
        /// Values of a row.
        dims: usize,
        /// Values in all.
        values: usize,
    },
    /// NaN or infinity.
    #[error("expected finite {what}, got {value} in row {row}")]
    NotFinite {
        /// What is not finite.
        what: &'static str,
        /// Its row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Nothing to work on.
    #[error("expected at least {least} {what}, got {got}")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many are needed.
        least: usize,
        /// How many there are.
        got: usize,
    },
    /// Measuring the trajectories.
    #[error(transparent)]
    System(#[from] SystemError),
    /// Counting.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
}

/// Refuses rows that are not whole or not finite.
pub(super) fn check_rows(what: &'static str, values: &[f32], dims: usize) -> Result<(), TransformError> {
    if dims == 0 || !values.len().is_multiple_of(dims) {
        return Err(TransformError::Shape { what, dims, values: values.len() });
    }
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((place, value)) => Err(TransformError::NotFinite { what, row: place / dims, value: f64::from(*value) }),
        None => Ok(()),
    }
}
