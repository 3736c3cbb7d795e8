//! Trajectories of one shape in one buffer, with their normalisation.

use super::Limits;

/// Why trajectories are refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrajectoryError {
    /// Of another horizon or with other coordinates.
    #[error("expected trajectories of {} steps and {} coordinates, got {} and {} ({values} values)", .expected.0, .expected.1, .got.0, .got.1)]
    Shape {
        /// Horizon and columns.
        expected: (usize, usize),
        /// Horizon and columns.
        got: (usize, usize),
        /// Values in all.
        values: usize,
    },
    /// NaN or infinity.
    #[error("expected finite trajectories, got NaN or infinity in trajectory {trajectory} at step {step}")]
    NotFinite {
        /// Which trajectory.
        trajectory: usize,
        /// Which step.
        step: usize,
    },
}

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
    pub fn check(&self, horizon: usize, columns: usize) -> Result<(), TrajectoryError> {
        if (self.horizon, self.columns) != (horizon, columns) || !self.values.len().is_multiple_of(self.size().max(1)) {
            return Err(TrajectoryError::Shape {
                expected: (horizon, columns),
                got: (self.horizon, self.columns),
                values: self.values.len(),
            });
        }
        match self.values.iter().position(|value| !value.is_finite()) {
            Some(place) => Err(TrajectoryError::NotFinite {
                trajectory: place / self.size(),
                step: place % self.size() / self.columns,
            }),
            None => Ok(()),
        }
    }
}
