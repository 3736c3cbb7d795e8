//! The heartbeat bond with Nav2's lifecycle manager (protocol of bondcpp).
//!
//! Both ends send their status on one topic; each is bonded while it receives that of the other. See `bond/msg/Status`.

use super::messages::bond;
use super::messages::std_msgs::Header;
use super::node::{Node, NodeError, Publisher};
use super::qos::Qos;
use super::time::RosTime;
use std::time::{Duration, Instant};

/// What the other end is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BondState {
    /// No bond wanted: the node is not active, or the period is 0.
    Off,
    /// Waiting for the other end.
    Waiting,
    /// Heartbeats of the other end arrive.
    Formed,
    /// The other end has ended the bond or stopped sending.
    Broken,
}

impl BondState {
    /// Its name in diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Waiting => "waiting",
            Self::Formed => "formed",
            Self::Broken => "broken",
        }
    }
}

/// One end of a bond.
pub struct Bond {
    publisher: Publisher<bond::Status>,
    id: String,
    instance_id: String,
    period: Duration,
    timeout: Duration,
    state: BondState,
    sequence: u64,
    last_sent: Option<Instant>,
    last_heard: Option<Instant>,
}

impl Bond {
    /// Opens the topic. `id` is the node's name, as Nav2's nodes use it. A period of zero means no bond.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(node: &mut Node, period: Duration, timeout: Duration) -> Result<Self, NodeError> {
        let id = node.names().identity().name().to_owned();
        // Distinct from every other instance of this name on the network.
        let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let instance_id = format!("{id}-{}-{}", std::process::id(), started.as_nanos());
        Ok(Self {
            publisher: node.publisher("bond", Qos::Events)?,
            id,
            instance_id,
            period,
            timeout,
            state: BondState::Off,
            sequence: 0,
            last_sent: None,
            last_heard: None,
        })
    }

    /// What the other end is doing.
    pub fn state(&self) -> BondState {
        self.state
    }

    /// Begins to offer the bond.
    pub fn start(&mut self) {
        if !self.period.is_zero() {
            self.state = BondState::Waiting;
            self.last_sent = None;
            self.last_heard = None;
        }
    }

    /// Ends the bond.
    pub fn stop(&mut self, now: RosTime) {
        if matches!(self.state, BondState::Waiting | BondState::Formed) {
            self.send(now, false);
        }
        self.state = BondState::Off;
    }

    /// Sends a heartbeat if one is due, and notices silence. True if the bond has just broken.
    pub fn tick(&mut self, now: RosTime) -> bool {
        if matches!(self.state, BondState::Off | BondState::Broken) {
            return false;
        }
        if self.last_sent.is_none_or(|sent| sent.elapsed() >= self.period) {
            self.send(now, true);
        }
        let silent = self.last_heard.is_some_and(|heard| heard.elapsed() > self.timeout);
        if self.state == BondState::Formed && silent {
            self.state = BondState::Broken;
            return true;
        }
        false
    }

    /// Hears a message of the topic. True if the bond has just broken.
    pub fn receive(&mut self, status: &bond::Status) -> bool {
        if status.id != self.id || status.instance_id == self.instance_id {
            return false;
        }
        match (self.state, status.active) {
            (BondState::Waiting | BondState::Formed, true) => {
                self.state = BondState::Formed;
                self.last_heard = Some(Instant::now());
                false
            }
            (BondState::Formed, false) => {
                self.state = BondState::Broken;
                true
            }
            _ => false,
        }
    }

    fn send(&mut self, now: RosTime, active: bool) {
        self.last_sent = Some(Instant::now());
        self.sequence += 1;
        self.publisher.publish(bond::Status {
            header: Header { stamp: now.into(), frame_id: String::new() },
            id: self.id.clone(),
            instance_id: self.instance_id.clone(),
            active,
            heartbeat_timeout: self.timeout.as_secs_f32(),
            heartbeat_period: self.period.as_secs_f32(),
        });
    }
}
