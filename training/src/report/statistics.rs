//! Mean, deviation and the paired test over seeds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Mean and sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation; `None` for a single value.
    pub sd: Option<f64>,
    /// Number of values.
    pub count: usize,
}

impl Summary {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { mean, sd: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()), count })
    }
}

/// A one-sided paired t-test: that the mean difference is above zero (eq. 40).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TTest {
    /// Mean of the differences.
    pub mean: f64,
    /// Their sample standard deviation.
    pub sd: f64,
    /// The statistic.
    pub t: f64,
    /// Probability of at least this statistic if the mean difference were zero.
    pub p: f64,
    /// Number of pairs.
    pub n: usize,
}

impl TTest {
    /// Of differences, one per seed. `None` with fewer than two, or if they do not vary or are not finite: then there
    /// is no statistic.
    pub fn one_sided(differences: &[f64]) -> Option<Self> {
        let Summary { mean, sd, count: n } = Summary::of(differences)?;
        let sd = sd.filter(|sd| *sd > 0.0)?;
        let t = mean / (sd / (n as f64).sqrt());
        t.is_finite().then(|| Self { mean, sd, t, p: upper_tail(t, n - 1), n })
    }
}

/// Probability that Student's t with `freedom` degrees exceeds `t`: the finite series for whole degrees.
fn upper_tail(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    // Even: sin (1 + 1/2 cos^2 + 1*3/(2*4) cos^4 + ...); odd: sin (cos + 2/3 cos^3 + 2*4/(3*5) cos^5 + ...).
    let (mut term, first) = if odd { (cos, 3) } else { (1.0, 2) };
    let mut sum = if freedom == 1 { 0.0 } else { term };
    for divisor in (first..freedom.saturating_sub(1)).step_by(2) {
        term *= cos * cos * (divisor - 1) as f64 / divisor as f64;
        sum += term;
    }
    let within = if odd { 2.0 / PI * (angle + sin * sum) } else { sin * sum };
    0.5 * (1.0 - within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_of_hand_computed_values() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[0.2]), Some(Summary { mean: 0.2, sd: None, count: 1 }));
        assert_eq!(Summary::of(&[1.0, 2.0, 3.0]), Some(Summary { mean: 2.0, sd: Some(1.0), count: 3 }));
    }

    /// Critical values of printed tables.
    #[test]
    fn tails_agree_with_printed_tables() {
        for (freedom, t, p) in [
            (1, 6.314, 0.05),
            (2, 2.920, 0.05),
            (2, 6.965, 0.01),
            (3, 2.353, 0.05),
            (4, 2.132, 0.05),
            (5, 3.365, 0.01),
            (9, 1.833, 0.05),
            (10, 2.764, 0.01),
        ] {
            let got = upper_tail(t, freedom);
            assert!((got - p).abs() < 2e-4 * (p / 0.01), "{freedom} {t}: {got}");
            assert!((upper_tail(-t, freedom) - (1.0 - got)).abs() < 1e-12);
        }
        assert!((upper_tail(0.0, 2) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn test_of_three_pairs_and_of_pairs_without_spread() {
        let Some(test) = TTest::one_sided(&[0.1, 0.2, 0.3]) else { panic!("three pairs make a test") };
        // Mean .2, deviation .1, t = .2 / (.1 / sqrt 3); with two degrees p = (1 - t / sqrt(2 + t^2)) / 2.
        assert!((test.t - 12.0_f64.sqrt()).abs() < 1e-9);
        assert!((test.p - 0.5 * (1.0 - (12.0_f64 / 14.0).sqrt())).abs() < 1e-9);
        assert_eq!(test.n, 3);
        assert_eq!(TTest::one_sided(&[0.1]), None);
        assert_eq!(TTest::one_sided(&[0.5, 0.5, 0.5]), None);
        assert_eq!(TTest::one_sided(&[0.5, f64::NAN, 0.5]), None);
    }
}
