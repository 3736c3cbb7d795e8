//! ROS time stamps, and their form in messages.

use crate::messages::builtin_interfaces::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const NANOS_PER_SEC: i64 = 1_000_000_000;

/// Nanoseconds since the epoch: 1970 for system time, the simulator's start for simulated time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RosTime(i64);

/// A stamp that no ROS clock can have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// A second or more in the nanoseconds.
    #[error("expected nanosec below 1000000000, got {nanosec}")]
    Nanoseconds {
        /// What the message held.
        nanosec: u32,
    },
    /// Before the epoch. Nodes in C++ throw on such a stamp.
    #[error("expected sec of 0 or more, got {sec}")]
    BeforeEpoch {
        /// What the message held.
        sec: i32,
    },
}

impl StampError {
    /// Name for diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Nanoseconds { .. } => "stamp_nanoseconds",
            Self::BeforeEpoch { .. } => "stamp_before_epoch",
        }
    }
}

impl RosTime {
    /// The epoch. In messages it means "not stamped".
    pub const ZERO: Self = Self(0);

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From seconds since the epoch. None if NaN, infinite or beyond 292 years.
    pub fn from_secs_f64(secs: f64) -> Option<Self> {
        let nanos = (secs * NANOS_PER_SEC as f64).round();
        // 2^63 itself is one too many, and the nearest value below it that an f64 can hold fits.
        (nanos.abs() < i64::MAX as f64).then_some(Self(nanos as i64))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch; good to about 0.2 microseconds in this century.
    pub fn as_secs_f64(self) -> f64 {
        self.since(Self::ZERO)
    }

    /// Seconds from `earlier` to this, negative if it is in fact later. Exact before the division, so that
    /// differences of large stamps keep their nanoseconds.
    pub fn since(self, earlier: Self) -> f64 {
        (i128::from(self.0) - i128::from(earlier.0)) as f64 / NANOS_PER_SEC as f64
    }

    /// Nanoseconds from `earlier` to this, held at the ends of the range.
    pub const fn nanos_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Later by a number of nanoseconds (earlier if negative). None beyond the range.
    pub const fn checked_add_nanos(self, nanos: i64) -> Option<Self> {
        match self.0.checked_add(nanos) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Later by a number of nanoseconds (earlier if negative), held at the ends of the range.
    pub const fn saturating_add_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Later by a duration. None beyond the range.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.checked_add_nanos(i64::try_from(duration.as_nanos()).ok()?)
    }

    /// Later by a duration, held at the end of the range.
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.saturating_add_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }

    /// Earlier by a duration, held at the start of the range.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl TryFrom<&Time> for RosTime {
    type Error = StampError;

    fn try_from(time: &Time) -> Result<Self, StampError> {
        if i64::from(time.nanosec) >= NANOS_PER_SEC {
            return Err(StampError::Nanoseconds { nanosec: time.nanosec });
        }
        if time.sec < 0 {
            return Err(StampError::BeforeEpoch { sec: time.sec });
        }
        Ok(Self(i64::from(time.sec) * NANOS_PER_SEC + i64::from(time.nanosec)))
    }
}

impl From<RosTime> for Time {
    /// Held between the epoch and 2038, the range of a message: receivers refuse what lies before.
    fn from(time: RosTime) -> Self {
        let (sec, nanosec) = (time.0.div_euclid(NANOS_PER_SEC), time.0.rem_euclid(NANOS_PER_SEC));
        match (i32::try_from(sec), u32::try_from(nanosec)) {
            (Ok(sec @ 0..), Ok(nanosec)) => Self { sec, nanosec },
            _ if sec < 0 => Self { sec: 0, nanosec: 0 },
            _ => Self { sec: i32::MAX, nanosec: 999_999_999 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_second_of_nanoseconds_is_refused() {
        let last = Time { sec: 5, nanosec: 999_999_999 };
        assert_eq!(RosTime::try_from(&last), Ok(RosTime::from_nanos(5_999_999_999)));
        for nanosec in [1_000_000_000, u32::MAX] {
            let error = RosTime::try_from(&Time { sec: 5, nanosec }).expect_err("too many");
            assert_eq!(error, StampError::Nanoseconds { nanosec });
            assert!(error.to_string().contains(&nanosec.to_string()));
        }
        assert_eq!(RosTime::try_from(&Time { sec: -1, nanosec: 0 }), Err(StampError::BeforeEpoch { sec: -1 }));
    }

    #[test]
    fn what_a_message_cannot_hold_is_held_at_its_ends() {
        assert_eq!(Time::from(RosTime::from_nanos(-1)), Time { sec: 0, nanosec: 0 });
        assert_eq!(Time::from(RosTime::from_nanos(i64::MIN)), Time { sec: 0, nanosec: 0 });
        assert_eq!(Time::from(RosTime::from_nanos(i64::MAX)), Time { sec: i32::MAX, nanosec: 999_999_999 });
    }

    #[test]
    fn arithmetic_does_not_wrap() {
        let end = RosTime::from_nanos(i64::MAX);
        assert_eq!(end.checked_add_nanos(1), None);
        assert_eq!(end.checked_add(Duration::MAX), None);
        assert_eq!(end.saturating_add(Duration::MAX), end);
        assert_eq!(RosTime::from_nanos(i64::MIN).saturating_sub(Duration::MAX), RosTime::from_nanos(i64::MIN));
        assert_eq!(RosTime::ZERO.saturating_sub(Duration::from_nanos(3)).nanos(), -3);
        assert!((end.since(RosTime::from_nanos(i64::MIN)) - 1.844_674_407_370_955_2e10).abs() < 1e-3);
        assert_eq!(end.nanos_since(RosTime::from_nanos(-1)), i64::MAX);
    }

    #[test]
    fn seconds_that_are_no_time_give_none() {
        for secs in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e10, -1e300] {
            assert_eq!(RosTime::from_secs_f64(secs), None, "{secs}");
        }
        assert_eq!(RosTime::from_secs_f64(1.5), Some(RosTime::from_nanos(1_500_000_000)));
        assert_eq!(
            RosTime::from_nanos(1_700_000_000_000_000_001).since(RosTime::from_nanos(1_700_000_000_000_000_000)),
            1e-9
        );
    }

    proptest! {
        #[test]
        fn messages_come_back(sec in 0..=i32::MAX, nanosec in 0_u32..1_000_000_000) {
            let time = Time { sec, nanosec };
            let stamp = RosTime::try_from(&time).expect("a valid stamp");
            prop_assert_eq!(Time::from(stamp), time);
        }

        #[test]
        fn any_stamp_can_be_sent(nanos: i64) {
            prop_assert!(RosTime::try_from(&Time::from(RosTime::from_nanos(nanos))).is_ok());
        }
    }
}
