//! Heads that speak of a continuous value: a density of few frequencies, against free logits and Gaussian mixtures.
//!
//! * [`HeadSpec`] says which head, [`Head`] runs it in libtorch;
//! * [`toy`]: what such heads learn of three distributions that are known exactly.

mod error;
mod forward;
mod head;
pub mod toy;

pub use error::FourierError;
pub use forward::{Head, HeadOutput, HeadWeights};
pub use head::{HeadError, HeadSpec, Objective};

#[cfg(test)]
mod tests;
