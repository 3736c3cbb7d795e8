//! How much high frequency a row of probabilities holds.

use super::binning::Binning;
use super::error::{self, DensityError};
use std::f64::consts::PI;

/// The smoothness of definition 2.2.2: s(y) = sum over sigma = 1 to 100 of 6 / (pi sigma)^2 |y - g_sigma * y|_2.
///
/// 0 is the smoothest, the uniform distribution. The Gaussian reaches over m - 1 bins to either side, sums to one,
/// and the bins close to a circle. The definition's sum has no end; it is cut at 100 as where it was first computed,
/// which drops weights of .006 in all.
///
/// A circular convolution is a product of Fourier coefficients, so the Gaussians are kept as what they take off each
/// frequency, and one row costs one transform: made once for a number of bins, then called often.
#[derive(Clone, Debug)]
pub struct SmoothnessMetric {
    bins: usize,
    /// For each sigma, what is taken off frequency 1, 2, ..., bins / 2.
    removed: Vec<Vec<f64>>,
    circle: Circle,
}

impl SmoothnessMetric {
    /// Widest Gaussian, in bins.
    pub const WIDEST: usize = 100;

    /// For rows of so many bins.
    ///
    /// # Errors
    /// If there are no bins or too many.
    pub fn new(bins: usize) -> Result<Self, DensityError> {
        if !(1..=Binning::MAX_BINS).contains(&bins) {
            return Err(DensityError::Bins { got: bins });
        }
        let circle = Circle::new(bins);
        let removed = (1..=Self::WIDEST).map(|sigma| removed(bins, sigma as f64, &circle)).collect();
        Ok(Self { bins, removed, circle })
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The smoothness of a row of probabilities.
    ///
    /// # Errors
    /// If it has another number of bins, a value is negative or not finite, or the sum is not 1 to 1e-3.
    pub fn of(&self, pmf: &[f64]) -> Result<f64, DensityError> {
        let power = self.power(pmf)?;
        let distance = |removed: &Vec<f64>| distance(&power, removed, self.bins);
        Ok(self.removed.iter().enumerate().map(|(index, removed)| weight(index + 1) * distance(removed)).sum())
    }

    /// |y - g_sigma * y|_2 for one Gaussian of a width in bins, the term of the sum without its weight.
    ///
    /// # Errors
    /// As [`SmoothnessMetric::of`], and if the width is not between 1 and [`SmoothnessMetric::WIDEST`].
    pub fn distance(&self, pmf: &[f64], sigma: usize) -> Result<f64, DensityError> {
        Ok(distance(&self.power(pmf)?, self.removed(sigma)?, self.bins))
    }

    /// What a Gaussian of a width in bins takes off the frequencies 1, 2, ..., bins / 2: shares of their amplitudes.
    ///
    /// # Errors
    /// If the width is not between 1 and [`SmoothnessMetric::WIDEST`].
    pub fn removed(&self, sigma: usize) -> Result<&[f64], DensityError> {
        let outside = || DensityError::OutOfRange { low: 1.0, high: Self::WIDEST as f64, value: sigma as f64 };
        sigma.checked_sub(1).and_then(|index| self.removed.get(index)).map(Vec::as_slice).ok_or_else(outside)
    }

    /// |Y_k|^2 for k = 1, ..., bins / 2.
    fn power(&self, pmf: &[f64]) -> Result<Vec<f64>, DensityError> {
        error::count("probabilities", self.bins, pmf.len())?;
        error::pmf(pmf)?;
        Ok((1..=self.bins / 2).map(|frequency| self.circle.power(pmf, frequency)).collect())
    }
}

/// The smoothness of one row of probabilities; for many rows make a [`SmoothnessMetric`].
///
/// # Errors
/// As [`SmoothnessMetric::of`].
pub fn smoothness(pmf: &[f64]) -> Result<f64, DensityError> {
    SmoothnessMetric::new(pmf.len())?.of(pmf)
}

/// Spectral entropy in nats: the Shannon entropy of the power of the frequencies 0 to bins / 2, as shares of their
/// sum.
///
/// This is equation A.9.2. What it leaves open is taken so that the values of its table A1 come out: the constant
/// frequency counts as one of them, each frequency counts once (not again for its mirror image), and the logarithm is
/// natural although the equation writes one to base two. It is not divided by its largest value, ln(bins / 2 + 1).
///
/// # Errors
/// If there are no bins, a value is negative or not finite, or the sum is not 1 to 1e-3.
pub fn spectral_entropy(pmf: &[f64]) -> Result<f64, DensityError> {
    error::pmf(pmf)?;
    let circle = Circle::new(pmf.len());
    let powers: Vec<f64> = (0..=pmf.len() / 2).map(|frequency| circle.power(pmf, frequency)).collect();
    let total: f64 = powers.iter().sum();
    Ok(powers.iter().map(|power| power / total).filter(|share| *share > 0.0).map(|share| -share * share.ln()).sum())
}

fn weight(sigma: usize) -> f64 {
    6.0 / (PI * sigma as f64).powi(2)
}

/// Plancherel: every frequency but 0 and half the bins stands for itself and its mirror image.
fn distance(power: &[f64], removed: &[f64], bins: usize) -> f64 {
    let sum: f64 = power
        .iter()
        .zip(removed)
        .enumerate()
        .map(|(index, (power, removed))| {
            let twice = if 2 * (index + 1) == bins { 1.0 } else { 2.0 };
            twice * power * removed * removed
        })
        .sum();
    (sum / bins as f64).sqrt()
}

/// 1 minus the Gaussian's Fourier coefficients at frequency 1 to bins / 2. As a sum of 1 - cos it does not cancel where
/// the Gaussian is narrow and the frequency low.
fn removed(bins: usize, sigma: f64, circle: &Circle) -> Vec<f64> {
    let gaussian = |tap: usize| (-0.5 * (tap as f64 / sigma).powi(2)).exp();
    // A tap to either side at every distance below `bins`; past that many sigmas it is below rounding.
    let reach = (bins - 1).min((9.0 * sigma).ceil() as usize);
    let sum = 1.0 + 2.0 * (1..=reach).map(gaussian).sum::<f64>();
    // Folded onto the circle: a tap at distance d is one at bins - d to the other side.
    let mut folded = vec![0.0; bins / 2 + 1];
    for tap in 1..=reach {
        if let Some(value) = folded.get_mut(tap.min(bins - tap)) {
            *value += 2.0 * gaussian(tap) / sum;
        }
    }
    let taps: Vec<(usize, f64)> =
        folded.into_iter().enumerate().filter(|(tap, value)| *tap > 0 && *value > 0.0).collect();
    (1..=bins / 2)
        .map(|frequency| taps.iter().map(|(tap, value)| value * circle.versine(frequency * tap)).sum())
        .collect()
}

/// Even angles around a circle.
#[derive(Clone, Debug)]
struct Circle {
    points: Vec<Angle>,
}

#[derive(Clone, Copy, Debug)]
struct Angle {
    sin: f64,
    cos: f64,
    /// 1 - cos, as 2 sin^2 of half the angle.
    versine: f64,
}

impl Circle {
    fn new(bins: usize) -> Self {
        let angle = |bin: usize| {
            let half = PI * bin as f64 / bins as f64;
            let (sin, cos) = (2.0 * half).sin_cos();
            Angle { sin, cos, versine: 2.0 * half.sin().powi(2) }
        };
        Self { points: (0..bins).map(angle).collect() }
    }

    fn versine(&self, steps: usize) -> f64 {
        self.points.get(steps % self.points.len()).map_or(0.0, |angle| angle.versine)
    }

    /// Power of a row at a frequency.
    fn power(&self, row: &[f64], frequency: usize) -> f64 {
        let bins = self.points.len();
        let (mut re, mut im, mut place) = (0.0, 0.0, 0);
        for value in row {
            if let Some(angle) = self.points.get(place) {
                re += value * angle.cos;
                im -= value * angle.sin;
            }
            place += frequency;
            if place >= bins {
                place -= bins;
            }
        }
        re * re + im * im
    }
}

#[cfg(test)]
mod tests {
    use super::super::bin_centre;
    use super::*;

    fn one_hot(bins: usize) -> Vec<f64> {
        (0..bins).map(|bin| f64::from(u8::from(bin == bins / 3))).collect()
    }

    fn normalised(bins: usize, of: impl Fn(f64) -> f64) -> Vec<f64> {
        let values: Vec<f64> = (0..bins).map(|bin| of(bin_centre(bin, bins))).collect();
        let sum: f64 = values.iter().sum();
        values.into_iter().map(|value| value / sum).collect()
    }

    fn alternating(bins: usize) -> Vec<f64> {
        (0..bins).map(|bin| (bin % 2) as f64 / (bins / 2) as f64).collect()
    }

    /// Straight from the definition: every tap of the circular convolution.
    fn by_definition(pmf: &[f64]) -> f64 {
        let bins = pmf.len() as i64;
        (1..=100)
            .map(|sigma| {
                let gaussian = |tap: i64| (-0.5 * (tap as f64 / sigma as f64).powi(2)).exp();
                let sum: f64 = (1 - bins..bins).map(gaussian).sum();
                let square: f64 = (0..bins)
                    .map(|bin| {
                        let smooth: f64 = (1 - bins..bins)
                            .map(|tap| gaussian(tap) / sum * pmf[(bin - tap).rem_euclid(bins) as usize])
                            .sum();
                        (pmf[bin as usize] - smooth).powi(2)
                    })
                    .sum();
                weight(sigma) * square.sqrt()
            })
            .sum()
    }

    #[test]
    fn independent_values_are_met() {
        let bump = |bins| normalised(bins, |b| (-(b - 0.2_f64).powi(2) / 0.02).exp());
        let wave = |bins| normalised(bins, |b| 0.5 + 0.3 * (3.0 * PI * b).cos());
        for (pmf, expected) in [
            (one_hot(18), 0.776_394_492_7),
            (one_hot(50), 0.775_611_592_9),
            (one_hot(256), 0.775_501_843_3),
            (bump(18), 0.263_164_708_2),
            (bump(50), 0.068_025_623_0),
            (bump(256), 0.005_700_496_3),
            (wave(18), 0.062_658_906_7),
            (wave(50), 0.015_586_270_3),
            (alternating(18), 0.232_516_600_1),
            (alternating(50), 0.139_346_521_1),
            (vec![0.02; 50], 0.0),
        ] {
            let got = smoothness(&pmf).expect("a row");
            assert!((got - expected).abs() < 1e-9, "{} bins: {got} {expected}", pmf.len());
        }
    }

    #[test]
    fn the_transform_is_the_convolution() {
        for bins in [1, 2, 3, 7, 18, 51] {
            let pmf = normalised(bins, |b| 1.1 + (7.0 * b).sin() * (3.0 * b).cos());
            let got = smoothness(&pmf).expect("a row");
            assert!((got - by_definition(&pmf)).abs() < 1e-14, "{bins}: {got} {}", by_definition(&pmf));
        }
        let (metric, pmf) = (SmoothnessMetric::new(18).expect("bins"), one_hot(18));
        let sum: f64 = (1..=100).map(|sigma| weight(sigma) * metric.distance(&pmf, sigma).expect("a width")).sum();
        assert!((sum - metric.of(&pmf).expect("a row")).abs() < 1e-15);
    }

    #[test]
    fn spectral_entropy_counts_frequencies() {
        assert!(spectral_entropy(&[0.125; 8]).expect("a row").abs() < 1e-12);
        // An impulse has the same power everywhere: frequencies 0 to 4.
        let impulse = spectral_entropy(&one_hot(8)).expect("a row");
        assert!((impulse - 5.0_f64.ln()).abs() < 1e-12);
        // Constant and one wave of half its height: powers 1 and 1/16.
        let wave = spectral_entropy(&normalised(16, |b| 1.0 + 0.5 * (PI * b).cos())).expect("a row");
        let share = 1.0 / 17.0_f64;
        assert!((wave + share * share.ln() + (1.0 - share) * (1.0 - share).ln()).abs() < 1e-12);
    }

    #[test]
    fn rows_that_are_none_are_refused() {
        for row in [vec![0.5, 0.4], vec![1.5, -0.5], vec![f64::NAN, 1.0]] {
            for refused in [smoothness(&row), spectral_entropy(&row)] {
                assert!(
                    matches!(refused, Err(DensityError::Pmf { .. } | DensityError::NotFinite { .. })),
                    "{refused:?}"
                );
            }
        }
        assert_eq!(smoothness(&[]), Err(DensityError::Bins { got: 0 }));
        assert!(matches!(spectral_entropy(&[]), Err(DensityError::Pmf { .. })));
        let metric = SmoothnessMetric::new(4).expect("bins");
        assert_eq!(metric.of(&[0.2; 5]), Err(DensityError::Count { what: "probabilities", expected: 4, got: 5 }));
        let widths = [0, 101].map(|sigma| metric.distance(&[0.25; 4], sigma));
        assert!(matches!(widths, [Err(DensityError::OutOfRange { .. }), Err(DensityError::OutOfRange { .. })]));
    }
}
