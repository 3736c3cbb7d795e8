//! The prompts: which Gaussian, which numbers so far, and the true answer.

use super::settings::BINS;
use planwright::density::{DensityError, GaussianMixture};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// Most numbers that a prompt shows.
pub(super) const MOST_SHOWN: usize = 9;
/// Mean, deviation, how many numbers.
pub(super) const PLAIN: usize = 3;
/// These, the numbers, and which of them are there.
pub(super) const FEATURES: usize = PLAIN + 2 * MOST_SHOWN;
/// Hundredths in one.
const UNIT: i32 = 100;

/// Streams of a run's generator; its first stream makes the network's initial values.
const TRAIN_STREAM: u64 = 1;
const TEST_STREAM: u64 = 2;

/// A normal distribution that numbers are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gaussian {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub std: f64,
}

impl Gaussian {
    /// The four published ones.
    pub const ALL: [Self; 4] = [
        Self { mean: -0.55, std: 0.10 },
        Self { mean: -0.03, std: 0.24 },
        Self { mean: 0.42, std: 0.16 },
        Self { mean: 0.55, std: 0.10 },
    ];

    /// A number with two decimals, as hundredths in -100..=100: draws outside [-1, 1] are drawn again.
    pub(super) fn draw(self, rng: &mut ChaCha8Rng) -> i32 {
        loop {
            let value = self.mean + self.std * rng.sample::<f64, _>(StandardNormal);
            if value.abs() <= 1.0 {
                return (value * f64::from(UNIT)).round() as i32;
            }
        }
    }

    /// Masses of `bins` even bins over [-1, 1], scaled to sum one.
    ///
    /// # Errors
    /// If there are no bins.
    pub fn masses(self, bins: usize) -> Result<Vec<f64>, DensityError> {
        let mut masses = vec![0.0; bins];
        GaussianMixture::equal(&[self.mean], &[self.std])?.masses_into(&mut masses)?;
        Ok(masses)
    }

    /// What a perfect model answers: the mass that rounds to each number, by bin.
    pub(super) fn rounded_masses(self) -> Result<Vec<f64>, DensityError> {
        let normal = GaussianMixture::equal(&[self.mean], &[self.std])?;
        let half = 0.5 / f64::from(UNIT);
        let place = |bin: usize| (bin as f64 - f64::from(UNIT)) / f64::from(UNIT);
        let edge = |bin: usize| normal.cdf((place(bin) - half).clamp(-1.0, 1.0));
        // The last bin also takes what rounds to 1.00.
        let upper = |bin: usize| if bin + 1 == BINS { normal.cdf(1.0) } else { edge(bin + 1) };
        let masses: Vec<f64> = (0..BINS).map(|bin| upper(bin) - edge(bin)).collect();
        let sum: f64 = masses.iter().sum();
        Ok(masses.into_iter().map(|mass| mass / sum).collect())
    }
}

/// The bin of a number: -1.00 is the first, and 1.00, which has none of its own, counts to the last.
pub(super) fn bin_of(hundredths: i32) -> usize {
    let bin = (hundredths + UNIT).max(0);
    (bin.unsigned_abs() as usize).min(BINS - 1)
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Which of [`Gaussian::ALL`].
    pub gaussian: usize,
    /// The numbers that are shown, hundredths.
    pub shown: Vec<i32>,
    /// The next number, hundredths.
    pub answer: i32,
}

impl Prompt {
    fn draw(gaussian: usize, count: usize, rng: &mut ChaCha8Rng) -> Self {
        let law = Gaussian::ALL.get(gaussian).copied().unwrap_or(Gaussian::ALL[0]);
        let shown = (0..count).map(|_| law.draw(rng)).collect();
        Self { gaussian, shown, answer: law.draw(rng) }
    }

    /// Prompts to learn from: they go round the Gaussians, each with 0 to 9 numbers.
    pub fn train(count: usize, seed: u64) -> Vec<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(TRAIN_STREAM);
        let one = |index: usize| {
            let shown = rng.random_range(0..=MOST_SHOWN);
            Self::draw(index % Gaussian::ALL.len(), shown, &mut rng)
        };
        (0..count).map(one).collect()
    }

    /// Prompts to answer: every Gaussian with each count of numbers.
    pub fn test(seed: u64) -> Vec<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(TEST_STREAM);
        let counts = |gaussian| (0..=MOST_SHOWN).map(move |shown| (gaussian, shown));
        let all: Vec<(usize, usize)> = (0..Gaussian::ALL.len()).flat_map(counts).collect();
        all.into_iter().map(|(gaussian, shown)| Self::draw(gaussian, shown, &mut rng)).collect()
    }

    /// The Gaussian.
    pub fn law(&self) -> Gaussian {
        Gaussian::ALL.get(self.gaussian).copied().unwrap_or(Gaussian::ALL[0])
    }

    /// What the network reads.
    pub(super) fn features(&self) -> Vec<f32> {
        let law = self.law();
        let mut features = vec![law.mean as f32, law.std as f32, self.shown.len() as f32 / MOST_SHOWN as f32];
        let shown = |place: usize| self.shown.get(place);
        features.extend((0..MOST_SHOWN).map(|place| shown(place).map_or(0.0, |value| *value as f32 / UNIT as f32)));
        features.extend((0..MOST_SHOWN).map(|place| if shown(place).is_some() { 1.0 } else { 0.0 }));
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::settings::COARSE_BINS;

    #[test]
    fn true_masses_sum_to_one_and_mirror_with_the_mean() {
        let [left, .., right] = Gaussian::ALL;
        for bins in [COARSE_BINS, BINS] {
            for law in Gaussian::ALL {
                let masses = law.masses(bins).expect("masses");
                assert!((masses.iter().sum::<f64>() - 1.0).abs() < 1e-12 && masses.iter().all(|mass| *mass >= 0.0));
            }
            let (mut left, right) = (left.masses(bins).expect("masses"), right.masses(bins).expect("masses"));
            left.reverse();
            assert!(left.iter().zip(&right).all(|(a, b)| (a - b).abs() < 1e-12), "{bins}");
        }
        let even = Gaussian { mean: 0.0, std: 0.2 }.masses(20).expect("masses");
        assert!(even.iter().zip(even.iter().rev()).all(|(a, b)| (a - b).abs() < 1e-12));
        // Half a deviation to each side of the middle: 0.191462 of the mass.
        assert!((even[10] - 0.191_462_461_274_013_1).abs() < 1e-6, "{even:?}");
    }

    #[test]
    fn perfect_answers_are_the_masses_that_round_to_a_number() {
        let masses = Gaussian { mean: 0.0, std: 0.2 }.rounded_masses().expect("masses");
        assert!((masses.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // Zero is bin 100, and the numbers around it are equally likely, but for the last, which 1.00 counts to.
        assert!((1..99).all(|away| (masses[100 - away] - masses[100 + away]).abs() < 1e-12));
        let most = masses.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(bin, _)| bin);
        assert_eq!(most, Some(100));
    }

    #[test]
    fn numbers_stay_in_the_interval_and_have_the_mean() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for law in Gaussian::ALL.into_iter().chain([Gaussian { mean: 0.9, std: 0.5 }]) {
            let draws: Vec<i32> = (0..4000).map(|_| law.draw(&mut rng)).collect();
            assert!(draws.iter().all(|value| (-100..=100).contains(value)));
            let mean = draws.iter().map(|value| f64::from(*value)).sum::<f64>() / 4e5;
            let inside = law.mean.abs() < 0.6;
            assert!(!inside || (mean - law.mean).abs() < 5.0 * law.std / 4000.0_f64.sqrt(), "{law:?} {mean}");
        }
        assert_eq!([-100, -1, 0, 99, 100].map(bin_of), [0, 99, 100, 199, 199]);
    }

    #[test]
    fn prompts_go_round_the_gaussians_and_depend_on_the_seed_alone() {
        let prompts = Prompt::train(256, 42);
        for (index, prompt) in prompts.iter().enumerate() {
            assert!(prompt.gaussian == index % 4 && prompt.shown.len() <= 9);
        }
        assert!((0..=9).all(|count| prompts.iter().any(|prompt| prompt.shown.len() == count)));
        assert_eq!(prompts, Prompt::train(256, 42));
        assert_ne!(prompts, Prompt::train(256, 43));
        let tests = Prompt::test(42);
        assert_eq!((tests.len(), tests[30].gaussian, tests[32].shown.len()), (40, 3, 2));
    }

    #[test]
    fn features_say_which_numbers_are_there() {
        let features = Prompt { gaussian: 2, shown: vec![50, -25], answer: 0 }.features();
        assert_eq!(features.len(), FEATURES);
        assert_eq!(features[..6], [0.42, 0.16, 2.0 / 9.0, 0.5, -0.25, 0.0]);
        assert_eq!(features[12..15], [1.0, 1.0, 0.0]);
    }
}
