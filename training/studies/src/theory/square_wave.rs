//! Square waves as rows of probabilities (A.9, figures A16 and A17): with every sine wave more they hold more high
//! frequency, and a measure of smoothness should say so.

use super::l1_smoothness::l1_smoothness;
use planwright::density::{DensityError, SmoothnessMetric, bin_centre, spectral_entropy};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// The bins at which the check was published: one per sample at 2048 Hz.
pub const PUBLISHED_BINS: usize = 2048;

/// One truncated square wave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SquareWaveRow {
    /// Sine waves in it: harmonics 1, 3, 5, ...
    pub waves: usize,
    /// Its smoothness.
    pub smoothness: f64,
    /// The same with absolute differences, see [`l1_smoothness`].
    pub smoothness_l1: f64,
    /// Its spectral entropy, nats.
    pub spectral_entropy: f64,
}

/// The sum of so many odd harmonics over one period, cut off below zero and scaled to sum to one.
///
/// # Errors
/// If there are no waves, or the bins are too few for the highest of them.
pub fn square_wave(bins: usize, waves: usize) -> Result<Vec<f64>, DensityError> {
    let highest = (2 * waves).saturating_sub(1);
    if highest == 0 {
        return Err(DensityError::Frequencies { got: 0 });
    }
    if bins < 2 * highest {
        return Err(DensityError::Aliased { frequencies: highest, bins });
    }
    let height = |bin: usize| {
        let angle = PI * bin_centre(bin, bins);
        let sum: f64 = (1..=highest).step_by(2).map(|harmonic| (harmonic as f64 * angle).sin() / harmonic as f64).sum();
        sum.max(0.0)
    };
    let mut pmf: Vec<f64> = (0..bins).map(height).collect();
    let sum: f64 = pmf.iter().sum();
    pmf.iter_mut().for_each(|mass| *mass /= sum);
    Ok(pmf)
}

/// Measures the square waves of the given numbers of sine waves.
///
/// # Errors
/// As [`square_wave`].
pub fn square_waves(bins: usize, waves: &[usize]) -> Result<Vec<SquareWaveRow>, DensityError> {
    let metric = SmoothnessMetric::new(bins)?;
    waves
        .par_iter()
        .map(|&waves| {
            let pmf = square_wave(bins, waves)?;
            Ok(SquareWaveRow {
                waves,
                smoothness: metric.of(&pmf)?,
                smoothness_l1: l1_smoothness(&metric, &pmf)?,
                spectral_entropy: spectral_entropy(&pmf)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wave_is_half_a_sine() {
        let pmf = square_wave(8, 1).expect("a wave");
        assert_eq!(&pmf[..4], [0.0; 4]);
        let expected = (PI / 8.0).sin() / (2.0 * ((PI / 8.0).sin() + (3.0 * PI / 8.0).sin()));
        assert!((pmf[4] - expected).abs() < 1e-15 && (pmf[7] - expected).abs() < 1e-15);
        assert_eq!(square_wave(8, 0), Err(DensityError::Frequencies { got: 0 }));
        assert_eq!(square_wave(8, 3), Err(DensityError::Aliased { frequencies: 5, bins: 8 }));
    }

    #[test]
    fn smoothness_rises_with_every_wave() {
        let waves: Vec<usize> = (1..=24).collect();
        let rows = square_waves(512, &waves).expect("waves");
        assert!(rows.windows(2).all(|pair| pair[1].smoothness > pair[0].smoothness), "{rows:?}");
        assert!(rows[0].smoothness < 0.2 * rows[23].smoothness, "{rows:?}");
        assert!(rows.windows(2).any(|pair| pair[1].spectral_entropy < pair[0].spectral_entropy), "{rows:?}");
    }
}
