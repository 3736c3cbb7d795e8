//! Dominos that topple one another: in a straight line, a curve, or a line that branches.
//!
//! They topple slowly, in heavy damping (see the simulation), so that a hop from one to the next takes at least one frame.

use super::placement::{self, along};
use super::{Class, Draft, balls, looks};
use crate::world::scene::{Body, FRAME_SECS, Look, Push, Scene, Shape, Tracks};
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// Half of the thickness, width and height of a domino, metres.
const HALF_M: [[f64; 2]; 3] = [[0.022, 0.03], [0.08, 0.11], [0.17, 0.22]];
/// Gap between two dominos as a share of their height.
const GAP: [f64; 2] = [0.35, 0.5];
/// Turn from one domino to the next in a curve, rad.
const BEND_RAD: [f64; 2] = [0.1, 0.3];
/// Turn of either arm where a line branches, rad.
const BRANCH_RAD: f64 = 0.5;
/// Speeds of the push, m/s.
const SPEED_MPS: [f64; 2] = [0.8, 1.1];

/// Dominos a line, of those that lead to one target in a room.
pub(super) const LONG: usize = 2;
/// Share of the drafts with a target in which two lines lead to it; lengths of these lines.
const TWO_LINES: f64 = 0.4;
const TWO_LONG: [usize; 2] = [2, 4];
/// Angle between two such lines, rad.
const LINES_RAD: f64 = 0.9;
/// Gap between a line that does not reach the target and it, as a share of a domino's height.
const TOO_FAR: [f64; 2] = [1.15, 1.5];

/// Dominos of a row whose last is the target.
const ROW: usize = 6;

/// Whether every domino that topples another one does so at least a frame after it was touched or pushed itself.
pub(super) fn hops_are_visible(tracks: &Tracks) -> bool {
    let since = |body: usize| {
        let touched = tracks.contacts.iter().find(|contact| contact.bodies[1] == body);
        touched.map_or(0.0, |contact| contact.secs)
    };
    tracks.contacts.iter().all(|contact| contact.secs >= since(contact.bodies[0]) + FRAME_SECS)
}

/// A table on which dominos stand.
fn table(rng: &mut impl Rng) -> Scene {
    let mut scene = balls::empty(rng);
    scene.table.friction = rng.random_range(0.4..0.7);
    scene.table.restitution = 0.0;
    scene
}

/// The dominos of a scene are alike.
#[derive(Clone, Copy)]
struct Domino {
    half_m: [f64; 3],
    mass_kg: f64,
}

impl Domino {
    fn random(rng: &mut impl Rng) -> Self {
        let half_m = HALF_M.map(|[from, to]| rng.random_range(from..to));
        Self { half_m, mass_kg: rng.random_range(1.0..4.0) }
    }

    fn at(self, position_m: [f64; 2], yaw_rad: f64, look: Look) -> Body {
        let Self { half_m, mass_kg } = self;
        Body { shape: Shape::Box { half_m }, position_m, yaw_rad, mass_kg, moves: true, look, lift_m: 0.0 }
    }

    /// Distance of the centres of two with a gap that is a random share of their height.
    fn apart_m(self, share: [f64; 2], rng: &mut impl Rng) -> f64 {
        2.0 * self.half_m[0] + 2.0 * self.half_m[2] * rng.random_range(share[0]..share[1])
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Straight,
    Curve,
    Branch,
}

/// A scene of dominos; `None` if they do not fit on the table.
pub(super) fn draft(class: Class, rng: &mut impl Rng) -> Option<Draft> {
    if class != Class::Miss && rng.random::<f64>() < TWO_LINES {
        let long = rng.random_range(TWO_LONG[0]..=TWO_LONG[1]);
        return lines(2, long, rng);
    }
    let mut scene = table(rng);
    let count = rng.random_range(3..=10);
    let looks = looks::balls(count, rng);
    let domino = Domino::random(rng);
    let broad = domino.half_m[1];
    let apart = domino.apart_m(GAP, rng);
    let line = [Line::Straight, Line::Curve, Line::Branch][rng.random_range(0..3)];
    let bend = rng.random_range(BEND_RAD[0]..BEND_RAD[1]) * if rng.random() { 1.0 } else { -1.0 };
    let heading = rng.random_range(0.0..TAU);
    let start = along([rng.random_range(-0.3..0.3), rng.random_range(-0.3..0.3)], heading, -0.5 * apart * count as f64);
    let branch = if line == Line::Branch { 1 + rng.random_range(0..count.min(4) - 2) } else { count };
    // Ends of the arms that are still being laid: place, heading, index of the last one.
    let mut ends = vec![(start, heading)];
    let put = |scene: &mut Scene, position_m: [f64; 2], yaw_rad: f64| {
        let body = domino.at(position_m, yaw_rad, looks[scene.bodies.len()]);
        let inside = position_m.iter().all(|value| value.abs() + broad <= placement::HALF_M);
        let clear = scene.bodies.iter().all(|other| placement::gap(&body, other) >= 0.01);
        (inside && clear).then(|| scene.bodies.push(body))
    };
    put(&mut scene, start, heading)?;
    while scene.bodies.len() < count {
        if scene.bodies.len() == branch {
            let (place, heading) = ends[0];
            ends = vec![(place, heading + BRANCH_RAD), (place, heading - BRANCH_RAD)];
        }
        for end in &mut ends {
            if scene.bodies.len() == count {
                break;
            }
            let turned = end.1 + if line == Line::Curve { bend } else { 0.0 };
            let place = along(end.0, 0.5 * (end.1 + turned), apart);
            put(&mut scene, place, turned)?;
            *end = (place, turned);
        }
    }
    scene.table.look = looks::ground(&scene, rng);
    // Any domino before the target, and before the place where a line branches, may be the one that is pushed.
    let target = rng.random_range(1..count);
    let pushed = if class == Class::Miss { count - 1 } else { rng.random_range(0..target.min(branch)) };
    let speed_mps = rng.random_range(SPEED_MPS[0]..SPEED_MPS[1]);
    let push = Push { body: pushed, direction_rad: scene.bodies[pushed].yaw_rad, speed_mps };
    let target = (class != Class::Miss).then_some(target);
    Some(Draft { scene, push, target, by_secs: f64::INFINITY, direct: false })
}

/// Lines of dominos that lead to one target, of which one reaches it: the last of the others falls short.
pub(super) fn lines(count: usize, long: usize, rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = table(rng);
    let looks = looks::balls(1 + long * count, rng);
    let domino = Domino::random(rng);
    let heading = rng.random_range(0.0..TAU);
    let middle = [rng.random_range(-0.15..0.15), rng.random_range(-0.15..0.15)];
    scene.bodies.push(domino.at(middle, heading, looks[0]));
    let open = rng.random_range(0..count);
    for line in 0..count {
        let side = LINES_RAD * (line as f64 - 0.5 * (count - 1) as f64) + rng.random_range(-0.1..0.1);
        let share = if line == open { GAP } else { TOO_FAR };
        let mut back = domino.apart_m(share, rng);
        for place in 0..long {
            let body = domino.at(along(middle, heading + side, -back), heading + side, looks[1 + long * line + place]);
            placement::is_clear(&scene, &body).then_some(())?;
            scene.bodies.push(body);
            back += domino.apart_m(GAP, rng);
        }
    }
    scene.table.look = looks::ground(&scene, rng);
    // The hindmost of its line.
    let pushed = 1 + long * open + long - 1;
    let speed_mps = rng.random_range(SPEED_MPS[0]..SPEED_MPS[1]);
    let push = Push { body: pushed, direction_rad: scene.bodies[pushed].yaw_rad, speed_mps };
    Some(Draft { scene, push, target: Some(0), by_secs: f64::INFINITY, direct: false })
}

/// Six dominos in a line, of which the last is the target: any of the others may be pushed.
pub(super) fn row(rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = table(rng);
    let looks = looks::balls(ROW, rng);
    let domino = Domino::random(rng);
    let heading = rng.random_range(0.0..TAU);
    let apart = domino.apart_m(GAP, rng);
    for (index, look) in looks.into_iter().enumerate() {
        let position_m = along([0.0; 2], heading, apart * (index as f64 - 0.5 * (ROW - 1) as f64));
        let body = domino.at(position_m, heading, look);
        placement::is_clear(&scene, &body).then_some(())?;
        scene.bodies.push(body);
    }
    scene.table.look = looks::ground(&scene, rng);
    let speed_mps = rng.random_range(SPEED_MPS[0]..SPEED_MPS[1]);
    let pushed = rng.random_range(0..ROW - 1);
    let push = Push { body: pushed, direction_rad: heading, speed_mps };
    Some(Draft { scene, push, target: Some(ROW - 1), by_secs: f64::INFINITY, direct: false })
}
