//! Plan requests of action, service and `goal_pose`, from validation to the planning thread.

use super::PlannerNode;
use super::inputs::Placed;
use super::jobs::{PlanJob, Purpose};
use super::path_follower::PathFollower;
use super::path_problem::Problem;
use super::responses::{ErrorCode, PathAction, PathRequest, PlanningFailure};
use crate::gate::{check_goal, check_way};
use crate::planner::Observation;
use crate::world::World;
use planwright_ros2::executor::Reply;
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::messages::nav_msgs;
use planwright_ros2::time::RosTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A request without an answer yet.
pub(super) struct PendingRequest {
    canceled: Arc<AtomicBool>,
    pub(super) requested: Instant,
    /// The goal to drive to once there is a path.
    pub(super) goal_to_drive: Option<Placed>,
    /// Direction at the goal.
    goal_yaw_rad: Option<f64>,
    /// The start is the request's, not measured.
    pub(super) start_is_given: bool,
    /// Of the request's poses.
    pub(super) frames: Vec<String>,
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
        if !self.world_shown {
            // On another map the way to the same goal goes on.
            let (here, goal) = (observation.state.position, observation.goal);
            let start = self.shown_way.filter(|[_, to]| *to == goal).map_or(here, |[from, _]| from);
            self.view.log_world(Default::default(), &world, start, goal);
            (self.world_shown, self.shown_way) = (true, Some([start, goal]));
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

    pub(super) fn count_failure(&mut self, failure: &PlanningFailure) {
        *self.counters.failed.entry(failure.name).or_default() += 1;
        self.base.fault(failure.name, &failure.message);
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
            self.world_shown = false;
            self.base.log(Severity::Info, &format!("driving to {:.2}, {:.2}", goal[0], goal[1]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Point;

    const FREE: [Point; 2] = [[1.0, 1.0], [3.0, 1.0]];

    #[test]
    fn a_canceled_request_stops_the_robot_only_on_the_way_to_its_goal() {
        let placed = |position| Some(Placed { position, yaw_rad: None });
        for (goal_to_drive, stops) in [(placed(FREE[1]), true), (placed(FREE[0]), false), (None, false)] {
            let mut follower = PathFollower::default();
            follower.set_goal(Some(FREE[1]));
            let request = PendingRequest { goal_to_drive, ..PendingRequest::default() };
            request.cancel_and_stop(&mut follower);
            assert!(request.canceled.load(Ordering::Acquire));
            assert_eq!(follower.goal().is_none(), stops, "{goal_to_drive:?}");
        }
    }
}
