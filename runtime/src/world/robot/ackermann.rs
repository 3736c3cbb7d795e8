//! A car: the kinematic bicycle, acceleration and steering rate as commands.

use super::drive::{STANDING_MPS, arc, or_zero, tracked, with_share};
use super::limits::{Actuation, DriveLimits, MotionLimits};
use super::{Robot, StepReport, stopped_by_obstacles};
use crate::geometry::Footprint;
use crate::world::map::Map;
use crate::world::state::{Command, State, saturated};

/// Up to this angle wheels count as straight, rad.
const STRAIGHT_RAD: f64 = 1e-3;
/// Below this speed of the reference the wheels follow its curvature alone, m/s: what steering corrects needs way.
const CREEPING_MPS: f64 = 0.05;

/// A car whose position is the middle of its rear axle: `turn rate = speed * tan(steering) / wheelbase`. Commands are
/// shares of the acceleration and of the steering rate. A state tells the steering by its speed and turn rate; a robot
/// that stands has its wheels straight, which no car that starts does better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ackermann {
    /// Simulation and control period, seconds.
    pub step_secs: f64,
    /// The area it covers.
    pub footprint: Footprint,
    /// Largest speed forward, m/s.
    pub max_speed_mps: f64,
    /// Largest speed in reverse as a negative number, m/s; 0: it does not reverse.
    pub min_speed_mps: f64,
    /// Largest rate of the speed, m/s^2.
    pub acceleration_mps2: f64,
    /// Distance of the axles, m.
    pub wheelbase_m: f64,
    /// Largest angle of the (middle) front wheel, rad, below pi/2.
    pub steering_rad: f64,
    /// Largest rate of it, rad/s.
    pub steering_rate_radps: f64,
    /// Largest product of speed and turn rate of a plan, m/s^2; infinite where it does not matter.
    pub lateral_acceleration_mps2: f64,
}

impl Default for Ackermann {
    /// A car of 0.3 m wheelbase within a disc of 0.25 m: 1.5 m/s, 0.5 m/s in reverse, 1.5 m/s^2, 0.6 rad of steering at
    /// 2 rad/s, in steps of 0.02 s.
    fn default() -> Self {
        Self {
            step_secs: 0.02,
            footprint: Footprint::Circle { radius_m: 0.25 },
            max_speed_mps: 1.5,
            min_speed_mps: -0.5,
            acceleration_mps2: 1.5,
            wheelbase_m: 0.3,
            steering_rad: 0.6,
            steering_rate_radps: 2.0,
            lateral_acceleration_mps2: f64::INFINITY,
        }
    }
}

impl Ackermann {
    /// Speed and steering angle of a state, within the limits.
    fn motion(&self, state: &State) -> [f64; 2] {
        let speed = state.forward_speed().clamp(self.min_speed_mps, self.max_speed_mps);
        [speed, if speed.abs() > STANDING_MPS { self.steering(speed, state.turn_rate_radps) } else { 0.0 }]
    }

    /// The steering angle of a turn rate at a speed.
    fn steering(&self, speed_mps: f64, rate_radps: f64) -> f64 {
        (self.wheelbase_m * rate_radps / speed_mps).atan().clamp(-self.steering_rad, self.steering_rad)
    }

    fn rate(&self, speed_mps: f64, steering_rad: f64) -> f64 {
        speed_mps * steering_rad.tan() / self.wheelbase_m
    }

    /// The command that leads to speed and turn rate within a step, not clipped. At rest the steering stays.
    fn command_to(&self, state: &State, [speed_mps, rate_radps]: [f64; 2]) -> Command {
        let [speed, steering] = self.motion(state);
        let angle = if speed_mps.abs() > STANDING_MPS { self.steering(speed_mps, rate_radps) } else { steering };
        [
            (speed_mps - speed) / (self.step_secs * self.acceleration_mps2),
            (angle - steering) / (self.step_secs * self.steering_rate_radps),
        ]
    }

    fn drive_limits(&self) -> DriveLimits {
        let tan = self.steering_rad.tan();
        let curvature = tan / self.wheelbase_m;
        let curvature_rate = self.steering_rate_radps * (1.0 + tan * tan) / self.wheelbase_m;
        let fastest = self.max_speed_mps.max(-self.min_speed_mps);
        DriveLimits {
            max_speed_mps: self.max_speed_mps,
            min_speed_mps: self.min_speed_mps,
            acceleration_mps2: self.acceleration_mps2,
            turn_rate_radps: fastest * curvature,
            turn_acceleration_radps2: self.acceleration_mps2 * curvature + fastest * curvature_rate,
            lateral_acceleration_mps2: self.lateral_acceleration_mps2,
            curvature_radpm: curvature,
            // The least over all steering angles: at the middle the curvature changes slowest.
            curvature_rate: self.steering_rate_radps / self.wheelbase_m,
        }
    }
}

impl Robot for Ackermann {
    fn name(&self) -> &str {
        "ackermann"
    }

    fn step_secs(&self) -> f64 {
        self.step_secs
    }

    fn footprint(&self) -> Footprint {
        self.footprint
    }

    fn actuation(&self) -> Actuation {
        Actuation::Ackermann {
            max_speed_mps: self.max_speed_mps,
            min_speed_mps: self.min_speed_mps,
            acceleration_mps2: self.acceleration_mps2,
            wheelbase_m: self.wheelbase_m,
            steering_rad: self.steering_rad,
            steering_rate_radps: self.steering_rate_radps,
            lateral_acceleration_mps2: self.lateral_acceleration_mps2,
        }
    }

    fn limits(&self) -> MotionLimits {
        MotionLimits::Drive(self.drive_limits())
    }

    fn actuator_limits(&self, share: f64) -> MotionLimits {
        MotionLimits::Drive(with_share(self.drive_limits(), share))
    }

    fn step(&self, map: &dyn Map, state: &State, command: Command) -> (State, StepReport) {
        stopped_by_obstacles(map, self.footprint, state, self.free_step(state, command))
    }

    fn free_step(&self, state: &State, command: Command) -> State {
        let (command, [speed, steering]) = (saturated(command), self.motion(state));
        let by = self.step_secs * self.acceleration_mps2;
        let next = (speed + by * command[0]).clamp(self.min_speed_mps, self.max_speed_mps);
        let angle = steering + self.step_secs * self.steering_rate_radps * command[1];
        let angle = angle.clamp(-self.steering_rad, self.steering_rad);
        let rates = [self.rate(speed, steering), self.rate(next, angle)];
        arc(state, [speed, next], rates, self.step_secs)
    }

    fn inverse_dynamics(&self, state: &State, next: &State) -> Command {
        self.command_to(state, [next.forward_speed(), next.turn_rate_radps])
    }

    fn mean_command(&self, before: &State, after: &State, secs: f64) -> Command {
        let steps = self.step_secs / secs;
        let command = self.command_to(before, [after.forward_speed(), after.turn_rate_radps]);
        saturated(command.map(|value| or_zero(value * steps)))
    }

    /// The steering is held: along the arc on which it moves.
    fn braking_command(&self, state: &State) -> Command {
        let [speed, _] = self.motion(state);
        saturated([-speed / (self.step_secs * self.acceleration_mps2), 0.0])
    }

    /// Where the reference creeps, the steering is its own; where it stands, the wheels turn straight.
    fn tracking_command(&self, state: &State, reference: &State, next: &State) -> Command {
        let [speed, rate] = tracked(state, reference, next, self.step_secs);
        let (ahead, turning) = (next.forward_speed(), next.turn_rate_radps);
        let rate = match ahead.abs() {
            fast if fast >= CREEPING_MPS => rate,
            slow if slow > STANDING_MPS => speed * turning / ahead,
            still if still <= STANDING_MPS => 0.0,
            _ => rate,
        };
        // A state that stands does not show the wheels: until they are straight it moves by micrometres per second.
        let [before, steering] = self.motion(state);
        let hides = speed.abs() < 2.0 * STANDING_MPS && steering.abs() > STRAIGHT_RAD;
        let speed = if hides { (2.0 * STANDING_MPS).copysign(before) } else { speed };
        saturated(self.command_to(state, [speed, rate]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_steering_drives_the_least_circle_and_it_does_not_turn_in_place() {
        let robot = Ackermann::default();
        assert_eq!(robot.free_step(&State::at_rest([0.0; 2]), [0.0, 1.0]), State::at_rest([0.0; 2]));
        let mut state = State::driving([0.0; 2], 0.0, 1.0, 0.0);
        for _ in 0..100 {
            state = robot.free_step(&state, [0.0, 1.0]);
        }
        let radius_m = 0.3 / 0.6_f64.tan();
        assert!((state.forward_speed() / state.turn_rate_radps - radius_m).abs() < 1e-9, "{state:?}");
    }
}
