//! A trajectory: states over time, at a fixed period, with the commands that lead from one to the next.

use crate::geometry::{Hermite, Point, wrapped};
use crate::world::{Command, State};

/// States at `0, dt, 2 dt, ...` and, where known, the command held after each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trajectory {
    /// Period between states, seconds.
    pub dt_secs: f64,
    /// The states; H of them.
    pub states: Vec<State>,
    /// Commands; either H - 1 (one per interval), H, or none if unknown.
    pub commands: Vec<Command>,
}

impl Trajectory {
    /// Empty, with room for `states` states so that filling it does not allocate.
    pub fn with_capacity(dt_secs: f64, states: usize) -> Self {
        Self { dt_secs, states: Vec::with_capacity(states), commands: Vec::with_capacity(states) }
    }

    /// Empties it; the memory stays.
    pub fn clear(&mut self) {
        self.states.clear();
        self.commands.clear();
    }

    /// Replaces the content by that of another, reusing the memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.dt_secs = other.dt_secs;
        self.states.extend_from_slice(&other.states);
        self.commands.extend_from_slice(&other.commands);
    }

    /// From the first to the last state, seconds.
    pub fn duration_secs(&self) -> f64 {
        self.dt_secs * self.states.len().saturating_sub(1) as f64
    }

    /// The positions.
    pub fn points(&self) -> impl ExactSizeIterator<Item = Point> + Clone + '_ {
        self.states.iter().map(|state| state.position)
    }

    /// The state at a time, on the cubic that has the positions and velocities of its neighbours; headings and turn
    /// rates likewise, over the shortest arc. Before
    /// the start it is the first, after the end the last at rest. `None` if there are no states.
    pub fn state_at(&self, secs: f64) -> Option<State> {
        let last = self.states.last()?;
        let place = (secs / self.dt_secs).max(0.0);
        let index = place.floor() as usize;
        let (Some(from), Some(to)) = (self.states.get(index), self.states.get(index + 1)) else {
            return Some(if place > (self.states.len() - 1) as f64 { last.halted() } else { *last });
        };
        Some(hermite(from, to, place - index as f64, self.dt_secs))
    }
}

/// Cubic Hermite interpolation at `t` in [0, 1] of an interval of `dt` seconds.
fn hermite(from: &State, to: &State, t: f64, dt: f64) -> State {
    let weights = Hermite::at(t);
    let mut state = State::default();
    for axis in 0..2 {
        let ends = [from.position[axis], dt * from.velocity[axis], to.position[axis], dt * to.velocity[axis]];
        state.position[axis] = weights.value(ends);
        state.velocity[axis] = weights.slope(ends) / dt;
    }
    let arc = wrapped(to.heading_rad - from.heading_rad);
    let ends = [from.heading_rad, dt * from.turn_rate_radps, from.heading_rad + arc, dt * to.turn_rate_radps];
    state.heading_rad = weights.value(ends);
    state.turn_rate_radps = weights.slope(ends) / dt;
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn interpolation_is_exact_for_constant_acceleration() {
        let at = |t: f64| State::moving([t * t, 1.0 - 2.0 * t], [2.0 * t, -2.0]);
        let knots =
            Trajectory { dt_secs: 0.5, states: (0..4).map(|k| at(0.5 * f64::from(k))).collect(), commands: Vec::new() };
        for k in 0..=30 {
            let t = 0.05 * f64::from(k);
            let Some(state) = knots.state_at(t) else { panic!("there are states") };
            assert!(state.distance(at(t).position) < 1e-12, "{t}: {state:?}");
            assert!((state.velocity[0] - 2.0 * t).abs() < 1e-9);
        }
        assert_eq!(knots.state_at(9.0), Some(State::at_rest(at(1.5).position)));
        assert_eq!(Trajectory::default().state_at(0.0), None);
    }

    #[test]
    fn headings_are_interpolated_over_their_shortest_arc() {
        let turning = |heading_rad| State { turn_rate_radps: 1.0, ..State::at_pose([0.0; 2], heading_rad) };
        let knots = Trajectory { dt_secs: 0.5, states: vec![turning(3.0), turning(3.5 - TAU)], commands: Vec::new() };
        for (secs, heading_rad) in [(0.0, 3.0), (0.2, 3.2), (0.45, 3.45)] {
            let Some(state) = knots.state_at(secs) else { panic!("there are states") };
            assert!((state.heading_rad - heading_rad).abs() < 1e-9 && (state.turn_rate_radps - 1.0).abs() < 1e-9);
        }
        assert_eq!(knots.state_at(2.0), Some(State::at_pose([0.0; 2], 3.5 - TAU)));
    }
}
