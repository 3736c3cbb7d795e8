//! Named qualities of service. Every topic of a node states one of these, and the tables in the README show it.

use ros2_client::qos::{Durability, History, QosProfile, Reliability, WhenFull};
use std::time::Duration;

/// A named preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qos {
    /// Reliable, volatile, the last 10: plans, commands, diagnostics.
    Reliable,
    /// Best effort, volatile, the last 5: odometry and the clock. Matches every publisher.
    Sensor,
    /// Reliable and kept for those who come later, the last 1: maps.
    Latched,
    /// Reliable, volatile, the last 1: maps of publishers that keep nothing.
    Newest,
    /// Reliable, volatile, the last 100: `/tf`.
    Transforms,
    /// Reliable and kept, the last 100 (several publishers share the topic): `/tf_static`.
    StaticTransforms,
    /// Reliable, volatile, the last 100: `/parameter_events` and transition events.
    Events,
    /// Reliable and kept for 10 s, the last 100: `/rosout`.
    Log,
}

impl Qos {
    /// Its name in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reliable => "reliable",
            Self::Sensor => "sensor",
            Self::Latched => "latched",
            Self::Newest => "newest",
            Self::Transforms => "transforms",
            Self::StaticTransforms => "static transforms",
            Self::Events => "events",
            Self::Log => "log",
        }
    }

    /// The same without what is kept for late joiners: fits publishers that keep nothing, too.
    pub fn not_kept(self) -> Self {
        match self {
            Self::Latched => Self::Newest,
            Self::StaticTransforms | Self::Log => Self::Transforms,
            other => other,
        }
    }

    /// What it means.
    pub fn profile(self) -> QosProfile {
        // A full send window is an error at once: the loop that publishes must not wait for a reader.
        let reliable = Reliability::Reliable { when_full: WhenFull::Fail };
        let (reliability, durability, depth) = match self {
            Self::Reliable => (reliable, Durability::Volatile, 10),
            Self::Sensor => (Reliability::BestEffort, Durability::Volatile, 5),
            Self::Latched => (reliable, Durability::TransientLocal, 1),
            Self::Newest => (reliable, Durability::Volatile, 1),
            Self::Transforms | Self::Events => (reliable, Durability::Volatile, 100),
            Self::StaticTransforms | Self::Log => (reliable, Durability::TransientLocal, 100),
        };
        QosProfile {
            reliability,
            durability,
            history: History::KeepLast { depth },
            lifespan: (self == Self::Log).then(|| Duration::from_secs(10)),
            ..QosProfile::subscription_default()
        }
    }

    /// Requests and replies: reliable, volatile, the last 256. ROS keeps 10; what comes in a burst while the node does
    /// not run, e.g. for 0.3 s on a busy machine, must still be there when it does.
    pub fn service() -> QosProfile {
        QosProfile {
            reliability: Reliability::Reliable { when_full: WhenFull::Wait(Duration::from_millis(5)) },
            history: History::KeepLast { depth: 256 },
            ..QosProfile::subscription_default()
        }
    }
}
