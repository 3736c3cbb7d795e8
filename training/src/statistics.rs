//! Statistics over seeds: mean, standard deviation, quantiles, bootstrap intervals and the paired t-test.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Mean and sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation; `None` for a single value.
    pub sd: Option<f64>,
    /// Number of values.
    #[serde(skip)]
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

    /// `0.123 ± 0.004` with so many decimals.
    pub fn text(&self, decimals: usize) -> String {
        let sd = self.sd.map(|sd| format!(" \u{b1} {sd:.decimals$}")).unwrap_or_default();
        format!("{:.decimals$}{sd}", self.mean)
    }
}

/// Quantile of sorted values, interpolated linearly between order statistics as numpy does; NaN without values.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    at(rank.floor()) + (rank - rank.floor()) * (at(rank.ceil()) - at(rank.floor()))
}

/// Median; `None` without values.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| quantile(&values, 0.5))
}

/// A mean with its 95% interval by resampling the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Mean, or the statistic itself.
    pub mean: f64,
    /// Lower end of the percentile bootstrap; the mean itself for a single seed.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Resamplings per interval.
const RESAMPLINGS: usize = 4000;

impl Interval {
    /// Of a statistic of `count` seeds, as a function of the seeds' indices. `None` without seeds, or if the statistic
    /// is not finite.
    pub fn bootstrap(count: usize, statistic: impl Fn(&[usize]) -> f64) -> Option<Self> {
        let all: Vec<usize> = (0..count).collect();
        let mean = Some(statistic(&all)).filter(|mean| count > 0 && mean.is_finite())?;
        let mut rng = ChaCha8Rng::seed_from_u64(count as u64);
        let mut drawn = vec![0; count];
        let mut values: Vec<f64> = (0..RESAMPLINGS)
            .map(|_| {
                drawn.fill_with(|| rng.random_range(0..count));
                statistic(&drawn)
            })
            .filter(|value| value.is_finite())
            .collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get((share * values.len() as f64) as usize).copied();
        Some(Self { mean, low: at(0.025)?, high: at(0.975)? })
    }

    /// Of the mean of values, one per seed.
    pub fn of(values: &[f64]) -> Option<Self> {
        Self::bootstrap(values.len(), |indices| mean_at(values, indices))
    }
}

/// Mean of the values at some indices.
pub fn mean_at(values: &[f64], indices: &[usize]) -> f64 {
    indices.iter().filter_map(|index| values.get(*index)).sum::<f64>() / indices.len() as f64
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

/// Two-sided sign test: the probability that of `plus + minus` fair coins at least as many fall on one side. 1 for none.
pub fn sign_test(plus: usize, minus: usize) -> f64 {
    let (count, fewer) = (plus + minus, plus.min(minus));
    // Binomial coefficients by their logarithms: 2^-1000 and less are 0.
    let mut log = -(count as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for taken in 0..=fewer {
        tail += log.exp();
        log += ((count - taken) as f64 / (taken + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_test_is_the_binomials_tail() {
        assert_eq!([sign_test(0, 0), sign_test(5, 5)], [1.0, 1.0]);
        assert!((sign_test(10, 0) - 2.0 / 1024.0).abs() < 1e-15);
        assert!((sign_test(1, 9) - 22.0 / 1024.0).abs() < 1e-15);
        // scipy.stats.binomtest(300, 500).pvalue
        assert!((sign_test(300, 200) - 8.940_066_542e-6).abs() < 1e-14, "{}", sign_test(300, 200));
        assert!(sign_test(3000, 0) < 1e-300);
    }

    #[test]
    fn summary_of_hand_computed_values() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[0.2]), Some(Summary { mean: 0.2, sd: None, count: 1 }));
        assert_eq!(Summary::of(&[1.0, 2.0, 3.0]), Some(Summary { mean: 2.0, sd: Some(1.0), count: 3 }));
    }

    #[test]
    fn quantiles_lie_between_order_statistics() {
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|share| quantile(&[1.0, 2.0, 4.0], share)), [1.0, 1.5, 2.0, 4.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn intervals_contain_their_mean_and_refuse_nan() {
        let interval = Interval::of(&[1.0, 2.0, 3.0, 4.0]).expect("values");
        assert!(interval.low < 2.5 && interval.mean == 2.5 && interval.high > 2.5, "{interval:?}");
        assert_eq!(Interval::of(&[7.0]), Some(Interval { mean: 7.0, low: 7.0, high: 7.0 }));
        assert_eq!(Interval::of(&[]), None);
        assert_eq!(Interval::of(&[1.0, f64::NAN]), None);
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
