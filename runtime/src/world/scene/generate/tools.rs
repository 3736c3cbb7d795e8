//! Tables with things that slide: sticks that push blocks, clubs that push balls, cups that push cups.
//!
//! Boxes slide, so these tables are as smooth as an air table: Coulomb friction of a few thousandths. Half of the scenes have
//! pairs of things, each with a target of its own; half have one target with several things behind it, of which obstacles
//! bar some.

use super::around::{self, FASTER, REACH_SECS, least_speed};
use super::obstacles::{self, Form};
use super::placement::{self, along, direction};
use super::rooms::{Parts, Pushed};
use super::things::Thing;
use super::{Class, Draft, balls, looks};
use crate::world::scene::{Look, Push, Scene};
use rand::{Rng, RngExt};
use std::f64::consts::{FRAC_PI_2, TAU};

/// Gaps between a thing and its target, metres: in a pair, and round a target, where obstacles need room.
const WAY_M: [f64; 2] = [0.12, 0.45];
const ROOMY_M: [f64; 2] = [0.3, 0.65];
/// Least angle between two things round a target, and the half of the angle in which they lie, rad.
const APART_RAD: f64 = 0.45;
const BEHIND_RAD: f64 = 0.8;
/// Share of the things round a target that are not pushed that an obstacle is put in front of.
const BARRED: f64 = 0.75;

/// What is pushed with what.
const PAIRS: [(Thing, Thing); 9] = [
    (Thing::Stick, Thing::Block),
    (Thing::Stick, Thing::Puck),
    (Thing::Stick, Thing::Cup),
    (Thing::Stick, Thing::Ball),
    (Thing::Club, Thing::Ball),
    (Thing::Club, Thing::Puck),
    (Thing::Cup, Thing::Cup),
    (Thing::Puck, Thing::Puck),
    (Thing::Cube, Thing::Cube),
];

/// Share of the scenes of kind `around` in which balls lie round the target, and in which all of it has one colour.
const BALLS: f64 = 0.6;
const ONE_COLOUR: f64 = 0.3;

/// What lies in a scene of kind `around`, and which of the things that could push its target does; drawn once for a seed.
pub(super) fn parts_around(rng: &mut impl Rng) -> (Parts, Pushed) {
    let (candidate, target) =
        if rng.random::<f64>() < BALLS { (Thing::Ball, Thing::Ball) } else { PAIRS[rng.random_range(0..PAIRS.len())] };
    // Two of three are barred more often than one of two: the rarer the right thing, the more the obstacles say.
    let candidates = if rng.random::<f64>() < 0.7 { 3 } else { 2 };
    // As the looks' own colours are drawn.
    let colour = (rng.random::<f64>() < ONE_COLOUR).then(|| looks::balls(1, rng)[0].colour);
    (Parts { candidate, target, obstacle: Form::Training, colour }, Pushed::random(candidates, rng))
}

/// How things lie; drawn once for a seed, as the class is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    /// One to three pairs.
    Pairs,
    /// Several things round one target, both of a row of the table above.
    Around(usize),
}

impl Layout {
    pub fn random(rng: &mut impl Rng) -> Self {
        if rng.random() { Self::Around(rng.random_range(0..PAIRS.len())) } else { Self::Pairs }
    }
}

/// A scene; `None` if no push was found for it.
pub(super) fn draft(class: Class, layout: Layout, rng: &mut impl Rng) -> Option<Draft> {
    match layout {
        Layout::Around(pair) if class != Class::Miss => around_one(PAIRS[pair], rng),
        _ => pairs(class, rng),
    }
}

/// One to three pairs.
fn pairs(class: Class, rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = around::table(false, rng);
    let pairs = rng.random_range(1..=3);
    let others = rng.random_range(0..=2);
    let looks = looks::balls(2 * pairs + others, rng);
    let mut ways = Vec::new();
    for pair in 0..pairs {
        let heading = rng.random_range(0.0..TAU);
        let (tool, target) = PAIRS[rng.random_range(0..PAIRS.len())];
        let mut tool = tool.body(heading, looks[2 * pair], rng);
        let target = target.body(heading, looks[2 * pair + 1], rng);
        let target = placement::place_anywhere(&mut scene, target, rng)?;
        let behind = scene.bodies[target].extent_m(heading);
        let gap = rng.random_range(WAY_M[0]..WAY_M[1]);
        // A part of the offset that still pushes: off centre, blocks turn.
        let off = rng.random_range(-0.25..0.25) * behind;
        let from = along(scene.bodies[target].position_m, heading, -(behind + gap + tool.extent_m(heading)));
        tool.position_m = along(from, heading + FRAC_PI_2, off);
        placement::is_clear(&scene, &tool).then_some(())?;
        scene.bodies.push(tool);
        ways.push((scene.bodies.len() - 1, target, heading, gap));
    }
    place_others(&mut scene, &looks[2 * pairs..], rng)?;
    let (tool, target, heading, gap) = ways[rng.random_range(0..pairs)];
    let secs = rng.random_range(REACH_SECS[0]..REACH_SECS[1]);
    let faster = rng.random_range(FASTER[0]..FASTER[1]);
    let speed_mps = least_speed(gap, secs, &scene) * faster;
    let [from, to] = [tool, target].map(|body| scene.bodies[body].position_m);
    debug_assert!((direction(from, to) - heading).cos() > 0.0);
    // Along its axis: what a tool is for; backwards it reaches nothing.
    let direction_rad = if class == Class::Miss { heading + TAU / 2.0 } else { heading };
    let target = (class != Class::Miss).then_some(target);
    Some(Draft { scene, push: Push { body: tool, direction_rad, speed_mps }, target, by_secs: secs, direct: true })
}

/// One target, two to four things behind it, obstacles before some of them.
fn around_one((tool, target): (Thing, Thing), rng: &mut impl Rng) -> Option<Draft> {
    let mut scene = around::table(false, rng);
    let candidates = rng.random_range(2..=4);
    let others = rng.random_range(0..=2);
    let looks = looks::balls(1 + candidates + others, rng);
    let heading = rng.random_range(0.0..TAU);
    let target = target.body(heading, looks[0], rng);
    let target =
        placement::place(&mut scene, target, rng, |rng| [rng.random_range(-0.5..0.5), rng.random_range(-0.5..0.5)])?;
    let mut ways: Vec<(usize, f64, f64)> = Vec::new();
    for look in &looks[1..=candidates] {
        let to = heading + rng.random_range(-BEHIND_RAD..BEHIND_RAD);
        let gap = rng.random_range(ROOMY_M[0]..ROOMY_M[1]);
        if ways.iter().all(|(_, other, _)| (other - to).abs() >= APART_RAD)
            && let Some(body) = around::behind(&mut scene, target, (tool, *look), to, gap, rng)
        {
            ways.push((body, to, gap));
        }
    }
    (ways.len() > 1).then_some(())?;
    place_others(&mut scene, &looks[1 + candidates..], rng)?;
    let (pushed, _, gap) = ways[rng.random_range(0..ways.len())];
    let (push, by_secs) = around::push(&scene, pushed, target, heading, gap, rng)?;
    let mut barred = 0;
    for (body, ..) in ways.iter().filter(|way| way.0 != pushed) {
        let open = Some((pushed, push.direction_rad));
        if rng.random::<f64>() < BARRED && obstacles::bar(&mut scene, *body, target, open, Form::Training, rng) {
            barred += 1;
        }
    }
    (barred > 0).then_some(())?;
    scene.table.look = looks::ground(&scene, rng);
    Some(Draft { scene, push, target: Some(target), by_secs, direct: true })
}

fn place_others(scene: &mut Scene, looks: &[Look], rng: &mut impl Rng) -> Option<()> {
    for look in looks {
        let ball = balls::ball(*look, rng);
        placement::place_anywhere(scene, ball, rng)?;
    }
    scene.table.look = looks::ground(scene, rng);
    Some(())
}
