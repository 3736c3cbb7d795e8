//! Output heads of networks: categorical logits, a Fourier density or a Gaussian mixture over [-1, 1].
//!
//! [`HeadSpec`] gives the kind and the sizes, [`Head`] evaluates it in libtorch.

mod forward;
mod spec;

pub use forward::{Head, HeadOutput, HeadWeights};
pub use spec::{HeadError, HeadSpec, Objective};

#[cfg(test)]
mod tests;
