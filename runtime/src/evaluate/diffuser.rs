//! The published protocol: plan once, follow the planned states.

use crate::pilot::{EpisodeReport, EpisodeTrace};
use crate::planner::{Observation, PlanError, Planner, Proposal};
use crate::view::View;
use crate::world::{Episode, World};

/// Why an episode could not be run.
#[derive(Debug, thiserror::Error)]
#[error("no plan at the start of the episode: {0}")]
pub struct DiffuserError(#[from] PlanError);

/// One episode under Diffuser's rule: `u = (next position - position) + (next velocity - velocity)`, towards
/// the plan's state one step ahead; after the plan's end, its last position at rest.
///
/// # Errors
/// If the planner has no plan.
pub fn run_diffuser_episode<P: Planner>(
    planner: &mut P,
    world: &World,
    episode: &Episode,
    steps: usize,
    proposal: &mut Proposal,
    mut trace: Option<&mut EpisodeTrace>,
) -> Result<EpisodeReport, DiffuserError> {
    let observation = Observation { state: episode.start, goal: episode.goal, stamp_secs: 0.0, step: 0 };
    planner.propose(&observation, None, &View::disabled(), proposal)?;
    let mut report = EpisodeReport::default();
    let mut state = episode.start;
    if let Some(trace) = &mut trace {
        trace.states.clear();
        trace.commands.clear();
        trace.states.push(state);
    }
    for index in 0..steps {
        let next = proposal.trajectory.state_at(world.step_secs() * (index + 1) as f64).unwrap_or(state);
        let command = std::array::from_fn(|axis| {
            (next.position[axis] - state.position[axis]) + (next.velocity[axis] - state.velocity[axis])
        });
        let (reached, step) = world.step(&state, command);
        state = reached;
        report.count(episode, &state, index, world.step_secs(), step.pushing);
        if let Some(trace) = &mut trace {
            trace.commands.push(command);
            trace.states.push(state);
        }
    }
    Ok(report)
}
