//! Which bodies of a true scene can cause a goal: the ground truth of the evaluation.

use crate::correction::{PushLimits, correct_push, goal_error};
use crate::world::scene::{Goal, Push, Scene, Simulation, ghost_push, way_is_free};

/// What counts as causing a goal: a target that moves within 15 degrees of it, at a speed that differs by 20% at most.
const LIMITS: PushLimits =
    PushLimits { max_speed_mps: 2.0, direction_rad: 15.0 / 180.0 * std::f64::consts::PI, speed_share: 0.2 };

/// By body: a push of it that causes the goal, or `None`.
///
/// A body whose way to the target is barred by one that cannot move is ruled out without simulation, as is one on the goal's
/// side of the target. Others are aimed by geometry and corrected in the true scene, with the correction's own solver: what
/// that does not find counts as impossible. Aimed at balls.
pub fn feasible(scene: &Scene, goal: &Goal, simulation: &mut Simulation) -> Vec<Option<Push>> {
    let one = |body: usize| {
        let moves = scene.bodies.get(body)?.moves && body != goal.body;
        let first =
            ghost_push(scene, body, goal).filter(|_| moves && way_is_free(scene, body, goal, LIMITS.direction_rad))?;
        if scene.bodies[body].shape.is_domino() {
            // How fast a chain topples does not depend on the push that began it: one simulation tells.
            let (direction, speed) = goal_error(goal, simulation.struck(scene, &first, goal.body)?);
            let meets = direction.abs() <= LIMITS.direction_rad && speed.abs() <= LIMITS.speed_share;
            return meets.then_some(first);
        }
        let found = correct_push(first, goal, &LIMITS, |push| simulation.struck(scene, push, goal.body)).ok()?;
        Some(found.push)
    };
    (0..scene.bodies.len()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::{Body, Kind, Look, Shape, Table, generate};

    fn ball(x: f64, y: f64) -> Body {
        let shape = Shape::Ball { radius_m: 0.1 };
        Body {
            shape,
            position_m: [x, y],
            yaw_rad: 0.0,
            mass_kg: 2.0,
            moves: true,
            look: Look::plain([0.5; 3]),
            lift_m: 0.0,
        }
    }

    #[test]
    fn balls_behind_the_target_can_push_it_and_others_cannot() {
        let wall = Body { shape: Shape::Box { half_m: [0.03, 0.3, 0.1] }, moves: false, ..ball(-0.35, -0.6) };
        // Target, one behind it, one ahead of it, one behind it but behind a wall.
        let bodies = vec![ball(0.0, 0.0), ball(-0.6, 0.2), ball(0.6, 0.0), ball(-0.7, -0.55), wall];
        let look = Look::plain([0.5; 3]);
        let scene =
            Scene { bodies, table: Table { half_m: 1.0, friction: 0.4, rolling_mps2: 0.01, restitution: 0.8, look } };
        let goal = Goal { body: 0, direction_rad: 0.0, speed_mps: 0.3 };
        let mut simulation = Simulation::new();
        let pushes = feasible(&scene, &goal, &mut simulation);
        let can: Vec<bool> = pushes.iter().map(Option::is_some).collect();
        assert_eq!(can, [false, true, false, false, false]);
        let struck = simulation.struck(&scene, &pushes[1].expect("one"), 0).expect("a hit");
        assert!(
            (struck[0].hypot(struck[1]) - 0.3).abs() <= 0.061 && struck[1].atan2(struck[0]).abs() < 0.262,
            "{struck:?}"
        );
        // Faster than any push makes it.
        let fast = Goal { speed_mps: 5.0, ..goal };
        assert!(feasible(&scene, &fast, &mut simulation).iter().all(Option::is_none));
        let wrong = Goal { speed_mps: f64::NAN, ..goal };
        assert!(feasible(&scene, &wrong, &mut simulation).iter().all(Option::is_none));
        assert!(feasible(&scene, &Goal { body: 9, ..goal }, &mut simulation).iter().all(Option::is_none));
    }

    #[test]
    fn what_made_a_goal_is_found_to_be_able_to() {
        let mut simulation = Simulation::new();
        let (mut found, mut all, mut barred) = (0, 0, 0);
        for seed in 0..60 {
            let made = generate(Kind::Blocked, seed, seed % 2 == 1);
            let Some(goal) = made.goal else { continue };
            let pushes = feasible(&made.scene, &goal, &mut simulation);
            all += 1;
            found += usize::from(pushes[made.push.body].is_some());
            barred +=
                usize::from(pushes.iter().zip(&made.scene.bodies).any(|(push, body)| body.moves && push.is_none()));
        }
        assert!(found * 100 >= all * 97 && barred > all / 2, "{found} {barred} of {all}");
    }
}
