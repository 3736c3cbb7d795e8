//! KernelSynth: samples of Gaussian processes whose kernels are random sums and products of simple ones.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use std::f64::consts::PI;

/// Most kernels in one composition.
const MOST: usize = 5;
/// Seasonal periods in steps: the published ones that fit into half a series of 256.
const PERIODS: [f64; 14] = [4.0, 6.0, 7.0, 10.0, 12.0, 14.0, 24.0, 26.0, 30.0, 40.0, 48.0, 52.0, 60.0, 96.0];
/// Added to the diagonal first, as a share of the mean variance; ten times as much after each failure.
const JITTER: f64 = 1e-6;
/// Failures until a composition is given up.
const ATTEMPTS: usize = 5;

/// A kernel over places in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kernel {
    /// One value everywhere.
    Constant,
    /// A line through a random offset of this deviation.
    Linear(f64),
    /// Smooth, of this length scale.
    Smooth(f64),
    /// Smooth on many scales, of this mixture parameter.
    Rational(f64),
    /// Repeats after this share of the series.
    Periodic(f64),
    /// Noise of this variance.
    White(f64),
}

impl Kernel {
    /// The bank that compositions are drawn from, for series of so many steps.
    pub(super) fn bank(length: usize) -> Vec<Self> {
        let periodic = PERIODS.iter().map(|period| Self::Periodic(period / length as f64));
        let others = [
            Self::Linear(0.0),
            Self::Linear(1.0),
            Self::Linear(10.0),
            Self::Smooth(0.1),
            Self::Smooth(1.0),
            Self::Smooth(10.0),
            Self::Rational(0.1),
            Self::Rational(1.0),
            Self::Rational(10.0),
            Self::White(0.1),
            Self::White(1.0),
            Self::Constant,
        ];
        periodic.chain(others).collect()
    }

    /// Covariance of the values at two places.
    pub(super) fn at(self, x: f64, y: f64) -> f64 {
        let square = (x - y).powi(2);
        match self {
            Self::Constant => 1.0,
            Self::Linear(offset) => offset * offset + x * y,
            Self::Smooth(length) => (-0.5 * square / (length * length)).exp(),
            Self::Rational(alpha) => (1.0 + 0.5 * square / alpha).powf(-alpha),
            Self::Periodic(period) => (-2.0 * (PI * (x - y) / period).sin().powi(2)).exp(),
            Self::White(variance) => {
                if x == y {
                    variance
                } else {
                    0.0
                }
            }
        }
    }
}

/// A lower triangle, row by row.
struct Triangle {
    size: usize,
    values: Vec<f64>,
}

impl Triangle {
    fn of(kernel: Kernel, size: usize) -> Self {
        let place = |step: usize| step as f64 / (size.max(2) - 1) as f64;
        let row = |row: usize| (0..=row).map(move |column| kernel.at(place(row), place(column)));
        Self { size, values: (0..size).flat_map(row).collect() }
    }

    fn row(&self, row: usize) -> &[f64] {
        let first = row * (row + 1) / 2;
        self.values.get(first..=first + row).unwrap_or_default()
    }

    /// L of L L' = this + jitter on the diagonal; `None` if it is not positive definite.
    fn cholesky(&self, jitter: f64) -> Option<Self> {
        let mut factor = Self { size: self.size, values: Vec::with_capacity(self.values.len()) };
        for row in 0..self.size {
            let mut line: Vec<f64> = Vec::with_capacity(row + 1);
            for (column, value) in self.row(row).iter().enumerate() {
                let dot = |other: &[f64]| -> f64 { line.iter().zip(other).map(|(a, b)| a * b).sum() };
                let entry = if column == row {
                    let rest = value + jitter - dot(&line);
                    if !(rest > 0.0) {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    let above = factor.row(column);
                    (value - dot(above)) / above.last().copied()?
                };
                line.push(entry);
            }
            factor.values.extend(line);
        }
        Some(factor)
    }
}

/// Draws of a composition of one to five kernels, each of `length` steps. Empty if its covariance cannot be factored.
pub(super) fn draws(rng: &mut impl Rng, length: usize, count: usize) -> Vec<Vec<f64>> {
    let bank = Kernel::bank(length);
    let mut sum: Option<Triangle> = None;
    for _ in 0..rng.random_range(1..=MOST) {
        let Some(kernel) = bank.get(rng.random_range(0..bank.len())) else { continue };
        let multiply = rng.random::<bool>();
        let next = Triangle::of(*kernel, length);
        match &mut sum {
            None => sum = Some(next),
            Some(sum) => {
                for (value, other) in sum.values.iter_mut().zip(&next.values) {
                    *value = if multiply { *value * other } else { *value + other };
                }
            }
        }
    }
    // Drawn first, so that what follows in the stream does not depend on rounding in the factor.
    let noise: Vec<Vec<f64>> = (0..count).map(|_| (0..length).map(|_| rng.sample(StandardNormal)).collect()).collect();
    let Some(factor) = sum.and_then(|sum| factor(&sum)) else { return Vec::new() };
    let times = |noise: &Vec<f64>| -> Vec<f64> {
        (0..length).map(|row| factor.row(row).iter().zip(noise).map(|(a, b)| a * b).sum()).collect()
    };
    noise.iter().map(times).collect()
}

fn factor(covariance: &Triangle) -> Option<Triangle> {
    let trace: f64 = (0..covariance.size).filter_map(|row| covariance.row(row).last()).sum();
    let mut jitter = JITTER * trace / covariance.size.max(1) as f64;
    for _ in 0..ATTEMPTS {
        if let Some(factor) = covariance.cholesky(jitter) {
            return Some(factor);
        }
        jitter *= 10.0;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn kernels_by_hand() {
        for (kernel, expected) in [
            (Kernel::Constant, 1.0),
            (Kernel::Linear(10.0), 100.0 + 0.08),
            (Kernel::Smooth(0.1), (-2.0_f64).exp()),
            (Kernel::Rational(1.0), 1.0 / 1.02),
            (Kernel::Periodic(0.2), 1.0),
            (Kernel::Periodic(0.4), (-2.0_f64).exp()),
            (Kernel::White(0.1), 0.0),
        ] {
            assert!((kernel.at(0.4, 0.2) - expected).abs() < 1e-12, "{kernel:?}: {}", kernel.at(0.4, 0.2));
        }
        assert_eq!(Kernel::White(0.1).at(0.3, 0.3), 0.1);
        assert_eq!(Kernel::bank(256).len(), 26);
    }

    #[test]
    fn the_factor_times_itself_is_the_covariance() {
        let covariance = Triangle::of(Kernel::Rational(0.1), 9);
        let factor = covariance.cholesky(0.0).expect("positive definite");
        for row in 0..9 {
            for (column, expected) in covariance.row(row).iter().enumerate() {
                let got: f64 = factor.row(row).iter().zip(factor.row(column)).map(|(a, b)| a * b).sum();
                assert!((got - expected).abs() < 1e-12, "{row} {column}");
            }
        }
        assert!(Triangle::of(Kernel::Constant, 3).cholesky(-2.0).is_none());
    }

    #[test]
    fn draws_have_the_covariance_of_their_kernel() {
        let factor = factor(&Triangle::of(Kernel::Smooth(1.0), 2)).expect("a factor");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut sum, count) = (0.0, 20_000);
        for _ in 0..count {
            let noise = [rng.sample::<f64, _>(StandardNormal), rng.sample(StandardNormal)];
            let value = |row: usize| -> f64 { factor.row(row).iter().zip(noise).map(|(a, b)| a * b).sum() };
            sum += value(0) * value(1);
        }
        assert!((sum / f64::from(count) - (-0.5_f64).exp()).abs() < 0.03);
    }

    #[test]
    fn the_same_stream_gives_the_same_draws() {
        let draw = |seed| draws(&mut ChaCha8Rng::seed_from_u64(seed), 32, 2);
        for seed in 0..20 {
            let series = draw(seed);
            assert_eq!(series, draw(seed));
            assert!(series.iter().flatten().all(|value| value.is_finite()), "{seed}");
            assert_eq!((series.len(), series[0].len()), (2, 32), "{seed}");
        }
        assert_ne!(draw(1), draw(2));
    }
}
