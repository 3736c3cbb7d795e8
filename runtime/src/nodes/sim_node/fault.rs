//! Injected odometry faults: the kinds that PX4 injects into its sensors.

use crate::world::State;
use planwright_ros2::time::RosTime;
use std::str::FromStr;
use std::time::Duration;

/// A fault of the published odometry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OdometryFault {
    /// Nothing.
    #[default]
    None,
    /// No messages.
    Off,
    /// One pose, with fresh stamps.
    Stuck,
    /// Displaced every other second.
    Jump,
    /// Messages in bursts.
    Jitter,
    /// NaN and infinite positions.
    Garbage,
    /// Its stamps are a second old.
    Slow,
    /// Its stamps are a second ahead.
    Future,
    /// Its stamps go back every now and then.
    OutOfOrder,
}

impl OdometryFault {
    /// All names, in the order of the variants.
    pub const NAMES: [&'static str; 9] =
        ["none", "off", "stuck", "jump", "jitter", "garbage", "slow", "future", "out_of_order"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The state and stamp published; `None` if nothing is. `step` counts steps of 0.01 s.
    /// `frozen` is the state in which the fault began.
    pub fn distort(self, state: State, frozen: State, stamp: RosTime, step: u64) -> Option<(State, RosTime)> {
        let second = Duration::from_secs(1);
        let moved = |x: f64, y: f64| State { position: [state.position[0] + x, state.position[1] + y], ..state };
        match self {
            Self::None => Some((state, stamp)),
            Self::Off => None,
            Self::Stuck => Some((frozen, stamp)),
            Self::Jump => Some((if (step / 100).is_multiple_of(2) { state } else { moved(1.5, 0.5) }, stamp)),
            // 80 ms of silence, then 8 messages in a row: the bursts keep their rate.
            Self::Jitter => (step / 8).is_multiple_of(2).then_some((state, stamp)),
            Self::Garbage => Some((State::from_array([f64::NAN, f64::INFINITY, 0.0, 0.0]), stamp)),
            Self::Slow => Some((state, stamp.saturating_sub(second))),
            Self::Future => Some((state, stamp.saturating_add(second))),
            Self::OutOfOrder if step.is_multiple_of(5) => Some((state, stamp.saturating_sub(second / 10))),
            Self::OutOfOrder => Some((state, stamp)),
        }
    }
}

impl FromStr for OdometryFault {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        use OdometryFault::*;
        let all = [None, Off, Stuck, Jump, Jitter, Garbage, Slow, Future, OutOfOrder];
        all.into_iter().find(|fault| fault.name() == name).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_name_that_leads_back_to_it() {
        for (index, name) in OdometryFault::NAMES.into_iter().enumerate() {
            assert_eq!(name.parse().map(|fault: OdometryFault| (fault as usize, fault.name())), Ok((index, name)));
        }
        assert_eq!("broken".parse::<OdometryFault>(), Err(()));
    }
}
