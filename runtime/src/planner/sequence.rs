//! Batches of samples of one denoiser without a robot, for the evaluation of generators.

use super::{EngineDenoiser, PlanError, PlannerError, schedule_of, stream_seed};
use crate::diffusion::{Condition, Sampler, SamplerSettings, Start};
use crate::model::{Artefact, EngineChoice, Manifest, load_engine};

/// Number, seed and conditioning of samples.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceRequest<'a> {
    /// Number of samples.
    pub count: usize,
    /// Seed of all randomness.
    pub seed: u64,
    /// Condition vectors, count x width, for a conditioned model.
    pub conditions: Option<&'a [f32]>,
    /// First and last step of every sample, normalised, count x 2 x C: they are inpainted.
    pub endpoints: Option<&'a [f32]>,
}

/// Draws samples in batches on an engine.
pub struct SequenceGenerator {
    manifest: Manifest,
    sampler: Sampler,
    denoiser: EngineDenoiser,
    settings: SamplerSettings,
    batch: usize,
}

impl SequenceGenerator {
    /// Loads the engine for a batch size of `batch`. Solver and steps are the model's own.
    ///
    /// # Errors
    /// If the engine refuses the model.
    pub fn new(artefact: &Artefact, choice: &EngineChoice, batch: usize) -> Result<Self, PlannerError> {
        let manifest = artefact.manifest().clone();
        let engine = load_engine(artefact, choice, batch)?;
        let schedule = schedule_of(&manifest)?;
        let defaults = manifest.denoiser().map_err(PlannerError::Setting)?.solver;
        let settings = SamplerSettings { solver: defaults.solver, steps: defaults.steps };
        Ok(Self {
            sampler: Sampler::new(schedule, manifest.horizon * manifest.columns.len(), batch),
            denoiser: EngineDenoiser::new(&manifest, engine, batch)?,
            settings,
            manifest,
            batch,
        })
    }

    /// The model's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Another solver or step count than the model's own.
    pub fn set_sampler(&mut self, settings: SamplerSettings) {
        self.settings = settings;
    }

    /// The denoiser, for single calls.
    pub fn denoiser(&mut self) -> &mut EngineDenoiser {
        &mut self.denoiser
    }

    /// Normalised samples, count x H x C. `progress` is called with the number done.
    ///
    /// # Errors
    /// If conditions or endpoints are of another number than the samples, or the engine fails.
    pub fn generate(
        &mut self,
        request: &SequenceRequest<'_>,
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<f32>, PlanError> {
        let (horizon, columns) = (self.manifest.horizon, self.manifest.columns.len());
        let size = horizon * columns;
        let width = self.manifest.family.condition().map_or(0, |condition| condition.width);
        check(request.conditions, request.count * width, "condition values")?;
        check(request.endpoints, request.count * 2 * columns, "endpoint values")?;
        let mut samples = Vec::with_capacity(request.count * size);
        let (mut condition, mut first, mut last) = (Vec::new(), Vec::new(), Vec::new());
        let mut done = 0;
        while done < request.count {
            // The last batch is filled up with its own last element.
            let elements = || (done..done + self.batch).map(|element| element.min(request.count - 1));
            if let Some(conditions) = request.conditions {
                condition.clear();
                condition.extend(elements().flat_map(|at| conditions[at * width..(at + 1) * width].iter().copied()));
                self.denoiser.set_condition(&condition);
            }
            let mut fixed = Vec::new();
            if let Some(endpoints) = request.endpoints {
                let end = |element: usize, which: usize| &endpoints[(2 * element + which) * columns..][..columns];
                first.clear();
                last.clear();
                first.extend(elements().flat_map(|at| end(at, 0).iter().copied()));
                last.extend(elements().flat_map(|at| end(at, 1).iter().copied()));
                fixed.push(Condition::each(0, columns, &first));
                fixed.push(Condition::each(size - columns, columns, &last));
            }
            let seed = stream_seed(request.seed, done as u64 + 1);
            self.sampler.sample(self.settings, &mut self.denoiser, &fixed, Start::Noise, seed, |_| true)?;
            let wanted = self.batch.min(request.count - done);
            samples.extend_from_slice(&self.sampler.samples()[..wanted * size]);
            done += wanted;
            progress(done);
        }
        Ok(samples)
    }
}

fn check(values: Option<&[f32]>, expected: usize, what: &str) -> Result<(), PlanError> {
    match values {
        Some(values) if values.len() != expected => {
            Err(PlanError::Steps(format!("expected {expected} {what}, got {}", values.len())))
        }
        _ => Ok(()),
    }
}
