//! What lies in the way of a ball that rolls straight on: distances in a top view.

use super::{Body, Scene, Shape};

/// Distance of the centres of two balls on a table that touch, in a top view, and of other shapes' outlines from a ball's
/// centre: never more than what it is in truth.
fn reach_m(ball_radius_m: f64, other: &Shape) -> f64 {
    match *other {
        Shape::Ball { radius_m } => 2.0 * (ball_radius_m * radius_m).sqrt(),
        Shape::Pendulum { radius_m, .. } => ball_radius_m + radius_m,
        Shape::Cylinder { radius_m, half_height_m } => radius_m + at_height(ball_radius_m, 2.0 * half_height_m),
        Shape::Box { half_m } => at_height(ball_radius_m, 2.0 * half_m[2]),
    }
}

/// How far a ball's surface is from its vertical axis, at most, up to a height.
fn at_height(radius_m: f64, height_m: f64) -> f64 {
    let above = (radius_m - height_m).max(0.0);
    (radius_m * radius_m - above * above).max(0.0).sqrt()
}

/// How far a ball of a radius can roll from a point in a direction before it is within `margin_m` of a body; `None` if it
/// never is. Boxes count as a little larger at their corners.
pub(super) fn way_to(from: [f64; 2], direction: [f64; 2], radius_m: f64, body: &Body, margin_m: f64) -> Option<f64> {
    let to = [body.position_m[0] - from[0], body.position_m[1] - from[1]];
    let reach = reach_m(radius_m, &body.shape) + margin_m;
    let Shape::Box { half_m } = body.shape else {
        let along = to[0] * direction[0] + to[1] * direction[1];
        let square = reach * reach - (to[0] * to[0] + to[1] * to[1] - along * along);
        if square < 0.0 {
            return None;
        }
        let half = square.sqrt();
        return (along + half > 0.0).then_some((along - half).max(0.0));
    };
    // In the box's frame: the slabs of a rectangle that is larger on all sides.
    let (sin, cos) = body.yaw_rad.sin_cos();
    let turned = |v: [f64; 2]| [cos * v[0] + sin * v[1], cos * v[1] - sin * v[0]];
    let (start, heading) = (turned([-to[0], -to[1]]), turned(direction));
    let (mut enter, mut leave) = (0.0_f64, f64::INFINITY);
    for axis in 0..2 {
        let half = half_m[axis] + reach;
        if heading[axis].abs() < 1e-12 {
            if start[axis].abs() > half {
                return None;
            }
            continue;
        }
        let (a, b) = ((-half - start[axis]) / heading[axis], (half - start[axis]) / heading[axis]);
        enter = enter.max(a.min(b));
        leave = leave.min(a.max(b));
    }
    (enter <= leave).then_some(enter)
}

/// The nearest of all bodies but the ball itself, with the way to it.
pub(super) fn nearest(scene: &Scene, ball: usize, direction_rad: f64, margin_m: f64) -> Option<(usize, f64)> {
    let own = scene.bodies.get(ball)?;
    let (sin, cos) = direction_rad.sin_cos();
    let radius_m = own.shape.outer_radius_m();
    let others = scene.bodies.iter().enumerate().filter(|(index, _)| *index != ball);
    others
        .filter_map(|(index, body)| Some((index, way_to(own.position_m, [cos, sin], radius_m, body, margin_m)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Whether a body that cannot move is within the strip that a ball covers from a point to another one.
pub(super) fn is_barred(scene: &Scene, radius_m: f64, from: [f64; 2], to: [f64; 2]) -> bool {
    let way = [to[0] - from[0], to[1] - from[1]];
    let length = way[0].hypot(way[1]);
    if !(length > 0.0) {
        return false;
    }
    let direction = way.map(|value| value / length);
    let mut fixed = scene.bodies.iter().filter(|body| !body.moves);
    fixed.any(|body| way_to(from, direction, radius_m, body, 0.0).is_some_and(|way| way < length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::Look;

    fn body(shape: Shape, position_m: [f64; 2], yaw_rad: f64) -> Body {
        Body { shape, position_m, yaw_rad, mass_kg: 1.0, moves: false, look: Look::plain([0.5; 3]), lift_m: 0.0 }
    }

    #[test]
    fn ways_end_where_shapes_touch() {
        let ball = body(Shape::Ball { radius_m: 0.1 }, [1.0, 0.0], 0.0);
        let to = |direction: [f64; 2], other: &Body| way_to([0.0; 2], direction, 0.1, other, 0.0);
        assert!((to([1.0, 0.0], &ball).expect("ahead") - 0.8).abs() < 1e-12);
        assert_eq!(to([-1.0, 0.0], &ball), None);
        assert_eq!(to([0.0, 1.0], &ball), None);
        let wall = body(Shape::Box { half_m: [0.4, 0.02, 0.1] }, [1.0, 0.0], std::f64::consts::FRAC_PI_2);
        assert!((to([1.0, 0.0], &wall).expect("ahead") - 0.88).abs() < 1e-12);
        let side = [(0.3_f64).cos(), (0.3_f64).sin()];
        assert!(to(side, &wall).is_some() && to([side[1], side[0]], &wall).is_none());
        let post = body(Shape::Cylinder { radius_m: 0.05, half_height_m: 0.01 }, [1.0, 0.0], 0.0);
        assert!((to([1.0, 0.0], &post).expect("ahead") - (0.95 - 0.06)).abs() < 1e-12);
    }
}
