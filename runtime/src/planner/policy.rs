//! Policies: an action at a time, imagined forward through the world until the goal. What comes out is a proposal like
//! any other.

use super::policy_engine::{PolicyEngine, policy_of};
use super::policy_history::{History, HistoryStep};
use super::{Observation, PlanError, Planner, PlannerError, Proposal, layout_of};
use crate::correction::Resample;
use crate::model::{Artefact, Engine, EngineChoice, EngineDescription, Manifest, load_engine};
use crate::trajectory::Trajectory;
use crate::view::{Event, View};
use crate::world::{GOAL_RADIUS_M, Layout, MazeWorld, Point, State};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Choices at run time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyPlannerSettings {
    /// Roll-outs per plan, all in one batch; the first that reaches the goal is taken.
    pub rollouts: usize,
    /// Sharpness of the actions: 1 draws from the density as it is, 0 takes its mode.
    pub temperature: f64,
    /// Return that every roll-out asks for at the start of an episode. If `None`, each asks for its own: from the model's
    /// target down to half of it, for what is good far from the goal is little beside it.
    pub target_return: Option<f64>,
    /// Distance from the goal at which a roll-out has arrived, metres; the rest is one straight knot.
    pub arrival_m: f64,
    /// Seed of all randomness.
    pub seed: u64,
}

impl Default for PolicyPlannerSettings {
    fn default() -> Self {
        Self { rollouts: 4, temperature: 0.5, target_return: None, arrival_m: 0.3, seed: 0 }
    }
}

impl PolicyPlannerSettings {
    /// # Errors
    /// Expected and got, for the first setting without sense.
    pub(super) fn check(&self) -> Result<(), PlannerError> {
        let wrong = |problem: String| Err(PlannerError::Setting(problem));
        if !(1..=256).contains(&self.rollouts) {
            return wrong(format!("expected 1 to 256 roll-outs, got {}", self.rollouts));
        }
        if !(self.temperature >= 0.0 && self.temperature <= 100.0) {
            return wrong(format!("expected a temperature from 0 to 100, got {}", self.temperature));
        }
        if !(self.arrival_m > 0.0 && self.arrival_m <= GOAL_RADIUS_M) {
            return wrong(format!("expected an arrival within 0 to {GOAL_RADIUS_M} m, got {}", self.arrival_m));
        }
        if let Some(target) = self.target_return.filter(|target| !target.is_finite()) {
            return wrong(format!("expected a finite target return, got {target}"));
        }
        Ok(())
    }
}

/// A policy on an engine.
pub struct PolicyPlanner {
    manifest: Manifest,
    settings: PolicyPlannerSettings,
    world: MazeWorld,
    engine: PolicyEngine,
    /// What was observed.
    past: History,
    last: Option<Observation>,
    return_to_go: f64,
    rollouts: Vec<Rollout>,
    /// Where roll-outs began that a deadline cut off, and how far they are.
    unfinished: Option<(Observation, usize)>,
    plans: u64,
}

/// Share of the model's target that the most modest roll-out asks for.
const LEAST_SHARE: f64 = 0.5;

/// One imagined future.
struct Rollout {
    history: History,
    return_to_go: f64,
    state: State,
    path: Trajectory,
    arrived: bool,
    broken: bool,
    rng: ChaCha8Rng,
}

impl PolicyPlanner {
    /// Loads the engine for `settings.rollouts` rows and warms it up.
    ///
    /// # Errors
    /// If the model is no policy, a setting does not fit it, or the engine refuses.
    pub fn new(
        artefact: &Artefact,
        choice: &EngineChoice,
        settings: PolicyPlannerSettings,
    ) -> Result<Self, PlannerError> {
        settings.check()?;
        policy_of(artefact.manifest())?;
        Self::on_engine(artefact.manifest(), load_engine(artefact, choice, settings.rollouts)?, settings)
    }

    /// On an engine that is already loaded for `settings.rollouts` rows.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn on_engine(
        manifest: &Manifest,
        engine: Box<dyn Engine>,
        settings: PolicyPlannerSettings,
    ) -> Result<Self, PlannerError> {
        settings.check()?;
        let manifest = manifest.clone();
        let policy = policy_of(&manifest)?;
        let layout = layout_of(&manifest)?;
        let history = History::new(&manifest, policy.context);
        let rollout = || Rollout {
            history: history.clone(),
            return_to_go: 0.0,
            state: State::default(),
            // A roll-out's states, the start before them and the goal after them.
            path: Trajectory::with_capacity(manifest.knot_secs, manifest.horizon + 2),
            arrived: false,
            broken: false,
            rng: ChaCha8Rng::seed_from_u64(0),
        };
        let return_to_go = settings.target_return.unwrap_or(policy.returns.target);
        Ok(Self {
            rollouts: (0..settings.rollouts).map(|_| rollout()).collect(),
            return_to_go,
            world: MazeWorld::new(layout),
            engine: PolicyEngine::on_engine(&manifest, engine, settings.rollouts)?,
            past: history.clone(),
            last: None,
            unfinished: None,
            plans: 0,
            settings,
            manifest,
        })
    }

    /// The map that the model was trained for.
    pub fn layout(&self) -> &Layout {
        self.world.layout()
    }

    /// The settings.
    pub fn settings(&self) -> &PolicyPlannerSettings {
        &self.settings
    }

    /// Takes in what was observed. A new goal, a gap or a jump in time begins an episode.
    fn remember(&mut self, observation: &Observation) {
        let period = self.manifest.knot_secs;
        let target = self.settings.target_return.unwrap_or(self.engine.policy().returns.target);
        let elapsed = self.last.map(|last| observation.stamp_secs - last.stamp_secs);
        let goes_on = self.last.is_some_and(|last| last.goal == observation.goal)
            && elapsed.is_some_and(|elapsed| (0.0..=3.0 * period).contains(&elapsed));
        let action_before = match (&self.last, elapsed) {
            // The newest step stands until a whole period has passed.
            (Some(_), Some(elapsed)) if goes_on && elapsed < 0.75 * period => return,
            (Some(last), Some(elapsed)) if goes_on => {
                self.world.robot().mean_command(&last.state, &observation.state, elapsed)
            }
            _ => {
                self.past.forget();
                self.return_to_go = target;
                [0.0; 2]
            }
        };
        if observation.state.distance(observation.goal) <= GOAL_RADIUS_M {
            self.return_to_go = (self.return_to_go - 1.0).max(self.engine.policy().returns.low);
        }
        self.past.push(&HistoryStep {
            state: observation.state,
            goal: observation.goal,
            return_to_go: self.return_to_go,
            action_before,
        });
        self.last = Some(*observation);
    }

    fn begin_rollouts(&mut self, observation: &Observation, seed: u64) {
        let spread = if self.settings.target_return.is_some() { 0.0 } else { LEAST_SHARE - 1.0 };
        let last = self.rollouts.len().saturating_sub(1).max(1) as f64;
        for (index, rollout) in self.rollouts.iter_mut().enumerate() {
            rollout.history.copy_from(&self.past);
            rollout.return_to_go = self.return_to_go * (1.0 + spread * index as f64 / last);
            rollout.history.ask_for(rollout.return_to_go);
            rollout.state = observation.state;
            rollout.path.clear();
            rollout.path.dt_secs = self.manifest.knot_secs;
            rollout.path.states.push(observation.state);
            rollout.arrived = observation.state.distance(observation.goal) <= self.settings.arrival_m;
            rollout.broken = false;
            rollout.rng = ChaCha8Rng::seed_from_u64(seed);
            rollout.rng.set_stream(index as u64);
        }
    }

    /// One step of every roll-out that is still under way. Gives back what the head of one said that is no density.
    fn advance(&mut self, goal: Point) -> Result<Option<PlanError>, PlanError> {
        let mut fault = None;
        for (row, rollout) in self.rollouts.iter().enumerate() {
            self.engine.show(row, &rollout.history);
        }
        self.engine.ask()?;
        for (row, rollout) in self.rollouts.iter_mut().enumerate() {
            if rollout.arrived || rollout.broken {
                continue;
            }
            // What is no density ends this future, not the others.
            let action = match self.engine.action(row, self.settings.temperature, &mut rollout.rng) {
                Ok(action) => action,
                Err(error) => {
                    rollout.broken = true;
                    fault = Some(error);
                    continue;
                }
            };
            for _ in 0..self.engine.policy().control_steps {
                rollout.state = self.world.step(&rollout.state, action).0;
            }
            rollout.broken |= !rollout.state.is_finite();
            if rollout.broken {
                continue;
            }
            rollout.path.commands.push(action);
            rollout.path.states.push(rollout.state);
            rollout.arrived = rollout.state.distance(goal) <= self.settings.arrival_m;
            rollout.history.push(&HistoryStep {
                state: rollout.state,
                goal,
                return_to_go: rollout.return_to_go,
                action_before: action,
            });
        }
        Ok(fault)
    }

    /// The roll-out that has arrived; of several that arrived with the same step, the one farthest from walls.
    fn arrived(&self) -> Option<(usize, f64)> {
        let sweep = self.world.sweep();
        let arrived = self.rollouts.iter().enumerate().filter(|(_, rollout)| rollout.arrived);
        arrived
            .map(|(index, rollout)| (index, sweep.path(rollout.path.points()).clearance_m))
            .max_by(|left, right| left.1.total_cmp(&right.1))
    }

    fn show(&self, observation: &Observation, plan: u64, view: &View) {
        for (candidate, rollout) in self.rollouts.iter().enumerate() {
            let position = |index: usize| rollout.path.states.get(index).map_or([f64::NAN; 2], |state| state.position);
            if let Some(points) = view.points(rollout.path.states.len(), position) {
                let event = Event::Denoising { plan, step: 0, candidate: candidate as u32, points };
                view.log(observation.stamp(), event);
            }
        }
    }
}

/// Farthest that a robot at rest moves between two looks, metres, and its fastest, metres per second.
const REST_M: f64 = 1e-3;
const REST_MPS: f64 = 1e-2;

/// Whether a future that was imagined from one observation is one from the next as well: a robot that waits for its
/// plan gets it after several deadlines rather than never.
fn stands_still(begun: &Observation, now: &Observation) -> bool {
    let slow = |state: &State| state.velocity[0].hypot(state.velocity[1]) <= REST_MPS;
    begun.goal == now.goal
        && slow(&begun.state)
        && slow(&now.state)
        && begun.state.distance(now.state.position) <= REST_M
}

impl Planner for PolicyPlanner {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn engine(&self) -> &EngineDescription {
        self.engine.engine()
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.trajectory.clear();
        if !(observation.state.is_finite() && observation.goal.iter().all(|value| value.is_finite())) {
            return Err(PlanError::NotFinite);
        }
        self.remember(observation);
        let plan = self.plans;
        self.plans += 1;
        // ChaCha mixes; the odd constant keeps the plans of neighbouring seeds apart.
        let seed = self.settings.seed.wrapping_add((plan + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut steps = match self.unfinished.take() {
            Some((begun, steps)) if stands_still(&begun, observation) => steps,
            _ => {
                self.begin_rollouts(observation, seed);
                0
            }
        };
        let mut fault = None;
        while self.arrived().is_none() {
            if steps == self.manifest.horizon || self.rollouts.iter().all(|rollout| rollout.broken) {
                let not_reached = PlanError::NotReached { rollouts: self.rollouts.len(), steps };
                // Where every future ends in something that is no density, that is what is wrong.
                let broken = self.rollouts.iter().all(|rollout| rollout.broken);
                return Err(fault.filter(|_| broken).unwrap_or(not_reached));
            }
            if deadline.is_some_and(|deadline| Instant::now() + self.engine.call() > deadline) {
                self.engine.forget_a_little();
                self.unfinished = Some((*observation, steps));
                return Err(PlanError::NoTime);
            }
            fault = self.advance(observation.goal)?.or(fault);
            steps += 1;
        }
        if view.is_enabled() {
            self.show(observation, plan, view);
        }
        let Some((candidate, clearance_m)) = self.arrived() else {
            return Err(PlanError::NotReached { rollouts: self.rollouts.len(), steps });
        };
        proposal.trajectory.copy_from(&self.rollouts[candidate].path);
        proposal.trajectory.states.push(State::at_rest(observation.goal));
        // Nobody knows the command of the last stretch; a trajectory has all commands or none.
        proposal.trajectory.commands.clear();
        proposal.candidate = candidate;
        proposal.clearance_m = clearance_m;
        proposal.denoising_steps = steps;
        proposal.cut_short = false;
        proposal.warm = false;
        Ok(())
    }

    fn reset(&mut self, seed: u64) {
        self.settings.seed = seed;
        self.plans = 0;
        self.last = None;
        self.unfinished = None;
    }

    fn proposal(&self) -> Proposal {
        let trajectory = Trajectory::with_capacity(self.manifest.knot_secs, self.manifest.horizon + 2);
        Proposal { trajectory, ..Proposal::default() }
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for PolicyPlanner {
    /// Another roll-out would be another plan: the gate decides about the one that was chosen.
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}
