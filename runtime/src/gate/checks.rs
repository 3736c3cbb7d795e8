//! The checks, in order. Each fails for NaN.

use super::Context;
use super::envelope::Envelope;
use super::motion;
use super::moving;
use super::problem::CONTACT_M;
use super::rejection::Rejection;
use crate::geometry::wrapped;
use crate::trajectory::Trajectory;
use crate::world::World;

/// Limits of a plan beside those of the robot's motion, which the gate computes itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateLimits {
    /// Least distance between footprint and obstacle, metres.
    pub clearance_m: f64,
    /// Least distance between footprint and the predicted places of moving discs, metres.
    pub moving_clearance_m: f64,
    /// Largest distance between the robot and where the plan begins, metres.
    pub continuity_m: f64,
    /// Largest difference in velocity there, m/s.
    pub continuity_mps: f64,
    /// Largest difference in heading there, of a drive, rad.
    pub continuity_rad: f64,
    /// Largest difference in turn rate there, of a drive, rad/s.
    pub continuity_radps: f64,
    /// Largest age of observation, map and moving discs, seconds.
    pub max_age_secs: f64,
    /// Largest time from observation to gate, seconds.
    pub deadline_secs: f64,
    /// Largest residual of the correction, metres.
    pub residual_m: f64,
}

impl Default for GateLimits {
    /// 5 mm from obstacles, 5 cm from moving ones, 5 cm, 0.5 m/s, 0.2 rad and 1 rad/s at the joint, 0.2 s old, 50 ms to plan.
    fn default() -> Self {
        Self {
            clearance_m: 0.005,
            moving_clearance_m: 0.05,
            continuity_m: 0.05,
            continuity_mps: 0.5,
            continuity_rad: 0.2,
            continuity_radps: 1.0,
            max_age_secs: 0.2,
            deadline_secs: 0.05,
            residual_m: 0.1,
        }
    }
}

/// What the checks measured on a plan that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Measured {
    /// Largest speed, m/s: per axis of the point mass, of others in magnitude.
    pub speed_mps: f64,
    /// Largest acceleration, m/s^2: per axis of the point mass, of an omnidirectional base in magnitude, of a drive along
    /// its heading.
    pub acceleration_mps2: f64,
    /// Clearance, metres.
    pub clearance_m: f64,
}

/// All checks of a new plan.
pub(super) fn check(
    limits: &GateLimits,
    world: &World,
    plan: &Trajectory,
    context: &Context,
) -> Result<Measured, Rejection> {
    let measured = check_continuing(limits, world, plan, context)?;
    moving::check(limits, world, plan, context.now_secs)?;
    check_age(limits, context)?;
    if !(context.elapsed_secs <= limits.deadline_secs) {
        return Err(Rejection::Deadline { secs: context.elapsed_secs });
    }
    Ok(measured)
}

/// Age of observation and map.
pub(super) fn check_age(limits: &GateLimits, context: &Context) -> Result<(), Rejection> {
    for (age, rejection) in [
        (
            context.now_secs - context.observed_secs,
            (|secs| Rejection::StaleObservation { secs }) as fn(f64) -> Rejection,
        ),
        (context.now_secs - context.map_secs, |secs| Rejection::StaleMap { secs }),
    ] {
        // Data from the future are as wrong as old ones.
        if !(age <= limits.max_age_secs && age >= -limits.max_age_secs) {
            return Err(rejection(age));
        }
    }
    Ok(())
}

/// Within this many states (0.3 s at 100 Hz) a plan that begins at a wall has to be clear of it, or in more where the margin
/// is so wide that it takes longer at [`ESCAPE_MPS`].
const ESCAPE_STATES: usize = 30;
const ESCAPE_MPS: f64 = 0.5;

/// Comparisons of clearances leave this much for rounding, metres.
const ROUNDING_M: f64 = 1e-6;

/// Whether a plan that begins nearer to an obstacle than the limit is a way out of contact. It begins at most
/// [`CONTACT_M`] deep in the obstacle, a polygon with its padding alone, at no time comes nearer to any than it begins, and
/// within [`ESCAPE_STATES`] (of wide margins: the time that they take at [`ESCAPE_MPS`]) keeps the limit as every plan does. So a robot
/// that touches a wall may leave it, but not follow it, and one that is deep in it stands.
///
/// What the sweep takes off between its steps is not held against such a plan: half of the first step of a polygon would
/// count as nearer than its beginning.
pub(super) fn leads_away(limits: &GateLimits, world: &World, plan: &Trajectory) -> bool {
    let Some(first) = plan.states.first() else { return false };
    let sweep = world.sweep();
    let at_start = sweep.states(plan.states.iter().take(1)).clearance_m;
    let wide = ((limits.clearance_m - at_start) / ESCAPE_MPS / plan.dt_secs).ceil() as usize;
    let escape_states = ESCAPE_STATES.max(wide);
    let afterwards = sweep.states(plan.states.iter().skip(escape_states)).clearance_m;
    let mut steps = plan.states.iter().zip(plan.states.iter().skip(1));
    at_start >= -CONTACT_M - ROUNDING_M
        && !sweep.overlaps(first)
        && plan.states.len() > escape_states
        && steps.all(|(from, to)| sweep.at_steps(from, to) >= at_start - ROUNDING_M)
        && afterwards >= limits.clearance_m
}

/// The checks that a plan already under way must pass again.
pub(super) fn check_continuing(
    limits: &GateLimits,
    world: &World,
    plan: &Trajectory,
    context: &Context,
) -> Result<Measured, Rejection> {
    let Some(first) = plan.states.first() else { return Err(Rejection::NoPlan) };
    // Also true for NaN.
    if plan.dt_secs != world.step_secs() {
        return Err(Rejection::Period { secs: plan.dt_secs });
    }
    let envelope = Envelope::of(world.robot());
    let mut measured = Measured::default();
    for (index, state) in plan.states.iter().enumerate() {
        if !state.is_finite() {
            return Err(Rejection::NotFinite { index });
        }
        if !world.map().is_free(state.position) {
            return Err(Rejection::OutOfBounds { index });
        }
        measured.speed_mps = measured.speed_mps.max(envelope.speed_of(state));
    }
    if plan.commands.iter().flatten().any(|value| !value.is_finite()) {
        return Err(Rejection::NotFinite { index: 0 });
    }
    if !(measured.speed_mps <= envelope.speed_mps) {
        return Err(Rejection::Speed { mps: measured.speed_mps });
    }
    motion::check(&envelope, plan, &mut measured)?;
    measured.clearance_m = world.sweep().states(&plan.states).clearance_m;
    if !(measured.clearance_m >= limits.clearance_m || leads_away(limits, world, plan)) {
        return Err(Rejection::Collision { clearance_m: measured.clearance_m });
    }
    let metres = context.state.distance(first.position);
    let mps = (context.state.velocity[0] - first.velocity[0]).hypot(context.state.velocity[1] - first.velocity[1]);
    if !(metres <= limits.continuity_m && mps <= limits.continuity_mps) {
        return Err(Rejection::Discontinuity { metres, mps });
    }
    let off = wrapped(context.state.heading_rad - first.heading_rad);
    if envelope.drive.is_some() && !(off.abs() <= limits.continuity_rad) {
        return Err(Rejection::Heading { rad: off });
    }
    let turned_radps = context.state.turn_rate_radps - first.turn_rate_radps;
    if envelope.drive.is_some() && !(turned_radps.abs() <= limits.continuity_radps) {
        return Err(Rejection::TurnRate { radps: turned_radps });
    }
    Ok(measured)
}
