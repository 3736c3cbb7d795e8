//! The gate (plan validator): a corrected plan that passes every check becomes a [`CheckedPlan`]; otherwise a named
//! fallback takes its place.
//!
//! A `CheckedPlan` can be made nowhere else, and only a `CheckedPlan` can be executed or published:
//!
//! ```compile_fail
//! # use planwright::gate::CheckedPlan;
//! let forged = CheckedPlan { trajectory: Default::default() };
//! ```
//!
//! Every limit is written as `!(value <= limit)`, which is true for NaN: no comparison lets one pass.

// What checks plans must not panic.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod checks;
mod envelope;
mod fallback;
mod motion;
mod moving;
mod plan;
mod problem;
mod push;
mod rejection;
mod robot_contract;

pub use checks::{GateLimits, Measured};
pub use fallback::Fallback;
pub use plan::{CheckedPlan, Origin};
pub(crate) use problem::room_at;
pub use problem::{CONTACT_M, Infeasible, Room, check_goal, check_problem, check_start, check_way, contact_m};
pub use push::{CheckedPush, PushGate, PushGateLimits, PushRejection, PushTiming};
pub use rejection::{Rejection, RejectionCounts};
pub(crate) use robot_contract::check_motion;

use crate::correction::Corrected;
use crate::trajectory::Trajectory;
use crate::world::{State, World};
use envelope::Envelope;

/// When and from what a plan was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context {
    /// The state the plan must begin at, as observed.
    pub state: State,
    /// Now, seconds on the pilot's clock.
    pub now_secs: f64,
    /// When the state was measured, same clock.
    pub observed_secs: f64,
    /// When the map was last known to be true, same clock.
    pub map_secs: f64,
    /// Time from observation to here on the monotonic clock, seconds.
    pub elapsed_secs: f64,
}

/// Checks plans and keeps the one that is in force. After construction it allocates nothing.
#[derive(Clone, Debug)]
pub struct Gate {
    limits: GateLimits,
    active: CheckedPlan,
    /// The last plan of the planner's own that passed, apart from fallbacks.
    last_safe: CheckedPlan,
    has_last_safe: bool,
    scratch: Trajectory,
    rejections: RejectionCounts,
    fallbacks: [u64; 3],
    passed: u64,
    sequence: u64,
}

/// States that a plan may have; room is made for them once.
pub const MAX_STATES: usize = 12_100;

impl Gate {
    /// No plan has passed yet: the plan in force is the stop.
    pub fn new(limits: GateLimits) -> Self {
        Self {
            limits,
            active: CheckedPlan::with_capacity(MAX_STATES),
            last_safe: CheckedPlan::with_capacity(MAX_STATES),
            has_last_safe: false,
            scratch: Trajectory::with_capacity(0.0, MAX_STATES),
            rejections: RejectionCounts::default(),
            fallbacks: [0; 3],
            passed: 0,
            sequence: 0,
        }
    }

    /// The limits.
    pub fn limits(&self) -> &GateLimits {
        &self.limits
    }

    /// The plan in force.
    pub fn active(&self) -> &CheckedPlan {
        &self.active
    }

    /// Rejections so far, by reason.
    pub fn rejections(&self) -> &RejectionCounts {
        &self.rejections
    }

    /// Plans of the planner's own that passed.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Fallbacks so far, by kind.
    pub fn fallbacks(&self, kind: Fallback) -> u64 {
        self.fallbacks.get(kind as usize).copied().unwrap_or_default()
    }

    /// Other limits from now on.
    pub fn set_limits(&mut self, limits: GateLimits) {
        self.limits = limits;
    }

    /// Sets every count to zero; plans stay.
    pub fn clear_counts(&mut self) {
        self.rejections = RejectionCounts::default();
        self.fallbacks = [0; 3];
        self.passed = 0;
    }

    /// Forgets every plan; statistics stay.
    pub fn reset(&mut self) {
        self.has_last_safe = false;
        self.active.clear();
    }

    /// Puts the corrected plan in force if it passes every check, else the first fallback that does. An error in
    /// `corrected` is the reason why there is no plan to check.
    pub fn admit(
        &mut self,
        world: &World,
        corrected: Result<&Corrected, Rejection>,
        context: &Context,
    ) -> &CheckedPlan {
        let verdict = corrected.and_then(|corrected| self.verdict(world, corrected, context));
        match (verdict, corrected) {
            (Ok(measured), Ok(corrected)) => {
                self.passed += 1;
                self.sequence += 1;
                self.active.set(&corrected.trajectory, Origin::Planned, measured, context.now_secs, self.sequence);
                self.last_safe.copy_from(&self.active);
                self.has_last_safe = true;
            }
            (Err(rejection), _) | (Ok(_), Err(rejection)) => self.fall_back(world, rejection, context),
        }
        &self.active
    }

    /// Age of observation and map alone: on data that are too old nothing is planned.
    ///
    /// # Errors
    /// The first that is too old, or from the future.
    pub fn check_age(&self, context: &Context) -> Result<(), Rejection> {
        checks::check_age(&self.limits, context)
    }

    /// All checks of a plan without putting it in force.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verdict(&self, world: &World, corrected: &Corrected, context: &Context) -> Result<Measured, Rejection> {
        let residual_m = corrected.residual_after_m;
        if !(corrected.converged && residual_m <= self.limits.residual_m) {
            return Err(Rejection::NotConverged { residual_m });
        }
        checks::check(&self.limits, world, &corrected.trajectory, context)
    }

    /// All checks again, freshness and deadline included, on the rest of the plan in force.
    ///
    /// # Errors
    /// The first check that fails; [`Self::admit`] has to be called then.
    pub fn keep(&mut self, world: &World, context: &Context) -> Result<Measured, Rejection> {
        self.remaining_of_last_safe(context.now_secs)?;
        checks::check(&self.limits, world, &self.scratch, context)
    }

    /// What the rest of a plan must pass as fallback: the plan's own checks, for the data may be what failed. Where others
    /// move it needs data on them that are fresh; braking, which is next, does not.
    fn recheck(&mut self, world: &World, context: &Context) -> Result<Measured, Rejection> {
        self.remaining_of_last_safe(context.now_secs)?;
        moving::check(&self.limits, world, &self.scratch, context.now_secs)?;
        checks::check_continuing(&self.limits, world, &self.scratch, context)
    }

    /// The rest of the last safe plan from `now_secs` into the scratch trajectory.
    fn remaining_of_last_safe(&mut self, now_secs: f64) -> Result<(), Rejection> {
        if !self.has_last_safe {
            return Err(Rejection::NoPlan);
        }
        self.last_safe.remaining(now_secs, &mut self.scratch);
        Ok(())
    }

    fn fall_back(&mut self, world: &World, rejection: Rejection, context: &Context) {
        self.rejections.count(rejection);
        self.sequence += 1;
        let sequence = self.sequence;
        let now = context.now_secs;
        if let Ok(measured) = self.recheck(world, context) {
            self.publish(Fallback::LastSafePlan, rejection, measured, now, sequence);
            return;
        }
        if context.state.is_finite() {
            fallback::brake(world, &Envelope::of(world.robot()), &context.state, &mut self.scratch);
            if let Ok(measured) = checks::check_continuing(&self.limits, world, &self.scratch, context) {
                self.publish(Fallback::Brake, rejection, measured, now, sequence);
                return;
            }
        }
        fallback::stop(world.step_secs(), &context.state, &mut self.scratch);
        self.publish(Fallback::Stop, rejection, Measured::default(), now, sequence);
    }

    fn publish(&mut self, kind: Fallback, reason: Rejection, measured: Measured, now_secs: f64, sequence: u64) {
        if let Some(count) = self.fallbacks.get_mut(kind as usize) {
            *count += 1;
        }
        self.active.set(&self.scratch, Origin::Fallback { kind, reason }, measured, now_secs, sequence);
    }
}

#[cfg(test)]
mod tests;
