//! The three data sets. The recipe is the published one, the random numbers are not: a seed gives other rows than the
//! same seed of the published code, from the same distribution.

use super::settings::Dataset;
use crate::fourier::FourierError;
use crate::fourier::order::shuffle;
use planwright::density::bin_centre;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, StandardNormal};
use std::f64::consts::PI;

/// x lies within this distance of 0.
const REACH: f64 = 0.8;
/// Of y around x and of z around its mean: the square root of 0.01.
const DEVIATION: f64 = 0.1;
/// What |x| and |y| are multiplied by to be the parameters of a beta distribution.
const CONCENTRATION: f64 = 100.0;
/// Seed of the split into training and test rows, the same for every data set and seed.
const SPLIT_SEED: u64 = 42;

/// Streams of a run's generator; its first stream makes the network's initial values.
const DATA_STREAM: u64 = 1;

/// Rows of a data set, before quantisation.
#[derive(Clone, Debug, PartialEq)]
pub struct ToyData {
    /// Which distribution.
    pub dataset: Dataset,
    /// x and y of each row.
    pub inputs: Vec<[f64; 2]>,
    /// z of each row; Gaussian tails leave [-1, 1].
    pub targets: Vec<f64>,
}

impl ToyData {
    /// Draws `samples` rows.
    ///
    /// # Errors
    /// If a beta distribution has no parameter above 0: with none of these seeds so far.
    pub fn generate(dataset: Dataset, seed: u64, samples: usize) -> Result<Self, FourierError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(DATA_STREAM);
        let mut data = Self { dataset, inputs: Vec::with_capacity(samples), targets: Vec::with_capacity(samples) };
        for _ in 0..samples {
            let x = rng.random_range(-REACH..REACH);
            let y = match dataset {
                Dataset::Gmm2 => rng.random_range(-REACH..REACH),
                Dataset::Gaussian | Dataset::Beta => x + DEVIATION * rng.sample::<f64, _>(StandardNormal),
            };
            let upper = rng.random::<bool>();
            let z = match dataset {
                Dataset::Gaussian => y + DEVIATION * rng.sample::<f64, _>(StandardNormal),
                Dataset::Gmm2 => (if upper { x } else { y }) + DEVIATION * rng.sample::<f64, _>(StandardNormal),
                Dataset::Beta => {
                    let [a, b] = shape(x, y);
                    let beta = Beta::new(a, b).map_err(|_| FourierError::Setting {
                        name: "x and y",
                        expected: "other than 0".to_owned(),
                        got: format!("{x} and {y}"),
                    })?;
                    let magnitude = rng.sample(beta);
                    if upper { magnitude } else { -magnitude }
                }
            };
            data.inputs.push([x, y]);
            data.targets.push(z);
        }
        Ok(data)
    }

    /// The distribution of z in row `row` over `bins` equal bins: the density at their centres, scaled to sum one.
    /// Empty for a row that is not there.
    pub fn true_pmf(&self, row: usize, bins: usize) -> Vec<f64> {
        let Some(logarithms) = self.log_densities(row, bins) else { return Vec::new() };
        // Scaled before the exponential: a beta density may be beyond all numbers.
        let largest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let masses: Vec<f64> = logarithms.iter().map(|logarithm| (logarithm - largest).exp()).collect();
        let sum: f64 = masses.iter().sum();
        masses.into_iter().map(|mass| mass / sum).collect()
    }

    /// What the published code of the fits to values takes for the true masses of `bins` equal bins, as far as table A4
    /// tells: a Gaussian's density at their centres times their width, so that the tail outside [-1, 1] is not counted,
    /// but for beta, whose density may be a spike narrower than a bin, masses that sum to one. Over the published
    /// seeds this puts four of the table's six divergences within one deviation; masses that always sum to one do with
    /// two, densities times widths throughout with three.
    pub fn true_masses(&self, row: usize, bins: usize) -> Vec<f64> {
        let scale = match self.dataset {
            Dataset::Beta => return self.true_pmf(row, bins),
            Dataset::Gaussian => 1.0,
            Dataset::Gmm2 => 0.5,
        };
        let height = scale * 2.0 / bins as f64 / (DEVIATION * (2.0 * PI).sqrt());
        self.log_densities(row, bins).into_iter().flatten().map(|logarithm| height * logarithm.exp()).collect()
    }

    /// Logarithms of the density at the bins' centres, all but for the same constant.
    fn log_densities(&self, row: usize, bins: usize) -> Option<Vec<f64>> {
        let &[x, y] = self.inputs.get(row)?;
        let gaussian = |value: f64, mean: f64| -0.5 * ((value - mean) / DEVIATION).powi(2);
        let logarithm = |z: f64| match self.dataset {
            Dataset::Gaussian => gaussian(z, y),
            Dataset::Gmm2 => (gaussian(z, x).exp() + gaussian(z, y).exp()).ln(),
            Dataset::Beta => {
                let [a, b] = shape(x, y);
                (a - 1.0) * z.abs().ln() + (b - 1.0) * (-z.abs()).ln_1p()
            }
        };
        Some((0..bins).map(|bin| logarithm(bin_centre(bin, bins))).collect())
    }
}

/// Parameters of the beta distribution.
fn shape(x: f64, y: f64) -> [f64; 2] {
    [x, y].map(|value| CONCENTRATION * value.abs())
}

/// The bin of a value; what lies outside [-1, 1] counts at that end.
pub(super) fn bin_of(value: f64, bins: usize) -> usize {
    let place = (0.5 * (value + 1.0) * bins as f64).floor();
    // The cast saturates, so that it holds for a value far below as well.
    (place as usize).min(bins.saturating_sub(1))
}

/// Rows of training and of test: the same for every data set of `samples` rows.
pub(super) fn split(samples: usize, train: usize) -> (Vec<usize>, Vec<usize>) {
    let mut rows: Vec<usize> = (0..samples).collect();
    shuffle(&mut rows, &mut ChaCha8Rng::seed_from_u64(SPLIT_SEED));
    let test = rows.split_off(train.min(samples));
    (rows, test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_bins_and_the_outside_into_the_ends() {
        assert_eq!([-1.0, -0.961, -0.959, 0.0, 0.999, 1.0].map(|value| bin_of(value, 50)), [0, 0, 1, 25, 49, 49]);
        assert_eq!((bin_of(-7.0, 50), bin_of(7.0, 50)), (0, 49));
        assert!((0..50).all(|bin| bin_of(bin_centre(bin, 50), 50) == bin));
    }

    #[test]
    fn a_split_has_every_row_once() {
        let (train, test) = split(5000, 4000);
        assert_eq!((train.len(), test.len()), (4000, 1000));
        let mut all = [train.clone(), test].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..5000));
        assert_ne!(train[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(split(5000, 4000).0, train);
    }

    #[test]
    fn equal_seeds_give_equal_rows_and_others_do_not() {
        for dataset in Dataset::ALL {
            let made = |seed| ToyData::generate(dataset, seed, 100).expect("rows");
            assert_eq!(made(1), made(1));
            assert_ne!(made(1), made(2));
            assert!(made(1).inputs.iter().all(|[x, _]| x.abs() < 0.8));
        }
    }

    /// The mean of the true distributions is the mean of the samples, and so is that of the squares.
    #[test]
    fn true_distributions_are_those_of_the_samples() {
        let bins = 1000;
        for dataset in Dataset::ALL {
            let data = ToyData::generate(dataset, 5, 20_000).expect("rows");
            let moment = |power: i32| {
                let rows = (0..data.inputs.len()).step_by(10);
                let count = rows.len() as f64;
                let per_row = |row| {
                    let pmf = data.true_pmf(row, bins);
                    pmf.iter().enumerate().map(|(bin, mass)| mass * bin_centre(bin, bins).powi(power)).sum::<f64>()
                };
                rows.map(per_row).sum::<f64>() / count
            };
            let sampled = |power| {
                data.targets.iter().map(|z| z.clamp(-1.0, 1.0).powi(power)).sum::<f64>() / data.targets.len() as f64
            };
            for power in [1, 2] {
                let (expected, got) = (moment(power), sampled(power));
                assert!((expected - got).abs() < 0.03, "{dataset:?} {power}: {expected} {got}");
            }
        }
    }

    #[test]
    fn true_pmfs_have_the_published_form() {
        let one = |dataset, x, y| ToyData { dataset, inputs: vec![[x, y]], targets: vec![0.0] }.true_pmf(0, 50);
        // At a bin's centre the ratio to its neighbour is exp(width^2 / (2 variance)) = exp(0.08).
        let gaussian = one(Dataset::Gaussian, 0.7, 0.02);
        assert!((gaussian[25] / gaussian[24] - 0.08_f64.exp()).abs() < 1e-12);
        let two = one(Dataset::Gmm2, -0.5, 0.5);
        let mirrored = one(Dataset::Beta, 0.3, -0.6);
        for pmf in [gaussian, two.clone(), mirrored.clone()] {
            assert!((pmf.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        assert!(two.iter().zip(two.iter().rev()).all(|(left, right)| (left - right).abs() < 1e-12));
        assert!(mirrored.iter().zip(mirrored.iter().rev()).all(|(left, right)| (left - right).abs() < 1e-12));
        // Beta(30, 60) at 0.34 and 0.30, whose normalisation cancels.
        let ratio = (0.34_f64 / 0.30).powf(29.0) * (0.66_f64 / 0.70).powf(59.0);
        assert!((mirrored[33] / mirrored[32] - ratio).abs() < 1e-9, "{} {ratio}", mirrored[33] / mirrored[32]);
        // The masses are the same but for what lies outside: a Gaussian at the end loses half.
        for (dataset, x, y, sum) in
            [(Dataset::Gaussian, 0.7, 1.0, 0.5), (Dataset::Gmm2, 1.0, 0.0, 0.75), (Dataset::Beta, 0.3, -0.6, 1.0)]
        {
            let data = ToyData { dataset, inputs: vec![[x, y]], targets: vec![0.0] };
            let (pmf, masses) = (data.true_pmf(0, 1000), data.true_masses(0, 1000));
            assert!((masses.iter().sum::<f64>() - sum).abs() < 1e-6, "{dataset:?}");
            for (mass, of_all) in masses.iter().zip(&pmf) {
                assert!((mass - sum * of_all).abs() < 1e-6 * sum, "{dataset:?}");
            }
        }
        let nothing = ToyData { dataset: Dataset::Beta, inputs: vec![], targets: vec![] }.true_pmf(0, 50);
        assert!(nothing.is_empty());
    }
}
