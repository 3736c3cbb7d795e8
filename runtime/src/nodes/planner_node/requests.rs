//! Plan requests of action, service and `goal_pose`, from validation to answer.

use super::PlannerNode;
use super::inputs::{Inputs, Placed};
use super::jobs::{PlanJob, Planned, Purpose, Statistics};
use super::parameters::PlannerParameters;
use super::path_follower::PathFollower;
use super::responses::{
    ErrorCode, NO_VIAPOINTS, PathAction, PathRequest, PlanningFailure, request_through, result_through,
};
use super::worker::Report;
use crate::gate::{CheckedPlan, Origin, Rejection, check_goal, check_problem, check_way};
use crate::planner::Observation;
use crate::world::{State, World};
use planwright_ros2::action::{ActionHandler, Actions, GoalId, GoalStatus};
use planwright_ros2::executor::Reply;
use planwright_ros2::lifecycle::{self, LifecycleState, TransitionOutcome};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::messages::nav_msgs::{self, Path};
use planwright_ros2::messages::nav2_msgs::{ComputePathThroughPoses, ComputePathThroughPosesGoal};
use planwright_ros2::time::RosTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Characters of a name that a message repeats.
const LONGEST_QUOTED: usize = 60;

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
    fn cancel_and_stop(&self, follower: &mut PathFollower) {
        self.cancel();
        if follower.goal().is_some() && follower.goal() == self.goal_to_drive.map(|goal| goal.position) {
            follower.clear();
        }
    }
}

/// Start, goal and map of a valid request.
struct Problem {
    state: State,
    stamp: RosTime,
    goal: Placed,
    via: Vec<Placed>,
    world: Arc<World>,
    map_secs: f64,
}

impl PathRequest {
    /// Goal, start and the poses between, as far as they are given.
    fn poses(&self) -> impl Iterator<Item = &PoseStamped> {
        [&self.goal].into_iter().chain(&self.start).chain(&self.via)
    }
}

impl Problem {
    /// Start, goal and map of a request.
    ///
    /// # Errors
    /// Nav2's code and the fault, if the request is not for this planner or an input is missing or invalid.
    fn of(
        request: &PathRequest,
        parameters: &PlannerParameters,
        inputs: &Inputs,
        now: RosTime,
    ) -> Result<Self, PlanningFailure> {
        let ids = &parameters.planner_ids;
        if !ids.contains(&request.planner_id) {
            let names: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
            let got: String = request.planner_id.chars().take(LONGEST_QUOTED).collect();
            let message = format!("expected planner_id to be one of {}, got '{got}'", names.join(", "));
            return Err(PlanningFailure::new(ErrorCode::InvalidPlanner, "invalid_planner", message));
        }
        if request.viapoints > 0 {
            let message = format!("expected no viapoints, got {}: this planner does not take any", request.viapoints);
            return Err(PlanningFailure::new(ErrorCode::Unknown, "viapoints", message));
        }
        let (world, map_secs) = inputs.world(parameters, now)?;
        if map_secs == f64::NEG_INFINITY {
            let secs = inputs.map().map_or(f64::INFINITY, |(_, since)| now.since(since));
            return Err(Rejection::StaleMap { secs }.into());
        }
        let goal = inputs.goal("goal", &request.goal)?;
        let (state, stamp) = match &request.start {
            Some(start) => (inputs.start(start)?, now),
            None => {
                let located = inputs.located(now, parameters.max_observation_age_secs)?;
                (located.state, located.stamp)
            }
        };
        let via = request.via.iter().map(|pose| inputs.goal("goals", pose)).collect::<Result<Vec<_>, _>>()?;
        let mut from = state.position;
        for to in via.iter().chain([&goal]) {
            check_problem(&world, from, to.position, parameters.clearance_m)?;
            from = to.position;
        }
        Ok(Self { state, stamp, goal, via, world, map_secs })
    }
}

impl<A: PathAction> PlannerNode<A> {
    /// Queues a request for the planning thread.
    fn enqueue(&mut self, purpose: Purpose, request: &PathRequest) -> Result<PendingRequest, PlanningFailure> {
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
            self.view.log_world(Default::default(), &world, observation.state.position, observation.goal);
            self.world_shown = true;
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
    fn end(
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
            self.world_shown = false;
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
        let world = self.inputs.check_world(self.parameters(), self.base.now(), &planned.world);
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
        let world = self.inputs.check_world(self.parameters(), self.base.now(), &planned.world);
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

impl<A: PathAction> ActionHandler<A> for PlannerNode<A> {
    fn actions(&mut self) -> &mut Actions<A> {
        &mut self.actions
    }

    fn now(&self) -> RosTime {
        self.base.now()
    }

    fn accepts(&mut self, _goal: &A::Goal) -> bool {
        self.is_active()
    }

    fn begin(&mut self, id: GoalId, goal: A::Goal) {
        if self.take_request(id, Some(A::request(goal))) {
            self.actions.execute(&id);
        }
    }

    fn cancel(&mut self, id: GoalId) {
        self.cancel_request(id);
    }
}

impl<A: PathAction> ActionHandler<ComputePathThroughPoses> for PlannerNode<A> {
    fn actions(&mut self) -> &mut Actions<ComputePathThroughPoses> {
        match &mut self.through {
            Some(actions) => actions,
            None => unreachable!("the action is served only where it has been opened"),
        }
    }

    fn now(&self) -> RosTime {
        self.base.now()
    }

    fn accepts(&mut self, _goal: &ComputePathThroughPosesGoal) -> bool {
        self.is_active()
    }

    fn begin(&mut self, id: GoalId, goal: ComputePathThroughPosesGoal) {
        if self.take_request(id, request_through(goal)) {
            ActionHandler::<ComputePathThroughPoses>::actions(self).execute(&id);
        }
    }

    fn cancel(&mut self, id: GoalId) {
        self.cancel_request(id);
    }
}

impl<A: PathAction> PlannerNode<A> {
    /// Begins to plan for a goal. False if it has failed already.
    fn take_request(&mut self, id: GoalId, request: Option<PathRequest>) -> bool {
        if self.parameters().preempt {
            let failure =
                PlanningFailure::new(ErrorCode::Unknown, "preempted", "a newer goal took the place of this one");
            for id in self.requests.keys().copied().collect::<Vec<_>>() {
                self.counters.preempted += 1;
                self.fail(id, &failure);
            }
        }
        let request = request.ok_or_else(|| {
            PlanningFailure::new(ErrorCode::Unknown, NO_VIAPOINTS, "expected at least one pose in goals, got none")
        });
        match request.and_then(|request| self.enqueue(Purpose::Action(id), &request)) {
            Ok(request) => {
                self.requests.insert(id, request);
                true
            }
            Err(failure) => {
                self.fail(id, &failure);
                false
            }
        }
    }

    fn cancel_request(&mut self, id: GoalId) {
        self.counters.canceled += 1;
        if let Some(request) = self.requests.remove(&id) {
            request.cancel_and_stop(&mut self.follower);
        }
        let failure = PlanningFailure::new(ErrorCode::Unknown, "canceled", "canceled as asked");
        self.end(id, GoalStatus::Canceled, Path::default(), Duration::ZERO, Some(&failure));
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::NodeParameters;
    use super::*;
    use crate::nodes::map::grid_of;
    use crate::world::{Layout, Point, PointMass, Robot};
    use planwright_ros2::messages::geometry_msgs::TransformStamped;
    use planwright_ros2::odometry::OdometryLimits;
    use planwright_ros2::tf;
    use planwright_ros2::time::{Clock, ClockSource};

    const NOW: RosTime = RosTime::from_nanos(5_000_000_000);
    const FREE: [Point; 2] = [[1.0, 1.0], [3.0, 1.0]];
    const WALL: Point = [2.0, 1.0];

    fn pose([x, y]: Point, frame: &str) -> PoseStamped {
        let mut pose = PoseStamped::default();
        pose.header.frame_id = frame.to_owned();
        (pose.pose.position.x, pose.pose.position.y, pose.pose.orientation.w) = (x, y, 1.0);
        pose
    }

    fn request(start: Option<Point>, goal: Point) -> PathRequest {
        let start = start.map(|start| pose(start, "map"));
        PathRequest { goal: pose(goal, "map"), start, planner_id: String::new(), viapoints: 0, via: Vec::new() }
    }

    fn empty_inputs() -> Inputs {
        let robot: Arc<dyn Robot> = Arc::new(PointMass::default());
        Inputs::new("map", OdometryLimits::default(), robot, Clock::new(ClockSource::System))
    }

    fn inputs() -> Inputs {
        let mut inputs = empty_inputs();
        inputs.take_map(&grid_of(&Layout::umaze(), "map", NOW), NOW, false).expect("a maze");
        inputs
    }

    fn failure(request: &PathRequest, inputs: &Inputs) -> (ErrorCode, &'static str) {
        let failure = Problem::of(request, &NodeParameters::maze().planner, inputs, NOW).err().expect("no plan");
        (failure.code, failure.name)
    }

    #[test]
    fn a_valid_request_becomes_a_problem_in_the_map() {
        let problem = Problem::of(&request(Some(FREE[0]), FREE[1]), &NodeParameters::maze().planner, &inputs(), NOW);
        let problem = problem.expect("start and goal are free");
        let goal = Placed { position: FREE[1], yaw_rad: Some(0.0) };
        assert_eq!((problem.state, problem.goal, problem.stamp), (State::at_rest(FREE[0]), goal, NOW));
        assert_eq!(problem.map_secs, 5.0);
    }

    #[test]
    fn a_request_for_another_planner_or_with_viapoints_is_refused() {
        let good = request(Some(FREE[0]), FREE[1]);
        let other = PathRequest { planner_id: "SmacPlanner".to_owned(), ..good.clone() };
        assert_eq!(failure(&other, &inputs()), (ErrorCode::InvalidPlanner, "invalid_planner"));
        let passing = PathRequest { viapoints: 1, ..good };
        assert_eq!(failure(&passing, &inputs()), (ErrorCode::Unknown, "viapoints"));
    }

    #[test]
    fn a_request_without_a_map_or_odometry_is_refused() {
        let empty = empty_inputs();
        assert_eq!(failure(&request(Some(FREE[0]), FREE[1]), &empty), (ErrorCode::Unknown, "map_missing"));
        assert_eq!(failure(&request(None, FREE[1]), &inputs()), (ErrorCode::TfError, "odom_missing"));
    }

    #[test]
    fn a_request_with_an_end_in_a_wall_outside_or_in_no_frame_is_refused() {
        let of = |start, goal| failure(&request(Some(start), goal), &inputs());
        assert_eq!(of(WALL, FREE[1]), (ErrorCode::StartOccupied, "start_occupied"));
        assert_eq!(of(FREE[0], WALL), (ErrorCode::GoalOccupied, "goal_occupied"));
        assert_eq!(of([-5.0, 1.0], FREE[1]), (ErrorCode::StartOutsideMap, "start_outside_map"));
        assert_eq!(of(FREE[0], [1.0, 99.0]), (ErrorCode::GoalOutsideMap, "goal_outside_map"));
        assert_eq!(of(FREE[0], [f64::NAN, 1.0]), (ErrorCode::Unknown, "not_finite"));
        let lost = PathRequest { goal: pose(FREE[1], "kitchen"), ..request(Some(FREE[0]), FREE[1]) };
        assert_eq!(failure(&lost, &inputs()), (ErrorCode::TfError, "tf_unknown_frame"));
    }

    fn message(request: &PathRequest, inputs: &Inputs) -> String {
        let failure = Problem::of(request, &NodeParameters::maze().planner, inputs, NOW).err().expect("no plan");
        failure.message
    }

    #[test]
    fn the_first_thing_that_is_impossible_is_named_by_end_and_figure() {
        let (good, inputs) = (request(Some(FREE[0]), FREE[1]), inputs());
        let near = |start, goal| failure(&request(Some(start), goal), &inputs);
        assert_eq!(near(FREE[0], [1.25, 1.0]), (ErrorCode::GoalOccupied, "goal_occupied"));
        assert_eq!(near([1.25, 1.0], FREE[1]), (ErrorCode::StartOccupied, "start_occupied"));
        let text = message(&request(Some(FREE[0]), [1.25, 1.0]), &inputs);
        assert!(text.contains("0.05 m from a wall, needs 0.105 m"), "{text}");
        assert!(
            Problem::of(&request(Some([1.19, 1.0]), FREE[1]), &NodeParameters::maze().planner, &inputs, NOW).is_ok()
        );
        let huge = message(&request(Some(FREE[0]), [1e308, -1e308]), &inputs);
        assert!(huge.contains("1e308, -1e308") && huge.len() < 200, "{huge}");
        let mut broken = good.clone();
        broken.start.as_mut().expect("a start").pose.position.x = f64::NAN;
        assert!(message(&broken, &inputs).starts_with("`start.pose.position.x`: "), "{}", message(&broken, &inputs));
        broken.start = good.start.clone();
        broken.goal.header.frame_id.clear();
        assert!(message(&broken, &inputs).starts_with("`goal.header.frame_id`: "), "{}", message(&broken, &inputs));
        for (start, goal, end) in
            [("attic", "map", "start: "), ("map", "attic", "goal: "), ("attic", "attic", "goal: ")]
        {
            let lost = PathRequest { goal: pose(FREE[1], goal), start: Some(pose(FREE[0], start)), ..good.clone() };
            assert!(message(&lost, &inputs).starts_with(end), "{}", message(&lost, &inputs));
        }
        let other = message(&PathRequest { planner_id: "SmacPlanner".to_owned(), ..good }, &inputs);
        assert!(other.starts_with("expected planner_id to be one of '', 'GridBased', "), "{other}");
    }

    #[test]
    fn ends_in_two_rooms_are_answered_no_way() {
        let apart = Layout::parse("apart", "#####\n#O#O#\n#####").expect("a maze");
        let mut inputs = empty_inputs();
        inputs.take_map(&grid_of(&apart, "map", NOW), NOW, false).expect("a maze");
        let request = request(Some([1.0, 1.0]), [1.0, 3.0]);
        assert_eq!(failure(&request, &inputs), (ErrorCode::NoValidPath, "no_way"));
        assert!(message(&request, &inputs).contains("no way from start to goal"));
    }

    #[test]
    fn the_goals_direction_is_the_maps_and_zeros_give_none() {
        let goal_of = |goal: PoseStamped, inputs: &Inputs| {
            let request = PathRequest { goal, ..request(Some(FREE[0]), FREE[1]) };
            Problem::of(&request, &NodeParameters::maze().planner, inputs, NOW).map(|problem| problem.goal)
        };
        let turned = |yaw_rad: f64, frame: &str| {
            let mut goal = pose(FREE[1], frame);
            goal.pose.orientation = tf::Quaternion::from_yaw(yaw_rad).into();
            goal
        };
        let mut inputs = inputs();
        let yaw = |goal: PoseStamped, inputs: &Inputs| goal_of(goal, inputs).expect("a goal").yaw_rad;
        assert!(yaw(turned(2.5, "map"), &inputs).is_some_and(|yaw| (yaw - 2.5).abs() < 1e-12));
        let mut zeros = pose(FREE[1], "map");
        zeros.pose.orientation.w = 0.0;
        assert_eq!(yaw(zeros, &inputs), None);
        let mut upwards = pose(FREE[1], "map");
        (upwards.pose.orientation.y, upwards.pose.orientation.w) = (-0.5, 0.5);
        assert_eq!(yaw(upwards, &inputs), None, "a direction that the rounding would decide");
        // A frame turned by a quarter, whose origin is chosen so that the goal stays where it is.
        let mut quarter = TransformStamped::default();
        (quarter.header.frame_id, quarter.child_frame_id) = ("map".to_owned(), "turned".to_owned());
        quarter.transform.translation.x = FREE[1][0] + FREE[1][1];
        quarter.transform.translation.y = FREE[1][1] - FREE[1][0];
        quarter.transform.rotation = tf::Quaternion::from_yaw(std::f64::consts::FRAC_PI_2).into();
        inputs.transforms.insert_message(&quarter, true).expect("a transform");
        let goal = goal_of(turned(0.5, "turned"), &inputs).expect("a goal");
        let wanted = 0.5 + std::f64::consts::FRAC_PI_2;
        assert!(goal.yaw_rad.is_some_and(|yaw| (yaw - wanted).abs() < 1e-12), "{goal:?}");
        let mut start = pose(FREE[0], "map");
        start.pose.orientation.w = 0.0;
        let undirected = PathRequest { start: Some(start), ..request(None, FREE[1]) };
        assert!(Problem::of(&undirected, &NodeParameters::maze().planner, &inputs, NOW).is_ok());
    }

    #[test]
    fn on_a_stale_map_nothing_is_judged() {
        let mut parameters = NodeParameters::maze().planner;
        parameters.max_map_age_secs = 1.0;
        let later = RosTime::from_nanos(7_000_000_000);
        let failure = Problem::of(&request(Some(FREE[0]), WALL), &parameters, &inputs(), later).err().expect("no plan");
        assert_eq!((failure.code, failure.name), (ErrorCode::Unknown, "stale_map"));
        assert!(failure.message.contains("map 2.000 s old"), "{}", failure.message);
    }

    #[test]
    fn a_map_older_than_its_limit_holds_no_more() {
        let mut parameters = NodeParameters::maze().planner;
        parameters.max_map_age_secs = 1.0;
        let later = RosTime::from_nanos(7_000_000_000);
        let map_secs = |now| inputs().world(&parameters, now).expect("a map").1;
        assert_eq!((map_secs(NOW), map_secs(later)), (5.0, f64::NEG_INFINITY));
    }

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
