//! The quantity as a request to a conditional model.

use planwright::quantity::Marginal;
use planwright_training::study::StudyError;
use planwright_training::study::settings::require;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Dyadic Fourier features of a quantity (eq. 22): sin and cos of 2^k pi u, k = 0, 1, ..., with u the quantity's place in
/// its range, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantityCondition {
    low: f64,
    high: f64,
    width: usize,
    octaves: usize,
}

impl QuantityCondition {
    /// Usual octaves: the finest feature then has a period of 1/64 of the range. More would tell
    /// apart what the data cannot.
    pub const OCTAVES: usize = 8;

    /// For quantities from `low` to `high`, `width` features: 2 x [`Self::OCTAVES`] truncated (the finest go first) or
    /// padded with zeros.
    ///
    /// # Errors
    /// If the range is none or there is no room for a feature.
    pub fn new(low: f64, high: f64, width: usize) -> Result<Self, StudyError> {
        let got = format!("{low} to {high} with {width} features");
        let is_range = low < high && (high - low).is_finite();
        require(is_range && width > 0, "a condition", "of a finite range with low < high and at least 1 feature", got)?;
        Ok(Self { low, high, width, octaves: Self::OCTAVES })
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Features of a requested quantity.
    ///
    /// # Errors
    /// If the quantity is outside the range or NaN.
    pub fn features(&self, quantity: f64) -> Result<Vec<f32>, StudyError> {
        self.check(quantity, quantity >= self.low && quantity <= self.high)?;
        Ok(self.of_place((quantity - self.low) / (self.high - self.low)))
    }

    /// Features of a measured quantity (a training label): what measures a little outside the range counts as its end.
    ///
    /// # Errors
    /// If the quantity is not finite.
    pub fn label(&self, quantity: f64) -> Result<Vec<f32>, StudyError> {
        self.check(quantity, quantity.is_finite())?;
        self.features(quantity.clamp(self.low, self.high))
    }

    /// No request: all zeros, which no quantity has (sin^2 + cos^2 = 1).
    pub fn null(&self) -> Vec<f32> {
        vec![0.0; self.width]
    }

    fn check(&self, quantity: f64, is_known: bool) -> Result<(), StudyError> {
        if is_known {
            return Ok(());
        }
        let got = format!("{quantity}\nhint: the model has learned nothing outside that range");
        Err(StudyError::setting("a quantity", format!("between {} and {}", self.low, self.high), got))
    }

    fn of_place(&self, place: f64) -> Vec<f32> {
        let angle = |octave: usize| (1_u64 << octave) as f64 * PI * place;
        let features = (0..self.octaves).flat_map(|octave| [angle(octave).sin() as f32, angle(octave).cos() as f32]);
        features.chain(std::iter::repeat(0.0)).take(self.width).collect()
    }
}

/// `count` values from the intended distribution, one from each of `count` strata of equal mass, in random order. The
/// same seed gives the same values.
pub fn requested_values(intended: &Marginal, count: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let grid = intended.grid();
    let mut cells = intended.mass().iter().enumerate().filter(|(_, mass)| **mass > 0.0);
    let mut cell = cells.next();
    let mut below = 0.0;
    let mut values: Vec<f64> = (0..count)
        .map(|stratum| {
            let wanted = (stratum as f64 + rng.random::<f64>()) / count as f64;
            // Strata rise, so that the cell only moves on; rounding keeps the last draw in the last cell.
            while let Some((_, mass)) = cell
                && wanted >= below + mass
            {
                let Some(next) = cells.next() else { break };
                below += mass;
                cell = Some(next);
            }
            let (number, part) =
                cell.map_or((0, 0.0), |(number, mass)| (number, ((wanted - below) / mass).clamp(0.0, 1.0)));
            (grid.low() + (number as f64 + part) * grid.width()).clamp(grid.low(), grid.high())
        })
        .collect();
    values.shuffle(&mut rng);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::quantity::QuantityGrid;

    #[test]
    fn features_of_hand_computed_places() {
        let condition = QuantityCondition::new(1.0, 3.0, 6).expect("a range");
        let close = |quantity, expected: [f32; 6]| {
            let features = condition.features(quantity).expect("inside");
            assert!(features.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{features:?}");
        };
        close(1.0, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        close(2.0, [1.0, 0.0, 0.0, -1.0, 0.0, 1.0]);
        close(3.0, [0.0, -1.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn features_are_truncated_or_padded_and_null_is_none_of_them() {
        let wide = QuantityCondition::new(0.0, 1.0, 40).expect("a range");
        let features = wide.features(0.3).expect("inside");
        assert_eq!(features.len(), 40);
        assert!(features[..16].iter().all(|value| *value != 0.0) && features[16..].iter().all(|value| *value == 0.0));
        let odd = QuantityCondition::new(0.0, 1.0, 5).expect("a range");
        assert_eq!(odd.features(0.3).expect("inside"), features[..5]);
        assert_eq!(odd.null(), [0.0; 5]);
    }

    #[test]
    fn quantities_outside_are_refused_in_one_clear_line() {
        let condition = QuantityCondition::new(0.5, 2.0, 8).expect("a range");
        for quantity in [0.49, 2.01, f64::NAN, f64::INFINITY] {
            let Err(error) = condition.features(quantity) else { panic!("{quantity}") };
            assert!(error.to_string().starts_with(&format!("expected a quantity between 0.5 and 2, got {quantity}")));
        }
        assert_eq!(condition.label(2.01).expect("near"), condition.features(2.0).expect("inside"));
        assert!(condition.label(f64::NAN).is_err());
        for (low, high, width) in [(1.0, 1.0, 8), (0.0, 1.0, 0), (f64::NAN, 1.0, 8)] {
            let error = QuantityCondition::new(low, high, width).expect_err("no condition").to_string();
            assert!(error.ends_with(&format!("got {low} to {high} with {width} features")), "{error}");
        }
    }

    #[test]
    fn requests_follow_the_intended_distribution_closer_than_chance() {
        let grid = QuantityGrid::new(0.0, 5.0, 5).expect("a range");
        let intended = Marginal::from_weights(grid, vec![0.0, 1.0, 2.0, 0.0, 1.0]).expect("masses");
        let values = requested_values(&intended, 400, 1);
        let drawn = Marginal::from_values(grid, &values).expect("values");
        assert!(drawn.total_variation(&intended).expect("same cells") <= 0.005);
        assert_eq!(values, requested_values(&intended, 400, 1));
        assert_ne!(values, requested_values(&intended, 400, 2));
        assert!(values.windows(2).any(|pair| pair[0] > pair[1]), "in random order");
        assert!(requested_values(&intended, 0, 1).is_empty());
    }
}
