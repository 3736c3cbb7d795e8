//! Output heads of networks: categorical logits, a Fourier density or a Gaussian mixture over [-1, 1].
//!
//! [`HeadSettings`] gives the kind and the sizes, [`Head`] evaluates it in libtorch.

mod forward;
mod settings;

pub use forward::{Head, HeadOutput, HeadWeights};
pub use settings::{HeadError, HeadSettings, Objective};

#[cfg(test)]
mod tests;
