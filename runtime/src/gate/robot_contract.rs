//! The contract of [`Robot`]: dynamics, corrector and gate describe the same physics.

// Axes are the indices 0 and 1 of arrays of two.
#![allow(clippy::indexing_slicing)]

use super::checks::check_continuing;
use super::envelope::Envelope;
use super::{Context, GateLimits};
use crate::correction::{TimeParameterizer, Tracker};
use crate::geometry::Point;
use crate::trajectory::Trajectory;
use crate::world::contract::ensure_clause;
use crate::world::{Actuation, BrokenContract, Command, Layout, Robot, State, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

type Verdict = Result<(), BrokenContract>;

/// Checks the contract of [`Robot`] with random states and commands, the same on every call.
///
/// # Errors
/// The first clause that does not hold.
pub fn check_robot(robot: Arc<dyn Robot>) -> Verdict {
    let world = hall(robot)?;
    let (robot, mut rng) = (world.robot(), ChaCha8Rng::seed_from_u64(7));
    ensure_clause!(!robot.name().is_empty() && robot.step_secs() > 0.0, "a name and a positive step", "{robot:?}");
    inverse_dynamics_inverts_a_step(robot, &mut rng)?;
    broken_commands_are_harmless(&world, &mut rng)?;
    braking_stops_in_time(robot, &mut rng)?;
    reachable_states_are_within_the_limits(robot, &mut rng)?;
    limits_agree(robot)?;
    the_corrector_drives_it(&world, &mut rng)
}

/// An open hall of 60 m.
fn hall(robot: Arc<dyn Robot>) -> Result<World, BrokenContract> {
    let text = format!("{0}\n{1}{0}", "#".repeat(62), format!("#{}#\n", "O".repeat(60)).repeat(60));
    let layout = Layout::parse("hall", &text);
    let layout = layout.map_err(|error| BrokenContract { clause: "a hall", found: error.to_string() })?;
    Ok(World::new(robot, Arc::new(layout)))
}

const CENTRE: Point = [30.0, 30.0];

fn drawn(rng: &mut ChaCha8Rng, most: f64) -> [f64; 2] {
    std::array::from_fn(|_| rng.random_range(-most..=most))
}

/// Largest magnitude; NaN if one is.
fn largest(values: [f64; 2]) -> f64 {
    let [x, y] = values.map(f64::abs);
    if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }
}

fn acceleration(robot: &dyn Robot, from: &State, to: &State) -> f64 {
    largest([0, 1].map(|axis| (to.velocity[axis] - from.velocity[axis]) / robot.step_secs()))
}

fn inverse_dynamics_inverts_a_step(robot: &dyn Robot, rng: &mut ChaCha8Rng) -> Verdict {
    for _ in 0..1000 {
        let state = State { position: CENTRE, velocity: drawn(rng, robot.limits().speed_mps) };
        let command = drawn(rng, 1.0);
        let next = robot.free_step(&state, command);
        let found = robot.inverse_dynamics(&state, next.velocity);
        let error = largest([0, 1].map(|axis| found[axis] - command[axis]));
        ensure_clause!(
            error < 1e-9,
            "inverse dynamics that invert a free step",
            "{found:?} for {command:?} at {state:?}"
        );
        let moved = [0, 1].map(|axis| (next.position[axis] - state.position[axis]) / robot.step_secs());
        ensure_clause!(
            largest(moved) <= robot.limits().speed_mps + 1e-9,
            "free motion within the speed limit",
            "{moved:?} m/s at {state:?}"
        );
    }
    Ok(())
}

fn broken_commands_are_harmless(world: &World, rng: &mut ChaCha8Rng) -> Verdict {
    let robot = world.robot();
    let state = State { position: CENTRE, velocity: drawn(rng, 1.0) };
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
fn braking_stops_in_time(robot: &dyn Robot, rng: &mut ChaCha8Rng) -> Verdict {
    let envelope = Envelope::of(robot);
    for _ in 0..100 {
        let mut state = State { position: CENTRE, velocity: drawn(rng, robot.limits().speed_mps) };
        for _ in 0..envelope.braking_steps {
            let (own, gates) = (robot.braking_command(&state), envelope.braking_command(&state));
            let difference = largest([0, 1].map(|axis| own[axis] - gates[axis]));
            ensure_clause!(
                difference < 1e-9,
                "the braking command that the gate computes",
                "{own:?} and not {gates:?} at {state:?}"
            );
            let next = robot.free_step(&state, gates);
            for axis in 0..2 {
                let slower = next.velocity[axis].abs() <= state.velocity[axis].abs() + 1e-12;
                ensure_clause!(slower, "braking that never accelerates", "{next:?} after {state:?}");
            }
            state = next;
        }
        ensure_clause!(state.speed() < 1e-9, "rest within the gate's braking time", "{state:?}");
    }
    Ok(())
}

/// Random commands, held for random times: what they reach lies within the robot's limits and within the gate's.
fn reachable_states_are_within_the_limits(robot: &dyn Robot, rng: &mut ChaCha8Rng) -> Verdict {
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
            let reached = acceleration(robot, &state, &next);
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

/// A motion that the robot made is followed exactly; the fastest way along a path is followed closely and passes the
/// gate.
fn the_corrector_drives_it(world: &World, rng: &mut ChaCha8Rng) -> Verdict {
    let (robot, tracker) = (world.robot(), Tracker::default());
    let mut made =
        Trajectory { dt_secs: robot.step_secs(), states: vec![State::at_rest(CENTRE)], commands: Vec::new() };
    for _ in 0..200 {
        made.states.extend(made.states.last().map(|state| robot.free_step(state, drawn(rng, 1.0))));
    }
    let mut driven = Trajectory::default();
    let report = tracker.track(world, &made.states[0], &made, 0, &mut driven);
    let exact = report.residual_m < 1e-9 && report.pushing_steps == 0;
    ensure_clause!(exact, "exact tracking of a motion that the robot made", "{report:?}");

    let path: Vec<Point> = (0..=60)
        .map(|index| 0.1 * f64::from(index))
        .map(|along| [CENTRE[0] + along, CENTRE[1] + (0.5 * along).sin()])
        .collect();
    let (start, limits) = (State::at_rest(path[0]), robot.actuator_limits(0.95));
    let mut timed = Trajectory::default();
    let secs = TimeParameterizer::new(100, 2000).parameterize(&path, &start, &limits, robot.step_secs(), &mut timed);
    ensure_clause!(secs.as_ref().is_ok_and(|secs| *secs < 6.0), "less than 6 s for a path of 6 m", "{secs:?}");
    let report = tracker.track(world, &start, &timed, 20, &mut driven);
    ensure_clause!(report.residual_m < 0.05, "the fastest way along a path tracked within 5 cm", "{report:?}");
    let context = Context { state: start, now_secs: 0.0, observed_secs: 0.0, map_secs: 0.0, elapsed_secs: 0.0 };
    let measured = check_continuing(&GateLimits::default(), world, &driven, &context);
    let passes = measured.is_ok_and(|measured| measured.clearance_m > 0.4);
    ensure_clause!(passes, "a corrected plan that passes the gate", "{measured:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{ContactLaw, PointMass};

    #[test]
    fn the_point_mass_conforms() {
        for contact_law in [ContactLaw::Mujoco2, ContactLaw::Mujoco3] {
            let found = check_robot(Arc::new(PointMass { contact_law }));
            assert_eq!(found, Ok(()));
        }
    }
}
