//! A policy's network with its heads: histories in, actions out, for a batch of rows.

use super::action_head::ActionHead;
use super::policy_history::{COLUMNS, History};
use super::{PlanError, PlannerError, check_family};
use crate::model::{
    Artefact, Engine, EngineChoice, EngineDescription, EngineError, Family, Manifest, PolicySpec, load_engine,
};
use crate::world::Command;
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// An engine with its buffers. After construction nothing is allocated but what the engine allocates inside.
pub(crate) struct PolicyEngine {
    engine: Box<dyn Engine>,
    heads: Vec<ActionHead>,
    policy: PolicySpec,
    inputs: Vec<f32>,
    said: Vec<f32>,
    /// A slowly forgetting maximum of the time per call.
    call: Duration,
}

impl PolicyEngine {
    /// Loads the engine for `rows` rows and warms it up.
    ///
    /// # Errors
    /// If the model is no policy, or the engine refuses.
    pub(crate) fn new(artefact: &Artefact, choice: &EngineChoice, rows: usize) -> Result<Self, PlannerError> {
        policy_of(artefact.manifest())?;
        Self::on_engine(artefact.manifest(), load_engine(artefact, choice, rows)?, rows)
    }

    /// On an engine that is already loaded for `rows` rows.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn on_engine(manifest: &Manifest, engine: Box<dyn Engine>, rows: usize) -> Result<Self, PlannerError> {
        let policy = policy_of(manifest)?.clone();
        let heads =
            policy.actions.iter().map(|action| ActionHead::new(policy.head, action)).collect::<Result<_, _>>()?;
        let mut own = Self {
            engine,
            heads,
            inputs: vec![0.0; rows * policy.context * COLUMNS],
            said: vec![0.0; rows * policy.actions.len() * policy.outputs()],
            call: Duration::ZERO,
            policy,
        };
        for _ in 0..3 {
            own.call = Duration::ZERO;
            own.ask().map_err(|error| PlannerError::Setting(format!("warm-up: {error}")))?;
        }
        Ok(own)
    }

    /// What computes.
    pub(crate) fn engine(&self) -> &EngineDescription {
        self.engine.description()
    }

    /// History, head, actions, returns.
    pub(crate) fn policy(&self) -> &PolicySpec {
        &self.policy
    }

    /// What a call has cost lately, at most.
    pub(crate) fn call(&self) -> Duration {
        self.call
    }

    /// Lowers [`Self::call`]: one call that was slow must not be the last for ever.
    pub(crate) fn forget_a_little(&mut self) {
        self.call = self.call.mul_f64(0.9);
    }

    /// Sets the history of a row for the next call.
    pub(crate) fn show(&mut self, row: usize, history: &History) {
        let size = self.policy.context * COLUMNS;
        self.inputs[row * size..(row + 1) * size].copy_from_slice(history.values());
    }

    /// One network call for all rows.
    pub(crate) fn ask(&mut self) -> Result<(), EngineError> {
        let begun = Instant::now();
        self.engine.run(&[&self.inputs], &mut [&mut self.said])?;
        self.call = begun.elapsed().max(self.call.mul_f64(0.98));
        Ok(())
    }

    /// The action of a row after a call: the mode at temperature 0, else a draw. Bins may reach beyond what motors can
    /// do, so that the ends of a periodic density are no neighbours; there the motors' ends are meant.
    ///
    /// # Errors
    /// If what the network says is no density.
    pub(crate) fn action(&mut self, row: usize, temperature: f64, rng: &mut ChaCha8Rng) -> Result<Command, PlanError> {
        let width = self.policy.outputs();
        let size = width * self.heads.len();
        let said = &self.said[row * size..(row + 1) * size];
        let mut action: Command = [0.0; 2];
        for ((value, head), said) in action.iter_mut().zip(&mut self.heads).zip(said.chunks_exact(width)) {
            *value = head.value(said, temperature, rng)?.clamp(-1.0, 1.0);
        }
        Ok(action)
    }

    /// Probabilities of an action coordinate's bins after a call.
    ///
    /// # Errors
    /// If what the network says is no density.
    pub(crate) fn pmf(&mut self, row: usize, dimension: usize, pmf: &mut [f64]) -> Result<(), PlanError> {
        let width = self.policy.outputs();
        let first = (row * self.heads.len() + dimension) * width;
        let said = &self.said[first..first + width];
        match self.heads.get_mut(dimension) {
            Some(head) => head.pmf(said, pmf),
            None => Ok(()),
        }
    }
}

/// What a manifest says of its policy.
pub(crate) fn policy_of(manifest: &Manifest) -> Result<&PolicySpec, PlannerError> {
    check_family(manifest, Family::MazePolicy)?;
    let missing = || PlannerError::Setting("expected a policy with its binning, got none".to_owned());
    manifest.policy.as_ref().ok_or_else(missing)
}
