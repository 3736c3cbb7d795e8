//! Diffusion with an MLP that sees the whole trajectory at once (H5b): noise prediction, sampled by DDPM.

use super::layers::{Reader, linear};
use super::learner::{Fitted, drawn_rows, gaussian, learn, not_fitted, plain};
use super::{AblationSettings, FitCurve, Generator};
use planwright::diffusion::{Denoiser, NoiseSchedule, Sampler, SamplerSettings, ScheduleKind, Solver, Start};
use planwright_training::dataset::Trajectories;
use planwright_training::network::{ParameterSpec, sinusoidal_frequencies};
use planwright_training::study::StudyError;
use planwright_training::study::settings::{require, within};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// Trajectories that are sampled together.
const CHUNK: usize = 512;

/// Sizes of the MLP denoiser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MlpDenoiserSpec {
    /// Units of a hidden layer.
    pub width: usize,
    /// Hidden layers.
    pub layers: usize,
    /// Sines and cosines of the noise level, even.
    pub time_width: usize,
    /// Noise levels of the cosine schedule, all of them walked when sampling.
    pub diffusion_steps: usize,
}

impl Default for MlpDenoiserSpec {
    fn default() -> Self {
        Self { width: 256, layers: 4, time_width: 64, diffusion_steps: 100 }
    }
}

impl MlpDenoiserSpec {
    fn check(&self) -> Result<(), StudyError> {
        within("width", 1..=8192, self.width)?;
        within("layers", 1..=32, self.layers)?;
        within("half of time_width", 1..=4096, self.time_width / 2)?;
        require(self.time_width.is_multiple_of(2), "an even", "time_width", self.time_width)
    }

    fn parameters(&self, size: usize) -> Vec<ParameterSpec> {
        let mut specs = linear("time", self.time_width, self.width).to_vec();
        for layer in 0..self.layers {
            let input = if layer == 0 { size } else { self.width };
            specs.extend(linear(&format!("hidden.{layer}"), input, self.width));
            specs.extend(linear(&format!("level.{layer}"), self.width, self.width));
        }
        specs.extend(linear("noise", self.width, size));
        specs
    }

    /// The noise in `x` (batch x size) at noise levels `timesteps` (batch).
    fn noise(&self, views: &[Tensor], x: &Tensor, timesteps: &Tensor) -> Tensor {
        let mut reader = Reader::new(views);
        let frequencies = Tensor::from_slice(&sinusoidal_frequencies(self.time_width));
        let angles = timesteps.unsqueeze(-1) * frequencies.unsqueeze(0);
        let time = reader.linear(&Tensor::cat(&[angles.sin(), angles.cos()], 1)).mish();
        let mut hidden = x.shallow_clone();
        for _ in 0..self.layers {
            hidden = (reader.linear(&hidden) + reader.linear(&time)).mish();
        }
        reader.linear(&hidden)
    }
}

/// The generator.
pub struct MlpDenoiser {
    spec: MlpDenoiserSpec,
    fitted: Option<(Fitted, NoiseSchedule)>,
}

impl MlpDenoiser {
    /// Not yet fitted.
    pub fn new(spec: MlpDenoiserSpec) -> Self {
        Self { spec, fitted: None }
    }
}

impl Generator for MlpDenoiser {
    fn fit(&mut self, data: &Trajectories, settings: &AblationSettings) -> Result<FitCurve, StudyError> {
        self.fitted = None;
        self.spec.check()?;
        settings.check(data)?;
        let schedule = NoiseSchedule::new(ScheduleKind::Cosine, self.spec.diffusion_steps)?;
        let (count, size) = (data.len(), data.size());
        let rows = Tensor::from_slice(&data.values).view([count as i64, size as i64]);
        let loss = |views: &[Tensor], rng: &mut ChaCha8Rng| {
            let clean = rows.index_select(0, &drawn_rows(rng, count, settings.batch));
            let levels: Vec<usize> = (0..settings.batch).map(|_| rng.random_range(0..schedule.steps())).collect();
            let scales: Vec<(f64, f64)> = levels.iter().map(|level| schedule.scales(Some(*level))).collect();
            let column = |values: Vec<f32>| Tensor::from_slice(&values).unsqueeze(-1);
            let signal = column(scales.iter().map(|scale| scale.0 as f32).collect());
            let noise = column(scales.iter().map(|scale| scale.1 as f32).collect());
            let timesteps: Vec<f32> = levels.iter().map(|level| *level as f32).collect();
            let epsilon = gaussian(rng, settings.batch, size);
            let noisy = signal * clean + noise * &epsilon;
            (self.spec.noise(views, &noisy, &Tensor::from_slice(&timesteps)) - epsilon).square().mean(Kind::Float)
        };
        let (fitted, curve) = learn(self.spec.parameters(size), data, settings, loss)?;
        self.fitted = Some((fitted, schedule));
        Ok(curve)
    }

    fn sample(&self, count: usize, seed: u64) -> Result<Trajectories, StudyError> {
        let (fitted, schedule) = self.fitted.as_ref().ok_or_else(not_fitted)?;
        within("samples", 1..=100_000_000, count)?;
        fitted.prepare();
        let size = fitted.horizon * fitted.columns;
        let settings = SamplerSettings { solver: Solver::Ddpm, steps: schedule.steps() };
        let mut values = Vec::with_capacity(count * size);
        for (chunk, start) in (0..count).step_by(CHUNK).enumerate() {
            let batch = CHUNK.min(count - start);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(chunk as u64);
            let mut denoiser = CleanFromNoise { spec: &self.spec, fitted, schedule };
            let mut sampler = Sampler::new(schedule.clone(), size, batch);
            sampler
                .sample(settings, &mut denoiser, &[], Start::Noise, rng.random(), |_| true)
                .map_err(|error| StudyError::input(format!("sampling failed: {error}")))?;
            values.extend_from_slice(sampler.samples());
        }
        fitted.finish(values)
    }
}

/// The sampler asks for clean samples; the network knows the noise.
struct CleanFromNoise<'a> {
    spec: &'a MlpDenoiserSpec,
    fitted: &'a Fitted,
    schedule: &'a NoiseSchedule,
}

impl Denoiser for CleanFromNoise<'_> {
    type Error = StudyError;

    fn denoise(&mut self, noisy: &[f32], timestep: usize, clean: &mut [f32]) -> Result<(), StudyError> {
        let size = (self.fitted.horizon * self.fitted.columns) as i64;
        let x = Tensor::from_slice(noisy).view([-1, size]);
        let timesteps = Tensor::from_slice(&[timestep as f32]);
        let predicted = plain(&tch::no_grad(|| self.spec.noise(&self.fitted.views, &x, &timesteps)))?;
        clean.copy_from_slice(&predicted);
        self.schedule.clean_from_noise(timestep, noisy, clean);
        Ok(())
    }
}
