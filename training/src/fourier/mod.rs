//! Heads that speak of a continuous value: a density of few frequencies, against free logits and Gaussian mixtures.
//!
//! * [`HeadSpec`] says which head, [`Head`] runs it in libtorch;
//! * [`theory`]: what can be checked of such a head without a network;
//! * [`toy`]: what such heads learn of three distributions that are known exactly;
//! * [`numbers`]: a small model that is asked for Gaussian numbers with two decimals;
//! * [`forecast`]: such heads over thousands of tokens, in a network that forecasts series.

mod absolute;
mod adam;
mod error;
pub mod forecast;
mod forward;
mod head;
mod lanes;
mod noise;
pub mod numbers;
mod order;
mod results;
mod scaling;
mod square_wave;
pub mod theory;
pub mod toy;
mod transform;

pub use absolute::absolute_smoothness;
pub use error::FourierError;
pub use forward::{Head, HeadOutput, HeadWeights};
pub use head::{HeadError, HeadSpec, Objective};
pub use lanes::LaneOptions;
pub use noise::{Noise, NoiseRow, PUBLISHED_BINS as NOISE_BINS, noise_rows};
pub use scaling::{PowerFit, ScalingLaw, ScalingRow, scaling_law};
pub use square_wave::{PUBLISHED_BINS as SQUARE_WAVE_BINS, SquareWaveRow, square_wave, square_waves};

#[cfg(test)]
mod tests;
