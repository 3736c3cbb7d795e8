//! A variational autoencoder (H9b): MLPs both ways, a Gaussian likelihood of fixed deviation, samples from the prior.

use super::layers::{Reader, linear};
use super::learner::{Fitted, drawn_rows, gaussian, learn, not_fitted, plain};
use super::settings::above_zero;
use super::{AblationSettings, FitCurve, Generator};
use planwright_training::dataset::Trajectories;
use planwright_training::network::ParameterSpec;
use planwright_training::study::StudyError;
use planwright_training::study::settings::within;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// Hidden layers of the encoder, and of the decoder.
const LAYERS: usize = 2;

/// Trajectories that are decoded together.
const CHUNK: usize = 4096;

/// Sizes and objective of the VAE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VaeSpec {
    /// Units of a hidden layer.
    pub width: usize,
    /// Latent coordinates.
    pub latent: usize,
    /// Weight of the divergence from the prior; 1 is the evidence bound.
    pub beta: f64,
    /// Standard deviation of the likelihood, normalised units.
    pub deviation: f64,
}

impl Default for VaeSpec {
    fn default() -> Self {
        Self { width: 256, latent: 16, beta: 1.0, deviation: 0.1 }
    }
}

impl VaeSpec {
    fn check(&self) -> Result<(), StudyError> {
        within("width", 1..=8192, self.width)?;
        within("latent", 1..=4096, self.latent)?;
        above_zero("beta", self.beta, 1e6)?;
        above_zero("deviation", self.deviation, 10.0)
    }

    fn encoder(&self, size: usize) -> Vec<ParameterSpec> {
        self.stack("encoder", size, 2 * self.latent)
    }

    fn decoder(&self, size: usize) -> Vec<ParameterSpec> {
        self.stack("decoder", self.latent, size)
    }

    fn stack(&self, name: &str, input: usize, output: usize) -> Vec<ParameterSpec> {
        let mut specs = Vec::new();
        for layer in 0..LAYERS {
            let input = if layer == 0 { input } else { self.width };
            specs.extend(linear(&format!("{name}.{layer}"), input, self.width));
        }
        specs.extend(linear(&format!("{name}.{LAYERS}"), self.width, output));
        specs
    }
}

/// An encoder or a decoder.
fn run(reader: &mut Reader<'_>, x: &Tensor) -> Tensor {
    let mut hidden = x.shallow_clone();
    for _ in 0..LAYERS {
        hidden = reader.linear(&hidden).silu();
    }
    reader.linear(&hidden)
}

/// The generator.
pub struct Vae {
    spec: VaeSpec,
    fitted: Option<Fitted>,
}

impl Vae {
    /// Not yet fitted.
    pub fn new(spec: VaeSpec) -> Self {
        Self { spec, fitted: None }
    }
}

impl Generator for Vae {
    /// The losses are the negative evidence bound per value, without its constant.
    fn fit(&mut self, data: &Trajectories, settings: &AblationSettings) -> Result<FitCurve, StudyError> {
        self.fitted = None;
        self.spec.check()?;
        settings.check(data)?;
        let (count, size) = (data.len(), data.size());
        let rows = Tensor::from_slice(&data.values).view([count as i64, size as i64]);
        let precision = 1.0 / (self.spec.deviation * self.spec.deviation);
        let loss = |views: &[Tensor], rng: &mut ChaCha8Rng| {
            let clean = rows.index_select(0, &drawn_rows(rng, count, settings.batch));
            let mut reader = Reader::new(views);
            let halves = run(&mut reader, &clean).chunk(2, 1);
            let [mean, log_variance] = halves.as_slice() else { return Tensor::from(f32::NAN) };
            // Beyond these the exponential leaves single precision; no fit needs them.
            let log_variance = log_variance.clamp(-20.0, 10.0);
            let epsilon = gaussian(rng, settings.batch, self.spec.latent);
            let code = mean + (&log_variance * 0.5).exp() * epsilon;
            let error = (run(&mut reader, &code) - clean).square().sum(Kind::Float) * (0.5 * precision);
            let divergence = (mean.square() + log_variance.exp() - &log_variance - 1.0).sum(Kind::Float) * 0.5;
            (error + divergence * self.spec.beta) / (settings.batch * size) as f64
        };
        let specs = [self.spec.encoder(size), self.spec.decoder(size)].concat();
        let (fitted, curve) = learn(specs, data, settings, loss)?;
        self.fitted = Some(fitted);
        Ok(curve)
    }

    /// The decoder's means: the likelihood's own noise is not part of a sample.
    fn sample(&self, count: usize, seed: u64) -> Result<Trajectories, StudyError> {
        let fitted = self.fitted.as_ref().ok_or_else(not_fitted)?;
        within("samples", 1..=100_000_000, count)?;
        fitted.prepare();
        let size = fitted.horizon * fitted.columns;
        let decoder = fitted.views.get(self.spec.encoder(size).len()..).unwrap_or_default();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(count * size);
        for start in (0..count).step_by(CHUNK) {
            let batch = CHUNK.min(count - start);
            let codes = gaussian(&mut rng, batch, self.spec.latent);
            values.extend(plain(&tch::no_grad(|| run(&mut Reader::new(decoder), &codes)))?);
        }
        fitted.finish(values)
    }
}
