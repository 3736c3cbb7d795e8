//! Limits of plausible odometry.

use serde::{Deserialize, Serialize};

/// Limits of odometry. A limit that is NaN is always exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OdometryLimits {
    /// Without a message for longer than this it has stopped, and a stamp older than this on arrival is late, seconds.
    pub max_age_secs: f64,
    /// A stamp may be this far ahead of the clock, seconds: clocks of two computers are never quite the same. Two
    /// [ticks](super::OdometryMonitor::set_tick) of a simulated clock come on top.
    pub future_tolerance_secs: f64,
    /// Fastest that the robot can move, m/s.
    pub max_speed_mps: f64,
    /// Times `max_speed_mps` may be exceeded before it is a jump: stamps jitter against the poses they belong to.
    pub speed_margin: f64,
    /// A step of this size is no jump, however short the time, metres.
    pub jump_tolerance_m: f64,
    /// A jump is accepted when this many messages in a row agree on the new place (1: at once).
    pub relocalise_after: u32,
    /// Commanded speed above which the pose has to change, m/s.
    pub moving_speed_mps: f64,
    /// Stuck after this long with one and the same pose while commanded to move, seconds by the stamps. Longer than a
    /// robot takes to get going.
    pub stuck_secs: f64,
    /// A gap between arrivals of this many times the mean is jitter.
    pub jitter_factor: f64,
    /// A silence of this many mean gaps, on the monotonic clock, is a stop even while the node's clock stands.
    pub silence_factor: f64,
}

impl Default for OdometryLimits {
    fn default() -> Self {
        Self {
            max_age_secs: 0.2,
            future_tolerance_secs: 0.1,
            max_speed_mps: 5.0,
            speed_margin: 1.5,
            jump_tolerance_m: 0.1,
            relocalise_after: 5,
            moving_speed_mps: 0.05,
            stuck_secs: 1.0,
            jitter_factor: 3.0,
            silence_factor: 10.0,
        }
    }
}
