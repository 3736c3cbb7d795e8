//! The gate of pushes: alone makes a [`CheckedPush`], and only that is published or executed.
//!
//! It simulates the push anew in the scene that the picture shows, with its own limits, and looks at nothing that the
//! correction has computed.

use crate::geometry::wrapped;
use crate::world::scene::{Goal, Push, Scene, Simulation};

/// What a push must satisfy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PushGateLimits {
    /// Largest speed right after a push, m/s.
    pub max_speed_mps: f64,
    /// Largest impulse, kg m/s.
    pub max_impulse_ns: f64,
    /// Largest difference of the target's direction from the goal's in simulation, rad.
    pub direction_rad: f64,
    /// Largest difference of the target's speed from the goal's in simulation, as a share of the goal's.
    pub speed_share: f64,
    /// Largest age of the picture, seconds.
    pub max_age_secs: f64,
}

impl Default for PushGateLimits {
    fn default() -> Self {
        Self {
            max_speed_mps: 2.0,
            max_impulse_ns: 8.0,
            direction_rad: 10.0_f64.to_radians(),
            speed_share: 0.2,
            max_age_secs: 1.0,
        }
    }
}

/// Why a push is rejected.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PushRejection {
    /// A number is not finite.
    #[error("push_not_finite: angle or speed is not finite")]
    NotFinite,
    /// The push is on no body that can move, or on the target itself.
    #[error("push_body: body {0} cannot be pushed, or is the target itself")]
    Body(usize),
    /// Beyond the limits.
    #[error("push_speed: {mps:.2} m/s, at most {most:.2}")]
    Speed {
        /// The push's, m/s.
        mps: f64,
        /// The limit, m/s.
        most: f64,
    },
    /// Beyond the limits.
    #[error("push_impulse: {ns:.2} kg m/s, at most {most:.2}")]
    Impulse {
        /// The push's, kg m/s.
        ns: f64,
        /// The limit, kg m/s.
        most: f64,
    },
    /// In simulation the target is not struck.
    #[error("push_misses: in simulation the target is not struck")]
    Misses,
    /// In simulation the target moves otherwise.
    #[error("push_goal: in simulation the target moves {:.0} degrees and {:.0}% off the goal", .direction_rad.to_degrees(), 100.0 * .speed_share)]
    Goal {
        /// Difference of the directions, rad.
        direction_rad: f64,
        /// Difference of the speeds as a share of the goal's.
        speed_share: f64,
    },
    /// The picture is too old, or from the future.
    #[error("picture_stale: the picture is {age_secs:.2} s old, at most {most_secs:.2}")]
    Stale {
        /// Age, seconds.
        age_secs: f64,
        /// The limit, seconds.
        most_secs: f64,
    },
    /// The deadline has passed.
    #[error("late: the push is ready {late_secs:.3} s after its deadline")]
    Late {
        /// Seconds after the deadline.
        late_secs: f64,
    },
}

impl PushRejection {
    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotFinite => "push_not_finite",
            Self::Body(_) => "push_body",
            Self::Speed { .. } => "push_speed",
            Self::Impulse { .. } => "push_impulse",
            Self::Misses => "push_misses",
            Self::Goal { .. } => "push_goal",
            Self::Stale { .. } => "picture_stale",
            Self::Late { .. } => "late",
        }
    }
}

/// A push that has passed the gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckedPush {
    push: Push,
    struck_mps: [f64; 2],
}

impl CheckedPush {
    /// The push.
    pub fn push(&self) -> Push {
        self.push
    }

    /// The target's velocity after it was struck in the gate's simulation, m/s.
    pub fn struck_mps(&self) -> [f64; 2] {
        self.struck_mps
    }
}

/// When a push was computed, on one clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PushTiming {
    /// Age of the picture, seconds.
    pub age_secs: f64,
    /// Seconds since the deadline; negative before it.
    pub late_secs: f64,
}

/// Checks pushes.
#[derive(Debug)]
pub struct PushGate {
    limits: PushGateLimits,
    simulation: Simulation,
}

impl PushGate {
    /// With these limits.
    pub fn new(limits: PushGateLimits) -> Self {
        Self { limits, simulation: Simulation::new() }
    }

    /// The limits.
    pub fn limits(&self) -> &PushGateLimits {
        &self.limits
    }

    /// Passes a push or rejects it. `timing` is called last, when all else has been checked.
    ///
    /// # Errors
    /// The first check that the push fails.
    pub fn check(
        &mut self,
        scene: &Scene,
        goal: &Goal,
        push: &Push,
        timing: impl FnOnce() -> PushTiming,
    ) -> Result<CheckedPush, PushRejection> {
        let limits = &self.limits;
        let numbers = [push.direction_rad, push.speed_mps, goal.direction_rad, goal.speed_mps];
        if !(numbers.iter().all(|value| value.is_finite()) && push.speed_mps > 0.0 && goal.speed_mps > 0.0) {
            return Err(PushRejection::NotFinite);
        }
        let body = scene.bodies.get(push.body).filter(|body| body.moves && push.body != goal.body);
        let body = body.ok_or(PushRejection::Body(push.body))?;
        if scene.bodies.get(goal.body).is_none() {
            return Err(PushRejection::Body(goal.body));
        }
        if !(push.speed_mps <= limits.max_speed_mps) {
            return Err(PushRejection::Speed { mps: push.speed_mps, most: limits.max_speed_mps });
        }
        let ns = body.mass_kg * push.speed_mps;
        if !(ns <= limits.max_impulse_ns) {
            return Err(PushRejection::Impulse { ns, most: limits.max_impulse_ns });
        }
        let struck_mps = self.simulation.struck(scene, push, goal.body).ok_or(PushRejection::Misses)?;
        let direction_rad = wrapped(struck_mps[1].atan2(struck_mps[0]) - goal.direction_rad);
        let speed_share = struck_mps[0].hypot(struck_mps[1]) / goal.speed_mps - 1.0;
        if !(direction_rad.abs() <= limits.direction_rad && speed_share.abs() <= limits.speed_share) {
            return Err(PushRejection::Goal { direction_rad, speed_share });
        }
        let timing = timing();
        if !(timing.age_secs >= -0.1 && timing.age_secs <= limits.max_age_secs) {
            return Err(PushRejection::Stale { age_secs: timing.age_secs, most_secs: limits.max_age_secs });
        }
        if !(timing.late_secs <= 0.0) {
            return Err(PushRejection::Late { late_secs: timing.late_secs });
        }
        Ok(CheckedPush { push: *push, struck_mps })
    }
}
