//! A policy's network with its heads: histories in, actions out, for a batch.

use super::action_head::ActionHead;
use super::manifest_parts::policy_of;
use super::policy_history::{COLUMNS, History};
use super::{PlanError, PlannerError};
use crate::model::{Artefact, Engine, EngineChoice, EngineDescription, EngineError, Manifest, PolicySpec, load_engine};
use crate::world::Command;
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// An engine with its buffers. After construction nothing is allocated but what the engine allocates inside.
pub(crate) struct PolicyEngine {
    engine: Box<dyn Engine>,
    heads: Vec<ActionHead>,
    policy: PolicySpec,
    inputs: Vec<f32>,
    output: Vec<f32>,
    /// A slowly decaying maximum of the time per call.
    call_latency: Duration,
}

impl PolicyEngine {
    /// Loads the engine for a batch size of `batch` and warms it up.
    ///
    /// # Errors
    /// If the model is no policy, or the engine refuses.
    pub(crate) fn new(artefact: &Artefact, choice: &EngineChoice, batch: usize) -> Result<Self, PlannerError> {
        policy_of(artefact.manifest())?;
        Self::on_engine(artefact.manifest(), load_engine(artefact, choice, batch)?, batch)
    }

    /// On an engine that is already loaded for a batch size of `batch`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn on_engine(manifest: &Manifest, engine: Box<dyn Engine>, batch: usize) -> Result<Self, PlannerError> {
        let policy = policy_of(manifest)?.clone();
        let heads =
            policy.actions.iter().map(|action| ActionHead::new(policy.head, action)).collect::<Result<_, _>>()?;
        let mut own = Self {
            engine,
            heads,
            inputs: vec![0.0; batch * policy.context * COLUMNS],
            output: vec![0.0; batch * policy.actions.len() * policy.outputs()],
            call_latency: Duration::ZERO,
            policy,
        };
        for _ in 0..3 {
            own.call_latency = Duration::ZERO;
            own.run().map_err(|error| PlannerError::Setting(format!("warm-up: {error}")))?;
        }
        Ok(own)
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &EngineDescription {
        self.engine.description()
    }

    /// History, head, actions, returns.
    pub(crate) fn policy(&self) -> &PolicySpec {
        &self.policy
    }

    /// Estimated upper bound of the time of one call.
    pub(crate) fn call_latency(&self) -> Duration {
        self.call_latency
    }

    /// Lowers [`Self::call_latency`] after a plan without a call, as a denoiser does.
    pub(crate) fn decay_latency_estimate(&mut self) {
        self.call_latency = self.call_latency.mul_f64(0.9);
    }

    /// Sets the history of a batch element for the next call.
    pub(crate) fn set_input(&mut self, element: usize, history: &History) {
        let size = self.policy.context * COLUMNS;
        self.inputs[element * size..(element + 1) * size].copy_from_slice(history.values());
    }

    /// One network call for the whole batch.
    pub(crate) fn run(&mut self) -> Result<(), EngineError> {
        let begun = Instant::now();
        self.engine.run(&[&self.inputs], &mut [&mut self.output])?;
        self.call_latency = begun.elapsed().max(self.call_latency.mul_f64(0.98));
        Ok(())
    }

    /// The action of a batch element after a call: the mode at temperature 0, else a sample. Bins may extend beyond the
    /// motors' range, so that the ends of a periodic density are not neighbours; actions are clamped to that range.
    ///
    /// # Errors
    /// If the network's output is not a density.
    pub(crate) fn action(
        &mut self,
        element: usize,
        temperature: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<Command, PlanError> {
        let width = self.policy.outputs();
        let size = width * self.heads.len();
        let output = &self.output[element * size..(element + 1) * size];
        let mut action: Command = [0.0; 2];
        for ((value, head), output) in action.iter_mut().zip(&mut self.heads).zip(output.chunks_exact(width)) {
            *value = head.value(output, temperature, rng)?.clamp(-1.0, 1.0);
        }
        Ok(action)
    }

    /// Probabilities of an action coordinate's bins after a call.
    ///
    /// # Errors
    /// If the network's output is not a density.
    pub(crate) fn pmf(&mut self, element: usize, dimension: usize, pmf: &mut [f64]) -> Result<(), PlanError> {
        let width = self.policy.outputs();
        let first = (element * self.heads.len() + dimension) * width;
        let output = &self.output[first..first + width];
        match self.heads.get_mut(dimension) {
            Some(head) => head.pmf(output, pmf),
            None => Ok(()),
        }
    }
}
