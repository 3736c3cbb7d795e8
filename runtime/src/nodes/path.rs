//! Plans as messages: `nav_msgs/Path`, and markers for RViz.

use crate::gate::{CheckedPlan, Origin};
use crate::geometry::Footprint;
use crate::nodes::robot::{is_drive, turns_in_place};
use crate::trajectory::Trajectory;
use crate::world::{Point, Robot, State, Sweep, World};
use planwright_ros2::messages::builtin_interfaces;
use planwright_ros2::messages::geometry_msgs::{Point as RosPoint, Pose, PoseStamped};
use planwright_ros2::messages::nav_msgs::Path;
use planwright_ros2::messages::std_msgs::{ColorRGBA, Header};
use planwright_ros2::messages::visualization_msgs::{Marker, MarkerArray};
use planwright_ros2::tf::Quaternion;
use planwright_ros2::time::RosTime;
use std::time::Duration;

/// Poses a path may have: with ROS 2's default middleware a message above 60 KB may stall, and a pose takes 72
/// bytes and its frame's name.
pub const MAX_POSES: usize = 600;

/// How a plan is written as a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathStyle {
    /// Time between poses, seconds.
    pub period_secs: f64,
    /// The clearance that the polyline must keep as the plan did, metres.
    pub clearance_m: f64,
}

/// Whether the polyline of a path in the map's frame keeps `clearance_m` on another map than it was planned on. False for one
/// without poses, and for a polygon whose heading a path does not give: that of a base that moves sideways.
pub fn keeps_clear(path: &Path, world: &World, clearance_m: f64) -> bool {
    let states: Vec<State> = path
        .poses
        .iter()
        .map(|PoseStamped { pose, .. }| {
            let yaw_rad = Quaternion::from(&pose.orientation).yaw();
            State::at_pose([pose.position.x, pose.position.y], yaw_rad)
        })
        .collect();
    let has_heading = is_drive(world.robot()) || matches!(world.robot().footprint(), Footprint::Circle { .. });
    has_heading && !states.is_empty() && world.sweep().states(&states).is_clear_by(clearance_m)
}

/// A checked plan as a path in `frame`, with the times at which its poses are meant to be reached.
///
/// Poses are `period_secs` of the style apart, unless the straight lines between them would cut a corner: then
/// they lie closer, so that the path keeps the clearance for which its plan was checked. At most [`MAX_POSES`].
///
/// Poses point in the direction of travel, those of a drive in its heading; the last one of a plan to the goal has `goal_yaw_rad`, if it is given:
/// controllers take the goal's direction from there. A fallback ends elsewhere and points in the direction of travel.
pub fn path_of(
    plan: &CheckedPlan,
    world: &World,
    frame: &str,
    start: RosTime,
    style: &PathStyle,
    goal_yaw_rad: Option<f64>,
) -> Path {
    let trajectory = plan.trajectory();
    let count = trajectory.states.len();
    let step_secs = trajectory.dt_secs;
    let least = count.div_ceil(MAX_POSES).max(1);
    let mut stride = ((style.period_secs / step_secs).round() as usize).max(least);
    while stride > least && !corners_keep_clear(trajectory, stride, &world.sweep(), style.clearance_m) {
        stride = (stride / 2).max(least);
    }
    path(
        indices(count, stride).filter_map(|index| {
            let state = trajectory.states.get(index)?;
            Some((index as f64 * step_secs, *state))
        }),
        frame,
        start,
        goal_yaw_rad.filter(|_| plan.origin() == Origin::Planned && may_end_in_any_direction(world.robot())),
        if is_drive(world.robot()) { heading } else { direction },
    )
}

/// A car ends its path in the direction that it has there.
fn may_end_in_any_direction(robot: &dyn Robot) -> bool {
    !is_drive(robot) || turns_in_place(robot)
}

/// An unchecked proposal as a path, which ends in the goal's direction.
pub fn raw_path_of(proposal: &Trajectory, frame: &str, start: RosTime, goal_yaw_rad: Option<f64>) -> Path {
    let stride = proposal.states.len().div_ceil(MAX_POSES).max(1);
    path(
        indices(proposal.states.len(), stride).filter_map(|index| {
            let state = proposal.states.get(index)?;
            Some((index as f64 * proposal.dt_secs, *state))
        }),
        frame,
        start,
        goal_yaw_rad,
        direction,
    )
}

/// Every `stride`-th index and the last.
fn indices(count: usize, stride: usize) -> impl Iterator<Item = usize> + Clone {
    let last = count.saturating_sub(1);
    (0..count).step_by(stride).chain((count > 0 && !last.is_multiple_of(stride)).then_some(last))
}

fn corners_keep_clear(trajectory: &Trajectory, stride: usize, sweep: &Sweep<'_>, clearance_m: f64) -> bool {
    let points = indices(trajectory.states.len(), stride)
        .filter_map(|index| trajectory.states.get(index))
        .map(|state| state.position);
    sweep.path(points).is_clear_by(clearance_m)
}

/// Direction of travel; `None` at rest.
fn direction(state: &State) -> Option<f64> {
    (state.speed() > 1e-3).then(|| state.velocity[1].atan2(state.velocity[0]))
}

/// Direction of a drive.
fn heading(state: &State) -> Option<f64> {
    Some(state.heading_rad)
}

fn path(
    states: impl Iterator<Item = (f64, State)> + Clone,
    frame: &str,
    start: RosTime,
    end_yaw_rad: Option<f64>,
    direction: impl Fn(&State) -> Option<f64>,
) -> Path {
    let header = |stamp: RosTime| Header { stamp: stamp.into(), frame_id: frame.to_owned() };
    // Before it moves, a robot points to where it will; one that never does, in the direction of the end.
    let first = states.clone().find_map(|(_, state)| direction(&state));
    let mut yaw = first.or(end_yaw_rad).unwrap_or(0.0);
    let mut poses: Vec<PoseStamped> = states
        .map(|(secs, state)| {
            // At rest the direction is the one before.
            yaw = direction(&state).unwrap_or(yaw);
            PoseStamped {
                header: header(start.saturating_add(Duration::from_secs_f64(secs))),
                pose: pose(state.position, yaw),
            }
        })
        .collect();
    if let (Some(yaw), Some(last)) = (end_yaw_rad, poses.last_mut()) {
        last.pose.orientation = Quaternion::from_yaw(yaw).into();
    }
    Path { header: header(start), poses }
}

fn pose(position: Point, yaw: f64) -> Pose {
    Pose {
        position: RosPoint { x: position[0], y: position[1], z: 0.0 },
        orientation: Quaternion::from_yaw(yaw).into(),
    }
}

/// The view's colours for RViz: grey is proposed, green checked, red a fallback, yellow the goal.
pub fn markers_of(
    plan: &CheckedPlan,
    proposal: &Trajectory,
    goal: Point,
    world: &World,
    frame: &str,
    stamp: RosTime,
) -> MarkerArray {
    let planned = plan.origin() == Origin::Planned;
    let checked_colour = if planned { [0.2, 0.8, 0.3] } else { [0.9, 0.2, 0.2] };
    let stride = plan.trajectory().states.len().div_ceil(MAX_POSES / 2).max(1);
    let checked = indices(plan.trajectory().states.len(), stride)
        .filter_map(|index| plan.trajectory().states.get(index))
        .map(|state| state.position);
    let diameter_m = 2.0 * world.robot().footprint().circumscribed_radius_m();
    let mut goal_marker = marker("goal", Marker::SPHERE, [0.95, 0.85, 0.1], diameter_m, frame, stamp);
    goal_marker.pose = pose(goal, 0.0);
    goal_marker.scale.y = goal_marker.scale.x;
    goal_marker.scale.z = goal_marker.scale.x;
    MarkerArray {
        markers: vec![
            line("proposal", [0.6, 0.6, 0.6], 0.02, proposal.points(), frame, stamp),
            line("plan", checked_colour, 0.05, checked, frame, stamp),
            goal_marker,
        ],
    }
}

fn line(
    namespace: &str,
    colour: [f32; 3],
    width_m: f64,
    points: impl Iterator<Item = Point>,
    frame: &str,
    stamp: RosTime,
) -> Marker {
    let mut marker = marker(namespace, Marker::LINE_STRIP, colour, width_m, frame, stamp);
    marker.points = points.map(|point| RosPoint { x: point[0], y: point[1], z: 0.0 }).collect();
    if marker.points.len() < 2 {
        // RViz complains about a line of one point.
        marker.points.clear();
        marker.action = Marker::DELETE;
    }
    marker
}

fn marker(namespace: &str, kind: i32, colour: [f32; 3], width_m: f64, frame: &str, stamp: RosTime) -> Marker {
    let mut marker = Marker {
        header: Header { stamp: stamp.into(), frame_id: frame.to_owned() },
        ns: namespace.to_owned(),
        r#type: kind,
        action: Marker::ADD,
        color: ColorRGBA { r: colour[0], g: colour[1], b: colour[2], a: 1.0 },
        // Forgotten by RViz when plans stop coming.
        lifetime: builtin_interfaces::Duration { sec: 2, nanosec: 0 },
        ..Marker::default()
    };
    marker.pose.orientation.w = 1.0;
    marker.scale.x = width_m;
    marker
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Footprint, Layout, PointMass};

    #[test]
    fn the_last_state_is_always_there_once() {
        for (count, stride) in [(0, 3), (1, 3), (3, 3), (4, 3), (10, 3), (11, 5)] {
            let all: Vec<usize> = indices(count, stride).collect();
            assert_eq!(all.last().copied(), count.checked_sub(1), "{count} {stride}");
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
        }
    }

    /// The yaw of every pose of a path over these velocities.
    fn yaws(velocities: &[Point], end_yaw_rad: Option<f64>) -> Vec<f64> {
        let states = velocities.iter().map(|velocity| (0.0, State::moving([1.0, 1.0], *velocity)));
        let path = path(states, "map", RosTime::ZERO, end_yaw_rad, direction);
        path.poses.iter().map(|pose| 2.0 * pose.pose.orientation.z.atan2(pose.pose.orientation.w)).collect()
    }

    #[test]
    fn the_last_pose_has_the_goals_direction_and_the_others_that_of_travel() {
        let velocities = [[0.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [0.0, 0.0]];
        let (up, back) = (0.5 * std::f64::consts::PI, std::f64::consts::PI);
        let close = |got: Vec<f64>, wanted: &[f64]| {
            let alike = got.len() == wanted.len() && got.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(alike, "{got:?} and not {wanted:?}");
        };
        close(yaws(&velocities, Some(-2.5)), &[up, up, back, -2.5]);
        close(yaws(&velocities, None), &[up, up, back, back]);
        close(yaws(&[[0.0; 2]], Some(1.25)), &[1.25]);
        close(yaws(&[[0.0; 2]; 3], Some(1.25)), &[1.25; 3]);
        close(yaws(&[[0.0; 2]; 2], None), &[0.0; 2]);
        assert!(yaws(&[], Some(1.0)).is_empty());
    }

    #[test]
    fn a_path_that_would_cut_a_corner_is_written_more_finely() {
        let layout = Layout::umaze();
        // A quarter turn at 0.12 m round the wall's corner at (1.3, 2.3): the ball clears it by 2 cm, its chord does not.
        let states: Vec<State> = (0..=200)
            .map(|k| {
                let angle = std::f64::consts::PI * (1.0 - f64::from(k) / 400.0);
                State::at_rest([1.3 + 0.12 * angle.cos(), 2.3 + 0.12 * angle.sin()])
            })
            .collect();
        let trajectory = Trajectory { dt_secs: 0.01, states, commands: Vec::new() };
        let sweep = Sweep::new(&layout, PointMass::FOOTPRINT);
        let fine = sweep.path(trajectory.points()).clearance_m;
        assert!(fine > 0.005, "{fine}");
        assert!(corners_keep_clear(&trajectory, 1, &sweep, 0.005));
        assert!(!corners_keep_clear(&trajectory, 200, &sweep, 0.005));
        let wide = Sweep::new(&layout, Footprint::Circle { radius_m: 0.15 });
        assert!(!corners_keep_clear(&trajectory, 1, &wide, 0.005), "the robot's own radius counts");
    }
}
