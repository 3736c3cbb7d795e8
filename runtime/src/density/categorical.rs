//! Probabilities of even bins over [-1, 1], from a network's logits.

use super::bin_centre;
use super::binning::Binning;
use super::error::{self, DensityError};
use rand::RngExt;

/// A row of probabilities. Made once for so many bins, set for every output of a network; between bins it is the
/// density that is constant in each.
#[derive(Clone, Debug)]
pub struct Categorical {
    pmf: Vec<f64>,
}

impl Categorical {
    /// Takes memory for so many bins. Until it is set every bin is as likely.
    ///
    /// # Errors
    /// If there are no bins or too many.
    pub fn new(bins: usize) -> Result<Self, DensityError> {
        if !(1..=Binning::MAX_BINS).contains(&bins) {
            return Err(DensityError::Bins { got: bins });
        }
        Ok(Self { pmf: vec![1.0 / bins as f64; bins] })
    }

    /// Takes logits: the probabilities are their softmax. Allocates nothing. After an error nothing has changed.
    ///
    /// # Errors
    /// If their number is not that of the bins, or one is not finite.
    pub fn set(&mut self, logits: &[f32]) -> Result<(), DensityError> {
        error::count("logits", self.pmf.len(), logits.len())?;
        error::finite("logits", logits.iter().map(|logit| f64::from(*logit)))?;
        // Relative to the largest: no exponential overflows and the sum is at least one.
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for (mass, logit) in self.pmf.iter_mut().zip(logits) {
            *mass = (f64::from(*logit) - f64::from(largest)).exp();
            sum += *mass;
        }
        self.pmf.iter_mut().for_each(|mass| *mass /= sum);
        Ok(())
    }

    /// Takes probabilities. Allocates nothing. After an error nothing has changed.
    ///
    /// # Errors
    /// If their number is not that of the bins, one is negative or not finite, or their sum is not 1 to 1e-3.
    pub fn set_pmf(&mut self, pmf: &[f64]) -> Result<(), DensityError> {
        error::count("probabilities", self.pmf.len(), pmf.len())?;
        error::pmf(pmf)?;
        let sum: f64 = pmf.iter().map(|mass| mass.max(0.0)).sum();
        for (mass, given) in self.pmf.iter_mut().zip(pmf) {
            *mass = given.max(0.0) / sum;
        }
        Ok(())
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.pmf.len()
    }

    /// Probability of every bin.
    pub fn pmf(&self) -> &[f64] {
        &self.pmf
    }

    /// The density at a place: the bin's probability over its width. Zero outside [-1, 1], NaN for NaN.
    pub fn density(&self, z: f64) -> f64 {
        if z.is_nan() {
            return z;
        }
        if z.abs() > 1.0 {
            return 0.0;
        }
        let bin = ((0.5 * (z + 1.0) * self.bins() as f64) as usize).min(self.bins() - 1);
        self.pmf.get(bin).map_or(0.0, |mass| mass * 0.5 * self.bins() as f64)
    }

    /// Mass below a place: 0 below -1, 1 above 1, linear within a bin, NaN for NaN.
    pub fn cdf(&self, z: f64) -> f64 {
        if z.is_nan() {
            return z;
        }
        let place = 0.5 * (z.clamp(-1.0, 1.0) + 1.0) * self.bins() as f64;
        let mut sum = 0.0;
        for (bin, mass) in self.pmf.iter().enumerate() {
            let part = (place - bin as f64).min(1.0);
            if part <= 0.0 {
                break;
            }
            sum += part * mass;
        }
        sum.min(1.0)
    }

    /// Mass between two places.
    ///
    /// # Errors
    /// If the interval is reversed or NaN.
    pub fn interval(&self, low: f64, high: f64) -> Result<f64, DensityError> {
        error::ordered(low, high)?;
        Ok((self.cdf(high) - self.cdf(low)).max(0.0))
    }

    /// The place with so much mass below it.
    ///
    /// # Errors
    /// If that is no probability.
    pub fn quantile(&self, probability: f64) -> Result<f64, DensityError> {
        let probability = error::probability(probability)?;
        if probability == 1.0 {
            return Ok(1.0);
        }
        let mut below = 0.0;
        for (bin, mass) in self.pmf.iter().enumerate() {
            if *mass > 0.0 && below + mass >= probability {
                let place = bin as f64 + ((probability - below) / mass).clamp(0.0, 1.0);
                return Ok(if probability == 0.0 { -1.0 } else { 2.0 * place / self.bins() as f64 - 1.0 });
            }
            below += mass;
        }
        // Rounding left the sum below the probability.
        Ok(1.0)
    }

    /// The likeliest bin; of equal ones the first.
    pub fn mode_bin(&self) -> usize {
        let (mut best, mut most) = (0, f64::NEG_INFINITY);
        for (bin, mass) in self.pmf.iter().enumerate() {
            if *mass > most {
                (best, most) = (bin, *mass);
            }
        }
        best
    }

    /// Centre of the likeliest bin, in [-1, 1].
    pub fn mode(&self) -> f64 {
        bin_centre(self.mode_bin(), self.bins())
    }

    /// The mean, in [-1, 1].
    pub fn mean(&self) -> f64 {
        self.pmf.iter().enumerate().map(|(bin, mass)| mass * bin_centre(bin, self.bins())).sum()
    }

    /// Entropy of the bins in nats, 0 to ln(bins). That of the density is ln(bins / 2) less.
    pub fn entropy(&self) -> f64 {
        self.pmf.iter().filter(|mass| **mass > 0.0).map(|mass| -mass * mass.ln()).sum()
    }

    /// Probabilities at a temperature: their power 1/T, scaled to one; at T = 0 all of it on the likeliest bin.
    ///
    /// # Errors
    /// If the temperature is negative or no number, or `out` has another length.
    pub fn tempered_into(&self, temperature: f64, out: &mut [f64]) -> Result<(), DensityError> {
        let weigh = self.weigh(temperature)?;
        error::count("probabilities", self.pmf.len(), out.len())?;
        for (bin, (value, mass)) in out.iter_mut().zip(&self.pmf).enumerate() {
            *value = weigh.of(bin, *mass);
        }
        let sum: f64 = out.iter().sum();
        out.iter_mut().for_each(|value| *value /= sum);
        Ok(())
    }

    /// A bin drawn at a temperature; 1 is the distribution itself, 0 its likeliest bin.
    ///
    /// # Errors
    /// If the temperature is negative or no number.
    pub fn sample_bin(&self, temperature: f64, rng: &mut impl RngExt) -> Result<usize, DensityError> {
        let weigh = self.weigh(temperature)?;
        let weights = || self.pmf.iter().enumerate().map(|(bin, mass)| weigh.of(bin, *mass));
        let mut left = rng.random::<f64>() * weights().sum::<f64>();
        let mut drawn = weigh.mode;
        for (bin, weight) in weights().enumerate() {
            if weight > 0.0 {
                drawn = bin;
                if left < weight {
                    break;
                }
                left -= weight;
            }
        }
        Ok(drawn)
    }

    /// A place drawn at a temperature: uniform within the bin that was drawn.
    ///
    /// # Errors
    /// If the temperature is negative or no number.
    pub fn sample(&self, temperature: f64, rng: &mut impl RngExt) -> Result<f64, DensityError> {
        let bin = self.sample_bin(temperature, rng)?;
        Ok(2.0 * (bin as f64 + rng.random::<f64>()) / self.bins() as f64 - 1.0)
    }

    fn weigh(&self, temperature: f64) -> Result<Weigh, DensityError> {
        let temperature = error::temperature(temperature)?;
        let mode = self.mode_bin();
        Ok(Weigh { temperature, mode, most: self.pmf.get(mode).copied().unwrap_or(1.0) })
    }
}

/// What a probability weighs at a temperature, relative to the largest.
struct Weigh {
    temperature: f64,
    mode: usize,
    most: f64,
}

impl Weigh {
    fn of(&self, bin: usize, mass: f64) -> f64 {
        if self.temperature == 1.0 {
            mass
        } else if self.temperature == 0.0 {
            f64::from(u8::from(bin == self.mode))
        } else {
            (mass / self.most).powf(1.0 / self.temperature)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn of(logits: &[f32]) -> Categorical {
        let mut categorical = Categorical::new(logits.len()).expect("bins");
        categorical.set(logits).expect("logits");
        categorical
    }

    #[test]
    fn softmax_is_stable() {
        let near = of(&[0.0, 1.0, -1.0]);
        for far in [of(&[3e38, 3e38, -3e38]), of(&[1000.0, 1001.0, 999.0])] {
            assert!((far.pmf().iter().sum::<f64>() - 1.0).abs() < 1e-15);
        }
        for (a, b) in near.pmf().iter().zip(of(&[1000.0, 1001.0, 999.0]).pmf()) {
            assert!((a - b).abs() < 1e-15);
        }
        let e = std::f64::consts::E;
        assert!((near.pmf()[1] - e / (1.0 + e + 1.0 / e)).abs() < 1e-15);
    }

    #[test]
    fn two_bins_have_known_answers() {
        let mut pair = Categorical::new(2).expect("bins");
        pair.set_pmf(&[0.25, 0.75]).expect("probabilities");
        assert_eq!(
            [pair.density(-0.5), pair.density(0.5), pair.density(1.0), pair.density(1.1)],
            [0.25, 0.75, 0.75, 0.0]
        );
        assert_eq!(
            [pair.cdf(-2.0), pair.cdf(-0.5), pair.cdf(0.0), pair.cdf(0.5), pair.cdf(2.0)],
            [0.0, 0.125, 0.25, 0.625, 1.0]
        );
        assert_eq!(pair.quantile(0.625), Ok(0.5));
        assert_eq!((pair.mode_bin(), pair.mode(), pair.mean()), (1, 0.5, 0.25));
        assert!((pair.entropy() + 0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln()).abs() < 1e-15);
        assert_eq!(pair.interval(-0.5, 0.5), Ok(0.5));
        let mut out = [0.0; 2];
        pair.tempered_into(0.5, &mut out).expect("a temperature");
        assert!((out[1] - 0.9).abs() < 1e-15);
        pair.tempered_into(0.0, &mut out).expect("a temperature");
        assert_eq!(out, [0.0, 1.0]);
        pair.tempered_into(1.0, &mut out).expect("a temperature");
        assert_eq!(out, [0.25, 0.75]);
    }

    #[test]
    fn draws_come_as_often_as_they_should() {
        let mut three = Categorical::new(3).expect("bins");
        three.set_pmf(&[0.2, 0.0, 0.8]).expect("probabilities");
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let draws = 20_000;
        for (temperature, share) in [(1.0, 0.2), (2.0, 1.0 / 3.0), (0.0, 0.0)] {
            let mut counts = [0_u32; 3];
            for _ in 0..draws {
                counts[three.sample_bin(temperature, &mut rng).expect("a temperature")] += 1;
            }
            assert_eq!(counts[1], 0);
            assert!((f64::from(counts[0]) / f64::from(draws) - share).abs() < 0.015, "{counts:?}");
        }
        let mean =
            (0..draws).map(|_| three.sample(1.0, &mut rng).expect("a temperature")).sum::<f64>() / f64::from(draws);
        assert!((mean - three.mean()).abs() < 0.02);
    }

    #[test]
    fn what_is_none_is_refused_and_changes_nothing() {
        let mut pair = Categorical::new(2).expect("bins");
        pair.set_pmf(&[0.25, 0.75]).expect("probabilities");
        assert_eq!(pair.set(&[0.0]), Err(DensityError::Count { what: "logits", expected: 2, got: 1 }));
        for logit in [f32::NAN, f32::NEG_INFINITY] {
            assert!(matches!(pair.set(&[0.0, logit]), Err(DensityError::NotFinite { what: "logits", index: 1, .. })));
        }
        for pmf in [[0.5, 0.4], [1.5, -0.5]] {
            assert!(matches!(pair.set_pmf(&pmf), Err(DensityError::Pmf { .. })));
        }
        assert_eq!(pair.pmf(), [0.25, 0.75]);
        assert_eq!(pair.quantile(1.1), Err(DensityError::Probability { probability: 1.1 }));
        assert_eq!(pair.interval(1.0, 0.0), Err(DensityError::Interval { low: 1.0, high: 0.0 }));
        let cold = pair.tempered_into(-1.0, &mut [0.0; 2]);
        assert_eq!(cold, Err(DensityError::Temperature { temperature: -1.0 }));
        let three = pair.tempered_into(1.0, &mut [0.0; 3]);
        assert_eq!(three, Err(DensityError::Count { what: "probabilities", expected: 2, got: 3 }));
        assert!(pair.cdf(f64::NAN).is_nan() && pair.density(f64::NAN).is_nan());
        assert!(matches!(Categorical::new(0), Err(DensityError::Bins { got: 0 })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn quantiles_invert(logits in prop::collection::vec(-30.0_f32..30.0, 1..60), probability in 0.0_f64..=1.0) {
            let categorical = of(&logits);
            let z = categorical.quantile(probability).expect("a probability");
            prop_assert!((-1.0..=1.0).contains(&z));
            prop_assert!((categorical.cdf(z) - probability).abs() < 1e-12);
        }
    }
}
