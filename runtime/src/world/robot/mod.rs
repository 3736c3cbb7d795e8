//! Robots: dynamics, limits and footprint behind the trait [`Robot`].

mod contact;
mod point_mass;

pub use contact::ContactLaw;
pub use point_mass::{
    DAMPING_NSPM, GEAR_N, MASS_KG, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, PointMass, RADIUS_M, STEP_SECS,
    VELOCITY_CLIP_MPS,
};

use super::map::Map;
use super::state::{Command, State, saturated};
use crate::geometry::{Footprint, Point};
use std::fmt;

/// Largest speed and acceleration, the same for each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxisLimits {
    /// Largest speed per axis, m/s.
    pub speed_mps: f64,
    /// Largest acceleration per axis, m/s^2.
    pub acceleration_mps2: f64,
}

/// What a command does to a robot, with the constants of its data sheet. The gate computes its limits and its braking
/// from these by formulas of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Actuation {
    /// A force on a damped mass, per axis: `mass dv/dt = force * command - damping v`, implicit in the damping; speeds
    /// are clipped before each step.
    Force {
        /// Mass, kg.
        mass_kg: f64,
        /// Damping, N s/m.
        damping_nspm: f64,
        /// Force at full command, N.
        force_n: f64,
        /// Clip of the speed per axis before each step, m/s.
        speed_clip_mps: f64,
    },
}

/// What happened in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Obstacles within the contact margin.
    pub contacts: usize,
    /// Obstacles that pushed.
    pub pushing: usize,
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
    fn limits(&self) -> AxisLimits;

    /// What a share (0 to 1) of the actuators' power can do at any speed; the rest is left for feedback.
    fn actuator_limits(&self, share: f64) -> AxisLimits;

    /// One step on a map, contacts included.
    fn step(&self, map: &dyn Map, state: &State, command: Command) -> (State, StepReport);

    /// One step where there is nothing to touch.
    fn free_step(&self, state: &State, command: Command) -> State;

    /// The command that brings a state to a velocity within one free step. Not clipped: values outside [-1, 1]
    /// exceed the actuators' power by that factor.
    fn inverse_dynamics(&self, state: &State, velocity: Point) -> Command;

    /// The constant command that leads from one state to another in `secs`, as far as the velocities tell. Within
    /// [-1, 1].
    fn mean_command(&self, before: &State, after: &State, secs: f64) -> Command;

    /// The command that brings a state to a velocity within one step, as well as the actuators can.
    fn velocity_command(&self, state: &State, velocity: Point) -> Command {
        saturated(self.inverse_dynamics(state, velocity))
    }

    /// The command that brakes hardest.
    fn braking_command(&self, state: &State) -> Command {
        self.velocity_command(state, [0.0; 2])
    }
}
