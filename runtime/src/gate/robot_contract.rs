//! The part of the contract of [`Robot`] that holds its dynamics, its limits and the gate to the same physics.

use super::envelope::{DriveEnvelope, Envelope, along};
use crate::geometry::Point;
use crate::world::contract::ensure_clause;
use crate::world::{Actuation, BrokenContract, Command, MotionLimits, Robot, State, World};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};

type Verdict = Result<(), BrokenContract>;

/// Checks a robot's free motion round `centre`, far from obstacles, with random states and commands.
///
/// # Errors
/// The first clause that does not hold.
pub(crate) fn check_motion(world: &World, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    let robot = world.robot();
    ensure_clause!(!robot.name().is_empty() && robot.step_secs() > 0.0, "a name and a positive step", "{robot:?}");
    inverse_dynamics_inverts_a_step(robot, centre, rng)?;
    broken_commands_are_harmless(world, centre, rng)?;
    braking_stops_in_time(robot, centre, rng)?;
    reachable_states_are_within_the_limits(robot, centre, rng)?;
    limits_agree(robot)
}

fn drawn(rng: &mut ChaCha8Rng, most: f64) -> [f64; 2] {
    std::array::from_fn(|_| rng.random_range(-most..=most))
}

/// A state within the limits.
fn drawn_state(robot: &dyn Robot, centre: Point, rng: &mut ChaCha8Rng) -> State {
    match robot.limits() {
        MotionLimits::Axes(limits) => State::moving(centre, drawn(rng, limits.speed_mps)),
        MotionLimits::Norm { speed_mps, .. } => {
            let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
            let speed = rng.random_range(0.0..=speed_mps);
            State::moving(centre, [speed * cos, speed * sin])
        }
        MotionLimits::Drive(drive) => {
            let speed = rng.random_range(drive.min_speed_mps..=drive.max_speed_mps);
            let turns = drive.turn_rate_radps.min(drive.curvature_radpm * speed.abs());
            State::driving(centre, rng.random_range(-PI..PI), speed, turns * rng.random_range(-1.0..=1.0))
        }
    }
}

/// Magnitudes that limits bound, of what changes by `by` (a state, or a rate of change of one): each axis; the norm; or
/// speed along the heading and turn rate. What is not bounded is 0.
fn magnitudes(limits: &MotionLimits, velocity: [f64; 2], along: f64, turn: f64) -> [f64; 2] {
    match limits {
        MotionLimits::Axes(_) => velocity.map(f64::abs),
        MotionLimits::Norm { .. } => [velocity[0].hypot(velocity[1]), 0.0],
        MotionLimits::Drive(_) => [along.abs(), turn.abs()],
    }
}

fn speeds(robot: &dyn Robot, state: &State) -> [f64; 2] {
    magnitudes(&robot.limits(), state.velocity, along(state), state.turn_rate_radps)
}

fn accelerations(robot: &dyn Robot, from: &State, to: &State) -> [f64; 2] {
    let secs = robot.step_secs();
    let velocity = difference(to.velocity, from.velocity).map(|by| by / secs);
    let turn = (to.turn_rate_radps - from.turn_rate_radps) / secs;
    magnitudes(&robot.limits(), velocity, (along(to) - along(from)) / secs, turn)
}

/// Bounds of the magnitudes: of speeds and of accelerations. What is not bounded is infinite.
type Bounds = [[f64; 2]; 2];

fn bounds(limits: &MotionLimits) -> Bounds {
    match limits {
        MotionLimits::Axes(limits) => [[limits.speed_mps; 2], [limits.acceleration_mps2; 2]],
        MotionLimits::Norm { speed_mps, acceleration_mps2 } => {
            [[*speed_mps, f64::INFINITY], [*acceleration_mps2, f64::INFINITY]]
        }
        MotionLimits::Drive(drive) => [
            [drive.max_speed_mps.max(-drive.min_speed_mps), drive.turn_rate_radps],
            [drive.acceleration_mps2, drive.turn_acceleration_radps2],
        ],
    }
}

fn gate_bounds(envelope: &Envelope) -> Bounds {
    let second = |of_axis: f64, of_drive: fn(&DriveEnvelope) -> f64| match (envelope.actuation, &envelope.drive) {
        (Actuation::Force { .. }, _) => of_axis,
        (_, Some(drive)) => of_drive(drive),
        (_, None) => f64::INFINITY,
    };
    [
        [envelope.speed_mps, second(envelope.speed_mps, |drive| drive.turn_rate_radps)],
        [envelope.acceleration_mps2, second(envelope.acceleration_mps2, |drive| drive.turn_acceleration_radps2)],
    ]
}

/// Whether all are at most their bounds. False for NaN.
fn are_within(values: [f64; 2], bounds: [f64; 2]) -> bool {
    values.into_iter().zip(bounds).all(|(value, bound)| value <= bound + 1e-9)
}

/// Largest magnitude; NaN if one is.
fn largest(values: [f64; 2]) -> f64 {
    let [x, y] = values.map(f64::abs);
    if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }
}

fn difference([to_x, to_y]: [f64; 2], [from_x, from_y]: [f64; 2]) -> [f64; 2] {
    [to_x - from_x, to_y - from_y]
}

fn inverse_dynamics_inverts_a_step(robot: &dyn Robot, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    let limits = robot.limits();
    for _ in 0..1000 {
        let state = drawn_state(robot, centre, rng);
        let command = drawn(rng, 1.0);
        let next = robot.free_step(&state, command);
        let found = robot.inverse_dynamics(&state, &next);
        // Where speeds saturate several commands lead to the same state: what is found must lead there.
        let again = robot.free_step(&state, found);
        let apart = again.distance(next.position)
            + largest(difference(again.velocity, next.velocity))
            + (again.turn_rate_radps - next.turn_rate_radps).abs();
        let saturates = !matches!(limits, MotionLimits::Axes(_));
        let error = if saturates { apart } else { largest(difference(found, command)) };
        ensure_clause!(
            error < 1e-9,
            "inverse dynamics that invert a free step",
            "{found:?} for {command:?} at {state:?}"
        );
        let moved = difference(next.position, state.position).map(|by| by / robot.step_secs());
        let within = match limits {
            MotionLimits::Axes(limits) => largest(moved) <= limits.speed_mps + 1e-9,
            _ => moved[0].hypot(moved[1]) <= bounds(&limits)[0][0] + 1e-9,
        };
        ensure_clause!(within, "free motion within the speed limit", "{moved:?} m/s at {state:?}");
    }
    Ok(())
}

fn broken_commands_are_harmless(world: &World, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    let robot = world.robot();
    let state = drawn_state(robot, centre, rng);
    let (broken, zero) = (robot.free_step(&state, [f64::NAN; 2]), robot.free_step(&state, [0.0; 2]));
    ensure_clause!(broken == zero, "a command that is NaN to count as zero", "{broken:?} and not {zero:?}");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        for command in [[bad, 0.0], [0.0, bad], [bad, bad]] {
            let next = world.step(&state, command).0;
            ensure_clause!(next.is_finite(), "a finite successor of a finite state", "{next:?} for {command:?}");
        }
        let after = State { velocity: [bad; 2], ..state };
        for command in [
            robot.velocity_command(&state, [bad; 2]),
            robot.twist_command(&state, [bad; 2], bad),
            robot.tracking_command(&state, &after, &after),
            robot.mean_command(&state, &after, 0.1),
        ] {
            let within = command.iter().all(|value| value.abs() <= 1.0);
            ensure_clause!(within, "commands within [-1, 1]", "{command:?} for a velocity of {bad}");
        }
    }
    let command = drawn(rng, 1.0);
    let (on_map, free) = (world.step(&state, command).0, robot.free_step(&state, command));
    ensure_clause!(on_map == free, "a free step far from obstacles", "{on_map:?} and not {free:?}");
    Ok(())
}

/// Robot and gate brake alike: never faster, and at rest within the gate's braking time.
fn braking_stops_in_time(robot: &dyn Robot, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    let envelope = Envelope::of(robot);
    for _ in 0..100 {
        let mut state = drawn_state(robot, centre, rng);
        for _ in 0..envelope.braking_steps {
            let (own, gates) = (robot.braking_command(&state), envelope.braking_command(&state));
            let apart = largest(difference(own, gates));
            ensure_clause!(
                apart < 1e-9,
                "the braking command that the gate computes",
                "{own:?} and not {gates:?} at {state:?}"
            );
            let next = robot.free_step(&state, gates);
            let slower = speeds(robot, &next).into_iter().zip(speeds(robot, &state));
            let slower = slower.into_iter().all(|(after, before)| after <= before + 1e-12);
            ensure_clause!(slower, "braking that never accelerates", "{next:?} after {state:?}");
            state = next;
        }
        let rests = state.speed() < 1e-9 && state.turn_rate_radps.abs() < 1e-9;
        ensure_clause!(rests, "rest within the gate's braking time", "{state:?}");
    }
    Ok(())
}

/// Random commands, held for random times: what they reach lies within the robot's limits and within the gate's.
fn reachable_states_are_within_the_limits(robot: &dyn Robot, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    let (limits, envelope) = (robot.limits(), Envelope::of(robot));
    let ([most_speed, most_rate], [gate_speed, gate_rate]) = (bounds(&limits), gate_bounds(&envelope));
    // Above its clip a mass driven by forces begins a step with the loss of what lies above it, whatever is commanded.
    let clip_mps = match robot.actuation() {
        Actuation::Force { speed_clip_mps, .. } => speed_clip_mps,
        _ => f64::INFINITY,
    };
    let mut state = State::at_rest(centre);
    let mut command: Command = [0.0; 2];
    let (mut fastest, mut fastest_turn) = (0.0_f64, 0.0_f64);
    for _ in 0..20_000 {
        if rng.random_bool(0.03) {
            command = drawn(rng, 1.0).map(|value| (3.0 * value).clamp(-1.0, 1.0));
        }
        let next = robot.free_step(&state, command);
        let [speed, turn] = speeds(robot, &next);
        (fastest, fastest_turn) = (fastest.max(speed), fastest_turn.max(turn));
        if largest(state.velocity) <= clip_mps {
            let reached = accelerations(robot, &state, &next);
            let within = are_within(reached, most_rate) && are_within(reached, gate_rate);
            ensure_clause!(
                within,
                "free motion within the acceleration limit",
                "{reached:?} at {state:?}: {limits:?}, {envelope:?}"
            );
        }
        if let MotionLimits::Drive(drive) = limits {
            let curved = next.turn_rate_radps.abs() <= drive.curvature_radpm * along(&next).abs() + 1e-9;
            let within = drive.turns_in_place() || curved;
            ensure_clause!(within && along(&next) >= drive.min_speed_mps - 1e-9, "limits of a drive kept", "{next:?}");
        }
        state = next;
    }
    let fastest = [fastest, fastest_turn];
    let within = are_within(fastest, most_speed) && are_within(fastest, gate_speed);
    ensure_clause!(within, "free motion within the speed limit", "{fastest:?}: {limits:?}, {envelope:?}");
    let reached =
        fastest.into_iter().zip(most_speed).all(|(fastest, most)| most.is_infinite() || fastest > 0.95 * most);
    ensure_clause!(reached, "free motion that reaches the speed limit", "{fastest:?}: {limits:?}");
    Ok(())
}

fn limits_agree(robot: &dyn Robot) -> Verdict {
    let (limits, envelope) = (robot.limits(), Envelope::of(robot));
    let own = bounds(&limits);
    let pairs = own.into_iter().flatten().zip(gate_bounds(&envelope).into_iter().flatten());
    let alike = pairs.into_iter().all(|(own, gates)| own == gates || (1.0..1.05).contains(&(gates / own)));
    ensure_clause!(alike, "the gate's limits at most 5% above the robot's", "{limits:?}, {envelope:?}");
    let mut below = robot.actuator_limits(0.1);
    for share in [0.5, 0.8, 0.95, 1.0] {
        let actuators = robot.actuator_limits(share);
        let ([speed, rate], [speed_below, rate_below]) = (bounds(&actuators), bounds(&below));
        let rises = are_within(speed_below, speed) && rate[0] > rate_below[0] && rate[1] >= rate_below[1];
        ensure_clause!(rises, "actuator limits that rise with the share", "{actuators:?} at {share}, {below:?} below");
        let within = are_within(speed, own[0]) && are_within(rate, own[1]);
        ensure_clause!(within, "actuator limits within the limits", "{actuators:?} at {share}, {limits:?}");
        below = actuators;
    }
    Ok(())
}
