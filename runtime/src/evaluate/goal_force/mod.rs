//! Goal-force planners on simulated scenes: which object is pushed, and whether the target then moves as it is to.
//!
//! A planner sees the picture, the goal and, where they are shown, the masses. Its push is executed in the true scene, of
//! which it sees neither friction nor restitution, unless it is given parts of the truth ([`KnownPart`]). Every control
//! chooses an object without a network, has as many proposals as the network, and goes through the same correction and gate.

mod case;
mod feasible;
mod known;

pub use case::PushCase;
pub use feasible::feasible;
pub use known::KnownPart;

use crate::correction::goal_error;
use crate::gate::{PushGateLimits, PushTiming};
use crate::model::GoalForceSpec;
use crate::pilot::PushPilot;
use crate::planner::PlanError;
use crate::planner::goal_force::{GoalForcePlanner, ReadFault, SeenScene};
use crate::world::scene::{Push, Simulation, ghost_push};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// A target that moves within so many rad of the goal,
const MET_RAD: f64 = 15.0 / 180.0 * std::f64::consts::PI;
/// and at a speed that differs by this share at most, has met it.
const MET_SHARE: f64 = 0.3;
/// Who chooses the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushChooser {
    /// The network: initiator, angle and speed are read from its motions
    Model,
    /// The same network without a control signal
    NoControl,
    /// The same network, from a picture without the obstacles
    NoObstacles,
    /// The same network, with the goal as words tell it: one of eight directions and three speeds
    Labels,
    /// Any objects but the target, as many as the network has motions, aimed by geometry
    Random,
    /// As many objects, nearest to the target first, aimed likewise
    Nearest,
    /// As many objects, those most nearly straight behind the target first as the goal points, aimed likewise
    Aligned,
    /// Every object, nearest first: what correction and gate reach without a network
    Search,
}

impl PushChooser {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Model,
        Self::NoControl,
        Self::NoObstacles,
        Self::Labels,
        Self::Random,
        Self::Nearest,
        Self::Aligned,
        Self::Search,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::NoControl => "no-control",
            Self::NoObstacles => "no-obstacles",
            Self::Labels => "labels",
            Self::Random => "random",
            Self::Nearest => "nearest",
            Self::Aligned => "aligned",
            Self::Search => "search",
        }
    }

    /// Whether it needs a network.
    pub fn needs_model(self) -> bool {
        matches!(self, Self::Model | Self::NoControl | Self::NoObstacles | Self::Labels)
    }
}

/// What came of one case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PushOutcome {
    /// The picture was understood: the request was accepted.
    pub seen: bool,
    /// There is a proposal: a motion that can be read, or an object on the right side of the target.
    pub proposed: bool,
    /// The object of the first proposal can cause the goal.
    pub initiator: bool,
    /// The object of the first proposal is barred from the target: it could cause the goal if there were no obstacles.
    pub barred: bool,
    /// The scene has a barred object, whether the first proposal pushes it or not.
    pub has_barred: bool,
    /// The first proposal, executed in the true scene as it is, meets the goal.
    pub raw: bool,
    /// A proposal passed the gate after its correction; the first that does counts.
    pub checked: bool,
    /// The checked push, executed in the true scene, meets the goal.
    pub corrected: bool,
    /// The checked push breaks what the gate promises: see [`PushSummary::pushes_unsafe`].
    pub is_unsafe: bool,
    /// The checked push is on what cannot move in truth, or on nothing.
    pub misidentified: bool,
}

/// All cases of a chooser.
#[derive(Clone, Debug, Serialize)]
pub struct PushSummary {
    /// Who chose.
    pub chooser: PushChooser,
    /// Cases.
    pub cases: usize,
    /// Share whose picture was understood.
    pub seen: f64,
    /// Share with a proposal.
    pub proposed: f64,
    /// First motions in which the target sets off by itself, as a share of all cases.
    pub spontaneous: f64,
    /// Share of all cases whose first proposal pushes an object that can cause the goal.
    pub initiator: f64,
    /// The same as a share of the cases with a proposal.
    pub initiator_of_proposed: f64,
    /// Cases with an object that obstacles alone keep from causing the goal, whose first proposal pushes an object that
    /// can cause it or is kept from it: these decide whether obstacles are taken into account.
    pub decided: usize,
    /// Of these, the share whose object can cause the goal.
    pub initiator_of_decided: f64,
    /// Share of all cases that meet the goal with the first proposal as it is.
    pub raw: f64,
    /// Share of all cases with a push that passed the gate.
    pub checked: f64,
    /// Share of all cases that meet the goal with the checked push.
    pub corrected: f64,
    /// Checked pushes that are not finite, beyond the gate's limits of speed and impulse, on the target or on what does not
    /// move as it is seen, or that do not meet the goal within the gate's limits in a simulation of their own.
    pub pushes_unsafe: usize,
    /// Checked pushes on what is seen as a ball and is an obstacle, or nothing, in truth.
    pub pushes_misidentified: usize,
    /// By case.
    #[serde(skip)]
    pub outcomes: Vec<PushOutcome>,
}

/// Runs cases through choosers.
#[derive(Debug)]
pub struct PushEvaluation {
    /// Of the true scene.
    simulation: Simulation,
    pilot: PushPilot,
    spec: GoalForceSpec,
    candidates: usize,
    known: Vec<KnownPart>,
}

impl PushEvaluation {
    /// With the scales of a model, and as many proposals for every chooser but the search.
    pub fn new(spec: GoalForceSpec, candidates: usize) -> Self {
        Self { simulation: Simulation::new(), pilot: PushPilot::default(), spec, candidates, known: Vec::new() }
    }

    /// With parts of the truth that every chooser is given.
    pub fn knowing(self, known: &[KnownPart]) -> Self {
        Self { known: known.to_vec(), ..self }
    }

    /// Runs all cases through a chooser. Without a planner those that need a network propose nothing.
    ///
    /// # Errors
    /// If the network's engine fails.
    pub fn run(
        &mut self,
        chooser: PushChooser,
        cases: &[PushCase],
        mut planner: Option<&mut GoalForcePlanner>,
        progress: impl Fn(),
    ) -> Result<PushSummary, PlanError> {
        let mut outcomes = Vec::with_capacity(cases.len());
        let mut spontaneous = 0;
        for case in cases {
            let mut outcome = PushOutcome::default();
            if let Ok(seen) = case.seen(&self.spec, &self.known) {
                outcome.seen = true;
                let proposals = match (chooser, planner.as_deref_mut()) {
                    (PushChooser::Random, _) => aimed(&seen, shuffled(&seen, case.seed).take(self.candidates)),
                    (PushChooser::Nearest, _) => aimed(&seen, by_distance(&seen).into_iter().take(self.candidates)),
                    (PushChooser::Aligned, _) => aimed(&seen, by_angle(&seen).into_iter().take(self.candidates)),
                    (PushChooser::Search, _) => aimed(&seen, by_distance(&seen).into_iter()),
                    (_, Some(planner)) => {
                        let controlled = chooser != PushChooser::NoControl;
                        let hidden = chooser == PushChooser::NoObstacles;
                        let rgb = if hidden { &case.rgb_without_obstacles } else { &case.picture.rgb };
                        let told = if chooser == PushChooser::Labels { seen.force.as_label() } else { seen.force };
                        let asked = SeenScene { force: told, ..seen.clone() };
                        let read = planner.propose_with(rgb, &asked, controlled, &case.camera, case.seed)?;
                        spontaneous += usize::from(matches!(read.first(), Some(Err(ReadFault::Spontaneous))));
                        read.into_iter().flatten().map(|proposal| proposal.push).collect()
                    }
                    (_, None) => Vec::new(),
                };
                self.judge(case, &seen, &proposals, &mut outcome);
            }
            outcomes.push(outcome);
            progress();
        }
        Ok(summary(chooser, spontaneous, outcomes))
    }

    fn judge(&mut self, case: &PushCase, seen: &SeenScene, proposals: &[Push], outcome: &mut PushOutcome) {
        let in_truth = |push: &Push| {
            let body = case.body_at(seen.detections[push.body].centre_px)?;
            Some(Push { body, ..*push })
        };
        let Some(first) = proposals.first() else { return };
        outcome.proposed = true;
        if let Some(push) = in_truth(first) {
            outcome.initiator = case.feasible[push.body].is_some();
            outcome.barred = case.barred[push.body];
            outcome.has_barred = case.barred.contains(&true);
            outcome.raw = self.meets(case, &push);
        }
        let (scene, goal) = (&seen.scene, &seen.goal);
        let checked = self.pilot.first_checked(scene, goal, proposals.iter().copied(), PushTiming::default);
        outcome.checked = checked.is_some();
        if let Some(checked) = &checked {
            let push = checked.push();
            outcome.is_unsafe = !self.keeps_promise(seen, &push);
            let body = in_truth(&push).map(|push| &case.truth.scene.bodies[push.body]);
            outcome.misidentified = !body.is_some_and(|body| body.moves);
        }
        if let Some(push) = checked.and_then(|checked| in_truth(&checked.push())) {
            outcome.corrected = self.meets(case, &push);
        }
    }

    /// The gate's promise, by a simulation of its own.
    fn keeps_promise(&mut self, seen: &SeenScene, push: &Push) -> bool {
        let limits = PushGateLimits::default();
        let Some(body) = seen.scene.bodies.get(push.body) else { return false };
        let Some(struck) = self.simulation.struck(&seen.scene, push, seen.goal.body) else { return false };
        let (direction, speed) = goal_error(&seen.goal, struck);
        push.direction_rad.is_finite()
            && push.speed_mps > 0.0
            && push.speed_mps <= limits.max_speed_mps
            && push.speed_mps * body.mass_kg <= limits.max_impulse_ns
            && body.moves
            && push.body != seen.goal.body
            && direction.abs() <= limits.direction_rad
            && speed.abs() <= limits.speed_share
    }

    fn meets(&mut self, case: &PushCase, push: &Push) -> bool {
        let Some(struck) = self.simulation.struck(&case.truth.scene, push, case.goal.body) else { return false };
        let (direction, speed) = goal_error(&case.goal, struck);
        direction.abs() <= MET_RAD && speed.abs() <= MET_SHARE
    }
}

/// Objects that can be pushed, the target apart.
fn objects(seen: &SeenScene) -> Vec<usize> {
    let others = |body: &usize| *body != seen.goal.body && seen.scene.bodies[*body].moves;
    (0..seen.scene.bodies.len()).filter(others).collect()
}

/// Objects in the order of something that depends on their way to the target, metres.
fn sorted(seen: &SeenScene, by: impl Fn([f64; 2]) -> f64) -> Vec<usize> {
    let target = seen.scene.bodies[seen.goal.body].position_m;
    let of = |body: &usize| {
        let place = seen.scene.bodies[*body].position_m;
        by([target[0] - place[0], target[1] - place[1]])
    };
    let mut all = objects(seen);
    all.sort_by(|a, b| of(a).total_cmp(&of(b)));
    all
}

fn by_distance(seen: &SeenScene) -> Vec<usize> {
    sorted(seen, |[x, y]| x.hypot(y))
}

/// By the angle between the way to the target and the goal.
fn by_angle(seen: &SeenScene) -> Vec<usize> {
    let (sin, cos) = seen.goal.direction_rad.sin_cos();
    sorted(seen, |[x, y]| (cos * y - sin * x).atan2(cos * x + sin * y).abs())
}

fn shuffled(seen: &SeenScene, seed: u64) -> impl Iterator<Item = usize> {
    let mut all = objects(seen);
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(seed ^ 0x5eed));
    all.into_iter()
}

/// Pushes of objects aimed by geometry alone; none of what lies on the goal's side of the target.
fn aimed(seen: &SeenScene, bodies: impl Iterator<Item = usize>) -> Vec<Push> {
    bodies.filter_map(|body| ghost_push(&seen.scene, body, &seen.goal)).collect()
}

fn summary(chooser: PushChooser, spontaneous: usize, outcomes: Vec<PushOutcome>) -> PushSummary {
    let count = outcomes.len().max(1) as f64;
    let share = |of: fn(&PushOutcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count() as f64 / count;
    let decided = |outcome: &&PushOutcome| outcome.has_barred && (outcome.initiator || outcome.barred);
    let (decided, decided_well) = (
        outcomes.iter().filter(decided).count(),
        outcomes.iter().filter(decided).filter(|outcome| outcome.initiator).count(),
    );
    let (proposed, initiator) = (share(|outcome| outcome.proposed), share(|outcome| outcome.initiator));
    PushSummary {
        chooser,
        cases: outcomes.len(),
        seen: share(|outcome| outcome.seen),
        proposed,
        spontaneous: spontaneous as f64 / count,
        initiator,
        initiator_of_proposed: if proposed > 0.0 { initiator / proposed } else { 0.0 },
        decided,
        initiator_of_decided: if decided > 0 { decided_well as f64 / decided as f64 } else { 0.0 },
        raw: share(|outcome| outcome.raw),
        checked: share(|outcome| outcome.checked),
        corrected: share(|outcome| outcome.corrected),
        pushes_unsafe: outcomes.iter().filter(|outcome| outcome.is_unsafe).count(),
        pushes_misidentified: outcomes.iter().filter(|outcome| outcome.misidentified).count(),
        outcomes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::{Kind, MAX_TILT_RAD};

    /// With the goal along the line from a thing to the target, that thing is first.
    #[test]
    fn what_lies_straight_behind_the_target_is_aligned_first() {
        let spec = GoalForceSpec::default();
        let mut checked = 0;
        for case in PushCase::draw(Kind::Balls, false, MAX_TILT_RAD, spec.picture_px, 3, 8) {
            let Ok(seen) = case.seen(&spec, &[KnownPart::Objects]) else { continue };
            let target = seen.scene.bodies[seen.goal.body].position_m;
            for body in objects(&seen) {
                let [x, y] = seen.scene.bodies[body].position_m;
                let direction_rad = (target[1] - y).atan2(target[0] - x);
                let mut asked = seen.clone();
                asked.goal.direction_rad = direction_rad;
                let order = by_angle(&asked);
                assert_eq!(order.first(), Some(&body), "seed {}", case.seed);
                // The other way round it is the last one.
                asked.goal.direction_rad = direction_rad + std::f64::consts::PI;
                assert_eq!(by_angle(&asked).last(), Some(&body), "seed {}", case.seed);
                assert_eq!(order.len(), objects(&seen).len());
                checked += 1;
            }
        }
        assert!(checked > 16, "{checked}");
    }
}
