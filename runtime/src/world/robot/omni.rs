//! An omnidirectional base: a double integrator whose speed and acceleration are bounded in magnitude.

use super::drive::or_zero;
use super::limits::{Actuation, MotionLimits};
use super::{Robot, StepReport, stopped_by_obstacles};
use crate::geometry::{Footprint, Point};
use crate::world::map::Map;
use crate::world::state::{Command, State, saturated};

/// An omnidirectional base. Commands are shares of its acceleration along the axes of the map's frame, at most 1 in
/// magnitude; its heading stays as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Omni {
    /// Simulation and control period, seconds.
    pub step_secs: f64,
    /// The area it covers.
    pub footprint: Footprint,
    /// Largest speed, m/s.
    pub speed_mps: f64,
    /// Largest acceleration, m/s^2.
    pub acceleration_mps2: f64,
}

/// Natural frequency of the tracking controller, rad/s; critically damped.
const FREQUENCY_RADPS: f64 = 6.0;

impl Default for Omni {
    /// A disc of 0.22 m with 1 m/s and 2 m/s^2, in steps of 0.02 s.
    fn default() -> Self {
        let footprint = Footprint::Circle { radius_m: 0.22 };
        Self { step_secs: 0.02, footprint, speed_mps: 1.0, acceleration_mps2: 2.0 }
    }
}

/// At most `most` long; what is longer keeps its direction.
fn shortened([x, y]: Point, most: f64) -> Point {
    let length = x.hypot(y);
    if length > most { [x * most / length, y * most / length] } else { [x, y] }
}

/// The command at most 1 in magnitude, in the same direction. What is NaN becomes zero.
fn bounded(command: Command) -> Command {
    let finite = command.map(|value| or_zero(value).clamp(-1e9, 1e9));
    // Rounding leaves nothing above 1.
    saturated(shortened(finite, 1.0))
}

impl Robot for Omni {
    fn name(&self) -> &str {
        "omni"
    }

    fn step_secs(&self) -> f64 {
        self.step_secs
    }

    fn footprint(&self) -> Footprint {
        self.footprint
    }

    fn actuation(&self) -> Actuation {
        Actuation::Holonomic { speed_mps: self.speed_mps, acceleration_mps2: self.acceleration_mps2 }
    }

    fn limits(&self) -> MotionLimits {
        MotionLimits::Norm { speed_mps: self.speed_mps, acceleration_mps2: self.acceleration_mps2 }
    }

    fn actuator_limits(&self, share: f64) -> MotionLimits {
        MotionLimits::Norm { speed_mps: self.speed_mps, acceleration_mps2: share * self.acceleration_mps2 }
    }

    fn step(&self, map: &dyn Map, state: &State, command: Command) -> (State, StepReport) {
        stopped_by_obstacles(map, self.footprint, state, self.free_step(state, command))
    }

    fn free_step(&self, state: &State, command: Command) -> State {
        let (command, by) = (shortened(saturated(command), 1.0), self.step_secs * self.acceleration_mps2);
        let from = shortened(state.velocity, self.speed_mps);
        let velocity = shortened([0, 1].map(|axis: usize| from[axis] + by * command[axis]), self.speed_mps);
        let position =
            [0, 1].map(|axis: usize| state.position[axis] + 0.5 * self.step_secs * (from[axis] + velocity[axis]));
        State { heading_rad: state.heading_rad, ..State::moving(position, velocity) }
    }

    fn inverse_dynamics(&self, state: &State, next: &State) -> Command {
        let from = shortened(state.velocity, self.speed_mps);
        let by = self.step_secs * self.acceleration_mps2;
        [0, 1].map(|axis: usize| (next.velocity[axis] - from[axis]) / by)
    }

    fn mean_command(&self, before: &State, after: &State, secs: f64) -> Command {
        bounded(
            [0, 1].map(|axis: usize| (after.velocity[axis] - before.velocity[axis]) / (secs * self.acceleration_mps2)),
        )
    }

    fn velocity_command(&self, state: &State, velocity: Point) -> Command {
        bounded(self.inverse_dynamics(state, &State { velocity, ..*state }))
    }

    fn tracking_command(&self, state: &State, reference: &State, next: &State) -> Command {
        let feed_forward = self.inverse_dynamics(reference, next);
        bounded([0, 1].map(|axis: usize| {
            let off = reference.position[axis] - state.position[axis];
            let slow = reference.velocity[axis] - state.velocity[axis];
            feed_forward[axis]
                + (FREQUENCY_RADPS * FREQUENCY_RADPS * off + 2.0 * FREQUENCY_RADPS * slow) / self.acceleration_mps2
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonals_are_no_faster_than_axes() {
        let robot = Omni::default();
        let mut state = State::at_pose([0.0; 2], 0.7);
        for _ in 0..200 {
            state = robot.free_step(&state, [1.0, 1.0]);
        }
        assert!((state.speed() - 1.0).abs() < 1e-12 && state.heading_rad == 0.7, "{state:?}");
        assert_eq!(bounded([f64::NAN, f64::INFINITY]), [0.0, 1.0]);
    }
}
