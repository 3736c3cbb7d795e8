//! The cells in which a physical quantity is counted.

use crate::figures::Figure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Even cells over a closed range of a quantity, in the quantity's own unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "GridJson", into = "GridJson")]
#[schemars(with = "GridJson")]
pub struct QuantityGrid {
    low: f64,
    high: f64,
    cells: usize,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "QuantityGrid")]
struct GridJson {
    /// Lower end of the first cell.
    low: f64,
    /// Upper end of the last cell.
    high: f64,
    /// Number of cells.
    cells: usize,
}

/// Why a quantity cannot be counted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantityError {
    /// No cells, or a range that is none.
    #[error("expected between 1 and {max} cells over a finite range with low < high, got {cells} cells over {} to {}", Figure(*.low), Figure(*.high), max = QuantityGrid::MAX_CELLS)]
    Grid {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Cells.
        cells: usize,
    },
    /// Nothing to count.
    #[error(
        "expected at least one sample to make a distribution of, got none\nhint: generate more, or look at why every sample was dropped"
    )]
    NoSamples,
    /// A mass that is negative, not finite, or all of them zero.
    #[error("expected one finite mass of at least 0 per cell with a sum above 0, got {problem}")]
    Mass {
        /// What is wrong.
        problem: String,
    },
    /// A measured value that is no number.
    #[error("expected finite values, got {value} as value {index}")]
    NotFinite {
        /// Its place.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Distributions over different cells.
    #[error("expected two distributions over the same cells, got {left:?} and {right:?}")]
    Cells {
        /// Cells of the one.
        left: QuantityGrid,
        /// Cells of the other.
        right: QuantityGrid,
    },
}

impl QuantityGrid {
    /// More cells than this are a mistake.
    pub const MAX_CELLS: usize = 100_000;

    /// `cells` even cells from `low` to `high`.
    ///
    /// # Errors
    /// If there is no cell or no range.
    pub fn new(low: f64, high: f64, cells: usize) -> Result<Self, QuantityError> {
        let wide = low.is_finite() && high.is_finite() && low < high && (high - low).is_finite();
        if !wide || !(1..=Self::MAX_CELLS).contains(&cells) {
            return Err(QuantityError::Grid { low, high, cells });
        }
        Ok(Self { low, high, cells })
    }

    /// Lower end of the first cell.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Upper end of the last cell.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Width of a cell.
    pub fn width(&self) -> f64 {
        (self.high - self.low) / self.cells as f64
    }

    /// Centre of a cell.
    pub fn centre(&self, cell: usize) -> f64 {
        self.low + (cell as f64 + 0.5) * self.width()
    }

    /// Centres of all cells.
    pub fn centres(&self) -> Vec<f64> {
        (0..self.cells).map(|cell| self.centre(cell)).collect()
    }

    /// The cell of a value; the upper end belongs to the last cell. `None` outside the range and for NaN.
    pub fn cell_of(&self, value: f64) -> Option<usize> {
        if !(value >= self.low && value <= self.high) {
            return None;
        }
        Some((((value - self.low) / self.width()) as usize).min(self.cells - 1))
    }
}

impl TryFrom<GridJson> for QuantityGrid {
    type Error = QuantityError;

    fn try_from(json: GridJson) -> Result<Self, QuantityError> {
        Self::new(json.low, json.high, json.cells)
    }
}

impl From<QuantityGrid> for GridJson {
    fn from(grid: QuantityGrid) -> Self {
        Self { low: grid.low, high: grid.high, cells: grid.cells }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_tile_the_range_and_nothing_else() {
        let grid = QuantityGrid::new(1.0, 3.0, 4).expect("a range");
        assert_eq!(grid.centres(), [1.25, 1.75, 2.25, 2.75]);
        assert_eq!([1.0, 1.49, 1.5, 3.0].map(|value| grid.cell_of(value)), [Some(0), Some(0), Some(1), Some(3)]);
        assert_eq!([0.99, 3.01, f64::NAN, f64::INFINITY].map(|value| grid.cell_of(value)), [None; 4]);
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        for (low, high, cells) in
            [(1.0, 1.0, 4), (2.0, 1.0, 4), (f64::NAN, 1.0, 4), (0.0, 1.0, 0), (0.0, 1.0, usize::MAX)]
        {
            assert!(
                matches!(QuantityGrid::new(low, high, cells), Err(QuantityError::Grid { cells: got, .. }) if got == cells)
            );
        }
    }
}
