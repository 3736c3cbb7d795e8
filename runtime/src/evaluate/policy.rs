//! A policy driven straight through the world, action by action: what the policy itself does, without correction or gate.

use crate::density::{DensityError, SmoothnessMetric};
use crate::model::{Artefact, EngineChoice};
use crate::planner::{History, HistoryStep, PlanError, PlannerError, PolicyEngine, policy_of};
use crate::world::{Episode, GOAL_RADIUS_M, Layout, State, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// How a policy is driven.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PolicyDriveSettings {
    /// Actions per episode.
    pub steps: usize,
    /// Sharpness of the actions: 1 draws from the density as it is, 0 takes its mode.
    pub temperature: f64,
    /// Target return; the model's own target if `None`.
    pub target_return: Option<f64>,
    /// Seed of the draws.
    pub seed: u64,
}

/// One driven episode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DrivenEpisode {
    /// Steps, of the policy, that ended within the goal's radius.
    pub total_return: f64,
    /// Whether the goal was ever reached.
    pub reached: bool,
    /// Steps of the world in which a wall pushed.
    pub wall_steps: usize,
    /// Root mean square of the change of acceleration, m/s^3.
    pub jerk_mps3: f64,
    /// Root mean square of the change between two actions.
    pub action_change: f64,
    /// Mean smoothness of the action's pmf over its bins, over steps and coordinates.
    pub pmf_smoothness: f64,
    /// Positions, one per action and the last.
    pub path: Vec<[f64; 2]>,
}

/// Why a policy cannot be driven.
#[derive(Debug, thiserror::Error)]
pub enum PolicyDriveError {
    /// The model or the engine.
    #[error(transparent)]
    Planner(#[from] PlannerError),
    /// Output of the network.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The metric.
    #[error(transparent)]
    Density(#[from] DensityError),
}

/// Drives all episodes side by side, one network call per step.
///
/// # Errors
/// If the model is no policy, the engine refuses it, or its output is no density.
pub fn drive_policy(
    artefact: &Artefact,
    choice: &EngineChoice,
    world: &World,
    episodes: &[Episode],
    settings: &PolicyDriveSettings,
) -> Result<Vec<DrivenEpisode>, PolicyDriveError> {
    let manifest = artefact.manifest();
    let policy = policy_of(manifest)?;
    let (context, control_steps) = (policy.context, policy.control_steps);
    let target = settings.target_return.unwrap_or(policy.returns.target);
    let bins = policy.actions.first().map_or(0, |action| action.bins.bins());
    let mut engine = PolicyEngine::new(artefact, choice, episodes.len().max(1))?;
    let metric = SmoothnessMetric::new(bins)?;
    let mut pmf = vec![0.0; bins];
    let mut drives: Vec<Drive> = episodes
        .iter()
        .enumerate()
        .map(|(row, episode)| {
            let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
            rng.set_stream(row as u64);
            Drive::begin(History::new(manifest, context), episode, target, rng)
        })
        .collect();
    for _ in 0..settings.steps {
        for (element, drive) in drives.iter().enumerate() {
            engine.set_input(element, &drive.history);
        }
        engine.run().map_err(PlanError::from)?;
        for (element, drive) in drives.iter_mut().enumerate() {
            for dimension in 0..2 {
                engine.pmf(element, dimension, &mut pmf)?;
                drive.smoothness += 0.5 * metric.of(&pmf)?;
            }
            let action = engine.action(element, settings.temperature, &mut drive.rng)?;
            drive.step(world, action, control_steps);
        }
    }
    Ok(drives.into_iter().map(|drive| drive.end(settings.steps)).collect())
}

/// Episodes of a policy: a random free cell to start from, a goal anywhere in another, as in its data.
pub fn policy_episodes(layout: &Layout, count: usize, seed: u64) -> Vec<Episode> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let cells = layout.free_cells().count();
    (0..count)
        .map(|_| {
            let start = Episode::reset(layout, &mut rng).start;
            let (row, column) = layout.free_cells().nth(rng.random_range(0..cells.max(1))).unwrap_or_default();
            let goal = [row as f64, column as f64].map(|index| index - 0.2 + 0.2 * (2.0 * rng.random::<f64>() - 1.0));
            Episode { start, goal }
        })
        .collect()
}

/// Means over episodes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PolicySummary {
    /// Mean return.
    pub return_mean: f64,
    /// Lower end of its 95% interval (normal approximation).
    pub return_low: f64,
    /// Upper end.
    pub return_high: f64,
    /// Share of the episodes that reached their goal.
    pub reach_rate: f64,
    /// Steps of the world in which a wall pushed.
    pub wall_steps: usize,
    /// Episodes with such a step.
    pub wall_episodes: usize,
    /// Root mean square jerk, m/s^3.
    pub jerk_mps3: f64,
    /// Root mean square of the change between two actions.
    pub action_change: f64,
    /// Mean smoothness of the actions' distributions.
    pub pmf_smoothness: f64,
}

impl PolicySummary {
    /// Of driven episodes; zeros for none.
    pub fn of(driven: &[DrivenEpisode]) -> Self {
        let count = driven.len().max(1) as f64;
        let mean = |of: fn(&DrivenEpisode) -> f64| driven.iter().map(of).sum::<f64>() / count;
        let return_mean = mean(|episode| episode.total_return);
        let square = driven.iter().map(|episode| (episode.total_return - return_mean).powi(2)).sum::<f64>();
        let half = 1.96 * (square / (count - 1.0).max(1.0) / count).sqrt();
        Self {
            return_mean,
            return_low: return_mean - half,
            return_high: return_mean + half,
            reach_rate: mean(|episode| f64::from(u8::from(episode.reached))),
            wall_steps: driven.iter().map(|episode| episode.wall_steps).sum(),
            wall_episodes: driven.iter().filter(|episode| episode.wall_steps > 0).count(),
            jerk_mps3: mean(|episode| episode.jerk_mps3.powi(2)).sqrt(),
            action_change: mean(|episode| episode.action_change.powi(2)).sqrt(),
            pmf_smoothness: mean(|episode| episode.pmf_smoothness),
        }
    }
}

struct Drive {
    history: History,
    episode: Episode,
    state: State,
    return_to_go: f64,
    rng: ChaCha8Rng,
    action: [f64; 2],
    acceleration: Option<[f64; 2]>,
    total_return: f64,
    wall_steps: usize,
    jerk_square: f64,
    jerks: usize,
    change_square: f64,
    smoothness: f64,
    path: Vec<[f64; 2]>,
}

impl Drive {
    fn begin(history: History, episode: &Episode, target: f64, rng: ChaCha8Rng) -> Self {
        let mut drive = Self {
            history,
            episode: *episode,
            state: episode.start,
            return_to_go: target,
            rng,
            action: [0.0; 2],
            acceleration: None,
            total_return: 0.0,
            wall_steps: 0,
            jerk_square: 0.0,
            jerks: 0,
            change_square: 0.0,
            smoothness: 0.0,
            path: vec![episode.start.position],
        };
        drive.remember([0.0; 2]);
        drive
    }

    fn remember(&mut self, action_before: [f64; 2]) {
        let step =
            HistoryStep { state: self.state, goal: self.episode.goal, return_to_go: self.return_to_go, action_before };
        self.history.push(&step);
    }

    fn step(&mut self, world: &World, action: [f64; 2], control_steps: usize) {
        self.change_square += (0..2).map(|axis| (action[axis] - self.action[axis]).powi(2)).sum::<f64>();
        self.action = action;
        let step_secs = world.step_secs();
        for _ in 0..control_steps {
            let before = self.state;
            let (after, report) = world.step(&before, action);
            self.state = after;
            self.wall_steps += usize::from(report.pushing > 0);
            let acceleration = [0, 1].map(|axis| (after.velocity[axis] - before.velocity[axis]) / step_secs);
            if let Some(last) = self.acceleration {
                let square = |axis: usize| ((acceleration[axis] - last[axis]) / step_secs).powi(2);
                self.jerk_square += square(0) + square(1);
                self.jerks += 1;
            }
            self.acceleration = Some(acceleration);
        }
        if self.state.distance(self.episode.goal) <= GOAL_RADIUS_M {
            self.total_return += 1.0;
            self.return_to_go = (self.return_to_go - 1.0).max(0.0);
        }
        self.path.push(self.state.position);
        self.remember(action);
    }

    fn end(self, steps: usize) -> DrivenEpisode {
        DrivenEpisode {
            total_return: self.total_return,
            reached: self.total_return > 0.0,
            wall_steps: self.wall_steps,
            jerk_mps3: (self.jerk_square / self.jerks.max(1) as f64).sqrt(),
            action_change: (self.change_square / steps.max(1) as f64).sqrt(),
            pmf_smoothness: self.smoothness / steps.max(1) as f64,
            path: self.path,
        }
    }
}
