//! The force rule: how fast and where to a ball is pushed so that it strikes another one in time.

use super::MAX_PUSH_MPS;
use super::placement::{direction, distance};
use crate::world::scene::free::FreeBall;
use crate::world::scene::{Push, Scene, way};
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// Time in which the smallest push reaches the target, seconds.
const REACH_SECS: [f64; 2] = [2.5, 4.5];
/// How much faster than the smallest push the push is.
const FASTER: [f64; 2] = [1.2, 1.6];
/// The same where masses and not the way decide how fast a push is.
const ANY_FASTER: [f64; 2] = [1.2, 6.0];
/// Share of the window of angles in which hits off centre lie: at its ends nothing is passed on.
const WINDOW: f64 = 0.85;

/// How fast pushes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As published: little faster than the way needs, so that the way nearly decides the speed.
    Published,
    /// Anything up to six times what the way needs, every factor alike often on a logarithmic scale before scenes are left out
    /// in which push or goal is too fast.
    Any,
}

impl Pace {
    /// Largest speed of a push, m/s. Of any pace it is about what the motion of a picture's cell is bounded at.
    pub fn most_mps(self) -> f64 {
        match self {
            Self::Published => MAX_PUSH_MPS,
            Self::Any => 0.8,
        }
    }

    /// Largest goal that comes of it, m/s. Of any pace it is the largest of the models' scale.
    pub fn most_goal_mps(self) -> f64 {
        match self {
            Self::Published => f64::INFINITY,
            Self::Any => 0.6,
        }
    }

    /// How much faster than the smallest push that arrives in time.
    fn faster(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Published => rng.random_range(FASTER[0]..FASTER[1]),
            Self::Any => rng.random_range(ANY_FASTER[0].ln()..ANY_FASTER[1].ln()).exp(),
        }
    }
}

/// A push with the time by which it reaches what it is for.
pub(super) struct Aimed {
    pub push: Push,
    pub by_secs: f64,
}

/// Half of the angle in which a ball that rolls straight on strikes a target, rad.
fn half_window(scene: &Scene, pushed: usize, target: usize) -> f64 {
    let [a, b] = [pushed, target].map(|index| &scene.bodies[index]);
    let reach = 2.0 * (a.shape.outer_radius_m() * b.shape.outer_radius_m()).sqrt();
    (reach / distance(a.position_m, b.position_m)).min(1.0).asin()
}

/// A push of a ball at a target, straight or off centre. `None` if something else is in the way.
pub(super) fn at(scene: &Scene, pushed: usize, target: usize, pace: Pace, rng: &mut impl Rng) -> Option<Aimed> {
    let [a, b] = [pushed, target].map(|index| scene.bodies[index].position_m);
    let off = if rng.random() { 0.0 } else { WINDOW * rng.random_range(-1.0..1.0) };
    let secs = rng.random_range(REACH_SECS[0]..REACH_SECS[1]);
    let faster = pace.faster(rng);
    let direction_rad = direction(a, b) + off * half_window(scene, pushed, target);
    let (first, way) = way::nearest(scene, pushed, direction_rad, 0.0)?;
    if first != target {
        return None;
    }
    let speed_mps = FreeBall::least_speed(way, secs, &scene.table) * faster;
    Some(Aimed { push: Push { body: pushed, direction_rad, speed_mps }, by_secs: secs })
}

/// A push of a ball past all others, as fast as one at something `way_m` away would be.
pub(super) fn past(scene: &Scene, pushed: usize, pace: Pace, rng: &mut impl Rng) -> Aimed {
    let secs = rng.random_range(REACH_SECS[0]..REACH_SECS[1]);
    let faster = pace.faster(rng);
    let speed_mps = FreeBall::least_speed(rng.random_range(0.3..1.2), secs, &scene.table) * faster;
    let direction_rad = rng.random_range(-0.5 * TAU..0.5 * TAU);
    Aimed { push: Push { body: pushed, direction_rad, speed_mps }, by_secs: secs }
}
