//! The part of the contract of [`Robot`] that holds its dynamics, its limits and the gate to the same physics.

use super::envelope::Envelope;
use crate::geometry::Point;
use crate::world::contract::ensure_clause;
use crate::world::{Actuation, BrokenContract, Command, Robot, State, World};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

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

/// Largest magnitude; NaN if one is.
fn largest(values: [f64; 2]) -> f64 {
    let [x, y] = values.map(f64::abs);
    if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }
}

fn difference([to_x, to_y]: [f64; 2], [from_x, from_y]: [f64; 2]) -> [f64; 2] {
    [to_x - from_x, to_y - from_y]
}

/// Largest rate of change within a step.
fn largest_rate(robot: &dyn Robot, from: [f64; 2], to: [f64; 2]) -> f64 {
    largest(difference(to, from)) / robot.step_secs()
}

fn inverse_dynamics_inverts_a_step(robot: &dyn Robot, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    for _ in 0..1000 {
        let state = State::moving(centre, drawn(rng, robot.limits().speed_mps));
        let command = drawn(rng, 1.0);
        let next = robot.free_step(&state, command);
        let found = robot.inverse_dynamics(&state, next.velocity);
        let error = largest(difference(found, command));
        ensure_clause!(
            error < 1e-9,
            "inverse dynamics that invert a free step",
            "{found:?} for {command:?} at {state:?}"
        );
        let moved = largest_rate(robot, state.position, next.position);
        ensure_clause!(
            moved <= robot.limits().speed_mps + 1e-9,
            "free motion within the speed limit",
            "{moved} m/s at {state:?}"
        );
    }
    Ok(())
}

fn broken_commands_are_harmless(world: &World, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    let robot = world.robot();
    let state = State::moving(centre, drawn(rng, 1.0));
    let (broken, zero) = (robot.free_step(&state, [f64::NAN; 2]), robot.free_step(&state, [0.0; 2]));
    ensure_clause!(broken == zero, "a command that is NaN to count as zero", "{broken:?} and not {zero:?}");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        for command in [[bad, 0.0], [0.0, bad], [bad, bad]] {
            let next = world.step(&state, command).0;
            ensure_clause!(next.is_finite(), "a finite successor of a finite state", "{next:?} for {command:?}");
        }
        let after = State { velocity: [bad; 2], ..state };
        for command in [robot.velocity_command(&state, [bad; 2]), robot.mean_command(&state, &after, 0.1)] {
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
        let mut state = State::moving(centre, drawn(rng, robot.limits().speed_mps));
        for _ in 0..envelope.braking_steps {
            let (own, gates) = (robot.braking_command(&state), envelope.braking_command(&state));
            let apart = largest(difference(own, gates));
            ensure_clause!(
                apart < 1e-9,
                "the braking command that the gate computes",
                "{own:?} and not {gates:?} at {state:?}"
            );
            let next = robot.free_step(&state, gates);
            for (after, before) in next.velocity.into_iter().zip(state.velocity) {
                let slower = after.abs() <= before.abs() + 1e-12;
                ensure_clause!(slower, "braking that never accelerates", "{next:?} after {state:?}");
            }
            state = next;
        }
        ensure_clause!(state.speed() < 1e-9, "rest within the gate's braking time", "{state:?}");
    }
    Ok(())
}

/// Random commands, held for random times: what they reach lies within the robot's limits and within the gate's.
fn reachable_states_are_within_the_limits(robot: &dyn Robot, centre: Point, rng: &mut ChaCha8Rng) -> Verdict {
    let (limits, envelope) = (robot.limits(), Envelope::of(robot));
    let Actuation::Force { speed_clip_mps, .. } = robot.actuation();
    let mut state = State::at_rest(centre);
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
            let reached = largest_rate(robot, state.velocity, next.velocity);
            let within = reached <= limits.acceleration_mps2 + 1e-9 && reached <= envelope.acceleration_mps2;
            ensure_clause!(
                within,
                "free motion within the acceleration limit",
                "{reached} m/s^2 at {state:?}: {limits:?}, {envelope:?}"
            );
        }
        state = next;
    }
    let within = fastest <= limits.speed_mps + 1e-9 && fastest <= envelope.speed_mps;
    ensure_clause!(within, "free motion within the speed limit", "{fastest} m/s: {limits:?}, {envelope:?}");
    ensure_clause!(
        fastest > 0.95 * limits.speed_mps,
        "free motion that reaches the speed limit",
        "{fastest} m/s: {limits:?}"
    );
    Ok(())
}

fn limits_agree(robot: &dyn Robot) -> Verdict {
    let (limits, envelope) = (robot.limits(), Envelope::of(robot));
    let speeds = envelope.speed_mps / limits.speed_mps;
    let accelerations = envelope.acceleration_mps2 / limits.acceleration_mps2;
    let alike = (1.0..1.05).contains(&speeds) && (1.0..1.05).contains(&accelerations);
    ensure_clause!(alike, "the gate's limits at most 5% above the robot's", "{limits:?}, {envelope:?}");
    let mut below = robot.actuator_limits(0.1);
    for share in [0.5, 0.8, 0.95, 1.0] {
        let own = robot.actuator_limits(share);
        let rises = own.speed_mps >= below.speed_mps && own.acceleration_mps2 > below.acceleration_mps2;
        ensure_clause!(rises, "actuator limits that rise with the share", "{own:?} at {share}, {below:?} below");
        let within = own.speed_mps <= limits.speed_mps && own.acceleration_mps2 <= limits.acceleration_mps2;
        ensure_clause!(within, "actuator limits within the limits", "{own:?} at {share}, {limits:?}");
        below = own;
    }
    Ok(())
}
