//! Outcome per odometry message, and status of the stream.

use crate::time::RosTime;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OdometryOutcome {
    /// Good.
    Fresh,
    /// Good, but it came after an unusual gap. Counted, no fault.
    Jitter {
        /// Since the message before, seconds.
        gap_secs: f64,
        /// Usual gap, seconds.
        mean_gap_secs: f64,
    },
    /// Good: enough messages agree on a new place. Plans from the old one are void.
    Relocalised {
        /// Between the old place and the new one, metres.
        metres: f64,
    },
    /// Its position is NaN or infinite; dropped.
    Invalid,
    /// Stamped before the message before; dropped.
    OutOfOrder {
        /// How much, seconds.
        behind_secs: f64,
    },
    /// Stamped like the message before; dropped.
    Duplicate {
        /// That stamp.
        stamp: RosTime,
    },
    /// Stamped ahead of the clock; dropped.
    Future {
        /// How much, seconds.
        ahead_secs: f64,
        /// How much was tolerated, seconds.
        limit_secs: f64,
    },
    /// Already old when it came: a queue or a clock is behind. Not trusted.
    Late {
        /// Age by its stamp, seconds.
        age_secs: f64,
    },
    /// Farther from the last trusted place than the robot can have moved. Held back until enough messages agree.
    Jump {
        /// Distance, metres.
        metres: f64,
        /// Distance that would have been possible, metres.
        allowed_m: f64,
        /// Since the stamp of the last trusted place, seconds.
        secs: f64,
    },
    /// Commanded to move, and the very same pose again and again under new stamps. Not trusted.
    Stuck {
        /// For how long by the stamps, seconds.
        secs: f64,
        /// Messages with this pose.
        messages: u32,
    },
}

impl OdometryOutcome {
    /// Names in the order of [`OdometryStatistics::counts`].
    pub const NAMES: [&'static str; 10] =
        ["fresh", "jitter", "relocalised", "invalid", "out_of_order", "duplicate", "future", "late", "jump", "stuck"];

    /// Name for diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Jitter { .. } => "jitter",
            Self::Relocalised { .. } => "relocalised",
            Self::Invalid => "invalid",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::Duplicate { .. } => "duplicate",
            Self::Future { .. } => "future",
            Self::Late { .. } => "late",
            Self::Jump { .. } => "jump",
            Self::Stuck { .. } => "stuck",
        }
    }

    /// True if the pose of the message can be used.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Fresh | Self::Jitter { .. } | Self::Relocalised { .. })
    }

    /// True if the message leaves the outcome of earlier ones as it was.
    pub(super) fn is_dropped(&self) -> bool {
        matches!(self, Self::Invalid | Self::OutOfOrder { .. } | Self::Duplicate { .. } | Self::Future { .. })
    }
}

/// How the stream is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OdometryStatus {
    /// No message yet.
    Waiting,
    /// No message for longer than the limit.
    Stopped {
        /// Since the last message, seconds.
        age_secs: f64,
        /// The limit, seconds.
        limit_secs: f64,
        /// Measured on the monotonic clock, because the node's clock stands.
        clock_stands: bool,
    },
    /// Messages come; this is what they are. One that was dropped does not show as long as the last trusted message
    /// is young enough.
    Running(OdometryOutcome),
}

impl OdometryStatus {
    /// Name for diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Stopped { .. } => "stopped",
            Self::Running(outcome) => outcome.name(),
        }
    }

    /// True if the last trusted place may be planned from.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Running(outcome) if outcome.is_trusted())
    }
}

/// Figures for diagnostics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OdometryStatistics {
    /// Messages received.
    pub received: u64,
    /// Of these, by outcome, in the order of [`OdometryOutcome::NAMES`].
    pub counts: [u64; OdometryOutcome::NAMES.len()],
    /// Mean rate of arrivals lately, Hz.
    pub mean_rate_hz: Option<f64>,
    /// Longest gap between two arrivals, seconds.
    pub worst_gap_secs: f64,
    /// Since the last message arrived, seconds of the node's clock.
    pub arrival_age_secs: Option<f64>,
    /// Since the last trusted message arrived, seconds of the node's clock.
    pub trusted_age_secs: Option<f64>,
    /// Age by its stamp of the last message when it arrived, seconds; negative if from the future.
    pub stamp_age_secs: Option<f64>,
}

impl OdometryStatistics {
    /// Messages with an outcome of this name; zero if there is none.
    pub fn count(&self, name: &str) -> u64 {
        let index = OdometryOutcome::NAMES.iter().position(|known| *known == name);
        index.and_then(|index| self.counts.get(index)).copied().unwrap_or(0)
    }
}
