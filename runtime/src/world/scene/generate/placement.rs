//! Where bodies of a scene lie: inside the table's square, apart from one another.

use crate::world::scene::{Body, Scene, Shape};
use rand::{Rng, RngExt};
use std::f64::consts::FRAC_PI_2;

/// Half of the side of the square in which bodies lie, metres.
pub(super) const HALF_M: f64 = 0.85;
/// Least gap between bodies, metres.
pub(super) const GAP_M: f64 = 0.03;
/// Tries to place a body.
const TRIES: usize = 60;

pub(super) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

pub(super) fn direction(from: [f64; 2], to: [f64; 2]) -> f64 {
    (to[1] - from[1]).atan2(to[0] - from[0])
}

/// The point at a distance from another in a direction.
pub(super) fn along(from: [f64; 2], direction_rad: f64, way_m: f64) -> [f64; 2] {
    let (sin, cos) = direction_rad.sin_cos();
    [from[0] + way_m * cos, from[1] + way_m * sin]
}

/// Distance of a point from a body's outline in a top view, 0 inside it.
pub(super) fn to_outline(point: [f64; 2], body: &Body) -> f64 {
    let off = [point[0] - body.position_m[0], point[1] - body.position_m[1]];
    match body.shape {
        Shape::Ball { radius_m } | Shape::Cylinder { radius_m, .. } | Shape::Pendulum { radius_m, .. } => {
            (off[0].hypot(off[1]) - radius_m).max(0.0)
        }
        Shape::Box { half_m } => {
            let (sin, cos) = body.yaw_rad.sin_cos();
            let (x, y) = (cos * off[0] + sin * off[1], cos * off[1] - sin * off[0]);
            (x.abs() - half_m[0]).max(0.0).hypot((y.abs() - half_m[1]).max(0.0))
        }
    }
}

/// Whether a body lies on the table, clear of all others.
pub(super) fn is_clear(scene: &Scene, body: &Body) -> bool {
    let own = body.shape.outer_radius_m();
    let inside = body.position_m.iter().all(|value| value.abs() + own <= HALF_M);
    inside && scene.bodies.iter().all(|other| gap(body, other) >= GAP_M)
}

/// The gap between two bodies in a top view, metres; never more than it is.
pub(super) fn gap(a: &Body, b: &Body) -> f64 {
    let is_box = |body: &Body| matches!(body.shape, Shape::Box { .. });
    match (is_box(a), is_box(b)) {
        (true, false) => to_outline(b.position_m, a) - b.shape.outer_radius_m(),
        (false, _) => to_outline(a.position_m, b) - a.shape.outer_radius_m(),
        (true, true) => box_gap(a, b),
    }
}

/// The largest gap between two boxes along one of their axes.
fn box_gap(a: &Body, b: &Body) -> f64 {
    let extent = |body: &Body, axis: f64| match body.shape {
        Shape::Box { half_m } => {
            let (sin, cos) = (axis - body.yaw_rad).sin_cos();
            half_m[0] * cos.abs() + half_m[1] * sin.abs()
        }
        shape => shape.outer_radius_m(),
    };
    let off = [b.position_m[0] - a.position_m[0], b.position_m[1] - a.position_m[1]];
    let along = |axis: f64| {
        let (sin, cos) = axis.sin_cos();
        (off[0] * cos + off[1] * sin).abs() - extent(a, axis) - extent(b, axis)
    };
    let axes = [a.yaw_rad, a.yaw_rad + FRAC_PI_2, b.yaw_rad, b.yaw_rad + FRAC_PI_2];
    axes.map(along).into_iter().fold(f64::NEG_INFINITY, f64::max)
}

/// Adds a body at the first drawn point where it lies clear, if there is one.
pub(super) fn place<R: Rng>(
    scene: &mut Scene,
    body: Body,
    rng: &mut R,
    mut draw: impl FnMut(&mut R) -> [f64; 2],
) -> Option<usize> {
    for _ in 0..TRIES {
        let body = Body { position_m: draw(rng), ..body };
        if is_clear(scene, &body) {
            scene.bodies.push(body);
            return Some(scene.bodies.len() - 1);
        }
    }
    None
}

/// Adds a body anywhere, if there is room.
pub(super) fn place_anywhere(scene: &mut Scene, body: Body, rng: &mut impl Rng) -> Option<usize> {
    let room = HALF_M - body.shape.outer_radius_m();
    place(scene, body, rng, |rng| [rng.random_range(-room..room), rng.random_range(-room..room)])
}
