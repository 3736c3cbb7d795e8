//! Diagnostics of a node for `/diagnostics`, and the latch of its first fault.

use super::messages::diagnostic_msgs::{DiagnosticArray, DiagnosticStatus, KeyValue};
use super::messages::std_msgs::Header;
use super::time::RosTime;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Severity of a status; the discriminants are those of `diagnostic_msgs/DiagnosticStatus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// As it should be.
    #[default]
    Ok = 0,
    /// Worth a look.
    Warn = 1,
    /// Broken.
    Error = 2,
    /// No update for too long.
    Stale = 3,
}

/// One status under construction.
#[derive(Clone, Debug, Default)]
pub struct Status {
    name: &'static str,
    level: Level,
    message: String,
    values: Vec<KeyValue>,
}

impl Status {
    /// All is well so far.
    pub fn new(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    /// Adds a finding. The gravest decides the level, and all are in the message.
    pub fn find(&mut self, level: Level, message: &str) {
        self.level = self.level.max(level);
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        self.message.push_str(message);
    }

    /// Adds a value.
    pub fn value(&mut self, key: &str, value: impl std::fmt::Display) {
        self.values.push(KeyValue { key: key.to_owned(), value: value.to_string() });
    }

    /// Its level.
    pub fn level(&self) -> Level {
        self.level
    }
}

/// The array of a node's statuses.
pub fn array(node: &str, hardware_id: &str, now: RosTime, statuses: Vec<Status>) -> DiagnosticArray {
    let status = statuses
        .into_iter()
        .map(|status| DiagnosticStatus {
            level: status.level as u8,
            name: format!("{node}: {}", status.name),
            message: if status.message.is_empty() { "ok".to_owned() } else { status.message },
            hardware_id: hardware_id.to_owned(),
            values: status.values,
        })
        .collect();
    DiagnosticArray { header: Header { stamp: now.into(), frame_id: String::new() }, status }
}

/// Something that went wrong, with its name and how often it has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Its name: `odom_stopped`, `model_rejected`, ...
    pub name: &'static str,
    /// What was expected and got.
    pub text: String,
    /// When it happened first.
    pub first: RosTime,
}

/// Keeps the first fault until it is cleared, and counts all of them by name: a later fault, often a
/// consequence, must not hide the cause.
#[derive(Clone, Debug, Default)]
pub struct FaultLatch {
    first: Option<Fault>,
    counts: BTreeMap<&'static str, u64>,
}

impl FaultLatch {
    /// Records a fault. True if it is the first.
    pub fn note<T: Display + ?Sized>(&mut self, now: RosTime, name: &'static str, text: &T) -> bool {
        *self.counts.entry(name).or_default() += 1;
        let is_first = self.first.is_none();
        if is_first {
            self.first = Some(Fault { name, text: text.to_string(), first: now });
        }
        is_first
    }

    /// The first fault since the last clearing.
    pub fn first(&self) -> Option<&Fault> {
        self.first.as_ref()
    }

    /// Names and counts of all faults.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.counts.iter().map(|(name, count)| (*name, *count))
    }

    /// How often a fault happened.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// Forgets the first fault; counts stay.
    pub fn clear(&mut self) -> Option<Fault> {
        self.first.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_stays_until_it_is_cleared() {
        let mut latch = FaultLatch::default();
        let now = RosTime::from_nanos(5);
        assert!(latch.note(now, "model_rejected", "hash"));
        assert!(!latch.note(now, "no_model", "not loaded"));
        assert_eq!(latch.first().map(|fault| fault.name), Some("model_rejected"));
        assert_eq!(latch.clear().map(|fault| fault.text), Some("hash".to_owned()));
        assert!(latch.first().is_none() && latch.count("model_rejected") == 1);
        assert!(latch.note(now, "no_model", "not loaded"));
    }

    #[test]
    fn the_gravest_finding_decides() {
        let mut status = Status::new("inputs");
        status.find(Level::Warn, "odom jitters");
        status.find(Level::Error, "map missing");
        status.find(Level::Ok, "tf fine");
        let array = array("planner", "", RosTime::from_nanos(0), vec![status]);
        assert_eq!(array.status[0].level, 2);
        assert_eq!(array.status[0].message, "odom jitters; map missing; tf fine");
        assert_eq!(array.status[0].name, "planner: inputs");
    }
}
