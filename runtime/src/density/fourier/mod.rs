//! The density of a Fourier head: a truncated Fourier series over [-1, 1] that cannot be negative.
//!
//! The head's outputs a_0, ..., a_N are complex; their autocorrelation c_k = sum_l a_{l+k} conj(a_l) makes
//! p(z) = 1/2 + Re sum_{k=1..N} (c_k / c_0) e^{i k pi z} = |sum_k a_k e^{i k pi z}|^2 / (2 c_0), which is never
//! negative and integrates to one whatever the outputs are. Distribution function and mean have closed forms. Every
//! series is summed by Horner's rule in e^{i pi z}: one sine and one cosine per place, no tables.

mod grid;
mod peak;
mod series;

use self::series::{Complex, horner, turn};
use super::error::{self, DensityError};
use super::quantile::invert;
use rand::RngExt;
use std::f64::consts::PI;

/// A density over [-1, 1] with a fixed number of frequencies. Made once, set for every output of a network.
#[derive(Clone, Debug)]
pub struct FourierDensity {
    /// a_0, ..., a_N as they came.
    outputs: Vec<Complex>,
    /// c_k / c_0 for k = 1, ..., N.
    ratios: Vec<Complex>,
    /// Those over i k pi: the series of the distribution function.
    integrals: Vec<Complex>,
    /// What the series of the distribution function is at -1.
    start: f64,
}

impl FourierDensity {
    /// More frequencies than this are a mistake.
    pub const MAX_FREQUENCIES: usize = 65_536;

    /// Takes memory for a head with so many frequencies N. Until it is set the density is uniform.
    ///
    /// # Errors
    /// If there are no frequencies or too many.
    pub fn new(frequencies: usize) -> Result<Self, DensityError> {
        if !(1..=Self::MAX_FREQUENCIES).contains(&frequencies) {
            return Err(DensityError::Frequencies { got: frequencies });
        }
        Ok(Self {
            outputs: vec![Complex::default(); frequencies + 1],
            ratios: vec![Complex::default(); frequencies],
            integrals: vec![Complex::default(); frequencies],
            start: 0.0,
        })
    }

    /// A density from its normalised coefficients c_k / c_0 for k = 1 to N, as real and imaginary parts.
    ///
    /// # Errors
    /// If there are none or too many, if one is not finite, or if the series is negative on a fine grid.
    pub fn from_coefficients(coefficients: &[[f64; 2]]) -> Result<Self, DensityError> {
        let mut density = Self::new(coefficients.len())?;
        error::finite("coefficients", coefficients.iter().flatten().copied())?;
        for (ratio, [re, im]) in density.ratios.iter_mut().zip(coefficients) {
            *ratio = Complex { re: *re, im: *im };
        }
        density.integrate();
        let steps = density.grid_steps();
        for step in 0..steps {
            let position = 2.0 * step as f64 / steps as f64 - 1.0;
            let value = density.series(position);
            if !(value >= -error::NEGLIGIBLE) {
                return Err(DensityError::Negative { position, density: value });
            }
        }
        Ok(density)
    }

    /// Takes a head's 2 (N + 1) outputs: first N + 1 real parts, then as many imaginary ones. Allocates nothing.
    /// After an error the density is what it was.
    ///
    /// # Errors
    /// If their number is another, one is not finite, or all are zero.
    pub fn set(&mut self, activations: &[f32]) -> Result<(), DensityError> {
        error::count("activations", 2 * self.outputs.len(), activations.len())?;
        error::finite("activations", activations.iter().map(|value| f64::from(*value)))?;
        let (real, imaginary) = activations.split_at(self.outputs.len());
        for ((output, re), im) in self.outputs.iter_mut().zip(real).zip(imaginary) {
            *output = Complex { re: f64::from(*re), im: f64::from(*im) };
        }
        let power: f64 = self.outputs.iter().map(|output| output.re * output.re + output.im * output.im).sum();
        if !(power >= f64::MIN_POSITIVE) {
            return Err(DensityError::NoPower { power });
        }
        for (index, ratio) in self.ratios.iter_mut().enumerate() {
            let mut sum = Complex::default();
            for (later, earlier) in self.outputs.iter().skip(index + 1).zip(&self.outputs) {
                sum.re += later.re * earlier.re + later.im * earlier.im;
                sum.im += later.im * earlier.re - later.re * earlier.im;
            }
            *ratio = Complex { re: sum.re / power, im: sum.im / power };
        }
        self.integrate();
        Ok(())
    }

    /// Number of frequencies, N.
    pub fn frequencies(&self) -> usize {
        self.ratios.len()
    }

    /// c_k / c_0 for k = 1 to N, as real and imaginary parts.
    pub fn coefficients(&self) -> impl ExactSizeIterator<Item = [f64; 2]> + '_ {
        self.ratios.iter().map(|ratio| [ratio.re, ratio.im])
    }

    /// The density at a place; zero outside [-1, 1], NaN for NaN. What rounding leaves below zero is zero.
    pub fn density(&self, z: f64) -> f64 {
        if z.abs() > 1.0 { 0.0 } else { clamp(self.series(z), f64::INFINITY) }
    }

    /// Mass below a place: 0 below -1, 1 above 1, NaN for NaN.
    pub fn cdf(&self, z: f64) -> f64 {
        if z <= -1.0 {
            0.0
        } else if z >= 1.0 {
            1.0
        } else {
            let turn = turn(z);
            clamp(0.5 * (z + 1.0) + horner(&self.integrals, turn).re - self.start, 1.0)
        }
    }

    /// Mass between two places.
    ///
    /// # Errors
    /// If the interval is reversed or NaN.
    pub fn interval(&self, low: f64, high: f64) -> Result<f64, DensityError> {
        error::ordered(low, high)?;
        Ok((self.cdf(high) - self.cdf(low)).max(0.0))
    }

    /// The place with so much mass below it, to about 1e-14 divided by the density there.
    ///
    /// # Errors
    /// If that is no probability.
    pub fn quantile(&self, probability: f64) -> Result<f64, DensityError> {
        error::probability(probability).map(|probability| self.inverse(probability))
    }

    /// A draw, by inverting the distribution function at one uniform number.
    pub fn sample(&self, rng: &mut impl RngExt) -> f64 {
        self.inverse(rng.random::<f64>())
    }

    /// The mean, in closed form.
    pub fn mean(&self) -> f64 {
        // The integral of z e^{i k pi z} over [-1, 1] is 2 (-1)^k / (i k pi).
        let mut sign = 2.0;
        self.integrals.iter().fold(0.0, |sum, integral| {
            sign = -sign;
            sum + sign * integral.re
        })
    }

    /// The variance, in closed form.
    pub fn variance(&self) -> f64 {
        // The integral of z^2 e^{i k pi z} over [-1, 1] is 4 (-1)^k / (k pi)^2.
        let mut sign = 4.0;
        let square = self.ratios.iter().enumerate().fold(1.0 / 3.0, |sum, (index, ratio)| {
            sign = -sign;
            let rate = (index + 1) as f64 * PI;
            sum + sign * ratio.re / (rate * rate)
        });
        (square - self.mean().powi(2)).max(0.0)
    }

    fn inverse(&self, probability: f64) -> f64 {
        invert(probability, |z| (self.cdf(z), self.density(z)))
    }

    /// The series as it stands, with period 2.
    fn series(&self, z: f64) -> f64 {
        0.5 + horner(&self.ratios, turn(z)).re
    }

    /// Points of the grid, a multiple of the lanes.
    fn grid_steps(&self) -> usize {
        16 * (self.frequencies() + 1)
    }

    fn integrate(&mut self) {
        let mut sign = 1.0;
        self.start = 0.0;
        for (index, (integral, ratio)) in self.integrals.iter_mut().zip(&self.ratios).enumerate() {
            let rate = (index + 1) as f64 * PI;
            *integral = Complex { re: ratio.im / rate, im: -ratio.re / rate };
            sign = -sign;
            self.start += sign * integral.re;
        }
    }
}

/// Between zero and `high`; NaN stays NaN.
fn clamp(value: f64, high: f64) -> f64 {
    if value < 0.0 {
        0.0
    } else if value > high {
        high
    } else {
        value
    }
}

#[cfg(test)]
mod tests;
