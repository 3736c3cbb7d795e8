//! The gate's own model of a robot: its limits and its braking.
//!
//! On purpose a second implementation, from the constants of the data sheet and independent of the robot's own
//! formulas, by which the corrector works. The conformance suite of [`Robot`] holds both to the same physics.

use super::MAX_STATES;
use crate::world::{Actuation, Command, Robot, State};

/// From top speed a robot has to stand within this time.
const BRAKING_SECS: f64 = 0.4;

/// Limits of a robot's motion, and how it brakes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Envelope {
    /// Largest speed per axis, m/s.
    pub(super) speed_mps: f64,
    /// Largest acceleration per axis, m/s^2.
    pub(super) acceleration_mps2: f64,
    /// Steps of a braking plan; with the state before them at most [`MAX_STATES`] states.
    pub(super) braking_steps: usize,
    step_secs: f64,
    actuation: Actuation,
}

impl Envelope {
    /// What the actuators can do at most, with a margin of 1 cm/s and of 1%.
    pub(super) fn of(robot: &dyn Robot) -> Self {
        let (step_secs, actuation) = (robot.step_secs(), robot.actuation());
        let Actuation::Force { mass_kg, damping_nspm, force_n, speed_clip_mps } = actuation;
        let top_mps = speed_clip_mps
            + step_secs * (force_n - damping_nspm * speed_clip_mps) / (mass_kg + damping_nspm * step_secs);
        Self {
            speed_mps: top_mps + 0.01,
            acceleration_mps2: 1.01 * (force_n + damping_nspm * top_mps) / mass_kg,
            braking_steps: ((BRAKING_SECS / step_secs).round() as usize).min(MAX_STATES - 1),
            step_secs,
            actuation,
        }
    }

    /// The command that stops the robot within a step, as far as the actuators can.
    pub(super) fn braking_command(&self, state: &State) -> Command {
        let Actuation::Force { mass_kg, damping_nspm, force_n, .. } = self.actuation;
        let implicit_mass = mass_kg + damping_nspm * self.step_secs;
        state.velocity.map(|v| ((damping_nspm * v - implicit_mass * v / self.step_secs) / force_n).clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::robot::{DAMPING_NSPM, GEAR_N, MASS_KG};
    use crate::world::{MAX_SPEED_MPS, PointMass};

    #[test]
    fn the_point_mass_has_its_published_limits() {
        let envelope = Envelope::of(&PointMass::default());
        assert_eq!(envelope.speed_mps, MAX_SPEED_MPS + 0.01);
        assert_eq!(envelope.acceleration_mps2, 1.01 * (GEAR_N + DAMPING_NSPM * MAX_SPEED_MPS) / MASS_KG);
        assert_eq!(envelope.braking_steps, 40);
    }
}
