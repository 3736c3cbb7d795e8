//! The actions `compute_path_to_pose` and `compute_path_through_poses`: goals, preemption, cancellation.

use super::PlannerNode;
use super::jobs::Purpose;
use super::responses::{ErrorCode, NO_VIAPOINTS, PathAction, PathRequest, PlanningFailure, request_through};
use planwright_ros2::action::{ActionHandler, Actions, GoalId, GoalStatus};
use planwright_ros2::messages::nav_msgs::Path;
use planwright_ros2::messages::nav2_msgs::{ComputePathThroughPoses, ComputePathThroughPosesGoal};
use planwright_ros2::time::RosTime;
use std::time::Duration;

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
