//! The scaling law of the Fourier head (theorem 2.2.3) as an experiment.
//!
//! The theorem truncates a density whose Fourier coefficients fall as 1/k^t to N frequencies, 1 << N < m/2, and says
//! that the smoothness of its m bins is C1 - C2 / N^(2t-1).
//!
//! Its proof (A.8.58 on) sets what a Gaussian of sigma bins takes off frequency k, 1 - h(k), to one. It is
//! 1 - exp(-2 (pi sigma k / m)^2), near one only for k well above m / (2 pi sigma), and the metric's weights favour
//! sigma = 1. So three ranges are measured:
//! * N just below m/2, where even sigma = 1 takes nearly all: there the exponent is 2t - 1;
//! * few frequencies for many bins, 1 << N << m: there most terms are small, and counting them gives 2t - 4 for t > 5/2
//!   and t - 3/2 below;
//! * the widest Gaussian alone, for which the proof's step is sound from small N on: 2t - 1 over a wide range.
//!
//! With t = 4 and more than about 512 bins the growth near m/2 is below double precision.
//!
//! C1 is never reached, as that would take N beyond m/2. The exponent is therefore fitted to differences between
//! neighbouring N, in which C1 does not occur; C1 follows from the fit.
//!
//! The theorem's first part, that more frequencies model more, is seen in the distance of a truncation from the whole
//! density: its square, and with it the divergence, falls as 1 / N^(2t-1).

use planwright::density::{DensityError, FourierDensity, SmoothnessMetric};
use serde::{Deserialize, Serialize};

/// One truncation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScalingRow {
    /// Frequencies that are kept, N.
    pub frequencies: usize,
    /// Smoothness of the bins.
    pub smoothness: f64,
    /// The term of the widest Gaussian in it, without its weight.
    pub widest_distance: f64,
    /// Total variation to the density with all frequencies.
    pub total_variation: f64,
    /// Divergence of the truncation from the density with all frequencies, nats.
    pub kl_nats: f64,
}

/// `C1 - C2 / N^exponent`, fitted over a range of N.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerFit {
    /// Fewest frequencies.
    pub from_frequencies: usize,
    /// Most frequencies.
    pub to_frequencies: usize,
    /// The exponent that was expected here.
    pub expected: f64,
    /// The exponent that was found.
    pub exponent: f64,
    /// The limit, C1.
    pub limit: f64,
    /// The factor, C2.
    pub factor: f64,
    /// Root mean square of the differences' relative errors.
    pub residual: f64,
}

/// What was measured for one rate of decay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScalingLaw {
    /// The coefficients fall as 1/k^decay.
    pub decay: f64,
    /// Number of bins, m.
    pub bins: usize,
    /// All truncations, by rising N.
    pub rows: Vec<ScalingRow>,
    /// Smoothness for N from .42 m to m/2; none where double precision does not see it grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_half: Option<PowerFit>,
    /// Smoothness for N from 12 to m / 64; none if that is no range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub few: Option<PowerFit>,
    /// The widest Gaussian's term, for N from m / 40 (sixteen times where that Gaussian cuts) on, as far as double
    /// precision sees it grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widest: Option<PowerFit>,
}

/// Truncates the density with coefficients `A e^{i phase} / k^decay`, A small enough to keep every truncation
/// positive, and measures the bins.
///
/// # Errors
/// If the bins are too few to have ranges of N (below 128), or the decay is not above 1.
pub fn scaling_law(decay: f64, bins: usize) -> Result<ScalingLaw, DensityError> {
    if bins < LEAST_BINS {
        return Err(DensityError::Count { what: "bins or more", expected: LEAST_BINS, got: bins });
    }
    if !(decay > 1.0 && decay.is_finite()) {
        return Err(DensityError::OutOfRange { low: 1.0, high: f64::INFINITY, value: decay });
    }
    let all = (bins - 1) / 2;
    let coefficients = coefficients(decay, all);
    let (low, high) = (0.42 * bins as f64, all as f64);
    let near = spaced(low, high, 12);
    let few = spaced(12.0, bins as f64 / 64.0, 10);
    let wide = spaced((bins as f64 / 40.0).max(4.0), bins as f64 / 4.0, 24);
    let mut counts = [near.as_slice(), &few, &wide].concat();
    counts.sort_unstable();
    counts.dedup();
    let metric = SmoothnessMetric::new(bins)?;
    let mut whole = vec![0.0; bins];
    FourierDensity::from_coefficients(&coefficients)?.pmf_into(&mut whole)?;
    let mut pmf = vec![0.0; bins];
    let mut rows = Vec::with_capacity(counts.len());
    for frequencies in counts {
        let kept = coefficients.get(..frequencies).unwrap_or(&coefficients);
        FourierDensity::from_coefficients(kept)?.pmf_into(&mut pmf)?;
        rows.push(ScalingRow {
            frequencies,
            smoothness: metric.of(&pmf)?,
            widest_distance: metric.distance(&pmf, SmoothnessMetric::WIDEST)?,
            total_variation: 0.5 * whole.iter().zip(&pmf).map(|(a, b)| (a - b).abs()).sum::<f64>(),
            kl_nats: whole.iter().zip(&pmf).map(|(a, b)| a * (a / b).ln() - a + b).sum(),
        });
    }
    let points = |counts: &[usize], value: fn(&ScalingRow) -> f64| -> Vec<(usize, f64)> {
        rows.iter().filter(|row| counts.contains(&row.frequencies)).map(|row| (row.frequencies, value(row))).collect()
    };
    let theorem = 2.0 * decay - 1.0;
    let sparse = if decay > 2.5 { 2.0 * decay - 4.0 } else { decay - 1.5 };
    let near_half = power_fit(&points(&near, |row| row.smoothness), theorem);
    let widest = power_fit(&points(&wide, |row| row.widest_distance), theorem);
    let few = power_fit(&points(&few, |row| row.smoothness), sparse);
    Ok(ScalingLaw { decay, bins, near_half, few, widest, rows })
}

const LEAST_BINS: usize = 128;

/// A difference that is a smaller share of its value is rounding.
const VISIBLE: f64 = 1e-12;

/// Phases that never repeat, so that the density has no symmetry to profit from.
fn coefficients(decay: f64, count: usize) -> Vec<[f64; 2]> {
    let size: f64 = (1..=count).map(|k| (k as f64).powf(-decay)).sum();
    (1..=count)
        .map(|k| {
            let phase = 2.399_963 * (k * k) as f64;
            let amplitude = 0.45 / size * (k as f64).powf(-decay);
            [amplitude * phase.cos(), amplitude * phase.sin()]
        })
        .collect()
}

/// Numbers from `low` to `high` in even ratios, rounded; without repeats.
fn spaced(low: f64, high: f64, count: usize) -> Vec<usize> {
    if !(low < high) {
        return Vec::new();
    }
    let last = count.saturating_sub(1).max(1) as f64;
    let mut numbers: Vec<usize> =
        (0..count).map(|index| (low * (high / low).powf(index as f64 / last)).round() as usize).collect();
    numbers.dedup();
    numbers
}

/// Least squares of ln(y_{i+1} - y_i) against ln(C2 (N_i^-e - N_{i+1}^-e)). None for fewer than four points.
fn power_fit(points: &[(usize, f64)], expected: f64) -> Option<PowerFit> {
    let seen = points.windows(2).take_while(|pair| match pair {
        [before, after] => after.1 - before.1 > VISIBLE * after.1.abs(),
        _ => false,
    });
    let points = points.get(..=seen.count())?;
    if points.len() < 4 {
        return None;
    }
    let ((from, _), (to, last)) = (points.first()?, points.last()?);
    let misfit = |exponent: f64| -> (f64, f64) {
        let errors: Vec<f64> = points
            .iter()
            .zip(points.iter().skip(1))
            .map(|(before, after)| {
                let falls = (before.0 as f64).powf(-exponent) - (after.0 as f64).powf(-exponent);
                (after.1 - before.1).ln() - falls.ln()
            })
            .collect();
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let square = errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / errors.len() as f64;
        (square, mean.exp())
    };
    let (mut low, mut high) = (0.05, 20.0);
    for _ in 0..120 {
        let third = (high - low) / 3.0;
        if misfit(low + third).0 < misfit(high - third).0 {
            high -= third;
        } else {
            low += third;
        }
    }
    let exponent = 0.5 * (low + high);
    let (square, factor) = misfit(exponent);
    Some(PowerFit {
        from_frequencies: *from,
        to_frequencies: *to,
        expected,
        exponent,
        limit: last + factor * (*to as f64).powf(-exponent),
        factor,
        residual: square.sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(fit: Option<PowerFit>) -> f64 {
        let fit = fit.expect("a range");
        fit.exponent / fit.expected - 1.0
    }

    #[test]
    fn a_power_law_is_found_again() {
        let points: Vec<(usize, f64)> = (10..30).map(|n| (n, 2.0 - 5.0 * (n as f64).powf(-3.3))).collect();
        let fit = power_fit(&points, 3.3).expect("points");
        assert!((fit.exponent - 3.3).abs() < 1e-6 && (fit.limit - 2.0).abs() < 1e-9 && (fit.factor - 5.0).abs() < 1e-3);
        assert!(power_fit(&points[..3], 3.3).is_none());
    }

    #[test]
    fn the_theorem_holds_near_half_the_bins_and_for_wide_gaussians() {
        for decay in [2.0, 3.0, 4.0] {
            let law = scaling_law(decay, 256).expect("a law");
            assert!(relative(law.near_half).abs() < 0.05, "{decay}: {:?}", law.near_half);
            assert!(relative(law.widest).abs() < 0.05, "{decay}: {:?}", law.widest);
        }
    }

    #[test]
    fn smoothness_degrades_and_the_density_comes_nearer() {
        let law = scaling_law(2.0, 512).expect("a law");
        for pair in law.rows.windows(2) {
            assert!(pair[1].smoothness > pair[0].smoothness);
            assert!(pair[1].total_variation < pair[0].total_variation, "{pair:?}");
            assert!(pair[1].kl_nats < pair[0].kl_nats, "{pair:?}");
        }
    }

    #[test]
    fn few_frequencies_for_many_bins_follow_another_law() {
        let law = scaling_law(3.0, 2048).expect("a law");
        let few = law.few.expect("a range");
        assert!((few.exponent - 2.0).abs() < 0.25, "{few:?}");
        assert!(matches!(scaling_law(2.0, 64), Err(DensityError::Count { what: "bins or more", got: 64, .. })));
        for decay in [1.0, f64::NAN] {
            assert!(matches!(scaling_law(decay, 512), Err(DensityError::OutOfRange { low: 1.0, .. })));
        }
    }
}
