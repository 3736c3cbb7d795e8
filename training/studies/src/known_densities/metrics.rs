//! How far a learnt distribution is from the true one, and how jagged it is.

use planwright::density::bin_centre;
use serde::{Deserialize, Serialize};

/// Added to a learnt mass before the logarithm.
const KL_FLOOR: f64 = 1e-10;

/// Mean and deviation of a measure over all test rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pooled {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, dividing by the count.
    pub sd: f64,
    /// Number of rows.
    pub count: usize,
}

impl Pooled {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64;
        Some(Self { mean, sd: variance.sqrt(), count })
    }

    /// All rows of all runs as one.
    pub fn merge(parts: &[Self]) -> Option<Self> {
        let count: usize = parts.iter().map(|part| part.count).sum();
        if count == 0 {
            return None;
        }
        let share = |part: &Self| part.count as f64 / count as f64;
        let mean: f64 = parts.iter().map(|part| share(part) * part.mean).sum();
        let variance: f64 = parts.iter().map(|part| share(part) * (part.sd.powi(2) + (part.mean - mean).powi(2))).sum();
        Some(Self { mean, sd: variance.sqrt(), count })
    }
}

/// What is measured on the test rows of one run. What a head or a task does not have is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityMetrics {
    /// Mean divergence of the learnt from the true distribution, nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// Mean squared error of the expected bin's centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mse: Option<f64>,
    /// Mean squared error of the likeliest bin's centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mse_argmax: Option<f64>,
    /// Smoothness of the learnt distributions; 0 is even.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smoothness: Option<Pooled>,
    /// Exponential of the mean negative log-likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
}

impl DensityMetrics {
    /// By its name in tables.
    pub(super) fn value(&self, metric: &str) -> Option<f64> {
        match metric {
            "kl" => self.kl,
            "mse" => self.mse,
            "mse_argmax" => self.mse_argmax,
            "smoothness" => self.smoothness.map(|pooled| pooled.mean),
            "perplexity" => self.perplexity,
            _ => None,
        }
    }
}

/// Divergence of `learnt` from `truth`, nats. A bin without true mass adds nothing.
pub(super) fn kl(truth: &[f64], learnt: &[f64]) -> f64 {
    let term = |t: f64, p: f64| if t == 0.0 { 0.0 } else { t * (t.ln() - (p + KL_FLOOR).ln()) };
    truth.iter().zip(learnt).map(|(t, p)| term(*t, *p)).sum()
}

/// The same with both masses clamped from below, as the published maximum-likelihood figures have it.
pub(super) fn kl_clamped(truth: &[f64], learnt: &[f64]) -> f64 {
    // A NaN must stay one: f64::max would hide it.
    let clamp = |value: f64| if value < KL_FLOOR { KL_FLOOR } else { value };
    let term = |t: f64, p: f64| t * (t.ln() - p.ln());
    truth.iter().zip(learnt).map(|(t, p)| term(clamp(*t), clamp(*p))).sum()
}

/// The expected bin, rounded; ties to even.
pub(super) fn expected_bin(pmf: &[f64]) -> usize {
    pmf.iter().enumerate().map(|(bin, mass)| bin as f64 * mass).sum::<f64>().round_ties_even() as usize
}

/// The likeliest bin, the first of equals.
pub(super) fn likeliest_bin(pmf: &[f64]) -> usize {
    let first = (0, f64::NEG_INFINITY);
    pmf.iter().enumerate().fold(first, |best, (bin, mass)| if *mass > best.1 { (bin, *mass) } else { best }).0
}

/// Squared distance of two bins' centres.
pub(super) fn squared_error(bin: usize, target: usize, bins: usize) -> f64 {
    (bin_centre(bin, bins) - bin_centre(target, bins)).powi(2)
}

/// Exponential of the mean negative log-likelihood; densities are clamped from below. `None` without values.
pub(super) fn perplexity(densities: &[f64]) -> Option<f64> {
    let clamp = |value: f64| if value < KL_FLOOR { KL_FLOOR } else { value };
    let sum: f64 = densities.iter().map(|density| -clamp(*density).ln()).sum();
    (!densities.is_empty()).then(|| (sum / densities.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) -> bool {
        (got - expected).abs() < 1e-9
    }

    #[test]
    fn divergences_of_hand_computed_pmfs() {
        // 1/2 ln(1/2 / 1/4) + 1/2 ln(1/2 / 3/4) = 1/2 ln(4/3).
        assert!(close(kl(&[0.5, 0.5], &[0.25, 0.75]), 0.5 * (4.0_f64 / 3.0).ln()));
        assert!(close(kl(&[1.0, 0.0], &[0.5, 0.5]), 2.0_f64.ln()));
        assert!(close(kl(&[1.0], &[0.0]), 10.0 * 10.0_f64.ln()));
        assert!(kl(&[0.5, 0.5], &[f64::NAN, 0.5]).is_nan());
        assert!(close(kl_clamped(&[0.5, 0.5], &[0.25, 0.75]), 0.5 * (4.0_f64 / 3.0).ln()));
        // The empty true bin now counts 1e-10 ln(1e-10 / 0.5).
        let clamped = 2.0_f64.ln() + 1e-10 * (2e-10_f64).ln();
        assert!((kl_clamped(&[1.0, 0.0], &[0.5, 0.5]) - clamped).abs() < 1e-15);
        assert!(kl_clamped(&[0.5, 0.5], &[f64::NAN, 0.5]).is_nan());
    }

    #[test]
    fn bins_and_errors_of_hand_computed_pmfs() {
        let pmf = [0.1, 0.2, 0.0, 0.7];
        // 0.2 + 2.1 = 2.3.
        assert_eq!((expected_bin(&pmf), likeliest_bin(&pmf)), (2, 3));
        assert_eq!(expected_bin(&[0.5, 0.0, 0.0, 0.5]), 2);
        assert_eq!(expected_bin(&[0.5, 0.5]), 0);
        assert_eq!(likeliest_bin(&[0.4, 0.4, 0.2]), 0);
        // Four bins on [-1, 1] are half a unit wide.
        assert!(close(squared_error(1, 3, 4), 1.0) && close(squared_error(2, 2, 4), 0.0));
    }

    #[test]
    fn perplexity_is_the_geometric_mean_of_inverse_densities() {
        assert!(perplexity(&[2.0, 0.5]).is_some_and(|value| close(value, 1.0)));
        assert!(perplexity(&[4.0, 1.0]).is_some_and(|value| close(value, 0.5)));
        assert!(perplexity(&[0.0]).is_some_and(|value| (value - 1e10).abs() < 1.0));
        assert!(perplexity(&[f64::NAN]).is_some_and(f64::is_nan));
        assert_eq!(perplexity(&[]), None);
    }

    #[test]
    fn merging_parts_equals_pooling_all() {
        let (left, right) = ([1.0, 2.0, 6.0], [0.5]);
        let all = Pooled::of(&[left.as_slice(), &right].concat()).expect("four values");
        let parts = [Pooled::of(&left).expect("three"), Pooled::of(&right).expect("one")];
        let merged = Pooled::merge(&parts).expect("four values");
        assert!(close(all.mean, 2.375) && close(merged.mean, all.mean) && close(merged.sd, all.sd));
        assert_eq!((merged.count, Pooled::of(&[]), Pooled::merge(&[])), (4, None, None));
    }
}
