//! The density of a Fourier head: a truncated Fourier series over [-1, 1] that cannot be negative.
//!
//! The head's outputs a_0, ..., a_N are complex; their autocorrelation c_k = sum_l a_{l+k} conj(a_l) makes
//! p(z) = 1/2 + Re sum_{k=1..N} (c_k / c_0) e^{i k pi z} = |sum_k a_k e^{i k pi z}|^2 / (2 c_0), which is never
//! negative and integrates to one whatever the outputs are. Distribution function and mean have closed forms. Every
//! series is summed by Horner's rule in e^{i pi z}: one sine and one cosine per place, no tables.

use super::bin_centre;
use super::error::{self, DensityError};
use super::quantile::invert;
use rand::RngExt;
use std::f64::consts::PI;

/// A density over [-1, 1] with a fixed number of frequencies. Made once, set as often as a network speaks.
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

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Complex {
    re: f64,
    im: f64,
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

    /// Where the density is largest, in [-1, 1]. Of peaks that are equal to rounding it is one.
    ///
    /// The grid has sixteen points per frequency. By Bernstein's inequality a peak rises less than 2% of the largest
    /// density above the grid point next to it, so every local maximum of the grid that comes as near as 2% to the
    /// best is refined. The place is exact to rounding for a peak that is curved, and to about 1e-8 for a flat one.
    pub fn mode(&self) -> f64 {
        let steps = self.grid_steps();
        let width = 2.0 / steps as f64;
        let at = |step: usize| width * step as f64 - 1.0;
        // The density has period 2: the grid's last point is the neighbour of its first.
        let (mut before, mut here) = (self.series(at(steps - 1)), self.series(-1.0));
        let (mut best_on_grid, mut place, mut value) = (f64::NEG_INFINITY, -1.0, f64::NEG_INFINITY);
        for chunk in (0..steps).step_by(LANES) {
            let afters = self.series_lanes(std::array::from_fn(|lane| at(chunk + lane + 1)));
            for (lane, after) in afters.into_iter().enumerate() {
                best_on_grid = best_on_grid.max(here);
                if here >= before && here > after && here >= PEAK_SHARE * best_on_grid {
                    let (peak, height) = self.refine_peak(at(chunk + lane), width);
                    if height > value {
                        (place, value) = (peak, height);
                    }
                }
                (before, here) = (here, after);
            }
        }
        // A density without any peak is uniform: every place is as good, the middle is the least surprising.
        if value == f64::NEG_INFINITY { 0.0 } else { place }
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

    /// Differential entropy in nats: ln 2 for the uniform density, less (down to negative values) for sharper ones.
    ///
    /// The rectangle rule on even points is exact up to an exponentially small error for a periodic analytic
    /// function, which -p ln p is where the density stays above zero. Where it touches zero it does so at least as
    /// z^2, and the error falls with the cube of the step. The points are doubled until the sum stands still to 1e-9,
    /// at most to 2^16 or, for more than 4096 frequencies, sixteen per frequency. This is
    /// the dearest question: up to 2^16 N products where the density comes near zero.
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
        loop {
            let entropy = sum * width;
            if steps >= limit {
                return entropy;
            }
            sum += terms(steps, 0.5);
            steps *= 2;
            width *= 0.5;
            if (sum * width - entropy).abs() <= ENTROPY_TOLERANCE {
                return sum * width;
            }
        }
    }

    /// Probabilities of even bins over [-1, 1]: the density at their centres, scaled to sum to one. With N below
    /// half the bins that scale is exactly 2 / bins.
    ///
    /// # Errors
    /// If there are not more than 2 N bins.
    pub fn pmf_into(&self, pmf: &mut [f64]) -> Result<(), DensityError> {
        let bins = pmf.len();
        if bins <= 2 * self.frequencies() {
            return Err(DensityError::Aliased { frequencies: self.frequencies(), bins });
        }
        self.at_centres(pmf);
        let sum: f64 = pmf.iter().sum();
        pmf.iter_mut().for_each(|mass| *mass /= sum);
        Ok(())
    }

    fn inverse(&self, probability: f64) -> f64 {
        invert(probability, |z| (self.cdf(z), self.density(z)))
    }

    /// The series as it stands, with period 2.
    fn series(&self, z: f64) -> f64 {
        0.5 + horner(&self.ratios, turn(z)).re
    }

    /// The density at the centres of as many even bins as there are values.
    pub(super) fn at_centres(&self, values: &mut [f64]) {
        let bins = values.len();
        for (index, chunk) in values.chunks_mut(LANES).enumerate() {
            let densities = self.series_lanes(std::array::from_fn(|lane| bin_centre(index * LANES + lane, bins)));
            for (value, density) in chunk.iter_mut().zip(densities) {
                *value = clamp(density, f64::INFINITY);
            }
        }
    }

    /// The series at several places at once: one place alone waits for every product.
    fn series_lanes(&self, z: [f64; LANES]) -> [f64; LANES] {
        let turns = z.map(turn);
        let mut sums = [Complex::default(); LANES];
        for ratio in self.ratios.iter().rev() {
            for (sum, turn) in sums.iter_mut().zip(&turns) {
                *sum = sum.plus(*ratio).times(*turn);
            }
        }
        sums.map(|sum| 0.5 + sum.re)
    }

    /// First and second derivative of the series.
    fn slopes(&self, z: f64) -> (f64, f64) {
        let turn = turn(z);
        let (mut first, mut second) = (Complex::default(), Complex::default());
        for (index, ratio) in self.ratios.iter().enumerate().rev() {
            let rate = (index + 1) as f64 * PI;
            let slope = Complex { re: -rate * ratio.im, im: rate * ratio.re };
            first = first.times(turn).plus(slope);
            second = second.times(turn).plus(Complex { re: -rate * slope.im, im: rate * slope.re });
        }
        (first.times(turn).re, second.times(turn).re)
    }

    /// The top of a peak within a step of its grid point, and its height.
    fn refine_peak(&self, centre: f64, width: f64) -> (f64, f64) {
        let (mut low, mut high) = (centre - width, centre + width);
        for _ in 0..PEAK_SECTIONS {
            let third = (high - low) / 3.0;
            if self.series(low + third) < self.series(high - third) {
                low += third;
            } else {
                high -= third;
            }
        }
        let mut place = 0.5 * (low + high);
        // Heights alone tell places apart to the root of the rounding error; the slope does better.
        for _ in 0..4 {
            let (slope, bend) = self.slopes(place);
            let next = place - slope / bend;
            if !(bend < 0.0 && (next - centre).abs() <= width) {
                break;
            }
            place = next;
        }
        let wrapped = if place < -1.0 {
            place + 2.0
        } else if place > 1.0 {
            place - 2.0
        } else {
            place
        };
        (wrapped, self.series(wrapped))
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

/// Places whose series are summed together.
const LANES: usize = 8;

/// A grid point lower than this share of the best is not next to the highest peak.
const PEAK_SHARE: f64 = 0.98;

/// Each takes a third off the bracket of a peak.
const PEAK_SECTIONS: usize = 30;

const ENTROPY_STEPS: usize = 1 << 16;
const ENTROPY_TOLERANCE: f64 = 1e-9;

impl Complex {
    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

/// e^{i pi z}.
fn turn(z: f64) -> Complex {
    let (im, re) = (PI * z).sin_cos();
    Complex { re, im }
}

/// sum_{k=1..} terms_k turn^k.
fn horner(terms: &[Complex], turn: Complex) -> Complex {
    terms.iter().rev().fold(Complex::default(), |sum, term| sum.plus(*term).times(turn))
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
#[path = "fourier_tests.rs"]
mod tests;
