//! Coloured noise as rows of probabilities (A.9, table A1), from smooth to sharp: brown, pink, white, blue. Smoothness
//! puts them in this order; spectral entropy does not.

use super::dft::dft;
use planwright::density::{DensityError, SmoothnessMetric, spectral_entropy};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The bins of table A1. It does not say how many: with these its values come out.
pub const PUBLISHED_BINS: usize = 4096;

/// A colour of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Power falls with the square of the frequency.
    Brown,
    /// Power falls with the frequency.
    Pink,
    /// The same power everywhere.
    White,
    /// Power rises with the frequency.
    Blue,
}

/// One colour's figures over many trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseRow {
    /// The colour.
    pub noise: Noise,
    /// Mean smoothness.
    pub smoothness: f64,
    /// Its standard deviation over the trials.
    pub smoothness_std: f64,
    /// Mean spectral entropy, nats.
    pub spectral_entropy: f64,
    /// Its standard deviation over the trials.
    pub spectral_entropy_std: f64,
}

impl Noise {
    /// From smooth to sharp.
    pub const ALL: [Self; 4] = [Self::Brown, Self::Pink, Self::White, Self::Blue];

    /// What the amplitude of a frequency is multiplied by: the root of the power.
    fn gain(self, frequency: f64) -> f64 {
        match self {
            Self::Brown => 1.0 / frequency,
            Self::Pink => 1.0 / frequency.sqrt(),
            Self::White => 1.0,
            Self::Blue => frequency.sqrt(),
        }
    }

    /// A sample: white noise, coloured, stretched to [0, 1] and scaled to sum to one. `bins` is rounded up to a power
    /// of two.
    pub fn pmf(self, bins: usize, rng: &mut impl RngExt) -> Vec<f64> {
        let bins = bins.next_power_of_two().max(2);
        let mut wave: Vec<[f64; 2]> = (0..bins).map(|_| [rng.sample(StandardNormal), 0.0]).collect();
        dft(&mut wave, -1.0);
        for (index, value) in wave.iter_mut().enumerate() {
            // The constant is lost in the stretching anyway.
            let frequency = index.min(bins - index);
            let gain = if frequency == 0 { 0.0 } else { self.gain(frequency as f64) };
            *value = value.map(|part| part * gain);
        }
        dft(&mut wave, 1.0);
        let (low, high) =
            wave.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), [re, _]| (low.min(*re), high.max(*re)));
        let sum: f64 = wave.iter().map(|[re, _]| (re - low) / (high - low)).sum();
        wave.into_iter().map(|[re, _]| (re - low) / (high - low) / sum).collect()
    }
}

/// Measures every colour. The same seed gives the same figures on any number of threads.
///
/// # Errors
/// If there are fewer than two trials, or no bins or too many.
pub fn noise_rows(bins: usize, trials: usize, seed: u64) -> Result<Vec<NoiseRow>, DensityError> {
    if trials < 2 {
        return Err(DensityError::Count { what: "trials or more", expected: 2, got: trials });
    }
    let metric = SmoothnessMetric::new(bins.checked_next_power_of_two().unwrap_or(0).max(2))?;
    Noise::ALL
        .iter()
        .map(|&noise| {
            let measured = (0..trials)
                .into_par_iter()
                .map(|trial| {
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(trial as u64);
                    let pmf = noise.pmf(bins, &mut rng);
                    Ok((metric.of(&pmf)?, spectral_entropy(&pmf)?))
                })
                .collect::<Result<Vec<(f64, f64)>, DensityError>>()?;
            let (smoothness, smoothness_std) = mean_std(measured.iter().map(|pair| pair.0));
            let (spectral_entropy, spectral_entropy_std) = mean_std(measured.iter().map(|pair| pair.1));
            Ok(NoiseRow { noise, smoothness, smoothness_std, spectral_entropy, spectral_entropy_std })
        })
        .collect()
}

fn mean_std(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let square = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, square.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothness_orders_the_colours_and_spectral_entropy_does_not() {
        let rows = noise_rows(512, 40, 7).expect("rows");
        assert!(rows.windows(2).all(|pair| pair[1].smoothness > pair[0].smoothness), "{rows:?}");
        assert!(rows.windows(2).any(|pair| pair[1].spectral_entropy < pair[0].spectral_entropy), "{rows:?}");
        assert_eq!(rows, noise_rows(512, 40, 7).expect("rows"));
        assert_eq!(noise_rows(512, 1, 7), Err(DensityError::Count { what: "trials or more", expected: 2, got: 1 }));
    }
}
