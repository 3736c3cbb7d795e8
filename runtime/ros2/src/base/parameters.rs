//! The six parameter services: values are set together or not at all, at once or when a deferred change has succeeded.

use super::{NodeState, USE_SIM_TIME, Verdict, clock_source};
use crate::executor::{Executor, Reply};
use crate::messages::interface::ServiceType;
use crate::messages::rcl_interfaces as rcl;
use crate::node::{Node, NodeError};
use crate::parameter::{self, ParameterSet, ParameterStore, Transaction};
use std::cell::RefCell;
use std::rc::Rc;

/// Parameters whose set is deferred.
pub(super) struct PendingSet {
    transaction: Transaction,
    answer: Box<dyn FnOnce(Result<(), String>)>,
}

/// Ends a set of parameters that was answered [`Verdict::Defer`].
pub fn finish_set<S: NodeState>(state: &mut S, verdict: Result<(), String>) {
    let Some(pending) = state.base().pending.take() else { return };
    let outcome = match verdict {
        Ok(()) => commit(state, pending.transaction),
        Err(reason) => Err(reason),
    };
    (pending.answer)(outcome);
}

fn commit<S: NodeState>(state: &mut S, transaction: Transaction) -> Result<(), String> {
    let base = state.base();
    let after = base.parameters.read(transaction.after()).map_err(|error| error.to_string())?;
    let changes = base.store.commit(transaction).map_err(|error| error.to_string())?;
    base.parameters = after;
    base.announce(&changes);
    if changes.iter().any(|change| change.name == USE_SIM_TIME) {
        let source = clock_source(&base.store);
        if let Some(jump) = base.clock.set_source(source) {
            state.time_jumped(&jump);
        }
    }
    state.parameters_changed(&changes);
    Ok(())
}

/// Sets parameters together: all of them or none. `answer` gets the outcome, now or later.
fn set_together<S: NodeState>(
    state: &mut S,
    parameters: &[rcl::Parameter],
    answer: Box<dyn FnOnce(Result<(), String>)>,
) {
    if state.base().pending.is_some() {
        answer(
            Err("expected one change of parameters at a time, got another while a model is being loaded".to_owned()),
        );
        return;
    }
    let checked = parameter::prepare_set(&state.base().store, parameters).and_then(|transaction| {
        let after = state.base().parameters.read(transaction.after()).map_err(|error| error.to_string())?;
        let deferred = transaction.names().iter().any(|name| is_deferred(state, name));
        match state.check_parameters(&after, deferred) {
            Verdict::Reject(reason) => Err(reason),
            verdict => Ok((transaction, verdict == Verdict::Defer)),
        }
    });
    match checked {
        Err(reason) => answer(Err(reason)),
        Ok((transaction, true)) => state.base().pending = Some(PendingSet { transaction, answer }),
        Ok((transaction, false)) => answer(commit(state, transaction)),
    }
}

fn is_deferred<S: NodeState>(state: &mut S, name: &str) -> bool {
    state.defers() && state.base().store.descriptor(name).is_some_and(|descriptor| descriptor.deferred)
}

fn result_of(outcome: Result<(), String>) -> rcl::SetParametersResult {
    match outcome {
        Ok(()) => rcl::SetParametersResult { successful: true, reason: String::new() },
        Err(reason) => rcl::SetParametersResult { successful: false, reason },
    }
}

/// Answers a request of several parameters. Each is set by itself, but deferred ones together and last: a model is
/// loaded once.
fn set_each<S: NodeState>(state: &mut S, parameters: Vec<rcl::Parameter>, reply: Reply<rcl::SetParametersResponse>) {
    let mut results = vec![rcl::SetParametersResult::default(); parameters.len()];
    let (mut slow, mut slow_places) = (Vec::new(), Vec::new());
    for (place, (result, parameter)) in results.iter_mut().zip(parameters).enumerate() {
        if is_deferred(state, &parameter.name) {
            slow_places.push(place);
            slow.push(parameter);
            continue;
        }
        let decided = Rc::new(RefCell::new(None));
        let deciding = Rc::clone(&decided);
        set_together(state, &[parameter], Box::new(move |outcome| *deciding.borrow_mut() = Some(outcome)));
        let outcome = decided.borrow_mut().take();
        *result = result_of(outcome.unwrap_or_else(|| Err("expected a decision at once".to_owned())));
    }
    if slow.is_empty() {
        reply.send(rcl::SetParametersResponse { results });
        return;
    }
    let answer = move |outcome: Result<(), String>| {
        for place in slow_places {
            if let Some(result) = results.get_mut(place) {
                *result = result_of(outcome.clone());
            }
        }
        reply.send(rcl::SetParametersResponse { results });
    };
    set_together(state, &slow, Box::new(answer));
}

/// Serves a request that reads the store.
fn serve_read<S: NodeState, T: ServiceType>(
    node: &mut Node,
    executor: &mut Executor<S>,
    name: &str,
    read: fn(&ParameterStore, &T::Request) -> T::Response,
) -> Result<(), NodeError> {
    let answer = move |state: &mut S, reply: Reply<_>, request| reply.send(read(&state.base().store, &request));
    Ok(executor.serve(node.server::<T>(name)?, answer)?)
}

/// Serves the six services of parameters.
pub(super) fn serve<S: NodeState>(node: &mut Node, executor: &mut Executor<S>) -> Result<(), NodeError> {
    serve_read::<S, rcl::GetParameters>(node, executor, "~/get_parameters", parameter::get_parameters)?;
    serve_read::<S, rcl::GetParameterTypes>(node, executor, "~/get_parameter_types", parameter::get_parameter_types)?;
    serve_read::<S, rcl::ListParameters>(node, executor, "~/list_parameters", parameter::list_parameters)?;
    serve_read::<S, rcl::DescribeParameters>(node, executor, "~/describe_parameters", parameter::describe_parameters)?;
    executor.serve(node.server::<rcl::SetParameters>("~/set_parameters")?, |state: &mut S, reply, request| {
        set_each(state, request.parameters, reply);
    })?;
    let server = node.server::<rcl::SetParametersAtomically>("~/set_parameters_atomically")?;
    executor.serve(server, |state: &mut S, reply, request| {
        let answer = move |outcome| reply.send(rcl::SetParametersAtomicallyResponse { result: result_of(outcome) });
        set_together(state, &request.parameters, Box::new(answer));
    })?;
    Ok(())
}
