//! Random scenes from a seed, with a push and what comes of it.
//!
//! Forces follow the published rule (thesis 4.4): the smallest push that reaches the target within 2.5 to 4.5 s, made 1.2
//! to 1.6 times as fast; half of the pushes aim at the middle of the angles that hit, half anywhere among them.

mod aim;
mod around;
mod balls;
mod dominos;
mod looks;
mod obstacles;
mod pendulums;
mod placement;
mod plants;
mod rooms;
mod things;
mod tools;
mod windy;

pub use rooms::Room;
pub use windy::Airborne;

use super::{Camera, CameraError, Goal, Light, MAX_TILT_RAD, Push, Scene, Simulation, Tracks, Wind};
use aim::Pace;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Raised with every change after which a seed, or an evaluation that draws scenes, gives others: results that are kept are of
/// the scenes of one version.
pub const SCENES_VERSION: u32 = 1;

/// A struck target slower than this is no goal, m/s.
const LEAST_GOAL_MPS: f64 = 0.06;
/// The same of a domino, which has just begun to turn when its speed is measured.
const LEAST_TOPPLING_MPS: f64 = 0.02;
/// Largest speed of a push, m/s.
pub(super) const MAX_PUSH_MPS: f64 = 2.0;
/// Largest speed of a wind, m/s.
pub(super) const MAX_WIND_MPS: f64 = 0.8;
/// Share of scenes whose push reaches no target.
const MISSES: f64 = 0.2;
/// Share of scenes whose target is struck over others in a row.
const ROWS: f64 = 0.1;

/// What a scene is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Balls alone
    Balls,
    /// Balls alone, pushed at any speed, so that masses and not the way decide how fast
    Speeds,
    /// Balls with obstacles that bar some of them from the target, one at least that could push it to the goal otherwise
    Blocked,
    /// Boxes on end that topple one another
    Dominos,
    /// Things that slide: sticks that push blocks, clubs that push balls, cups that push cups, some of them barred
    Tools,
    /// One target with two or three balls or things behind it, all of which could push it to the goal but for obstacles that bar all
    /// but one
    Around,
    /// Pendulums that strike what stands beside them
    Pendulums,
    /// Plants, one of which is poked and swings
    Plants,
    /// Flags, confetti or smoke in a wind
    Wind,
    /// Flags and windsocks in a wind
    Flags,
    /// One flag in a wind
    OneFlag,
}

impl Kind {
    /// Whether a push in such scenes can give a target a motion: nothing strikes anything in a wind or where a plant is poked.
    pub fn has_goals(self) -> bool {
        !matches!(self, Self::Plants | Self::Wind | Self::Flags | Self::OneFlag)
    }

    /// How fast its pushes are.
    fn pace(self) -> Pace {
        if self == Self::Speeds { Pace::Any } else { Pace::Published }
    }
}

/// A scene, its push, and what comes of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Generated {
    /// The seed.
    pub seed: u64,
    /// The kind.
    pub kind: Kind,
    /// The scene at rest.
    pub scene: Scene,
    /// The push; of a scene in a wind one without speed.
    pub push: Push,
    /// The wind, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wind: Option<Wind>,
    /// The body that the push is for; `None` where it is to reach none.
    pub target: Option<usize>,
    /// The motion of the target that the push causes, as the simulation shows it; `None` where none is reached.
    pub goal: Option<Goal>,
    /// The motion.
    pub tracks: Tracks,
}

impl Generated {
    /// The random camera and light of its seed: `max_tilt_deg` is the camera's largest tilt against the vertical, at most
    /// 60, and `size_px` the picture's side.
    ///
    /// # Errors
    /// As [`Camera::random`].
    pub fn view(&self, max_tilt_deg: f64, size_px: usize) -> Result<(Camera, Light), CameraError> {
        let tilt_rad = max_tilt_deg.to_radians().min(MAX_TILT_RAD);
        let camera = Camera::random(self.scene.table.half_m, tilt_rad, [size_px; 2], self.seed)?;
        Ok((camera, Light::random(&mut ChaCha8Rng::seed_from_u64(self.seed))))
    }
}

/// What a push is to do; drawn once for a seed, so that each has its share whatever the share of drafts that fail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// The pushed body strikes the target.
    Hit,
    /// The pushed body strikes others, which pass it on to the target.
    Row,
    /// The push reaches no body that can move.
    Miss,
}

/// A scene with a push, before it is simulated.
struct Draft {
    scene: Scene,
    push: Push,
    target: Option<usize>,
    /// The time by which the target is to be reached, seconds.
    by_secs: f64,
    /// Whether the pushed body itself is to strike the target.
    direct: bool,
}

/// The scene of a seed. `held_out` takes obstacles of the benchmark: long bars, thin walls and L-shapes in browns and
/// oranges, where training has cubes and cylinders of other hues; neither occurs in the other.
pub fn generate(kind: Kind, seed: u64, held_out: bool) -> Generated {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut simulation = Simulation::new();
    let class = match rng.random::<f64>() {
        share if share < MISSES => Class::Miss,
        share if share < MISSES + ROWS && kind == Kind::Balls => Class::Row,
        _ => Class::Hit,
    };
    // As the class: else what fits more often would be more frequent.
    let layout = if kind == Kind::Tools { tools::Layout::random(&mut rng) } else { tools::Layout::Pairs };
    let around = (kind == Kind::Around).then(|| tools::parts_around(&mut rng));
    let struck = if kind == Kind::Pendulums { pendulums::target(&mut rng) } else { things::Thing::Ball };
    let airborne = if kind == Kind::Wind { Airborne::ALL[rng.random_range(0..3)] } else { Airborne::Tethered };
    let mut on_table = |draft: Option<Draft>| draft.and_then(|draft| simulated(kind, seed, draft, &mut simulation));
    // Every class has drafts that fit with a share of at least some percent.
    loop {
        let made = match kind {
            Kind::Balls | Kind::Speeds => on_table(balls::draft(class, kind.pace(), &mut rng)),
            Kind::Blocked => on_table(obstacles::draft(class == Class::Miss, held_out, &mut rng)),
            Kind::Dominos => on_table(dominos::draft(class, &mut rng)),
            Kind::Tools => on_table(tools::draft(class, layout, &mut rng)),
            Kind::Around => on_table(
                around
                    .as_ref()
                    .and_then(|(parts, pushed)| rooms::draft(parts, *pushed, rooms::Layout::TRAINING, &mut rng)),
            ),
            Kind::Pendulums => on_table(pendulums::draft(class, struck, &mut rng)),
            Kind::Plants => plants::draft(&mut rng).map(|(draft, tracks)| in_air(kind, seed, draft, tracks, None)),
            Kind::Wind | Kind::Flags | Kind::OneFlag => blown(kind, airborne, seed, &mut rng),
        };
        if let Some(made) = made {
            return made;
        }
    }
}

/// A scene of one class in a wind.
pub fn windy(class: Airborne, seed: u64) -> Generated {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    loop {
        if let Some(made) = blown(Kind::Wind, class, seed, &mut rng) {
            return made;
        }
    }
}

fn blown(kind: Kind, class: Airborne, seed: u64, rng: &mut ChaCha8Rng) -> Option<Generated> {
    let (draft, tracks, wind) = windy::draft(class, kind == Kind::OneFlag, rng)?;
    Some(in_air(kind, seed, draft, tracks, Some(wind)))
}

/// A scene whose motion is known in closed form; nothing strikes anything.
fn in_air(kind: Kind, seed: u64, draft: Draft, tracks: Tracks, wind: Option<Wind>) -> Generated {
    let Draft { scene, push, .. } = draft;
    Generated { seed, kind, scene, push, wind, target: None, goal: None, tracks }
}

/// Six dominos in a row, the last of which is the target (thesis, table 4.3): the scene of a seed, in which one of the other
/// five is pushed. Body 5 is the target.
pub fn domino_row(seed: u64) -> Generated {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut simulation = Simulation::new();
    loop {
        let draft = dominos::row(&mut rng);
        if let Some(made) = draft.and_then(|draft| simulated(Kind::Dominos, seed, draft, &mut simulation)) {
            return made;
        }
    }
}

/// The draft with its motion, if that is what it is to be.
fn simulated(kind: Kind, seed: u64, draft: Draft, simulation: &mut Simulation) -> Option<Generated> {
    let Draft { scene, push, target, by_secs, direct } = draft;
    if push.speed_mps > kind.pace().most_mps() {
        return None;
    }
    let tracks = simulation.run(&scene, &push);
    if kind == Kind::Dominos && !dominos::hops_are_visible(&tracks) {
        return None;
    }
    let goal = match target {
        None => {
            let moved = |body: usize| scene.bodies[body].moves && tracks.struck_mps[body].is_some();
            if (0..scene.bodies.len()).any(|body| body != push.body && moved(body)) {
                return None;
            }
            None
        }
        Some(body) => {
            let velocity = tracks.struck_mps[body]?;
            let first = tracks.contacts.iter().find(|contact| contact.bodies.contains(&body))?;
            if first.secs > by_secs || (direct && first.bodies != [push.body, body]) {
                return None;
            }
            let [x, y] = velocity;
            let goal = Goal { body, direction_rad: y.atan2(x), speed_mps: x.hypot(y) };
            let least = if kind == Kind::Dominos { LEAST_TOPPLING_MPS } else { LEAST_GOAL_MPS };
            Some(goal).filter(|goal| (least..=kind.pace().most_goal_mps()).contains(&goal.speed_mps))
        }
    };
    if target.is_some() && goal.is_none() {
        return None;
    }
    if kind == Kind::Blocked && goal.as_ref().is_some_and(|goal| !obstacles::decide(&scene, goal)) {
        return None;
    }
    Some(Generated { seed, kind, scene, push, wind: None, target, goal, tracks })
}

#[cfg(test)]
mod tests;
