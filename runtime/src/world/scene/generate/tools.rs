//! Tables with tools: a stick that pushes a block, a club that pushes a ball.
//!
//! Boxes slide, so these tables are as smooth as an air table: Coulomb friction of a few thousandths.

use super::placement::{self, along, direction};
use super::{Class, Draft, balls, looks};
use crate::world::scene::free::GRAVITY_MPS2;
use crate::world::scene::{Body, Push, Scene, Shape};
use rand::{Rng, RngExt};
use std::f64::consts::{FRAC_PI_2, TAU};

/// Friction of the table.
const FRICTION: [f64; 2] = [0.004, 0.012];
/// Time in which the smallest push reaches the target, seconds.
const REACH_SECS: [f64; 2] = [1.5, 3.0];
/// How much faster than the smallest push the push is.
const FASTER: [f64; 2] = [1.2, 1.6];
/// Gaps between a tool and the target, metres.
const WAY_M: [f64; 2] = [0.12, 0.45];

/// A tool and what it is for, with the tool's half length along the push.
fn tool(stick: bool, heading: f64, look: crate::world::scene::Look, rng: &mut impl Rng) -> (Body, f64) {
    let height = rng.random_range(0.03..0.06);
    let mass_kg = rng.random_range(1.0..4.0);
    let (half_m, ahead) = if stick {
        let long = rng.random_range(0.16..0.24);
        ([long, rng.random_range(0.025..0.04), height], long)
    } else {
        // A club is broad where it strikes.
        let thick = rng.random_range(0.03..0.05);
        ([thick, rng.random_range(0.12..0.2), height], thick)
    };
    (Body { shape: Shape::Box { half_m }, position_m: [0.0; 2], yaw_rad: heading, mass_kg, moves: true, look }, ahead)
}

fn block(yaw_rad: f64, look: crate::world::scene::Look, rng: &mut impl Rng) -> Body {
    let side = rng.random_range(0.08..0.13);
    let half_m = [side, side * rng.random_range(0.8..1.0), rng.random_range(0.04..0.1)];
    let mass_kg = rng.random_range(1.0..4.0);
    Body { shape: Shape::Box { half_m }, position_m: [0.0; 2], yaw_rad, mass_kg, moves: true, look }
}

/// A scene with one to three pairs of tool and target; `None` if no push was found for it.
pub(super) fn draft(class: Class, rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = balls::empty(rng);
    scene.table.friction = rng.random_range(FRICTION[0]..FRICTION[1]);
    let pairs = rng.random_range(1..=3);
    let others = rng.random_range(0..=2);
    let looks = looks::balls(2 * pairs + others, rng);
    let mut ways = Vec::new();
    for pair in 0..pairs {
        let heading = rng.random_range(0.0..TAU);
        let stick = rng.random();
        let (mut tool, ahead) = tool(stick, heading, looks[2 * pair], rng);
        let target =
            if stick { block(heading, looks[2 * pair + 1], rng) } else { balls::ball(looks[2 * pair + 1], rng) };
        let target = placement::place_anywhere(&mut scene, target, rng)?;
        let behind = match scene.bodies[target].shape {
            Shape::Box { half_m } => half_m[0],
            shape => shape.outer_radius_m(),
        };
        let gap = rng.random_range(WAY_M[0]..WAY_M[1]);
        // A part of the offset that still pushes: off centre, blocks turn.
        let off = rng.random_range(-0.25..0.25) * behind;
        let from = along(scene.bodies[target].position_m, heading, -(behind + gap + ahead));
        tool.position_m = along(from, heading + FRAC_PI_2, off);
        placement::is_clear(&scene, &tool).then_some(())?;
        scene.bodies.push(tool);
        ways.push((scene.bodies.len() - 1, target, gap));
    }
    for look in &looks[2 * pairs..] {
        let ball = balls::ball(*look, rng);
        placement::place_anywhere(&mut scene, ball, rng)?;
    }
    scene.table.look = looks::ground(&scene, rng);
    let (tool, target, gap) = ways[rng.random_range(0..pairs)];
    let secs = rng.random_range(REACH_SECS[0]..REACH_SECS[1]);
    let faster = rng.random_range(FASTER[0]..FASTER[1]);
    let speed_mps = least_speed(gap, secs, &scene) * faster;
    let [from, to] = [tool, target].map(|body| scene.bodies[body]);
    // Along its axis: what a tool is for; backwards it reaches nothing.
    let direction_rad = if class == Class::Miss { from.yaw_rad + TAU / 2.0 } else { from.yaw_rad };
    debug_assert!((direction(from.position_m, to.position_m) - from.yaw_rad).cos() > 0.0);
    let target = (class != Class::Miss).then_some(target);
    Some(Draft { scene, push: Push { body: tool, direction_rad, speed_mps }, target, by_secs: secs, direct: true })
}

/// The least speed at which a sliding body is `way_m` on within `secs`.
fn least_speed(way_m: f64, secs: f64, scene: &Scene) -> f64 {
    let slower = scene.table.friction * GRAVITY_MPS2;
    // It must not have stopped before.
    let secs = secs.min((2.0 * way_m / slower).sqrt());
    way_m / secs + 0.5 * slower * secs
}
