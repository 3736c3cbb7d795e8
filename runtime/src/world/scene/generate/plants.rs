//! Plants on a table, one of which is poked (thesis 3.3 and 4.4: carnations).

use super::placement::{self, along};
use super::{Draft, balls, looks};
use crate::world::scene::plant::Plant;
use crate::world::scene::simulation::{quaternion, turned};
use crate::world::scene::{Body, FRAME_SECS, FRAMES, Look, Push, Scene, Shape, Tracks};
use rand::{Rng, RngExt};
use std::f64::consts::{FRAC_PI_2, TAU};

/// Heights, metres.
const HEIGHT_M: [f64; 2] = [0.45, 0.8];
/// Frequencies of the first mode, hertz: its period has several frames. That of the second mode is 6.3 times as high, so that
/// frames show it aliased; it has lost most of its amplitude after the first frame.
const FIRST_HZ: [f64; 2] = [0.35, 0.8];
/// Damping ratios of the first mode.
const DAMPING: [f64; 2] = [0.04, 0.14];
/// Parts of a stem.
const SEGMENTS: usize = 4;
/// Radius of the circle that a plant is placed in, metres.
const ROOM_M: f64 = 0.2;
/// Least place of what is poked, as a share of the stem's length.
const LEAST_SHARE: f64 = 0.4;
/// Speeds that a poke gives to its place, m/s.
const SPEED_MPS: [f64; 2] = [0.15, 1.2];
/// Step of the share of the height over which a slope is taken.
const SLOPE_STEP: f64 = 0.01;

/// Which plant a body is part of, and where on its stem, as a share of the stem's length.
type Part = Option<(usize, f64)>;

/// One to three plants and up to two balls; one plant is poked.
pub(super) fn draft(rng: &mut impl Rng) -> Option<(Draft, Tracks)> {
    let mut scene = balls::empty(rng);
    let (mut plants, mut parts): (Vec<Plant>, Vec<Part>) = (Vec::new(), Vec::new());
    for _ in 0..rng.random_range(1..=3) {
        add(&mut scene, &mut plants, &mut parts, rng)?;
    }
    let others = rng.random_range(0..=2);
    for look in looks::balls(others, rng) {
        let ball = balls::ball(look, rng);
        placement::place_anywhere(&mut scene, ball, rng)?;
        parts.push(None);
    }
    scene.table.look = looks::ground(&scene, rng);
    let high: Vec<usize> =
        (0..parts.len()).filter(|body| parts[*body].is_some_and(|(_, share)| share >= LEAST_SHARE)).collect();
    let body = high[rng.random_range(0..high.len())];
    let (direction_rad, speed_mps) = (rng.random_range(0.0..TAU), rng.random_range(SPEED_MPS[0]..SPEED_MPS[1]));
    let (plant, share) = parts[body]?;
    let speed_mps = speed_mps.min(plants[plant].fastest_poke_mps(share));
    let push = Push { body, direction_rad, speed_mps };
    let tracks = tracks(&scene, &plants, &parts, &push);
    Some((Draft { scene, push, target: None, by_secs: f64::INFINITY, direct: false }, tracks))
}

/// Adds a pot, a stem in segments, leaves and a blossom.
fn add(scene: &mut Scene, plants: &mut Vec<Plant>, parts: &mut Vec<Part>, rng: &mut impl Rng) -> Option<()> {
    let mut within = |[low, high]: [f64; 2]| rng.random_range(low..high);
    let (top, first_hz, damping) = (within(HEIGHT_M), within(FIRST_HZ), within(DAMPING));
    let (pot_m, pot_half_m, stem_m) = (within([0.06, 0.09]), within([0.03, 0.05]), within([0.022, 0.035]));
    let (blossom_m, leaf_m) = (within([0.09, 0.14]), within([0.07, 0.1]));
    let leaves = rng.random_range(2..=4);
    let looks = looks::balls(4, rng);
    let fixed =
        |shape, look| Body { shape, position_m: [0.0; 2], yaw_rad: 0.0, mass_kg: 1.0, moves: false, look, lift_m: 0.0 };
    // The circle keeps bodies off that the top could hide.
    let room = fixed(Shape::Cylinder { radius_m: ROOM_M, half_height_m: 0.1 }, looks[0]);
    let room = placement::place_anywhere(scene, room, rng)?;
    let place = scene.bodies.remove(room).position_m;
    // The stem is clamped at the pot's rim.
    let (index, rim) = (plants.len(), 2.0 * pot_half_m);
    let plant = Plant { length_m: top - rim, first_hz, damping };
    let mut put = |shape: Shape, position_m: [f64; 2], share: f64, look: Look| {
        let centre_m = rim + share * plant.length_m;
        let lift_m = (centre_m - shape.rest_height_m()).max(0.0);
        scene.bodies.push(Body { position_m, moves: true, lift_m, ..fixed(shape, look) });
        parts.push(Some((index, share)));
    };
    let pot = Shape::Cylinder { radius_m: pot_m, half_height_m: pot_half_m };
    let stem = Shape::Cylinder { radius_m: stem_m, half_height_m: 0.5 * plant.length_m / SEGMENTS as f64 };
    for segment in 0..SEGMENTS {
        put(stem, place, (segment as f64 + 0.5) / SEGMENTS as f64, looks[1]);
    }
    put(Shape::Ball { radius_m: blossom_m }, place, 1.0, looks[2]);
    let first = rng.random_range(0.0..TAU);
    for leaf in 0..leaves {
        let shape = Shape::Cylinder { radius_m: leaf_m, half_height_m: 0.012 };
        let at = along(place, first + leaf as f64 * TAU / leaves as f64, stem_m + leaf_m);
        put(shape, at, rng.random_range(0.4..0.85), looks[3]);
    }
    scene.bodies.push(Body { position_m: place, ..fixed(pot, looks[0]) });
    parts.push(None);
    plants.push(plant);
    Some(())
}

/// The poked plant bends in the direction of the poke; nothing else moves.
fn tracks(scene: &Scene, plants: &[Plant], parts: &[Part], push: &Push) -> Tracks {
    let poked = parts[push.body];
    let (sin, cos) = push.direction_rad.sin_cos();
    let mut tracks = Tracks { struck_mps: vec![None; parts.len()], ..Tracks::default() };
    for (body, part) in scene.bodies.iter().zip(parts) {
        let rest = body.centre_m();
        let upright = quaternion([0.0, 0.0, 1.0], body.yaw_rad);
        let frame = |frame: usize| {
            let ((Some((own, share)), Some((plant, at))), true) = ((*part, poked), frame > 0) else {
                return (rest, upright);
            };
            if own != plant {
                return (rest, upright);
            }
            let (plant, secs) = (&plants[plant], frame as f64 * FRAME_SECS);
            let way = |share: f64| plant.offset_m(at, push.speed_mps, share, secs);
            let aside = way(share);
            let slope = (way(share) - way(share - SLOPE_STEP)) / (SLOPE_STEP * plant.length_m);
            let centre = [
                rest[0] + aside * cos,
                rest[1] + aside * sin,
                rest[2] - Plant::lowered_m(share * plant.length_m, aside),
            ];
            (centre, turned([-sin, cos, 0.0], slope.atan().clamp(-FRAC_PI_2, FRAC_PI_2), upright))
        };
        let (centres, turns) = (0..=FRAMES).map(frame).map(|(at, turn)| (at.map(|value| value as f32), turn)).unzip();
        tracks.bodies.push(centres);
        tracks.rotations.push(turns);
    }
    tracks
}
