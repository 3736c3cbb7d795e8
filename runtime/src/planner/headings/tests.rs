//! Narrow places end to end: search, correction, gate, audit.

use super::*;
use crate::evaluate::Audit;
use crate::gate::{CheckedPlan, Origin, Rejection};
use crate::geometry::{Aabb, Footprint, Point, Polygon, wrapped};
use crate::pilot::{Pilot, PilotSettings};
use crate::planner::corridor::{CorridorPlanner, PathMethod, PathOutcome, RouteMap};
use crate::planner::{Observation, PlanError, Planner};
use crate::view::View;
use crate::world::map::GridMap;
use crate::world::map::generate::narrow_passages;
use crate::world::map::grid::GridGeometry;
use crate::world::{Ackermann, Differential, DriveLimits, Omni, Robot, State, World};
use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn padded_rectangle(front_m: f64, back_m: f64, half_m: f64, padding_m: f64) -> Footprint {
    let corners = [[front_m, half_m], [-back_m, half_m], [-back_m, -half_m], [front_m, -half_m]];
    Footprint::Polygon(Polygon::new(&corners, padding_m).expect("a box"))
}

fn rectangle(front_m: f64, back_m: f64, half_m: f64) -> Footprint {
    padded_rectangle(front_m, back_m, half_m, 0.0)
}

/// 0.7 m long and 0.4 m wide: its circumscribed circle is 0.81 m wide.
pub(super) fn long_robot() -> Arc<dyn Robot> {
    Arc::new(Differential { footprint: rectangle(0.35, 0.35, 0.2), ..Differential::default() })
}

fn car() -> Arc<dyn Robot> {
    Arc::new(Ackermann { footprint: rectangle(0.4, 0.1, 0.15), ..Ackermann::default() })
}

/// A hall of 6 x 4 m with a wall in the middle, in which a gap is `gap_m` wide.
pub(super) fn hall(gap_m: f64) -> GridMap {
    let bounds = Aabb { low: [0.0, 0.0], high: [6.0, 4.0] };
    let walls = [
        Aabb { low: [2.8, 0.0], high: [3.1, 2.0 - 0.5 * gap_m] },
        Aabb { low: [2.8, 2.0 + 0.5 * gap_m], high: [3.1, 4.0] },
    ];
    GridMap::from_boxes("hall", bounds, 0.02, walls.into_iter()).expect("a grid")
}

struct Planned {
    plan: CheckedPlan,
    outcome: PathOutcome,
    is_safe: bool,
}

impl Planned {
    fn rejection(&self) -> Option<Rejection> {
        match self.plan.origin() {
            Origin::Planned => None,
            Origin::Fallback { reason, .. } => Some(reason),
        }
    }

    fn end(&self) -> State {
        *self.plan.trajectory().states.last().expect("states")
    }
}

fn plan_with(
    planner: CorridorPlanner,
    robot: Arc<dyn Robot>,
    map: GridMap,
    start: State,
    goal: Point,
    heading_rad: Option<f64>,
) -> Planned {
    let world = World::new(robot, Arc::new(map));
    let mut settings = PilotSettings { deadline: None, ..PilotSettings::default() };
    settings.correction.arrival_radius_m = 0.05;
    settings.correction.max_iterations = 1;
    let mut pilot = Pilot::new(planner, settings, View::disabled());
    pilot.set_goal_heading(heading_rad);
    let observation = Observation { state: start, goal, stamp_secs: 0.0, step: 0 };
    let plan = pilot.plan(&world, &observation, 0.0, 0.0).clone();
    let mut audit = Audit::new(&world);
    audit.look(&world, &plan);
    Planned { plan, outcome: pilot.planner().outcome(), is_safe: audit.unsafe_plans == 0 }
}

fn plan(robot: Arc<dyn Robot>, map: GridMap, start: State, goal: Point, heading_rad: Option<f64>) -> Planned {
    plan_with(CorridorPlanner::new(PathMethod::Search), robot, map, start, goal, heading_rad)
}

#[test]
fn a_long_robot_passes_a_gap_narrower_than_its_circle() {
    for (start, heading) in [([1.0, 1.0], 0.0), ([1.2, 3.0], -2.0), ([0.8, 2.0], FRAC_PI_2)] {
        let planned = plan(long_robot(), hall(0.5), State::at_pose(start, heading), [5.0, 2.4], Some(0.7));
        assert_eq!((planned.rejection(), planned.outcome), (None, PathOutcome::Poses), "{start:?}");
        assert!(planned.is_safe, "{start:?}");
        let end = planned.end();
        assert!(end.distance([5.0, 2.4]) < 0.05 && wrapped(end.heading_rad - 0.7).abs() < 0.05, "{end:?}");
        assert!(planned.plan.trajectory().duration_secs() < 25.0, "{}", planned.plan.trajectory().duration_secs());
    }
    // In a wide gap the search over x and y serves.
    let planned = plan(long_robot(), hall(1.2), State::at_pose([1.0, 1.0], 0.0), [5.0, 2.4], None);
    assert_eq!((planned.rejection(), planned.outcome), (None, PathOutcome::Clear));
}

/// Two slanted walls with a gap each, at least 3 cm wider than the robot to either side.
#[test]
fn gaps_with_three_centimetres_to_spare_are_passed() {
    for robot in [long_robot(), car()] {
        let (narrow_m, wide_m) = (robot.footprint().least_width_m(), robot.footprint().circumscribed_radius_m());
        for seed in 0..6 {
            let (map, queries) = narrow_passages(seed, narrow_m + 0.06..narrow_m + 0.1, 1).expect("a map");
            assert!(narrow_m + 0.1 < 2.0 * wide_m);
            let [start, goal] = queries[0];
            let planned = plan(Arc::clone(&robot), map, State::at_pose(start, 0.5), goal, None);
            assert_eq!((planned.rejection(), planned.is_safe), (None, true), "{} {seed}", robot.name());
        }
    }
}

#[test]
fn a_gap_narrower_than_the_robot_has_no_way_and_the_search_ends() {
    let planned = plan(long_robot(), hall(0.38), State::at_pose([1.0, 1.0], 0.0), [5.0, 2.4], None);
    assert_eq!(planned.rejection(), Some(Rejection::NoDrivableWay));
}

#[test]
fn a_car_that_does_not_reverse_has_no_drivable_way_out_of_a_dead_end() {
    // Nose to the wall, the goal behind; a car that reverses leaves.
    let start = State::at_pose([2.3, 2.0], 0.0);
    let dead_end = || {
        let bounds = Aabb { low: [0.0, 0.0], high: [6.0, 4.0] };
        let walls = [
            Aabb { low: [1.6, 0.0], high: [6.0, 1.7] },
            Aabb { low: [1.6, 2.3], high: [6.0, 4.0] },
            Aabb { low: [2.8, 1.7], high: [6.0, 2.3] },
        ];
        GridMap::from_boxes("dead end", bounds, 0.02, walls.into_iter()).expect("a grid")
    };
    for footprint in [Footprint::Circle { radius_m: 0.2 }, rectangle(0.4, 0.1, 0.15)] {
        let with = |min_speed_mps: f64| -> Arc<dyn Robot> {
            Arc::new(Ackermann { footprint, min_speed_mps, ..Ackermann::default() })
        };
        for heading in [None, Some(PI)] {
            let planned = plan(with(0.0), dead_end(), start, [0.8, 2.0], heading);
            assert_eq!(planned.rejection(), Some(Rejection::NoDrivableWay), "{heading:?}");
        }
        assert_eq!(plan(with(-0.5), dead_end(), start, [0.8, 2.0], None).rejection(), None);
    }
}

#[test]
fn a_polygon_whose_padding_is_at_or_in_a_wall_is_led_away() {
    let footprint = padded_rectangle(0.35, 0.35, 0.2, 0.03);
    let robot: Arc<dyn Robot> = Arc::new(Differential { footprint, ..Differential::default() });
    let plan_from = |gap_m: f64| {
        let start = State::at_pose([2.8 - 0.35 - gap_m, 1.0], 0.0);
        plan(Arc::clone(&robot), hall(0.5), start, [1.0, 3.0], None)
    };
    for gap_m in [0.035, 0.03, 0.02, 0.005] {
        let planned = plan_from(gap_m);
        assert_eq!(planned.rejection(), None, "{gap_m}");
    }
    let rejected = plan_from(-0.005).rejection().map(|reason| reason.name());
    assert_eq!(rejected, Some("collision"), "its own outline is in the wall");
}

#[test]
fn a_car_ends_in_the_goals_heading_and_reverses_where_it_has_to() {
    for (index, heading) in [0.0, FRAC_PI_2, PI, -1.0].into_iter().enumerate() {
        let planned = plan(car(), hall(1.5), State::at_pose([1.5, 2.0], 0.0), [4.5, 2.0], Some(heading));
        assert_eq!(planned.rejection(), None, "{index}");
        let end = planned.end();
        assert!(end.distance([4.5, 2.0]) < 0.1 && wrapped(end.heading_rad - heading).abs() < 0.05, "{end:?}");
        assert!(planned.is_safe);
    }
    // Nose to the wall, goal behind: there is no way but back.
    let planned = plan(car(), hall(0.5), State::at_pose([2.3, 1.0], 0.0), [1.0, 1.2], Some(0.0));
    assert_eq!(planned.rejection(), None);
    assert!(planned.is_safe && planned.plan.trajectory().states.iter().any(|state| state.forward_speed() < -0.05));
}

#[test]
fn a_car_passes_a_gap_narrower_than_its_circle() {
    for (start, heading) in [([1.0, 1.0], 0.0), ([1.2, 3.0], 2.5)] {
        let planned = plan(car(), hall(0.45), State::at_pose(start, heading), [5.0, 2.4], Some(0.0));
        assert_eq!(planned.rejection(), None, "{start:?}");
        assert!(planned.is_safe && planned.end().distance([5.0, 2.4]) < 0.1, "{start:?}");
    }
}

#[test]
fn a_base_that_does_not_turn_passes_in_the_heading_that_fits() {
    let base: Arc<dyn Robot> = Arc::new(Omni { footprint: rectangle(0.35, 0.35, 0.15), ..Omni::default() });
    let plan_at = |heading| plan(Arc::clone(&base), hall(0.45), State::at_pose([1.0, 1.0], heading), [5.0, 2.4], None);
    let along = plan_at(0.0);
    assert_eq!((along.rejection(), along.is_safe), (None, true));
    assert_eq!(along.end().heading_rad, 0.0);
    assert!(plan_at(0.8).rejection().is_some());
}

#[test]
fn without_headings_the_gap_stays_closed() {
    let start = State::at_pose([1.0, 1.0], 0.0);
    let control = CorridorPlanner::new(PathMethod::Search).without_headings();
    assert!(plan_with(control, car(), hall(0.45), start, [5.0, 2.4], Some(0.0)).rejection().is_some());
}

#[test]
fn a_robot_that_moves_drives_on_along_its_way() {
    let start = State::driving([1.0, 2.0], 0.1, 0.6, 0.2);
    let planned = plan(long_robot(), hall(0.5), start, [5.0, 2.0], None);
    assert_eq!((planned.rejection(), planned.is_safe), (None, true));
    assert!((planned.plan.trajectory().states[0].forward_speed() - 0.6).abs() < 1e-9);
}

#[test]
fn searches_end_at_their_deadline_and_buffers_are_kept() {
    let world = World::new(long_robot(), Arc::new(hall(0.5)));
    let mut search = HeadingSearch::of(world.robot()).expect("a robot that needs headings");
    let mut map = RouteMap::new(&world).expect("a map");
    let (start, target) = (State::at_pose([1.0, 1.0], 2.0), Target { position: [5.0, 2.4], heading_rad: None });
    let mut poses = Vec::new();
    let mut run = |deadline, poses: &mut Vec<State>| {
        map.set_deadline(deadline);
        search.plan(&mut map, &start, target, 1000, deadline, poses)
    };
    let past = Instant::now();
    assert!(matches!(run(Some(past), &mut poses), Err(PlanError::NoTime)));
    assert!(run(Some(past + Duration::from_secs(600)), &mut poses).is_ok());
    let first = poses.clone();
    assert!(run(None, &mut poses).is_ok());
    assert_eq!(first, poses, "the same poses again");
    assert!(poses.len() < 1000);
}

#[test]
fn the_search_over_x_and_y_ends_at_its_deadline_and_goes_on_later() {
    let world = World::new(Arc::new(Omni::default()), Arc::new(hall(0.6)));
    let mut planner = CorridorPlanner::new(PathMethod::Search);
    planner.set_world(&world).expect("a map");
    let mut proposal = planner.proposal();
    let observation = Observation { state: State::at_rest([1.0, 1.0]), goal: [5.0, 2.4], stamp_secs: 0.0, step: 0 };
    let past = Instant::now();
    let late = planner.propose(&observation, Some(past), &View::disabled(), &mut proposal);
    assert!(matches!(late, Err(PlanError::NoTime)), "{late:?}");
    assert!(planner.propose(&observation, None, &View::disabled(), &mut proposal).is_ok());
}

#[test]
fn a_least_radius_without_reverse_is_kept() {
    let limits = DriveLimits { curvature_radpm: 2.0, min_speed_mps: 0.0, ..Differential::default().limits };
    let robot: Arc<dyn Robot> = Arc::new(Differential { limits, ..Differential::default() });
    let planned = plan(robot, hall(1.5), State::at_pose([1.5, 2.0], PI), [4.5, 2.0], Some(FRAC_PI_2));
    assert_eq!((planned.rejection(), planned.is_safe), (None, true));
    assert!(planned.plan.trajectory().states.iter().all(|state| state.forward_speed() > -1e-3));
}

#[test]
fn a_place_beside_a_wall_is_reached_and_left_along_it() {
    // Cells of half a metre: in the outermost ones a Jackal has 2.5 cm on its side, and no room to turn.
    let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.0, resolution_m: 0.5, width: 16, height: 16 };
    let footprint = padded_rectangle(0.254, 0.254, 0.215, 0.01);
    for goal in [[7.75, 2.75], [3.25, 7.75], [0.25, 5.25], [4.25, 0.25]] {
        let grid = GridMap::new("hall", geometry, vec![false; geometry.cells()]).expect("a grid");
        let robot = Arc::new(Differential { footprint, ..Differential::default() });
        let planned = plan(robot, grid, State::at_pose([4.0, 4.0], 1.0), goal, None);
        assert!(planned.is_safe && planned.rejection().is_none(), "{goal:?}: {:?}", planned.rejection());
        assert!(planned.end().distance(goal) < 0.05, "{goal:?}: {:?}", planned.end());
        // And left along it.
        let grid = GridMap::new("hall", geometry, vec![false; geometry.cells()]).expect("a grid");
        let beside = State::at_pose(goal, planned.end().heading_rad);
        let robot = Arc::new(Differential { footprint, ..Differential::default() });
        let planned = plan(robot, grid, beside, [4.0, 4.0], None);
        assert!(planned.is_safe && planned.rejection().is_none(), "from {beside:?}: {:?}", planned.rejection());
    }
}
