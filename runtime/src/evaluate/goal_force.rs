//! Goal-force planners on simulated scenes: which object is pushed, and whether the target then moves as it is to.
//!
//! A planner sees the picture, the goal and, where they are shown, the masses. Its push is executed in the true scene, of
//! which it knows neither friction nor restitution. Every control chooses an initiator without a network and goes through
//! the same correction and gate.

use crate::correction::{PushLimits, correct_push, goal_error};
use crate::gate::{PushGate, PushGateLimits, PushTiming};
use crate::planner::PlanError;
use crate::planner::goal_force::{GoalForcePlanner, PushRequest, ReadFault, RequestFault, SeenScene};
use crate::world::scene::{
    Camera, Generated, Goal, Kind, Light, Picture, Push, Renderer, Simulation, feasible, generate, ghost_push,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// A target that moves within so many rad of the goal,
const MET_RAD: f64 = 15.0 / 180.0 * std::f64::consts::PI;
/// and at a speed that differs by this share at most, has met it.
const MET_SHARE: f64 = 0.3;
/// Objects of a scene that can be pushed, the target apart, at least: chance is then a third at most.
const LEAST_CANDIDATES: usize = 3;
/// Scenes looked at for each that fits.
const TRIES: u64 = 60;

/// Who chooses the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushChooser {
    /// The network: initiator, angle and speed are read from its motions
    Model,
    /// The same network without a control signal
    NoControl,
    /// Any object but the target, aimed at the target's far side
    Random,
    /// The object nearest to the target, aimed likewise
    Nearest,
    /// Every object in turn by simulation: what can be reached without a network
    Search,
}

impl PushChooser {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Model, Self::NoControl, Self::Random, Self::Nearest, Self::Search];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::NoControl => "no-control",
            Self::Random => "random",
            Self::Nearest => "nearest",
            Self::Search => "search",
        }
    }

    /// Whether it needs a network.
    pub fn needs_model(self) -> bool {
        matches!(self, Self::Model | Self::NoControl)
    }
}

/// A scene with its picture and its goal.
#[derive(Clone, Debug)]
pub struct PushCase {
    /// Seed of the scene.
    pub seed: u64,
    /// The true scene, with the push that made its goal.
    pub truth: Generated,
    /// The goal for its target.
    pub goal: Goal,
    /// Which bodies can cause it, by body: a push that does.
    pub feasible: Vec<Option<Push>>,
    /// The camera.
    pub camera: Camera,
    /// Its picture, RGB.
    pub rgb: Vec<u8>,
    /// Whether masses are shown.
    pub masses_shown: bool,
}

impl PushCase {
    /// The first `count` scenes of a kind, from a seed on, with a goal, at least three objects to choose from, and at least
    /// one that can and one that cannot cause it.
    pub fn draw(kind: Kind, held_out: bool, max_tilt_rad: f64, size: usize, seed: u64, count: usize) -> Vec<Self> {
        let mut simulation = Simulation::new();
        let mut cases = Vec::new();
        for number in 0..count as u64 * TRIES {
            if cases.len() == count {
                break;
            }
            let seed = seed.wrapping_mul(1_000_003).wrapping_add(number).wrapping_add(1 << 40);
            cases.extend(Self::of(kind, held_out, max_tilt_rad, size, seed, &mut simulation));
        }
        cases
    }

    fn of(
        kind: Kind,
        held_out: bool,
        max_tilt_rad: f64,
        size: usize,
        seed: u64,
        simulation: &mut Simulation,
    ) -> Option<Self> {
        let truth = generate(kind, seed, held_out);
        let goal = truth.goal?;
        let others = |index: &usize| *index != goal.body && truth.scene.bodies[*index].moves;
        let candidates: Vec<usize> = (0..truth.scene.bodies.len()).filter(others).collect();
        if candidates.len() < LEAST_CANDIDATES {
            return None;
        }
        let feasible = feasible(&truth.scene, &goal, simulation);
        let can = candidates.iter().filter(|body| feasible[**body].is_some()).count();
        if can == 0 || can == candidates.len() {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let camera = Camera::random(truth.scene.table.half_m, max_tilt_rad, [size; 2], seed).ok()?;
        let mut picture = Picture::default();
        Renderer::new(false).render(&truth.scene, &camera, &Light::random(&mut rng), &mut picture);
        let rgb = picture.rgb;
        let masses_shown = rng.random();
        Some(Self { seed, truth, goal, feasible, camera, rgb, masses_shown })
    }

    fn body_at(&self, at_px: [f64; 2]) -> Option<usize> {
        let off = |index: &usize| {
            let centre = self.truth.scene.bodies[*index].centre_m();
            self.camera.project(centre).map_or(f64::INFINITY, |px| (px[0] - at_px[0]).hypot(px[1] - at_px[1]))
        };
        let nearest = (0..self.truth.scene.bodies.len()).min_by(|a, b| off(a).total_cmp(&off(b)))?;
        (off(&nearest) < 3.0).then_some(nearest)
    }
}

/// What came of one case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PushOutcome {
    /// The picture was understood: the request was accepted.
    pub seen: bool,
    /// A push was proposed; what else a motion may say is in the summary's counts.
    pub proposed: bool,
    /// The proposed initiator can cause the goal.
    pub initiator: bool,
    /// The proposed push, executed in the true scene as it is, meets the goal.
    pub raw: bool,
    /// A corrected push passed the gate.
    pub checked: bool,
    /// The checked push, executed in the true scene, meets the goal.
    pub corrected: bool,
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
    /// Motions in which the target sets off by itself, as a share of all cases (first candidate).
    pub spontaneous: f64,
    /// Share of all cases whose initiator can cause the goal.
    pub initiator: f64,
    /// Share of the proposals whose initiator can cause the goal.
    pub initiator_of_proposed: f64,
    /// Share of all cases that meet the goal with the push as proposed.
    pub raw: f64,
    /// Share of all cases with a push that passed the gate.
    pub checked: f64,
    /// Share of all cases that meet the goal with the checked push.
    pub corrected: f64,
    /// By case.
    #[serde(skip)]
    pub outcomes: Vec<PushOutcome>,
}

/// Evaluates choosers; the network's planner may be left out where none needs it.
#[derive(Debug)]
pub struct PushEvaluation {
    simulation: Simulation,
    gate: PushGate,
    limits: PushLimits,
}

impl Default for PushEvaluation {
    fn default() -> Self {
        Self {
            simulation: Simulation::new(),
            gate: PushGate::new(PushGateLimits::default()),
            limits: PushLimits::default(),
        }
    }
}

impl PushEvaluation {
    /// Runs all cases through a chooser.
    ///
    /// # Errors
    /// If the network's engine fails.
    ///
    /// # Panics
    /// Never: a chooser that needs a model and gets none proposes nothing.
    pub fn run(
        &mut self,
        chooser: PushChooser,
        cases: &[PushCase],
        spec: &crate::model::GoalForceSpec,
        mut planner: Option<&mut GoalForcePlanner>,
        progress: impl Fn(),
    ) -> Result<PushSummary, PlanError> {
        let mut outcomes = Vec::with_capacity(cases.len());
        let mut spontaneous = 0;
        for case in cases {
            let mut outcome = PushOutcome::default();
            if let Ok(seen) = see(case, spec) {
                outcome.seen = true;
                let proposals = match chooser {
                    PushChooser::Model | PushChooser::NoControl => {
                        let Some(planner) = planner.as_deref_mut() else { break };
                        let asked = if chooser == PushChooser::Model { Some(&seen) } else { None };
                        let read = planner.propose_with(&case.rgb, &seen, asked.is_some(), &case.camera, case.seed)?;
                        spontaneous += usize::from(matches!(read.first(), Some(Err(ReadFault::Spontaneous))));
                        read.into_iter().filter_map(|result| result.ok().map(|proposal| proposal.push)).collect()
                    }
                    PushChooser::Random => aimed(&seen, pick_random(&seen, case.seed)),
                    PushChooser::Nearest => aimed(&seen, pick_nearest(&seen)),
                    PushChooser::Search => {
                        by_distance(&seen).into_iter().flat_map(|body| aimed(&seen, Some(body))).collect()
                    }
                };
                self.judge(case, &seen, &proposals, &mut outcome);
            }
            outcomes.push(outcome);
            progress();
        }
        Ok(summary(chooser, spontaneous, outcomes))
    }

    fn judge(&mut self, case: &PushCase, seen: &SeenScene, proposals: &[Push], outcome: &mut PushOutcome) {
        let Some(first) = proposals.first() else { return };
        outcome.proposed = true;
        let corrected = proposals.iter().find_map(|proposal| {
            let simulate = |push: &Push| self.simulation.struck(&seen.scene, push, seen.goal.body);
            let corrected = correct_push(*proposal, &seen.goal, &self.limits, simulate).ok()?;
            self.gate.check(&seen.scene, &seen.goal, &corrected.push, PushTiming::default()).ok()
        });
        outcome.checked = corrected.is_some();
        let true_body = |push: &Push| case.body_at(seen.detections[push.body].centre_px);
        // The proposal is that of the checked push where there is one, else the first.
        let proposal = corrected.and_then(|checked| proposals.iter().find(|push| push.body == checked.push().body));
        let proposal = proposal.unwrap_or(first);
        if let Some(body) = true_body(proposal) {
            outcome.initiator = case.feasible[body].is_some();
            outcome.raw = self.meets(case, &Push { body, ..*proposal });
        }
        if let Some((checked, body)) = corrected.and_then(|checked| Some((checked, true_body(&checked.push())?))) {
            outcome.corrected = self.meets(case, &Push { body, ..checked.push() });
        }
    }

    fn meets(&mut self, case: &PushCase, push: &Push) -> bool {
        let Some(struck) = self.simulation.struck(&case.truth.scene, push, case.goal.body) else { return false };
        let (direction, speed) = goal_error(&case.goal, struck);
        direction.abs() <= MET_RAD && speed.abs() <= MET_SHARE
    }
}

fn see(case: &PushCase, spec: &crate::model::GoalForceSpec) -> Result<SeenScene, RequestFault> {
    let bodies = &case.truth.scene.bodies;
    let px = |index: usize| case.camera.project(bodies[index].centre_m());
    let masses: Vec<([f64; 2], f64)> = (0..bodies.len())
        .filter(|index| case.masses_shown && bodies[*index].moves)
        .filter_map(|index| px(index).map(|at| (at, bodies[index].mass_kg)))
        .collect();
    let request = PushRequest {
        rgb: &case.rgb,
        camera: &case.camera,
        target_px: px(case.goal.body).unwrap_or([f64::NAN; 2]),
        direction_rad: case.goal.direction_rad,
        speed_mps: case.goal.speed_mps.clamp(spec.goal_mps[0], spec.goal_mps[1]),
        masses: &masses,
    };
    SeenScene::new(&request, spec)
}

/// Objects that can be pushed, the target apart.
fn candidates(seen: &SeenScene) -> impl Iterator<Item = usize> + '_ {
    (0..seen.scene.bodies.len()).filter(|body| *body != seen.goal.body && seen.scene.bodies[*body].moves)
}

fn by_distance(seen: &SeenScene) -> Vec<usize> {
    let target = seen.scene.bodies[seen.goal.body].position_m;
    let off = |body: &usize| {
        let place = seen.scene.bodies[*body].position_m;
        (place[0] - target[0]).hypot(place[1] - target[1])
    };
    let mut all: Vec<usize> = candidates(seen).collect();
    all.sort_by(|a, b| off(a).total_cmp(&off(b)));
    all
}

fn pick_nearest(seen: &SeenScene) -> Option<usize> {
    by_distance(seen).first().copied()
}

fn pick_random(seen: &SeenScene, seed: u64) -> Option<usize> {
    let all: Vec<usize> = candidates(seen).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
    (!all.is_empty()).then(|| all[rng.random_range(0..all.len())])
}

/// The push of an object aimed by geometry alone; none if it lies on the goal's side.
fn aimed(seen: &SeenScene, body: Option<usize>) -> Vec<Push> {
    body.and_then(|body| ghost_push(&seen.scene, body, &seen.goal)).into_iter().collect()
}

fn summary(chooser: PushChooser, spontaneous: usize, outcomes: Vec<PushOutcome>) -> PushSummary {
    let count = outcomes.len().max(1) as f64;
    let share = |of: fn(&PushOutcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count() as f64 / count;
    let (proposed, initiator) = (share(|outcome| outcome.proposed), share(|outcome| outcome.initiator));
    PushSummary {
        chooser,
        cases: outcomes.len(),
        seen: share(|outcome| outcome.seen),
        proposed,
        spontaneous: spontaneous as f64 / count,
        initiator,
        initiator_of_proposed: if proposed > 0.0 { initiator / proposed } else { 0.0 },
        raw: share(|outcome| outcome.raw),
        checked: share(|outcome| outcome.checked),
        corrected: share(|outcome| outcome.corrected),
        outcomes,
    }
}
