//! How fast a robot goes through the lattice, and which way it faces.

use crate::geometry::{Point, wrapped};
use crate::world::robot::{AxisLimits, DriveLimits, MotionLimits};
use crate::world::{Robot, State};

/// Share of the actuators' power that the averaged motion uses.
const SHARE: f64 = 0.8;
/// Share of the top speed: the rest is left for feedback.
const SPEED_SHARE: f64 = 0.97;
/// Most that the averaged motion may leave the lattice's, metres: a robot with less acceleration goes more slowly.
const DEVIATION_M: f64 = 0.08;
/// Share of the speed where a first plan was rejected, or none was found: the motion keeps nearer to the lattice's, and fits
/// through narrower gaps.
const CAREFUL_SPEED: f64 = 0.6;
/// Up to this speed a drive turns in place first, m/s.
const STANDING_MPS: f64 = 0.05;
/// Below this speed the direction of a motion is not what a drive faces, m/s.
const SLOW_MPS: f64 = 0.1;

/// Speed of a lattice, and the length of the window over which its motion is averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::planner::corridor) struct Pace {
    pub(super) speed_mps: f64,
    pub(super) window_secs: f64,
    /// Of a robot that moves along its heading.
    drive: Option<DriveLimits>,
}

impl Pace {
    /// Whether there is one for a robot: not for cars, which can neither step aside nor turn in place.
    pub(in crate::planner::corridor) fn is_for(robot: &dyn Robot) -> bool {
        !matches!(robot.limits(), MotionLimits::Drive(drive) if !drive.turns_in_place())
    }

    /// Of a robot in a state; slower if careful.
    pub(in crate::planner::corridor) fn of(robot: &dyn Robot, state: &State, is_careful: bool) -> Option<Self> {
        let (top_mps, acceleration_mps2, drive) = match robot.actuator_limits(SHARE) {
            MotionLimits::Axes(AxisLimits { speed_mps, acceleration_mps2 })
            | MotionLimits::Norm { speed_mps, acceleration_mps2 } => (speed_mps, acceleration_mps2, None),
            MotionLimits::Drive(drive) if drive.turns_in_place() => {
                let acceleration_mps2 = drive.acceleration_mps2.min(drive.lateral_acceleration_mps2);
                (drive.max_speed_mps, acceleration_mps2, Some(drive))
            }
            MotionLimits::Drive(_) => return None,
        };
        let by_deviation = (8.0 * DEVIATION_M * acceleration_mps2).sqrt();
        let share = if is_careful { CAREFUL_SPEED } else { 1.0 };
        let speed_mps = share * (SPEED_SHARE * top_mps).min(by_deviation);
        let window_secs = speed_mps.max(state.speed()) / acceleration_mps2;
        (speed_mps > 0.0 && window_secs.is_finite()).then_some(Self { speed_mps, window_secs, drive })
    }

    /// Where the lattice begins: half a window ahead of the robot at its velocity.
    pub(in crate::planner::corridor) fn root(&self, state: &State) -> Point {
        std::array::from_fn(|axis| state.position[axis] + 0.5 * self.window_secs * state.velocity[axis])
    }

    /// Most by which the averaged motion leaves the lattice's where it sets out, stops or turns, metres.
    pub(super) fn deviation_m(&self) -> f64 {
        self.speed_mps * self.window_secs / 8.0
    }

    /// Whether the robot can move across its heading.
    pub(super) fn steps_aside(&self) -> bool {
        self.drive.is_none()
    }

    /// When the lattice begins: after half a window, and the time in which a drive that stands turns to a direction.
    pub(super) fn lead_secs(&self, state: &State, direction: Point) -> f64 {
        let turn = self.drive.filter(|_| state.speed() <= STANDING_MPS);
        let turning_secs = turn.map_or(0.0, |limits| {
            let off = wrapped(direction[1].atan2(direction[0]) - state.heading_rad).abs();
            // A cubic in time turns at 1.5 times its mean rate, and begins with 6 angles per squared time.
            (1.6 * off / limits.turn_rate_radps).max((6.5 * off / limits.turn_acceleration_radps2).sqrt())
        });
        0.5 * self.window_secs + turning_secs
    }

    /// Headings and turn rates along a motion: a drive's along its velocity, turning on where it is slow; others keep theirs.
    pub(super) fn face(&self, heading_rad: f64, dt_secs: f64, states: &mut [State]) {
        if self.drive.is_none() {
            states.iter_mut().for_each(|state| state.heading_rad = heading_rad);
            return;
        }
        let direction = |state: &State| state.velocity[1].atan2(state.velocity[0]);
        let (mut index, mut heading) = (0, heading_rad);
        while let Some(state) = states.get_mut(index) {
            if state.speed() > SLOW_MPS {
                heading += wrapped(direction(state) - heading);
                state.heading_rad = heading;
                index += 1;
                continue;
            }
            let slow = states[index..].iter().position(|state| state.speed() > SLOW_MPS);
            let count = slow.unwrap_or(states.len() - index);
            let turn = slow.map_or(0.0, |slow| wrapped(direction(&states[index + slow]) - heading));
            for (step, state) in states[index..index + count].iter_mut().enumerate() {
                let share = step as f64 / count as f64;
                state.heading_rad = heading + share * share * (3.0 - 2.0 * share) * turn;
            }
            heading += turn;
            index += count;
        }
        for index in 1..states.len().saturating_sub(1) {
            states[index].turn_rate_radps =
                (states[index + 1].heading_rad - states[index - 1].heading_rad) / (2.0 * dt_secs);
        }
    }
}
