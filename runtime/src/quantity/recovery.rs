//! Which value of a quantity a trajectory has, by comparison with one reference trajectory per cell of a grid.

use super::grid::{QuantityError, QuantityGrid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Values that one pass over the references takes side by side, so that the compiler keeps them in registers.
const LANES: usize = 16;

/// How far a trajectory is from a reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discrepancy {
    /// Mean squared difference (eq. 15).
    #[default]
    Squared,
    /// Mean absolute difference.
    Absolute,
    /// Root of the mean squared difference.
    Root,
}

/// Why trajectories cannot be compared with the references.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecoveryError {
    /// References that are not one per cell, or not numbers.
    #[error("expected one finite reference trajectory of equal length per cell ({cells} cells), got {problem}")]
    References {
        /// Cells of the grid.
        cells: usize,
        /// What is wrong.
        problem: String,
    },
    /// A bandwidth that is none.
    #[error("expected a bandwidth above 0 for the recovery, got {0}")]
    Bandwidth(f64),
    /// Values that do not fill whole trajectories.
    #[error("expected whole trajectories of {length} values, got {values} values")]
    Shape {
        /// Values of a trajectory.
        length: usize,
        /// Values in all.
        values: usize,
    },
    /// A trajectory with NaN or infinity.
    #[error(transparent)]
    NotFinite(#[from] QuantityError),
}

/// The posterior over a grid's cells (eqs. 15-16) given one reference trajectory per cell.
///
/// With d_k the discrepancy to reference k, the mass of cell k is proportional to `exp(-d_k / (2 h^2))` with
/// `h^2 = max(h0^2, min_k d_k)`. The bandwidth adapts so that a near-exact match does not become a point mass. For
/// the discrepancies that are distances rather than squares, h takes the place of h^2 on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct PosteriorRule {
    grid: QuantityGrid,
    references: Vec<f32>,
    length: usize,
    floor: f64,
    discrepancy: Discrepancy,
}

impl PosteriorRule {
    /// `references` holds one trajectory per cell, one after the other; `bandwidth` is h0 in the unit of their values.
    ///
    /// # Errors
    /// If the references do not fit the grid or are not finite, or the bandwidth is not above 0.
    pub fn new(
        grid: QuantityGrid,
        references: Vec<f32>,
        bandwidth: f64,
        discrepancy: Discrepancy,
    ) -> Result<Self, RecoveryError> {
        let wrong = |problem: String| Err(RecoveryError::References { cells: grid.cells(), problem });
        if references.is_empty() || !references.len().is_multiple_of(grid.cells()) {
            return wrong(format!("{} values", references.len()));
        }
        if let Some(value) = references.iter().find(|value| !value.is_finite()) {
            return wrong(format!("{value}"));
        }
        if !(bandwidth > 0.0 && bandwidth.is_finite()) {
            return Err(RecoveryError::Bandwidth(bandwidth));
        }
        let floor = if discrepancy == Discrepancy::Squared { bandwidth * bandwidth } else { bandwidth };
        let length = references.len() / grid.cells();
        Ok(Self { grid, references, length, floor, discrepancy })
    }

    /// The cells.
    pub fn grid(&self) -> QuantityGrid {
        self.grid
    }

    /// Values of a trajectory.
    pub fn length(&self) -> usize {
        self.length
    }

    /// One row of masses per trajectory, one after the other, each row summing to one. Uses all cores; the result
    /// does not depend on how many there are.
    ///
    /// # Errors
    /// If a trajectory is cut off or not finite.
    pub fn posteriors(&self, trajectories: &[f32]) -> Result<Vec<f32>, RecoveryError> {
        if !trajectories.len().is_multiple_of(self.length) {
            return Err(RecoveryError::Shape { length: self.length, values: trajectories.len() });
        }
        if let Some(index) = trajectories.iter().position(|value| !value.is_finite()) {
            return Err(QuantityError::NotFinite { index, value: f64::from(trajectories[index]) }.into());
        }
        let count = trajectories.len() / self.length;
        let mut rows = vec![0.0_f32; count * self.grid.cells()];
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(count.max(1));
        let share = count.div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let shares = trajectories.chunks(share * self.length).zip(rows.chunks_mut(share * self.grid.cells()));
            for (trajectories, rows) in shares {
                scope.spawn(move || {
                    let mut discrepancies = vec![0.0; self.grid.cells()];
                    let pairs = trajectories.chunks_exact(self.length).zip(rows.chunks_exact_mut(self.grid.cells()));
                    for (trajectory, row) in pairs {
                        self.posterior(trajectory, &mut discrepancies, row);
                    }
                });
            }
        });
        Ok(rows)
    }

    fn posterior(&self, trajectory: &[f32], discrepancies: &mut [f64], row: &mut [f32]) {
        let steps = self.length as f64;
        for (discrepancy, reference) in discrepancies.iter_mut().zip(self.references.chunks_exact(self.length)) {
            *discrepancy = match self.discrepancy {
                Discrepancy::Squared => f64::from(summed::<true>(trajectory, reference)) / steps,
                Discrepancy::Absolute => f64::from(summed::<false>(trajectory, reference)) / steps,
                Discrepancy::Root => (f64::from(summed::<true>(trajectory, reference)) / steps).sqrt(),
            };
        }
        let least = discrepancies.iter().copied().fold(f64::INFINITY, f64::min);
        let scale = 0.5 / self.floor.max(least);
        let mut sum = 0.0;
        for discrepancy in discrepancies.iter_mut() {
            // Relative to the best match, so that the sum is at least 1; an infinite discrepancy has no mass.
            *discrepancy = if *discrepancy == least { 1.0 } else { (-(*discrepancy - least) * scale).exp() };
            sum += *discrepancy;
        }
        for (mass, weight) in row.iter_mut().zip(discrepancies.iter()) {
            *mass = (weight / sum) as f32;
        }
    }
}

/// Sum of squared or absolute differences, in an order that does not depend on the machine.
fn summed<const SQUARED: bool>(left: &[f32], right: &[f32]) -> f32 {
    let term = |a: f32, b: f32| {
        let difference = a - b;
        if SQUARED { difference * difference } else { difference.abs() }
    };
    let mut lanes = [0.0_f32; LANES];
    let (left_blocks, left_rest) = left.as_chunks::<LANES>();
    let (right_blocks, right_rest) = right.as_chunks::<LANES>();
    for (a, b) in left_blocks.iter().zip(right_blocks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(*a, *b);
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| term(*a, *b)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Mean of every posterior, in the quantity's unit.
pub fn posterior_means(rows: &[f32], grid: QuantityGrid) -> Vec<f64> {
    let centres = grid.centres();
    let mean = |row: &[f32]| row.iter().zip(&centres).map(|(mass, centre)| f64::from(*mass) * centre).sum();
    rows.chunks_exact(grid.cells()).map(mean).collect()
}

/// Mode of every posterior, in the quantity's unit: the centre of the cell with the most mass, the first of equals.
pub fn posterior_modes(rows: &[f32], grid: QuantityGrid) -> Vec<f64> {
    let mode = |row: &[f32]| {
        let best = row.iter().enumerate().fold(0, |best, (cell, mass)| if *mass > row[best] { cell } else { best });
        grid.centre(best)
    };
    rows.chunks_exact(grid.cells()).map(mode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(discrepancy: Discrepancy) -> PosteriorRule {
        let grid = QuantityGrid::new(0.0, 3.0, 3).expect("a range");
        // Constant trajectories 0, 1 and 2.
        let references = vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0];
        PosteriorRule::new(grid, references, 0.5, discrepancy).expect("one reference per cell")
    }

    fn close(row: &[f32], weights: [f64; 3]) {
        assert_eq!(row.len(), weights.len(), "{row:?}");
        let sum: f64 = weights.iter().sum();
        for (mass, weight) in row.iter().zip(weights) {
            assert!((f64::from(*mass) - weight / sum).abs() < 1e-6, "{row:?} {weights:?}");
        }
    }

    #[test]
    fn an_exact_match_keeps_the_least_bandwidth() {
        // d = 0, 1, 4; h^2 = .25.
        let row = rule(Discrepancy::Squared).posteriors(&[0.0, 0.0]).expect("finite");
        close(&row, [1.0, (-2.0_f64).exp(), (-8.0_f64).exp()]);
    }

    #[test]
    fn far_from_all_references_the_bandwidth_is_the_least_discrepancy() {
        // d = 9, 4, 1; h^2 = 1. Relative to the best: exp(-(9-1)/2), exp(-(4-1)/2), 1.
        let row = rule(Discrepancy::Squared).posteriors(&[3.0, 3.0]).expect("finite");
        close(&row, [(-4.0_f64).exp(), (-1.5_f64).exp(), 1.0]);
    }

    #[test]
    fn distances_instead_of_squares() {
        // Values 0 and 4: absolute 2, 2, 2; root sqrt 8, sqrt 5, 2.
        let row = rule(Discrepancy::Absolute).posteriors(&[0.0, 4.0]).expect("finite");
        close(&row, [1.0, 1.0, 1.0]);
        let row = rule(Discrepancy::Root).posteriors(&[0.0, 4.0]).expect("finite");
        let weight = |d: f64| (-(d - 2.0) / 4.0).exp();
        close(&row, [weight(8.0_f64.sqrt()), weight(5.0_f64.sqrt()), 1.0]);
    }

    #[test]
    fn many_trajectories_give_the_rows_of_each() {
        let rule = rule(Discrepancy::Squared);
        let many: Vec<f32> = (0..46).map(|n| (n as f32 * 0.7).sin()).collect();
        let rows = rule.posteriors(&many).expect("finite");
        assert_eq!(rows.len(), 23 * 3);
        for (trajectory, row) in many.chunks(2).zip(rows.chunks(3)) {
            assert_eq!(rule.posteriors(trajectory).expect("finite"), row);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn lengths_that_are_no_multiple_of_the_lanes_are_summed_whole() {
        let left: Vec<f32> = (0..35).map(|n| n as f32).collect();
        let right = vec![0.0; 35];
        assert_eq!(summed::<true>(&left, &right), (0..35).map(|n| n * n).sum::<i32>() as f32);
        assert_eq!(summed::<false>(&left, &right), (0..35).sum::<i32>() as f32);
    }

    #[test]
    fn modes_and_means_of_hand_made_rows() {
        let grid = QuantityGrid::new(0.0, 3.0, 3).expect("a range");
        let rows = [0.5, 0.0, 0.5, 0.0, 0.25, 0.75];
        assert_eq!(posterior_modes(&rows, grid), [0.5, 2.5]);
        assert_eq!(posterior_means(&rows, grid), [1.5, 2.25]);
    }

    #[test]
    fn bad_input_is_refused() {
        let rule = rule(Discrepancy::Squared);
        assert!(matches!(rule.posteriors(&[0.0; 3]), Err(RecoveryError::Shape { length: 2, values: 3 })));
        assert!(matches!(rule.posteriors(&[0.0, f32::NAN]), Err(RecoveryError::NotFinite(_))));
        let grid = rule.grid();
        let refused = |references: Vec<f32>, bandwidth| {
            PosteriorRule::new(grid, references, bandwidth, Discrepancy::Squared).expect_err("no references")
        };
        assert!(matches!(refused(vec![0.0; 4], 0.1), RecoveryError::References { cells: 3, .. }));
        assert!(matches!(refused(vec![f32::NAN; 3], 0.1), RecoveryError::References { cells: 3, .. }));
        assert!(matches!(refused(vec![0.0; 3], f64::NAN), RecoveryError::Bandwidth(bandwidth) if bandwidth.is_nan()));
    }
}
