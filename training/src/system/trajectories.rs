//! Many trajectories of one shape, and what was measured on them.

use super::SystemError;
use crate::dataset::Limits;
use planwright::quantity::{Marginal, QuantityError, QuantityGrid};

/// N trajectories of H steps and C coordinates, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trajectories {
    /// Steps, H.
    pub horizon: usize,
    /// Coordinates per step, C.
    pub columns: usize,
    /// N x H x C values.
    pub values: Vec<f32>,
}

impl Trajectories {
    /// None yet.
    pub fn empty(horizon: usize, columns: usize) -> Self {
        Self { horizon, columns, values: Vec::new() }
    }

    /// Number of trajectories.
    pub fn len(&self) -> usize {
        self.values.len() / self.size().max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Values of one trajectory, H x C.
    pub fn size(&self) -> usize {
        self.horizon * self.columns
    }

    /// One trajectory, H x C.
    pub fn get(&self, index: usize) -> &[f32] {
        &self.values[index * self.size()..(index + 1) * self.size()]
    }

    /// All, one after the other.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.size().max(1))
    }

    /// Those with the given places, in that order.
    #[must_use]
    pub fn chosen(&self, indices: &[usize]) -> Self {
        let values = indices.iter().flat_map(|index| self.get(*index).iter().copied()).collect();
        Self { values, ..Self::empty(self.horizon, self.columns) }
    }

    /// Linear map of every coordinate from its limits to [-1, 1].
    #[must_use]
    pub fn normalised(&self, limits: &Limits) -> Self {
        self.mapped(|column, value| {
            2.0 * (value - limits.low[column]) / (limits.high[column] - limits.low[column]) - 1.0
        })
    }

    /// The way back from [-1, 1].
    #[must_use]
    pub fn physical(&self, limits: &Limits) -> Self {
        self.mapped(|column, value| {
            limits.low[column] + 0.5 * (value + 1.0) * (limits.high[column] - limits.low[column])
        })
    }

    fn mapped(&self, map: impl Fn(usize, f32) -> f32) -> Self {
        let values = self.values.iter().enumerate().map(|(index, value)| map(index % self.columns, *value)).collect();
        Self { values, ..Self::empty(self.horizon, self.columns) }
    }

    /// Refuses another shape and numbers that are not finite.
    ///
    /// # Errors
    /// Says which trajectory.
    pub fn check(&self, horizon: usize, columns: usize) -> Result<(), SystemError> {
        if (self.horizon, self.columns) != (horizon, columns) || !self.values.len().is_multiple_of(self.size().max(1)) {
            return Err(SystemError::Shape {
                expected: (horizon, columns),
                got: (self.horizon, self.columns),
                values: self.values.len(),
            });
        }
        match self.values.iter().position(|value| !value.is_finite()) {
            Some(place) => Err(SystemError::NotFinite {
                trajectory: place / self.size(),
                step: place % self.size() / self.columns,
            }),
            None => Ok(()),
        }
    }
}

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
