//! A plan that passed.

use super::checks::Measured;
use super::fallback::Fallback;
use super::rejection::Rejection;
use crate::trajectory::Trajectory;
use crate::world::State;

/// Where a plan comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// The planner's own, corrected.
    Planned,
    /// A fallback, because the planner's own was not let out.
    Fallback {
        /// Which.
        kind: Fallback,
        /// Why.
        reason: Rejection,
    },
}

/// A plan that may be executed and published. Only [`super::Gate`] makes one.
#[derive(Clone, Debug)]
pub struct CheckedPlan {
    trajectory: Trajectory,
    origin: Origin,
    measured: Measured,
    start_secs: f64,
    sequence: u64,
}

impl CheckedPlan {
    /// The plan to stop, with room for `states` states.
    pub fn with_capacity(states: usize) -> Self {
        Self {
            trajectory: Trajectory::with_capacity(0.0, states),
            origin: Origin::Fallback { kind: Fallback::Stop, reason: Rejection::NoPlan },
            measured: Measured::default(),
            start_secs: 0.0,
            sequence: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.trajectory.clear();
        self.origin = Origin::Fallback { kind: Fallback::Stop, reason: Rejection::NoPlan };
    }

    pub(super) fn set(
        &mut self,
        plan: &Trajectory,
        origin: Origin,
        measured: Measured,
        start_secs: f64,
        sequence: u64,
    ) {
        self.trajectory.copy_from(plan);
        self.origin = origin;
        self.measured = measured;
        self.start_secs = start_secs;
        self.sequence = sequence;
    }

    /// Becomes a copy of a plan that has passed, reusing the memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.set(&other.trajectory, other.origin, other.measured, other.start_secs, other.sequence);
    }

    /// The part from `now_secs` on; its end is held if that is past.
    pub(super) fn remaining(&self, now_secs: f64, rest: &mut Trajectory) {
        rest.clear();
        rest.dt_secs = self.trajectory.dt_secs;
        let states = &self.trajectory.states;
        let index = self.index_at(now_secs).min(states.len().saturating_sub(1));
        rest.states.extend_from_slice(states.get(index..).unwrap_or_default());
        if let Some(commands) = self.trajectory.commands.get(index..) {
            rest.commands.extend_from_slice(commands);
        }
    }

    fn index_at(&self, now_secs: f64) -> usize {
        // Rounded: the clock's decimal steps are not exact in binary.
        let place = ((now_secs - self.start_secs) / self.trajectory.dt_secs).round();
        if place > 0.0 { place as usize } else { 0 }
    }

    /// States and commands, one per step of the robot, in the frame of the map.
    pub fn trajectory(&self) -> &Trajectory {
        &self.trajectory
    }

    /// Where it comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What the checks measured.
    pub fn measured(&self) -> Measured {
        self.measured
    }

    /// When its first state is meant to be, seconds on the pilot's clock.
    pub fn start_secs(&self) -> f64 {
        self.start_secs
    }

    /// Counts what left the gate.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Where the robot should be at a time and one step later; past the end, at rest there. `None` if the
    /// plan is to stop without a place to be.
    pub fn reference_at(&self, now_secs: f64) -> Option<(State, State)> {
        let last = self.trajectory.states.last()?;
        let held = last.halted();
        let index = self.index_at(now_secs);
        let at = |index: usize| self.trajectory.states.get(index).copied().unwrap_or(held);
        Some((at(index), at(index.saturating_add(1))))
    }
}
