//! The data deviation kernel: predicts from data alone where a model of a given error moves a physical quantity.

mod error;
mod kd_tree;
mod kernel;
mod line;
mod neighbourhood;

pub use error::DeviationError;
pub use kernel::{DeviationKernel, KernelSettings};
pub use neighbourhood::{Density, Pieces};
