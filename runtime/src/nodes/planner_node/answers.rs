//! Reports of the other threads: plans are answered or followed, loads and maps taken.

use super::PlannerNode;
use super::input_fault::InputFault;
use super::jobs::{Planned, Purpose, Statistics};
use super::requests::PendingRequest;
use super::responses::{ErrorCode, PathAction, PlanningFailure, result_through};
use super::worker::Report;
use crate::gate::{CheckedPlan, Fallback, Origin, check_clearance};
use planwright_ros2::action::{GoalId, GoalStatus};
use planwright_ros2::lifecycle::{self, LifecycleState, TransitionOutcome};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::nav_msgs::{self, Path};
use std::time::Duration;

impl<A: PathAction> PlannerNode<A> {
    pub(super) fn take_reports(&mut self) {
        while let Some(report) = self.worker.report() {
            match report {
                Report::Planned(planned) => self.take_plan(*planned),
                Report::Debug(output) => {
                    if self.is_active() {
                        self.topics.plan_raw.publish(output.raw);
                        self.topics.markers.publish(output.markers);
                    }
                }
                Report::Loaded(loaded) => self.take_loaded(*loaded),
                Report::Map(read) => self.take_read_map(*read),
                Report::Warm => {
                    if self.lifecycle.state() == LifecycleState::Activating {
                        lifecycle::finish(self, TransitionOutcome::Success);
                    }
                }
                Report::Statistics(statistics) => self.take_statistics(*statistics),
            }
        }
    }

    fn take_statistics(&mut self, statistics: Statistics) {
        let crossings = |statistics: &Statistics| statistics.drift.as_ref().map_or(0, |drift| drift.figures.crossings);
        let has_crossed = crossings(&statistics) > crossings(&self.statistics);
        self.statistics = statistics;
        let drift = self.statistics.drift.as_ref().filter(|_| has_crossed).map(|drift| drift.figures);
        if let Some(figures) = drift {
            let text = format!(
                "drifting: expected a total variation of at most {} to the intended distribution, got {:.3} over {} plans",
                figures.threshold,
                figures.total_variation.unwrap_or(f64::NAN),
                figures.plans
            );
            self.base.log(Severity::Warn, &text);
        }
    }

    fn take_plan(&mut self, mut planned: Planned) {
        let plan = std::mem::replace(&mut planned.plan, CheckedPlan::with_capacity(0));
        // The map may have changed, or an input been refused, since the job was made.
        let request = match planned.purpose {
            Purpose::Drive => None,
            Purpose::Action(id) => self.requests.get(&id),
            Purpose::Service(number) => self.services.get(&number).map(|(_, request)| request),
        };
        let (frames, start_is_given) =
            request.map_or((&[][..], false), |request| (&request.frames[..], request.start_is_given));
        let holds = self.check_map(&planned, &plan);
        let holds = holds.and_then(|()| self.inputs.check_frames(frames, start_is_given));
        let failure = holds.clone().map_or_else(|fault| Some(fault.into()), |()| PlanningFailure::of_plan(&plan));
        let recycled = match planned.purpose {
            Purpose::Drive => self.take_drive_plan(&mut planned, plan, holds.is_ok()),
            Purpose::Action(id) => {
                self.answer_goal(id, &mut planned, failure);
                plan
            }
            Purpose::Service(number) => {
                if let Some((reply, request)) = self.services.remove(&number) {
                    if let Some(failure) = &failure {
                        self.count_failure(failure);
                    }
                    self.counters.answered += u64::from(failure.is_none());
                    let plan = if failure.is_none() { planned.path.clone() } else { Path::default() };
                    reply.send(nav_msgs::GetPlanResponse { plan });
                    self.note_overhead(&planned, &request);
                }
                plan
            }
        };
        self.worker.recycle(recycled);
    }

    /// Whether a plan still holds: a map that came while it was made is no reason to drop it where it stays clear.
    fn check_map(&self, planned: &Planned, plan: &CheckedPlan) -> Result<(), InputFault> {
        let (parameters, stops) = (self.parameters(), Fallback::Stop);
        let Some(world) = self.inputs.newer_world(parameters, self.base.now(), &planned.world)? else { return Ok(()) };
        if matches!(plan.origin(), Origin::Fallback { kind, .. } if kind == stops) {
            return Ok(());
        }
        let mut legs = planned.legs_before.iter().chain([plan.trajectory()]);
        let clears = legs.all(|leg| check_clearance(&world, leg, parameters.clearance_m).is_ok());
        if clears { Ok(()) } else { Err(InputFault::MapChanged) }
    }

    fn note_overhead(&mut self, planned: &Planned, request: &PendingRequest) {
        self.counters.overhead.record(request.requested.elapsed().saturating_sub(planned.planning));
    }

    fn answer_goal(&mut self, id: GoalId, planned: &mut Planned, failure: Option<PlanningFailure>) {
        // Gone: canceled, preempted, or answered because the planner hung.
        let Some(request) = self.requests.remove(&id) else { return };
        let message = "expected an active node, got one without a planner";
        let failure = match failure {
            _ if !planned.had_planner => Some(PlanningFailure::new(ErrorCode::Unknown, "not_active", message)),
            other => other,
        };
        if let Some(failure) = &failure {
            self.count_failure(failure);
            self.end(id, GoalStatus::Aborted, Path::default(), planned.planning, Some(failure));
            return;
        }
        let path = std::mem::take(&mut planned.path);
        self.end(id, GoalStatus::Succeeded, path.clone(), planned.planning, None);
        self.note_overhead(planned, &request);
        self.counters.answered += 1;
        if self.is_active() {
            self.topics.plan.publish(path);
            if let (true, Some(goal)) = (self.parameters().drive, request.goal_to_drive) {
                self.drive_to(goal);
            }
        }
    }

    fn take_drive_plan(&mut self, planned: &mut Planned, plan: CheckedPlan, holds: bool) -> CheckedPlan {
        let stale = self.follower.goal() != Some(planned.observation.goal) || !planned.had_planner || planned.canceled;
        if stale || !holds || !self.is_active() {
            self.follower.give_up();
            return plan;
        }
        if let Origin::Fallback { kind, reason } = plan.origin() {
            self.base.fault(reason.name(), &format!("{}: {reason}", kind.name()));
        }
        let changed = plan.sequence() != self.follower.plan().sequence();
        if changed {
            self.topics.plan.publish(std::mem::take(&mut planned.path));
        }
        self.follower.receive(plan)
    }

    /// Aborts a goal.
    pub(super) fn fail(&mut self, id: GoalId, failure: &PlanningFailure) {
        self.count_failure(failure);
        if let Some(request) = self.requests.remove(&id) {
            request.cancel();
        }
        self.end(id, GoalStatus::Aborted, Path::default(), Duration::ZERO, Some(failure));
    }

    /// Ends a goal of the action that it belongs to.
    pub(super) fn end(
        &mut self,
        id: GoalId,
        status: GoalStatus,
        path: Path,
        planning: Duration,
        failure: Option<&PlanningFailure>,
    ) {
        let through = self.through.as_mut().filter(|actions| actions.goals().status(&id).is_some());
        match through {
            Some(actions) => _ = actions.end(&id, status, result_through(path, planning, failure)),
            None => _ = self.actions.end(&id, status, A::result(path, planning, failure)),
        }
    }
}
