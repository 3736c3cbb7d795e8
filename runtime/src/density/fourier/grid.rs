//! Values of a Fourier density on a grid: probabilities of bins, and entropy.

use super::super::bin_centre;
use super::super::error::DensityError;
use super::series::{LANES, horner_lanes, turn};
use super::{FourierDensity, clamp};

impl FourierDensity {
    /// Differential entropy in nats: ln 2 for the uniform density, less (down to negative values) for sharper ones.
    ///
    /// The rectangle rule on even points is exact up to an exponentially small error for a periodic analytic
    /// function, which -p ln p is where the density stays above zero. Where it touches zero it does so at least as
    /// z^2, and the error falls with the cube of the step. The points are doubled until the sum stands still to 1e-9
    /// twice in a row (its error changes sign as the points move past a near zero, so that once may be chance), at
    /// most to 2^16 or, for more than 4096 frequencies, sixteen per frequency. This is the dearest question: up to
    /// 2^16 N products where the density comes near zero.
    pub fn entropy(&self) -> f64 {
        let terms = |steps: usize, shift: f64| -> f64 {
            let width = 2.0 / steps as f64;
            (0..steps)
                .step_by(LANES)
                .flat_map(|chunk| {
                    self.series_lanes(std::array::from_fn(|lane| width * ((chunk + lane) as f64 + shift) - 1.0))
                })
                .map(|density| if density > 0.0 { -density * density.ln() } else { 0.0 })
                .sum()
        };
        let mut steps = self.grid_steps();
        let limit = steps.max(ENTROPY_STEPS);
        let mut width = 2.0 / steps as f64;
        let mut sum = terms(steps, 0.0);
        let mut stood_still = false;
        loop {
            let entropy = sum * width;
            if steps >= limit {
                return entropy;
            }
            sum += terms(steps, 0.5);
            steps *= 2;
            width *= 0.5;
            let stands_still = (sum * width - entropy).abs() <= ENTROPY_TOLERANCE;
            if stood_still && stands_still {
                return sum * width;
            }
            stood_still = stands_still;
        }
    }

    /// Probabilities of even bins over [-1, 1]: the density at their centres, scaled to sum to one. With N up
    /// to half the bins that scale is exactly 2 / bins.
    ///
    /// # Errors
    /// If there are fewer than 2 N bins.
    pub fn pmf_into(&self, pmf: &mut [f64]) -> Result<(), DensityError> {
        let bins = pmf.len();
        if bins < 2 * self.frequencies() {
            return Err(DensityError::Aliased { frequencies: self.frequencies(), bins });
        }
        self.at_centres(pmf);
        let sum: f64 = pmf.iter().sum();
        pmf.iter_mut().for_each(|mass| *mass /= sum);
        Ok(())
    }

    /// The density at the centres of as many even bins as there are values.
    pub(in super::super) fn at_centres(&self, values: &mut [f64]) {
        let bins = values.len();
        for (index, chunk) in values.chunks_mut(LANES).enumerate() {
            let densities = self.series_lanes(std::array::from_fn(|lane| bin_centre(index * LANES + lane, bins)));
            for (value, density) in chunk.iter_mut().zip(densities) {
                *value = clamp(density, f64::INFINITY);
            }
        }
    }

    /// The series at several places at once.
    pub(super) fn series_lanes(&self, z: [f64; LANES]) -> [f64; LANES] {
        horner_lanes(&self.ratios, z.map(turn)).map(|sum| 0.5 + sum.re)
    }
}

const ENTROPY_STEPS: usize = 1 << 16;
const ENTROPY_TOLERANCE: f64 = 1e-9;
