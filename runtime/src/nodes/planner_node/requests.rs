//! Plan requests of action, service and `goal_pose`, from validation to answer.

use super::PlannerNode;
use super::inputs::Placed;
use super::jobs::{PlanJob, Planned, Purpose, Statistics};
use super::path_follower::PathFollower;
use super::problem::Problem;
use super::responses::{ErrorCode, PathAction, PathRequest, PlanningFailure, result_through};
use super::worker::Report;
use crate::gate::{CheckedPlan, Origin, check_goal, check_way};
use crate::nodes::path::keeps_clear;
use crate::planner::Observation;
use crate::world::World;
use planwright_ros2::action::{GoalId, GoalStatus};
use planwright_ros2::executor::Reply;
use planwright_ros2::lifecycle::{self, LifecycleState, TransitionOutcome};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::messages::nav_msgs::{self, Path};
use planwright_ros2::time::RosTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A request without an answer yet.
pub(super) struct PendingRequest {
    canceled: Arc<AtomicBool>,
    pub(super) requested: Instant,
    /// The goal to drive to once there is a path.
    goal_to_drive: Option<Placed>,
    /// Direction at the goal.
    goal_yaw_rad: Option<f64>,
    /// The start is the request's, not measured.
    start_is_given: bool,
    /// Of the request's poses.
    frames: Vec<String>,
}

impl Default for PendingRequest {
    fn default() -> Self {
        Self {
            canceled: Arc::default(),
            requested: Instant::now(),
            goal_to_drive: None,
            goal_yaw_rad: None,
            start_is_given: false,
            frames: Vec::new(),
        }
    }
}

impl PendingRequest {
    /// Of the driven robot, whose path ends in this direction.
    pub(super) fn towards(goal_yaw_rad: Option<f64>) -> Self {
        Self { goal_yaw_rad, ..Self::default() }
    }

    /// Drops its plan: not begun if still queued, and not published.
    pub(super) fn cancel(&self) {
        self.canceled.store(true, Ordering::Release);
    }

    /// Drops its plan, and stops a robot that drives to its goal.
    pub(super) fn cancel_and_stop(&self, follower: &mut PathFollower) {
        self.cancel();
        if follower.goal().is_some() && follower.goal() == self.goal_to_drive.map(|goal| goal.position) {
            follower.clear();
        }
    }
}

impl<A: PathAction> PlannerNode<A> {
    /// Queues a request for the planning thread.
    pub(super) fn enqueue(
        &mut self,
        purpose: Purpose,
        request: &PathRequest,
    ) -> Result<PendingRequest, PlanningFailure> {
        let now = self.base.now();
        self.inputs.request_frames(request.poses().map(Some));
        let problem = Problem::of(request, &self.base.parameters.planner, &self.inputs, now)?;
        let Problem { state, stamp, goal, via, world, map_secs } = problem;
        let start_is_given = request.start.is_some();
        let goal_to_drive = (!start_is_given && via.is_empty()).then_some(goal);
        let goal_yaw_rad = goal.yaw_rad;
        let frames = request.poses().map(|pose| pose.header.frame_id.clone()).collect();
        let pending =
            PendingRequest { goal_to_drive, goal_yaw_rad, start_is_given, frames, ..PendingRequest::default() };
        let observation = Observation { state, goal: goal.position, stamp_secs: stamp.as_secs_f64(), step: self.step };
        let mut job = self.job(purpose, observation, now, world, map_secs, &pending);
        job.via = via;
        self.worker.plan(job).map_err(|job| {
            self.worker.recycle(job.plan);
            PlanningFailure::new(ErrorCode::Unknown, "too_many_goals", "expected at most 64 plans waiting, got more")
        })?;
        Ok(pending)
    }

    pub(super) fn job(
        &mut self,
        purpose: Purpose,
        observation: Observation,
        now: RosTime,
        world: Arc<World>,
        map_secs: f64,
        request: &PendingRequest,
    ) -> Box<PlanJob> {
        if !self.maze_shown {
            // On another map the way to the same goal goes on.
            let (here, goal) = (observation.state.position, observation.goal);
            let start = self.shown_way.filter(|[_, to]| *to == goal).map_or(here, |[from, _]| from);
            self.view.log_world(Default::default(), &world, start, goal);
            (self.maze_shown, self.shown_way) = (true, Some([start, goal]));
        }
        Box::new(PlanJob {
            purpose,
            observation,
            now,
            clock: self.base.clock.clone(),
            start_is_given: request.start_is_given,
            goal_yaw_rad: request.goal_yaw_rad,
            via: Vec::new(),
            path: None,
            map_secs,
            world,
            frame: Arc::clone(&self.map_frame),
            style: self.parameters().path_style(),
            show: self.parameters().publish_debug,
            canceled: Arc::clone(&request.canceled),
            plan: self.worker.spare(),
        })
    }

    pub(super) fn serve_plan(&mut self, reply: Reply<nav_msgs::GetPlanResponse>, request: nav_msgs::GetPlanRequest) {
        // The service has no error code: a failure is an empty plan, its reason is in the diagnostics.
        if !self.is_active() {
            self.base.fault("not_active", "expected an active node, got a request for a plan before");
            reply.send(nav_msgs::GetPlanResponse::default());
            return;
        }
        let start = (!request.start.header.frame_id.is_empty()).then_some(request.start);
        let planner_id = String::new();
        let request = PathRequest { goal: request.goal, start, planner_id, viapoints: 0, via: Vec::new() };
        self.service_count += 1;
        let number = self.service_count;
        match self.enqueue(Purpose::Service(number), &request) {
            Ok(pending) => {
                self.services.insert(number, (reply, pending));
            }
            Err(failure) => {
                self.count_failure(&failure);
                reply.send(nav_msgs::GetPlanResponse::default());
            }
        }
    }

    fn count_failure(&mut self, failure: &PlanningFailure) {
        *self.counters.failed.entry(failure.name).or_default() += 1;
        self.base.fault(failure.name, &failure.message);
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

    pub(super) fn take_goal_pose(&mut self, pose: &PoseStamped) {
        if !(self.is_active() && self.parameters().drive) {
            self.base.fault("not_driving", "expected an active node with the parameter drive, got a goal_pose");
            return;
        }
        self.inputs.request_frames([Some(pose), None]);
        let placed = || -> Result<Placed, PlanningFailure> {
            let (parameters, now) = (self.parameters(), self.base.now());
            let (world, _) = self.inputs.world(parameters, now)?;
            let goal = self.inputs.goal("goal_pose", pose)?;
            check_goal(&world, goal.position, parameters.clearance_m)?;
            // Where the robot is may become known later.
            if let Ok(located) = self.inputs.located(now, parameters.max_observation_age_secs) {
                check_way(&world, located.state.position, goal.position, parameters.clearance_m)?;
            }
            Ok(goal)
        };
        match placed() {
            Ok(goal) => self.drive_to(goal),
            Err(failure) => self.count_failure(&failure),
        }
    }

    pub(super) fn drive_to(&mut self, goal: Placed) {
        self.preempt_following();
        let is_new = self.follower.goal() != Some(goal.position);
        if is_new {
            self.follower.set_goal(Some(goal.position));
        }
        self.follower.set_goal_yaw(goal.yaw_rad);
        if is_new {
            let goal = goal.position;
            self.inputs.odometry.clear_stuck();
            self.maze_shown = false;
            self.base.log(Severity::Info, &format!("driving to {:.2}, {:.2}", goal[0], goal[1]));
        }
    }

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
        let clearance_m = self.parameters().clearance_m;
        let is_clear = |world: &World| keeps_clear(&planned.path, world, clearance_m);
        let world = self.inputs.check_plan(self.parameters(), self.base.now(), &planned.world, is_clear);
        let world = world.and_then(|()| self.inputs.check_frames(frames, start_is_given));
        let failure = world.map_or_else(|fault| Some(fault.into()), |()| PlanningFailure::of_plan(&plan));
        let recycled = match planned.purpose {
            Purpose::Drive => self.take_drive_plan(&mut planned, plan),
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

    fn take_drive_plan(&mut self, planned: &mut Planned, plan: CheckedPlan) -> CheckedPlan {
        let stale = self.follower.goal() != Some(planned.observation.goal) || !planned.had_planner || planned.canceled;
        // What is driven is the plan, not the thinner path that is shown of it.
        let (states, clearance_m) = (&plan.trajectory().states, self.parameters().clearance_m);
        let is_clear = |world: &World| !states.is_empty() && world.sweep().states(states).is_clear_by(clearance_m);
        let world = self.inputs.check_plan(self.parameters(), self.base.now(), &planned.world, is_clear);
        let outdated = world.and_then(|()| self.inputs.check_frames(&[], false)).is_err();
        if stale || outdated || !self.is_active() {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canceled_request_stops_the_robot_only_on_the_way_to_its_goal() {
        let placed = |position| Some(Placed { position, yaw_rad: None });
        for (goal_to_drive, stops) in [(placed([3.0, 1.0]), true), (placed([1.0, 1.0]), false), (None, false)] {
            let mut follower = PathFollower::default();
            follower.set_goal(Some([3.0, 1.0]));
            let request = PendingRequest { goal_to_drive, ..PendingRequest::default() };
            request.cancel_and_stop(&mut follower);
            assert!(request.canceled.load(Ordering::Acquire));
            assert_eq!(follower.goal().is_none(), stops, "{goal_to_drive:?}");
        }
    }
}
