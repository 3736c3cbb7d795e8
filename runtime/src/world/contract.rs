//! Violations of the contracts of [`Robot`](super::Robot) and [`Map`](super::Map).

/// A clause of a contract that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {clause}, got {found}\nhint: the contracts stand in the documentation of the traits Robot and Map")]
pub struct BrokenContract {
    /// What has to hold.
    pub clause: &'static str,
    /// The case for which it does not.
    pub found: String,
}

/// Returns a [`BrokenContract`] unless the condition holds. A comparison with NaN does not.
macro_rules! ensure_clause {
    ($holds:expr, $clause:literal, $($found:tt)+) => {
        if !$holds {
            return Err($crate::world::BrokenContract { clause: $clause, found: format!($($found)+) });
        }
    };
}
pub(crate) use ensure_clause;
