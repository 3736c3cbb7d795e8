//! Closed-loop inference of a policy: one action per step, without roll-outs.

use super::policy_engine::PolicyEngine;
use super::policy_history::{History, HistoryStep};
use super::{PlanError, PlannerError, PlannerSettings};
use crate::model::{Artefact, EngineChoice};
use crate::world::{Command, Point, State};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// One episode of one robot. Nothing is allocated after construction but what the engine allocates inside.
pub struct PolicyRunner {
    engine: PolicyEngine,
    history: History,
    temperature: f64,
    return_to_go: f64,
    action_before: Command,
    rng: ChaCha8Rng,
}

impl PolicyRunner {
    /// Loads the engine for a batch size of one and warms it up.
    ///
    /// # Errors
    /// If the model is no policy, a setting does not fit it, or the engine refuses.
    pub fn new(artefact: &Artefact, choice: &EngineChoice, settings: &PlannerSettings) -> Result<Self, PlannerError> {
        settings.rollout.check()?;
        let engine = PolicyEngine::new(artefact, choice, 1)?;
        Ok(Self {
            history: History::new(artefact.manifest(), engine.policy().context),
            temperature: settings.rollout.temperature(),
            return_to_go: settings.rollout.target_return.unwrap_or(engine.policy().returns.target),
            action_before: [0.0; 2],
            rng: ChaCha8Rng::seed_from_u64(settings.seed),
            engine,
        })
    }

    /// The action from this observation to the next, motors in [-1, 1].
    ///
    /// # Errors
    /// If the engine fails, or the network's output is not a density.
    pub fn act(&mut self, state: &State, goal: Point) -> Result<Command, PlanError> {
        let (return_to_go, action_before) = (self.return_to_go, self.action_before);
        self.history.push(&HistoryStep { state: *state, goal, return_to_go, action_before });
        self.engine.set_input(0, &self.history);
        self.engine.run()?;
        self.action_before = self.engine.action(0, self.temperature, &mut self.rng)?;
        Ok(self.action_before)
    }
}
