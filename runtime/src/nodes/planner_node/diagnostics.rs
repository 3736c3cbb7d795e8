//! Diagnostics of a planner's node.

use super::input_fault::InputFault;
use super::{PathAction, PlannerNode};
use crate::nodes::managed::{latency, lifecycle_status};
use crate::pilot::PilotStatistics;
use crate::quantity::{DriftState, DriftStatus};
use planwright_ros2::diagnostics::{Level, Status};
use planwright_ros2::lifecycle::LifecycleState;
use planwright_ros2::logger::Severity;
use planwright_ros2::odometry::OdometryOutcome;
use planwright_ros2::validate::Oddity;
use std::time::Instant;

impl<A: PathAction> PlannerNode<A> {
    /// Everything but the middleware.
    pub(super) fn report(&mut self) -> Vec<Status> {
        for (input, oddity) in self.inputs.take_new_oddities() {
            self.base.log(Severity::Info, &format!("taken although odd: {input} with {oddity}"));
        }
        vec![
            self.report_lifecycle(),
            self.report_planner(),
            self.report_inputs(),
            self.report_drive(),
            self.report_drift(),
        ]
    }

    fn report_lifecycle(&self) -> Status {
        let Self { lifecycle, bond, autostart, .. } = self;
        let mut status = lifecycle_status(lifecycle, bond, autostart, self.load_failure.is_some());
        match self.loading {
            Some(since) => status.value("loading_secs", format!("{:.1}", since.elapsed().as_secs_f64())),
            None => status.value("loading_secs", 0),
        }
        status
    }

    fn report_planner(&self) -> Status {
        let mut status = Status::new("planner");
        match &self.loaded {
            Some(loaded) => {
                status.value("model", loaded.model.display());
                status.value("engine", &loaded.engine);
                // A model that fails its self-test is never loaded.
                status.value("parity_self_test", "passed");
                status.value("load_secs", format!("{:.3}", loaded.secs));
                status.value("plan", &loaded.summary);
            }
            None => status.value("parity_self_test", "no model"),
        }
        if let Some(reason) = &self.load_failure {
            status.find(Level::Error, "model_rejected");
            status.value("model_rejected", reason);
        }
        let stages = &self.statistics.stages_ms;
        let stages = [
            ("propose", stages.propose),
            ("correct", stages.correct),
            ("check", stages.check),
            ("whole", stages.whole),
        ];
        for (name, summary) in stages {
            latency(&mut status, name, summary);
        }
        latency(&mut status, "node_overhead", self.counters.overhead.summary());
        counts(&mut status, "queries", &self.statistics.queries);
        counts(&mut status, "drive", &self.statistics.drive);
        status.value("answered", self.counters.answered);
        status.value("canceled", self.counters.canceled);
        status.value("preempted", self.counters.preempted);
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
        let active = self.lifecycle.state() == LifecycleState::Active;
        let missing = if active { Level::Error } else { Level::Ok };
        let odometry = self.inputs.odometry.statistics(now);
        let secs = |value: Option<f64>| value.map_or_else(|| "never".to_owned(), |secs| format!("{secs:.3}"));
        status.value("odom_status", self.inputs.odometry.status(Instant::now(), now).name());
        status.value("odom_age_secs", secs(odometry.trusted_age_secs));
        status.value("odom_stamp_age_secs", secs(odometry.stamp_age_secs));
        status.value("odom_rate_hz", format!("{:.1}", odometry.mean_rate_hz.unwrap_or(0.0)));
        status.value("odom_worst_gap_secs", format!("{:.3}", odometry.worst_gap_secs));
        for (name, count) in OdometryOutcome::NAMES.iter().zip(odometry.counts) {
            if count > 0 {
                status.value(&format!("odom.{name}"), count);
            }
        }
        match self.inputs.map() {
            Some((map, since)) => {
                status.value("map_age_secs", format!("{:.1}", now.since(since)));
                status.value("map_cells", map.cells());
            }
            None => status.value("map_age_secs", "never"),
        }
        // What answers to goals depend on, decided in the same place.
        match self.inputs.world(self.parameters(), now) {
            Ok((_, map_secs)) if !map_secs.is_finite() => status.find(missing, "stale_map"),
            Ok(_) => {}
            Err(fault) => find(&mut status, missing, &fault),
        }
        for refusals in [&self.inputs.map_refusals, &self.inputs.odometry_refusals, &self.inputs.clock_refusals] {
            status.value(&format!("{}_count", refusals.input().fault_name()), refusals.total());
        }
        if self.inputs.map_differs() {
            status.find(Level::Warn, "map_differs");
        }
        if self.inputs.map_is_volatile() {
            status.find(Level::Warn, "map_volatile");
        }
        let counts = self.inputs.transforms.counts();
        status.value("transforms_accepted", counts.accepted);
        status.value("transforms_refused", counts.refused);
        status.value("transforms_unused", counts.unused);
        status.value("frames", self.inputs.transforms.frame_count());
        for (input, odd) in self.inputs.oddities() {
            let names: Vec<_> = odd.iter().map(Oddity::name).collect();
            if !names.is_empty() {
                status.value(&format!("odd.{input}"), names.join(" "));
            }
        }
        if active && let Err(fault) = self.inputs.located(now, self.parameters().max_observation_age_secs) {
            find(&mut status, missing, &fault);
        }
        status
    }

    fn report_drive(&self) -> Status {
        let mut status = Status::new("drive");
        status.value("enabled", self.parameters().drive);
        match self.follower.goal() {
            Some([x, y]) => status.value("goal", format!("{x:.3}, {y:.3}")),
            None => status.value("goal", "none"),
        }
        status.value("cycles", self.counters.cycles);
        status.value("late_cycles", self.counters.late_cycles);
        for (name, count) in &self.counters.stops {
            status.value(&format!("halt.{name}"), count);
        }
        status.value("speed_commanded_mps", format!("{:.3}", self.commanded_mps()));
        let view = self.view.statistics();
        status.value("view_dropped", view.dropped);
        status
    }

    fn report_drift(&self) -> Status {
        drift(self.statistics.drift.as_ref().filter(|_| self.loaded.is_some()))
    }
}

/// Adds an input that is not usable. A refused one is an error whether or not the node is active.
fn find(status: &mut Status, level: Level, fault: &InputFault) {
    match fault {
        InputFault::Refused(refused) => {
            let name = refused.input.fault_name();
            status.find(Level::Error, &format!("{name}: {}", refused.reason));
            status.value(name, refused);
            status.value(&format!("{name}_secs"), format!("{:.1}", refused.age_secs));
        }
        other => {
            status.find(level, other.name());
            status.value(other.name(), other);
        }
    }
}

/// The named state `drifting` warns.
fn drift(of: Option<&DriftStatus>) -> Status {
    let mut status = Status::new("drift");
    let Some(DriftStatus { figures, grid, drift, .. }) = of else {
        status.value("state", "off");
        return status;
    };
    if figures.state == DriftState::Drifting {
        status.find(Level::Warn, figures.state.name());
    }
    if figures.not_finite > 0 {
        status.find(Level::Warn, "quantity_not_finite");
    }
    let share = |value: f64| format!("{value:.4}");
    status.value("state", figures.state.name());
    status.value("total_variation", figures.total_variation.map_or_else(|| "none".to_owned(), share));
    status.value("by_chance_low", share(figures.interval.low));
    status.value("by_chance_mean", share(figures.interval.mean));
    status.value("by_chance_high", share(figures.interval.high));
    status.value("threshold", figures.threshold);
    status.value("plans", figures.plans);
    status.value("window", figures.window);
    status.value("plans_seen", figures.plans_seen);
    status.value("below", figures.below);
    status.value("above", figures.above);
    status.value("not_finite", figures.not_finite);
    status.value("crossings", figures.crossings);
    status.value("range_m", format!("{} to {}", grid.low(), grid.high()));
    let drift: Vec<String> = drift.iter().map(|drift| format!("{drift:+.3}")).collect();
    status.value("drift_by_bin", drift.join(" "));
    status
}

fn counts(status: &mut Status, of: &str, statistics: &PilotStatistics) {
    status.value(&format!("{of}.rounds"), statistics.rounds);
    status.value(&format!("{of}.plans_checked"), statistics.plans_checked);
    status.value(&format!("{of}.plans_kept"), statistics.plans_kept);
    status.value(&format!("{of}.deadline_misses"), statistics.deadline_misses);
    status.value(&format!("{of}.fallbacks"), statistics.fallbacks.total());
    status.value(&format!("{of}.fallbacks.last_safe_plan"), statistics.fallbacks.last_safe_plan);
    status.value(&format!("{of}.fallbacks.brake"), statistics.fallbacks.brake);
    status.value(&format!("{of}.fallbacks.stop"), statistics.fallbacks.stop);
    for (name, count) in statistics.rejections.iter() {
        status.value(&format!("{of}.rejected.{name}"), count);
    }
}
