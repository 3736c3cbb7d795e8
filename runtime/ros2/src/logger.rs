//! Log lines: to the terminal as ROS prints them, and to `/rosout`.

use super::messages::rcl_interfaces::Log;
use super::node::{Node, NodeError, Publisher};
use super::qos::Qos;
use super::time::RosTime;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

/// Severity of a line; the discriminants are those of `rcl_interfaces/Log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Severity {
    /// For developers.
    Debug = 10,
    /// Normal operation.
    Info = 20,
    /// Possible problems.
    Warn = 30,
    /// Failures.
    Error = 40,
    /// Failures that end the node.
    Fatal = 50,
}

impl Severity {
    /// All, least severe first.
    pub const ALL: [Self; 5] = [Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// As ROS prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// A line is not repeated within this time.
const REPEAT: Duration = Duration::from_secs(5);
/// Distinct lines remembered for that.
const MAX_REMEMBERED: usize = 64;

/// A node's log.
pub struct Logger {
    name: String,
    least: Severity,
    terminal: bool,
    topic: Option<Publisher<Log>>,
    recent: BTreeMap<String, Instant>,
}

impl Logger {
    /// Opens `/rosout` unless `to_topic` is false. Lines below `least` go nowhere.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(node: &mut Node, least: Severity, terminal: bool, to_topic: bool) -> Result<Self, NodeError> {
        let name = node.names().identity().logger_name();
        let topic = if to_topic { Some(node.publisher("/rosout", Qos::Log)?) } else { None };
        Ok(Self { name, least, terminal, topic, recent: BTreeMap::new() })
    }

    /// Writes a line. The same key is written at most once in 5 s: what happens at 50 Hz must not flood.
    pub fn log_once_in_a_while<T: Display + ?Sized>(&mut self, now: RosTime, severity: Severity, key: &str, text: &T) {
        let at = Instant::now();
        if self.recent.get(key).is_some_and(|last| at.duration_since(*last) < REPEAT) {
            return;
        }
        if self.recent.len() >= MAX_REMEMBERED {
            self.recent.retain(|_, last| at.duration_since(*last) < REPEAT);
            if self.recent.len() >= MAX_REMEMBERED {
                self.recent.clear();
            }
        }
        self.recent.insert(key.to_owned(), at);
        self.log(now, severity, &text.to_string());
    }

    /// Writes a line.
    pub fn log(&mut self, now: RosTime, severity: Severity, text: &str) {
        if severity < self.least {
            return;
        }
        if self.terminal {
            let (secs, nanos) = (now.nanos().div_euclid(1_000_000_000), now.nanos().rem_euclid(1_000_000_000));
            use std::io::Write;
            // A closed terminal must not end the node.
            let _ =
                writeln!(std::io::stderr().lock(), "[{}] [{secs}.{nanos:09}] [{}]: {text}", severity.name(), self.name);
        }
        if let Some(topic) = &self.topic {
            topic.publish(Log {
                stamp: now.into(),
                level: severity as u8,
                name: self.name.clone(),
                msg: text.to_owned(),
                ..Log::default()
            });
        }
    }
}
