//! Tables with balls: a hit, a row of hits, or a miss.

use super::aim::Pace;
use super::placement::{self, HALF_M};
use super::{Class, Draft, aim, looks};
use crate::world::scene::{Body, Look, Scene, Shape, Surface};
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// Radii of balls, metres.
const RADIUS_M: [f64; 2] = [0.09, 0.16];
/// Masses of balls, kg.
const MASS_KG: [f64; 2] = [1.0, 4.0];
/// Pairs of balls that are tried in a scene.
const PAIRS: usize = 12;
/// Gaps between balls of a row, metres.
const ROW_GAP_M: [f64; 2] = [0.03, 0.25];
/// How far a row bends at each ball, to either side, rad.
const ROW_BEND_RAD: f64 = 0.06;
/// Least way of a ball to what it strikes, metres.
const LEAST_WAY_M: f64 = 0.15;

pub(super) fn empty(rng: &mut impl Rng) -> Scene {
    let mut within = |[low, high]: [f64; 2]| rng.random_range(low..high);
    let surface = Surface {
        friction: within(Surface::FRICTION),
        rolling_mps2: within(Surface::ROLLING_MPS2),
        restitution: within(Surface::RESTITUTION),
    };
    Scene { bodies: Vec::new(), table: surface.table(HALF_M) }
}

pub(super) fn ball(look: Look, rng: &mut impl Rng) -> Body {
    let shape = Shape::Ball { radius_m: rng.random_range(RADIUS_M[0]..RADIUS_M[1]) };
    let mass_kg = rng.random_range(MASS_KG[0]..MASS_KG[1]);
    Body { shape, position_m: [0.0; 2], yaw_rad: rng.random_range(0.0..TAU), mass_kg, moves: true, look, lift_m: 0.0 }
}

/// A scene with balls; `None` if no push was found for it.
pub(super) fn draft(class: Class, pace: Pace, rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = empty(rng);
    let (row, misses) = (class == Class::Row, class == Class::Miss);
    let count = if misses { rng.random_range(3..=5) } else { rng.random_range(3..=9) };
    let looks = looks::balls(count, rng);
    let long = if row { rng.random_range(3..=count.min(5)) } else { 0 };
    place_row(&mut scene, &looks[..long], rng)?;
    for look in &looks[scene.bodies.len()..] {
        let ball = ball(*look, rng);
        placement::place_anywhere(&mut scene, ball, rng)?;
    }
    scene.table.look = looks::ground(&scene, rng);
    if row {
        // Any later ball of the row than the second is the target, so that others pass the motion on.
        let aimed = aim::at(&scene, 0, 1, pace, rng)?;
        let target = rng.random_range(2..long);
        // It arrives later than the first hit: the motion's length is what bounds it.
        return Some(Draft { scene, push: aimed.push, target: Some(target), by_secs: f64::INFINITY, direct: false });
    }
    if misses {
        let pushed = rng.random_range(0..count);
        let aimed = aim::past(&scene, pushed, pace, rng);
        return Some(Draft { scene, push: aimed.push, target: None, by_secs: aimed.by_secs, direct: false });
    }
    hit(scene, pace, rng)
}

/// A scene with a push of one of its balls at another.
fn hit(scene: Scene, pace: Pace, rng: &mut impl Rng) -> Option<Draft> {
    let count = scene.bodies.len();
    for _ in 0..PAIRS {
        let pushed = rng.random_range(0..count);
        let target = rng.random_range(0..count);
        if pushed == target || placement::gap(&scene.bodies[pushed], &scene.bodies[target]) < LEAST_WAY_M {
            continue;
        }
        if let Some(aimed) = aim::at(&scene, pushed, target, pace, rng) {
            return Some(Draft { scene, push: aimed.push, target: Some(target), by_secs: aimed.by_secs, direct: true });
        }
    }
    None
}

/// Balls one behind the other, the first with a longer way to the second.
fn place_row(scene: &mut Scene, looks: &[Look], rng: &mut impl Rng) -> Option<()> {
    let mut heading = rng.random_range(0.0..TAU);
    for (index, look) in looks.iter().enumerate() {
        let mut ball = ball(*look, rng);
        let Some(before) = scene.bodies.last().copied() else {
            // Behind the middle of the table, as the row runs.
            let from = [rng.random_range(-0.3..0.3), rng.random_range(-0.3..0.3)];
            ball.position_m = placement::along(from, heading, -0.6);
            placement::is_clear(scene, &ball).then_some(())?;
            scene.bodies.push(ball);
            continue;
        };
        let gap =
            if index == 1 { rng.random_range(LEAST_WAY_M..0.4) } else { rng.random_range(ROW_GAP_M[0]..ROW_GAP_M[1]) };
        heading += rng.random_range(-ROW_BEND_RAD..ROW_BEND_RAD);
        let apart = gap + ball.shape.outer_radius_m() + before.shape.outer_radius_m();
        ball.position_m = placement::along(before.position_m, heading, apart);
        placement::is_clear(scene, &ball).then_some(())?;
        scene.bodies.push(ball);
    }
    Some(())
}
