//! From proposed pushes to one that the gate has passed.

use crate::correction::{PushFault, PushLimits, correct_push};
use crate::gate::{CheckedPush, PushGate, PushGateLimits, PushRejection, PushTiming};
use crate::world::scene::{Goal, Push, Scene, Simulation, ghost_push};

/// Why a proposed push is not published.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PushProblem {
    /// No corrected push meets the goal in simulation.
    #[error("not_corrected: {0}")]
    Uncorrected(#[from] PushFault),
    /// The gate rejects it.
    #[error(transparent)]
    Rejected(#[from] PushRejection),
}

/// Corrects and checks pushes, one proposal after another.
#[derive(Debug)]
pub struct PushPilot {
    simulation: Simulation,
    limits: PushLimits,
    gate: PushGate,
}

impl PushPilot {
    /// With limits of correction and gate.
    pub fn new(limits: PushLimits, gate: PushGateLimits) -> Self {
        Self { simulation: Simulation::new(), limits, gate: PushGate::new(gate) }
    }

    /// The first proposal that passes the gate after its correction in a scene as it is seen. Where the proposed push cannot
    /// be corrected, the same object is aimed anew by geometry: the proposal's choice counts, not its aim.
    pub fn first_checked(
        &mut self,
        scene: &Scene,
        goal: &Goal,
        proposals: impl IntoIterator<Item = Push>,
        timing: impl Fn() -> PushTiming,
    ) -> Option<CheckedPush> {
        proposals.into_iter().find_map(|proposal| self.checked(scene, goal, proposal, &timing).ok())
    }

    /// One proposal, corrected and checked; `timing` is that at the end.
    ///
    /// # Errors
    /// Why it is not published.
    pub fn checked(
        &mut self,
        scene: &Scene,
        goal: &Goal,
        proposal: Push,
        timing: impl FnOnce() -> PushTiming,
    ) -> Result<CheckedPush, PushProblem> {
        let Self { simulation, limits, gate } = self;
        let mut simulate = |push: &Push| simulation.struck(scene, push, goal.body);
        let corrected = correct_push(proposal, goal, limits, &mut simulate).or_else(|fault| {
            let aimed = ghost_push(scene, proposal.body, goal).ok_or(fault)?;
            correct_push(aimed, goal, limits, &mut simulate)
        });
        Ok(gate.check(scene, goal, &corrected?.push, timing)?)
    }
}

impl Default for PushPilot {
    fn default() -> Self {
        Self::new(PushLimits::default(), PushGateLimits::default())
    }
}
