//! The data deviation kernel: predicts from the data alone where a model of a given error moves a physical quantity.
//!
//! ```text
//! data -> pieces per time step -> runs copied from other trajectories -> deviated trajectories
//!      -> recovery rule -> quantity transport T(q'|q) -> predicted marginal, signed drift
//! ```
//!
//! * [`DeviationKernel`] deviates trajectories (Definition 2, appendix C.1): at every step, with probability one over
//!   the kernel size, a state is replaced by one that the data hold nearby at the same step, and the run then copies
//!   the trajectory that holds it. States on a lattice stay on it. Continuous states get a residual Gaussian where the
//!   draws have less than the scale's variance, and a run over them ends when its source leaves the neighbourhood.
//!   Paths between given endpoints keep both, and make no step longer than the longest in the data.
//! * [`QuantityTransport`] counts where the quantity goes; [`Predictor`] does it at one scale or a row of them.
//! * [`matched`] chooses the scale by a model's error at the level that [`matching_level`] names.
//!
//! Nothing here sees a model's samples.

mod error;
mod kd_tree;
mod kernel;
mod matching;
mod neighbourhood;
mod runs;
mod sorted_axis;
mod sweep;
#[cfg(test)]
mod testing;
mod transport;

pub use error::DeviationError;
pub use kernel::{DeviationKernel, KernelSettings};
pub use matching::{matched, matching_level, mean_squared_deviation, median_displacement};
pub use neighbourhood::{Density, Pieces, common_cutoff};
pub use sweep::{Prediction, Predictor, ScaleRow, ScaleSweep, published_scales};
pub use transport::QuantityTransport;
