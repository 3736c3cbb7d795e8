//! Pendulums that strike what stands beside them.

use super::placement::{self, along};
use super::things::Thing;
use super::{Class, Draft, around, balls, looks};
use crate::world::scene::{Body, Goal, Push, Shape, ghost_push};
use rand::{Rng, RngExt};
use std::f64::consts::{FRAC_PI_2, TAU};

/// Radius of the bob, length of the rod, gap between bob and table, metres.
const RADIUS_M: [f64; 2] = [0.08, 0.12];
const ROD_M: [f64; 2] = [0.7, 1.1];
const LIFT_M: f64 = 0.015;
/// Gap between bob and target, metres: less than a swing of the fastest push.
const WAY_M: [f64; 2] = [0.08, 0.25];
/// Half of the angle round the way to the target in which the goal lies, rad.
const GOAL_RAD: f64 = 0.3;
/// Speeds that a target is to have, m/s.
const GOAL_MPS: [f64; 2] = [0.12, 0.5];
/// What is struck.
const TARGETS: [Thing; 4] = [Thing::Ball, Thing::Cup, Thing::Puck, Thing::Cube];

/// What is struck; drawn once for a seed.
pub(super) fn target(rng: &mut impl Rng) -> Thing {
    TARGETS[rng.random_range(0..TARGETS.len())]
}

/// One or two pendulums, the first of them with a target, and up to two balls beside.
pub(super) fn draft(class: Class, struck: Thing, rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = around::table(struck == Thing::Ball, rng);
    let (pendulums, others) = (rng.random_range(1..=2), rng.random_range(0..=2));
    let looks = looks::balls(1 + pendulums + others, rng);
    let heading = rng.random_range(0.0..TAU);
    let target = struck.body(heading, looks[0], rng);
    let target = placement::place_anywhere(&mut scene, target, rng)?;
    for (index, look) in looks[1..=pendulums].iter().enumerate() {
        let shape = Shape::Pendulum {
            radius_m: rng.random_range(RADIUS_M[0]..RADIUS_M[1]),
            rod_m: rng.random_range(ROD_M[0]..ROD_M[1]),
        };
        let mass_kg = rng.random_range(1.0..4.0);
        let mut bob =
            Body { shape, position_m: [0.0; 2], yaw_rad: 0.0, mass_kg, moves: true, look: *look, lift_m: LIFT_M };
        if index > 0 {
            placement::place_anywhere(&mut scene, bob, rng)?;
            continue;
        }
        let to = scene.bodies[target];
        let apart = to.extent_m(heading) + rng.random_range(WAY_M[0]..WAY_M[1]) + bob.extent_m(heading);
        bob.position_m = along(to.position_m, heading, -apart);
        placement::is_clear(&scene, &bob).then_some(())?;
        scene.bodies.push(bob);
    }
    for look in &looks[1 + pendulums..] {
        let ball = balls::ball(*look, rng);
        placement::place_anywhere(&mut scene, ball, rng)?;
    }
    scene.table.look = looks::ground(&scene, rng);
    let direction_rad = heading + rng.random_range(-GOAL_RAD..GOAL_RAD);
    let goal = Goal { body: target, direction_rad, speed_mps: rng.random_range(GOAL_MPS[0]..GOAL_MPS[1]) };
    let aimed = ghost_push(&scene, target + 1, &goal)?;
    // Across the way to the target, a swing reaches nothing.
    let misses = class == Class::Miss;
    let push = if misses { Push { direction_rad: heading + FRAC_PI_2, ..aimed } } else { aimed };
    Some(Draft { scene, push, target: (!misses).then_some(target), by_secs: f64::INFINITY, direct: true })
}
