//! The node's life: what its transitions do, and what changes while it lasts.

use super::answer::{ErrorCode, PathAction, Refusal};
use super::worker::Ready;
use super::{PlannerFamily, PlannerNode, parameters};
use crate::pilot::PilotSettings;
use crate::world::MazeWorld;
use planwright_ros2::action::GoalId;
use planwright_ros2::base::{self, Base, NodeState, Verdict};
use planwright_ros2::diagnostics::Status;
use planwright_ros2::lifecycle::{self, Command, Lifecycle, Managed, Outcome, State as LifecycleState};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::nav_msgs;
use planwright_ros2::parameter::{Change, Transaction, Values};
use planwright_ros2::time::Jump;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl<F: PlannerFamily, A: PathAction> PlannerNode<F, A> {
    fn load(&mut self, values: &Values, is_swap: bool) -> Result<(), String> {
        let request = parameters::load_request(values)?;
        let settings = parameters::pilot_settings(values).map_err(|error| error.to_string())?;
        self.loading = Some(Instant::now());
        self.load_is_swap = is_swap;
        self.base.log(Severity::Info, &format!("loading {}", request.model.display()));
        self.worker.load::<F>(request, values.clone(), settings, self.view.clone(), is_swap);
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
                self.inputs.set_trained(&loaded.layout);
                self.loaded = Some(loaded);
                if is_swap {
                    base::finish_set(self, Ok(()));
                } else {
                    lifecycle::finish(self, Outcome::Success);
                }
            }
            Ok(_) => {}
            Err(reason) => {
                self.base.fault("model_rejected", &reason);
                if is_swap {
                    base::finish_set(self, Err(reason));
                } else if wanted {
                    lifecycle::finish(self, Outcome::Failure);
                }
            }
        }
    }

    pub(super) fn drop_work(&mut self, name: &'static str) {
        let refusal = Refusal::new(ErrorCode::Unknown, name, "the node has stopped planning");
        let ids: Vec<GoalId> = self.open.keys().copied().collect();
        for id in ids {
            self.refuse(id, &refusal);
        }
        for (_, (reply, open)) in std::mem::take(&mut self.services) {
            open.canceled.store(true, Ordering::Release);
            reply.send(nav_msgs::GetPlanResponse::default());
        }
        self.drive.clear();
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

impl<F: PlannerFamily, A: PathAction> Managed for PlannerNode<F, A> {
    fn lifecycle(&mut self) -> &mut Lifecycle {
        &mut self.lifecycle
    }

    fn begin(&mut self, command: Command) {
        match command {
            Command::Configure => {
                let values = self.base.parameters.values().clone();
                if let Err(reason) = self.load(&values, false) {
                    self.base.fault("model_rejected", &reason);
                    lifecycle::finish(self, Outcome::Failure);
                }
            }
            Command::Activate => match &self.loaded {
                Some(loaded) => self.worker.warm_up(Arc::new(MazeWorld::new(loaded.layout.clone()))),
                None => lifecycle::finish(self, Outcome::Error),
            },
            Command::Deactivate => {
                if self.base.flag("drive") {
                    self.command([0.0, 0.0], 0.0);
                }
                self.drop_work("deactivated");
                self.bond.stop(self.base.now());
                lifecycle::finish(self, Outcome::Success);
            }
            Command::Cleanup => {
                self.worker.unload();
                self.loaded = None;
                lifecycle::finish(self, Outcome::Success);
            }
            Command::Shutdown => {
                if self.base.flag("drive") && self.commanded_mps() > 0.0 {
                    self.command([0.0, 0.0], 0.0);
                }
                self.drop_work("shutdown");
                self.bond.stop(self.base.now());
                self.worker.unload();
                self.loaded = None;
                lifecycle::finish(self, Outcome::Success);
            }
        }
    }

    fn recover(&mut self) -> bool {
        self.drop_work("error");
        self.worker.unload();
        self.loaded = None;
        true
    }

    fn entered(&mut self, state: LifecycleState) {
        self.base.log(Severity::Info, state.label());
        match state {
            LifecycleState::Active => self.bond.start(),
            LifecycleState::Inactive if self.base.flag("autostart") && self.lifecycle.transitions() == 2 => {
                lifecycle::request(self, Command::Activate);
            }
            _ => {}
        }
    }

    fn now_nanos(&self) -> i64 {
        self.base.now().nanos()
    }
}

impl<F: PlannerFamily, A: PathAction> NodeState for PlannerNode<F, A> {
    fn base(&mut self) -> &mut Base {
        &mut self.base
    }

    fn takes_long(&self, name: &str) -> bool {
        // Before it is configured there is nothing to swap.
        parameters::is_loaded::<F>(name) && self.loaded.is_some()
    }

    fn check_parameters(&mut self, transaction: &Transaction) -> Verdict {
        if let Err(reason) = parameters::load_request(transaction.after()) {
            return Verdict::Refused(reason);
        }
        if let Err(reason) = parameters::drift_settings(transaction.after(), None) {
            return Verdict::Refused(reason);
        }
        if !transaction.names().iter().any(|name| self.takes_long(name)) {
            return Verdict::Now;
        }
        if self.loading.is_some() {
            return Verdict::Refused("expected one load at a time, got another while one is under way".to_owned());
        }
        match self.load(transaction.after(), true) {
            Ok(()) => Verdict::Later,
            Err(reason) => Verdict::Refused(reason),
        }
    }

    fn parameters_changed(&mut self, changes: &[Change]) {
        let values = self.base.parameters.values();
        let own = self.loaded.as_ref().and_then(|loaded| loaded.intended.as_ref());
        if let (Ok(settings), Ok(drift)) = (parameters::pilot_settings(values), parameters::drift_settings(values, own))
        {
            self.worker.configure(PilotSettings { drift, ..settings });
        }
        if let Ok(limits) = parameters::odometry_limits(self.base.parameters.values()) {
            self.inputs.odometry.set_limits(limits);
        }
        if changes.iter().any(|change| change.name == "drive") && !self.base.flag("drive") {
            self.command([0.0, 0.0], 0.0);
            self.drive.clear();
        }
    }

    fn time_jumped(&mut self, jump: &Jump) {
        if jump.forgets_data() {
            self.inputs.forget_time();
            self.drive.forget_plan();
            self.worker.reset();
        }
    }

    fn statuses(&mut self) -> Vec<Status> {
        self.report()
    }

    fn fault_cleared(&mut self) {
        self.inputs.odometry.forgive();
    }

    fn middleware_failed(&mut self) {
        self.base
            .log(Severity::Fatal, "writes_blocked: ending, so that whatever supervises this process starts it afresh");
        self.exit = Some(1);
        self.base.waker.stop();
    }
}
