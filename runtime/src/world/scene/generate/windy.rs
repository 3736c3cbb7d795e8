//! Flags, smoke and confetti in a wind over a table (thesis 3.3: flags alone in training, three classes in the test).

use super::placement::{self, along};
use super::{Draft, balls, looks};
use crate::world::scene::simulation::quaternion;
use crate::world::scene::wind::{Floating, Tethered, Wind};
use crate::world::scene::{Body, FRAME_SECS, FRAMES, Look, Push, Scene, Shape, Tracks};
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// Speeds of the wind, m/s.
const SPEED_MPS: [f64; 2] = [0.1, super::MAX_WIND_MPS];
/// Columns and rows of a flag's patches.
const PATCHES: [usize; 2] = [4, 2];
/// Balls of a windsock.
const SOCK: usize = 5;

/// What the wind moves: the classes of the published test (table 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Airborne {
    /// Flags and windsocks on poles
    Tethered,
    /// Confetti
    Aerodynamic,
    /// Puffs of smoke
    Fluid,
}

impl Airborne {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::Tethered, Self::Aerodynamic, Self::Fluid];
}

/// How a body moves in the wind.
#[derive(Clone, Copy)]
enum Motion {
    Still,
    Floating(Floating),
    /// Index of what it is part of, and its centre's share of the length.
    Tethered(usize, f64),
}

struct Windy {
    scene: Scene,
    motions: Vec<Motion>,
    tethered: Vec<(Tethered, [f64; 2])>,
}

/// Things of one class, and up to three heavy bodies that the wind does not move. With `one` there is one flag.
pub(super) fn draft(class: Airborne, one: bool, rng: &mut impl Rng) -> Option<(Draft, Tracks, Wind)> {
    let mut windy = Windy { scene: balls::empty(rng), motions: Vec::new(), tethered: Vec::new() };
    match class {
        Airborne::Tethered => {
            let count = if one { 1 } else { rng.random_range(1..=4) };
            let looks = looks::balls(count, rng);
            for look in looks {
                let sock = !one && rng.random();
                windy.tether(sock, look, rng)?;
            }
        }
        Airborne::Aerodynamic => {
            let count = rng.random_range(6..=12);
            for look in looks::balls(count, rng) {
                windy.confetti(look, rng);
            }
        }
        Airborne::Fluid => windy.smoke(rng),
    }
    let heavy = rng.random_range(0..=3);
    for look in looks::balls(heavy, rng) {
        let mut body = balls::ball(look, rng);
        if rng.random() {
            body.shape = Shape::Box { half_m: [0.1, 0.1, 0.06].map(|half| half * rng.random_range(0.8..1.3)) };
        }
        placement::place_anywhere(&mut windy.scene, body, rng)?;
        windy.motions.push(Motion::Still);
    }
    windy.scene.table.look = looks::ground(&windy.scene, rng);
    let direction_rad = rng.random_range(0.0..TAU);
    let wind = Wind { direction_rad, speed_mps: rng.random_range(SPEED_MPS[0]..SPEED_MPS[1]) };
    let tracks = windy.tracks(&wind);
    let push = Push { body: 0, direction_rad, speed_mps: 0.0 };
    let draft = Draft { scene: windy.scene, push, target: None, by_secs: f64::INFINITY, direct: false };
    Some((draft, tracks, wind))
}

fn body(shape: Shape, position_m: [f64; 2], centre_m: f64, look: Look) -> Body {
    let lift_m = (centre_m - shape.rest_height_m()).max(0.0);
    Body { shape, position_m, yaw_rad: 0.0, mass_kg: 1.0, moves: true, look, lift_m }
}

impl Windy {
    fn put(&mut self, body: Body, motion: Motion) {
        self.scene.bodies.push(body);
        self.motions.push(motion);
    }

    /// A pole with a flag, or with a windsock.
    fn tether(&mut self, sock: bool, look: Look, rng: &mut impl Rng) -> Option<()> {
        let mut within = |[low, high]: [f64; 2]| rng.random_range(low..high);
        let (half_m, length_m, high_m) = (within([0.22, 0.32]), within([0.3, 0.5]), within([0.2, 0.3]));
        let tethered = Tethered {
            length_m,
            rest_rad: within([0.0, TAU]),
            stiffness: within([1.0, 2.0]),
            damping: within([0.3, 0.6]),
            waves: [within([0.15, 0.35]), within([0.0, TAU])],
        };
        let pole = Shape::Cylinder { radius_m: 0.025, half_height_m: half_m };
        // Poles stand so far apart that flags rarely meet.
        let room = Body {
            moves: false,
            ..body(Shape::Cylinder { radius_m: 0.2, half_height_m: half_m }, [0.0; 2], 0.0, look)
        };
        let at = placement::place_anywhere(&mut self.scene, room, rng)?;
        let foot = self.scene.bodies[at].position_m;
        self.scene.bodies[at].shape = pole;
        self.motions.push(Motion::Still);
        let index = self.tethered.len();
        self.tethered.push((tethered, foot));
        let top = 2.0 * half_m;
        if sock {
            for ball in 0..SOCK {
                let share = (ball as f64 + 0.5) / SOCK as f64;
                let shape = Shape::Ball { radius_m: 0.085 - 0.035 * share };
                self.put(body(shape, foot, top - 0.05, look), Motion::Tethered(index, share));
            }
        } else {
            let [columns, rows] = PATCHES;
            for patch in 0..columns * rows {
                let share = ((patch / rows) as f64 + 0.5) / columns as f64;
                let half = [0.5 * length_m / columns as f64, 0.02, 0.5 * high_m / rows as f64];
                let centre = top - high_m * ((patch % rows) as f64 + 0.5) / rows as f64;
                self.put(body(Shape::Box { half_m: half }, foot, centre, look), Motion::Tethered(index, share));
            }
        }
        // At rest they stretch away from their poles.
        for index in 0..self.motions.len() {
            if let Motion::Tethered(to, share) = self.motions[index] {
                let (tethered, foot) = self.tethered[to];
                self.scene.bodies[index].position_m = along(foot, tethered.rest_rad, share * tethered.length_m);
                self.scene.bodies[index].yaw_rad = tethered.rest_rad;
            }
        }
        Some(())
    }

    fn confetti(&mut self, look: Look, rng: &mut impl Rng) {
        let mut within = |[low, high]: [f64; 2]| rng.random_range(low..high);
        let half = within([0.04, 0.06]);
        let place = [within([-0.75, 0.75]), within([-0.75, 0.75])];
        let floating = Floating {
            lag_secs: within([0.3, 1.0]),
            rise_mps: 0.0,
            swirl: [within([0.0, 0.2]), within([0.2, 0.6]), within([0.0, TAU])],
        };
        let shape = Shape::Box { half_m: [half, half, 0.01] };
        let yaw_rad = within([0.0, TAU]);
        let centre = within([0.05, 0.5]);
        self.put(Body { yaw_rad, ..body(shape, place, centre, look) }, Motion::Floating(floating));
    }

    fn smoke(&mut self, rng: &mut impl Rng) {
        let source = [rng.random_range(-0.5..0.5), rng.random_range(-0.5..0.5)];
        let light: f32 = rng.random_range(0.55..0.95);
        for _ in 0..rng.random_range(7..=12) {
            let mut within = |[low, high]: [f64; 2]| rng.random_range(low..high);
            let place = along(source, within([0.0, TAU]), within([0.0, 0.22]));
            let floating = Floating {
                lag_secs: within([0.2, 0.5]),
                rise_mps: within([0.02, 0.06]),
                swirl: [within([0.0, 0.1]), within([0.2, 0.6]), within([0.0, TAU])],
            };
            let shape = Shape::Ball { radius_m: within([0.06, 0.11]) };
            let centre = within([0.12, 0.45]);
            self.put(body(shape, place, centre, Look::plain([light; 3])), Motion::Floating(floating));
        }
    }

    fn tracks(&self, wind: &Wind) -> Tracks {
        let turns: Vec<Vec<f64>> =
            self.tethered.iter().map(|(tethered, _)| tethered.directions_rad(wind, FRAME_SECS, FRAMES + 1)).collect();
        let mut tracks = Tracks { struck_mps: vec![None; self.motions.len()], ..Tracks::default() };
        for (body, motion) in self.scene.bodies.iter().zip(&self.motions) {
            let rest = body.centre_m();
            let frame = |frame: usize| {
                let secs = frame as f64 * FRAME_SECS;
                match *motion {
                    Motion::Still => (rest, body.yaw_rad),
                    Motion::Floating(floating) => {
                        let [ahead, across, up] = floating.way_m(wind, secs);
                        let (sin, cos) = wind.direction_rad.sin_cos();
                        let centre =
                            [rest[0] + ahead * cos - across * sin, rest[1] + ahead * sin + across * cos, rest[2] + up];
                        (centre, body.yaw_rad)
                    }
                    Motion::Tethered(index, share) => {
                        let ((tethered, foot), turn) = (&self.tethered[index], turns[index][frame]);
                        tethered_place(tethered, *foot, wind, turn, share, secs, rest[2])
                    }
                }
            };
            let (centres, rotations) = (0..=FRAMES)
                .map(frame)
                .map(|(at, yaw)| (at.map(|value| value as f32), quaternion([0.0, 0.0, 1.0], yaw)))
                .unzip();
            tracks.bodies.push(centres);
            tracks.rotations.push(rotations);
        }
        tracks
    }
}

/// Centre and direction of a part of what is tethered: the way from the pole, along the waves.
fn tethered_place(
    tethered: &Tethered,
    foot: [f64; 2],
    wind: &Wind,
    turn: f64,
    share: f64,
    secs: f64,
    height_m: f64,
) -> ([f64; 3], f64) {
    const PIECES: usize = 16;
    let mut at = foot;
    for piece in 0..PIECES {
        let middle = share * (piece as f64 + 0.5) / PIECES as f64;
        at = along(at, turn + tethered.wave_rad(wind, middle, secs), share * tethered.length_m / PIECES as f64);
    }
    ([at[0], at[1], height_m], turn + tethered.wave_rad(wind, share, secs))
}
