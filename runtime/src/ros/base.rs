//! What every node has: a log, a clock, parameters, diagnostics, and a memory for its first fault.

use super::diagnostics::{self, FaultLatch, Status};
use super::executor::{Executor, Reply, Waker};
use super::logger::{Logger, Severity};
use super::messages::diagnostic_msgs::DiagnosticArray;
use super::messages::rcl_interfaces as rcl;
use super::messages::{rosgraph_msgs, std_srvs};
use super::node::{Node, NodeError, Publisher};
use super::parameter::{self, Change, ParameterStore, Transaction};
use super::qos::Qos;
use super::time::{Clock, ClockSource, Jump, RosTime};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What every node has.
pub struct Base {
    /// The node on the wire.
    pub node: Node,
    /// Its log.
    pub logger: Logger,
    /// Its clock.
    pub clock: Clock,
    /// Its parameters.
    pub parameters: ParameterStore,
    /// Its faults.
    pub faults: FaultLatch,
    /// Wakes and ends its loop.
    pub waker: Waker,
    events: Publisher<rcl::ParameterEvent>,
    diagnostics: Publisher<DiagnosticArray>,
    pending: Option<PendingSet>,
    malformed: u64,
    started: Instant,
}

/// Parameters that wait for something that takes long.
struct PendingSet {
    transaction: Transaction,
    answer: Box<dyn FnOnce(Result<(), String>)>,
}

/// What a node says to parameters that are valid by themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// They are good.
    Now,
    /// Whether they are good will turn out: [`finish_set`] has to follow.
    Later,
    /// They are not, for this reason.
    Refused(String),
}

/// A node's state.
pub trait NodeState: 'static {
    /// What every node has.
    fn base(&mut self) -> &mut Base;
    /// Whether setting this parameter may be decided [`Verdict::Later`].
    fn takes_long(&self, name: &str) -> bool;
    /// Looks at parameters before they are set.
    fn check_parameters(&mut self, transaction: &Transaction) -> Verdict;
    /// Parameters have been set.
    fn parameters_changed(&mut self, changes: &[Change]);
    /// Time is not what it was.
    fn time_jumped(&mut self, jump: &Jump);
    /// What it says of itself.
    fn statuses(&mut self) -> Vec<Status>;
    /// Writes have failed for too long: the middleware is broken.
    fn middleware_failed(&mut self);
}

/// How a node is started.
pub struct Start {
    /// The node.
    pub node: Node,
    /// Parameters with the values that files and arguments gave them.
    pub parameters: ParameterStore,
    /// Least severity that is logged.
    pub severity: Severity,
    /// Whether lines go to the terminal.
    pub log_to_terminal: bool,
    /// Whether lines go to `/rosout`.
    pub log_to_topic: bool,
}

/// Every node has this parameter.
pub const USE_SIM_TIME: &str = "use_sim_time";
/// Periods of 20 ms in which every write failed before the middleware counts as broken.
const WRITE_FAULT_ROW: u64 = 50;
/// A fault of the middleware that lasts this long ends the process: what supervises it starts it afresh.
const WRITE_FAULT_EXIT: Duration = Duration::from_secs(5);

impl Base {
    /// Opens what every node has.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(start: Start, waker: Waker) -> Result<Self, NodeError> {
        let Start { mut node, parameters, severity, log_to_terminal, log_to_topic } = start;
        let logger = Logger::open(&mut node, severity, log_to_terminal, log_to_topic)?;
        let simulated = parameters.bool(USE_SIM_TIME).unwrap_or(false);
        let source = if simulated { ClockSource::Simulated } else { ClockSource::System };
        Ok(Self {
            events: node.publisher("/parameter_events", Qos::Events)?,
            diagnostics: node.publisher("/diagnostics", Qos::Reliable)?,
            node,
            logger,
            clock: Clock::new(source),
            parameters,
            faults: FaultLatch::default(),
            waker,
            pending: None,
            malformed: 0,
            started: Instant::now(),
        })
    }

    /// ROS time.
    pub fn now(&self) -> RosTime {
        self.clock.now()
    }

    /// Writes a line.
    pub fn log(&mut self, severity: Severity, text: &str) {
        self.logger.log(self.clock.now(), severity, text);
    }

    /// Notes a fault and says so, though not more often than every few seconds.
    pub fn fault(&mut self, name: &'static str, text: &str) {
        let now = self.clock.now();
        self.faults.note(now, name, text);
        self.logger.log_once_in_a_while(now, Severity::Warn, name, &format!("{name}: {text}"));
    }

    /// A number parameter, which every caller has declared.
    pub fn double(&self, name: &str) -> f64 {
        self.parameters.double(name).unwrap_or(f64::NAN)
    }

    /// A yes-or-no parameter, which every caller has declared.
    pub fn flag(&self, name: &str) -> bool {
        self.parameters.bool(name).unwrap_or(false)
    }

    /// A text parameter, which every caller has declared.
    pub fn text(&self, name: &str) -> String {
        self.parameters.string(name).unwrap_or_default().to_owned()
    }

    fn announce(&mut self, changes: &[Change]) {
        let name = self.node.names().identity().fully_qualified();
        if let Some(event) = parameter::changed_event(changes, self.clock.now().into(), &name) {
            self.events.publish(event);
        }
    }
}

/// Ends a set of parameters that was to be decided [`Verdict::Later`].
pub fn finish_set<S: NodeState>(state: &mut S, verdict: Result<(), String>) {
    let Some(pending) = state.base().pending.take() else { return };
    let outcome = match verdict {
        Ok(()) => commit(state, pending.transaction),
        Err(reason) => Err(reason),
    };
    (pending.answer)(outcome);
}

fn commit<S: NodeState>(state: &mut S, transaction: Transaction) -> Result<(), String> {
    let changes = state.base().parameters.commit(transaction).map_err(|error| error.to_string())?;
    state.base().announce(&changes);
    if changes.iter().any(|change| change.name == USE_SIM_TIME) {
        let simulated = state.base().flag(USE_SIM_TIME);
        let source = if simulated { ClockSource::Simulated } else { ClockSource::System };
        if let Some(jump) = state.base().clock.set_source(source) {
            state.time_jumped(&jump);
        }
    }
    state.parameters_changed(&changes);
    Ok(())
}

/// Sets parameters together: all of them or none. `answer` hears how it went, now or later.
fn set_together<S: NodeState>(
    state: &mut S,
    parameters: &[rcl::Parameter],
    answer: Box<dyn FnOnce(Result<(), String>)>,
) {
    if state.base().pending.is_some() {
        answer(Err("expected one change of parameters at a time, got another while a model is being loaded".to_owned()));
        return;
    }
    let transaction = match parameter::prepare_set(&state.base().parameters, parameters) {
        Ok(transaction) => transaction,
        Err(reason) => return answer(Err(reason)),
    };
    match state.check_parameters(&transaction) {
        Verdict::Refused(reason) => answer(Err(reason)),
        Verdict::Now => {
            let outcome = commit(state, transaction);
            answer(outcome);
        }
        Verdict::Later => state.base().pending = Some(PendingSet { transaction, answer }),
    }
}

fn result_of(outcome: Result<(), String>) -> rcl::SetParametersResult {
    match outcome {
        Ok(()) => rcl::SetParametersResult { successful: true, reason: String::new() },
        Err(reason) => rcl::SetParametersResult { successful: false, reason },
    }
}

/// Answers a request of several parameters. Each is set by itself, but those that take long, which are set together
/// and last: a model is loaded once.
fn set_each<S: NodeState>(state: &mut S, parameters: Vec<rcl::Parameter>, reply: Reply<rcl::SetParametersResponse>) {
    let mut results = vec![rcl::SetParametersResult::default(); parameters.len()];
    let (mut slow, mut slow_places) = (Vec::new(), Vec::new());
    for (place, (result, parameter)) in results.iter_mut().zip(parameters).enumerate() {
        if state.takes_long(&parameter.name) {
            slow_places.push(place);
            slow.push(parameter);
            continue;
        }
        let decided = Rc::new(RefCell::new(None));
        let hear = Rc::clone(&decided);
        set_together(state, &[parameter], Box::new(move |outcome| *hear.borrow_mut() = Some(outcome)));
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

/// Serves parameters, clock and diagnostics.
///
/// # Errors
/// If the middleware refuses.
pub fn serve<S: NodeState>(base: &mut Base, executor: &mut Executor<S>) -> Result<(), NodeError> {
    let node = &mut base.node;
    executor.serve(node.server::<rcl::GetParameters>("~/get_parameters")?, |state: &mut S, reply, request| {
        reply.send(parameter::get_parameters(&state.base().parameters, &request));
    })?;
    executor.serve(node.server::<rcl::GetParameterTypes>("~/get_parameter_types")?, |state: &mut S, reply, request| {
        reply.send(parameter::get_parameter_types(&state.base().parameters, &request));
    })?;
    executor.serve(node.server::<rcl::ListParameters>("~/list_parameters")?, |state: &mut S, reply, request| {
        reply.send(parameter::list_parameters(&state.base().parameters, &request));
    })?;
    executor.serve(node.server::<rcl::DescribeParameters>("~/describe_parameters")?, |state: &mut S, reply, request| {
        reply.send(parameter::describe_parameters(&state.base().parameters, &request));
    })?;
    executor.serve(node.server::<rcl::SetParameters>("~/set_parameters")?, |state: &mut S, reply, request| {
        set_each(state, request.parameters, reply);
    })?;
    executor.serve(
        node.server::<rcl::SetParametersAtomically>("~/set_parameters_atomically")?,
        |state: &mut S, reply, request| {
            let answer = move |outcome| {
                reply.send(rcl::SetParametersAtomicallyResponse { result: result_of(outcome) });
            };
            set_together(state, &request.parameters, Box::new(answer));
        },
    )?;
    executor.serve(node.server::<std_srvs::Trigger>("~/clear_fault")?, |state: &mut S, reply, _| {
        let cleared = state.base().faults.clear();
        let message = cleared.as_ref().map_or_else(|| "no fault".to_owned(), |fault| fault.name.to_owned());
        reply.send(std_srvs::TriggerResponse { success: cleared.is_some(), message });
    })?;
    // Of the clock's type, unlike the crate's own subscription, with which simulated time never moves.
    executor.subscribe(
        node.subscription::<rosgraph_msgs::Clock>("/clock", Qos::Sensor)?,
        |state: &mut S, message, _| match RosTime::try_from(&message.clock) {
            Ok(stamp) => {
                if let Some(jump) = state.base().clock.on_clock_message(stamp) {
                    jumped(state, &jump);
                }
            }
            Err(error) => state.base().fault("clock_invalid", &error.to_string()),
        },
    )?;
    executor.every(Duration::from_secs(1), |state: &mut S| {
        if let Some(jump) = state.base().clock.poll_system() {
            jumped(state, &jump);
        }
        diagnose(state);
    });
    executor.every(Duration::from_millis(100), watch_writes);
    Ok(())
}

fn jumped<S: NodeState>(state: &mut S, jump: &Jump) {
    let text = format!("{} by {:.3} s", jump.kind.name(), jump.to.since(jump.from));
    state.base().fault("time_jumped", &text);
    state.time_jumped(jump);
}

/// A message of a topic or a service could not be decoded.
pub fn malformed<S: NodeState>(state: &mut S, name: &str) {
    let base = state.base();
    base.malformed += 1;
    base.fault("message_malformed", &format!("expected a message that decodes on {name}, got one that does not"));
}

fn watch_writes<S: NodeState>(state: &mut S) {
    let failed = state.base().node.watch().failed_in_a_row();
    if failed < WRITE_FAULT_ROW {
        return;
    }
    let text = format!("expected the middleware to take messages, got {failed} refusals in a row");
    state.base().fault("writes_blocked", &text);
    let lasting = state.base().faults.count("writes_blocked");
    if lasting as u128 >= WRITE_FAULT_EXIT.as_millis() / 100 {
        state.middleware_failed();
    }
}

fn diagnose<S: NodeState>(state: &mut S) {
    let mut statuses = state.statuses();
    let base = state.base();
    let mut status = Status::new("middleware");
    let watch = base.node.watch();
    if watch.failed_in_a_row() >= WRITE_FAULT_ROW {
        status.find(diagnostics::Level::Error, "writes_blocked");
    }
    status.value("messages_written", watch.written());
    status.value("messages_refused", watch.failed());
    status.value("messages_malformed", base.malformed);
    status.value("uptime_secs", base.started.elapsed().as_secs());
    status.value("time_jumps", base.clock.jumps());
    statuses.push(status);
    let mut status = Status::new("faults");
    if let Some(fault) = base.faults.first() {
        status.find(diagnostics::Level::Warn, &format!("{}: {}", fault.name, fault.text));
        status.value("first", fault.name);
        status.value("first_secs", fault.first.as_secs_f64());
    }
    for (name, count) in base.faults.counts() {
        status.value(name, count);
    }
    statuses.push(status);
    let name = base.node.names().identity().name().to_owned();
    let array = diagnostics::array(&name, "planwright", base.clock.now(), statuses);
    base.diagnostics.publish(array);
}
