//! A policy as a policy: an observation in, an action out, once per step and without imagining further.

use super::policy_engine::PolicyEngine;
use super::policy_history::{History, HistoryStep};
use super::{PlanError, PlannerError, PolicyPlannerSettings};
use crate::model::{Artefact, EngineChoice};
use crate::world::{Command, Point, State};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// One episode of one robot. Nothing is allocated after construction but what the engine allocates inside.
pub struct PolicyDecider {
    engine: PolicyEngine,
    history: History,
    temperature: f64,
    return_to_go: f64,
    action_before: Command,
    rng: ChaCha8Rng,
}

impl PolicyDecider {
    /// Loads the engine for one row and warms it up.
    ///
    /// # Errors
    /// If the model is no policy, a setting does not fit it, or the engine refuses.
    pub fn new(
        artefact: &Artefact,
        choice: &EngineChoice,
        settings: &PolicyPlannerSettings,
    ) -> Result<Self, PlannerError> {
        settings.check()?;
        let engine = PolicyEngine::new(artefact, choice, 1)?;
        Ok(Self {
            history: History::new(artefact.manifest(), engine.policy().context),
            temperature: settings.temperature,
            return_to_go: settings.target_return.unwrap_or(engine.policy().returns.target),
            action_before: [0.0; 2],
            rng: ChaCha8Rng::seed_from_u64(settings.seed),
            engine,
        })
    }

    /// Takes in what was observed and says what to do until the next observation, motors in [-1, 1].
    ///
    /// # Errors
    /// If the engine fails, or what the network says is no density: then nothing may leave.
    pub fn decide(&mut self, state: &State, goal: Point) -> Result<Command, PlanError> {
        let (return_to_go, action_before) = (self.return_to_go, self.action_before);
        self.history.push(&HistoryStep { state: *state, goal, return_to_go, action_before });
        self.engine.show(0, &self.history);
        self.engine.ask()?;
        self.action_before = self.engine.action(0, self.temperature, &mut self.rng)?;
        Ok(self.action_before)
    }
}
