//! Where a ray meets a shape, in the shape's own frame.

use super::super::body::Shape;
use super::super::vector::{Vector3, add, dot, scaled};

/// Radius of a pendulum's rod, metres.
const ROD_M: f64 = 0.012;

/// Nearest range accepted, metres.
const NEAR_M: f64 = 1e-6;

/// A meeting of a ray and a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hit {
    /// Along the ray, in lengths of its direction.
    pub range_m: f64,
    /// Outward unit normal.
    pub normal: Vector3,
}

/// The first meeting from outside.
pub(super) fn meet(shape: &Shape, origin_m: Vector3, direction: Vector3) -> Option<Hit> {
    match *shape {
        Shape::Ball { radius_m } => meet_ball(radius_m, origin_m, direction),
        Shape::Box { half_m } => meet_box(half_m, origin_m, direction),
        Shape::Cylinder { radius_m, half_height_m } => meet_cylinder(radius_m, half_height_m, origin_m, direction),
        Shape::Pendulum { radius_m, rod_m } => {
            let lowered = [origin_m[0], origin_m[1], origin_m[2] - 0.5 * rod_m];
            let rod = meet_cylinder(ROD_M, 0.5 * rod_m, lowered, direction);
            let hits = [meet_ball(radius_m, origin_m, direction), rod];
            hits.into_iter().flatten().min_by(|a, b| a.range_m.total_cmp(&b.range_m))
        }
    }
}

/// Radius of the smallest ball round the centre that holds the shape, metres.
pub(super) fn bound_m(shape: &Shape) -> f64 {
    match *shape {
        Shape::Ball { radius_m } => radius_m,
        Shape::Box { half_m: [x, y, z] } => x.hypot(y).hypot(z),
        Shape::Cylinder { radius_m, half_height_m } => radius_m.hypot(half_height_m),
        Shape::Pendulum { radius_m, rod_m } => radius_m.max(rod_m.hypot(ROD_M)),
    }
}

fn meet_ball(radius_m: f64, origin_m: Vector3, direction: Vector3) -> Option<Hit> {
    let square = dot(direction, direction);
    let half = dot(origin_m, direction);
    let root = half * half - square * (dot(origin_m, origin_m) - radius_m * radius_m);
    let range_m = (-half - root.max(0.0).sqrt()) / square;
    let met = root >= 0.0 && range_m > NEAR_M;
    met.then(|| Hit { range_m, normal: scaled(add(origin_m, scaled(direction, range_m)), 1.0 / radius_m) })
}

/// By slabs: the last entry before the first exit.
fn meet_box(half_m: [f64; 3], origin_m: Vector3, direction: Vector3) -> Option<Hit> {
    let (mut entry, mut exit, mut entered) = (f64::NEG_INFINITY, f64::INFINITY, 0);
    for axis in 0..3 {
        if direction[axis].abs() < 1e-12 {
            if origin_m[axis].abs() > half_m[axis] {
                return None;
            }
            continue;
        }
        let reach = half_m[axis].copysign(direction[axis]);
        let first = (-reach - origin_m[axis]) / direction[axis];
        if first > entry {
            (entry, entered) = (first, axis);
        }
        exit = exit.min((reach - origin_m[axis]) / direction[axis]);
    }
    let met = entry <= exit && entry > NEAR_M;
    met.then(|| {
        let mut normal = [0.0; 3];
        normal[entered] = -direction[entered].signum();
        Hit { range_m: entry, normal }
    })
}

/// The mantle, and the end that faces the ray's origin.
fn meet_cylinder(radius_m: f64, half_height_m: f64, origin_m: Vector3, direction: Vector3) -> Option<Hit> {
    let square = direction[0] * direction[0] + direction[1] * direction[1];
    let half = origin_m[0] * direction[0] + origin_m[1] * direction[1];
    let over = origin_m[0] * origin_m[0] + origin_m[1] * origin_m[1] - radius_m * radius_m;
    if direction[2].abs() > 1e-12 {
        let end_m = half_height_m.copysign(origin_m[2]);
        let range_m = (end_m - origin_m[2]) / direction[2];
        let at = add(origin_m, scaled(direction, range_m));
        let outside = origin_m[2].abs() > half_height_m;
        if outside && range_m > NEAR_M && at[0] * at[0] + at[1] * at[1] <= radius_m * radius_m {
            return Some(Hit { range_m, normal: [0.0, 0.0, 1.0_f64.copysign(origin_m[2])] });
        }
    }
    let root = half * half - square * over;
    if square < 1e-24 || root < 0.0 {
        return None;
    }
    let range_m = (-half - root.sqrt()) / square;
    let at = add(origin_m, scaled(direction, range_m));
    let met = range_m > NEAR_M && at[2].abs() <= half_height_m;
    met.then(|| Hit { range_m, normal: [at[0] / radius_m, at[1] / radius_m, 0.0] })
}
