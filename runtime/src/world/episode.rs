//! The task on a maze: reset, reward, length and the published reference scores.

use super::{Layout, Point, State};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// The goal counts as reached within this distance.
pub const GOAL_RADIUS_M: f64 = 0.5;

/// Length and reference scores of an episode (D4RL `maze2d-*-v1`, sparse reward).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpisodeRules {
    /// Steps per episode.
    pub steps: usize,
    /// Return of the random policy and of the reference controller; `None` where D4RL has no such maze.
    pub reference: Option<(f64, f64)>,
}

impl EpisodeRules {
    /// D4RL's rules for its three mazes; for others a length that fits the size and no reference.
    pub fn of(layout: &Layout) -> Self {
        let known = [
            (Layout::umaze(), 300, (23.85, 161.86)),
            (Layout::medium(), 600, (13.13, 277.39)),
            (Layout::large(), 800, (6.70, 273.99)),
        ];
        for (built_in, steps, reference) in known {
            if built_in.to_text() == layout.to_text() {
                return Self { steps, reference: Some(reference) };
            }
        }
        Self { steps: 20 * layout.free_cells().count().clamp(15, 50), reference: None }
    }

    /// D4RL-normalised score in percent: 0 is the random policy, 100 the reference controller.
    pub fn normalised_score(&self, total_reward: f64) -> Option<f64> {
        self.reference.map(|(low, high)| 100.0 * (total_reward - low) / (high - low))
    }
}

/// Start and goal of one episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// State after reset.
    pub start: State,
    /// Goal position.
    pub goal: Point,
}

impl Episode {
    /// D4RL's reset: a uniformly random free cell's index plus U(-0.1, 0.1) m, velocity N(0, 0.1) m/s.
    /// The goal is the layout's own, else the last free cell.
    pub fn reset(layout: &Layout, rng: &mut impl Rng) -> Self {
        let free = layout.free_cells().count();
        let (row, column) = layout.free_cells().nth(rng.random_range(0..free)).unwrap_or_default();
        let mut offset = || rng.random_range(-0.1..0.1);
        let position = [row as f64 + offset(), column as f64 + offset()];
        let velocity = [0.1 * rng.sample::<f64, _>(StandardNormal), 0.1 * rng.sample::<f64, _>(StandardNormal)];
        let last = layout.free_cells().last().unwrap_or_default();
        let goal = layout.goal().unwrap_or([last.0 as f64, last.1 as f64]);
        Self { start: State::moving(position, velocity), goal }
    }

    /// Sparse reward of a state: 1 within [`GOAL_RADIUS_M`] of the goal. NaN earns nothing.
    pub fn reward(&self, state: &State) -> f64 {
        if state.distance(self.goal) <= GOAL_RADIUS_M { 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn published_reference_returns_score_0_and_100() {
        for layout in [Layout::umaze(), Layout::medium(), Layout::large()] {
            let rules = EpisodeRules::of(&layout);
            let (low, high) = rules.reference.unwrap_or((0.0, 0.0));
            assert_eq!(rules.normalised_score(low), Some(0.0));
            assert!((rules.normalised_score(high).unwrap_or(0.0) - 100.0).abs() < 1e-9);
        }
    }

    #[test]
    fn resets_start_in_free_space_and_repeat_with_their_seed() {
        let layout = Layout::large();
        let run = |seed| {
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            (0..200).map(|_| Episode::reset(&layout, &mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(run(3), run(3));
        assert!(run(3).iter().all(|episode| layout.is_free(episode.start.position)));
    }
}
