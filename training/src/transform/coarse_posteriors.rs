//! Recovered quantities over few bins, as the pairing sees them.

use super::TransformError;
use crate::transform::Recovered;
use planwright::quantity::{Marginal, QuantityError, QuantityGrid};

/// A distribution over the same B bins for each of N trajectories.
#[derive(Clone, Debug, PartialEq)]
pub struct CoarsePosteriors {
    grid: QuantityGrid,
    rows: Vec<f32>,
}

impl CoarsePosteriors {
    /// Posteriors are summed over the bins (a cell that a bin's edge cuts is shared by length), values fill one bin.
    /// What lies outside the bins counts in the bin at that end, so that every row sums to one.
    ///
    /// # Errors
    /// If there is nothing, or something is not finite.
    pub fn new(recovered: &Recovered, grid: QuantityGrid) -> Result<Self, TransformError> {
        if recovered.is_empty() {
            return Err(QuantityError::NoSamples.into());
        }
        let mut rows = vec![0.0; recovered.len() * grid.cells()];
        match recovered {
            Recovered::Values(values) => {
                for (index, (row, value)) in rows.chunks_exact_mut(grid.cells()).zip(values).enumerate() {
                    let value = *value;
                    if !value.is_finite() {
                        return Err(QuantityError::NotFinite { index, value }.into());
                    }
                    let bin = grid.cell_of(value.clamp(grid.low(), grid.high()));
                    if let Some(mass) = bin.and_then(|bin| row.get_mut(bin)) {
                        *mass = 1.0;
                    }
                }
            }
            Recovered::Posterior { rows: fine_rows, grid: fine } => {
                let shares = shares(*fine, grid);
                for (row, fine_row) in rows.chunks_exact_mut(grid.cells()).zip(fine_rows.chunks_exact(fine.cells())) {
                    let fine_row: Vec<f64> = fine_row.iter().map(|mass| f64::from(*mass)).collect();
                    let coarse = Marginal::from_weights(grid, regrouped(&fine_row, &shares, grid))?;
                    for (mass, coarse) in row.iter_mut().zip(coarse.mass()) {
                        *mass = *coarse as f32;
                    }
                }
            }
        }
        Ok(Self { grid, rows })
    }

    /// The bins.
    pub fn grid(&self) -> QuantityGrid {
        self.grid
    }

    /// Number of trajectories.
    pub fn len(&self) -> usize {
        self.rows.len() / self.grid.cells()
    }

    /// Never: there is always a trajectory.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All masses, N x B.
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// The fullest bin of every trajectory.
    pub fn bins(&self) -> Vec<usize> {
        let fullest =
            |row: &[f32]| row.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(bin, _)| bin);
        self.rows.chunks_exact(self.grid.cells()).map(fullest).collect()
    }

    /// The distribution over all trajectories, each counted by its weight.
    ///
    /// # Errors
    /// If there is not one weight of at least 0 per trajectory, or all are 0.
    pub fn marginal(&self, weights: &[f64]) -> Result<Marginal, TransformError> {
        if weights.len() != self.len() {
            let got = weights.len();
            return Err(TransformError::Count { what: "weight", of: "trajectories", count: self.len(), got });
        }
        let mut sums = vec![0.0; self.grid.cells()];
        for (row, weight) in self.rows.chunks_exact(self.grid.cells()).zip(weights) {
            for (sum, mass) in sums.iter_mut().zip(row) {
                *sum += weight * f64::from(*mass);
            }
        }
        Ok(Marginal::from_weights(self.grid, sums)?)
    }
}

/// A distribution over other, usually fewer cells; mass outside them counts at their ends.
///
/// # Errors
/// Never for cells over a range; the type says so because masses are checked again.
pub fn coarsened(fine: &Marginal, grid: QuantityGrid) -> Result<Marginal, QuantityError> {
    Marginal::from_weights(grid, regrouped(fine.mass(), &shares(fine.grid(), grid), grid))
}

/// Per fine cell, the bins it overlaps and the share of the cell in each.
fn shares(fine: QuantityGrid, grid: QuantityGrid) -> Vec<Vec<(usize, f64)>> {
    let bin = |value: f64| grid.cell_of(value.clamp(grid.low(), grid.high())).unwrap_or(0);
    let edge = |cell: usize| grid.low() + cell as f64 * grid.width();
    (0..fine.cells())
        .map(|cell| {
            let (low, high) = (fine.low() + cell as f64 * fine.width(), fine.low() + (cell + 1) as f64 * fine.width());
            let (first, last) = (bin(low), bin(high));
            let share = |bin: usize| {
                let from = if bin == first { low } else { edge(bin) };
                let to = if bin == last { high } else { edge(bin + 1) };
                (bin, ((to - from) / fine.width()).max(0.0))
            };
            (first..=last).map(share).collect()
        })
        .collect()
}

fn regrouped(mass: &[f64], shares: &[Vec<(usize, f64)>], grid: QuantityGrid) -> Vec<f64> {
    let mut sums = vec![0.0; grid.cells()];
    for (mass, shares) in mass.iter().zip(shares) {
        for (bin, share) in shares {
            if let Some(sum) = sums.get_mut(*bin) {
                *sum += mass * share;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(cells: usize) -> QuantityGrid {
        QuantityGrid::new(0.0, 4.0, cells).expect("a range")
    }

    #[test]
    fn values_fill_one_bin_and_the_ends_take_what_is_outside() {
        let posteriors = CoarsePosteriors::new(&Recovered::Values(vec![-1.0, 1.5, 9.0]), grid(4)).expect("values");
        assert_eq!(posteriors.bins(), [0, 1, 3]);
        assert_eq!(posteriors.rows()[..8], [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(posteriors.marginal(&[1.0, 1.0, 2.0]).expect("weights").mass(), [0.25, 0.25, 0.0, 0.5]);
        let count = TransformError::Count { what: "weight", of: "trajectories", count: 3, got: 1 };
        assert_eq!(posteriors.marginal(&[1.0]), Err(count));
    }

    #[test]
    fn posteriors_are_summed_and_cut_cells_are_shared() {
        let recovered = Recovered::Posterior { rows: vec![0.5, 0.25, 0.25, 0.0], grid: grid(4) };
        let two = CoarsePosteriors::new(&recovered, grid(2)).expect("masses");
        assert_eq!((two.rows(), two.bins()), (&[0.75, 0.25][..], vec![0]));
        let inner = QuantityGrid::new(0.5, 2.5, 2).expect("a range");
        let cut = CoarsePosteriors::new(&recovered, inner).expect("masses");
        // 0-1 is left of 1.5 as a whole; 1-2 is halved by it; 2-4 is right of it.
        assert_eq!(cut.rows(), [0.625, 0.375]);
        let marginal = Marginal::from_weights(grid(4), vec![0.5, 0.25, 0.25, 0.0]).expect("masses");
        assert_eq!(coarsened(&marginal, inner).expect("masses").mass(), [0.625, 0.375]);
    }

    #[test]
    fn nothing_and_nan_are_refused() {
        let refused =
            |recovered: &Recovered, cells| CoarsePosteriors::new(recovered, grid(cells)).expect_err("refused");
        assert_eq!(refused(&Recovered::Values(Vec::new()), 4), QuantityError::NoSamples.into());
        let nan = refused(&Recovered::Values(vec![1.0, f64::NAN]), 4);
        assert!(matches!(nan, TransformError::Quantity(QuantityError::NotFinite { index: 1, .. })), "{nan}");
        let broken = Recovered::Posterior { rows: vec![f32::NAN, 0.0], grid: grid(2) };
        assert!(matches!(refused(&broken, 2), TransformError::Quantity(_)));
    }
}
