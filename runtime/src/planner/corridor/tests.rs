use super::*;
use crate::geometry::{Aabb, Point, distance};
use crate::planner::{Observation, Planner};
use crate::view::View;
use crate::world::map::grid::{GridGeometry, GridMap};
use crate::world::{Layout, MazeWorld, State, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A hall of 12 x 8 m with a wall from below that leaves a gap of 1 m at the top.
fn hall() -> GridMap {
    let bounds = Aabb { low: [0.0, 0.0], high: [12.0, 8.0] };
    let wall = Aabb { low: [5.0, 0.0], high: [5.4, 7.0] };
    GridMap::from_boxes("hall", bounds, 0.05, std::iter::once(wall)).expect("a grid")
}

/// Blocks of 0.3 m at random, as many as fill the share.
fn scattered(seed: u64, share: f64) -> GridMap {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let geometry = GridGeometry { origin: [-4.0, 2.0], yaw_rad: 0.3, resolution_m: 0.05, width: 240, height: 200 };
    let mut occupied = vec![false; 240 * 200];
    for _ in 0..(share * 48_000.0 / 36.0) as usize {
        let (column, row) = (rng.random_range(0..234), rng.random_range(0..194));
        for cell in 0..36 {
            occupied[(row + cell / 6) * 240 + column + cell % 6] = true;
        }
    }
    GridMap::new("scattered", geometry, occupied).expect("a grid")
}

fn world(map: GridMap) -> World {
    World::new(Arc::new(crate::world::PointMass::default()), Arc::new(map))
}

fn route(map: GridMap, start: Point, goal: Point, clearance_m: f64) -> Option<Vec<Point>> {
    let mut prepared = RouteMap::new(&world(map)).expect("a map");
    let mut route = Vec::new();
    prepared.route(start, goal, clearance_m, &mut route).ok().map(|()| route)
}

fn length_m(points: &[Point]) -> f64 {
    crate::quantity::path_length_m(points.iter().copied())
}

#[test]
fn the_route_round_a_wall_is_as_short_as_geometry_allows() {
    let found = route(hall(), [2.0, 1.0], [9.0, 1.0], 0.2).expect("a route");
    // Tangents to circles of 0.2 m round the wall's upper corners, their arcs, and the straight piece between them.
    let side_m = |end: Point, corner: Point| {
        let apart_m = distance(end, corner);
        let turn = ((corner[1] - end[1]) / (corner[0] - end[0]).abs()).atan() + (0.2 / apart_m).asin();
        (apart_m * apart_m - 0.04).sqrt() + 0.2 * turn
    };
    let bound_m = side_m([2.0, 1.0], [5.0, 7.0]) + 0.4 + side_m([9.0, 1.0], [5.4, 7.0]);
    assert!(
        length_m(&found) >= bound_m - 1e-6 && length_m(&found) < 1.003 * bound_m,
        "{} m of {bound_m} m: {found:?}",
        length_m(&found)
    );
    assert!(is_path_clear(&hall(), &found, 0.2 - 1e-9));
    assert_eq!((found[0], found[found.len() - 1]), ([2.0, 1.0], [9.0, 1.0]));
}

#[test]
fn a_gap_that_is_too_narrow_has_no_route() {
    assert!(route(hall(), [2.0, 1.0], [9.0, 1.0], 0.46).is_some());
    assert!(route(hall(), [2.0, 1.0], [9.0, 1.0], 0.52).is_none());
}

/// Whether free cells that keep the clearance connect two points: a flood of four neighbours, beside the search.
fn flood_connects(map: &GridMap, start: Point, goal: Point, clearance_m: f64) -> bool {
    let (geometry, field) = (*map.geometry(), map.field());
    let free = |cell: (usize, usize)| f64::from(field.at(cell.0, cell.1)) >= clearance_m;
    let (Some(first), Some(last)) = (map.cell_of(start), map.cell_of(goal)) else { return false };
    let mut seen = vec![false; geometry.width * geometry.height];
    let mut open = vec![first];
    while let Some(cell) = open.pop() {
        let index = cell.1 * geometry.width + cell.0;
        if seen[index] || !free(cell) {
            continue;
        }
        seen[index] = true;
        let (column, row) = cell;
        open.extend(
            [(column + 1, row), (column.wrapping_sub(1), row), (column, row + 1), (column, row.wrapping_sub(1))]
                .into_iter()
                .filter(|next| next.0 < geometry.width && next.1 < geometry.height),
        );
    }
    seen[last.1 * geometry.width + last.0]
}

#[test]
fn the_search_is_complete_and_its_routes_are_clear() {
    let (mut found, mut closed) = (0, 0);
    for seed in 0..12 {
        let map = scattered(seed, 0.2);
        let mut prepared = RouteMap::new(&world(map.clone())).expect("a map");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut path = Vec::new();
        for _ in 0..10 {
            let mut drawn = || {
                (0..10_000)
                    .map(|_| map.centre_of((rng.random_range(0..240), rng.random_range(0..200))))
                    .find(|point| map.distance(*point) > 0.2)
                    .expect("a free point")
            };
            let (start, goal) = (drawn(), drawn());
            if prepared.route(start, goal, 0.18, &mut path).is_ok() {
                found += 1;
                assert!(is_path_clear(&map, &path, 0.18 - 1e-9), "seed {seed}: {start:?} to {goal:?}");
                assert_eq!((path[0], path[path.len() - 1]), (start, goal));
            } else {
                closed += 1;
                assert!(!flood_connects(&map, start, goal, 0.18), "seed {seed}: {start:?} to {goal:?} has a way");
            }
        }
    }
    assert!(found > 20 && closed > 5, "{found} found, {closed} closed");
}

#[test]
fn a_way_of_too_many_steps_is_rejected_with_the_limit() {
    let limits = crate::world::DriveLimits { max_speed_mps: 0.02, ..crate::world::Differential::default().limits };
    let robot = crate::world::Differential { limits, ..Default::default() };
    let world = World::new(Arc::new(robot), Arc::new(hall()));
    let settings = crate::pilot::PilotSettings { deadline: None, ..Default::default() };
    let mut pilot = crate::pilot::Pilot::new(CorridorPlanner::new(PathMethod::Search), settings, View::disabled());
    let observation = Observation { state: State::at_rest([2.0, 1.0]), goal: [9.0, 1.0], stamp_secs: 0.0, step: 0 };
    let plan = pilot.plan(&world, &observation, 0.0, 0.0);
    let crate::gate::Origin::Fallback { reason, .. } = plan.origin() else { panic!("800 s are planned") };
    assert_eq!((reason.name(), reason), ("too_long", crate::gate::Rejection::TooLong { max_steps: 12_000 }));
    assert!(reason.to_string().contains("more than 12000 steps"), "{reason}");
}

fn propose(method: PathMethod, world: &World, start: Point, goal: Point) -> (Vec<Point>, PathOutcome) {
    let mut planner = CorridorPlanner::new(method);
    planner.set_world(world).expect("a map");
    let mut proposal = planner.proposal();
    let observation = Observation { state: State::at_rest(start), goal, stamp_secs: 0.0, step: 0 };
    planner.propose(&observation, None, &View::disabled(), &mut proposal).expect("a proposal");
    (proposal.trajectory.points().collect(), planner.outcome())
}

#[test]
fn every_method_proposes_a_clear_path_from_start_to_goal() {
    let world = world(hall());
    for method in [PathMethod::Search, PathMethod::Smoothed, PathMethod::Optimizer] {
        for goal in [[9.0, 1.0], [2.0, 1.01], [2.0, 1.0], [4.7, 7.5]] {
            let (points, outcome) = propose(method, &world, [2.0, 1.0], goal);
            assert_eq!((points[0], points[points.len() - 1]), ([2.0, 1.0], goal), "{method:?} {outcome:?}");
            assert!(is_path_clear(&hall(), &points, 0.1), "{method:?} {goal:?} {outcome:?}");
        }
    }
}

#[test]
fn the_optimizers_path_is_driven_in_less_time_than_the_search_s() {
    let world = world(hall());
    let secs = |method| {
        let (points, _) = propose(method, &world, [2.0, 1.0], [9.0, 1.0]);
        ArrivalTime::default().of(&points, 2.0, 1.0)
    };
    let (search, optimizer) = (secs(PathMethod::Search), secs(PathMethod::Optimizer));
    assert!(optimizer < 0.95 * search, "{optimizer} s and {search} s");
}

#[test]
fn a_maze_is_drawn_as_a_grid_and_searched() {
    let world = MazeWorld::new(Layout::umaze());
    let (points, _) = propose(PathMethod::Search, &world, [3.0, 1.0], [1.0, 1.0]);
    assert!((4.0..6.0).contains(&length_m(&points)), "{} m", length_m(&points));
    assert!(points.iter().all(|point| Layout::umaze().is_free(*point)));
}
