//! A mixture of Gaussians.

use super::bin_centre;
use super::erf::normal_cdf;
use super::error::{self, DensityError};
use rand::RngExt;
use rand_distr::StandardNormal;
use std::f64::consts::PI;

/// Gaussians with weights, on the whole line: a share of the mass may lie outside [-1, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianMixture {
    components: Vec<Component>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Component {
    mean: f64,
    std: f64,
    weight: f64,
}

impl GaussianMixture {
    /// A mixture of equal weights.
    ///
    /// # Errors
    /// If there is no component, their counts differ, or one is no Gaussian.
    pub fn equal(means: &[f64], stds: &[f64]) -> Result<Self, DensityError> {
        Self::new(means, stds, &vec![1.0; means.len()])
    }

    /// A mixture; the weights are scaled to sum to one.
    ///
    /// # Errors
    /// If there is no component, their counts differ, or one is no Gaussian.
    pub fn new(means: &[f64], stds: &[f64], weights: &[f64]) -> Result<Self, DensityError> {
        error::count("standard deviations", means.len(), stds.len())?;
        error::count("weights", means.len(), weights.len())?;
        error::finite("means", means.iter().copied())?;
        error::finite("standard deviations", stds.iter().copied())?;
        error::finite("weights", weights.iter().copied())?;
        let wrong = |problem: String| DensityError::Component { problem };
        if let Some(std) = stds.iter().find(|std| !(**std > 0.0)) {
            return Err(wrong(format!("a std of {std}")));
        }
        if let Some(weight) = weights.iter().find(|weight| !(**weight >= 0.0)) {
            return Err(wrong(format!("a weight of {weight}")));
        }
        // The sum of no weights is -0 without the added zero.
        let sum = weights.iter().sum::<f64>() + 0.0;
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(wrong(format!("{} weights with a sum of {sum}", weights.len())));
        }
        let components = means
            .iter()
            .zip(stds)
            .zip(weights)
            .map(|((mean, std), weight)| Component { mean: *mean, std: *std, weight: weight / sum })
            .collect();
        Ok(Self { components })
    }

    /// The density at a place.
    pub fn density(&self, z: f64) -> f64 {
        self.sum(|component| {
            let deviation = (z - component.mean) / component.std;
            (-0.5 * deviation * deviation).exp() / (component.std * (2.0 * PI).sqrt())
        })
    }

    /// Mass below a place.
    pub fn cdf(&self, z: f64) -> f64 {
        self.sum(|component| normal_cdf((z - component.mean) / component.std))
    }

    /// Mass between two places.
    ///
    /// # Errors
    /// If the interval is reversed or NaN.
    pub fn interval(&self, low: f64, high: f64) -> Result<f64, DensityError> {
        error::ordered(low, high)?;
        Ok((self.cdf(high) - self.cdf(low)).max(0.0))
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.sum(|component| component.mean)
    }

    /// Probabilities of even bins over [-1, 1]: the density at their centres, scaled to sum to one.
    ///
    /// # Errors
    /// If there are no bins, or the density is zero at all of their centres.
    pub fn pmf_into(&self, pmf: &mut [f64]) -> Result<(), DensityError> {
        let bins = pmf.len();
        self.scaled(pmf, |bin| self.density(bin_centre(bin, bins)))
    }

    /// Probabilities of even bins over [-1, 1]: the mass in each, scaled to sum to one.
    ///
    /// # Errors
    /// If there are no bins, or no mass in any.
    pub fn masses_into(&self, pmf: &mut [f64]) -> Result<(), DensityError> {
        let bins = pmf.len();
        let edge = |edge: usize| self.cdf(2.0 * edge as f64 / bins as f64 - 1.0);
        self.scaled(pmf, |bin| (edge(bin + 1) - edge(bin)).max(0.0))
    }

    /// A draw, anywhere on the line.
    pub fn sample(&self, rng: &mut impl RngExt) -> f64 {
        let mut left = rng.random::<f64>();
        let normal: f64 = rng.sample(StandardNormal);
        let mut place = f64::NAN;
        for component in self.components.iter().filter(|component| component.weight > 0.0) {
            place = component.mean + component.std * normal;
            if left < component.weight {
                break;
            }
            left -= component.weight;
        }
        place
    }

    fn sum(&self, of: impl Fn(&Component) -> f64) -> f64 {
        self.components.iter().map(|component| component.weight * of(component)).sum()
    }

    fn scaled(&self, pmf: &mut [f64], mass_of: impl Fn(usize) -> f64) -> Result<(), DensityError> {
        if pmf.is_empty() {
            return Err(DensityError::Bins { got: 0 });
        }
        let mut sum = 0.0;
        for (bin, mass) in pmf.iter_mut().enumerate() {
            *mass = mass_of(bin);
            sum += *mass;
        }
        if !(sum >= f64::MIN_POSITIVE && sum.is_finite()) {
            return Err(DensityError::Pmf { problem: format!("a mixture with a sum of {sum} over [-1, 1]") });
        }
        pmf.iter_mut().for_each(|mass| *mass /= sum);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn pair() -> GaussianMixture {
        GaussianMixture::new(&[-0.4, 0.5], &[0.1, 0.2], &[1.0, 3.0]).expect("a mixture")
    }

    #[test]
    fn density_is_the_slope_of_the_distribution_function() {
        let pair = pair();
        for step in -20..=20 {
            let z = f64::from(step) / 10.0;
            let slope = (pair.cdf(z + 1e-5) - pair.cdf(z - 1e-5)) / 2e-5;
            assert!((slope - pair.density(z)).abs() < 1e-7, "{z}");
        }
        assert!((pair.mean() - 0.275).abs() < 1e-15);
        let standard = GaussianMixture::equal(&[0.0], &[1.0]).expect("one");
        assert!(
            (standard.interval(-1.959_963_984_540_054, 1.959_963_984_540_054).expect("an interval") - 0.95).abs()
                < 1e-14
        );
    }

    #[test]
    fn bins_sum_to_one_and_the_two_ways_agree_on_fine_ones() {
        let (mut at_centres, mut masses) = (vec![0.0; 2000], vec![0.0; 2000]);
        pair().pmf_into(&mut at_centres).expect("bins");
        pair().masses_into(&mut masses).expect("bins");
        assert!((at_centres.iter().sum::<f64>() - 1.0).abs() < 1e-13);
        for (a, b) in at_centres.iter().zip(&masses) {
            assert!((a - b).abs() < 1e-7);
        }
    }

    #[test]
    fn draws_come_from_it() {
        let (pair, mut rng) = (pair(), ChaCha8Rng::seed_from_u64(4));
        let draws = 20_000;
        let below = (0..draws).filter(|_| pair.sample(&mut rng) < 0.1).count();
        assert!((below as f64 / f64::from(draws) - pair.cdf(0.1)).abs() < 0.015);
    }

    #[test]
    fn what_is_no_mixture_is_refused() {
        for (means, stds, weights, got) in [
            (vec![], vec![], vec![], "got 0 weights with a sum of 0"),
            (vec![0.0], vec![0.0], vec![1.0], "got a std of 0"),
            (vec![0.0], vec![1.0], vec![-1.0], "got a weight of -1"),
            (vec![0.0], vec![1.0], vec![0.0], "got 1 weights with a sum of 0"),
            (vec![f64::NAN], vec![1.0], vec![1.0], "expected finite means, got NaN"),
            (vec![0.0], vec![1.0, 2.0], vec![1.0], "expected 1 standard deviations, got 2"),
        ] {
            let error = GaussianMixture::new(&means, &stds, &weights).expect_err(got).to_string();
            assert!(error.contains(got), "{got}: {error}");
        }
        let far = GaussianMixture::equal(&[1e3], &[0.1]).expect("a mixture");
        for refused in [far.pmf_into(&mut [0.0; 8]), far.masses_into(&mut [0.0; 8])] {
            assert!(matches!(refused, Err(DensityError::Pmf { .. })), "{refused:?}");
        }
        assert_eq!(pair().pmf_into(&mut []), Err(DensityError::Bins { got: 0 }));
    }
}
