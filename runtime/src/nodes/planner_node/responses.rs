//! Nav2's forms of plan requests and results, with its error codes.

use super::input_fault::InputFault;
use crate::gate::{CheckedPlan, Infeasible, Origin, Rejection};
use crate::nodes::managed::duration;
use crate::nodes::refusals::Input;
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::messages::interface::ActionType;
use planwright_ros2::messages::nav_msgs::Path;
use planwright_ros2::messages::{nav2_msgs, nav2_msgs_lyrical};
use std::time::Duration;

/// Nav2's error codes of `ComputePathToPose`, as in its own definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum ErrorCode {
    /// A path.
    None = 0,
    /// A failure without a code of its own; named in the message.
    Unknown = 200,
    /// `planner_id` names another planner.
    InvalidPlanner = 201,
    /// No transform to the map, or no plausible odometry.
    TfError = 202,
    /// The start lies outside the map.
    StartOutsideMap = 203,
    /// The goal lies outside the map.
    GoalOutsideMap = 204,
    /// The start lies in a wall, or too near to one.
    StartOccupied = 205,
    /// The goal lies in a wall, or too near to one.
    GoalOccupied = 206,
    /// No checked plan in time.
    Timeout = 207,
    /// No way from start to goal, or no plan that passes the gate.
    NoValidPath = 208,
}

impl ErrorCode {
    /// Every code with its name in Nav2's definition and its cause, for the reference.
    pub const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::None, "NONE", "a checked plan"),
        (
            Self::Unknown,
            "UNKNOWN",
            "a pose that is no pose, no map yet, a stale map, too many goals, or preempted by a newer goal; the message says which",
        ),
        (Self::InvalidPlanner, "INVALID_PLANNER", "`planner_id` is none of the parameter `planner_ids`"),
        (Self::TfError, "TF_ERROR", "no odometry, stale or implausible odometry, or no transform to the map's frame"),
        (Self::StartOutsideMap, "START_OUTSIDE_MAP", "the start lies outside the map"),
        (Self::GoalOutsideMap, "GOAL_OUTSIDE_MAP", "the goal lies outside the map"),
        (
            Self::StartOccupied,
            "START_OCCUPIED",
            "the start lies in a wall, or nearer to one than the robot's radius by more than 0.03 m, of a polygon by more than its padding",
        ),
        (
            Self::GoalOccupied,
            "GOAL_OCCUPIED",
            "the goal lies in a wall, or nearer to one than the robot's radius and `clearance_m`",
        ),
        (Self::Timeout, "TIMEOUT", "the plan was not ready within `deadline_secs`, or the planner hangs"),
        (
            Self::NoValidPath,
            "NO_VALID_PATH",
            "no way from start to goal on the map; or no plan passed the gate, and the message names the check",
        ),
    ];
}

/// The reason why there is no path.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanningFailure {
    /// Nav2's code.
    pub code: ErrorCode,
    /// Its name in diagnostics.
    pub name: &'static str,
    /// Expected and got.
    pub message: String,
}

impl PlanningFailure {
    /// A failure.
    pub fn new(code: ErrorCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { code, name, message: message.into() }
    }

    /// The gate's reason, if a fallback replaced the plan.
    pub fn of_plan(plan: &CheckedPlan) -> Option<Self> {
        let Origin::Fallback { reason, .. } = plan.origin() else { return None };
        Some(reason.into())
    }
}

impl From<Rejection> for PlanningFailure {
    fn from(reason: Rejection) -> Self {
        let code = match reason {
            Rejection::Infeasible(infeasible) => return infeasible.into(),
            Rejection::Deadline { .. } => ErrorCode::Timeout,
            Rejection::StaleObservation { .. } => ErrorCode::TfError,
            Rejection::StaleMap { .. } => ErrorCode::Unknown,
            _ => ErrorCode::NoValidPath,
        };
        Self::new(code, reason.name(), format!("expected a plan that passes the gate, got: {reason}"))
    }
}

impl From<Infeasible> for PlanningFailure {
    fn from(infeasible: Infeasible) -> Self {
        let code = match infeasible {
            Infeasible::StartOutsideMap { .. } => ErrorCode::StartOutsideMap,
            Infeasible::StartOccupied { .. } => ErrorCode::StartOccupied,
            Infeasible::GoalOutsideMap { .. } => ErrorCode::GoalOutsideMap,
            Infeasible::GoalOccupied { .. } => ErrorCode::GoalOccupied,
            Infeasible::NoWay { .. } => ErrorCode::NoValidPath,
        };
        Self::new(code, infeasible.name(), infeasible.to_string())
    }
}

impl From<InputFault> for PlanningFailure {
    /// Invalid poses have no code of their own.
    fn from(fault: InputFault) -> Self {
        let code = match fault {
            InputFault::Transform(_)
            | InputFault::TransformOf { .. }
            | InputFault::TransformUnheard { .. }
            | InputFault::Odometry(_)
            | InputFault::NoClock => ErrorCode::TfError,
            InputFault::Refused(ref refused) if refused.input != Input::Map => ErrorCode::TfError,
            _ => ErrorCode::Unknown,
        };
        Self::new(code, fault.name(), fault.to_string())
    }
}

/// A request for a path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathRequest {
    /// Goal.
    pub goal: PoseStamped,
    /// Start, instead of the robot's state.
    pub start: Option<PoseStamped>,
    /// Name of the planner.
    pub planner_id: String,
    /// Number of points of a goal of `ComputePathToPose` to pass, of which none are supported.
    pub viapoints: usize,
    /// Poses to pass before the goal, in order.
    pub via: Vec<PoseStamped>,
}

/// One of Nav2's versions of the action.
pub trait PathAction: ActionType + 'static {
    /// A goal as a request.
    fn request(goal: Self::Goal) -> PathRequest;
    /// The result of a goal.
    fn result(path: Path, planning: Duration, failure: Option<&PlanningFailure>) -> Self::Result;
}

/// Implements [`PathAction`] for one version of Nav2's messages; `viapoints` counts those of its goal.
macro_rules! path_action {
    ($messages:ident, $viapoints:expr) => {
        impl PathAction for $messages::ComputePathToPose {
            fn request(goal: Self::Goal) -> PathRequest {
                let viapoints = $viapoints(&goal);
                let start = goal.use_start.then_some(goal.start);
                PathRequest { goal: goal.goal, start, planner_id: goal.planner_id, viapoints, via: Vec::new() }
            }

            fn result(path: Path, planning: Duration, failure: Option<&PlanningFailure>) -> Self::Result {
                let (error_code, error_msg) =
                    failure.map_or((0, String::new()), |failure| (failure.code as u16, failure.message.clone()));
                $messages::ComputePathToPoseResult { path, planning_time: duration(planning), error_code, error_msg }
            }
        }
    };
}

/// The request of a goal of `ComputePathThroughPoses`; `None` without poses.
pub(super) fn request_through(goal: nav2_msgs::ComputePathThroughPosesGoal) -> Option<PathRequest> {
    let mut via = goal.goals;
    let last = via.pop()?;
    let start = goal.use_start.then_some(goal.start);
    Some(PathRequest { goal: last, start, planner_id: goal.planner_id, viapoints: 0, via })
}

/// The result of such a goal. Its codes lie 100 above those of `ComputePathToPose`.
pub(super) fn result_through(
    path: Path,
    planning: Duration,
    failure: Option<&PlanningFailure>,
) -> nav2_msgs::ComputePathThroughPosesResult {
    use nav2_msgs::ComputePathThroughPosesResult as Result;
    let code = |failure: &PlanningFailure| match failure.name {
        NO_VIAPOINTS => Result::NO_VIAPOINTS_GIVEN,
        _ => failure.code as u16 + (Result::UNKNOWN - ErrorCode::Unknown as u16),
    };
    let (error_code, error_msg) =
        failure.map_or((Result::NONE, String::new()), |failure| (code(failure), failure.message.clone()));
    Result { path, planning_time: duration(planning), error_code, error_msg }
}

/// Name of the fault of a goal without poses.
pub(super) const NO_VIAPOINTS: &str = "no_viapoints";

path_action!(nav2_msgs, |_: &nav2_msgs::ComputePathToPoseGoal| 0);
path_action!(nav2_msgs_lyrical, |goal: &nav2_msgs_lyrical::ComputePathToPoseGoal| goal.viapoints.len());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::check_problem;
    use crate::world::{Layout, MazeWorld};

    #[test]
    fn the_codes_are_those_of_the_definition() {
        use nav2_msgs::ComputePathToPoseResult as Result;
        let defined = [
            Result::NONE,
            Result::UNKNOWN,
            Result::INVALID_PLANNER,
            Result::TF_ERROR,
            Result::START_OUTSIDE_MAP,
            Result::GOAL_OUTSIDE_MAP,
            Result::START_OCCUPIED,
            Result::GOAL_OCCUPIED,
            Result::TIMEOUT,
            Result::NO_VALID_PATH,
        ];
        assert_eq!(ErrorCode::ALL.map(|(code, ..)| code as u16), defined);
    }

    #[test]
    fn the_codes_of_paths_through_poses_are_those_of_the_definition() {
        use nav2_msgs::ComputePathThroughPosesResult as Result;
        let code = |code: ErrorCode, name: &'static str| {
            let failure = PlanningFailure::new(code, name, "");
            result_through(Path::default(), Duration::ZERO, Some(&failure)).error_code
        };
        assert_eq!(code(ErrorCode::TfError, "odom_missing"), Result::TF_ERROR);
        assert_eq!(code(ErrorCode::NoValidPath, "no_way"), Result::NO_VALID_PATH);
        assert_eq!(code(ErrorCode::Unknown, NO_VIAPOINTS), Result::NO_VIAPOINTS_GIVEN);
        assert_eq!(request_through(Default::default()), None);
    }

    #[test]
    fn ends_in_walls_near_them_and_outside_and_ways_that_are_not_there_have_codes_of_their_own() {
        let world = MazeWorld::new(Layout::parse("apart", "######\n#OO#O#\n######").expect("a maze"));
        let code = |start, goal| {
            let checked = check_problem(&world, start, goal, 0.005).map_err(PlanningFailure::from);
            checked.err().map(|failure| failure.code)
        };
        let free = [1.0, 1.0];
        assert_eq!(code(free, [1.0, 2.0]), None);
        assert_eq!(code([2.0, 1.0], free), Some(ErrorCode::StartOccupied));
        assert_eq!(code([1.25, 1.0], free), Some(ErrorCode::StartOccupied));
        assert_eq!(code(free, [2.0, 1.0]), Some(ErrorCode::GoalOccupied));
        assert_eq!(code(free, [1.25, 1.0]), Some(ErrorCode::GoalOccupied));
        assert_eq!(code([-5.0, 1.0], free), Some(ErrorCode::StartOutsideMap));
        assert_eq!(code(free, [1.0, 99.0]), Some(ErrorCode::GoalOutsideMap));
        assert_eq!(code(free, [f64::NAN, 1.0]), Some(ErrorCode::GoalOccupied));
        assert_eq!(code(free, [1.0, 4.0]), Some(ErrorCode::NoValidPath));
    }
}
