//! Robots: dynamics, limits and footprint behind the trait [`Robot`].

mod ackermann;
mod contact;
mod differential;
mod drive;
mod file;

mod limits;
mod omni;
mod point_mass;

pub use ackermann::Ackermann;
pub use contact::ContactLaw;
pub use differential::Differential;
pub(crate) use drive::arc;

pub use file::{RobotError, RobotFile};
pub use limits::{Actuation, AxisLimits, DriveLimits, MotionLimits};
pub use omni::Omni;
pub use point_mass::{
    DAMPING_NSPM, GEAR_N, MASS_KG, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, PointMass, RADIUS_M, STEP_SECS,
    VELOCITY_CLIP_MPS,
};

use super::map::{Map, Sweep};
use super::state::{Command, State, saturated};
use crate::geometry::{Footprint, Point};
use std::fmt;

/// What happened in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Obstacles within the contact margin.
    pub contacts: usize,
    /// Obstacles that pushed.
    pub pushing: usize,
}

/// How long plans of a robot are at most; room is made for them once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanRoom {
    /// Steps.
    pub steps: usize,
    /// Points of a path; of longer ones they are wider apart.
    pub path_points: usize,
}

impl PlanRoom {
    /// The most of any robot: 4 minutes at 50 Hz, 10 minutes at 20 Hz, and 400 m at 5 cm. Room that is not used costs no
    /// memory.
    pub const MOST: Self = Self { steps: 12_000, path_points: 8_000 };

    /// Within the most of any robot.
    #[must_use]
    pub fn within_most(self) -> Self {
        let Self { steps, path_points } = Self::MOST;
        Self { steps: self.steps.min(steps), path_points: self.path_points.min(path_points) }
    }
}

impl Default for PlanRoom {
    /// The most.
    fn default() -> Self {
        Self::MOST
    }
}

/// A robot's dynamics, in steps of [`Robot::step_secs`].
///
/// Contract: every method is a pure function of its arguments, allocates nothing and never panics. A command that is
/// NaN counts as zero, one outside [-1, 1] as clipped; a finite state has a finite successor. Free motion, from states
/// that free motion reaches, stays within [`Robot::limits`]. [`check_robot`](crate::pilot::check_robot) holds a robot, the
/// corrector and the gate to the same physics.
pub trait Robot: fmt::Debug + Send + Sync {
    /// Its name, in lower case with underscores.
    fn name(&self) -> &str;

    /// Simulation and control period, seconds.
    fn step_secs(&self) -> f64;

    /// The area it covers.
    fn footprint(&self) -> Footprint;

    /// What a command does.
    fn actuation(&self) -> Actuation;

    /// What free motion can show at most.
    fn limits(&self) -> MotionLimits;

    /// What a share (0 to 1) of the actuators' power can do at any speed; the rest is left for feedback.
    fn actuator_limits(&self, share: f64) -> MotionLimits;

    /// Steps of a plan and points of its path at most.
    fn plan_room(&self) -> PlanRoom {
        PlanRoom::default()
    }

    /// One step on a map, contacts included.
    fn step(&self, map: &dyn Map, state: &State, command: Command) -> (State, StepReport);

    /// One step where there is nothing to touch.
    fn free_step(&self, state: &State, command: Command) -> State;

    /// The command that brings a state to the velocity and turn rate of `next` within one free step. Not clipped: values
    /// outside [-1, 1] exceed the actuators' power by that factor.
    fn inverse_dynamics(&self, state: &State, next: &State) -> Command;

    /// The constant command that leads from one state to another in `secs`, as far as the velocities tell. Within
    /// [-1, 1].
    fn mean_command(&self, before: &State, after: &State, secs: f64) -> Command;

    /// The command that brings a state to a velocity within one step, as well as the actuators can. Of a drive: to the
    /// part of it that lies along the heading, at the turn rate that it has.
    fn velocity_command(&self, state: &State, velocity: Point) -> Command {
        saturated(self.inverse_dynamics(state, &State { velocity, ..*state }))
    }

    /// The command that brings a state to a velocity in the robot's own frame (a Twist: forward, left, m/s; turn rate,
    /// rad/s) within one step, as well as the actuators can.
    fn twist_command(&self, state: &State, [forward_mps, left_mps]: Point, turn_rate_radps: f64) -> Command {
        let (sin, cos) = state.heading_rad.sin_cos();
        let velocity = [forward_mps * cos - left_mps * sin, forward_mps * sin + left_mps * cos];
        saturated(self.inverse_dynamics(state, &State { velocity, turn_rate_radps, ..*state }))
    }

    /// The command that brakes hardest.
    fn braking_command(&self, state: &State) -> Command {
        self.velocity_command(state, [0.0; 2])
    }

    /// The tracking controller: the command at a state for a reference state and the one a step later. Here the
    /// feed-forward inverts one free step, so that a reference which the robot itself made is followed exactly, plus
    /// proportional-derivative feedback; a reference that is not finite commands zero.
    fn tracking_command(&self, state: &State, reference: &State, next: &State) -> Command {
        let feed_forward = self.inverse_dynamics(reference, next);
        saturated(std::array::from_fn(|axis| {
            feed_forward[axis]
                + POSITION_GAIN * (reference.position[axis] - state.position[axis])
                + VELOCITY_GAIN * (reference.velocity[axis] - state.velocity[axis])
        }))
    }
}

/// Command per metre of position error: a natural frequency of 22 rad/s, slightly more than critically damped for the
/// 4.19 kg ball.
const POSITION_GAIN: f64 = 20.0;
/// Command per m/s of velocity error.
const VELOCITY_GAIN: f64 = 2.0;

/// Where a robot comes to be that stands still, in its pose, instead of entering an obstacle. One that is in an obstacle
/// already may leave it.
fn stopped_by_obstacles(map: &dyn Map, footprint: Footprint, from: &State, to: State) -> (State, StepReport) {
    let sweep = Sweep::new(map, footprint);
    let swept_m = sweep.motion(from, &to);
    if swept_m >= 0.0 || swept_m >= sweep.motion(from, from) {
        return (to, StepReport::default());
    }
    (from.halted(), StepReport { contacts: 1, pushing: 1 })
}
