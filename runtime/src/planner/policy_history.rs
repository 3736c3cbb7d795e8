//! What a policy remembers: the last steps, as its network wants them.

use crate::model::{Manifest, POLICY_COLUMNS};
use crate::world::{Command, Point, State};

/// Columns of one step.
pub(crate) const COLUMNS: usize = POLICY_COLUMNS.len();
const KNOWN: usize = COLUMNS - 1;
const RETURN: usize = 6;

/// One step as it was.
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
    low: [f32; COLUMNS],
    high: [f32; COLUMNS],
    /// Context x columns.
    values: Vec<f32>,
}

impl History {
    /// Nothing known yet. The manifest has been checked to have these columns.
    pub(crate) fn new(manifest: &Manifest, context: usize) -> Self {
        let ends = |values: &[f32]| std::array::from_fn(|column| values.get(column).copied().unwrap_or_default());
        let (low, high) = (ends(&manifest.normaliser.low), ends(&manifest.normaliser.high));
        let mut history = Self { low, high, values: vec![0.0; context * COLUMNS] };
        history.forget();
        history
    }

    /// Back to nothing known.
    pub(crate) fn forget(&mut self) {
        for step in self.values.chunks_exact_mut(COLUMNS) {
            step.fill(0.0);
            step[KNOWN] = -1.0;
        }
    }

    /// Adds the newest step; the oldest falls out.
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

    /// Says of every known step that this return was asked for.
    pub(crate) fn ask_for(&mut self, return_to_go: f64) {
        let value = self.normalised(RETURN, return_to_go);
        for step in self.values.chunks_exact_mut(COLUMNS).filter(|step| step[KNOWN] > 0.0) {
            step[RETURN] = value;
        }
    }

    /// Values that the data never had are not given to the network.
    fn normalised(&self, column: usize, value: f64) -> f32 {
        let (low, high) = (self.low[column], self.high[column]);
        (2.0 * (value as f32 - low) / (high - low) - 1.0).clamp(-1.5, 1.5)
    }

    /// Takes over another history of the same model.
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
    fn another_return_is_asked_for_in_all_that_is_known() {
        let mut history = History { low: [-1.0; COLUMNS], high: [1.0; COLUMNS], values: vec![0.0; 3 * COLUMNS] };
        history.forget();
        let step = HistoryStep {
            state: State::at_rest([0.1, 0.2]),
            goal: [0.3, 0.4],
            return_to_go: 0.5,
            action_before: [0.6, 0.7],
        };
        history.push(&step);
        history.push(&step);
        history.ask_for(-0.25);
        let returns: Vec<f32> = history.values().chunks_exact(COLUMNS).map(|step| step[RETURN]).collect();
        assert_eq!(returns, [0.0, -0.25, -0.25]);
        assert_eq!(POLICY_COLUMNS[RETURN], "return_to_go");
        assert_eq!(POLICY_COLUMNS[KNOWN], "known");
    }
}
