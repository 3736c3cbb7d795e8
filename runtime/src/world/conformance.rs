//! How far this world is from a recorded one: the same actions from the same states.

use super::rollouts::Rollouts;
use super::{State, World};
use serde::Serialize;

/// Largest differences of any state coordinate (m and m/s).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Conformance {
    /// Roll-outs compared.
    pub rollouts: usize,
    /// Steps in each.
    pub steps: usize,
    /// One step from each recorded state.
    pub one_step_max: f64,
    /// All steps from the first recorded state, worst over time and roll-outs.
    pub open_loop_max: f64,
    /// Median over roll-outs of the worst over time.
    pub open_loop_median: f64,
    /// Share of steps within the contact margin of a wall.
    pub contact_share: f64,
}

impl Conformance {
    /// Steps every recorded state and action through `world`.
    pub fn measure(world: &World, rollouts: &Rollouts) -> Self {
        let (count, length, _) = rollouts.states.dim();
        let recorded = |n: usize, t: usize| State::from_array(std::array::from_fn(|d| rollouts.states[[n, t, d]]));
        let (mut one_step_max, mut contacts) = (0.0_f64, 0_usize);
        let mut open_loop = Vec::with_capacity(count);
        for n in 0..count {
            let mut state = recorded(n, 0);
            let mut worst = 0.0_f64;
            for t in 0..length - 1 {
                let action = [rollouts.actions[[n, t, 0]], rollouts.actions[[n, t, 1]]];
                let (one, report) = world.step(&recorded(n, t), action);
                one_step_max = one_step_max.max(difference(&one, &recorded(n, t + 1)));
                contacts += usize::from(report.contacts > 0);
                state = world.step(&state, action).0;
                worst = worst.max(difference(&state, &recorded(n, t + 1)));
            }
            open_loop.push(worst);
        }
        open_loop.sort_by(f64::total_cmp);
        let middle = open_loop.len() / 2;
        let median = if open_loop.len() % 2 == 1 {
            open_loop[middle]
        } else {
            0.5 * (open_loop[middle - 1] + open_loop[middle])
        };
        Self {
            rollouts: count,
            steps: length - 1,
            one_step_max,
            open_loop_max: open_loop[open_loop.len() - 1],
            open_loop_median: median,
            contact_share: contacts as f64 / (count * (length - 1)) as f64,
        }
    }
}

fn difference(a: &State, b: &State) -> f64 {
    let (a, b) = (a.to_array(), b.to_array());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}
