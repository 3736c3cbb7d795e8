//! Planning with a policy: its actions are rolled out through the simulated world until the goal.

use super::manifest_parts::{layout_of, policy_of};
use super::policy_engine::PolicyEngine;
use super::policy_history::{History, HistoryStep};
use super::{
    Observation, PlanError, Planner, PlannerDescription, PlannerError, PlannerSettings, Proposal, stream_seed,
};
use crate::correction::Resample;
use crate::model::{Engine, Manifest, ModelError};
use crate::trajectory::Trajectory;
use crate::view::{Event, View};
use crate::world::{GOAL_RADIUS_M, MazeWorld, Point, State};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Distance from the goal at which a roll-out has arrived, metres; the rest is one straight knot.
const ARRIVAL_M: f64 = 0.3;
/// Share of the model's target return in the roll-out with the lowest one.
const LEAST_SHARE: f64 = 0.5;

/// A policy on an engine.
pub(super) struct PolicyPlanner {
    description: PlannerDescription,
    temperature: f64,
    /// Return to go at the start of an episode in every roll-out. If `None`, they range from the model's target down to
    /// [`LEAST_SHARE`] of it, because high returns cannot be reached far from the goal.
    target_return: Option<f64>,
    seed: u64,
    world: MazeWorld,
    engine: PolicyEngine,
    /// Observed steps.
    past: History,
    last: Option<Observation>,
    return_to_go: f64,
    rollouts: Vec<Rollout>,
    /// Start and steps done of roll-outs that a deadline cut off.
    unfinished: Option<(Observation, usize)>,
    plans: u64,
}

/// One simulated future.
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
    /// On the engine that `engine` makes for a batch of the roll-outs.
    pub(super) fn open(
        manifest: &Manifest,
        settings: &PlannerSettings,
        engine: impl FnOnce(usize) -> Result<Box<dyn Engine>, ModelError>,
    ) -> Result<Self, PlannerError> {
        let own = settings.rollout;
        own.check()?;
        let policy = policy_of(manifest)?;
        let (rollouts, temperature) = (own.rollouts(), own.temperature());
        let history = History::new(manifest, policy.context);
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
        let engine = PolicyEngine::on_engine(manifest, engine(rollouts)?, rollouts)?;
        let mut description = PlannerDescription::of_model(manifest, engine.engine(), rollouts)?;
        description.temperature = Some(temperature);
        Ok(Self {
            rollouts: (0..rollouts).map(|_| rollout()).collect(),
            return_to_go: own.target_return.unwrap_or(policy.returns.target),
            world: MazeWorld::new(layout_of(manifest)?),
            temperature,
            target_return: own.target_return,
            seed: settings.seed,
            past: history.clone(),
            last: None,
            unfinished: None,
            plans: 0,
            engine,
            description,
        })
    }

    /// Adds an observation to the history. A new goal, a gap or a jump in time begins an episode.
    fn record(&mut self, observation: &Observation) {
        let period = self.description.knot_secs;
        let target = self.target_return.unwrap_or(self.engine.policy().returns.target);
        let elapsed = self.last.map(|last| observation.stamp_secs - last.stamp_secs);
        let continues = self.last.is_some_and(|last| last.goal == observation.goal)
            && elapsed.is_some_and(|elapsed| (0.0..=3.0 * period).contains(&elapsed));
        let action_before = match (&self.last, elapsed) {
            // A step of the history covers a whole period.
            (Some(_), Some(elapsed)) if continues && elapsed < 0.75 * period => return,
            (Some(last), Some(elapsed)) if continues => {
                self.world.robot().mean_command(&last.state, &observation.state, elapsed)
            }
            _ => {
                self.past.clear();
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
        let spread = if self.target_return.is_some() { 0.0 } else { LEAST_SHARE - 1.0 };
        let last = self.rollouts.len().saturating_sub(1).max(1) as f64;
        for (index, rollout) in self.rollouts.iter_mut().enumerate() {
            rollout.history.copy_from(&self.past);
            rollout.return_to_go = self.return_to_go * (1.0 + spread * index as f64 / last);
            rollout.history.set_return(rollout.return_to_go);
            rollout.state = observation.state;
            rollout.path.clear();
            rollout.path.dt_secs = self.description.knot_secs;
            rollout.path.states.push(observation.state);
            rollout.arrived = observation.state.distance(observation.goal) <= ARRIVAL_M;
            rollout.broken = false;
            rollout.rng = ChaCha8Rng::seed_from_u64(seed);
            rollout.rng.set_stream(index as u64);
        }
    }

    /// One step of every roll-out that has neither arrived nor broken off. Returns the last head error of this step.
    fn advance(&mut self, goal: Point) -> Result<Option<PlanError>, PlanError> {
        let mut fault = None;
        for (element, rollout) in self.rollouts.iter().enumerate() {
            self.engine.set_input(element, &rollout.history);
        }
        self.engine.run()?;
        for (element, rollout) in self.rollouts.iter_mut().enumerate() {
            if rollout.arrived || rollout.broken {
                continue;
            }
            // An output that is not a density ends this roll-out alone.
            let action = match self.engine.action(element, self.temperature, &mut rollout.rng) {
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
            rollout.arrived = rollout.state.distance(goal) <= ARRIVAL_M;
            rollout.history.push(&HistoryStep {
                state: rollout.state,
                goal,
                return_to_go: rollout.return_to_go,
                action_before: action,
            });
        }
        Ok(fault)
    }

    /// The roll-out that has arrived and its clearance, metres; of several in the same step, the one farthest from walls.
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

/// Largest displacement between two observations of a robot at rest, metres, and its largest speed, metres per second.
const REST_M: f64 = 1e-3;
const REST_MPS: f64 = 1e-2;

/// Whether roll-outs from one observation are valid from the next one as well: they can then continue after a deadline
/// that is shorter than one plan takes.
fn is_at_rest(begun: &Observation, now: &Observation) -> bool {
    let slow = |state: &State| state.velocity[0].hypot(state.velocity[1]) <= REST_MPS;
    begun.goal == now.goal
        && slow(&begun.state)
        && slow(&now.state)
        && begun.state.distance(now.state.position) <= REST_M
}

impl Planner for PolicyPlanner {
    fn description(&self) -> &PlannerDescription {
        &self.description
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.trajectory.clear();
        observation.check_finite()?;
        self.record(observation);
        let plan = self.plans;
        self.plans += 1;
        let seed = stream_seed(self.seed, plan + 1);
        let mut steps = match self.unfinished.take() {
            Some((begun, steps)) if is_at_rest(&begun, observation) => steps,
            _ => {
                self.begin_rollouts(observation, seed);
                0
            }
        };
        let mut fault = None;
        while self.arrived().is_none() {
            if steps == self.description.horizon || self.rollouts.iter().all(|rollout| rollout.broken) {
                let not_reached = PlanError::NotReached { rollouts: self.rollouts.len(), steps };
                // If every roll-out broke off, the head's error is the cause.
                let broken = self.rollouts.iter().all(|rollout| rollout.broken);
                return Err(fault.filter(|_| broken).unwrap_or(not_reached));
            }
            if deadline.is_some_and(|deadline| Instant::now() + self.engine.call_latency() > deadline) {
                self.engine.decay_latency_estimate();
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
        // The command of the last stretch is unknown; a trajectory has all commands or none.
        proposal.trajectory.commands.clear();
        proposal.candidate = candidate;
        proposal.clearance_m = clearance_m;
        proposal.denoising_steps = steps;
        proposal.cut_short = false;
        proposal.warm = false;
        Ok(())
    }

    fn reset(&mut self, seed: u64) {
        self.seed = seed;
        self.plans = 0;
        self.last = None;
        self.unfinished = None;
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for PolicyPlanner {
    /// Another roll-out would be another plan: the gate checks the one that was chosen.
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}
