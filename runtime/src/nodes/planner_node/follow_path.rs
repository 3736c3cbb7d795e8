//! The action `follow_path` (nav2_msgs/FollowPath): a given path, timed, checked and driven to its end.
//!
//! Its path is the proposal of every planning job; correction, gate and control loop are those of the driven robot, so
//! that each cycle checks what is left of it against the newest map.

use super::PlannerNode;
use super::control_loop::Halt;
use super::input_fault::InputFault;
use super::inputs::Placed;
use super::path_follower::{BaseCommand, StopReason};
use super::path_proposer::PathProgress;
use super::responses::{ErrorCode, PathAction, PlanningFailure};
use crate::gate::{Fallback, Origin};
use crate::world::{Point, State};
use planwright_ros2::action::{ActionHandler, Actions, GoalId, GoalStatus};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::messages::nav2_msgs::{FollowPath, FollowPathFeedback, FollowPathGoal, FollowPathResult};
use planwright_ros2::time::RosTime;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Largest coordinate of a path, metres.
const MAX_COORDINATE_M: f64 = 1e7;
/// Poses that a path may have.
const MAX_POSES: usize = 20_000;
/// Time between two messages of feedback.
const FEEDBACK_PERIOD: Duration = Duration::from_millis(100);
/// A robot makes progress if it comes nearer to the path's end by this, metres, or turns on the spot.
const PROGRESS_M: f64 = 0.05;
/// Least turn rate that is progress, rad/s.
const TURNS_RADPS: f64 = 0.1;

/// Why a path is not followed: Nav2's code, the fault's name and the message.
struct Failure {
    code: u16,
    name: &'static str,
    message: String,
}

impl Failure {
    fn new(code: u16, name: &'static str, message: impl Into<String>) -> Self {
        Self { code, name, message: message.into() }
    }

    /// An input that is not usable, or a pose that is none.
    fn of_input(fault: &InputFault) -> Self {
        let failure = PlanningFailure::from(fault.clone());
        let is_frame = failure.code == ErrorCode::TfError;
        let is_path = matches!(fault, InputFault::Invalid(_));
        let code = match (is_frame, is_path) {
            (true, _) => FollowPathResult::TF_ERROR,
            (_, true) => FollowPathResult::INVALID_PATH,
            _ => FollowPathResult::UNKNOWN,
        };
        Self::new(code, failure.name, failure.message)
    }
}

/// The path that is being followed.
pub(super) struct Following {
    id: GoalId,
    progress: PathProgress,
    /// Least way left so far, metres, and when it was shorter than before.
    left_m: f64,
    nearer: Instant,
    fed_back: Option<Instant>,
    /// Since when the robot stands for a fault.
    halted: Option<Instant>,
}

impl Following {
    pub(super) fn path(&self) -> &Arc<[Point]> {
        self.progress.path()
    }
}

impl<A: PathAction> PlannerNode<A> {
    /// The places of a path in the map.
    fn places_of(&mut self, goal: &FollowPathGoal) -> Result<Vec<Placed>, Failure> {
        let ids = &self.parameters().controller_ids;
        if !ids.contains(&goal.controller_id) {
            let names: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
            let got: String = goal.controller_id.chars().take(60).collect();
            let message = format!("expected controller_id to be one of {}, got '{got}'", names.join(", "));
            return Err(Failure::new(FollowPathResult::INVALID_CONTROLLER, "invalid_controller", message));
        }
        let poses = &goal.path.poses;
        if !(1..=MAX_POSES).contains(&poses.len()) {
            let message = format!("expected a path of 1 to {MAX_POSES} poses, got {}", poses.len());
            return Err(Failure::new(FollowPathResult::INVALID_PATH, "invalid_path", message));
        }
        // The path's frame is that of all its poses; where it names none, each has its own.
        let header = (!goal.path.header.frame_id.is_empty()).then_some(&goal.path.header);
        let mut known = None;
        let mut placed = PoseStamped::default();
        let mut places = Vec::with_capacity(poses.len());
        for (index, pose) in poses.iter().enumerate() {
            placed.header.clone_from(header.unwrap_or(&pose.header));
            placed.pose.clone_from(&pose.pose);
            if index == 0 {
                self.inputs.request_frames([Some(&placed)]);
            }
            let place = self.inputs.goal_among("path", &placed, &mut known);
            places.push(place.map_err(|fault| Failure::of_input(&fault))?);
        }
        // Beyond this a way's length is no longer a number to reckon with.
        let is_near = |place: &Placed| place.position.iter().all(|value| value.abs() <= MAX_COORDINATE_M);
        if !places.iter().all(is_near) {
            let message = format!("expected a path within {MAX_COORDINATE_M} m of the map's origin, got one beyond");
            return Err(Failure::new(FollowPathResult::INVALID_PATH, "invalid_path", message));
        }
        Ok(places)
    }

    fn start_following(&mut self, id: GoalId, goal: &FollowPathGoal) -> Result<(), Failure> {
        let places = self.places_of(goal)?;
        self.preempt_following();
        let path: Arc<[Point]> = places.iter().map(|place| place.position).collect();
        let end = places.last().copied();
        self.follower.clear();
        self.follower.set_goal(end.map(|end| end.position));
        self.follower.set_goal_yaw(end.and_then(|end| end.yaw_rad));
        self.inputs.odometry.clear_stuck();
        self.maze_shown = false;
        self.base.log(Severity::Info, &format!("following a path of {} poses", places.len()));
        self.following = Some(Following {
            id,
            progress: PathProgress::new(path),
            left_m: f64::INFINITY,
            nearer: Instant::now(),
            fed_back: None,
            halted: None,
        });
        Ok(())
    }

    /// The robot is under way: feedback, and whether it makes progress.
    pub(super) fn watch_following(&mut self, state: &State) {
        let patience = Duration::from_secs_f64(self.parameters().progress_timeout_secs);
        let Some(following) = &mut self.following else { return };
        let left_m = following.progress.advance(state.position);
        if left_m < following.left_m - PROGRESS_M || state.turn_rate_radps.abs() > TURNS_RADPS {
            (following.left_m, following.nearer) = (left_m.min(following.left_m), Instant::now());
        }
        if following.fed_back.is_none_or(|at| at.elapsed() >= FEEDBACK_PERIOD) {
            following.fed_back = Some(Instant::now());
            let feedback = FollowPathFeedback { distance_to_goal: left_m as f32, speed: state.speed() as f32 };
            if let Some(actions) = &mut self.follow {
                actions.feedback(&following.id, feedback);
            }
        }
        if following.nearer.elapsed() > patience {
            let message = format!("expected progress within {} s, got none", patience.as_secs_f64());
            let code = FollowPathResult::FAILED_TO_MAKE_PROGRESS;
            self.finish_following(Some(Failure::new(code, "no_progress", message)));
        }
    }

    /// The robot goes on: what made it stand is over, unless it only brakes and stands.
    pub(super) fn go_on_following(&mut self) {
        let plan = self.follower.plan();
        // Of an older plan that has been driven to its end nothing is left to follow.
        let is_over = plan.trajectory().states.len() < 2;
        let halts = match plan.origin() {
            Origin::Fallback { kind: Fallback::LastSafePlan, .. } => is_over,
            Origin::Fallback { .. } => true,
            Origin::Planned => false,
        };
        if halts {
            self.end_following(&Halt::Stop(StopReason::GateStop));
        } else if let Some(following) = &mut self.following {
            following.halted = None;
        }
    }

    /// The robot stands: it has arrived, or for a fault that the parameter `failure_tolerance_secs` allows for a while.
    pub(super) fn end_following(&mut self, halt: &Halt) {
        let tolerance = Duration::from_secs_f64(self.parameters().failure_tolerance_secs);
        let Some(following) = &mut self.following else { return };
        let reason = halt.reason();
        if reason == StopReason::Arrived {
            return self.finish_following(None);
        }
        if following.halted.get_or_insert_with(Instant::now).elapsed() <= tolerance {
            return;
        }
        let failure = match halt {
            Halt::Input(fault) => Failure::of_input(fault),
            Halt::Stop(StopReason::PlannerHangs) => {
                let message = "expected a plan, got no answer from the planner";
                Failure::new(FollowPathResult::CONTROLLER_TIMED_OUT, reason.name(), message)
            }
            Halt::Stop(_) => {
                let message = match self.follower.plan().origin() {
                    Origin::Fallback { reason, .. } => format!("expected a path that can be driven, got: {reason}"),
                    Origin::Planned => "expected a plan, got none".to_owned(),
                };
                Failure::new(FollowPathResult::NO_VALID_CONTROL, reason.name(), message)
            }
        };
        self.finish_following(Some(failure));
    }

    fn finish_following(&mut self, failure: Option<Failure>) {
        let Some(following) = self.following.take() else { return };
        self.follower.clear();
        self.command(BaseCommand::STOP, 0.0);
        self.answer_following(following.id, failure);
    }

    fn answer_following(&mut self, id: GoalId, failure: Option<Failure>) {
        let status = if failure.is_some() { GoalStatus::Aborted } else { GoalStatus::Succeeded };
        let mut result = FollowPathResult::default();
        if let Some(Failure { code, name, message }) = failure {
            *self.counters.failed.entry(name).or_default() += 1;
            self.base.fault(name, &message);
            (result.error_code, result.error_msg) = (code, message);
        }
        if let Some(actions) = &mut self.follow {
            actions.end(&id, status, result);
        }
    }

    /// Gives up the path that is followed, if there is one.
    pub(super) fn abort_following(&mut self, name: &'static str, message: &str) {
        if let Some(following) = self.following.take() {
            self.answer_following(following.id, Some(Failure::new(FollowPathResult::UNKNOWN, name, message)));
        }
    }

    /// A newer goal takes the place of the path.
    pub(super) fn preempt_following(&mut self) {
        if self.following.is_some() {
            self.counters.preempted += 1;
            self.abort_following("preempted", "a newer goal took the place of this one");
        }
    }
}

impl<A: PathAction> ActionHandler<FollowPath> for PlannerNode<A> {
    fn actions(&mut self) -> &mut Actions<FollowPath> {
        match &mut self.follow {
            Some(actions) => actions,
            None => unreachable!("the action is served only where it has been opened"),
        }
    }

    fn now(&self) -> RosTime {
        self.base.now()
    }

    fn accepts(&mut self, _goal: &FollowPathGoal) -> bool {
        self.is_active()
    }

    fn begin(&mut self, id: GoalId, goal: FollowPathGoal) {
        match self.start_following(id, &goal) {
            Ok(()) => _ = ActionHandler::<FollowPath>::actions(self).execute(&id),
            Err(failure) => self.answer_following(id, Some(failure)),
        }
    }

    fn cancel(&mut self, id: GoalId) {
        self.counters.canceled += 1;
        if self.following.as_ref().is_some_and(|following| following.id == id) {
            self.following = None;
            self.follower.clear();
            self.command(BaseCommand::STOP, 0.0);
        }
        let result = FollowPathResult { error_msg: "canceled as asked".to_owned(), ..FollowPathResult::default() };
        ActionHandler::<FollowPath>::actions(self).end(&id, GoalStatus::Canceled, result);
    }
}
