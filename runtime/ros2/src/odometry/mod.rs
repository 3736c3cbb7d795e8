//! Plausibility of an odometry stream: stopped, stuck, jittering, jumping, late or out of order.
//!
//! [`OdometryMonitor`] is given every message that passed [`check_odometry`](super::validate::check_odometry) and
//! names what it is. Ages are measured on the node's clock, which a simulation may run slowly or halt; gaps between
//! arrivals, and the silence after which a halted clock is a fault too, on the monotonic one.

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
