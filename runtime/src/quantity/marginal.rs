//! The distribution of a quantity over many trajectories.

use super::grid::{QuantityError, QuantityGrid};

/// Probability mass per cell of a grid; the masses sum to one.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Marginal {
    grid: QuantityGrid,
    mass: Vec<f64>,
}

impl Marginal {
    /// From any weights, which are scaled to sum to one.
    ///
    /// # Errors
    /// If there is not one finite weight of at least 0 per cell, or all are 0.
    pub fn from_weights(grid: QuantityGrid, weights: Vec<f64>) -> Result<Self, QuantityError> {
        let wrong = |problem: String| Err(QuantityError::Mass { problem });
        if weights.len() != grid.cells() {
            return wrong(format!("{} masses for {} cells", weights.len(), grid.cells()));
        }
        if let Some(weight) = weights.iter().find(|weight| !(**weight >= 0.0 && weight.is_finite())) {
            return wrong(format!("{weight}"));
        }
        let sum: f64 = weights.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            return wrong(format!("a sum of {sum}"));
        }
        Ok(Self { grid, mass: weights.into_iter().map(|weight| weight / sum).collect() })
    }

    /// Even over `low` to `high`, which may be a part of the grid; cells that the range cuts get their share.
    ///
    /// # Errors
    /// If the range and the grid have nothing in common.
    pub fn uniform(grid: QuantityGrid, low: f64, high: f64) -> Result<Self, QuantityError> {
        let half = 0.5 * grid.width();
        let share = |cell: usize| {
            let centre = grid.centre(cell);
            ((centre + half).min(high) - (centre - half).max(low)).max(0.0)
        };
        Self::from_weights(grid, (0..grid.cells()).map(share).collect())
    }

    /// Counts of measured values. A value outside the grid counts in the cell at that end, so that no mass is lost.
    ///
    /// # Errors
    /// If there is no value, or one is not finite.
    pub fn from_values(grid: QuantityGrid, values: &[f64]) -> Result<Self, QuantityError> {
        if values.is_empty() {
            return Err(QuantityError::NoSamples);
        }
        let mut counts = vec![0.0; grid.cells()];
        for (index, value) in values.iter().enumerate() {
            if !value.is_finite() {
                return Err(QuantityError::NotFinite { index, value: *value });
            }
            let inside = value.clamp(grid.low(), grid.high());
            if let Some(count) = grid.cell_of(inside).and_then(|cell| counts.get_mut(cell)) {
                *count += 1.0;
            }
        }
        Self::from_weights(grid, counts)
    }

    /// The same distribution seen through a Gaussian of standard deviation `bandwidth` (in the quantity's unit): the
    /// kernel density estimate of all curves of a figure. What would leave the grid stays with its cell (the Gaussian
    /// is cut at the ends and scaled to one), so that mass is kept. A bandwidth of 0 changes nothing.
    #[must_use]
    pub fn smoothed(&self, bandwidth: f64) -> Self {
        if !(bandwidth > 0.0 && bandwidth.is_finite()) {
            return self.clone();
        }
        let reach = ((4.0 * bandwidth / self.grid.width()).ceil() as usize).min(self.grid.cells());
        let kernel: Vec<f64> =
            (0..=reach).map(|cells| (-0.5 * (cells as f64 * self.grid.width() / bandwidth).powi(2)).exp()).collect();
        let mut smooth = vec![0.0; self.mass.len()];
        for (cell, mass) in self.mass.iter().enumerate() {
            let range = cell.saturating_sub(reach)..(cell + reach + 1).min(self.mass.len());
            let total: f64 = range.clone().map(|other| kernel[other.abs_diff(cell)]).sum();
            for other in range {
                smooth[other] += mass * kernel[other.abs_diff(cell)] / total;
            }
        }
        Self { grid: self.grid, mass: smooth }
    }

    /// The cells.
    pub fn grid(&self) -> QuantityGrid {
        self.grid
    }

    /// Mass per cell.
    pub fn mass(&self) -> &[f64] {
        &self.mass
    }

    /// Half the summed absolute difference (eq. 7): the share of mass that is elsewhere, 0 to 1.
    ///
    /// # Errors
    /// If the cells differ.
    pub fn total_variation(&self, other: &Self) -> Result<f64, QuantityError> {
        // Rounding must not make it more than all.
        Ok((0.5 * self.drift_from(other)?.iter().map(|drift| drift.abs()).sum::<f64>()).min(1.0))
    }

    /// Signed drift per cell (eq. 8): this mass less the other's.
    ///
    /// # Errors
    /// If the cells differ.
    pub fn drift_from(&self, other: &Self) -> Result<Vec<f64>, QuantityError> {
        if self.grid != other.grid {
            return Err(QuantityError::Cells { left: self.grid, right: other.grid });
        }
        Ok(self.mass.iter().zip(&other.mass).map(|(own, other)| own - other).collect())
    }

    /// Mass in `parts` equal parts of `low` to `high`; a cell counts where its centre lies.
    pub fn mass_by_part(&self, low: f64, high: f64, parts: usize) -> Vec<f64> {
        let mut sums = vec![0.0; parts];
        let Ok(coarse) = QuantityGrid::new(low, high, parts) else { return sums };
        for (cell, mass) in self.mass.iter().enumerate() {
            if let Some(sum) = coarse.cell_of(self.grid.centre(cell)).and_then(|part| sums.get_mut(part)) {
                *sum += mass;
            }
        }
        sums
    }

    /// Mean of the cell centres under the masses.
    pub fn mean(&self) -> f64 {
        self.mass.iter().enumerate().map(|(cell, mass)| mass * self.grid.centre(cell)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> QuantityGrid {
        QuantityGrid::new(0.0, 10.0, 10).expect("a range")
    }

    #[test]
    fn total_variation_of_hand_computed_cases() {
        let left = Marginal::uniform(grid(), 0.0, 5.0).expect("mass");
        let right = Marginal::uniform(grid(), 5.0, 10.0).expect("mass");
        let all = Marginal::uniform(grid(), 0.0, 10.0).expect("mass");
        // A sum of five fifths need not be one to the last digit.
        let is = |got: Result<f64, QuantityError>, wanted: f64| got.is_ok_and(|got| (got - wanted).abs() < 1e-12);
        assert!(is(left.total_variation(&right), 1.0) && is(left.total_variation(&all), 0.5));
        assert_eq!(all.total_variation(&all), Ok(0.0));
        let cut = Marginal::uniform(grid(), 0.5, 1.5).expect("mass");
        assert_eq!(cut.mass()[..3], [0.5, 0.5, 0.0]);
    }

    #[test]
    fn values_outside_count_at_the_ends_and_nan_is_refused() {
        let counted = Marginal::from_values(grid(), &[-3.0, 0.5, 11.0, 9.9]).expect("values");
        assert_eq!((counted.mass()[0], counted.mass()[9]), (0.5, 0.5));
        assert_eq!(Marginal::from_values(grid(), &[]), Err(QuantityError::NoSamples));
        assert!(matches!(
            Marginal::from_values(grid(), &[1.0, f64::NAN]),
            Err(QuantityError::NotFinite { index: 1, .. })
        ));
        for weights in [vec![0.0; 10], vec![1.0; 9], vec![f64::NAN; 10]] {
            assert!(matches!(Marginal::from_weights(grid(), weights), Err(QuantityError::Mass { .. })));
        }
    }

    #[test]
    fn smoothing_keeps_mass_and_an_even_distribution_nearly_even() {
        let point = Marginal::from_values(grid(), &[0.5]).expect("a value").smoothed(1.0);
        assert!((point.mass().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(point.mass()[0] > point.mass()[1] && point.mass()[1] > point.mass()[2]);
        let same = Marginal::uniform(grid(), 0.0, 10.0).expect("mass");
        assert_eq!(same.smoothed(0.0), same);
    }

    #[test]
    fn mass_by_part_sums_to_the_mass_inside() {
        let all = Marginal::uniform(grid(), 0.0, 10.0).expect("mass");
        let parts = all.mass_by_part(0.0, 10.0, 5);
        assert!(parts.iter().all(|part| (part - 0.2).abs() < 1e-12), "{parts:?}");
    }
}
