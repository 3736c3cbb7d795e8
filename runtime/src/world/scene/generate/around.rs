//! One target with several things around its back, each of which could push it where it is to go.

use super::placement::{self, along};
use super::things::Thing;
use super::{MAX_PUSH_MPS, balls};
use crate::world::scene::free::{FreeBall, GRAVITY_MPS2};
use crate::world::scene::{Goal, Look, Push, Scene, Shape, ghost_push};
use rand::{Rng, RngExt};

/// Time in which the smallest push reaches the target, seconds: these ways are shorter than those of the published rule.
pub(super) const REACH_SECS: [f64; 2] = [1.5, 3.0];
/// How much faster than the smallest push the push is.
pub(super) const FASTER: [f64; 2] = [1.2, 1.6];
/// A speed for the geometry of an aim, which does not depend on it.
const ANY_MPS: f64 = 0.2;
/// Friction of a smooth table, on which boxes slide.
const SMOOTH: [f64; 2] = [0.004, 0.012];

/// A table for a thing: balls roll on any, others need a smooth one.
pub(super) fn table(rolling: bool, rng: &mut impl Rng) -> Scene {
    let mut scene = balls::empty(rng);
    if !rolling {
        scene.table.friction = rng.random_range(SMOOTH[0]..SMOOTH[1]);
    }
    scene
}

/// Adds a thing behind a target: it comes in the direction `heading_rad`, over a gap. `None` if it does not fit.
pub(super) fn behind(
    scene: &mut Scene,
    target: usize,
    (thing, look): (Thing, Look),
    heading_rad: f64,
    gap_m: f64,
    rng: &mut impl Rng,
) -> Option<usize> {
    let mut body = thing.body(heading_rad, look, rng);
    let to = scene.bodies[target];
    let apart = to.extent_m(heading_rad) + gap_m + body.extent_m(heading_rad);
    body.position_m = along(to.position_m, heading_rad, -apart);
    placement::is_clear(scene, &body).then_some(())?;
    scene.bodies.push(body);
    Some(scene.bodies.len() - 1)
}

/// The push of a body that sends a target in a direction, by geometry, faster than the smallest that arrives in time; with that
/// time, seconds.
pub(super) fn push(
    scene: &Scene,
    body: usize,
    target: usize,
    heading_rad: f64,
    gap_m: f64,
    rng: &mut impl Rng,
) -> Option<(Push, f64)> {
    let goal = Goal { body: target, direction_rad: heading_rad, speed_mps: ANY_MPS };
    let aimed = ghost_push(scene, body, &goal)?;
    let rolls = matches!(scene.bodies[body].shape, Shape::Ball { .. });
    let [from, to] = REACH_SECS;
    let secs = rng.random_range(from..to);
    let least = if rolls { FreeBall::least_speed(gap_m, secs, &scene.table) } else { least_speed(gap_m, secs, scene) };
    let speed_mps = least * rng.random_range(FASTER[0]..FASTER[1]);
    (speed_mps <= MAX_PUSH_MPS).then_some((Push { speed_mps, ..aimed }, secs))
}

/// The least speed at which a sliding body is `way_m` on within `secs`.
pub(super) fn least_speed(way_m: f64, secs: f64, scene: &Scene) -> f64 {
    let slower = scene.table.friction * GRAVITY_MPS2;
    // It must not have stopped before.
    let secs = secs.min((2.0 * way_m / slower).sqrt());
    way_m / secs + 0.5 * slower * secs
}
