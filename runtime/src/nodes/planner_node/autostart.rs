//! Autostart: the node configures and activates itself, and tries again for a while if its model cannot be loaded.

use super::responses::PathAction;
use super::{LifecycleState, PlannerNode};
use planwright_ros2::lifecycle::{self, LifecycleCommand};
use planwright_ros2::logger::Severity;
use std::time::{Duration, Instant};

/// Between a failed try and the next.
const PAUSE: Duration = Duration::from_secs(1);

/// The node's own way from the start to active.
#[derive(Debug, Default)]
pub(super) struct Autostart {
    /// When it began; `None` if it was not requested, or has ended.
    since: Option<Instant>,
    /// When the last try failed.
    failed: Option<Instant>,
    tries: u64,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Try,
    GiveUp,
}

impl Autostart {
    /// Whether the node is on its own way to active.
    pub(super) fn is_under_way(&self) -> bool {
        self.since.is_some()
    }

    /// Tries so far.
    pub(super) fn tries(&self) -> u64 {
        self.tries
    }

    /// A try has failed.
    pub(super) fn failed(&mut self) {
        self.failed = Some(Instant::now());
    }

    /// The node is active, or ended by request.
    pub(super) fn end(&mut self) {
        self.since = None;
    }

    fn due(&self, now: Instant, patience: Duration) -> Due {
        let (Some(since), Some(failed)) = (self.since, self.failed) else { return Due::Nothing };
        if now.saturating_duration_since(since) >= patience {
            Due::GiveUp
        } else if now.saturating_duration_since(failed) >= PAUSE.min(patience / 4) {
            Due::Try
        } else {
            Due::Nothing
        }
    }
}

impl<A: PathAction> PlannerNode<A> {
    /// Configures and activates if the parameter `autostart` is set.
    pub fn autostart(&mut self) {
        if self.parameters().autostart {
            self.autostart.since = Some(Instant::now());
            self.try_autostart();
        }
    }

    fn try_autostart(&mut self) {
        self.autostart.failed = None;
        self.autostart.tries += 1;
        lifecycle::request(self, LifecycleCommand::Configure);
    }

    /// Tries again after a failure, or ends the process after the last.
    pub(super) fn retry_autostart(&mut self) {
        let secs = self.parameters().autostart_timeout_secs;
        let patience = Duration::try_from_secs_f64(secs).unwrap_or_default();
        let due = self.autostart.due(Instant::now(), patience);
        if due == Due::Nothing || self.lifecycle.state() != LifecycleState::Unconfigured {
            return;
        }
        if due == Due::Try {
            self.try_autostart();
            return;
        }
        let reason = self.load_failure.as_deref().unwrap_or("it cannot be activated");
        let text = format!(
            "autostart: expected an active node within {secs} s, got none in {} tries: {reason}\nhint: mend the model, or \
             raise autostart_timeout_secs; the process ends with 1, so that what supervises it starts it afresh",
            self.autostart.tries
        );
        self.base.log(Severity::Fatal, &text);
        self.autostart.end();
        self.exit = Some(1);
        self.base.waker.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_try_is_repeated_until_the_time_is_over() {
        let begun = Instant::now();
        let after = |secs: f64| begun + Duration::from_secs_f64(secs);
        let patience = Duration::from_secs(10);
        let mut autostart = Autostart::default();
        assert_eq!(autostart.due(after(99.0), patience), Due::Nothing, "not requested");
        autostart.since = Some(begun);
        assert_eq!(autostart.due(after(99.0), patience), Due::Nothing, "a load that takes long has not failed");
        autostart.failed = Some(after(2.0));
        assert_eq!(autostart.due(after(2.5), patience), Due::Nothing);
        assert_eq!(autostart.due(after(3.0), patience), Due::Try);
        assert_eq!(autostart.due(after(10.0), patience), Due::GiveUp);
        assert_eq!(autostart.due(after(2.0), Duration::ZERO), Due::GiveUp);
        autostart.end();
        assert_eq!(autostart.due(after(10.0), patience), Due::Nothing);
    }
}
