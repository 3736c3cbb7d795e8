//! Start, goal and map of a request, once all of it is valid.

use super::inputs::{Inputs, Placed};
use super::parameters::PlannerParameters;
use super::responses::{ErrorCode, PathRequest, PlanningFailure};
use crate::gate::{Rejection, check_problem};
use crate::world::{State, World};
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::time::RosTime;
use std::sync::Arc;

/// Characters of a name that a message repeats.
const LONGEST_QUOTED: usize = 60;

/// Start, goal and map of a valid request.
pub(super) struct Problem {
    pub(super) state: State,
    pub(super) stamp: RosTime,
    pub(super) goal: Placed,
    pub(super) via: Vec<Placed>,
    pub(super) world: Arc<World>,
    pub(super) map_secs: f64,
}

impl PathRequest {
    /// Goal, start and the poses between, as far as they are given.
    pub(super) fn poses(&self) -> impl Iterator<Item = &PoseStamped> {
        [&self.goal].into_iter().chain(&self.start).chain(&self.via)
    }
}

impl Problem {
    /// Start, goal and map of a request.
    ///
    /// # Errors
    /// Nav2's code and the fault, if the request is not for this planner or an input is missing or invalid.
    pub(super) fn of(
        request: &PathRequest,
        parameters: &PlannerParameters,
        inputs: &Inputs,
        now: RosTime,
    ) -> Result<Self, PlanningFailure> {
        let ids = &parameters.planner_ids;
        if !ids.contains(&request.planner_id) {
            let names: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
            let got: String = request.planner_id.chars().take(LONGEST_QUOTED).collect();
            let message = format!("expected planner_id to be one of {}, got '{got}'", names.join(", "));
            return Err(PlanningFailure::new(ErrorCode::InvalidPlanner, "invalid_planner", message));
        }
        if request.viapoints > 0 {
            let message = format!("expected no viapoints, got {}: this planner does not take any", request.viapoints);
            return Err(PlanningFailure::new(ErrorCode::Unknown, "viapoints", message));
        }
        let (world, map_secs) = inputs.world(parameters, now)?;
        if map_secs == f64::NEG_INFINITY {
            let secs = inputs.map().map_or(f64::INFINITY, |(_, since)| now.since(since));
            return Err(Rejection::StaleMap { secs }.into());
        }
        let goal = inputs.goal("goal", &request.goal)?;
        let (state, stamp) = match &request.start {
            Some(start) => (inputs.start(start)?, now),
            None => {
                let located = inputs.located(now, parameters.max_observation_age_secs)?;
                (located.state, located.stamp)
            }
        };
        let mut known = None;
        let via = request.via.iter().map(|pose| inputs.goal_among("goals", pose, &mut known));
        let via = via.collect::<Result<Vec<_>, _>>()?;
        let mut from = state.position;
        for to in via.iter().chain([&goal]) {
            check_problem(&world, from, to.position, parameters.clearance_m)?;
            from = to.position;
        }
        Ok(Self { state, stamp, goal, via, world, map_secs })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::NodeParameters;
    use super::*;
    use crate::nodes::map::grid_of;
    use crate::world::{Layout, Point, PointMass, Robot};
    use planwright_ros2::messages::geometry_msgs::TransformStamped;
    use planwright_ros2::odometry::OdometryLimits;
    use planwright_ros2::tf;
    use planwright_ros2::time::{Clock, ClockSource};

    const NOW: RosTime = RosTime::from_nanos(5_000_000_000);
    const FREE: [Point; 2] = [[1.0, 1.0], [3.0, 1.0]];
    const WALL: Point = [2.0, 1.0];

    fn pose([x, y]: Point, frame: &str) -> PoseStamped {
        let mut pose = PoseStamped::default();
        pose.header.frame_id = frame.to_owned();
        (pose.pose.position.x, pose.pose.position.y, pose.pose.orientation.w) = (x, y, 1.0);
        pose
    }

    fn request(start: Option<Point>, goal: Point) -> PathRequest {
        let start = start.map(|start| pose(start, "map"));
        PathRequest { goal: pose(goal, "map"), start, planner_id: String::new(), viapoints: 0, via: Vec::new() }
    }

    fn empty_inputs() -> Inputs {
        let robot: Arc<dyn Robot> = Arc::new(PointMass::default());
        Inputs::new("map", OdometryLimits::default(), robot, Clock::new(ClockSource::System))
    }

    fn inputs() -> Inputs {
        let mut inputs = empty_inputs();
        inputs.take_map(&grid_of(&Layout::umaze(), "map", NOW), NOW, false).expect("a maze");
        inputs
    }

    fn failure(request: &PathRequest, inputs: &Inputs) -> (ErrorCode, &'static str) {
        let failure = Problem::of(request, &NodeParameters::maze().planner, inputs, NOW).err().expect("no plan");
        (failure.code, failure.name)
    }

    #[test]
    fn a_valid_request_becomes_a_problem_in_the_map() {
        let problem = Problem::of(&request(Some(FREE[0]), FREE[1]), &NodeParameters::maze().planner, &inputs(), NOW);
        let problem = problem.expect("start and goal are free");
        let goal = Placed { position: FREE[1], yaw_rad: Some(0.0) };
        assert_eq!((problem.state, problem.goal, problem.stamp), (State::at_rest(FREE[0]), goal, NOW));
        assert_eq!(problem.map_secs, 5.0);
    }

    #[test]
    fn a_request_for_another_planner_or_with_viapoints_is_refused() {
        let good = request(Some(FREE[0]), FREE[1]);
        let other = PathRequest { planner_id: "SmacPlanner".to_owned(), ..good.clone() };
        assert_eq!(failure(&other, &inputs()), (ErrorCode::InvalidPlanner, "invalid_planner"));
        let passing = PathRequest { viapoints: 1, ..good };
        assert_eq!(failure(&passing, &inputs()), (ErrorCode::Unknown, "viapoints"));
    }

    #[test]
    fn a_request_without_a_map_or_odometry_is_refused() {
        let empty = empty_inputs();
        assert_eq!(failure(&request(Some(FREE[0]), FREE[1]), &empty), (ErrorCode::Unknown, "map_missing"));
        assert_eq!(failure(&request(None, FREE[1]), &inputs()), (ErrorCode::TfError, "odom_missing"));
    }

    #[test]
    fn a_request_with_an_end_in_a_wall_outside_or_in_no_frame_is_refused() {
        let of = |start, goal| failure(&request(Some(start), goal), &inputs());
        assert_eq!(of(WALL, FREE[1]), (ErrorCode::StartOccupied, "start_occupied"));
        assert_eq!(of(FREE[0], WALL), (ErrorCode::GoalOccupied, "goal_occupied"));
        assert_eq!(of([-5.0, 1.0], FREE[1]), (ErrorCode::StartOutsideMap, "start_outside_map"));
        assert_eq!(of(FREE[0], [1.0, 99.0]), (ErrorCode::GoalOutsideMap, "goal_outside_map"));
        assert_eq!(of(FREE[0], [f64::NAN, 1.0]), (ErrorCode::Unknown, "not_finite"));
        let lost = PathRequest { goal: pose(FREE[1], "kitchen"), ..request(Some(FREE[0]), FREE[1]) };
        assert_eq!(failure(&lost, &inputs()), (ErrorCode::TfError, "tf_unknown_frame"));
    }

    fn message(request: &PathRequest, inputs: &Inputs) -> String {
        let failure = Problem::of(request, &NodeParameters::maze().planner, inputs, NOW).err().expect("no plan");
        failure.message
    }

    #[test]
    fn the_first_thing_that_is_impossible_is_named_by_end_and_figure() {
        let (good, inputs) = (request(Some(FREE[0]), FREE[1]), inputs());
        let near = |start, goal| failure(&request(Some(start), goal), &inputs);
        assert_eq!(near(FREE[0], [1.25, 1.0]), (ErrorCode::GoalOccupied, "goal_occupied"));
        assert_eq!(near([1.25, 1.0], FREE[1]), (ErrorCode::StartOccupied, "start_occupied"));
        let text = message(&request(Some(FREE[0]), [1.25, 1.0]), &inputs);
        assert!(text.contains("0.05 m from a wall, needs 0.105 m"), "{text}");
        assert!(
            Problem::of(&request(Some([1.19, 1.0]), FREE[1]), &NodeParameters::maze().planner, &inputs, NOW).is_ok()
        );
        let huge = message(&request(Some(FREE[0]), [1e308, -1e308]), &inputs);
        assert!(huge.contains("1e308, -1e308") && huge.len() < 200, "{huge}");
        let mut broken = good.clone();
        broken.start.as_mut().expect("a start").pose.position.x = f64::NAN;
        assert!(message(&broken, &inputs).starts_with("`start.pose.position.x`: "), "{}", message(&broken, &inputs));
        broken.start = good.start.clone();
        broken.goal.header.frame_id.clear();
        assert!(message(&broken, &inputs).starts_with("`goal.header.frame_id`: "), "{}", message(&broken, &inputs));
        for (start, goal, end) in
            [("attic", "map", "start: "), ("map", "attic", "goal: "), ("attic", "attic", "goal: ")]
        {
            let lost = PathRequest { goal: pose(FREE[1], goal), start: Some(pose(FREE[0], start)), ..good.clone() };
            assert!(message(&lost, &inputs).starts_with(end), "{}", message(&lost, &inputs));
        }
        let other = message(&PathRequest { planner_id: "SmacPlanner".to_owned(), ..good }, &inputs);
        assert!(other.starts_with("expected planner_id to be one of '', 'GridBased', "), "{other}");
    }

    #[test]
    fn ends_in_two_rooms_are_answered_no_way() {
        let apart = Layout::parse("apart", "#####\n#O#O#\n#####").expect("a maze");
        let mut inputs = empty_inputs();
        inputs.take_map(&grid_of(&apart, "map", NOW), NOW, false).expect("a maze");
        let request = request(Some([1.0, 1.0]), [1.0, 3.0]);
        assert_eq!(failure(&request, &inputs), (ErrorCode::NoValidPath, "no_way"));
        assert!(message(&request, &inputs).contains("no way from start to goal"));
    }

    #[test]
    fn the_goals_direction_is_the_maps_and_zeros_give_none() {
        let goal_of = |goal: PoseStamped, inputs: &Inputs| {
            let request = PathRequest { goal, ..request(Some(FREE[0]), FREE[1]) };
            Problem::of(&request, &NodeParameters::maze().planner, inputs, NOW).map(|problem| problem.goal)
        };
        let turned = |yaw_rad: f64, frame: &str| {
            let mut goal = pose(FREE[1], frame);
            goal.pose.orientation = tf::Quaternion::from_yaw(yaw_rad).into();
            goal
        };
        let mut inputs = inputs();
        let yaw = |goal: PoseStamped, inputs: &Inputs| goal_of(goal, inputs).expect("a goal").yaw_rad;
        assert!(yaw(turned(2.5, "map"), &inputs).is_some_and(|yaw| (yaw - 2.5).abs() < 1e-12));
        let mut zeros = pose(FREE[1], "map");
        zeros.pose.orientation.w = 0.0;
        assert_eq!(yaw(zeros, &inputs), None);
        let mut upwards = pose(FREE[1], "map");
        (upwards.pose.orientation.y, upwards.pose.orientation.w) = (-0.5, 0.5);
        assert_eq!(yaw(upwards, &inputs), None, "a direction that the rounding would decide");
        // A frame turned by a quarter, whose origin is chosen so that the goal stays where it is.
        let mut quarter = TransformStamped::default();
        (quarter.header.frame_id, quarter.child_frame_id) = ("map".to_owned(), "turned".to_owned());
        quarter.transform.translation.x = FREE[1][0] + FREE[1][1];
        quarter.transform.translation.y = FREE[1][1] - FREE[1][0];
        quarter.transform.rotation = tf::Quaternion::from_yaw(std::f64::consts::FRAC_PI_2).into();
        inputs.transforms.insert_message(&quarter, true).expect("a transform");
        let goal = goal_of(turned(0.5, "turned"), &inputs).expect("a goal");
        let wanted = 0.5 + std::f64::consts::FRAC_PI_2;
        assert!(goal.yaw_rad.is_some_and(|yaw| (yaw - wanted).abs() < 1e-12), "{goal:?}");
        let mut start = pose(FREE[0], "map");
        start.pose.orientation.w = 0.0;
        let undirected = PathRequest { start: Some(start), ..request(None, FREE[1]) };
        assert!(Problem::of(&undirected, &NodeParameters::maze().planner, &inputs, NOW).is_ok());
    }

    #[test]
    fn on_a_stale_map_nothing_is_judged() {
        let mut parameters = NodeParameters::maze().planner;
        parameters.max_map_age_secs = 1.0;
        let later = RosTime::from_nanos(7_000_000_000);
        let failure = Problem::of(&request(Some(FREE[0]), WALL), &parameters, &inputs(), later).err().expect("no plan");
        assert_eq!((failure.code, failure.name), (ErrorCode::Unknown, "stale_map"));
        assert!(failure.message.contains("map 2.000 s old"), "{}", failure.message);
    }

    #[test]
    fn a_map_older_than_its_limit_holds_no_more() {
        let mut parameters = NodeParameters::maze().planner;
        parameters.max_map_age_secs = 1.0;
        let later = RosTime::from_nanos(7_000_000_000);
        let map_secs = |now| inputs().world(&parameters, now).expect("a map").1;
        assert_eq!((map_secs(NOW), map_secs(later)), (5.0, f64::NEG_INFINITY));
    }
}
