//! One conformance suite of [`Robot`]: dynamics, corrector and gate describe the same physics.

use super::checks::check_continuing;
use super::envelope::Envelope;
use super::{Context, GateLimits};
use crate::correction::{TimeParameterizer, Tracker};
use crate::geometry::Point;
use crate::trajectory::Trajectory;
use crate::world::{Actuation, Command, ContactLaw, Layout, PointMass, Robot, State, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// An open hall of 60 m.
fn hall(robot: Arc<dyn Robot>) -> World {
    let text = format!("{0}\n{1}{0}", "#".repeat(62), format!("#{}#\n", "O".repeat(60)).repeat(60));
    World::new(robot, Arc::new(Layout::parse("hall", &text).expect("a maze")))
}

const CENTRE: Point = [30.0, 30.0];

fn drawn(rng: &mut ChaCha8Rng, most: f64) -> [f64; 2] {
    std::array::from_fn(|_| rng.random_range(-most..=most))
}

fn largest(values: [f64; 2]) -> f64 {
    values[0].abs().max(values[1].abs())
}

fn acceleration(robot: &dyn Robot, from: &State, to: &State) -> f64 {
    largest([0, 1].map(|axis| (to.velocity[axis] - from.velocity[axis]) / robot.step_secs()))
}

fn inverse_dynamics_inverts_a_step(robot: &dyn Robot, rng: &mut ChaCha8Rng) {
    for _ in 0..1000 {
        let state = State { position: CENTRE, velocity: drawn(rng, robot.limits().speed_mps) };
        let command = drawn(rng, 1.0);
        let next = robot.free_step(&state, command);
        let found = robot.inverse_dynamics(&state, next.velocity);
        assert!(largest([0, 1].map(|axis| found[axis] - command[axis])) < 1e-9, "{state:?} {command:?} {found:?}");
        let moved = [0, 1].map(|axis| (next.position[axis] - state.position[axis]) / robot.step_secs());
        assert!(largest(moved) <= robot.limits().speed_mps + 1e-9);
    }
}

fn broken_commands_are_harmless(world: &World, rng: &mut ChaCha8Rng) {
    let robot = world.robot();
    let state = State { position: CENTRE, velocity: drawn(rng, 1.0) };
    assert_eq!(robot.free_step(&state, [f64::NAN; 2]), robot.free_step(&state, [0.0; 2]));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        for command in [[bad, 0.0], [0.0, bad], [bad, bad]] {
            assert!(world.step(&state, command).0.is_finite(), "{command:?}");
        }
        assert!(robot.velocity_command(&state, [bad; 2]).iter().all(|value| value.abs() <= 1.0));
        assert!(robot.mean_command(&state, &State { velocity: [bad; 2], ..state }, 0.1).iter().all(|c| c.abs() <= 1.0));
    }
    let command = drawn(rng, 1.0);
    assert_eq!(world.step(&state, command).0, robot.free_step(&state, command), "nothing is near");
}

/// Robot and gate brake alike: never faster, and at rest within the gate's braking time.
fn braking_stops_in_time(robot: &dyn Robot, rng: &mut ChaCha8Rng) {
    let envelope = Envelope::of(robot);
    for _ in 0..100 {
        let mut state = State { position: CENTRE, velocity: drawn(rng, robot.limits().speed_mps) };
        for _ in 0..envelope.braking_steps {
            let (own, gates) = (robot.braking_command(&state), envelope.braking_command(&state));
            assert!(largest([0, 1].map(|axis| own[axis] - gates[axis])) < 1e-9, "{own:?} {gates:?}");
            let next = robot.free_step(&state, gates);
            for axis in 0..2 {
                assert!(next.velocity[axis].abs() <= state.velocity[axis].abs() + 1e-12, "{state:?}");
            }
            state = next;
        }
        assert!(state.speed() < 1e-9, "{state:?}");
    }
}

/// Random commands, held for random times: what they reach lies within the robot's limits and within the gate's.
fn reachable_states_are_within_the_limits(robot: &dyn Robot, rng: &mut ChaCha8Rng) {
    let (limits, envelope) = (robot.limits(), Envelope::of(robot));
    let Actuation::Force { speed_clip_mps, .. } = robot.actuation();
    let mut state = State::at_rest(CENTRE);
    let mut command: Command = [0.0; 2];
    let mut fastest = 0.0_f64;
    for _ in 0..20_000 {
        if rng.random_bool(0.03) {
            command = drawn(rng, 1.0).map(|value| (3.0 * value).clamp(-1.0, 1.0));
        }
        let next = robot.free_step(&state, command);
        fastest = fastest.max(largest(next.velocity));
        // Above the clip a step begins with the loss of what lies above it, whatever is commanded.
        if largest(state.velocity) <= speed_clip_mps {
            let acceleration = acceleration(robot, &state, &next);
            assert!(acceleration <= limits.acceleration_mps2 + 1e-9 && acceleration <= envelope.acceleration_mps2);
        }
        state = next;
    }
    assert!(fastest <= limits.speed_mps + 1e-9 && fastest <= envelope.speed_mps, "{fastest}");
    assert!(fastest > 0.95 * limits.speed_mps, "the limit is not reached: {fastest}");
}

fn limits_agree(robot: &dyn Robot) {
    let (limits, envelope) = (robot.limits(), Envelope::of(robot));
    assert!((1.0..1.05).contains(&(envelope.speed_mps / limits.speed_mps)), "{limits:?} {envelope:?}");
    assert!((1.0..1.05).contains(&(envelope.acceleration_mps2 / limits.acceleration_mps2)), "{limits:?} {envelope:?}");
    let mut below = robot.actuator_limits(0.1);
    for share in [0.5, 0.8, 0.95, 1.0] {
        let own = robot.actuator_limits(share);
        assert!(
            own.speed_mps >= below.speed_mps && own.acceleration_mps2 > below.acceleration_mps2,
            "{share}: {own:?}"
        );
        assert!(own.speed_mps <= limits.speed_mps && own.acceleration_mps2 <= limits.acceleration_mps2, "{own:?}");
        below = own;
    }
}

/// A motion that the robot made is followed exactly; the fastest way along a path is followed closely and passes the
/// gate.
fn the_corrector_drives_it(world: &World, rng: &mut ChaCha8Rng) {
    let (robot, tracker) = (world.robot(), Tracker::default());
    let mut made =
        Trajectory { dt_secs: robot.step_secs(), states: vec![State::at_rest(CENTRE)], commands: Vec::new() };
    for _ in 0..200 {
        made.states.extend(made.states.last().map(|state| robot.free_step(state, drawn(rng, 1.0))));
    }
    let mut driven = Trajectory::default();
    let report = tracker.track(world, &made.states[0], &made, 0, &mut driven);
    assert!(report.residual_m < 1e-9 && report.pushing_steps == 0, "{report:?}");

    let path: Vec<Point> = (0..=60)
        .map(|index| 0.1 * f64::from(index))
        .map(|along| [CENTRE[0] + along, CENTRE[1] + (0.5 * along).sin()])
        .collect();
    let (start, limits) = (State::at_rest(path[0]), robot.actuator_limits(0.95));
    let mut timed = Trajectory::default();
    let secs = TimeParameterizer::new(100, 2000).parameterize(&path, &start, &limits, robot.step_secs(), &mut timed);
    assert!(secs.is_ok_and(|secs| secs < 6.0), "{secs:?}");
    let report = tracker.track(world, &start, &timed, 20, &mut driven);
    assert!(report.residual_m < 0.05, "{report:?}");
    let context = Context { state: start, now_secs: 0.0, observed_secs: 0.0, map_secs: 0.0, elapsed_secs: 0.0 };
    let measured = check_continuing(&GateLimits::default(), world, &driven, &context);
    assert!(measured.is_ok_and(|measured| measured.clearance_m > 0.4), "{measured:?}");
}

fn conforms(robot: impl Robot + 'static) {
    let world = hall(Arc::new(robot));
    let (robot, mut rng) = (world.robot(), ChaCha8Rng::seed_from_u64(7));
    assert!(!robot.name().is_empty() && robot.step_secs() > 0.0);
    inverse_dynamics_inverts_a_step(robot, &mut rng);
    broken_commands_are_harmless(&world, &mut rng);
    braking_stops_in_time(robot, &mut rng);
    reachable_states_are_within_the_limits(robot, &mut rng);
    limits_agree(robot);
    the_corrector_drives_it(&world, &mut rng);
}

#[test]
fn the_point_mass_conforms() {
    conforms(PointMass::default());
    conforms(PointMass { contact_law: ContactLaw::Mujoco3 });
}
