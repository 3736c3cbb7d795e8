//! What the diagnostics of every managed node have in common.

use super::autostart::Autostart;
use crate::pilot::LatencySummary;
use planwright_ros2::bond::{Bond, BondState};
use planwright_ros2::diagnostics::{Level, Status};
use planwright_ros2::lifecycle::{Lifecycle, LifecycleState};
use planwright_ros2::messages::builtin_interfaces;
use std::time::Duration;

/// The status `lifecycle`; `load_failed` if the last model could not be loaded.
pub(in crate::nodes) fn lifecycle_status(
    lifecycle: &Lifecycle,
    bond: &Bond,
    autostart: &Autostart,
    load_failed: bool,
) -> Status {
    let mut status = Status::new("lifecycle");
    status.value("state", lifecycle.state().label());
    status.value("transitions", lifecycle.transitions());
    status.value("bond", bond.state().name());
    if bond.state() == BondState::Broken {
        status.find(Level::Warn, "bond_broken");
    }
    if lifecycle.state() == LifecycleState::ErrorProcessing {
        status.find(Level::Error, "error processing");
    }
    if autostart.is_under_way() {
        status.find(if load_failed { Level::Error } else { Level::Ok }, "autostart");
        status.value("autostart_tries", autostart.tries());
    }
    status
}

/// Adds a latency, ms.
pub(in crate::nodes) fn latency(status: &mut Status, name: &str, summary: LatencySummary) {
    status.value(&format!("{name}_p50_ms"), format!("{:.3}", summary.p50));
    status.value(&format!("{name}_p99_ms"), format!("{:.3}", summary.p99));
    status.value(&format!("{name}_count"), summary.count);
}

/// A duration as a message; the longest there is for what does not fit.
pub(in crate::nodes) fn duration(time: Duration) -> builtin_interfaces::Duration {
    builtin_interfaces::Duration {
        sec: i32::try_from(time.as_secs()).unwrap_or(i32::MAX),
        nanosec: time.subsec_nanos(),
    }
}
