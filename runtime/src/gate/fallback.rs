//! Fallback plans: what is published when the gate rejects a plan.

use super::envelope::Envelope;
use crate::trajectory::Trajectory;
use crate::world::{State, World};
use serde::Serialize;

/// Fallbacks, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The rest of the last plan that passed, checked again.
    LastSafePlan = 0,
    /// Full braking, simulated and checked.
    Brake = 1,
    /// Zero command: nothing better is known to be safe.
    Stop = 2,
}

impl Fallback {
    /// All of them, best first.
    pub const ALL: [Self; 3] = [Self::LastSafePlan, Self::Brake, Self::Stop];

    /// Its name, as in diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastSafePlan => "last_safe_plan",
            Self::Brake => "brake",
            Self::Stop => "stop",
        }
    }
}

/// Brakes as hard as the actuators can until the robot stands.
pub(super) fn brake(world: &World, envelope: &Envelope, state: &State, plan: &mut Trajectory) {
    plan.clear();
    plan.dt_secs = world.step_secs();
    plan.states.push(*state);
    let mut state = *state;
    for _ in 0..envelope.braking_steps {
        let command = envelope.braking_command(&state);
        state = world.step(&state, command).0;
        plan.commands.push(command);
        plan.states.push(state);
    }
}

/// Stays where the robot is, if that is known.
pub(super) fn stop(step_secs: f64, state: &State, plan: &mut Trajectory) {
    plan.clear();
    plan.dt_secs = step_secs;
    if state.is_finite() {
        plan.states.push(state.halted());
    }
}
