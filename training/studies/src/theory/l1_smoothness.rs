//! Smoothness with the L1 discrepancy in place of L2: A.9 considers and drops it, because it does not rise with every
//! sine wave of a square wave (figure A17, right).

use super::dft::dft;
use planwright::density::{DensityError, SmoothnessMetric};
use std::f64::consts::PI;

/// The smoothness of definition 2.2.1 with D = L1: sum over sigma = 1 to 100 of 6 / (pi sigma)^2 |y - g_sigma * y|_1.
/// Gaussians and circle are those of [`SmoothnessMetric`].
///
/// # Errors
/// As [`SmoothnessMetric::of`].
pub fn l1_smoothness(metric: &SmoothnessMetric, pmf: &[f64]) -> Result<f64, DensityError> {
    // Refuses what is no row of probabilities.
    metric.of(pmf)?;
    let bins = pmf.len();
    let mut whole: Vec<[f64; 2]> = pmf.iter().map(|mass| [*mass, 0.0]).collect();
    dft(&mut whole, -1.0);
    let mut rest = vec![[0.0; 2]; bins];
    let mut sum = 0.0;
    for sigma in 1..=SmoothnessMetric::WIDEST {
        let removed = metric.removed(sigma)?;
        for (frequency, (rest, whole)) in rest.iter_mut().zip(&whole).enumerate() {
            let distance = frequency.min(bins - frequency);
            let share = distance.checked_sub(1).and_then(|index| removed.get(index)).copied().unwrap_or(0.0);
            *rest = whole.map(|part| part * share);
        }
        dft(&mut rest, 1.0);
        let distance: f64 = rest.iter().map(|[re, _]| re.abs()).sum::<f64>() / bins as f64;
        sum += 6.0 / (PI * sigma as f64).powi(2) * distance;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Straight from the definition: every tap of the circular convolution.
    fn by_definition(pmf: &[f64]) -> f64 {
        let bins = pmf.len() as i64;
        (1..=100)
            .map(|sigma| {
                let gaussian = |tap: i64| (-0.5 * (tap as f64 / f64::from(sigma)).powi(2)).exp();
                let all: f64 = (1 - bins..bins).map(gaussian).sum();
                let distance: f64 = (0..bins)
                    .map(|bin| {
                        let near = |tap: i64| gaussian(tap) / all * pmf[(bin - tap).rem_euclid(bins) as usize];
                        (pmf[bin as usize] - (1 - bins..bins).map(near).sum::<f64>()).abs()
                    })
                    .sum();
                6.0 / (PI * f64::from(sigma)).powi(2) * distance
            })
            .sum()
    }

    #[test]
    fn the_transform_is_the_convolution() {
        for bins in [2, 7, 18, 32] {
            let values: Vec<f64> = (0..bins).map(|bin| 1.1 + (7.0 * f64::from(bin)).sin()).collect();
            let sum: f64 = values.iter().sum();
            let pmf: Vec<f64> = values.iter().map(|value| value / sum).collect();
            let metric = SmoothnessMetric::new(pmf.len()).expect("bins");
            let got = l1_smoothness(&metric, &pmf).expect("a row");
            assert!((got - by_definition(&pmf)).abs() < 1e-13, "{bins}: {got} {}", by_definition(&pmf));
            assert!(got >= metric.of(&pmf).expect("a row"), "the sum is at least the root of squares");
        }
    }

    #[test]
    fn rows_that_are_none_are_refused() {
        let metric = SmoothnessMetric::new(2).expect("bins");
        assert!(matches!(l1_smoothness(&metric, &[0.5, 0.4]), Err(DensityError::Pmf { .. })));
        assert!(matches!(l1_smoothness(&metric, &[f64::NAN, 1.0]), Err(DensityError::NotFinite { index: 0, .. })));
        let short = DensityError::Count { what: "probabilities", expected: 2, got: 1 };
        assert_eq!(l1_smoothness(&metric, &[1.0]), Err(short));
    }
}
