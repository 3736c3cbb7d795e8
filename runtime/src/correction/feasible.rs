//! Which bodies of a scene can cause a goal, by simulation.

use super::{PushLimits, correct_push};
use crate::world::scene::{Body, Goal, Push, Scene, Simulation};

/// What counts as causing a goal: a target that moves within 10 degrees of it at a speed that differs by 20% at most.
const LIMITS: PushLimits = PushLimits { max_speed_mps: 2.0, direction_rad: 0.175, speed_share: 0.2 };
/// Bodies that must pass the target at an angle larger than this to its goal are not tried, rad.
const LARGEST_CUT_RAD: f64 = 1.45;
/// Least share of its speed that a body that strikes at an angle is counted to pass on.
const LEAST_CUT: f64 = 0.2;
/// A ball that is pushed rolls at this share of its speed soon after.
const ROLLING_SHARE: f64 = 5.0 / 7.0;

/// The push of a body to where its circle touches the target's on the side that faces away from the goal, at the speed that
/// masses, restitution and rolling ask for: geometry alone. `None` where it lies on the goal's side of the target.
pub fn ghost_push(scene: &Scene, body: usize, goal: &Goal) -> Option<Push> {
    let (own, target): (&Body, &Body) = (scene.bodies.get(body)?, scene.bodies.get(goal.body)?);
    let reach = own.shape.outer_radius_m() + target.shape.outer_radius_m();
    let (sin, cos) = goal.direction_rad.sin_cos();
    let way = [
        target.position_m[0] - reach * cos - own.position_m[0],
        target.position_m[1] - reach * sin - own.position_m[1],
    ];
    let direction_rad = way[1].atan2(way[0]);
    let cut = crate::geometry::wrapped(direction_rad - goal.direction_rad);
    if !(cut.abs() <= LARGEST_CUT_RAD) {
        return None;
    }
    let passed_on = (1.0 + scene.table.restitution) * own.mass_kg / (own.mass_kg + target.mass_kg);
    let rolling = goal.speed_mps / (passed_on * cut.cos().max(LEAST_CUT));
    // What resistance takes on the way.
    let at_start = (rolling * rolling + 2.0 * scene.table.rolling_mps2 * way[0].hypot(way[1])).sqrt();
    Some(Push { body, direction_rad, speed_mps: at_start / ROLLING_SHARE })
}

/// By body: a push of it that causes the goal, or `None`.
pub fn feasible(scene: &Scene, goal: &Goal, simulation: &mut Simulation) -> Vec<Option<Push>> {
    let one = |body: usize| {
        let moves = scene.bodies[body].moves && body != goal.body;
        let first = ghost_push(scene, body, goal).filter(|_| moves)?;
        let found = correct_push(first, goal, &LIMITS, |push| simulation.struck(scene, push, goal.body)).ok()?;
        Some(found.push)
    };
    (0..scene.bodies.len()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::{Look, Shape, Table};

    #[test]
    fn balls_behind_the_target_can_push_it_and_others_cannot() {
        let ball = |x: f64, y: f64| Body {
            shape: Shape::Ball { radius_m: 0.1 },
            position_m: [x, y],
            yaw_rad: 0.0,
            mass_kg: 2.0,
            moves: true,
            look: Look::plain([0.5; 3]),
        };
        let wall = Body { shape: Shape::Box { half_m: [0.03, 0.3, 0.1] }, moves: false, ..ball(-0.35, -0.6) };
        // Target, one behind it, one ahead of it, one behind it but behind a wall.
        let bodies = vec![ball(0.0, 0.0), ball(-0.6, 0.2), ball(0.6, 0.0), ball(-0.7, -0.55), wall];
        let look = Look::plain([0.5; 3]);
        let table = Table { half_m: 1.0, friction: 0.4, rolling_mps2: 0.01, restitution: 0.8, look };
        let goal = Goal { body: 0, direction_rad: 0.0, speed_mps: 0.3 };
        let can: Vec<bool> =
            feasible(&Scene { bodies, table }, &goal, &mut Simulation::new()).iter().map(Option::is_some).collect();
        assert_eq!(can, [false, true, false, false, false]);
    }
}
