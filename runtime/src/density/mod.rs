//! Probability distributions over [-1, 1] as a network's outputs describe them, and their queries in a robot's loop.
//!
//! * [`FourierDensity`]: the density of a Fourier head, from one head's activations, answered in closed form.
//! * [`TemperedDensity`]: the same, sharpened or flattened.
//! * [`Categorical`]: probabilities of even bins, from logits.
//! * [`GaussianMixture`]: the usual parametric head.
//! * [`Binning`]: values of one axis <-> bins <-> places in [-1, 1].
//! * [`SmoothnessMetric`], [`spectral_entropy`]: how much high frequency a row of probabilities holds.
//!
//! Queries in a robot's loop do not allocate: memory is reserved when a distribution is made.

mod binning;
mod categorical;
mod erf;
mod error;
mod fourier;
mod mixture;
mod quantile;
mod smoothness;
mod tempered;
#[cfg(test)]
mod tests;

pub use binning::{Binning, DenseMiddle};
pub use categorical::Categorical;
pub use error::DensityError;
pub use fourier::FourierDensity;
pub use mixture::GaussianMixture;
pub use smoothness::{SmoothnessMetric, smoothness, spectral_entropy};
pub use tempered::TemperedDensity;

/// Centre of one of `bins` even bins over [-1, 1].
pub fn bin_centre(bin: usize, bins: usize) -> f64 {
    (2.0 * bin as f64 + 1.0) / bins as f64 - 1.0
}
