//! A differential drive: two driven wheels side by side, accelerations of speed and turn rate as commands.

use super::drive::{STANDING_MPS, arc, or_zero, tracked, with_share};
use super::limits::{Actuation, DriveLimits, MotionLimits};
use super::{Robot, StepReport, stopped_by_obstacles};
use crate::geometry::Footprint;
use crate::world::map::Map;
use crate::world::state::{Command, State, saturated};

/// A differential drive. Commands are shares of the acceleration along the heading and of the turn acceleration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Differential {
    /// Simulation and control period, seconds.
    pub step_secs: f64,
    /// The area it covers.
    pub footprint: Footprint,
    /// Its limits. A least radius (finite curvature) is a rule that its planner keeps, such as for a load on the axle.
    pub limits: DriveLimits,
}

impl Default for Differential {
    /// A disc of 0.22 m with 1 m/s, 0.3 m/s in reverse, 1.5 m/s^2, 2 rad/s and 4 rad/s^2, in steps of 0.02 s.
    fn default() -> Self {
        Self {
            step_secs: 0.02,
            footprint: Footprint::Circle { radius_m: 0.22 },
            limits: DriveLimits {
                max_speed_mps: 1.0,
                min_speed_mps: -0.3,
                acceleration_mps2: 1.5,
                turn_rate_radps: 2.0,
                turn_acceleration_radps2: 4.0,
                lateral_acceleration_mps2: f64::INFINITY,
                curvature_radpm: f64::INFINITY,
                curvature_rate: f64::INFINITY,
            },
        }
    }
}

impl Differential {
    /// Speed and turn rate of a state within the limits.
    fn speeds(&self, state: &State) -> [f64; 2] {
        let speed = state.forward_speed().clamp(self.limits.min_speed_mps, self.limits.max_speed_mps);
        [speed, self.within_radius(speed, state.turn_rate_radps)]
    }

    fn within_radius(&self, speed_mps: f64, rate_radps: f64) -> f64 {
        let most = if self.limits.turns_in_place() {
            self.limits.turn_rate_radps
        } else {
            self.limits.turn_rate_radps.min(self.limits.curvature_radpm * speed_mps.abs())
        };
        rate_radps.clamp(-most, most)
    }

    /// Speed and rate per command and step.
    fn reach(&self) -> [f64; 2] {
        [self.step_secs * self.limits.acceleration_mps2, self.step_secs * self.limits.turn_acceleration_radps2]
    }

    /// The command that leads to speed and turn rate within a step, not clipped.
    fn command_to(&self, state: &State, [speed_mps, rate_radps]: [f64; 2]) -> Command {
        let ([speed, rate], [by_speed, by_rate]) = (self.speeds(state), self.reach());
        [(speed_mps - speed) / by_speed, (rate_radps - rate) / by_rate]
    }
}

impl Robot for Differential {
    fn name(&self) -> &str {
        "differential"
    }

    fn step_secs(&self) -> f64 {
        self.step_secs
    }

    fn footprint(&self) -> Footprint {
        self.footprint
    }

    fn actuation(&self) -> Actuation {
        let limits = self.limits;
        Actuation::Differential {
            max_speed_mps: limits.max_speed_mps,
            min_speed_mps: limits.min_speed_mps,
            acceleration_mps2: limits.acceleration_mps2,
            turn_rate_radps: limits.turn_rate_radps,
            turn_acceleration_radps2: limits.turn_acceleration_radps2,
            lateral_acceleration_mps2: limits.lateral_acceleration_mps2,
            min_radius_m: 1.0 / limits.curvature_radpm,
        }
    }

    fn limits(&self) -> MotionLimits {
        MotionLimits::Drive(self.limits)
    }

    fn actuator_limits(&self, share: f64) -> MotionLimits {
        MotionLimits::Drive(with_share(self.limits, share))
    }

    fn step(&self, map: &dyn Map, state: &State, command: Command) -> (State, StepReport) {
        stopped_by_obstacles(map, self.footprint, state, self.free_step(state, command))
    }

    fn free_step(&self, state: &State, command: Command) -> State {
        let (command, [speed, rate], [by_speed, by_rate]) = (saturated(command), self.speeds(state), self.reach());
        let next = (speed + by_speed * command[0]).clamp(self.limits.min_speed_mps, self.limits.max_speed_mps);
        let next_rate = self.within_radius(next, rate + by_rate * command[1]);
        arc(state, [speed, next], [rate, next_rate], self.step_secs)
    }

    fn inverse_dynamics(&self, state: &State, next: &State) -> Command {
        // Along the heading of `next`: after a step it differs from that of the state.
        self.command_to(state, [next.forward_speed(), next.turn_rate_radps])
    }

    fn mean_command(&self, before: &State, after: &State, secs: f64) -> Command {
        let steps = self.step_secs / secs;
        let command = self.command_to(before, [after.forward_speed(), after.turn_rate_radps]);
        saturated(command.map(|value| or_zero(value * steps)))
    }

    /// Along the arc on which it moves: the turn rate falls with the speed.
    fn braking_command(&self, state: &State) -> Command {
        let ([speed, rate], [by_speed, _]) = (self.speeds(state), self.reach());
        let left = speed - speed.clamp(-by_speed, by_speed);
        let share = if speed.abs() > STANDING_MPS { left / speed } else { 0.0 };
        saturated(self.command_to(state, [left, share * rate]))
    }

    fn tracking_command(&self, state: &State, reference: &State, next: &State) -> Command {
        saturated(self.command_to(state, tracked(state, reference, next, self.step_secs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Layout, World};
    use std::sync::Arc;

    #[test]
    fn a_least_radius_bounds_the_turn_rate_by_the_speed() {
        let limits = DriveLimits { curvature_radpm: 2.0, ..Differential::default().limits };
        let robot = Differential { limits, ..Differential::default() };
        assert_eq!(robot.free_step(&State::at_rest([0.0; 2]), [0.0, 1.0]), State::at_rest([0.0; 2]));
        let mut state = State::at_rest([0.0; 2]);
        for _ in 0..20 {
            state = robot.free_step(&state, [1.0, 1.0]);
            assert!(state.turn_rate_radps <= 2.0 * state.forward_speed() + 1e-12, "{state:?}");
        }
        assert!(state.turn_rate_radps > 1.0);
    }

    #[test]
    fn it_stops_where_its_footprint_would_enter_a_wall_and_can_leave_again() {
        let world = World::new(Arc::new(Differential::default()), Arc::new(Layout::umaze()));
        let mut state = State::at_pose([1.0, 1.0], std::f64::consts::PI);
        let mut pushing = 0;
        for _ in 0..200 {
            let (next, report) = world.step(&state, [1.0, 0.0]);
            (state, pushing) = (next, pushing + report.pushing);
        }
        // The wall is at x = 0.3: there it stands, in its pose.
        let gap = state.position[0] - 0.22 - 0.3;
        assert!((0.0..0.03).contains(&gap) && pushing > 50, "{state:?}");
        assert_eq!(state.heading_rad, std::f64::consts::PI);
        let touching = State::at_pose([0.51, 1.0], std::f64::consts::PI);
        let (back, report) = world.step(&touching, [-1.0, 0.0]);
        assert!(report.pushing == 0 && back.position[0] > 0.51, "{back:?}");
    }
}
