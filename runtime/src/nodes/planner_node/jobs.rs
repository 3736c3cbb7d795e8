//! Jobs of the planning and the loading thread, and the results of plans.

use super::inputs::Placed;
use super::parameters::PlannerChoice;
use crate::gate::CheckedPlan;
use crate::model::EngineChoice;
use crate::nodes::path::PathStyle;
use crate::pilot::{PilotStatistics, StageLatencies};
use crate::planner::{Observation, PlannerSettings};
use crate::quantity::DriftStatus;
use crate::world::{Point, World};
use planwright_ros2::action::GoalId;
use planwright_ros2::messages::nav_msgs::Path;
use planwright_ros2::messages::visualization_msgs::MarkerArray;
use planwright_ros2::time::{Clock, RosTime};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Model, engine and settings of a planner.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRequest {
    /// What plans.
    pub planner: PlannerChoice,
    /// The model's file.
    pub model: PathBuf,
    /// The engine.
    pub engine: EngineChoice,
    /// Settings, with the seed.
    pub settings: PlannerSettings,
}

/// Receiver of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A goal of the action.
    Action(GoalId),
    /// A request of the service, by number.
    Service(u64),
    /// The driven robot.
    Drive,
}

/// A plan to make.
pub struct PlanJob {
    /// Receiver.
    pub purpose: Purpose,
    /// Start and goal.
    pub observation: Observation,
    /// ROS time when the job was made; read anew from `clock` when the job begins.
    pub now: RosTime,
    /// The node's clock.
    pub clock: Clock,
    /// The start is the request's, not measured: it does not age.
    pub start_is_given: bool,
    /// Direction at the goal, if one is given.
    pub goal_yaw_rad: Option<f64>,
    /// Poses to pass before the goal, in order.
    pub via: Vec<Placed>,
    /// The path to follow, instead of one of the planner's own.
    pub path: Option<Arc<[Point]>>,
    /// Time at which the map was last known to hold, seconds of ROS time.
    pub map_secs: f64,
    /// The robot on the map.
    pub world: Arc<World>,
    /// The map's frame.
    pub frame: Arc<str>,
    /// Sampling of its path.
    pub style: PathStyle,
    /// Whether proposal and markers are published.
    pub show: bool,
    /// Set when the plan is not needed any more.
    pub canceled: Arc<AtomicBool>,
    /// Memory for the plan, so that none is allocated for it.
    pub plan: CheckedPlan,
}

/// The result of a job.
pub struct Planned {
    /// Receiver.
    pub purpose: Purpose,
    /// The gate's output; a stop if there is no planner.
    pub plan: CheckedPlan,
    /// The plan as a path. Empty if it is a fallback for a request.
    pub path: Path,
    /// Time spent planning, correcting and checking.
    pub planning: Duration,
    /// Start and goal.
    pub observation: Observation,
    /// The robot on the map that it was checked against.
    pub world: Arc<World>,
    /// Canceled before it was done.
    pub canceled: bool,
    /// Whether there was a planner.
    pub had_planner: bool,
}

/// Messages for display only.
pub struct DebugOutput {
    /// The unchecked proposal as a path.
    pub raw: Path,
    /// For RViz.
    pub markers: MarkerArray,
}

/// Measurements since the last warm-up.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Of requests: action and service.
    pub queries: PilotStatistics,
    /// Of the driven robot.
    pub drive: PilotStatistics,
    /// Latencies of both.
    pub stages_ms: StageLatencies,
    /// Drift of the lengths of all plans from the intended distribution, if there is one.
    pub drift: Option<DriftStatus>,
}
