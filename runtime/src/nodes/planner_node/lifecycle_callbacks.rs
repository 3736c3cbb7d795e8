//! Lifecycle and parameter callbacks: loading, activation, stop, and changes while the node runs.

use super::loader::Ready;
use super::parameters::{NodeParameters, PlannerChoice};
use super::path_follower::BaseCommand;
use super::responses::{ErrorCode, PathAction, PlanningFailure};
use super::{MAP, PlannerNode, STATIC_TRANSFORMS, TRANSFORMS};
use crate::nodes::autostart::{Autostart, Autostarts};
use crate::pilot::PilotSettings;
use crate::planner::corridor::PathMethod;
use planwright_ros2::action::GoalId;
use planwright_ros2::base::{self, Base, NodeState, Verdict};
use planwright_ros2::diagnostics::Status;
use planwright_ros2::lifecycle::{self, Lifecycle, LifecycleCommand, LifecycleNode, LifecycleState, TransitionOutcome};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::nav_msgs;
use planwright_ros2::node::QosMismatch;
use planwright_ros2::parameter::Change;
use planwright_ros2::time::{Jump, StampError};
use std::sync::Arc;
use std::time::Instant;

impl<A: PathAction> PlannerNode<A> {
    fn load(&mut self, parameters: &NodeParameters, is_swap: bool) -> Result<(), String> {
        let request = parameters.load_request()?;
        self.loading = Some(Instant::now());
        self.load_is_swap = is_swap;
        let name = match request.planner {
            PlannerChoice::AnyMap(method) if method != PathMethod::Corridor => method.name().to_owned(),
            _ => request.model.display().to_string(),
        };
        self.base.log(Severity::Info, &format!("loading {name}"));
        let robot = Arc::clone(self.inputs.robot());
        self.worker.load(request, parameters.planner.clone(), robot, self.view.clone(), is_swap);
        Ok(())
    }

    pub(super) fn take_loaded(&mut self, loaded: Result<Ready, String>) {
        let is_swap = std::mem::take(&mut self.load_is_swap);
        self.loading = None;
        let wanted = is_swap || self.lifecycle.state() == LifecycleState::Configuring;
        match loaded {
            Ok(ready) if wanted => {
                let loaded = self.worker.install(ready);
                let text = format!("loaded {} on {} in {:.2} s", loaded.model.display(), loaded.engine, loaded.secs);
                self.base.log(Severity::Info, &text);
                self.inputs.set_trained(loaded.trained.clone());
                self.set_any_map(loaded.trained.is_none());
                self.loaded = Some(loaded);
                if let Some((map, _)) = self.inputs.map().filter(|_| self.inputs.takes_any_map()) {
                    self.worker.prepare(Arc::clone(map.world()));
                }
                self.load_failure = None;
                if is_swap {
                    base::finish_set(self, Ok(()));
                } else {
                    lifecycle::finish(self, TransitionOutcome::Success);
                }
            }
            Ok(_) => {}
            Err(reason) => {
                self.base.fault("model_rejected", &reason);
                if is_swap {
                    base::finish_set(self, Err(reason));
                } else if wanted {
                    self.load_failed(reason);
                }
            }
        }
    }

    /// The model of a transition was not loaded.
    fn load_failed(&mut self, reason: String) {
        self.load_failure = Some(reason);
        self.autostart.failed();
        lifecycle::finish(self, TransitionOutcome::Failure);
    }

    pub(super) fn drop_work(&mut self, name: &'static str) {
        let failure = PlanningFailure::new(ErrorCode::Unknown, name, "the node has stopped planning");
        let ids: Vec<GoalId> = self.requests.keys().copied().collect();
        for id in ids {
            self.fail(id, &failure);
        }
        for (_, (reply, request)) in std::mem::take(&mut self.services) {
            request.cancel();
            reply.send(nav_msgs::GetPlanResponse::default());
        }
        self.abort_following(name, "the node has stopped driving");
        self.follower.clear();
    }

    fn unload(&mut self) {
        self.worker.unload();
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

impl<A: PathAction> LifecycleNode for PlannerNode<A> {
    fn lifecycle(&mut self) -> &mut Lifecycle {
        &mut self.lifecycle
    }

    fn begin(&mut self, command: LifecycleCommand) {
        match command {
            LifecycleCommand::Configure => {
                let parameters = self.base.parameters.clone();
                if let Err(reason) = self.load(&parameters, false) {
                    self.base.fault("model_rejected", &reason);
                    self.load_failed(reason);
                }
            }
            LifecycleCommand::Activate => match &self.loaded {
                Some(loaded) => self.worker.warm_up(Arc::clone(&loaded.warm_up)),
                None => {
                    self.autostart.failed();
                    lifecycle::finish(self, TransitionOutcome::Error);
                }
            },
            LifecycleCommand::Deactivate => {
                if self.parameters().drive || self.following.is_some() {
                    self.command(BaseCommand::STOP, 0.0);
                }
                self.drop_work("deactivated");
                self.bond.stop(self.base.now());
                lifecycle::finish(self, TransitionOutcome::Success);
            }
            LifecycleCommand::Cleanup => {
                self.unload();
                lifecycle::finish(self, TransitionOutcome::Success);
            }
            LifecycleCommand::Shutdown => {
                if (self.parameters().drive || self.following.is_some()) && self.commanded != BaseCommand::STOP {
                    self.command(BaseCommand::STOP, 0.0);
                }
                self.drop_work("shutdown");
                self.bond.stop(self.base.now());
                self.unload();
                lifecycle::finish(self, TransitionOutcome::Success);
            }
        }
    }

    fn recover(&mut self) -> bool {
        self.drop_work("error");
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

impl<A: PathAction> Autostarts for PlannerNode<A> {
    fn autostart(&mut self) -> &mut Autostart {
        &mut self.autostart
    }

    fn patience_secs(&self) -> f64 {
        self.parameters().autostart_timeout_secs
    }

    fn load_failure(&self) -> Option<&str> {
        self.load_failure.as_deref()
    }

    fn exit(&mut self, code: u8) {
        self.exit = Some(code);
        self.base.waker.stop();
    }
}

impl<A: PathAction> NodeState for PlannerNode<A> {
    type Parameters = NodeParameters;

    fn base(&mut self) -> &mut Base<NodeParameters> {
        &mut self.base
    }

    fn defers(&self) -> bool {
        // Before it is configured there is nothing to swap.
        self.loaded.is_some()
    }

    fn check_parameters(&mut self, after: &NodeParameters, deferred: bool) -> Verdict {
        let checked = after.load_request().and_then(|_| after.planner.drift_settings(None));
        let decided = match checked {
            Ok(_) if !deferred => return Verdict::Accept,
            Ok(_) if self.loading.is_some() => {
                Err("expected one load at a time, got another while one is under way".to_owned())
            }
            Ok(_) => self.load(after, true),
            Err(reason) => Err(reason),
        };
        decided.map_or_else(Verdict::Reject, |()| Verdict::Defer)
    }

    fn parameters_changed(&mut self, changes: &[Change]) {
        let parameters = &self.base.parameters.planner;
        let own = self.loaded.as_ref().and_then(|loaded| loaded.intended.as_ref());
        if let Ok(drift) = parameters.drift_settings(own) {
            self.worker.configure(PilotSettings { drift, ..parameters.pilot_settings() });
        }
        self.inputs.odometry.set_limits(parameters.odometry_limits());
        let is_driven = parameters.drive || self.following.is_some();
        if changes.iter().any(|change| change.name == "drive") && !is_driven {
            self.command(BaseCommand::STOP, 0.0);
            self.follower.clear();
        }
    }

    fn time_jumped(&mut self, jump: &Jump) {
        if jump.forgets_data() {
            self.inputs.clear_timed();
            self.follower.clear_plan();
            self.worker.reset();
        }
    }

    fn clock_taken(&mut self, refused: Option<&StampError>) {
        self.inputs.take_clock(refused);
    }

    fn takes_mismatch(&mut self, mismatch: &QosMismatch) -> bool {
        let names = self.base.node.names();
        let is = |name: &str| names.topic(name).is_ok_and(|name| name == mismatch.topic);
        let (is_map, is_static_transforms) = (is(MAP), is(STATIC_TRANSFORMS));
        let is_transforms = is_static_transforms || is(TRANSFORMS);
        let is_heard = mismatch.is_volatile_writer && (is_map || is_static_transforms);
        if is_heard {
            let text = format!(
                "{}: expected a publisher that keeps its messages for late joiners (transient local), got a volatile one; \
                 what it publishes is taken, but a node that starts later gets nothing until it publishes again",
                mismatch.topic
            );
            // The middleware may report one publisher again and again.
            let key = if is_map { "map_volatile" } else { "tf_static_volatile" };
            let now = self.base.now();
            self.base.logger.log_once_in_a_while(now, Severity::Warn, key, &text);
        } else if is_map {
            self.inputs.note_map_mismatch(&mismatch.text);
        } else if is_transforms {
            self.inputs.note_transform_mismatch(&mismatch.topic, &mismatch.text);
        }
        is_heard
    }

    fn statuses(&mut self) -> Vec<Status> {
        self.report()
    }

    fn fault_cleared(&mut self) {
        self.inputs.odometry.clear_stuck();
    }

    fn middleware_failed(&mut self) {
        self.base
            .log(Severity::Fatal, "writes_blocked: ending, so that whatever supervises this process starts it afresh");
        self.exit = Some(1);
        self.base.waker.stop();
    }
}
