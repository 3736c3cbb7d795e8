//! Which bodies of a scene can cause a goal, by simulation: the benchmark's ground truth and the control by search.

use super::{Body, Goal, Push, Scene, Shape, Simulation, way};
use crate::geometry::wrapped;

/// What counts as causing a goal, and how much is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// Largest speed right after a push, m/s.
    pub max_speed_mps: f64,
    /// Largest difference of the target's direction from the goal's, rad.
    pub direction_rad: f64,
    /// Largest difference of the target's speed from the goal's, as a share of the goal's.
    pub speed_share: f64,
    /// Simulations per body at most.
    pub simulations: usize,
}

impl Default for Aim {
    fn default() -> Self {
        Self { max_speed_mps: 2.0, direction_rad: 15.0_f64.to_radians(), speed_share: 0.2, simulations: 14 }
    }
}

/// Angle between a push and the goal above which a body is not tried, rad: so little is passed on.
const LARGEST_CUT_RAD: f64 = 1.4;
/// Least share of its speed that a body that strikes at an angle is counted to pass on.
const LEAST_CUT: f64 = 0.15;
/// A ball that is pushed rolls at this share of its speed soon after.
const ROLLING_SHARE: f64 = 5.0 / 7.0;
/// Change of the angle by which its effect is measured, rad.
const PROBE_RAD: f64 = 0.01;
/// Largest change of the angle in one step, rad.
const MAX_TURN_RAD: f64 = 0.12;
/// What a push that reaches nothing is made faster by.
const FASTER: f64 = 1.4;
/// Shrinking of a step that lost the target.
const BACK: f64 = 0.4;

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
    let passed_on = (1.0 + scene.table.restitution) * own.mass_kg / (own.mass_kg + target.mass_kg);
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
        (a, b) => a.outer_radius_m() + b.outer_radius_m(),
    };
    let (sin, cos) = direction_rad.sin_cos();
    [target.position_m[0] - reach * cos, target.position_m[1] - reach * sin]
}

/// By body: a push of it that causes the goal within the default [`Aim`], or `None`.
///
/// A body whose way to the target is barred by one that cannot move is ruled out without simulation, as is one on the
/// goal's side of the target; others are aimed with a secant over the angle and the ratio of speeds.
pub fn feasible(scene: &Scene, goal: &Goal, simulation: &mut Simulation) -> Vec<Option<Push>> {
    (0..scene.bodies.len()).map(|body| feasible_push(scene, body, goal, &Aim::default(), simulation)).collect()
}

/// A push of one body that causes the goal, or `None`.
fn feasible_push(scene: &Scene, body: usize, goal: &Goal, aim: &Aim, simulation: &mut Simulation) -> Option<Push> {
    let own = scene.bodies.get(body).filter(|own| own.moves && body != goal.body)?;
    let target = scene.bodies.get(goal.body)?;
    let mut push = ghost_push(scene, body, goal)?;
    if !(goal.speed_mps.is_finite() && goal.speed_mps > 0.0 && goal.direction_rad.is_finite()) {
        return None;
    }
    if let Shape::Ball { radius_m } = own.shape {
        // Within the tolerance somewhere on the target's side the way must be free.
        let barred = |off: f64| {
            let to = ghost(own, target, goal.direction_rad + off);
            way::is_barred(scene, radius_m, own.position_m, to)
        };
        if [-1.0, 0.0, 1.0].iter().all(|side| barred(side * aim.direction_rad)) {
            return None;
        }
    }
    push.speed_mps = push.speed_mps.min(aim.max_speed_mps);
    let errors = |struck: [f64; 2]| {
        let direction = wrapped(struck[1].atan2(struck[0]) - goal.direction_rad);
        (direction, struck[0].hypot(struck[1]) / goal.speed_mps - 1.0)
    };
    // Angle and error of the last push that struck the target.
    let mut last: Option<(Push, f64)> = None;
    for _ in 0..aim.simulations {
        let Some((direction, speed)) = simulation.struck(scene, &push, goal.body).map(errors) else {
            match last {
                // Too far: a part of the step.
                Some((from, _)) => {
                    push.direction_rad = from.direction_rad + BACK * wrapped(push.direction_rad - from.direction_rad);
                    push.speed_mps = from.speed_mps + BACK * (push.speed_mps - from.speed_mps);
                }
                None if push.speed_mps < aim.max_speed_mps => {
                    push.speed_mps = (FASTER * push.speed_mps).min(aim.max_speed_mps);
                }
                None => return None,
            }
            continue;
        };
        if direction.abs() <= aim.direction_rad && speed.abs() <= aim.speed_share {
            return Some(push);
        }
        let turn = match last {
            Some((from, error))
                if (error - direction).abs() > 1e-4
                    && wrapped(push.direction_rad - from.direction_rad).abs() > 1e-5 =>
            {
                -direction * wrapped(push.direction_rad - from.direction_rad) / (direction - error)
            }
            // What passes farther to the left of the target strikes it to the right.
            _ => PROBE_RAD.copysign(direction),
        };
        last = Some((push, direction));
        let turn =
            if direction.abs() <= 0.5 * aim.direction_rad { 0.0 } else { turn.clamp(-MAX_TURN_RAD, MAX_TURN_RAD) };
        let faster = (1.0 / (1.0 + speed)).clamp(0.5, 2.0);
        let before = push.speed_mps;
        push.direction_rad = wrapped(push.direction_rad + turn);
        push.speed_mps = (push.speed_mps * faster).min(aim.max_speed_mps);
        if turn == 0.0 && push.speed_mps == before {
            // The largest speed is too slow.
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Look, Table, generate};
    use super::*;

    fn ball(x: f64, y: f64) -> Body {
        let shape = Shape::Ball { radius_m: 0.1 };
        Body { shape, position_m: [x, y], yaw_rad: 0.0, mass_kg: 2.0, moves: true, look: Look::plain([0.5; 3]) }
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
