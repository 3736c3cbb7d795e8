//! What is wrong with an input, by name, with what was expected and got.

use super::odometry_fault::OdometryFault;
use crate::nodes::map::MapError;
use crate::nodes::refusals::{Reason, Refused};
use crate::world::map::grid::GridError;
use planwright_ros2::tf::TransformError;
use planwright_ros2::validate::InvalidMessage;

/// What is wrong with an input.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InputFault {
    /// An invalid message.
    #[error(transparent)]
    Invalid(#[from] InvalidMessage),
    /// No transform between two frames.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// No transform from the frame of a request's pose to the map's.
    #[error("{of}: {fault}")]
    TransformOf {
        /// `start`, `goal` or `goal_pose`.
        of: &'static str,
        /// What is missing.
        fault: TransformError,
    },
    /// No transform between two frames, and a publisher of some that cannot be heard.
    #[error("{}\nhint: transforms come from a publisher that does not fit: {unheard}", first_line(.fault))]
    TransformUnheard {
        /// What is missing.
        fault: TransformError,
        /// Topic and qualities of service.
        unheard: String,
    },
    /// A map that is no maze.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A map that is too large, or changes of one that do not fit.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// More changes of a map than are kept.
    #[error("expected at most {0} updates of a map with {1} cells while it is read, got more")]
    Updates(usize, usize),
    /// A map in another frame than the planner's.
    #[error(
        "expected the map in frame '{expected}', got '{got}'\nhint: set the parameter map_frame, or publish the map in that frame"
    )]
    MapFrame {
        /// The parameter's.
        expected: String,
        /// The message's.
        got: String,
    },
    /// Implausible odometry.
    #[error(transparent)]
    Odometry(#[from] OdometryFault),
    /// Odometry that moves faster than the robot can.
    #[error(
        "expected odometry of at most {limit_mps:.3} m/s, got {mps:.3} m/s\nhint: parameter max_speed_mps; is the twist in m/s?"
    )]
    Speed {
        /// Of its twist.
        mps: f64,
        /// Of the limits, with their margin.
        limit_mps: f64,
    },
    /// No map yet.
    #[error(
        "expected a map, got none yet\nhint: does something publish nav_msgs/OccupancyGrid on the topic map, reliable and transient local?"
    )]
    NoMap,
    /// No map yet, and a publisher of one that cannot be heard.
    #[error(
        "expected a map, got none from a publisher that does not fit: {0}\nhint: publish it reliable and transient local"
    )]
    MapUnheard(String),
    /// Another map than the one a plan was made for.
    #[error(
        "expected the plan to be clear on the newest map, got one that came while it was made\nhint: send the goal again"
    )]
    MapChanged,
    /// No simulated time yet.
    #[error(
        "expected time on /clock, got none yet\nhint: use_sim_time is true: does a simulator publish rosgraph_msgs/Clock?"
    )]
    NoClock,
    /// A message that does not decode.
    #[error("expected a message that decodes, got other bytes\nhint: is the publisher's type the same?")]
    Malformed,
    /// The newest message of an input was refused.
    #[error("{0}")]
    Refused(Box<Refused>),
}

impl From<Refused> for InputFault {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl InputFault {
    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invalid(invalid) => invalid.name(),
            Self::Transform(error)
            | Self::TransformOf { fault: error, .. }
            | Self::TransformUnheard { fault: error, .. } => error.name(),
            Self::Map(_) => "map_no_maze",
            Self::Grid(GridError::Size { .. } | GridError::Origin { .. }) => "map_too_large",
            Self::Grid(GridError::Resolution(_)) => "map_resolution",
            Self::Grid(GridError::Cells { .. }) => "map_length",
            Self::Grid(GridError::Occupancy { .. }) => "map_cell",
            Self::Grid(_) | Self::Updates(..) => "map_update",
            Self::MapFrame { .. } => "map_frame",
            Self::Odometry(fault) => fault.name(),
            Self::Speed { .. } => "odom_speed",
            Self::NoMap | Self::MapUnheard(_) => "map_missing",
            Self::MapChanged => "map_changed",
            Self::NoClock => "clock_missing",
            Self::Malformed => "message_malformed",
            Self::Refused(refused) => refused.input.fault_name(),
        }
    }

    /// As the reason of a refusal; `stamp_age_secs` is the message's.
    pub(super) fn reason(&self, stamp_age_secs: Option<f64>) -> Reason {
        Reason { name: self.name(), text: self.to_string(), stamp_age_secs }
    }
}

/// Without the hint.
fn first_line(fault: &TransformError) -> String {
    fault.to_string().lines().next().unwrap_or_default().to_owned()
}
