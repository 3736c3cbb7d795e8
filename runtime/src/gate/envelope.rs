//! The gate's own model of a robot: its limits and its braking.
//!
//! On purpose a second implementation, from the constants of the data sheet and independent of the robot's own
//! formulas, by which the corrector works. The conformance suite of [`Robot`] holds both to the same physics.

use super::MAX_STATES;
use crate::world::{Actuation, Command, Robot, State};

/// From top speed a robot driven by forces has to stand within this time; others within the time that their
/// accelerations take.
const BRAKING_SECS: f64 = 0.4;
/// Margin of the limits of robots that are not driven by forces.
const MARGIN: f64 = 1.02;

/// Limits of a robot's motion, and how it brakes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Envelope {
    /// Largest speed, m/s: per axis of a mass driven by forces, in magnitude of others.
    pub(super) speed_mps: f64,
    /// Largest acceleration, m/s^2: per axis, in magnitude, or of a drive along its heading.
    pub(super) acceleration_mps2: f64,
    /// What bounds a drive besides.
    pub(super) drive: Option<DriveEnvelope>,
    /// Steps of a braking plan; with the state before them at most [`MAX_STATES`] states.
    pub(super) braking_steps: usize,
    pub(super) step_secs: f64,
    pub(super) actuation: Actuation,
}

/// Limits of a robot that moves along its heading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DriveEnvelope {
    /// Largest speed in reverse as a negative number, m/s.
    pub(super) min_speed_mps: f64,
    /// Largest turn rate, rad/s.
    pub(super) turn_rate_radps: f64,
    /// Largest turn acceleration, rad/s^2.
    pub(super) turn_acceleration_radps2: f64,
    /// Least radius, metres; 0: turns in place.
    pub(super) radius_m: f64,
    /// Largest lateral acceleration, m/s^2; infinite: any.
    pub(super) lateral_acceleration_mps2: f64,
    /// Wheelbase in metres and largest steering rate in rad/s of a car.
    pub(super) steering: Option<(f64, f64)>,
}

impl Envelope {
    /// What the actuators can do at most, with a margin of 1 cm/s and of 1%, or of 2%.
    pub(super) fn of(robot: &dyn Robot) -> Self {
        let (step_secs, actuation) = (robot.step_secs(), robot.actuation());
        let of_limits = |top_mps: f64, acceleration_mps2: f64, drive: Option<DriveEnvelope>| {
            let turn_secs = drive.map_or(0.0, |drive| drive.turn_rate_radps / drive.turn_acceleration_radps2);
            let braking_secs = MARGIN * (top_mps / acceleration_mps2 + turn_secs) + 2.0 * step_secs;
            Self {
                speed_mps: MARGIN * top_mps,
                acceleration_mps2: MARGIN * acceleration_mps2,
                drive,
                braking_steps: ((braking_secs / step_secs).ceil() as usize).min(MAX_STATES - 1),
                step_secs,
                actuation,
            }
        };
        match actuation {
            Actuation::Force { mass_kg, damping_nspm, force_n, speed_clip_mps } => {
                let top_mps = speed_clip_mps
                    + step_secs * (force_n - damping_nspm * speed_clip_mps) / (mass_kg + damping_nspm * step_secs);
                Self {
                    speed_mps: top_mps + 0.01,
                    acceleration_mps2: 1.01 * (force_n + damping_nspm * top_mps) / mass_kg,
                    drive: None,
                    braking_steps: ((BRAKING_SECS / step_secs).round() as usize).min(MAX_STATES - 1),
                    step_secs,
                    actuation,
                }
            }
            Actuation::Holonomic { speed_mps, acceleration_mps2 } => of_limits(speed_mps, acceleration_mps2, None),
            Actuation::Differential {
                max_speed_mps,
                min_speed_mps,
                acceleration_mps2,
                turn_rate_radps,
                turn_acceleration_radps2,
                lateral_acceleration_mps2,
                min_radius_m,
            } => {
                let drive = DriveEnvelope {
                    min_speed_mps: MARGIN * min_speed_mps,
                    turn_rate_radps: MARGIN * turn_rate_radps,
                    turn_acceleration_radps2: MARGIN * turn_acceleration_radps2,
                    radius_m: min_radius_m / MARGIN,
                    lateral_acceleration_mps2: MARGIN * lateral_acceleration_mps2,
                    steering: None,
                };
                of_limits(max_speed_mps.max(-min_speed_mps), acceleration_mps2, Some(drive))
            }
            Actuation::Ackermann {
                max_speed_mps,
                min_speed_mps,
                acceleration_mps2,
                wheelbase_m,
                steering_rad,
                steering_rate_radps,
                lateral_acceleration_mps2,
            } => {
                // w = v tan(d) / L, so dw/dt = a tan(d) / L + v (dd/dt) / (L cos^2 d).
                let top_mps = max_speed_mps.max(-min_speed_mps);
                let radius_m = wheelbase_m / steering_rad.tan();
                let by_steering = top_mps * steering_rate_radps / (wheelbase_m * steering_rad.cos().powi(2));
                let drive = DriveEnvelope {
                    min_speed_mps: MARGIN * min_speed_mps,
                    turn_rate_radps: MARGIN * top_mps / radius_m,
                    turn_acceleration_radps2: MARGIN * (acceleration_mps2 / radius_m + by_steering),
                    radius_m: radius_m / MARGIN,
                    lateral_acceleration_mps2: MARGIN * lateral_acceleration_mps2,
                    steering: Some((wheelbase_m, MARGIN * steering_rate_radps)),
                };
                of_limits(top_mps, acceleration_mps2, Some(drive))
            }
        }
    }

    /// Speed of a state as the limits count it: the larger axis, or the magnitude.
    pub(super) fn speed_of(&self, state: &State) -> f64 {
        let [x, y] = state.velocity;
        match self.actuation {
            Actuation::Force { .. } => x.abs().max(y.abs()),
            _ => x.hypot(y),
        }
    }

    /// The command that stops the robot within a step, as far as the actuators can; of a drive, along its arc.
    pub(super) fn braking_command(&self, state: &State) -> Command {
        let step = self.step_secs;
        match self.actuation {
            Actuation::Force { mass_kg, damping_nspm, force_n, .. } => {
                let implicit_mass = mass_kg + damping_nspm * step;
                state.velocity.map(|v| ((damping_nspm * v - implicit_mass * v / step) / force_n).clamp(-1.0, 1.0))
            }
            Actuation::Holonomic { speed_mps, acceleration_mps2 } => {
                let [x, y] = state.velocity;
                let speed = x.hypot(y);
                // As much as stops it, at most all, against the motion.
                let share = (speed.min(speed_mps) / (step * acceleration_mps2)).min(1.0);
                if speed > 0.0 { [-share * x / speed, -share * y / speed] } else { [0.0; 2] }
            }
            Actuation::Differential { acceleration_mps2, turn_acceleration_radps2, .. } => {
                let (speed, rate) = (along(state), state.turn_rate_radps);
                let after = (speed.abs() - step * acceleration_mps2).max(0.0);
                let rate_after = if speed.abs() > 1e-6 { rate * after / speed.abs() } else { 0.0 };
                [
                    (-speed / (step * acceleration_mps2)).clamp(-1.0, 1.0),
                    ((rate_after - rate) / (step * turn_acceleration_radps2)).clamp(-1.0, 1.0),
                ]
            }
            Actuation::Ackermann { acceleration_mps2, .. } => {
                [(-along(state) / (step * acceleration_mps2)).clamp(-1.0, 1.0), 0.0]
            }
        }
    }
}

/// Component of the velocity along the heading, m/s.
pub(super) fn along(state: &State) -> f64 {
    state.velocity[0] * state.heading_rad.cos() + state.velocity[1] * state.heading_rad.sin()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::robot::{DAMPING_NSPM, GEAR_N, MASS_KG};
    use crate::world::{Ackermann, MAX_SPEED_MPS, PointMass};

    #[test]
    fn the_point_mass_has_its_published_limits() {
        let envelope = Envelope::of(&PointMass::default());
        assert_eq!(envelope.speed_mps, MAX_SPEED_MPS + 0.01);
        assert_eq!(envelope.acceleration_mps2, 1.01 * (GEAR_N + DAMPING_NSPM * MAX_SPEED_MPS) / MASS_KG);
        assert_eq!(envelope.braking_steps, 40);
    }

    #[test]
    fn a_car_has_the_limits_of_its_steering() {
        let car = Ackermann { steering_rad: 0.5, wheelbase_m: 0.5, max_speed_mps: 2.0, ..Ackermann::default() };
        let envelope = Envelope::of(&car);
        let drive = envelope.drive.expect("a drive");
        let tan = 0.5_f64.tan();
        assert!((MARGIN * drive.radius_m - 0.5 / tan).abs() < 1e-12, "{drive:?}");
        assert!((drive.turn_rate_radps - MARGIN * 4.0 * tan).abs() < 1e-12, "{drive:?}");
        // 2 m/s at 1.5 m/s^2, and the wheels turn with the speed.
        assert!((envelope.braking_steps as f64 * 0.02) > 2.0 / 1.5, "{envelope:?}");
        assert_eq!(envelope.braking_command(&State::driving([0.0; 2], 2.0, -1.0, 0.3)), [1.0, 0.0]);
    }
}
