//! How far counts stray from a distribution by chance alone.
//!
//! The total variation between a distribution and the counts of n independent draws from it is never zero, and
//! its mean is of the size of `sqrt(bins / n)`: without knowing that, every small sample looks like drift.
//!
//! The mean is exact: it is half the sum of the bins' mean absolute deviations, for which De Moivre found a closed
//! form. The variance is exact per bin, and takes the bins' dependence from the normal distribution that counts
//! approach. Quantiles are those of the chi distribution with this mean and variance: for two bins it is the limit
//! itself, for many it is nearly normal. A unit test holds all of it against simulation.

use super::marginal::Marginal;
use serde::Serialize;

/// 97.5% of a standard normal lie below.
const Z: f64 = 1.959_963_984_540_054;

/// Where the total variation of independent draws lies in 95 of 100 cases; 2.5 lie above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SamplingInterval {
    /// Lower end.
    pub low: f64,
    /// Mean.
    pub mean: f64,
    /// Upper end.
    pub high: f64,
}

/// Answers for one distribution and any number of draws, without allocating.
#[derive(Clone, Debug)]
pub struct Sampling {
    mass: Vec<f64>,
    /// What the bins' dependence adds to the variance of their summed deviations, times the number of draws.
    dependence: f64,
    /// ln 0!, ln 1!, ...
    ln_factorials: Vec<f64>,
}

impl Sampling {
    /// For draws from `intended`, up to `max_draws` of them.
    pub fn new(intended: &Marginal, max_draws: usize) -> Self {
        let mass: Vec<f64> = intended.mass().iter().copied().filter(|mass| *mass > 0.0 && *mass < 1.0).collect();
        let mut ln_factorials = Vec::with_capacity(max_draws + 1);
        let mut sum = 0.0;
        ln_factorials.push(sum);
        for number in 1..=max_draws {
            sum += (number as f64).ln();
            ln_factorials.push(sum);
        }
        Self { dependence: dependence(&mass), mass, ln_factorials }
    }

    /// Where the total variation of so many draws lies by chance. More draws than were planned for count as many
    /// as were. No draws say nothing: 0 to 1.
    pub fn interval(&self, draws: usize) -> SamplingInterval {
        let draws = draws.min(self.ln_factorials.len().saturating_sub(1));
        if draws == 0 {
            return SamplingInterval { low: 0.0, mean: 1.0, high: 1.0 };
        }
        let count = draws as f64;
        let (mut mean, mut variance) = (0.0, self.dependence / count);
        for mass in &self.mass {
            let deviation = self.mean_deviation(draws, *mass) / count;
            mean += deviation;
            variance += mass * (1.0 - mass) / count - deviation * deviation;
        }
        let (mean, spread) = (0.5 * mean, 0.5 * variance.max(0.0).sqrt());
        if !(mean > 0.0) {
            return SamplingInterval::default();
        }
        let degrees = chi_degrees((spread / mean).powi(2));
        let unit = mean / chi_mean(degrees);
        let end = |z: f64| (unit * chi_quantile(degrees, z)).clamp(0.0, 1.0);
        SamplingInterval { low: end(-Z), mean, high: end(Z) }
    }

    /// E|X - np| of a binomial count (De Moivre): 2 (1 - p) k C(n, k) p^k (1 - p)^(n - k), k = floor(np) + 1.
    fn mean_deviation(&self, draws: usize, mass: f64) -> f64 {
        let next = ((draws as f64 * mass) as usize + 1).min(draws);
        let ln = |number: usize| self.ln_factorials.get(number).copied().unwrap_or(f64::NAN);
        let ln_choices = ln(draws) - ln(next) - ln(draws - next);
        let ln_chance = next as f64 * mass.ln() + (draws - next) as f64 * (-mass).ln_1p();
        2.0 * (1.0 - mass) * next as f64 * (ln_choices + ln_chance).exp()
    }
}

/// Twice the sum over pairs of bins of the covariance of two absolute deviations, for one draw, as two normal
/// variables with the bins' variances and correlation have it.
fn dependence(mass: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (place, one) in mass.iter().enumerate() {
        for other in mass.iter().take(place) {
            let variances = one * (1.0 - one) * other * (1.0 - other);
            let correlation = -(one * other / ((1.0 - one) * (1.0 - other))).sqrt().min(1.0);
            let root = (1.0 - correlation * correlation).max(0.0).sqrt();
            sum += variances.sqrt() * (root + correlation * correlation.asin() - 1.0);
        }
    }
    sum * 4.0 / std::f64::consts::PI
}

/// Mean of the chi distribution: sqrt(2) times gamma((v + 1) / 2) over gamma(v / 2). The series holds for large v;
/// the recurrence mean(v) = mean(v + 2) v / (v + 1) leads there.
fn chi_mean(degrees: f64) -> f64 {
    let far = degrees + 4.0;
    let series = 1.0 - 0.25 / far + 1.0 / (32.0 * far.powi(2)) + 5.0 / (128.0 * far.powi(3));
    far.sqrt() * series * (degrees + 2.0) / (degrees + 3.0) * degrees / (degrees + 1.0)
}

/// Degrees of freedom of the chi distribution with this variance over squared mean; at least 1, because two bins
/// have it and more bins have more.
fn chi_degrees(ratio: f64) -> f64 {
    let (mut few, mut many) = (1.0_f64, 1e6_f64);
    for _ in 0..40 {
        let middle = (few * many).sqrt();
        if middle / chi_mean(middle).powi(2) - 1.0 > ratio {
            few = middle;
        } else {
            many = middle;
        }
    }
    few
}

/// The chi distribution's quantile for the standard normal's quantile `z` (Wilson and Hilferty).
fn chi_quantile(degrees: f64, z: f64) -> f64 {
    let spread = 2.0 / (9.0 * degrees);
    (degrees * (1.0 - spread + z * spread.sqrt()).max(0.0).powi(3)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::grid::QuantityGrid;
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn marginal(weights: &[f64]) -> Marginal {
        let grid = QuantityGrid::new(0.0, 1.0, weights.len()).expect("a range");
        Marginal::from_weights(grid, weights.to_vec()).expect("masses")
    }

    /// Total variations of `rounds` samples, in order.
    fn simulated(marginal: &Marginal, draws: usize, rounds: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mass = marginal.mass();
        let mut all: Vec<f64> = (0..rounds)
            .map(|_| {
                let mut counts = vec![0.0_f64; mass.len()];
                for _ in 0..draws {
                    let mut rest = rng.random::<f64>();
                    let bin = mass.iter().position(|mass| {
                        rest -= mass;
                        rest < 0.0
                    });
                    counts[bin.unwrap_or(mass.len() - 1)] += 1.0;
                }
                0.5 * counts.iter().zip(mass).map(|(count, mass)| (count / draws as f64 - mass).abs()).sum::<f64>()
            })
            .collect();
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn means_and_ends_are_those_of_a_simulation() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let slope: Vec<f64> = (1..=16).map(f64::from).collect();
        let with_gaps = [3.0, 0.0, 1.0, 1.0, 0.0, 5.0];
        let cases: [(&[f64], usize); 9] = [
            (&[1.0; 2], 400),
            (&[1.0; 4], 100),
            (&[1.0; 16], 25),
            (&[1.0; 16], 100),
            (&[1.0; 16], 500),
            (&[1.0; 64], 200),
            (&slope, 60),
            (&with_gaps, 200),
            (&[0.9, 0.05, 0.03, 0.02], 300),
        ];
        let rounds = 2000;
        for (weights, draws) in cases {
            let marginal = marginal(weights);
            let interval = Sampling::new(&marginal, draws).interval(draws);
            let sample = simulated(&marginal, draws, rounds, &mut rng);
            let mean = sample.iter().sum::<f64>() / rounds as f64;
            // Five standard errors of the simulation, whose spread is about a third of the interval.
            let error = 5.0 * (interval.high - interval.low) / 3.0 / (rounds as f64).sqrt();
            assert!((interval.mean - mean).abs() < error, "{weights:?} {draws}: {interval:?}, {mean}");
            // Counts are whole, so ends are between two values that a sample can have, 1/n apart.
            let share = |bound: f64| sample.iter().filter(|value| **value > bound).count() as f64 / rounds as f64;
            let step = 1.0 / draws as f64;
            assert!(share(interval.high + step) < 0.035, "{weights:?} {draws}: {}", share(interval.high));
            assert!(share(interval.high - step) > 0.015, "{weights:?} {draws}: {}", share(interval.high));
            assert!(share(interval.low - step) > 0.965, "{weights:?} {draws}: {}", share(interval.low));
        }
    }

    #[test]
    fn the_mean_deviation_of_one_draw_is_right() {
        // One draw: the bin that is hit is off by 1 - p, the others by p.
        let weights = [0.5, 0.3, 0.2];
        let expected: f64 = weights.iter().map(|p| p * (1.0 - p)).sum();
        let interval = Sampling::new(&marginal(&weights), 10).interval(1);
        assert!((interval.mean - expected).abs() < 1e-12, "{interval:?}");
    }

    #[test]
    fn chi_has_its_known_figures() {
        assert!((chi_mean(1.0) - (2.0 / std::f64::consts::PI).sqrt()).abs() < 1e-4);
        assert!((chi_mean(2.0) - (std::f64::consts::PI / 2.0).sqrt()).abs() < 1e-4);
        assert!((chi_degrees(10.0 / chi_mean(10.0).powi(2) - 1.0) - 10.0).abs() < 1e-3);
        // 97.5% of |Z| and of the chi distribution with 10 degrees.
        assert!((chi_quantile(1.0, Z) - 2.2414).abs() < 0.03);
        assert!((chi_quantile(10.0, Z) - 20.483_f64.sqrt()).abs() < 0.01);
    }

    #[test]
    fn no_draws_and_no_choice_have_an_answer() {
        assert_eq!(Sampling::new(&marginal(&[1.0; 4]), 5).interval(0).high, 1.0);
        assert_eq!(Sampling::new(&marginal(&[1.0]), 5).interval(3), SamplingInterval::default());
        let sampling = Sampling::new(&marginal(&[1.0; 4]), 5);
        assert_eq!(sampling.interval(500), sampling.interval(5));
    }
}
