//! Tables with balls and obstacles: some balls that could strike the target are barred from it, at least one is not.

use super::aim::Pace;
use super::placement::{self, along, direction, distance};
use super::{Draft, MAX_PUSH_MPS, aim, balls, looks};
use crate::geometry::wrapped;
use crate::world::scene::{Body, Goal, Look, Scene, Shape, ghost_push, way, way_is_free};
use rand::{Rng, RngExt};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Share of the candidates that are not pushed that an obstacle is put in front of.
const BARRED: f64 = 0.7;
/// Half of the angle behind the target in which candidates lie, rad.
const BEHIND_RAD: f64 = 0.9;
/// Gaps between candidates and the target, metres.
const WAY_M: [f64; 2] = [0.3, 1.2];
/// Tries to place an obstacle in front of a candidate.
const TRIES: usize = 12;
/// Half of the angle round the goal's direction within which a barred candidate could push the target there, rad.
const CUT_RAD: f64 = 0.8;
/// Half of the angle that an evaluation lets the target's direction differ by, rad: a way to the target within it is one.
const TURN_RAD: f64 = 15.0 / 180.0 * PI;
/// Room beside the way of the pushed ball, metres.
const ROOM_M: f64 = 0.02;
/// Largest ratio of the sides of a box in training; those of the benchmark are above 2.2.
pub(super) const TRAINING_RATIO: f64 = 1.5;

/// A scene with obstacles; `None` if no push was found for it or nothing is barred.
pub(super) fn draft(misses: bool, held_out: bool, rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = balls::empty(rng);
    let count = if misses { rng.random_range(3..=5) } else { rng.random_range(3..=9) };
    let looks = looks::balls(count, rng);
    let target = balls::ball(looks[0], rng);
    let target =
        placement::place(&mut scene, target, rng, |rng| [rng.random_range(-0.6..0.6), rng.random_range(-0.6..0.6)])?;
    let heading = rng.random_range(0.0..TAU);
    let candidates = rng.random_range(2..=count.min(6) - 1);
    for look in &looks[1..=candidates] {
        let ball = balls::ball(*look, rng);
        let reach = ball.shape.outer_radius_m() + scene.bodies[target].shape.outer_radius_m();
        let from = scene.bodies[target].position_m;
        placement::place(&mut scene, ball, rng, |rng| {
            let behind = heading + PI + rng.random_range(-BEHIND_RAD..BEHIND_RAD);
            along(from, behind, reach + rng.random_range(WAY_M[0]..WAY_M[1]))
        })?;
    }
    for look in &looks[candidates + 1..] {
        let ball = balls::ball(*look, rng);
        placement::place_anywhere(&mut scene, ball, rng)?;
    }
    let pushed = rng.random_range(1..=candidates);
    let aimed = aim::at(&scene, pushed, target, Pace::Published, rng)?;
    // Half of the misses are pushes that an obstacle stops.
    let stopped = misses && rng.random();
    let open = (!misses).then_some((pushed, aimed.push.direction_rad));
    let mut barred = 0;
    for candidate in 1..=candidates {
        let bars = if candidate == pushed { stopped } else { rng.random::<f64>() < BARRED };
        let form = if held_out { Form::AnyHeldOut } else { Form::Training };
        if bars && bar(&mut scene, candidate, target, open, form, rng) {
            barred += 1;
        } else if bars && candidate == pushed {
            return None;
        }
    }
    if barred == 0 {
        return None;
    }
    scene.table.look = looks::ground(&scene, rng);
    let aimed = if misses && !stopped { aim::past(&scene, pushed, Pace::Published, rng) } else { aimed };
    let target = (!misses).then_some(target);
    Some(Draft { scene, push: aimed.push, target, by_secs: aimed.by_secs, direct: true })
}

/// Whether an obstacle decides which ball can cause the goal: at least one could by its place and its speed, and is barred.
pub(super) fn decide(scene: &Scene, goal: &Goal) -> bool {
    let could = |body: usize| {
        scene.bodies[body].moves
            && body != goal.body
            && ghost_push(scene, body, goal).is_some_and(|push| {
                wrapped(push.direction_rad - goal.direction_rad).abs() <= CUT_RAD && push.speed_mps <= MAX_PUSH_MPS
            })
    };
    (0..scene.bodies.len()).any(|body| could(body) && !way_is_free(scene, body, goal, TURN_RAD))
}

/// The obstacles of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeldOut {
    /// A long bar.
    Bar,
    /// A thin wall.
    Wall,
    /// Two bars at a right angle.
    Corner,
    /// Three sides of a square round what is barred.
    Rim,
}

/// Which obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One of training.
    Training,
    /// Any of the benchmark.
    AnyHeldOut,
    /// This one of the benchmark.
    HeldOut(HeldOut),
}

/// Puts an obstacle across the way of a candidate to the target, but not across that of the pushed body.
pub(super) fn bar(
    scene: &mut Scene,
    candidate: usize,
    target: usize,
    open: Option<(usize, f64)>,
    form: Form,
    rng: &mut impl Rng,
) -> bool {
    let (ball, goal) = (scene.bodies[candidate], scene.bodies[target]);
    for _ in 0..TRIES {
        let parts = match form {
            Form::Training => training_obstacle(&ball, &goal, rng),
            Form::AnyHeldOut => held_out_obstacle(None, &ball, &goal, rng),
            Form::HeldOut(form) => held_out_obstacle(Some(form), &ball, &goal, rng),
        };
        let clear = parts.iter().all(|part| placement::is_clear(scene, part));
        let leaves_open = |(pushed, angle): (usize, f64)| {
            let ball = &scene.bodies[pushed];
            let way = [angle.cos(), angle.sin()];
            let room = across_m(ball, angle) + ROOM_M;
            let far = distance(ball.position_m, goal.position_m);
            let meets = |part: &Body| way::way_to(ball.position_m, way, room, part, 0.0).is_some_and(|way| way < far);
            !parts.iter().any(meets)
        };
        let bars = || {
            let to = direction(ball.position_m, goal.position_m);
            let own = across_m(&ball, to);
            parts.iter().any(|part| way::way_to(ball.position_m, [to.cos(), to.sin()], own, part, 0.0).is_some())
        };
        if clear && open.is_none_or(leaves_open) && bars() {
            scene.bodies.extend(parts);
            return true;
        }
    }
    false
}

fn fixed(shape: Shape, position_m: [f64; 2], yaw_rad: f64, look: Look) -> Body {
    Body { shape, position_m, yaw_rad, mass_kg: 5.0, moves: false, look, lift_m: 0.0 }
}

/// Half of what a body covers across a direction, metres.
fn across_m(body: &Body, direction_rad: f64) -> f64 {
    body.extent_m(direction_rad + FRAC_PI_2)
}

/// A point between a ball and the target, the direction across the way, and the way's length. Of things that slide the way is
/// that between their outlines.
fn between(ball: &Body, goal: &Body, rng: &mut impl Rng) -> ([f64; 2], f64, f64) {
    let to = direction(ball.position_m, goal.position_m);
    let far = distance(ball.position_m, goal.position_m);
    let (start, way) = match ball.shape {
        Shape::Ball { .. } => (0.0, far),
        _ => (ball.extent_m(to), far - ball.extent_m(to) - goal.extent_m(to)),
    };
    let middle = along(ball.position_m, to, start + way * rng.random_range(0.35..0.65));
    let aside = along(middle, to + FRAC_PI_2, rng.random_range(-0.03..0.03));
    (aside, to + FRAC_PI_2 + rng.random_range(-0.35..0.35), way)
}

fn compact(size_m: f64, round: bool, rng: &mut impl Rng) -> Shape {
    let height = rng.random_range(0.05..0.16);
    if round {
        return Shape::Cylinder { radius_m: size_m, half_height_m: height };
    }
    Shape::Box { half_m: [size_m, size_m * rng.random_range(1.02 / TRAINING_RATIO..1.0), height] }
}

/// A cube, a cylinder, or a rim of three of them round the ball.
fn training_obstacle(ball: &Body, goal: &Body, rng: &mut impl Rng) -> Vec<Body> {
    let look = looks::obstacle(false, rng);
    let (middle, across, way) = between(ball, goal, rng);
    let round = rng.random();
    if rng.random::<f64>() < 0.75 {
        let size = rng.random_range(0.09_f64..0.18).min(0.3 * way);
        return vec![fixed(compact(size, round, rng), middle, across, look)];
    }
    let size = rng.random_range(0.05..0.08);
    let shape = compact(size, round, rng);
    let to = direction(ball.position_m, goal.position_m);
    let ring = ball.shape.outer_radius_m() + shape.outer_radius_m() + rng.random_range(0.04..0.1);
    // Posts close enough to one another to hold a ball of at least 0.09 m.
    let turn = (2.0 * shape.outer_radius_m() + placement::GAP_M + 0.01) / ring;
    let post = |place: f64| fixed(shape, along(ball.position_m, to + place * turn, ring), to + place * turn, look);
    [-1.0, 0.0, 1.0].map(post).to_vec()
}

/// Of a form, or of any.
fn held_out_obstacle(form: Option<HeldOut>, ball: &Body, goal: &Body, rng: &mut impl Rng) -> Vec<Body> {
    let look = looks::obstacle(true, rng);
    let (middle, across, way) = between(ball, goal, rng);
    // In rooms three ways lie close together: shorter ones leave the open way open.
    let [least, most] = if form.is_some() { [0.12_f64, 0.22] } else { [0.16, 0.30] };
    let half = rng.random_range(least..most).min(0.45 * way);
    let height = rng.random_range(0.05..0.14);
    let bar = |half: f64, thick: f64| Shape::Box { half_m: [half, thick, height] };
    let any = [HeldOut::Bar, HeldOut::Wall, HeldOut::Corner, HeldOut::Rim];
    match form.unwrap_or_else(|| any[rng.random_range(0..any.len())]) {
        HeldOut::Bar => vec![fixed(bar(half, rng.random_range(0.035..0.05)), middle, across, look)],
        HeldOut::Wall => vec![fixed(bar(half, rng.random_range(0.012..0.025)), middle, across, look)],
        HeldOut::Corner => {
            let (arm, thick) = (0.6 * half, 0.025);
            // The second bar begins where the first one ends, at a right angle, on the ball's or on the target's side.
            let turn = if rng.random() { FRAC_PI_2 } else { -FRAC_PI_2 };
            let end = along(along(middle, across, half - thick), across + turn, arm + thick);
            vec![fixed(bar(half, thick), middle, across, look), fixed(bar(arm, thick), end, across + turn, look)]
        }
        HeldOut::Rim => {
            // The middle side is the one towards the target.
            let to = direction(ball.position_m, goal.position_m);
            let thick = 0.02;
            let room = ball.shape.outer_radius_m() + rng.random_range(0.05..0.09);
            let side = |turn: f64| along(ball.position_m, to + turn, room + thick);
            let parts = [(0.0, room + 2.0 * thick), (FRAC_PI_2, room), (-FRAC_PI_2, room)];
            parts.map(|(turn, half)| fixed(bar(half, thick), side(turn), to + turn + FRAC_PI_2, look)).to_vec()
        }
    }
}
