//! Common parts of every node: log, clock, typed parameters, diagnostics and the latch of its first fault.

use crate::diagnostics::{self, FaultLatch, Status};
use crate::executor::{Executor, Waker};
use crate::logger::{Logger, Severity};
use crate::messages::diagnostic_msgs::DiagnosticArray;
use crate::messages::rcl_interfaces as rcl;
use crate::messages::{rosgraph_msgs, std_srvs};
use crate::node::{Node, NodeError, Publisher, QosMismatch};
use crate::parameter::{self, Change, ParameterSet, ParameterStore};
use crate::qos::Qos;
use crate::time::{Clock, ClockSource, Jump, RosTime, StampError};
use std::fmt::Display;
use std::time::{Duration, Instant};

mod parameters;

use parameters::PendingSet;
pub use parameters::finish_set;

/// Common parts of a node with the parameters `P`.
pub struct Base<P> {
    /// The node on the wire.
    pub node: Node,
    /// Its log.
    pub logger: Logger,
    /// Its clock.
    pub clock: Clock,
    /// Its parameters, as set last.
    pub parameters: P,
    store: ParameterStore,
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

/// A node's decision on parameter values that are valid by themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// They are set.
    Accept,
    /// Decided by a later [`finish_set`].
    Defer,
    /// They are not set, for this reason.
    Reject(String),
}

/// A node's state.
pub trait NodeState: 'static {
    /// The node's parameters.
    type Parameters: ParameterSet;

    /// The common parts.
    fn base(&mut self) -> &mut Base<Self::Parameters>;
    /// Whether a change of a [deferred](parameter::Descriptor::deferred) parameter takes long now.
    fn defers(&self) -> bool {
        false
    }
    /// Checks all parameters as they would be after a set; `deferred` if it may answer [`Verdict::Defer`].
    fn check_parameters(&mut self, _after: &Self::Parameters, _deferred: bool) -> Verdict {
        Verdict::Accept
    }
    /// Parameters have been set.
    fn parameters_changed(&mut self, changes: &[Change]);
    /// ROS time has jumped.
    fn time_jumped(&mut self, _jump: &Jump) {}
    /// A message of `/clock` was taken, or refused for this reason; then simulated time stands.
    fn clock_taken(&mut self, _refused: Option<&StampError>) {}
    /// A peer does not fit one of this node's topics. True if the node hears it on another way, so that it is no fault.
    fn takes_mismatch(&mut self, _mismatch: &QosMismatch) -> bool {
        false
    }
    /// The node's own diagnostics, once a second.
    fn statuses(&mut self) -> Vec<Status>;
    /// The first fault was cleared by a request.
    fn fault_cleared(&mut self) {}
    /// Writes have failed for too long: the middleware is broken.
    fn middleware_failed(&mut self);
}

/// What a node is opened with.
pub struct NodeSetup<P> {
    /// The node.
    pub node: Node,
    /// Parameters with the values from files and arguments.
    pub parameters: P,
    /// The same by name, with their descriptors.
    pub store: ParameterStore,
    /// Least severity that is logged.
    pub severity: Severity,
    /// Whether lines go to the terminal.
    pub log_to_terminal: bool,
    /// Whether lines go to `/rosout`.
    pub log_to_topic: bool,
}

/// A bool parameter of every node: time from `/clock` instead of the system.
pub const USE_SIM_TIME: &str = "use_sim_time";
/// Periods of 20 ms in which every write failed before the middleware counts as broken.
const WRITE_FAULT_ROW: u64 = 50;
/// A fault of the middleware that lasts this long ends the process: what supervises it starts it afresh.
const WRITE_FAULT_EXIT: Duration = Duration::from_secs(5);

impl<P: ParameterSet> Base<P> {
    /// Opens log, clock, events and diagnostics.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(setup: NodeSetup<P>, waker: Waker) -> Result<Self, NodeError> {
        let NodeSetup { mut node, parameters, store, severity, log_to_terminal, log_to_topic } = setup;
        let logger = Logger::open(&mut node, severity, log_to_terminal, log_to_topic)?;
        let base = Self {
            events: node.publisher("/parameter_events", Qos::Events)?,
            diagnostics: node.publisher("/diagnostics", Qos::Reliable)?,
            node,
            logger,
            clock: Clock::new(clock_source(&store)),
            parameters,
            store,
            faults: FaultLatch::default(),
            waker,
            pending: None,
            malformed: 0,
            started: Instant::now(),
        };
        let name = base.node.names().identity().fully_qualified();
        base.events.publish(parameter::declared_event(&base.store, base.now().into(), &name));
        Ok(base)
    }

    /// ROS time.
    pub fn now(&self) -> RosTime {
        self.clock.now()
    }

    /// Writes a line.
    pub fn log(&mut self, severity: Severity, text: &str) {
        self.logger.log(self.clock.now(), severity, text);
    }

    /// Latches a fault and logs it, at most once every few seconds.
    pub fn fault<T: Display + ?Sized>(&mut self, name: &'static str, text: &T) {
        let now = self.clock.now();
        self.faults.note(now, name, text);
        self.logger.log_once_in_a_while(now, Severity::Warn, name, &format_args!("{name}: {text}"));
    }

    fn announce(&mut self, changes: &[Change]) {
        let name = self.node.names().identity().fully_qualified();
        if let Some(event) = parameter::changed_event(changes, self.clock.now().into(), &name) {
            self.events.publish(event);
        }
    }
}

fn clock_source(store: &ParameterStore) -> ClockSource {
    if store.read(USE_SIM_TIME).unwrap_or(false) { ClockSource::Simulated } else { ClockSource::System }
}

/// Serves parameters, clock and diagnostics.
///
/// # Errors
/// If the middleware refuses.
pub fn serve<S: NodeState>(base: &mut Base<S::Parameters>, executor: &mut Executor<S>) -> Result<(), NodeError> {
    let node = &mut base.node;
    parameters::serve(node, executor)?;
    executor.serve(node.server::<std_srvs::Trigger>("~/clear_fault")?, |state: &mut S, reply, _| {
        let cleared = state.base().faults.clear();
        let message = cleared.as_ref().map_or_else(|| "no fault".to_owned(), |fault| fault.name.to_owned());
        state.fault_cleared();
        reply.send(std_srvs::TriggerResponse { success: cleared.is_some(), message });
    })?;
    // Of the clock's type, unlike the crate's own subscription, with which simulated time never moves.
    executor.subscribe(
        node.subscription::<rosgraph_msgs::Clock>("/clock", Qos::Sensor)?,
        |state: &mut S, message, _| match RosTime::try_from(&message.clock) {
            Ok(stamp) => {
                state.clock_taken(None);
                if let Some(jump) = state.base().clock.on_clock_message(stamp) {
                    jumped(state, &jump);
                }
            }
            Err(error) => {
                state.base().fault("clock_invalid", &error.to_string());
                state.clock_taken(Some(&error));
            }
        },
    )?;
    executor.every(Duration::from_secs(1), |state: &mut S| {
        if let Some(jump) = state.base().clock.poll_system() {
            jumped(state, &jump);
        }
        while let Some(mismatch) = state.base().node.qos_mismatch() {
            if !state.takes_mismatch(&mismatch) {
                let text =
                    format!("expected peers that understand each other on {}, got: {}", mismatch.topic, mismatch.text);
                state.base().fault("qos_mismatch", &text);
            }
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
    // 0 beside running peers: another domain, no multicast, or an rmw that is not DDS.
    status.value("peers", base.node.peers());
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
