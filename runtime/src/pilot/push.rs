//! From proposed pushes to one that the gate has passed.

use crate::correction::{PushLimits, correct_push};
use crate::gate::{CheckedPush, PushGate, PushGateLimits, PushTiming};
use crate::world::scene::{Goal, Push, Scene, Simulation, ghost_push};

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
        timing: PushTiming,
    ) -> Option<CheckedPush> {
        let Self { simulation, limits, gate } = self;
        proposals.into_iter().find_map(|proposal| {
            let mut simulate = |push: &Push| simulation.struck(scene, push, goal.body);
            let corrected = correct_push(proposal, goal, limits, &mut simulate).or_else(|fault| {
                let aimed = ghost_push(scene, proposal.body, goal).ok_or(fault)?;
                correct_push(aimed, goal, limits, &mut simulate)
            });
            let corrected = corrected.ok()?;
            gate.check(scene, goal, &corrected.push, timing).ok()
        })
    }
}

impl Default for PushPilot {
    fn default() -> Self {
        Self::new(PushLimits::default(), PushGateLimits::default())
    }
}
