//! The quantity of every trajectory, as a recovery rule estimates it.

use planwright::quantity::{Marginal, QuantityError, QuantityGrid};

/// What a recovery rule found for each trajectory.
#[derive(Clone, Debug, PartialEq)]
pub enum Recovered {
    /// A distribution over the cells of the grid per trajectory, N x K row by row, each row summing to one.
    Posterior {
        /// N x K masses.
        rows: Vec<f32>,
        /// The K cells.
        grid: QuantityGrid,
    },
    /// One value per trajectory.
    Values(Vec<f64>),
}

impl Recovered {
    /// Number of trajectories.
    pub fn len(&self) -> usize {
        match self {
            Self::Posterior { rows, grid } => rows.len() / grid.cells(),
            Self::Values(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value per trajectory: the mode of a posterior, or the value itself.
    pub fn values(&self) -> Vec<f64> {
        match self {
            Self::Values(values) => values.clone(),
            Self::Posterior { rows, grid } => rows
                .chunks_exact(grid.cells())
                .map(|row| {
                    let mode = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(cell, _)| cell);
                    grid.centre(mode)
                })
                .collect(),
        }
    }

    /// The distribution over all trajectories on `grid` (eq. 5), seen through the figure's Gaussian.
    ///
    /// # Errors
    /// If there is nothing to measure, or a value is not finite.
    pub fn marginal(&self, grid: QuantityGrid, bandwidth: f64) -> Result<Marginal, QuantityError> {
        if self.is_empty() {
            return Err(QuantityError::NoSamples);
        }
        let marginal = match self {
            Self::Values(values) => Marginal::from_values(grid, values)?,
            Self::Posterior { rows, grid: own } => {
                if *own != grid {
                    return Err(QuantityError::Cells { left: *own, right: grid });
                }
                let mut sums = vec![0.0_f64; grid.cells()];
                for row in rows.chunks_exact(grid.cells()) {
                    for (sum, mass) in sums.iter_mut().zip(row) {
                        *sum += f64::from(*mass);
                    }
                }
                Marginal::from_weights(grid, sums)?
            }
        };
        Ok(marginal.smoothed(bandwidth))
    }
}
