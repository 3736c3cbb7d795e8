//! Inverse reweighting: what the model missed is drawn more often.

use planwright::quantity::{Marginal, QuantityError, QuantityGrid};
use planwright_training::study::StudyError;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;

/// Weights of the quantity's bins, p* / (p^ + eps), scaled to sum to one over the bins (eqs. 20-21).
#[derive(Clone, Debug, PartialEq)]
pub struct InverseWeights {
    grid: QuantityGrid,
    weights: Vec<f64>,
}

impl InverseWeights {
    /// From the intended distribution and the one recovered from the baseline's samples, over the same bins.
    /// `epsilon_share` is eps as a share of an even bin's mass (1 / bins): .05 for maps, .1 for pendulum and maze.
    ///
    /// # Errors
    /// If the bins differ or the share is not above zero.
    pub fn new(intended: &Marginal, recovered: &Marginal, epsilon_share: f64) -> Result<Self, StudyError> {
        if intended.grid() != recovered.grid() {
            return Err(QuantityError::Cells { left: intended.grid(), right: recovered.grid() }.into());
        }
        if !(epsilon_share > 0.0 && epsilon_share.is_finite()) {
            return Err(StudyError::setting("a reweighting epsilon", "as a finite share above 0", epsilon_share));
        }
        let grid = intended.grid();
        let epsilon = epsilon_share / grid.cells() as f64;
        let raw = intended.mass().iter().zip(recovered.mass()).map(|(wanted, got)| wanted / (got + epsilon));
        let scaled = Marginal::from_weights(grid, raw.collect())?;
        Ok(Self { grid, weights: scaled.mass().to_vec() })
    }

    /// The bins.
    pub fn grid(&self) -> QuantityGrid {
        self.grid
    }

    /// Weight per bin; they sum to one.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// One weight per trajectory of a fixed data set, scaled to sum to one (eq. 20). A value outside the bins has the
    /// weight of the bin at that end.
    ///
    /// # Errors
    /// If a value is not finite, or a bin that is wanted has no trajectory.
    pub fn of_trajectories(&self, values: &[f64]) -> Result<Vec<f64>, StudyError> {
        let mut filled = vec![false; self.weights.len()];
        let mut raw = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let bin = self.grid.cell_of(value.clamp(self.grid.low(), self.grid.high()));
            let (Some(bin), true) = (bin, value.is_finite()) else {
                return Err(QuantityError::NotFinite { index, value: *value }.into());
            };
            raw.push(self.weights.get(bin).copied().unwrap_or_default());
            if let Some(filled) = filled.get_mut(bin) {
                *filled = true;
            }
        }
        let empty = self.weights.iter().zip(&filled).position(|(weight, filled)| *weight > 0.0 && !filled);
        if let Some(bin) = empty {
            let half = 0.5 * self.grid.width();
            let centre = self.grid.centre(bin);
            let hint = "generate more data, take wider bins or narrow the range";
            let got = format!("no trajectory between {:.4} and {:.4}\nhint: {hint}", centre - half, centre + half);
            return Err(StudyError::setting("data", "in every bin that the intended distribution covers", got));
        }
        let sum: f64 = raw.iter().sum();
        Ok(raw.into_iter().map(|weight| weight / sum).collect())
    }

    /// `count` values of the quantity: a bin by its weight, then an even place within the bin (eq. 21). For systems
    /// that make a trajectory from its quantity.
    ///
    /// # Errors
    /// Never for weights made here; the sampler checks them again.
    pub fn draw_values(&self, count: usize, seed: u64) -> Result<Vec<f64>, StudyError> {
        let bins = IndexSampler::new(&self.weights)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let within = |bin: usize, part: f64| self.grid.low() + (bin as f64 + part) * self.grid.width();
        Ok((0..count).map(|_| within(bins.draw(&mut rng), rng.random::<f64>())).collect())
    }
}

/// Draws indices by weight, in constant time.
#[derive(Clone, Debug)]
pub struct IndexSampler {
    table: WeightedAliasIndex<f64>,
}

impl IndexSampler {
    /// One index per weight.
    ///
    /// # Errors
    /// If there is no weight, one is negative or not finite, or all are zero.
    pub fn new(weights: &[f64]) -> Result<Self, StudyError> {
        let table = WeightedAliasIndex::new(weights.to_vec());
        let got = |error| format!("{} weights ({error})", weights.len());
        let expected = "to draw by: finite, at least 0, with a sum above 0";
        table.map(|table| Self { table }).map_err(|error| StudyError::setting("weights", expected, got(error)))
    }

    /// One index.
    pub fn draw(&self, rng: &mut impl Rng) -> usize {
        self.table.sample(rng)
    }

    /// `count` indices; the same seed gives the same.
    pub fn indices(&self, count: usize, seed: u64) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| self.draw(&mut rng)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marginal(mass: [f64; 4]) -> Marginal {
        Marginal::from_weights(QuantityGrid::new(0.0, 4.0, 4).expect("a range"), mass.to_vec()).expect("masses")
    }

    #[test]
    fn weights_of_a_hand_computed_case() {
        let weights = InverseWeights::new(&marginal([1.0; 4]), &marginal([2.0, 1.0, 1.0, 0.0]), 0.4).expect("masses");
        // eps .1: .25 / .6, .25 / .35 twice, .25 / .1
        let raw = [0.25 / 0.6, 0.25 / 0.35, 0.25 / 0.35, 0.25 / 0.1];
        let sum: f64 = raw.iter().sum();
        for (weight, raw) in weights.weights().iter().zip(raw) {
            assert!((weight - raw / sum).abs() < 1e-12);
        }
        let each = weights.of_trajectories(&[0.5, 1.5, 2.5, 3.5, 4.5]).expect("data in every bin");
        assert!((each.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(each[3], each[4], "a value outside belongs to the bin at that end");
        assert!((each[3] / each[0] - 6.0).abs() < 1e-9);
    }

    #[test]
    fn only_wanted_bins_need_data() {
        let even = marginal([1.0; 4]);
        let narrow = marginal([0.0, 1.0, 1.0, 0.0]);
        let weights = InverseWeights::new(&narrow, &even, 0.1).expect("masses");
        assert!(weights.of_trajectories(&[1.5, 2.5]).is_ok());
        let refused = |values: &[f64]| weights.of_trajectories(values).expect_err("refused").to_string();
        for (values, bin) in [(&[1.5][..], "2.0000 and 3.0000"), (&[], "1.0000 and 2.0000")] {
            assert!(refused(values).contains(&format!("no trajectory between {bin}\nhint: ")), "{}", refused(values));
        }
        let nan = QuantityError::NotFinite { index: 2, value: f64::NAN };
        assert_eq!(refused(&[1.5, 2.5, f64::NAN]), nan.to_string());
    }

    #[test]
    fn draws_follow_the_weights_and_the_seed() {
        let weights = InverseWeights::new(&marginal([1.0; 4]), &marginal([3.0, 1.0, 1.0, 1.0]), 0.05).expect("masses");
        let values = weights.draw_values(40_000, 3).expect("weights");
        let drawn = Marginal::from_values(weights.grid(), &values).expect("values");
        for (drawn, weight) in drawn.mass().iter().zip(weights.weights()) {
            assert!((drawn - weight).abs() < 0.01, "{drawn} {weight}");
        }
        assert_eq!(values, weights.draw_values(40_000, 3).expect("weights"));
        let sampler = IndexSampler::new(&[0.0, 3.0, 1.0]).expect("weights");
        let indices = sampler.indices(10_000, 1);
        assert!(!indices.contains(&0));
        let share = indices.iter().filter(|index| **index == 1).count() as f64 / 10_000.0;
        assert!((share - 0.75).abs() < 0.02, "{share}");
    }

    #[test]
    fn settings_and_weights_without_sense_are_refused() {
        let even = marginal([1.0; 4]);
        for share in [0.0, f64::NAN] {
            let error = InverseWeights::new(&even, &even, share).expect_err("no share").to_string();
            assert_eq!(error, format!("expected a reweighting epsilon as a finite share above 0, got {share}"));
        }
        let other = Marginal::uniform(QuantityGrid::new(0.0, 4.0, 5).expect("a range"), 0.0, 4.0).expect("mass");
        let cells = InverseWeights::new(&even, &other, 0.1).expect_err("other cells").to_string();
        assert_eq!(cells, QuantityError::Cells { left: even.grid(), right: other.grid() }.to_string());
        for weights in [&[][..], &[0.0, 0.0], &[1.0, -1.0], &[f64::NAN]] {
            let error = IndexSampler::new(weights).expect_err("no weights").to_string();
            assert!(error.starts_with("expected weights to draw by: finite, at least 0"), "{error}");
        }
    }
}
