//! Lifecycle and parameter callbacks.

use super::planning::PlanningSummary;
use super::worker::Job;
use super::{PushNode, PushNodeParameters};
use crate::nodes::autostart::{Autostart, Autostarts};
use planwright_ros2::base::{Base, NodeState, Verdict};
use planwright_ros2::diagnostics::Status;
use planwright_ros2::lifecycle::{self, Lifecycle, LifecycleCommand, LifecycleNode, LifecycleState, TransitionOutcome};
use planwright_ros2::logger::Severity;
use planwright_ros2::parameter::Change;
use planwright_ros2::time::Jump;

impl PushNode {
    fn load(&mut self) -> Result<(), String> {
        let request = self.base.parameters.load()?;
        self.base.log(Severity::Info, &format!("loading {}", request.model.display()));
        let given = self.worker.give(Job::Load(Box::new(request)));
        given.then_some(()).ok_or_else(|| "expected a planning thread without work, got one at work".to_owned())
    }

    pub(super) fn take_loaded(&mut self, loaded: Result<PlanningSummary, String>) {
        if self.lifecycle.state() != LifecycleState::Configuring {
            return;
        }
        match loaded {
            Ok(summary) => {
                let text = format!("loaded {} on {} in {:.2} s", summary.model, summary.engine, summary.secs);
                self.base.log(Severity::Info, &text);
                self.loaded = Some(summary);
                self.load_failure = None;
                lifecycle::finish(self, TransitionOutcome::Success);
            }
            Err(reason) => self.load_failed(reason),
        }
    }

    fn load_failed(&mut self, reason: String) {
        self.base.fault("model_rejected", &reason);
        self.load_failure = Some(reason);
        self.autostart.failed();
        lifecycle::finish(self, TransitionOutcome::Failure);
    }

    fn unload(&mut self) {
        self.worker.give(Job::Unload);
        self.loaded = None;
    }

    pub(super) fn keep_bond(&mut self) {
        let now = self.base.now();
        if self.bond.tick(now) {
            self.bond_broken();
        }
    }

    pub(super) fn bond_broken(&mut self) {
        self.base.fault("bond_broken", "expected the lifecycle manager's heartbeat, got none\nhint: the node goes on; the manager can form a new bond by activating it again");
    }
}

impl LifecycleNode for PushNode {
    fn lifecycle(&mut self) -> &mut Lifecycle {
        &mut self.lifecycle
    }

    fn begin(&mut self, command: LifecycleCommand) {
        match command {
            LifecycleCommand::Configure => {
                if let Err(reason) = self.load() {
                    self.load_failed(reason);
                }
            }
            LifecycleCommand::Activate => {
                if self.loaded.is_none() || !self.worker.give(Job::WarmUp) {
                    self.autostart.failed();
                    lifecycle::finish(self, TransitionOutcome::Error);
                }
            }
            LifecycleCommand::Deactivate => {
                self.drop_goal("deactivated");
                self.bond.stop(self.base.now());
                lifecycle::finish(self, TransitionOutcome::Success);
            }
            LifecycleCommand::Cleanup => {
                self.unload();
                lifecycle::finish(self, TransitionOutcome::Success);
            }
            LifecycleCommand::Shutdown => {
                self.drop_goal("shutdown");
                self.bond.stop(self.base.now());
                self.unload();
                lifecycle::finish(self, TransitionOutcome::Success);
            }
        }
    }

    fn recover(&mut self) -> bool {
        self.drop_goal("error");
        self.unload();
        true
    }

    fn entered(&mut self, state: LifecycleState) {
        self.base.log(Severity::Info, state.label());
        match state {
            LifecycleState::Active => {
                self.autostart.end();
                self.bond.start();
            }
            LifecycleState::Inactive if self.autostart.is_under_way() => {
                lifecycle::request(self, LifecycleCommand::Activate);
            }
            LifecycleState::Finalized => self.autostart.end(),
            _ => {}
        }
    }

    fn now_nanos(&self) -> i64 {
        self.base.now().nanos()
    }
}

impl Autostarts for PushNode {
    fn autostart(&mut self) -> &mut Autostart {
        &mut self.autostart
    }

    fn patience_secs(&self) -> f64 {
        self.base.parameters.push.autostart_timeout_secs
    }

    fn load_failure(&self) -> Option<&str> {
        self.load_failure.as_deref()
    }

    fn exit(&mut self, code: u8) {
        self.exit = Some(code);
        self.base.waker.stop();
    }
}

impl NodeState for PushNode {
    type Parameters = PushNodeParameters;

    fn base(&mut self) -> &mut Base<PushNodeParameters> {
        &mut self.base
    }

    fn check_parameters(&mut self, after: &PushNodeParameters, _deferred: bool) -> Verdict {
        match (after.load(), self.base.parameters.load()) {
            (Err(reason), _) => Verdict::Reject(reason),
            (Ok(after), Ok(before)) if after != before && self.lifecycle.state() != LifecycleState::Unconfigured => {
                let text = "expected an unconfigured node for another model, engine, number of steps or candidates\nhint: deactivate and clean it up, set them, and configure it again";
                Verdict::Reject(text.to_owned())
            }
            _ => Verdict::Accept,
        }
    }

    fn parameters_changed(&mut self, _changes: &[Change]) {
        // A goal is planned with the parameters that it came with; the next one has the new ones.
    }

    fn time_jumped(&mut self, jump: &Jump) {
        if jump.forgets_data() {
            self.inputs.clear_timed();
        }
    }

    fn statuses(&mut self) -> Vec<Status> {
        self.report()
    }

    fn middleware_failed(&mut self) {
        self.base
            .log(Severity::Fatal, "writes_blocked: ending, so that whatever supervises this process starts it afresh");
        self.exit = Some(1);
        self.base.waker.stop();
    }
}
