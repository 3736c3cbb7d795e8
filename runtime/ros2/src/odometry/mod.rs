//! Plausibility of an odometry stream: stopped, stuck, jittering, jumping, late or out of order.
//!
//! [`OdometryMonitor`] is given every message that passed [`check_odometry`](super::validate::check_odometry) and
//! names what it is. Arrivals are measured on the monotonic clock, places and ages against the stamps.

mod arrival_stats;
mod limits;
mod monitor;
mod outcome;
mod pose_estimate;
#[cfg(test)]
mod tests;

pub use limits::OdometryLimits;
pub use monitor::{OdometryMonitor, OdometrySample};
pub use outcome::{OdometryOutcome, OdometryStatistics, OdometryStatus};
