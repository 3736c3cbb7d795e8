//! Mitigations without a transform: inverse reweighting of the data, and conditions on the quantity.

mod condition;
mod reweight;

pub use condition::{QuantityCondition, requested_values};
pub use reweight::{IndexSampler, InverseWeights};
