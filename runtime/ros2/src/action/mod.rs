//! An action server with concurrent goals, cancellation, and results kept after a goal's end.
//!
//! The crate's own asynchronous server answers only one of several waiters and keeps no results; this one is
//! built on its synchronous parts.

mod goals;

pub use goals::{CancelFilter, CancelSelection, GoalId, GoalLimits, GoalStatus, Goals, ResultAnswer};

use super::executor::{Executor, Taken};
use super::messages::action_msgs::CancelGoalRequest;
use super::messages::interface::ActionType;
use super::messages::recode;
use super::node::{Node, NodeError};
use super::time::RosTime;
use ros2_client::action::{GetResultResponse, SendGoalResponse};
use ros2_client::action_msgs::{self as wire, CancelGoalResponseEnum, GoalStatusEnum};
use ros2_client::dds::rustdds::mio1::{Interest, Token, event::Source};
use ros2_client::{ActionServer, RmwRequestId, builtin_interfaces};
use std::rc::Rc;
use std::time::Instant;

/// The server of an action of type `T`.
pub struct Actions<T: ActionType> {
    server: Rc<ActionServer<T::Goal, T::Result, T::Feedback>>,
    name: String,
    goals: Goals<T::Result, RmwRequestId>,
    unsent: u64,
}

/// A node's state that acts.
pub trait ActionHandler<T: ActionType>: 'static {
    /// Where the goals are kept.
    fn actions(&mut self) -> &mut Actions<T>;
    /// ROS time now.
    fn now(&self) -> RosTime;
    /// Whether to take the goal.
    fn accepts(&mut self, goal: &T::Goal) -> bool;
    /// A goal was taken: begins to work on it. It ends with [`Actions::end`].
    fn begin(&mut self, id: GoalId, goal: T::Goal);
    /// A goal is to be given up: ends it with [`Actions::end`] now or as soon as possible.
    fn cancel(&mut self, id: GoalId);
}

impl<T: ActionType> Actions<T> {
    /// Opens the action and watches its services.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open<S: ActionHandler<T>>(
        node: &mut Node,
        executor: &mut Executor<S>,
        name: &str,
        limits: GoalLimits,
    ) -> Result<Self, NodeError> {
        let (mut server, name) = node.action::<T>(name)?;
        let first = executor.registration().0.0;
        let watch = |source: &mut dyn Source, index: usize, executor: &Executor<S>| {
            executor.registration().1.register(source, Token(index), Interest::READABLE)
        };
        watch(server.goal_server(), first, executor)?;
        watch(server.cancel_server(), first + 1, executor)?;
        watch(server.result_server(), first + 2, executor)?;
        let server = Rc::new(server);
        let receiving = Rc::clone(&server);
        executor.add(format!("{name}/_action/send_goal"), move |state: &mut S| match receiving.receive_goal() {
            Ok(Some((request_id, request))) => {
                let id = *request.goal_id.uuid.as_bytes();
                let now = ActionHandler::<T>::now(state);
                let accepted = state.accepts(&request.goal) && state.actions().goals.accept(id, now.nanos());
                let stamp = builtin_interfaces::Time::from_nanos(now.nanos());
                let sent = receiving.send_goal_response(request_id, SendGoalResponse { accepted, stamp }).is_ok();
                state.actions().count(sent);
                if accepted {
                    state.begin(id, request.goal);
                }
                Taken::One
            }
            Ok(None) => Taken::None,
            Err(_) => Taken::Malformed,
        });
        let receiving = Rc::clone(&server);
        executor.add(format!("{name}/_action/cancel_goal"), move |state: &mut S| {
            match receiving.receive_cancel_request() {
                Ok(Some((request_id, request))) => {
                    let (response, ids) = state.actions().canceling(&request);
                    let sent = receiving.send_cancel_response(request_id, response).is_ok();
                    state.actions().count(sent);
                    state.actions().publish_status();
                    for id in ids {
                        state.cancel(id);
                    }
                    Taken::One
                }
                Ok(None) => Taken::None,
                Err(_) => Taken::Malformed,
            }
        });
        let receiving = Rc::clone(&server);
        executor.add(format!("{name}/_action/get_result"), move |state: &mut S| {
            match receiving.receive_result_request() {
                Ok(Some((request_id, request))) => {
                    let id = *request.goal_id.uuid.as_bytes();
                    let actions = state.actions();
                    match actions.goals.result(&id, || request_id) {
                        ResultAnswer::Later => {}
                        ResultAnswer::Ready(status, result) => actions.send_result(request_id, wire_of(status), result),
                        ResultAnswer::Unknown => {
                            actions.send_result(request_id, GoalStatusEnum::Unknown, T::Result::default());
                        }
                    }
                    Taken::One
                }
                Ok(None) => Taken::None,
                Err(_) => Taken::Malformed,
            }
        });
        Ok(Self { server, name, goals: Goals::new(limits), unsent: 0 })
    }

    /// The action's name on the network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The goals.
    pub fn goals(&self) -> &Goals<T::Result, RmwRequestId> {
        &self.goals
    }

    /// Answers that the middleware did not take.
    pub fn unsent(&self) -> u64 {
        self.unsent
    }

    /// Work on a goal begins. False if it has ended or is to be given up.
    pub fn execute(&mut self, id: &GoalId) -> bool {
        let begun = self.goals.execute(id);
        if begun {
            self.publish_status();
        }
        begun
    }

    /// Ends a goal; everyone who waits for its result gets it. False if it had ended.
    pub fn end(&mut self, id: &GoalId, status: GoalStatus, result: T::Result) -> bool {
        let Some(waiting) = self.goals.end(id, status, result.clone()) else { return false };
        for request_id in waiting {
            self.send_result(request_id, wire_of(status), result.clone());
        }
        self.publish_status();
        true
    }

    /// Publishes feedback on a goal.
    pub fn feedback(&mut self, id: &GoalId, feedback: T::Feedback) {
        let mut goal_id = wire::GoalId::ZERO;
        goal_id.uuid = uuid_of(*id);
        let sent = self.server.send_feedback(goal_id, feedback).is_ok();
        self.count(sent);
    }

    /// Forgets results that were kept long enough.
    pub fn expire(&mut self) {
        if self.goals.expire(Instant::now()) {
            self.publish_status();
        }
    }

    fn count(&mut self, sent: bool) {
        self.unsent += u64::from(!sent);
    }

    fn send_result(&mut self, request_id: RmwRequestId, status: GoalStatusEnum, result: T::Result) {
        let sent = self.server.send_result(request_id, GetResultResponse { status, result }).is_ok();
        self.count(sent);
    }

    fn canceling(&mut self, request: &wire::CancelGoalRequest) -> (wire::CancelGoalResponse, Vec<GoalId>) {
        let refused = |return_code| (wire::CancelGoalResponse { return_code, goals_canceling: Vec::new() }, Vec::new());
        // The crate keeps the request's fields to itself, but it can be written and read again.
        let bytes = recode::encode(request);
        let Ok(request) = bytes.and_then(|bytes| recode::decode::<CancelGoalRequest>(&bytes)) else {
            return refused(CancelGoalResponseEnum::Rejected);
        };
        let stamp = request.goal_info.stamp;
        let stamp_nanos = i64::from(stamp.sec) * 1_000_000_000 + i64::from(stamp.nanosec);
        match self.goals.select(CancelFilter { id: request.goal_info.goal_id.uuid, stamp_nanos }) {
            CancelSelection::Unknown => refused(CancelGoalResponseEnum::UnknownGoal),
            CancelSelection::Terminated => refused(CancelGoalResponseEnum::GoalTerminated),
            // Nothing to cancel among all goals, or those before a time, is no error in rcl.
            CancelSelection::Goals(ids) if ids.is_empty() => refused(CancelGoalResponseEnum::None),
            CancelSelection::Goals(ids) => {
                let ids: Vec<GoalId> = ids.into_iter().filter(|id| self.goals.cancel(id)).collect();
                let statuses = self.goals.statuses();
                let goals_canceling = statuses
                    .iter()
                    .filter(|(id, ..)| ids.contains(id))
                    .map(|(id, accepted_nanos, _)| info(*id, *accepted_nanos))
                    .collect();
                (wire::CancelGoalResponse { return_code: CancelGoalResponseEnum::None, goals_canceling }, ids)
            }
        }
    }

    fn publish_status(&mut self) {
        let status_list = self
            .goals
            .statuses()
            .into_iter()
            .map(|(id, nanos, status)| wire::GoalStatus { goal_info: info(id, nanos), status: wire_of(status) })
            .collect();
        let sent = self.server.send_goal_statuses(wire::GoalStatusArray { status_list }).is_ok();
        self.count(sent);
    }
}

fn info(id: GoalId, nanos: i64) -> wire::GoalInfo {
    let mut goal_id = wire::GoalId::ZERO;
    goal_id.uuid = uuid_of(id);
    wire::GoalInfo { goal_id, stamp: builtin_interfaces::Time::from_nanos(nanos) }
}

fn uuid_of(id: GoalId) -> uuid::Uuid {
    uuid::Uuid::from_bytes(id)
}

fn wire_of(status: GoalStatus) -> GoalStatusEnum {
    match status {
        GoalStatus::Accepted => GoalStatusEnum::Accepted,
        GoalStatus::Executing => GoalStatusEnum::Executing,
        GoalStatus::Canceling => GoalStatusEnum::Canceling,
        GoalStatus::Succeeded => GoalStatusEnum::Succeeded,
        GoalStatus::Canceled => GoalStatusEnum::Canceled,
        GoalStatus::Aborted => GoalStatusEnum::Aborted,
    }
}
