//! ROS time: stamps, and a clock that follows the system or a simulator.
//!
//! Stamps order data. They never bound how long something may take: they stop with a paused simulator and step
//! with the system clock. Deadlines and timeouts are measured on [`std::time::Instant`].

mod clock;
mod jump;
mod other_clock;
mod stamp;

pub use clock::{Clock, ClockSettings, ClockSource};
pub use jump::{Jump, JumpKind};
pub use other_clock::{other_clock, other_clock_hint};
pub use stamp::{RosTime, StampError};
