//! The body that a force at a point acts on.

use super::push_fault::PushFault;
use crate::world::scene::{Body, Scene, Shape};

/// Largest distance of a contact from the surface of the body that it is on, metres: what a planner that sees the table in
/// a picture of some hundred pixels may be off.
pub const MAX_GAP_M: f64 = 0.03;

/// The body that a force at `contact_m`, in the table's frame, along `direction`, a unit vector on the table, pushes: the
/// one with the nearest surface among those that the force points into. So of two bodies that touch, the one ahead is
/// pushed.
///
/// # Errors
/// If no surface is within [`MAX_GAP_M`], or the body is an obstacle.
pub fn pushed_body(scene: &Scene, contact_m: [f64; 3], direction: [f64; 2]) -> Result<usize, PushFault> {
    let is_ahead = |body: &Body| {
        let to = [0, 1].map(|axis| body.position_m[axis] - contact_m[axis]);
        to[0] * direction[0] + to[1] * direction[1] > 0.0
    };
    let gaps = scene.bodies.iter().enumerate().filter(|(_, body)| is_ahead(body));
    let nearest = gaps.map(|(index, body)| (index, gap_m(body, contact_m))).min_by(|a, b| a.1.total_cmp(&b.1));
    match nearest {
        Some((index, gap)) if gap <= MAX_GAP_M => {
            if scene.bodies[index].moves {
                Ok(index)
            } else {
                Err(PushFault::Obstacle { body: index })
            }
        }
        Some((_, gap_m)) => Err(PushFault::FarContact { gap_m }),
        None => Err(PushFault::NothingAhead),
    }
}

/// Distance of a point from a body's surface, from within as from outside, metres.
fn gap_m(body: &Body, point_m: [f64; 3]) -> f64 {
    let (centre, (sin, cos)) = (body.centre_m(), body.yaw_rad.sin_cos());
    let [x, y, z] = [0, 1, 2].map(|axis| point_m[axis] - centre[axis]);
    match body.shape {
        Shape::Ball { radius_m } | Shape::Pendulum { radius_m, .. } => (x.hypot(y).hypot(z) - radius_m).abs(),
        Shape::Box { half_m } => {
            let own = [cos * x + sin * y, cos * y - sin * x, z];
            beyond([0, 1, 2].map(|axis| own[axis].abs() - half_m[axis]))
        }
        Shape::Cylinder { radius_m, half_height_m } => {
            beyond([x.hypot(y) - radius_m, z.abs() - half_height_m, -radius_m])
        }
    }
}

/// Distance from the surface of a body that is the common part of slabs, at right angles to each other, of which the point
/// is beyond the end by these lengths, negative within.
fn beyond(slabs: [f64; 3]) -> f64 {
    let [x, y, z] = slabs.map(|length| length.max(0.0));
    let outside = x.hypot(y).hypot(z);
    if outside > 0.0 { outside } else { slabs.into_iter().fold(f64::NEG_INFINITY, f64::max).abs() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::{Kind, Look, Table, generate};

    fn body(shape: Shape, position_m: [f64; 2], yaw_rad: f64, moves: bool) -> Body {
        Body { shape, position_m, yaw_rad, mass_kg: 1.0, moves, look: Look::plain([0.5; 3]), lift_m: 0.0 }
    }

    fn scene(bodies: Vec<Body>) -> Scene {
        let look = Look::plain([0.6; 3]);
        Scene { bodies, table: Table { half_m: 0.5, friction: 0.3, rolling_mps2: 0.1, restitution: 0.9, look } }
    }

    #[test]
    fn distances_are_those_of_the_surfaces() {
        let near = |body: Body, point: [f64; 3], expected: f64| {
            let got = gap_m(&body, point);
            assert!((got - expected).abs() < 1e-12, "{body:?} {point:?}: {got}, expected {expected}");
        };
        let ball = body(Shape::Ball { radius_m: 0.1 }, [1.0, 0.0], 0.0, true);
        near(ball, [0.8, 0.0, 0.1], 0.1);
        near(ball, [1.0, 0.0, 0.15], 0.05);
        let turned = body(Shape::Box { half_m: [0.3, 0.1, 0.1] }, [0.0, 0.0], 0.5 * std::f64::consts::PI, false);
        near(turned, [0.0, 0.4, 0.1], 0.1);
        near(turned, [0.2, 0.0, 0.1], 0.1);
        near(turned, [0.13, 0.34, 0.1], 0.05);
        near(turned, [0.08, 0.0, 0.1], 0.02);
        let post = body(Shape::Cylinder { radius_m: 0.1, half_height_m: 0.2 }, [0.0, 0.0], 0.0, false);
        near(post, [0.0, 0.15, 0.2], 0.05);
        near(post, [0.0, 0.0, 0.45], 0.05);
        near(post, [0.13, 0.0, 0.44], 0.05);
        near(post, [0.09, 0.0, 0.2], 0.01);
    }

    #[test]
    fn of_two_balls_that_touch_the_one_ahead_is_pushed() {
        let ball = |x: f64| body(Shape::Ball { radius_m: 0.1 }, [x, 0.0], 0.0, true);
        let scene = scene(vec![ball(-0.1), ball(0.1)]);
        assert_eq!(pushed_body(&scene, [0.0, 0.0, 0.1], [1.0, 0.0]), Ok(1));
        assert_eq!(pushed_body(&scene, [0.0, 0.0, 0.1], [-1.0, 0.0]), Ok(0));
        assert_eq!(pushed_body(&scene, [-0.22, 0.0, 0.1], [1.0, 0.0]), Ok(0));
    }

    #[test]
    fn contacts_off_every_surface_behind_everything_or_on_obstacles_are_refused() {
        let ball = body(Shape::Ball { radius_m: 0.1 }, [0.0, 0.0], 0.0, true);
        let post = body(Shape::Cylinder { radius_m: 0.05, half_height_m: 0.1 }, [0.4, 0.0], 0.0, false);
        let scene = scene(vec![ball, post]);
        let refused = |contact_m: [f64; 3], direction: [f64; 2], text: &str| {
            let error = pushed_body(&scene, contact_m, direction).expect_err(text).to_string();
            assert!(error.contains(text), "{error}");
        };
        refused([-0.2, 0.0, 0.1], [1.0, 0.0], "0.100 m");
        refused([-0.1, 0.0, 0.9], [1.0, 0.0], "got one");
        refused([0.9, 0.0, 0.1], [1.0, 0.0], "into no object");
        refused([0.34, 0.0, 0.1], [1.0, 0.0], "object 1, an obstacle");
    }

    #[test]
    fn the_rear_of_the_ball_of_every_scenes_own_push_is_on_that_ball() {
        for (kind, seed) in
            [(Kind::Balls, 0), (Kind::Balls, 1), (Kind::Balls, 2), (Kind::Blocked, 3), (Kind::Blocked, 4)]
        {
            let made = generate(kind, seed, false);
            let (body, (sin, cos)) = (made.scene.bodies[made.push.body], made.push.direction_rad.sin_cos());
            let radius_m = body.shape.outer_radius_m();
            let rear = [body.position_m[0] - radius_m * cos, body.position_m[1] - radius_m * sin, radius_m];
            assert_eq!(pushed_body(&made.scene, rear, [cos, sin]), Ok(made.push.body), "seed {seed}");
        }
    }
}
