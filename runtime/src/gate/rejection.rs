//! Reasons for which the gate rejects a plan: one name per check, with the measured value.

use serde::Serialize;
use std::fmt;

/// The first check that failed. Numbers are what was measured (NaN if it was NaN).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Rejection {
    /// The planner had no proposal.
    PlannerFailed,
    /// The proposal could not be corrected.
    CorrectionFailed,
    /// The correction did not reach the goal within its tolerances.
    NotConverged {
        /// Residual that was left, metres.
        residual_m: f64,
    },
    /// No plan to check.
    NoPlan,
    /// Its states are not one step of the robot apart.
    Period {
        /// Time between them, seconds.
        secs: f64,
    },
    /// A number is not finite.
    NotFinite {
        /// Index of the state or command.
        index: usize,
    },
    /// A state lies outside free space.
    OutOfBounds {
        /// Index of the state.
        index: usize,
    },
    /// Too fast.
    Speed {
        /// Per axis, m/s.
        mps: f64,
    },
    /// More acceleration than the actuators have, or positions that do not follow from the velocities.
    Acceleration {
        /// Per axis, m/s^2.
        mps2: f64,
    },
    /// Too near to a wall.
    Collision {
        /// Clearance, metres.
        clearance_m: f64,
    },
    /// Does not begin where the robot is.
    Discontinuity {
        /// Distance, metres.
        metres: f64,
        /// Difference in velocity, m/s.
        mps: f64,
    },
    /// Made from an observation that is too old, or from the future.
    StaleObservation {
        /// Age, seconds.
        secs: f64,
    },
    /// Checked against a map that is too old.
    StaleMap {
        /// Age, seconds.
        secs: f64,
    },
    /// Ready too late.
    Deadline {
        /// Time taken, seconds.
        secs: f64,
    },
}

impl Rejection {
    /// Names in the order of [`RejectionCounts`].
    pub const NAMES: [&'static str; 14] = [
        "planner_failed",
        "correction_failed",
        "not_converged",
        "no_plan",
        "period",
        "not_finite",
        "out_of_bounds",
        "speed",
        "acceleration",
        "collision",
        "discontinuity",
        "stale_observation",
        "stale_map",
        "deadline",
    ];

    fn index(&self) -> usize {
        match self {
            Self::PlannerFailed => 0,
            Self::CorrectionFailed => 1,
            Self::NotConverged { .. } => 2,
            Self::NoPlan => 3,
            Self::Period { .. } => 4,
            Self::NotFinite { .. } => 5,
            Self::OutOfBounds { .. } => 6,
            Self::Speed { .. } => 7,
            Self::Acceleration { .. } => 8,
            Self::Collision { .. } => 9,
            Self::Discontinuity { .. } => 10,
            Self::StaleObservation { .. } => 11,
            Self::StaleMap { .. } => 12,
            Self::Deadline { .. } => 13,
        }
    }

    /// Its name, as in diagnostics.
    pub fn name(&self) -> &'static str {
        Self::NAMES.get(self.index()).copied().unwrap_or("unknown")
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConverged { residual_m } => write!(f, "not converged: residual {residual_m:.3} m"),
            Self::Period { secs } => write!(f, "period {secs} s, which is not the robot's step"),
            Self::NotFinite { index } => write!(f, "not finite at state {index}"),
            Self::OutOfBounds { index } => write!(f, "outside the map at state {index}"),
            Self::Speed { mps } => write!(f, "speed {mps:.2} m/s"),
            Self::Acceleration { mps2 } => write!(f, "acceleration {mps2:.1} m/s^2"),
            Self::Collision { clearance_m } => write!(f, "collision: clearance {clearance_m:.3} m"),
            Self::Discontinuity { metres, mps } => write!(f, "discontinuity: {metres:.3} m, {mps:.2} m/s"),
            Self::StaleObservation { secs } => write!(f, "observation {secs:.3} s old"),
            Self::StaleMap { secs } => write!(f, "map {secs:.3} s old"),
            Self::Deadline { secs } => write!(f, "no plan in time, {secs:.4} s after the observation"),
            other => f.write_str(other.name()),
        }
    }
}

/// Rejections by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectionCounts([u64; Rejection::NAMES.len()]);

impl RejectionCounts {
    pub(super) fn count(&mut self, rejection: Rejection) {
        if let Some(count) = self.0.get_mut(rejection.index()) {
            *count += 1;
        }
    }

    /// Names and counts of the reasons that occurred.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Rejection::NAMES.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// All rejections.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for RejectionCounts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
