//! A policy's input: the window of the last steps, normalised.

use crate::model::{Manifest, Normaliser, POLICY_COLUMNS};
use crate::world::{Command, Point, State};

/// Columns of one step.
pub(crate) const COLUMNS: usize = POLICY_COLUMNS.len();
const KNOWN: usize = COLUMNS - 1;
const RETURN: usize = 6;

/// One observed or simulated step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HistoryStep {
    pub(crate) state: State,
    pub(crate) goal: Point,
    pub(crate) return_to_go: f64,
    /// The action that led here; zero at the start of an episode.
    pub(crate) action_before: Command,
}

/// A window of the newest steps, normalised, the newest last. Memory is fixed at construction.
#[derive(Clone, Debug)]
pub(crate) struct History {
    normaliser: Normaliser,
    /// Context x columns.
    values: Vec<f32>,
}

impl History {
    /// Without known steps. The manifest has been checked to have these columns.
    pub(crate) fn new(manifest: &Manifest, context: usize) -> Self {
        let mut history = Self { normaliser: manifest.normaliser.clone(), values: vec![0.0; context * COLUMNS] };
        history.clear();
        history
    }

    /// Marks every step as unknown.
    pub(crate) fn clear(&mut self) {
        for step in self.values.chunks_exact_mut(COLUMNS) {
            step.fill(0.0);
            step[KNOWN] = -1.0;
        }
    }

    /// Adds the newest step and drops the oldest.
    pub(crate) fn push(&mut self, step: &HistoryStep) {
        self.values.copy_within(COLUMNS.., 0);
        let HistoryStep { state, goal, return_to_go, action_before } = step;
        let [x, y, vx, vy] = state.to_array();
        let physical = [x, y, vx, vy, goal[0], goal[1], *return_to_go, action_before[0], action_before[1], 1.0];
        let newest = self.values.len() - COLUMNS;
        for (column, value) in physical.into_iter().enumerate() {
            self.values[newest + column] = self.normalised(column, value);
        }
    }

    /// Sets the return to go of every known step.
    pub(crate) fn set_return(&mut self, return_to_go: f64) {
        let value = self.normalised(RETURN, return_to_go);
        for step in self.values.chunks_exact_mut(COLUMNS).filter(|step| step[KNOWN] > 0.0) {
            step[RETURN] = value;
        }
    }

    /// Clamped, because the network was fitted to values within [-1, 1].
    fn normalised(&self, column: usize, value: f64) -> f32 {
        self.normaliser.normalise(column, value).clamp(-1.5, 1.5)
    }

    /// Copies another history of the same model.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.values.copy_from_slice(&other.values);
    }

    /// Context x columns, normalised.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_is_set_in_every_known_step() {
        let normaliser = Normaliser { low: vec![-1.0; COLUMNS], high: vec![1.0; COLUMNS] };
        let mut history = History { normaliser, values: vec![0.0; 3 * COLUMNS] };
        history.clear();
        let step = HistoryStep {
            state: State::at_rest([0.1, 0.2]),
            goal: [0.3, 0.4],
            return_to_go: 0.5,
            action_before: [0.6, 0.7],
        };
        history.push(&step);
        history.push(&step);
        history.set_return(-0.25);
        let returns: Vec<f32> = history.values().chunks_exact(COLUMNS).map(|step| step[RETURN]).collect();
        assert_eq!(returns, [0.0, -0.25, -0.25]);
        assert_eq!(POLICY_COLUMNS[RETURN], "return_to_go");
        assert_eq!(POLICY_COLUMNS[KNOWN], "known");
    }
}
