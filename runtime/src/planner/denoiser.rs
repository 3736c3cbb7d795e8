//! A model's network as a denoiser: predictions of clean samples, with classifier-free guidance and decoding.

use super::{PlannerError, schedule_of};
use crate::diffusion::{Denoiser, NoiseSchedule};
use crate::model::{Engine, EngineDescription, EngineError, Manifest, Prediction};
use std::time::{Duration, Instant};

/// An engine with its buffers and the latency of its calls. After construction nothing is allocated but what the engine
/// allocates inside.
pub struct EngineDenoiser {
    engine: Box<dyn Engine>,
    schedule: NoiseSchedule,
    prediction: Prediction,
    timesteps: Vec<f32>,
    condition: Option<ConditionBuffers>,
    decoder: Option<DecoderBuffers>,
    /// A slowly decaying maximum of the time per call.
    call: Duration,
}

/// For classifier-free guidance.
struct ConditionBuffers {
    condition: Vec<f32>,
    null_condition: Vec<f32>,
    unconditional_output: Vec<f32>,
    guidance: f32,
}

struct DecoderBuffers {
    weights: Vec<f32>,
    trajectories: Vec<f32>,
    unused: Vec<f32>,
}

/// A decoded batch of codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// Batch x k, summing to one per batch element.
    pub weights: &'a [f32],
    /// Batch x k x H x C, physical units: the trajectory of each neighbour.
    pub trajectories: &'a [f32],
}

impl EngineDenoiser {
    /// On an engine that is loaded for a batch size of `batch`.
    ///
    /// # Errors
    /// If the manifest's schedule makes no sense.
    pub fn new(manifest: &Manifest, engine: Box<dyn Engine>, batch: usize) -> Result<Self, PlannerError> {
        let schedule = schedule_of(manifest)?;
        let size = batch * manifest.horizon * manifest.columns.len();
        let condition = manifest.family.condition().map(|condition| ConditionBuffers {
            condition: vec![0.0; batch * condition.width],
            null_condition: vec![0.0; batch * condition.width],
            unconditional_output: vec![0.0; size],
            guidance: condition.guidance,
        });
        let decoder = manifest.family.transform().map(|transform| DecoderBuffers {
            weights: vec![0.0; batch * transform.neighbours],
            trajectories: vec![0.0; size * transform.neighbours],
            unused: vec![0.0; size],
        });
        let prediction = manifest.denoiser().map_err(PlannerError::Setting)?.diffusion.prediction;
        let timesteps = vec![0.0; batch];
        Ok(Self { engine, schedule, prediction, timesteps, condition, decoder, call: Duration::ZERO })
    }

    /// The engine.
    pub fn engine(&self) -> &EngineDescription {
        self.engine.description()
    }

    /// Estimated upper bound of the time of one denoising step.
    pub fn call_latency(&self) -> Duration {
        self.call
    }

    /// Lowers [`Self::call_latency`] after a plan without a call: the estimate of one slow call would otherwise forbid
    /// every later call, and only a call can correct it.
    pub fn decay_latency_estimate(&mut self) {
        self.call = self.call.mul_f64(0.9);
    }

    /// The condition of the next steps, batch x width; other lengths are cut or filled up with zeros.
    pub fn set_condition(&mut self, condition: &[f32]) {
        if let Some(buffers) = &mut self.condition {
            buffers.condition.fill(0.0);
            for (own, value) in buffers.condition.iter_mut().zip(condition) {
                *own = *value;
            }
        }
    }

    /// A few calls on zeros before the first that counts, so that its time is like any other's.
    pub(super) fn warm_up(&mut self, size: usize) -> Result<(), PlannerError> {
        let input = vec![0.0; size];
        let mut output = input.clone();
        for _ in 0..3 {
            self.call = Duration::ZERO;
            self.denoise(&input, 0, &mut output).map_err(|error| PlannerError::Setting(format!("warm-up: {error}")))?;
        }
        Ok(())
    }

    /// Decodes a batch of codes; `None` if the model has no decoder.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub fn decode(&mut self, codes: &[f32]) -> Result<Option<Decoded<'_>>, EngineError> {
        let Some(decoder) = &mut self.decoder else { return Ok(None) };
        self.timesteps.fill(0.0);
        let DecoderBuffers { weights, trajectories, unused } = decoder;
        self.engine.run(&[codes, &self.timesteps, codes], &mut [unused, weights, trajectories])?;
        Ok(Some(Decoded { weights, trajectories }))
    }

    /// One evaluation of the network, guided if it takes a condition.
    fn evaluate(&mut self, noisy: &[f32], output: &mut [f32]) -> Result<(), EngineError> {
        match (&mut self.condition, &mut self.decoder) {
            (Some(ConditionBuffers { condition, null_condition, unconditional_output, guidance }), _) => {
                self.engine.run(&[noisy, &self.timesteps, condition], &mut [&mut *output])?;
                self.engine.run(&[noisy, &self.timesteps, null_condition], &mut [&mut *unconditional_output])?;
                for (output, unconditional) in output.iter_mut().zip(unconditional_output) {
                    *output = *unconditional + *guidance * (*output - *unconditional);
                }
                Ok(())
            }
            (None, Some(DecoderBuffers { weights, trajectories, .. })) => {
                self.engine.run(&[noisy, &self.timesteps, noisy], &mut [output, weights, trajectories])
            }
            (None, None) => self.engine.run(&[noisy, &self.timesteps], &mut [output]),
        }
    }
}

impl Denoiser for EngineDenoiser {
    type Error = EngineError;

    fn denoise(&mut self, noisy: &[f32], timestep: usize, clean: &mut [f32]) -> Result<(), EngineError> {
        let begun = Instant::now();
        self.timesteps.fill(timestep as f32);
        let done = self.evaluate(noisy, clean);
        if self.prediction == Prediction::Noise {
            self.schedule.clean_from_noise(timestep, noisy, clean);
        }
        self.call = begun.elapsed().max(self.call.mul_f64(0.98));
        done
    }
}
