//! A Fourier density made sharper or flatter: its power 1/T, scaled to one.

use super::error::{self, DensityError};
use super::fourier::FourierDensity;
use rand::RngExt;

/// A density proportional to p(z)^(1/T) over [-1, 1].
///
/// T = 1 is the density itself, T = 0 its mode. Everything between is not a Fourier series any more and is constant
/// over even cells, as high as the power at their centres: the mode is then known to half a cell. As T falls the
/// mass gathers in the one highest cell.
#[derive(Clone, Copy, Debug)]
pub struct TemperedDensity<'a> {
    shape: Shape<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Shape<'a> {
    Itself(&'a FourierDensity),
    /// Mass up to the end of each cell.
    Cells(&'a [f64]),
    Mode(f64),
}

impl FourierDensity {
    /// The density at a temperature. `cells` is memory that the caller lends: as many cells as it has values are used,
    /// at least eight per frequency. Allocates nothing.
    ///
    /// # Errors
    /// If the temperature is negative or no number, or there are fewer cells than that.
    pub fn with_temperature<'a>(
        &'a self,
        temperature: f64,
        cells: &'a mut [f64],
    ) -> Result<TemperedDensity<'a>, DensityError> {
        let temperature = error::temperature(temperature)?;
        let least = 8 * (self.frequencies() + 1);
        if cells.len() < least {
            return Err(DensityError::Count { what: "cells or more", expected: least, got: cells.len() });
        }
        let shape = if temperature == 1.0 {
            Shape::Itself(self)
        } else if temperature == 0.0 {
            Shape::Mode(self.mode())
        } else {
            self.at_centres(cells);
            // Relative to the highest, so that no power of it can underflow everywhere.
            let highest = cells.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            let mut sum = 0.0;
            for value in cells.iter_mut() {
                sum += (*value / highest).powf(1.0 / temperature);
                *value = sum;
            }
            cells.iter_mut().for_each(|value| *value /= sum);
            Shape::Cells(cells)
        };
        Ok(TemperedDensity { shape })
    }
}

impl TemperedDensity<'_> {
    /// The density at a place; zero outside [-1, 1]. At T = 0 it is infinite at the mode and zero elsewhere.
    pub fn density(&self, z: f64) -> f64 {
        match self.shape {
            Shape::Itself(density) => density.density(z),
            Shape::Cells(_) if z.is_nan() => z,
            Shape::Cells(cells) if z.abs() <= 1.0 => {
                let cell = cell_of(z, cells.len());
                (upto(cells, cell + 1) - upto(cells, cell)) * 0.5 * cells.len() as f64
            }
            Shape::Mode(mode) if z == mode => f64::INFINITY,
            Shape::Mode(_) if z.is_nan() => z,
            Shape::Cells(_) | Shape::Mode(_) => 0.0,
        }
    }

    /// Mass up to a place: 0 below -1, 1 above 1, NaN for NaN.
    pub fn cdf(&self, z: f64) -> f64 {
        match self.shape {
            Shape::Itself(density) => density.cdf(z),
            _ if z.is_nan() => z,
            Shape::Mode(mode) => f64::from(u8::from(z >= mode)),
            Shape::Cells(_) if z <= -1.0 => 0.0,
            Shape::Cells(_) if z >= 1.0 => 1.0,
            Shape::Cells(cells) => {
                let cell = cell_of(z, cells.len());
                let (low, high) = (upto(cells, cell), upto(cells, cell + 1));
                let part = (0.5 * (z + 1.0) * cells.len() as f64 - cell as f64).clamp(0.0, 1.0);
                low + part * (high - low)
            }
        }
    }

    /// The place with so much mass below it.
    ///
    /// # Errors
    /// If that is no probability.
    pub fn quantile(&self, probability: f64) -> Result<f64, DensityError> {
        error::probability(probability).map(|probability| self.inverse(probability))
    }

    /// A draw.
    pub fn sample(&self, rng: &mut impl RngExt) -> f64 {
        self.inverse(rng.random::<f64>())
    }

    fn inverse(&self, probability: f64) -> f64 {
        match self.shape {
            Shape::Itself(density) => density.quantile(probability).unwrap_or(f64::NAN),
            Shape::Mode(mode) => mode,
            Shape::Cells(_) if probability <= 0.0 => -1.0,
            Shape::Cells(_) if probability >= 1.0 => 1.0,
            Shape::Cells(cells) => {
                let cell = cells.partition_point(|upto| *upto < probability).min(cells.len().saturating_sub(1));
                let (low, high) = (upto(cells, cell), upto(cells, cell + 1));
                let part = if high > low { ((probability - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
                (2.0 * (cell as f64 + part) / cells.len() as f64 - 1.0).clamp(-1.0, 1.0)
            }
        }
    }
}

/// Mass of the first so many cells.
fn upto(cells: &[f64], count: usize) -> f64 {
    count.checked_sub(1).and_then(|last| cells.get(last)).copied().unwrap_or(0.0)
}

/// The cell of a place in [-1, 1]; the upper end belongs to the last.
fn cell_of(z: f64, cells: usize) -> usize {
    ((0.5 * (z + 1.0) * cells as f64) as usize).min(cells.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn two_peaks() -> FourierDensity {
        let mut density = FourierDensity::new(3).expect("frequencies");
        density.set(&[1.0, 0.6, -0.4, 0.9, 0.1, -0.5, 0.3, 0.2]).expect("activations");
        density
    }

    #[test]
    fn one_is_the_density_and_zero_its_mode() {
        let density = two_peaks();
        let mut cells = [0.0; 512];
        let same = density.with_temperature(1.0, &mut cells).expect("a temperature");
        for z in [-1.0, -0.3, 0.0, 0.77, 1.0] {
            assert_eq!(same.density(z), density.density(z));
            assert_eq!(same.cdf(z), density.cdf(z));
        }
        let mode = density.mode();
        let mut cells = [0.0; 512];
        let sharp = density.with_temperature(0.0, &mut cells).expect("a temperature");
        assert_eq!(sharp.sample(&mut ChaCha8Rng::seed_from_u64(1)), mode);
        assert_eq!([sharp.cdf(mode - 1e-9), sharp.cdf(mode)], [0.0, 1.0]);
    }

    #[test]
    fn between_it_is_the_power_and_falls_to_the_mode() {
        let density = two_peaks();
        let mut cells = vec![0.0; 4096];
        for temperature in [0.5, 2.0] {
            let tempered = density.with_temperature(temperature, &mut cells).expect("a temperature");
            let (a, b) = (bin(0.3), bin(-0.2));
            let expected = (density.density(a) / density.density(b)).powf(1.0 / temperature);
            assert!((tempered.density(a) / tempered.density(b) - expected).abs() < 1e-9 * expected);
            for step in 1..50 {
                let probability = f64::from(step) / 50.0;
                let z = tempered.quantile(probability).expect("a probability");
                assert!((tempered.cdf(z) - probability).abs() < 1e-12);
            }
        }
        // Nearly one is nearly the density.
        let tempered = density.with_temperature(1.0 + 1e-12, &mut cells).expect("a temperature");
        assert!((tempered.cdf(0.2) - density.cdf(0.2)).abs() < 1e-6);
        for temperature in [1e-3, 1e-9, 1e-300] {
            let tempered = density.with_temperature(temperature, &mut cells).expect("a temperature");
            let z = tempered.quantile(0.5).expect("a probability");
            assert!((z - density.mode()).abs() < 0.02, "{temperature}: {z}");
        }
    }

    /// The centre of one of 4096 cells near a place: the power is exact there.
    fn bin(near: f64) -> f64 {
        super::super::bin_centre(cell_of(near, 4096), 4096)
    }

    #[test]
    fn what_is_no_temperature_is_refused() {
        let density = two_peaks();
        let mut cells = [0.0; 512];
        for temperature in [-1.0, f64::NAN, f64::INFINITY] {
            let refused = density.with_temperature(temperature, &mut cells).map(|_| ());
            assert!(matches!(refused, Err(DensityError::Temperature { .. })), "{refused:?}");
        }
        assert_eq!(
            density.with_temperature(0.5, &mut cells[..31]).expect_err("too few").to_string(),
            "expected 32 cells or more, got 31"
        );
    }
}
