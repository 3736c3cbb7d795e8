//! Diagnostics of the goal-force node.

use super::PushNode;
use crate::nodes::managed::{latency, lifecycle_status};
use planwright_ros2::diagnostics::{Level, Status};
use planwright_ros2::lifecycle::LifecycleState;

impl PushNode {
    /// Everything but the middleware.
    pub(super) fn report(&self) -> Vec<Status> {
        let Self { lifecycle, bond, autostart, .. } = self;
        let of_life = lifecycle_status(lifecycle, bond, autostart, self.load_failure.is_some());
        vec![of_life, self.report_planner(), self.report_inputs()]
    }

    fn report_planner(&self) -> Status {
        let mut status = Status::new("planner");
        match &self.loaded {
            Some(loaded) => {
                status.value("model", &loaded.model);
                status.value("engine", &loaded.engine);
                // A model that fails its self-test is never loaded.
                status.value("parity_self_test", "passed");
                status.value("load_secs", format!("{:.3}", loaded.secs));
                status.value("picture_px", loaded.picture_px);
                status.value("candidates", loaded.candidates);
            }
            None => status.value("parity_self_test", "no model"),
        }
        if let Some(reason) = &self.load_failure {
            status.find(Level::Error, "model_rejected");
            status.value("model_rejected", reason);
        }
        latency(&mut status, "planning", self.counters.planning.summary());
        latency(&mut status, "whole", self.counters.whole.summary());
        status.value("answered", self.counters.answered);
        status.value("canceled", self.counters.canceled);
        status.value("is_planning", self.is_planning);
        status.value("goals_active", self.actions.goals().active());
        status.value("goals_kept", self.actions.goals().len());
        status.value("answers_unsent", self.actions.unsent());
        for (name, count) in &self.counters.failed {
            status.value(&format!("refused.{name}"), count);
        }
        status
    }

    fn report_inputs(&self) -> Status {
        let mut status = Status::new("inputs");
        let now = self.base.now();
        let age_secs = self.inputs.picture_age_secs(now);
        status.value("picture_age_secs", age_secs.map_or_else(|| "never".to_owned(), |secs| format!("{secs:.3}")));
        for (name, count) in ["pictures", "pictures_refused", "pictures_old"].into_iter().zip(self.inputs.counts()) {
            status.value(name, count);
        }
        let counts = self.inputs.transforms.counts();
        status.value("tf_accepted", counts.accepted);
        status.value("tf_refused", counts.refused);
        status.value("frames", self.inputs.transforms.frame_count());
        let level = if self.lifecycle.state() == LifecycleState::Active { Level::Error } else { Level::Ok };
        // What answers to goals depend on, decided in the same place.
        let parameters = &self.base.parameters.push;
        if let Some(missing) = self.inputs.missing(now, parameters.max_picture_age_secs, parameters.rectified) {
            status.find(level, missing.name);
            status.value(missing.name, &missing.message);
        }
        status
    }
}
