//! Reasons for which the gate rejects a plan: one name per check, with the measured value.

use super::problem::Infeasible;
use crate::correction::CorrectionError;
use crate::figures::{Figure, Rounded};
use serde::Serialize;
use std::fmt;

/// The first check that failed. Numbers are what was measured (NaN if it was NaN).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Rejection {
    /// The planner had no proposal.
    PlannerFailed,
    /// Free space connects start and goal, but the planner found no way that the robot can drive.
    NoDrivableWay,
    /// The proposal could not be corrected.
    CorrectionFailed {
        /// Why.
        #[serde(skip)]
        error: CorrectionError,
    },
    /// The way takes longer than plans of this robot may.
    TooLong {
        /// The limit, [`PlanRoom::steps`](crate::world::PlanRoom), steps of the robot.
        max_steps: usize,
    },
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
    /// A drive turns too fast: beyond its turn rate, its least radius, or its lateral acceleration.
    TurnRate {
        /// rad/s.
        radps: f64,
    },
    /// A drive's turn rate changes too fast, or headings do not follow from turn rates.
    TurnAcceleration {
        /// rad/s^2.
        radps2: f64,
    },
    /// A car's wheels would have to turn faster than its steering does.
    Steering {
        /// Rate of the steering angle, rad/s.
        radps: f64,
    },
    /// A drive moves across its heading.
    Slip {
        /// m/s.
        mps: f64,
    },
    /// A drive's plan does not begin in the robot's heading.
    Heading {
        /// Difference, rad.
        rad: f64,
    },
    /// Too near to a wall.
    Collision {
        /// Clearance, metres.
        clearance_m: f64,
    },
    /// Too near to where a moving disc is predicted.
    MovingCollision {
        /// Clearance, metres.
        clearance_m: f64,
        /// When, seconds from the plan's beginning.
        secs: f64,
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
    /// Checked against moving discs that were seen too long ago, or in the future.
    StaleMoving {
        /// Age, seconds.
        secs: f64,
    },
    /// Ready too late.
    Deadline {
        /// Time taken, seconds.
        secs: f64,
    },
    /// No plan can exist: nothing was proposed.
    #[serde(untagged)]
    Infeasible(Infeasible),
}

impl Rejection {
    /// Names in the order of [`RejectionCounts`].
    pub const NAMES: [&'static str; 28] = [
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
        "start_outside_map",
        "start_occupied",
        "goal_outside_map",
        "goal_occupied",
        "no_way",
        "turn_rate",
        "turn_acceleration",
        "slip",
        "heading",
        "too_long",
        "steering",
        "moving_collision",
        "stale_moving",
        "no_drivable_way",
    ];

    fn index(&self) -> usize {
        match self {
            Self::PlannerFailed => 0,
            Self::CorrectionFailed { .. } => 1,
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
            Self::Infeasible(Infeasible::StartOutsideMap { .. }) => 14,
            Self::Infeasible(Infeasible::StartOccupied { .. }) => 15,
            Self::Infeasible(Infeasible::GoalOutsideMap { .. }) => 16,
            Self::Infeasible(Infeasible::GoalOccupied { .. }) => 17,
            Self::Infeasible(Infeasible::NoWay { .. }) => 18,
            Self::TurnRate { .. } => 19,
            Self::TurnAcceleration { .. } => 20,
            Self::Slip { .. } => 21,
            Self::Heading { .. } => 22,
            Self::TooLong { .. } => 23,
            Self::Steering { .. } => 24,
            Self::MovingCollision { .. } => 25,
            Self::StaleMoving { .. } => 26,
            Self::NoDrivableWay => 27,
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
            Self::Infeasible(infeasible) => infeasible.fmt(f),
            Self::NotConverged { residual_m } => write!(f, "not converged: residual {} m", Rounded(*residual_m, 3)),
            Self::Period { secs } => write!(f, "period {} s, which is not the robot's step", Figure(*secs)),
            Self::NotFinite { index } => write!(f, "not finite at state {index}"),
            Self::OutOfBounds { index } => write!(f, "outside the map at state {index}"),
            Self::Speed { mps } => write!(f, "speed {} m/s", Rounded(*mps, 2)),
            Self::Acceleration { mps2 } => write!(f, "acceleration {} m/s^2", Rounded(*mps2, 1)),
            Self::TurnRate { radps } => write!(f, "turn rate {} rad/s", Rounded(*radps, 2)),
            Self::TurnAcceleration { radps2 } => write!(f, "turn acceleration {} rad/s^2", Rounded(*radps2, 1)),
            Self::Steering { radps } => write!(f, "steering rate {} rad/s", Rounded(*radps, 2)),
            Self::NoDrivableWay => {
                f.write_str("no drivable way: none was found on which the robot's outline and its turns have room")
            }
            Self::CorrectionFailed { error } => write!(f, "correction failed: {error}"),
            Self::TooLong { max_steps } => {
                write!(f, "too long: the way takes more than {max_steps} steps of the robot, the most of its plans")
            }
            Self::Slip { mps } => write!(f, "slip of {} m/s across the heading", Rounded(*mps, 3)),
            Self::Heading { rad } => write!(f, "heading {} rad from the robot's", Rounded(*rad, 2)),
            Self::Collision { clearance_m } => write!(f, "collision: clearance {} m", Rounded(*clearance_m, 3)),
            Self::MovingCollision { clearance_m, secs } => {
                write!(f, "moving obstacle: clearance {} m after {} s", Rounded(*clearance_m, 3), Rounded(*secs, 2))
            }
            Self::Discontinuity { metres, mps } => {
                write!(f, "discontinuity: {} m, {} m/s", Rounded(*metres, 3), Rounded(*mps, 2))
            }
            Self::StaleObservation { secs } => write!(f, "observation {} s old", Rounded(*secs, 3)),
            Self::StaleMap { secs } => write!(f, "map {} s old", Rounded(*secs, 3)),
            Self::StaleMoving { secs } => write!(f, "moving obstacles {} s old", Rounded(*secs, 3)),
            Self::Deadline { secs } => write!(f, "no plan in time, {} s after the observation", Rounded(*secs, 4)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rejection_has_a_short_text_and_a_count_of_its_own() {
        let (at, huge) = ([1.0, 1e300], 1e300);
        let bounds = crate::world::Aabb { low: [0.0; 2], high: [huge; 2] };
        let room = super::super::Room { distance_m: 0.05, radius_m: 0.1, clearance_m: 0.005 };
        let all = [
            Rejection::PlannerFailed,
            Rejection::CorrectionFailed { error: CorrectionError::TooShort(1) },
            Rejection::NotConverged { residual_m: huge },
            Rejection::NoPlan,
            Rejection::Period { secs: huge },
            Rejection::NotFinite { index: 3 },
            Rejection::OutOfBounds { index: 3 },
            Rejection::Speed { mps: huge },
            Rejection::Acceleration { mps2: huge },
            Rejection::Collision { clearance_m: f64::NAN },
            Rejection::Discontinuity { metres: huge, mps: huge },
            Rejection::StaleObservation { secs: huge },
            Rejection::StaleMap { secs: f64::INFINITY },
            Rejection::Deadline { secs: huge },
            Rejection::Infeasible(Infeasible::StartOutsideMap { at, bounds }),
            Rejection::Infeasible(Infeasible::StartOccupied { at, room }),
            Rejection::Infeasible(Infeasible::GoalOutsideMap { at, bounds }),
            Rejection::Infeasible(Infeasible::GoalOccupied { at, room }),
            Rejection::Infeasible(Infeasible::NoWay { start: at, goal: at }),
            Rejection::TurnRate { radps: huge },
            Rejection::TurnAcceleration { radps2: huge },
            Rejection::Slip { mps: f64::NAN },
            Rejection::Heading { rad: huge },
            Rejection::TooLong { max_steps: 12_000 },
            Rejection::Steering { radps: huge },
            Rejection::MovingCollision { clearance_m: f64::NAN, secs: huge },
            Rejection::StaleMoving { secs: huge },
            Rejection::NoDrivableWay,
        ];
        assert_eq!(all.map(|rejection| rejection.name()), Rejection::NAMES);
        for rejection in all {
            let longest = rejection.to_string().split([' ', ',']).map(str::len).max();
            assert!(longest.is_some_and(|length| length < 20), "{rejection}");
            let value = serde_json::to_value(rejection).expect("a document");
            assert_eq!(value["reason"], rejection.name());
            if let Rejection::Infeasible(infeasible) = rejection {
                assert_eq!(infeasible.name(), rejection.name());
            }
        }
        assert_eq!(Rejection::Speed { mps: 5.5 }.to_string(), "speed 5.50 m/s");
    }
}
