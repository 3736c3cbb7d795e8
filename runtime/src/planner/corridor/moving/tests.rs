use super::edges::{Edges, LANES, MIDDLE, MOVES};
use super::*;
use crate::gate::{CheckedPlan, Origin};
use crate::geometry::{Aabb, Footprint, Point, distance, distance_to_segment, lerp};
use crate::pilot::{Pilot, PilotSettings};
use crate::planner::Observation;
use crate::planner::corridor::{CorridorPlanner, PathMethod, Reference};
use crate::view::View;
use crate::world::{GridMap, Map, MovingDisc, MovingObstacles, Omni, PointMass, Robot, State, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A hall of 14 x 2.4 m with a pillar beside its middle line.
fn hall() -> GridMap {
    let bounds = Aabb { low: [0.0; 2], high: [14.0, 2.4] };
    let pillar = Aabb { low: [5.0, 0.0], high: [5.5, 0.7] };
    GridMap::from_boxes("hall", bounds, 0.05, std::iter::once(pillar)).expect("a grid")
}

fn along_the_middle(length_m: f64) -> (Reference, f64) {
    let mut reference = Reference::default();
    let step_m = reference.follow(&[[1.0, 1.2], [1.0 + length_m, 1.2]], 200);
    (reference, step_m)
}

/// Without a way back but straight on.
fn ahead(reference: &Reference) -> Ways<'_> {
    static STRAIGHT: std::sync::LazyLock<Reference> = std::sync::LazyLock::new(Reference::default);
    Ways { ahead: reference, behind: &STRAIGHT }
}

const SETTINGS: LatticeSettings = LatticeSettings {
    speed_mps: 1.0,
    clearance_m: 0.23,
    wanted_clearance_m: 0.3,
    radius_m: 0.3,
    steps_aside: true,
    lanes_beside: 10,
    horizon_secs: 6.4,
};

fn drawn_discs(rng: &mut ChaCha8Rng, count: usize, far_m: f64) -> Vec<MovingDisc> {
    let mut discs = Vec::new();
    while discs.len() < count {
        let disc = MovingDisc {
            position: [rng.random_range(0.0..1.0 + far_m), rng.random_range(0.2..2.2)],
            velocity: [rng.random_range(-1.0..1.0), rng.random_range(-0.6..0.6)],
            radius_m: rng.random_range(0.1..0.35),
        };
        if distance(disc.position, [1.0, 1.2]) > SETTINGS.radius_m + disc.radius_m {
            discs.push(disc);
        }
    }
    discs
}

/// Least cost over every sequence of moves, with another formula for the closest approach.
fn by_brute_force(edges: &Edges, discs: &[MovingDisc], layers: usize, layer: usize, node: usize) -> f64 {
    if layer >= layers || node == edges.end() {
        return edges.rest_secs[node];
    }
    let mut best = f64::INFINITY;
    for index in 0..MOVES.len() {
        let taken = edges.layers[node][index];
        let Some(to) = edges.target(node, index).filter(|_| taken > 0) else { continue };
        let (begin, end) = (edges.layer_secs * layer as f64, edges.layer_secs * (layer + usize::from(taken)) as f64);
        let meets = |disc: &MovingDisc| {
            let apart = |at: Point, secs| [0, 1].map(|axis: usize| at[axis] - disc.after(secs)[axis]);
            let (from, to) = (apart(edges.points[node], begin), apart(edges.points[to], end));
            let nearest_m = distance_to_segment([0.0; 2], from, to);
            nearest_m < SETTINGS.radius_m + disc.radius_m && nearest_m < from[0].hypot(from[1])
        };
        if !discs.iter().any(meets) {
            let rest = by_brute_force(edges, discs, layers, layer + usize::from(taken), to);
            best = best.min(edges.cost(taken, index, to) + rest);
        }
    }
    best
}

#[test]
fn the_lattice_finds_what_every_sequence_of_moves_finds() {
    let (map, (reference, step_m)) = (hall(), along_the_middle(0.8));
    let settings = LatticeSettings { lanes_beside: 2, horizon_secs: 0.6, ..SETTINGS };
    let mut edges = Edges::default();
    edges.fill(&map, ahead(&reference), step_m / 2.0, 11, &settings);
    let (mut lattice, mut path) = (MovingLattice::default(), LatticePath::default());
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (mut found, mut detours, mut none) = (0, 0, 0);
    for _ in 0..60 {
        let discs = drawn_discs(&mut rng, 3, 0.8);
        let best = by_brute_force(&edges, &discs, 6, 0, edges.start());
        if lattice.solve(&map, ahead(&reference), step_m, &discs, &settings, &mut path) {
            assert!((path.cost_secs - best).abs() < 1e-4, "{} {best}", path.cost_secs);
            found += 1;
            detours += usize::from(best > edges.rest_secs[edges.start()] + 1e-6);
        } else {
            assert_eq!(best, f64::INFINITY);
            none += 1;
        }
    }
    assert!(found > 20 && detours > 10 && none > 0, "{found} {detours} {none}");
}

fn place(path: &LatticePath, secs: f64) -> Point {
    let next = path.stops.partition_point(|(moment, _)| *moment <= secs).min(path.stops.len() - 1);
    let ((begin, from), (end, to)) = (path.stops[next.max(1) - 1], path.stops[next.max(1)]);
    lerp(from, to, ((secs - begin) / (end - begin)).clamp(0.0, 1.0))
}

#[test]
fn a_path_meets_no_disc_and_no_wall_at_any_millisecond() {
    let (map, (reference, step_m)) = (hall(), along_the_middle(11.0));
    let (mut lattice, mut path) = (MovingLattice::default(), LatticePath::default());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut found, mut waited) = (0, 0);
    for _ in 0..60 {
        let discs = drawn_discs(&mut rng, 5, 8.0);
        if !lattice.solve(&map, ahead(&reference), step_m, &discs, &SETTINGS, &mut path) {
            continue;
        }
        found += 1;
        assert_eq!((path.stops[0], path.stops[path.stops.len() - 1].1), ((0.0, [1.0, 1.2]), [12.0, 1.2]));
        waited += usize::from(path.stops.windows(2).any(|pair| pair[0].1 == pair[1].1));
        let mut before = path.stops[0].1;
        for millis in 0..6400 {
            let secs = 0.001 * f64::from(millis);
            let at = place(&path, secs);
            assert!(distance(before, at) <= 0.001 * SETTINGS.speed_mps + 1e-6, "{secs}");
            for disc in &discs {
                let apart_m = distance(at, disc.after(secs)) - disc.radius_m;
                assert!(apart_m >= SETTINGS.radius_m - 1e-6, "{apart_m} m after {secs} s");
            }
            let clearance_m = map.swept_clearance(Footprint::Circle { radius_m: SETTINGS.clearance_m }, before, at);
            assert!(clearance_m >= -1e-6, "{at:?}");
            before = at;
        }
    }
    assert!(found > 30 && waited > 3, "{found} {waited}");
}

#[test]
fn with_one_lane_it_waits_or_steps_back_on_its_path() {
    let (map, (reference, step_m)) = (hall(), along_the_middle(8.0));
    let (mut lattice, mut path) = (MovingLattice::default(), LatticePath::default());
    // It crosses the middle line ahead, slowly.
    let crossing = MovingDisc { position: [2.2, 0.2], velocity: [0.0, 0.4], radius_m: 0.3 };
    let mut cost = |lanes_beside| {
        let settings = LatticeSettings { lanes_beside, ..SETTINGS };
        let found = lattice.solve(&map, ahead(&reference), step_m, &[crossing], &settings, &mut path);
        let beside = path.stops.iter().any(|(_, at)| (at[1] - 1.2).abs() > 1e-9);
        (found, path.cost_secs, beside)
    };
    let (waits, aside) = (cost(0), cost(10));
    assert_eq!((waits.0, waits.2, aside.0), (true, false, true));
    assert!(waits.1 > 9.0 && aside.1 < waits.1, "{waits:?} {aside:?}");
    // Head-on there is nothing to wait for, and no way back far enough.
    let facing = MovingDisc { position: [4.0, 1.2], velocity: [-0.8, 0.0], radius_m: 0.3 };
    let settings = LatticeSettings { lanes_beside: 0, ..SETTINGS };
    assert!(!lattice.solve(&map, ahead(&reference), step_m, &[facing], &settings, &mut path));
    assert!(lattice.solve(&map, ahead(&reference), step_m, &[facing], &SETTINGS, &mut path));
}

#[test]
fn odd_settings_find_nothing_and_do_not_panic() {
    let (map, (reference, step_m)) = (hall(), along_the_middle(3.0));
    let (mut lattice, mut path) = (MovingLattice::default(), LatticePath::default());
    let disc = MovingDisc { position: [2.0, 1.2], velocity: [0.0; 2], radius_m: 0.2 };
    for speed_mps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let settings = LatticeSettings { speed_mps, ..SETTINGS };
        assert!(!lattice.solve(&map, ahead(&reference), step_m, &[disc], &settings, &mut path), "{speed_mps}");
    }
    let endless = LatticeSettings { horizon_secs: f64::NAN, ..SETTINGS };
    assert!(!lattice.solve(&map, ahead(&reference), step_m, &[disc], &endless, &mut path));
    // What is NaN is in the way.
    let lost = MovingDisc { position: [f64::NAN, 1.2], ..disc };
    assert!(!lattice.solve(&map, ahead(&reference), step_m, &[lost], &SETTINGS, &mut path));
    assert!(!lattice.solve(&map, ahead(&Reference::default()), step_m, &[disc], &SETTINGS, &mut path));
    let past = LatticeSettings { horizon_secs: -1.0, ..SETTINGS };
    assert!(lattice.solve(&map, ahead(&reference), step_m, &[disc], &past, &mut path));
    assert!(path.stops.last().is_some_and(|(secs, _)| (secs - 3.0).abs() < 1e-6), "{path:?}");
    assert_eq!(LANES, 2 * MIDDLE + 1);
}

#[test]
fn the_average_begins_in_the_state_ends_at_rest_and_bounds_the_acceleration() {
    let stops = vec![(0.0, [1.0, 0.0]), (1.0, [2.0, 0.0]), (1.7, [2.0, 0.0]), (2.0, [2.2, 0.2]), (3.0, [3.2, 0.2])];
    let path = LatticePath { stops, cost_secs: 3.0 };
    let (start, window_secs, dt) = ([0.8, 0.05], 0.6, 0.02);
    let mut states = Vec::new();
    average::average(start, &path, [0.3, window_secs], dt, 1000, &mut states);
    assert!(distance(states[0].position, start) < 1e-9, "{:?}", states[0]);
    // 0.2 and -0.05 m in half a window.
    assert!(distance(states[0].velocity, [0.2 / 0.3, -0.05 / 0.3]) < 1e-9, "{:?}", states[0]);
    assert_eq!(states.last(), Some(&State::at_rest([3.2, 0.2])));
    for pair in states.windows(2).take(states.len() - 2) {
        let change_mps = distance(pair[0].velocity, pair[1].velocity);
        // The largest jump within a window is from a stand to 1 m/s.
        assert!(change_mps <= dt / window_secs * 1.05, "{pair:?}");
        let moved = [0, 1].map(|axis: usize| (pair[1].position[axis] - pair[0].position[axis]) / dt);
        let middle = lerp(pair[0].velocity, pair[1].velocity, 0.5);
        assert!(distance(moved, middle) < 0.02, "{pair:?}");
    }
    let mut few = Vec::new();
    average::average(start, &path, [0.3, window_secs], dt, 10, &mut few);
    assert_eq!(few.len(), 10);
}

fn planned(robot: Arc<dyn Robot>, disc: MovingDisc, avoidance: Avoidance, state: State) -> CheckedPlan {
    let moving = MovingObstacles::new(vec![disc], 7.0, 4.0).expect("a disc");
    let world = World::new(robot, Arc::new(hall())).with_moving(Arc::new(moving));
    let mut settings = PilotSettings { deadline: None, ..PilotSettings::default() };
    settings.correction.max_iterations = 1;
    let planner = CorridorPlanner::new(PathMethod::Smoothed).avoiding(avoidance);
    let mut pilot = Pilot::new(planner, settings, View::disabled());
    let observation = Observation { state, goal: [12.0, 1.2], stamp_secs: 7.0, step: 0 };
    pilot.plan(&world, &observation, 7.0, 7.0).clone()
}

#[test]
fn checked_plans_pass_a_disc_that_comes_and_without_avoidance_the_robot_brakes_with_the_reason() {
    let facing = MovingDisc { position: [4.0, 1.2], velocity: [-0.8, 0.0], radius_m: 0.3 };
    let robots: [Arc<dyn Robot>; 2] = [Arc::new(Omni::default()), Arc::new(PointMass::default())];
    for robot in robots {
        let radius_m = robot.footprint().circumscribed_radius_m();
        for velocity in [[0.0; 2], [0.6, 0.1]] {
            let state = State::moving([1.0, 1.2], velocity);
            let plan = planned(Arc::clone(&robot), facing, Avoidance::Lattice, state);
            assert_eq!(plan.origin(), Origin::Planned, "{}", robot.name());
            for millis in 0..4000 {
                let secs = 0.001 * f64::from(millis);
                let at = plan.trajectory().state_at(secs).expect("states").position;
                let apart_m = distance(at, facing.after(secs)) - facing.radius_m - radius_m;
                assert!(apart_m >= 0.05 - 1e-3, "{}: {apart_m} m after {secs} s", robot.name());
            }
            let end = plan.trajectory().states.last().expect("states");
            assert!(distance(end.position, [12.0, 1.2]) < 0.1, "{end:?}");
            let braked = planned(Arc::clone(&robot), facing, Avoidance::Off, state);
            let Origin::Fallback { reason, .. } = braked.origin() else { panic!("expected a fallback") };
            assert_eq!(reason.name(), "moving_collision");
        }
    }
}
