//! Aim by geometry alone, as on a billiard table: at the place where a ball strikes the target in the goal's direction.

use super::free::{GRAVITY_MPS2, ROLLING_SHARE};
use super::{Body, Goal, Push, Scene, Shape, way};
use crate::geometry::wrapped;

/// Angle between a push and the goal above which a body is not tried, rad: so little is passed on.
const LARGEST_CUT_RAD: f64 = 1.4;
/// Least share of its speed that a body that strikes at an angle is counted to pass on.
const LEAST_CUT: f64 = 0.15;

/// Speed of a push at which dominos of the generated tables topple, m/s.
const TOPPLE_MPS: f64 = 1.0;

/// The push of a body to where it touches the target on the side that faces away from the goal, at the speed that masses,
/// restitution and rolling ask for: geometry alone. `None` where it lies on the goal's side of the target.
pub fn ghost_push(scene: &Scene, body: usize, goal: &Goal) -> Option<Push> {
    let (own, target): (&Body, &Body) = (scene.bodies.get(body)?, scene.bodies.get(goal.body)?);
    let ghost = ghost(own, target, goal.direction_rad);
    let way = [ghost[0] - own.position_m[0], ghost[1] - own.position_m[1]];
    let direction_rad = way[1].atan2(way[0]);
    let cut = wrapped(direction_rad - goal.direction_rad);
    if !(cut.abs() <= LARGEST_CUT_RAD) {
        return None;
    }
    if own.shape.is_domino() {
        // Across its face, towards the target's side.
        let back = wrapped(own.yaw_rad - direction_rad).abs() > std::f64::consts::FRAC_PI_2;
        let direction_rad = if back { own.yaw_rad + std::f64::consts::PI } else { own.yaw_rad };
        return Some(Push { body, direction_rad, speed_mps: TOPPLE_MPS });
    }
    let passed_on = (1.0 + scene.table.restitution) * own.mass_kg / (own.mass_kg + target.mass_kg);
    if let Shape::Pendulum { rod_m, .. } = own.shape {
        let rolls = matches!(target.shape, Shape::Ball { .. });
        let struck = if rolls { goal.speed_mps / ROLLING_SHARE } else { goal.speed_mps };
        let striking = struck / (passed_on * cut.cos().max(LEAST_CUT));
        // What it rises takes speed: that of a small swing.
        let risen = GRAVITY_MPS2 / rod_m * (way[0] * way[0] + way[1] * way[1]);
        return Some(Push { body, direction_rad, speed_mps: (striking * striking + risen).sqrt() });
    }
    // A struck ball slides at first, too.
    let struck = goal.speed_mps / ROLLING_SHARE;
    let rolling = struck / (passed_on * cut.cos().max(LEAST_CUT));
    // What resistance takes on the way.
    let at_start = (rolling * rolling + 2.0 * scene.table.rolling_mps2.max(0.0) * way[0].hypot(way[1])).sqrt();
    Some(Push { body, direction_rad, speed_mps: at_start / ROLLING_SHARE })
}

/// Centre of a body that touches the target so that the line of centres points as the goal does.
fn ghost(own: &Body, target: &Body, direction_rad: f64) -> [f64; 2] {
    let reach = match (own.shape, target.shape) {
        (Shape::Ball { radius_m: a }, Shape::Ball { radius_m: b }) => 2.0 * (a * b).sqrt(),
        _ => own.extent_m(direction_rad) + target.extent_m(direction_rad),
    };
    let (sin, cos) = direction_rad.sin_cos();
    [target.position_m[0] - reach * cos, target.position_m[1] - reach * sin]
}

/// Whether a body may come to its target on a straight way: somewhere within `turn_rad` of the goal's direction no body that
/// cannot move bars it. Only balls are held against what is in their way.
pub fn way_is_free(scene: &Scene, body: usize, goal: &Goal, turn_rad: f64) -> bool {
    let (Some(own), Some(target)) = (scene.bodies.get(body), scene.bodies.get(goal.body)) else { return false };
    let Shape::Ball { radius_m } = own.shape else { return true };
    let barred = |side: &f64| {
        let to = ghost(own, target, goal.direction_rad + side * turn_rad);
        way::is_barred(scene, radius_m, own.position_m, to)
    };
    ![-1.0, 0.0, 1.0].iter().all(barred)
}
