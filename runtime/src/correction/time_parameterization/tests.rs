//! Durations by closed forms, limits along bends, turns of drives.

use super::*;
use crate::geometry::{distance, wrapped};
use crate::world::{AxisLimits, DriveLimits};
use std::f64::consts::PI;

const LIMITS: AxisLimits = AxisLimits { acceleration_mps2: 20.0, speed_mps: 5.0 };
const MOTION: MotionLimits = MotionLimits::Axes(LIMITS);

fn parameterize(path: &[Point], start: State) -> (f64, Trajectory) {
    let mut timed = Trajectory::default();
    let mut timer = TimeParameterizer::new(1000, 5000);
    match timer.parameterize(path, &start, &MOTION, 0.01, &mut timed) {
        Ok(duration) => (duration, timed),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_straight_line_takes_the_closed_form_time() {
    let path: Vec<Point> = (0..=100).map(|k| [0.04 * f64::from(k), 0.0]).collect();
    let (duration, timed) = parameterize(&path, State::at_rest([0.0, 0.0]));
    // 4 m: 0.625 m up, 0.625 m down, the rest at 5 m/s.
    let exact = 0.25 + 0.25 + (4.0 - 1.25) / 5.0;
    assert!((duration - exact).abs() < 0.02, "{duration} against {exact}");
    assert_eq!(timed.states.last().map(|state| state.position), Some([4.0, 0.0]));
}

#[test]
fn a_bend_is_driven_within_the_limits_of_both_axes() {
    let path: Vec<Point> = (0..=80)
        .map(|k| {
            let angle = PI * f64::from(k) / 80.0;
            [0.8 * angle.sin(), 0.8 - 0.8 * angle.cos()]
        })
        .collect();
    let (_, timed) = parameterize(&path, State::at_rest(path[0]));
    for pair in timed.states.windows(2) {
        for axis in 0..2 {
            let acceleration = (pair[1].velocity[axis] - pair[0].velocity[axis]) / 0.01;
            assert!(acceleration.abs() < 1.1 * LIMITS.acceleration_mps2, "{acceleration}");
            assert!(pair[0].velocity[axis].abs() < 1.02 * LIMITS.speed_mps);
        }
    }
}

/// A way of a few centimetres has room to speed up and to brake, or it would take for ever.
#[test]
fn a_short_way_from_rest_to_rest_takes_a_fraction_of_a_second() {
    let path: Vec<Point> = (0..=8).map(|k| [0.005 * f64::from(k), 0.0]).collect();
    let (duration, _) = parameterize(&path, State::at_rest([0.0, 0.0]));
    // 2 cm up and 2 cm down at 20 m/s^2.
    assert!((duration - 2.0 * (0.04_f64 / 20.0).sqrt()).abs() < 0.02, "{duration}");
}

#[test]
fn a_running_start_is_kept_and_bad_paths_are_refused() {
    let path: Vec<Point> = (0..=40).map(|k| [0.1 * f64::from(k), 0.0]).collect();
    let (_, timed) = parameterize(&path, State::moving([0.0, 0.0], [3.0, 0.0]));
    assert!((timed.states[0].velocity[0] - 3.0).abs() < 1e-6);
    let mut out = Trajectory::default();
    let mut timer = TimeParameterizer::new(10, 100);
    let still = State::default();
    assert_eq!(
        timer.parameterize(&[[1.0, 1.0]; 4], &still, &MOTION, 0.01, &mut out),
        Err(TimeParameterizationError::TooShort)
    );
    assert_eq!(timer.parameterize(&[], &still, &MOTION, 0.01, &mut out), Err(TimeParameterizationError::TooShort));
    let nan = [[0.0, 0.0], [f64::NAN, 0.0]];
    assert_eq!(timer.parameterize(&nan, &still, &MOTION, 0.01, &mut out), Err(TimeParameterizationError::NotFinite));
}

fn timed_drive(path: &[Point], start: State, limits: MotionLimits, goal: Option<f64>) -> Trajectory {
    let mut timed = Trajectory::default();
    let mut timer = TimeParameterizer::new(1000, 5000);
    timer.set_goal_heading(goal);
    let done = timer.parameterize(path, &start, &limits, 0.02, &mut timed);
    assert!(done.is_ok(), "{done:?}");
    timed
}

const DRIVE: DriveLimits = DriveLimits {
    max_speed_mps: 1.0,
    min_speed_mps: -0.3,
    acceleration_mps2: 1.5,
    turn_rate_radps: 2.0,
    turn_acceleration_radps2: 4.0,
    lateral_acceleration_mps2: 0.8,
    curvature_radpm: f64::INFINITY,
    curvature_rate: f64::INFINITY,
};

/// Half a circle to the left, the bend growing and fading, from the origin along x.
fn half_turn() -> Vec<Point> {
    let (mut at, mut heading): (Point, f64) = ([0.0; 2], 0.0);
    (0..=120)
        .map(|index| {
            let place = at;
            let bend = 1.0 - (2.0 * PI * f64::from(index) / 120.0).cos();
            heading += bend * PI / 120.0;
            at = [at[0] + 0.03 * heading.cos(), at[1] + 0.03 * heading.sin()];
            place
        })
        .collect()
}

#[test]
fn magnitudes_bound_a_bend_by_the_norm() {
    let limits = MotionLimits::Norm { speed_mps: 1.0, acceleration_mps2: 2.0 };
    let timed = timed_drive(&half_turn(), State::at_pose([0.0; 2], 0.3), limits, None);
    let mut fastest = 0.0_f64;
    for pair in timed.states.windows(2) {
        let change = distance(pair[1].velocity, pair[0].velocity) / 0.02;
        assert!(change < 1.05 * 2.0 && pair[0].speed() < 1.01, "{change} {pair:?}");
        fastest = fastest.max(pair[0].speed());
        assert_eq!(pair[0].heading_rad, 0.3);
    }
    assert!(fastest > 0.95);
}

#[test]
fn a_drive_faces_along_the_path_within_all_its_limits() {
    let timed = timed_drive(&half_turn(), State::default(), MotionLimits::Drive(DRIVE), None);
    let end = timed.states.last().expect("states");
    assert!(wrapped(end.heading_rad - PI).abs() < 0.05 && end.speed() == 0.0, "{end:?}");
    let mut lateral_most = 0.0_f64;
    for pair in timed.states.windows(2) {
        let (speed, rate) = (pair[0].forward_speed(), pair[0].turn_rate_radps);
        assert!((pair[0].speed() - speed).abs() < 1e-9, "no slip");
        let by = [(pair[1].forward_speed() - speed) / 0.02, (pair[1].turn_rate_radps - rate) / 0.02];
        assert!(by[0].abs() < 1.05 * 1.5 && by[1].abs() < 1.3 * 4.0, "{by:?} at {:?}", pair[0]);
        assert!(rate.abs() < 1.05 * 2.0 && speed < 1.01);
        lateral_most = lateral_most.max(speed * rate);
        let moved = wrapped(pair[1].heading_rad - pair[0].heading_rad) / 0.02;
        assert!((moved - 0.5 * (rate + pair[1].turn_rate_radps)).abs() < 0.1, "{moved} {rate}");
    }
    assert!((0.7..0.84).contains(&lateral_most), "{lateral_most}");
}

#[test]
fn a_drive_turns_in_place_before_the_path_and_to_the_goal() {
    let path: Vec<Point> = (0..=20).map(|k| [-0.1 * f64::from(k), 0.0]).collect();
    let timed = timed_drive(&path, State::at_pose([0.0; 2], 0.5), MotionLimits::Drive(DRIVE), Some(-1.0));
    let first_moved = timed.states.iter().position(|state| state.position != [0.0; 2]).expect("it moves");
    // pi - 0.5 rad at up to 2 rad/s and 4 rad/s^2.
    let secs = (PI - 0.5) / 2.0 + 2.0 / 4.0;
    assert!((0.02 * first_moved as f64 - secs).abs() < 0.1, "{first_moved}");
    assert!(wrapped(timed.states[first_moved].heading_rad - PI).abs() < 1e-6);
    let end = timed.states.last().expect("states");
    assert!(wrapped(end.heading_rad + 1.0).abs() < 1e-9 && end.distance([-2.0, 0.0]) < 1e-9, "{end:?}");
    for pair in timed.states.windows(2) {
        let change = (pair[1].turn_rate_radps - pair[0].turn_rate_radps) / 0.02;
        assert!(change.abs() < 1.3 * 4.0 && pair[0].turn_rate_radps.abs() < 2.1, "{pair:?}");
    }
    // Standing at the goal there is the heading alone.
    let turned = timed_drive(&[[1.0, 1.0]; 3], State::at_rest([1.0, 1.0]), MotionLimits::Drive(DRIVE), Some(2.0));
    assert!(turned.states.iter().all(|state| state.position == [1.0, 1.0]));
    assert!(turned.states.last().is_some_and(|state| (state.heading_rad - 2.0).abs() < 1e-9));
}

#[test]
fn a_drive_under_way_to_the_other_side_brakes_first() {
    let path: Vec<Point> = (0..=20).map(|k| [-0.1 * f64::from(k), 0.0]).collect();
    let start = State::driving([0.0; 2], 0.0, 0.9, 0.2);
    let timed = timed_drive(&path, start, MotionLimits::Drive(DRIVE), None);
    assert_eq!(timed.states[0], start);
    let farthest = timed.states.iter().map(|state| state.position[0]).fold(0.0, f64::max);
    assert!((farthest - 0.9 * 0.9 / 3.0).abs() < 0.02, "{farthest}");
    for pair in timed.states.windows(2) {
        let change = (pair[1].forward_speed() - pair[0].forward_speed()) / 0.02;
        assert!(change.abs() < 1.05 * 1.5, "{change} {pair:?}");
    }
}

#[test]
fn a_car_curves_into_the_path_reverses_and_refuses_to_turn_in_place() {
    let car = DriveLimits { curvature_radpm: 2.0, curvature_rate: 6.0, ..DRIVE };
    let ahead: Vec<Point> = (0..=40).map(|k| [0.1 * f64::from(k), 0.0]).collect();
    let timed = timed_drive(&ahead, State::at_pose([0.0; 2], 0.6), MotionLimits::Drive(car), None);
    for state in &timed.states {
        let (speed, rate) = (state.forward_speed(), state.turn_rate_radps);
        assert!(rate.abs() <= 2.2 * speed.abs() + 0.05, "{state:?}");
    }
    assert!((timed.states[1].heading_rad - 0.6).abs() < 0.05, "{:?}", timed.states[1]);
    // Behind it: in reverse.
    let timed = timed_drive(&ahead, State::at_pose([0.0; 2], PI), MotionLimits::Drive(car), None);
    assert!(timed.states.iter().all(|state| state.forward_speed() <= 1e-9 && state.forward_speed() > -0.301));
    assert!(timed.states.last().is_some_and(|state| state.distance([4.0, 0.0]) < 1e-9));
    let mut timer = TimeParameterizer::new(100, 500);
    for (heading, limits) in [(1.5, car), (PI, DriveLimits { min_speed_mps: 0.0, ..car })] {
        let start = State::at_pose([0.0; 2], heading);
        let found = timer.parameterize(&ahead, &start, &MotionLimits::Drive(limits), 0.02, &mut Trajectory::default());
        assert_eq!(found, Err(TimeParameterizationError::Heading), "{heading}");
    }
}

/// Poses along arcs of a length and a curvature each, and turns in place where the curvature is infinite.
fn poses_along(start: State, pieces: &[(f64, f64)]) -> Vec<State> {
    let mut poses = vec![start];
    for (length_m, curvature) in pieces {
        for _ in 0..20 {
            let last = poses[poses.len() - 1];
            let (by_m, by_rad) = if curvature.is_finite() {
                (length_m / 20.0, length_m / 20.0 * curvature)
            } else {
                (0.0, length_m / 20.0)
            };
            poses.push(crate::world::robot::arc(&last, [by_m; 2], [by_rad; 2], 1.0).halted());
        }
    }
    poses
}

#[test]
fn a_car_stops_where_its_way_turns_back_and_sets_out_with_straight_wheels() {
    let car = DriveLimits { curvature_radpm: 2.0, curvature_rate: 6.0, ..DRIVE };
    let start = State::at_pose([1.0, 2.0], 0.3);
    let poses = poses_along(start, &[(1.0, 1.5), (-0.6, -1.0)]);
    let mut timed = Trajectory::default();
    let secs = TimeParameterizer::new(200, 2000).follow(&poses, &start, &MotionLimits::Drive(car), 0.02, &mut timed);
    assert!(secs.is_ok_and(|secs| (2.0..8.0).contains(&secs)), "{secs:?}");
    let (end, wanted) = (timed.states[timed.states.len() - 1], poses[poses.len() - 1]);
    assert!(
        end.distance(wanted.position) < 1e-6 && wrapped(end.heading_rad - wanted.heading_rad).abs() < 1e-6,
        "{end:?}"
    );
    let speeds: Vec<f64> = timed.states.iter().map(State::forward_speed).collect();
    let turns_back = speeds.iter().rposition(|speed| *speed > 0.0).expect("it drives forward");
    let stands = speeds[turns_back + 1..].iter().take_while(|speed| speed.abs() < 1e-9).count();
    // 1.5 / m at 6 rad / (m s).
    assert!(0.02 * stands as f64 >= 0.25 && speeds[turns_back + 1..].iter().all(|speed| *speed <= 0.0), "{stands}");
    for pair in timed.states.windows(2) {
        let change = (pair[1].forward_speed() - pair[0].forward_speed()) / 0.02;
        assert!(change.abs() < 1.1 * 1.5, "{change} {pair:?}");
    }
    // Slowly: within the first 5 cm the wheels turn to 1.5 / m.
    let first = timed.states.iter().take_while(|state| state.distance(start.position) < 0.04);
    let fastest = first.map(State::forward_speed).fold(0.0, f64::max);
    assert!((0.05..0.25).contains(&fastest), "{fastest}");
}

#[test]
fn a_drive_turns_in_place_where_its_poses_do() {
    let start = State::at_pose([0.0; 2], 0.0);
    let poses = poses_along(start, &[(0.5, 0.0), (-2.0, f64::INFINITY), (0.7, 0.0), (1.0, f64::INFINITY)]);
    let mut timed = Trajectory::default();
    let secs = TimeParameterizer::new(200, 2000).follow(&poses, &start, &MotionLimits::Drive(DRIVE), 0.02, &mut timed);
    assert!(secs.is_ok(), "{secs:?}");
    let (end, wanted) = (timed.states[timed.states.len() - 1], poses[poses.len() - 1]);
    assert!(end.distance(wanted.position) < 1e-6 && wrapped(end.heading_rad + 1.0).abs() < 1e-6, "{end:?}");
    let corner = timed.states.iter().filter(|state| state.distance([0.5, 0.0]) < 1e-6);
    let turned = corner.map(|state| state.heading_rad).fold(0.0, f64::min);
    assert!((turned + 2.0).abs() < 1e-6, "{turned}");
    assert!(timed.states.iter().all(|state| state.turn_rate_radps.abs() <= DRIVE.turn_rate_radps + 1e-9));
}
