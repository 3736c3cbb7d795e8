//! What leaves when a plan may not: the rest of the last safe one, a braking plan, or a stop.

use crate::trajectory::Trajectory;
use crate::world::{DAMPING_NSPM, GEAR_N, MASS_KG, MazeWorld, STEP_SECS, State};
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

/// From top speed the ball stops within 0.25 s; the rest of the plan is standing.
const BRAKE_STEPS: usize = 40;

/// Brakes as hard as the motors can until the ball stands.
pub(super) fn brake(world: &MazeWorld, state: &State, plan: &mut Trajectory) {
    plan.clear();
    plan.dt_secs = STEP_SECS;
    plan.states.push(*state);
    let mut state = *state;
    for _ in 0..BRAKE_STEPS {
        // The command that would stop the ball within this step, as far as the motors allow.
        let command = state.velocity.map(|v| {
            ((DAMPING_NSPM * v - (MASS_KG + DAMPING_NSPM * STEP_SECS) * v / STEP_SECS) / GEAR_N).clamp(-1.0, 1.0)
        });
        state = world.step(&state, command).0;
        plan.actions.push(command);
        plan.states.push(state);
    }
}

/// Stays where the robot is, if that is known.
pub(super) fn stop(state: &State, plan: &mut Trajectory) {
    plan.clear();
    plan.dt_secs = STEP_SECS;
    if state.is_finite() {
        plan.states.push(State::at_rest(state.position));
    }
}
