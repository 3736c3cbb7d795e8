//! The lifecycle services and events of a node.
//!
//! A requested transition begins at once and ends when its work does: the answer to `change_state`
//! waits for that, while topics, diagnostics and the other services go on.

use super::machine::{LifecycleCommand, LifecycleState, Machine, TRANSITIONS, Transition, TransitionOutcome};
use crate::executor::{Executor, Reply};
use crate::messages::lifecycle_msgs as msgs;
use crate::node::{Node, NodeError, Publisher};
use crate::qos::Qos;

/// The state of a node with its events.
pub struct Lifecycle {
    machine: Machine,
    events: Publisher<msgs::TransitionEvent>,
    /// The request for the transition under way.
    waiting: Option<Reply<msgs::ChangeStateResponse>>,
    transitions: u64,
}

/// A node's state that has a lifecycle.
pub trait LifecycleNode: 'static {
    /// The lifecycle.
    fn lifecycle(&mut self) -> &mut Lifecycle;
    /// Begins the work of a transition that has been entered. It ends with [`finish`], here or later.
    fn begin(&mut self, command: LifecycleCommand);
    /// Recovers from an error: releases everything. True if the node can be configured again.
    fn recover(&mut self) -> bool;
    /// The state has changed; the work of the transition is done.
    fn entered(&mut self, state: LifecycleState);
    /// ROS time in nanoseconds, for events.
    fn now_nanos(&self) -> i64;
}

impl Lifecycle {
    /// Opens the topic of events.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(node: &mut Node) -> Result<Self, NodeError> {
        let events = node.publisher("~/transition_event", Qos::Events)?;
        Ok(Self { machine: Machine::default(), events, waiting: None, transitions: 0 })
    }

    /// The state.
    pub fn state(&self) -> LifecycleState {
        self.machine.state()
    }

    /// Transitions so far.
    pub fn transitions(&self) -> u64 {
        self.transitions
    }

    fn announce(&mut self, row: &'static Transition, now_nanos: i64) {
        self.transitions += 1;
        let description = row.message();
        self.events.publish(msgs::TransitionEvent {
            timestamp: u64::try_from(now_nanos).unwrap_or(0),
            transition: description.transition,
            start_state: description.start_state,
            goal_state: description.goal_state,
        });
    }
}

/// Requests a transition from inside the node. False if it is not possible now.
pub fn request<S: LifecycleNode>(state: &mut S, command: LifecycleCommand) -> bool {
    let row = state.lifecycle().machine.available().find(|row| row.command() == Some(command));
    row.is_some_and(|row| start(state, row, None))
}

fn start<S: LifecycleNode>(
    state: &mut S,
    row: &'static Transition,
    reply: Option<Reply<msgs::ChangeStateResponse>>,
) -> bool {
    let now = state.now_nanos();
    let lifecycle = state.lifecycle();
    let begun = lifecycle.machine.begin(row).is_ok();
    match (begun, row.command()) {
        (true, Some(command)) => {
            lifecycle.waiting = reply;
            lifecycle.announce(row, now);
            state.begin(command);
            true
        }
        _ => {
            if let Some(reply) = reply {
                reply.send(msgs::ChangeStateResponse { success: false });
            }
            false
        }
    }
}

/// Ends the transition under way. Of an error the node recovers here and now, if it can.
pub fn finish<S: LifecycleNode>(state: &mut S, outcome: TransitionOutcome) {
    let now = state.now_nanos();
    let Some(row) = state.lifecycle().machine.end(outcome) else { return };
    state.lifecycle().announce(row, now);
    if row.to == LifecycleState::ErrorProcessing {
        let recovered = state.recover();
        let outcome = if recovered { TransitionOutcome::Success } else { TransitionOutcome::Failure };
        if let Some(row) = state.lifecycle().machine.end(outcome) {
            state.lifecycle().announce(row, now);
        }
    }
    let reached = state.lifecycle().state();
    state.entered(reached);
    if let Some(reply) = state.lifecycle().waiting.take() {
        reply.send(msgs::ChangeStateResponse { success: outcome == TransitionOutcome::Success });
    }
}

/// Serves the five standard services.
///
/// # Errors
/// If the middleware refuses.
pub fn serve<S: LifecycleNode>(node: &mut Node, executor: &mut Executor<S>) -> Result<(), NodeError> {
    executor.serve(node.server::<msgs::ChangeState>("~/change_state")?, |state: &mut S, reply, request| {
        let asked = &request.transition;
        match state.lifecycle().machine.find(asked.id, &asked.label) {
            Some(row) => {
                start(state, row, Some(reply));
            }
            None => reply.send(msgs::ChangeStateResponse { success: false }),
        }
    })?;
    executor.serve(node.server::<msgs::GetState>("~/get_state")?, |state: &mut S, reply, _| {
        reply.send(msgs::GetStateResponse { current_state: state.lifecycle().state().message() });
    })?;
    executor.serve(node.server::<msgs::GetAvailableStates>("~/get_available_states")?, |_: &mut S, reply, _| {
        let available_states = LifecycleState::ALL.map(|(state, _)| state.message()).to_vec();
        reply.send(msgs::GetAvailableStatesResponse { available_states });
    })?;
    let available = node.server::<msgs::GetAvailableTransitions>("~/get_available_transitions")?;
    executor.serve(available, |state: &mut S, reply, _| {
        let available_transitions = state.lifecycle().machine.available().map(Transition::message).collect();
        reply.send(msgs::GetAvailableTransitionsResponse { available_transitions });
    })?;
    let graph = node.server::<msgs::GetAvailableTransitions>("~/get_transition_graph")?;
    executor.serve(graph, |_: &mut S, reply, _| {
        let available_transitions = TRANSITIONS.iter().map(Transition::message).collect();
        reply.send(msgs::GetAvailableTransitionsResponse { available_transitions });
    })?;
    Ok(())
}
