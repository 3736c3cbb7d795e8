//! Autostart: the node configures and activates itself, and tries again for a while if its model cannot be loaded.

use planwright_ros2::base::NodeState;
use planwright_ros2::lifecycle::{self, LifecycleCommand, LifecycleNode, LifecycleState};
use planwright_ros2::logger::Severity;
use std::time::{Duration, Instant};

/// Between a failed try and the next.
const PAUSE: Duration = Duration::from_secs(1);

/// The node's own way from the start to active.
#[derive(Debug, Default)]
pub(in crate::nodes) struct Autostart {
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
    pub(in crate::nodes) fn is_under_way(&self) -> bool {
        self.since.is_some()
    }

    /// Tries so far.
    pub(in crate::nodes) fn tries(&self) -> u64 {
        self.tries
    }

    /// A try has failed.
    pub(in crate::nodes) fn failed(&mut self) {
        self.failed = Some(Instant::now());
    }

    /// The node is active, or ended by request.
    pub(in crate::nodes) fn end(&mut self) {
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

/// A managed node that can start itself.
pub(in crate::nodes) trait Autostarts: LifecycleNode + NodeState {
    /// How far it is.
    fn autostart(&mut self) -> &mut Autostart;
    /// For how long a failed start is tried again, seconds.
    fn patience_secs(&self) -> f64;
    /// Why it could not be configured last.
    fn load_failure(&self) -> Option<&str>;
    /// Ends the process with this code.
    fn exit(&mut self, code: u8);
}

/// Configures and activates a node by itself.
pub(in crate::nodes) fn begin<S: Autostarts>(state: &mut S) {
    state.autostart().since = Some(Instant::now());
    attempt(state);
}

fn attempt<S: Autostarts>(state: &mut S) {
    let autostart = state.autostart();
    autostart.failed = None;
    autostart.tries += 1;
    lifecycle::request(state, LifecycleCommand::Configure);
}

/// Tries again after a failure, or ends the process after the last.
pub(in crate::nodes) fn retry<S: Autostarts>(state: &mut S) {
    let secs = state.patience_secs();
    let patience = Duration::try_from_secs_f64(secs).unwrap_or_default();
    let due = state.autostart().due(Instant::now(), patience);
    if due == Due::Nothing || state.lifecycle().state() != LifecycleState::Unconfigured {
        return;
    }
    if due == Due::Try {
        attempt(state);
        return;
    }
    let reason = state.load_failure().unwrap_or("it cannot be activated").to_owned();
    let text = format!(
        "autostart: expected an active node within {secs} s, got none in {} tries: {reason}\nhint: mend the model, or \
         raise autostart_timeout_secs; the process ends with 1, so that what supervises it starts it afresh",
        state.autostart().tries
    );
    state.base().log(Severity::Fatal, &text);
    state.autostart().end();
    state.exit(1);
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
