//! Why odometry is not used: figures, limits, and the parameter that changes a limit.

use planwright_ros2::odometry::{OdometryLimits, OdometryOutcome, OdometryStatus};
use planwright_ros2::time::other_clock;
use std::fmt::{Display, Formatter, Result};

/// What the odometry is, if not as it should be, with the limits that were in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OdometryFault {
    /// The last message, or the stream.
    pub status: OdometryStatus,
    /// Limits.
    pub limits: OdometryLimits,
}

impl OdometryFault {
    /// The fault of a message; none if it is as it should be. A jitter is counted, and no fault.
    pub fn of(outcome: OdometryOutcome, limits: OdometryLimits) -> Option<Self> {
        let fault = Self { status: OdometryStatus::Running(outcome), limits };
        (!matches!(outcome, OdometryOutcome::Fresh | OdometryOutcome::Jitter { .. })).then_some(fault)
    }

    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self.status {
            OdometryStatus::Waiting => "odom_missing",
            OdometryStatus::Stopped { .. } => "odom_stopped",
            OdometryStatus::Running(outcome) => match outcome {
                OdometryOutcome::Relocalised { .. } => "odom_relocalised",
                OdometryOutcome::OutOfOrder { .. } => "odom_out_of_order",
                OdometryOutcome::Duplicate { .. } => "odom_duplicate",
                OdometryOutcome::Future { .. } => "odom_future",
                OdometryOutcome::Late { .. } => "odom_late",
                OdometryOutcome::Jump { .. } => "odom_jump",
                OdometryOutcome::Stuck { .. } => "odom_stuck",
                OdometryOutcome::Fresh | OdometryOutcome::Jitter { .. } | OdometryOutcome::Invalid => "odom_invalid",
            },
        }
    }

    fn of_outcome(&self, outcome: OdometryOutcome, f: &mut Formatter<'_>) -> Result {
        let OdometryLimits { max_age_secs, max_speed_mps, speed_margin, jump_tolerance_m, stuck_secs, .. } =
            self.limits;
        match outcome {
            OdometryOutcome::Late { age_secs } => {
                let hint = other_clock(age_secs).unwrap_or("parameter max_observation_age_secs");
                write!(f, "expected odometry of at most {max_age_secs} s on arrival, got {age_secs:.3} s\nhint: {hint}")
            }
            OdometryOutcome::Future { ahead_secs, limit_secs } => {
                let hint = other_clock(-ahead_secs).unwrap_or("parameter future_tolerance_secs, or the clocks");
                write!(
                    f,
                    "expected odometry stamped at most {limit_secs:.3} s ahead of the clock, got {ahead_secs:.3} s\nhint: {hint}"
                )
            }
            OdometryOutcome::Jump { metres, allowed_m, secs } => write!(
                f,
                "expected odometry to move at most {allowed_m:.3} m in {secs:.3} s ({speed_margin} x {max_speed_mps} m/s, and {jump_tolerance_m} m), got {metres:.3} m\nhint: parameter max_speed_mps; {} messages that agree make it the new place",
                self.limits.relocalise_after
            ),
            OdometryOutcome::Relocalised { metres } => write!(
                f,
                "expected the robot near its last place, got {} messages in a row that agree on one {metres:.3} m away: it counts from here on",
                self.limits.relocalise_after
            ),
            OdometryOutcome::Stuck { secs, messages } => write!(
                f,
                "expected another pose within {stuck_secs} s of a command to move, got the same one for {secs:.2} s, {messages} messages\nhint: parameter stuck_secs; wheels and encoders, then a new goal or ~/clear_fault"
            ),
            OdometryOutcome::OutOfOrder { behind_secs } => write!(
                f,
                "expected odometry in the order of its stamps, got one {behind_secs:.3} s before the last\nhint: do two nodes publish on odom?"
            ),
            OdometryOutcome::Duplicate { stamp } => write!(
                f,
                "expected a stamp of odometry after {0} s, got {0} s again\nhint: do two nodes publish on odom, or does the time of its publisher stand?",
                stamp.as_secs_f64()
            ),
            OdometryOutcome::Fresh | OdometryOutcome::Jitter { .. } | OdometryOutcome::Invalid => {
                write!(f, "expected a finite position and yaw of odometry, got others")
            }
        }
    }
}

impl Display for OdometryFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.status {
            OdometryStatus::Waiting => write!(
                f,
                "expected odometry, got none yet\nhint: does something publish nav_msgs/Odometry on the topic odom?"
            ),
            OdometryStatus::Stopped { age_secs, limit_secs, clock_stands: false } => write!(
                f,
                "expected odometry every {limit_secs} s, got none for {age_secs:.3} s\nhint: parameter max_observation_age_secs"
            ),
            OdometryStatus::Stopped { age_secs, limit_secs, clock_stands: true } => write!(
                f,
                "expected odometry every {limit_secs:.3} s of the monotonic clock, at its usual rate, got none for {age_secs:.3} s\nhint: has the simulation, or its /clock, stopped?"
            ),
            OdometryStatus::Running(outcome) => self.of_outcome(outcome, f),
        }
    }
}

impl std::error::Error for OdometryFault {}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_ros2::time::RosTime;

    #[test]
    fn every_fault_has_its_figures_its_limit_and_the_parameter_that_changes_it() {
        let limits = OdometryLimits { max_speed_mps: 5.3, ..OdometryLimits::default() };
        let table: [(OdometryStatus, &[&str]); 8] = [
            (
                OdometryStatus::Stopped { age_secs: 0.4567, limit_secs: 0.2, clock_stands: false },
                &["odom_stopped", "0.457 s", "0.2 s", "max_observation_age_secs"],
            ),
            (
                OdometryStatus::Stopped { age_secs: 3.0, limit_secs: 1.0, clock_stands: true },
                &["odom_stopped", "3.000 s", "1.000 s", "/clock"],
            ),
            (
                OdometryStatus::Running(OdometryOutcome::Late { age_secs: 0.75 }),
                &["odom_late", "0.750 s", "0.2 s", "max_observation_age_secs"],
            ),
            (
                OdometryStatus::Running(OdometryOutcome::Late { age_secs: 180.0 }),
                &["odom_late", "180.000 s", "use_sim_time"],
            ),
            (
                OdometryStatus::Running(OdometryOutcome::Future { ahead_secs: 0.31, limit_secs: 0.1 }),
                &["odom_future", "0.310 s", "0.100 s", "future_tolerance_secs"],
            ),
            (
                OdometryStatus::Running(OdometryOutcome::Jump { metres: 3.2, allowed_m: 0.259, secs: 0.02 }),
                &["odom_jump", "3.200 m", "0.259 m", "0.020 s", "5.3 m/s", "max_speed_mps"],
            ),
            (
                OdometryStatus::Running(OdometryOutcome::Duplicate { stamp: RosTime::from_nanos(1_500_000_000) }),
                &["odom_duplicate", "after 1.5 s", "time of its publisher stand"],
            ),
            (
                OdometryStatus::Running(OdometryOutcome::Stuck { secs: 1.02, messages: 52 }),
                &["odom_stuck", "1.02 s", "52 messages", "within 1 s", "stuck_secs"],
            ),
        ];
        for (status, parts) in table {
            let fault = OdometryFault { status, limits };
            let text = format!("{} {fault}", fault.name());
            assert!(text.contains("expected") && parts.iter().all(|part| text.contains(part)), "{parts:?}: {text}");
        }
        let jitter = OdometryOutcome::Jitter { gap_secs: 0.5, mean_gap_secs: 0.02 };
        assert_eq!(OdometryFault::of(jitter, limits), None, "counted, and no fault");
    }
}
