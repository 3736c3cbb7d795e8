//! Networks fitted to drives: a regression, and a denoiser of offsets whose draws are paths.
//!
//! The denoiser is the same network with the noisy values and the noise level as further channels, preconditioned and
//! sampled as by Karras, Aittala, Aila and Laine (2022): Heun's method without further noise.

use super::foreign::{Driven, Query};
use super::rows::{Batch, Rows};
use super::settings::{ArmKind, DemonstrationSettings};
use planwright::planner::corridor::{CHANNELS, MAX_OFFSET_M, WINDOW, end_share};
use planwright_training::fit::Trainer;
use planwright_training::network::{CorridorNetworkSpec, TorchGraph, declare_corridor_to};
use planwright_training::recipe::DeviceName;
use planwright_training::study::StudyError;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use tch::{Device, Kind, Tensor};

/// Mean and deviation of the logarithm of the noise levels of a fit, in deviations of the data.
const LOG_NOISE: [f64; 2] = [-0.4, 1.2];
/// Noise levels of a draw: highest, lowest, and their exponent.
const NOISE: [f64; 3] = [20.0, 0.02, 7.0];
/// Shares of full speed that an answer can have.
const SPEEDS: [f64; 2] = [0.1, 1.0];

/// A fitted network.
pub(super) struct Fitted {
    views: Vec<Tensor>,
    network: CorridorNetworkSpec,
    scale: Vec<[f64; 2]>,
    is_denoiser: bool,
}

/// The network after the first step and after the last one, and the loss over the first and last tenth of the steps.
pub(super) struct Fit {
    pub(super) first: Fitted,
    pub(super) last: Fitted,
    pub(super) losses: [f64; 2],
}

/// Fits a network to drives.
///
/// # Errors
/// If the loss is not finite.
pub(super) fn fit(
    rows: &Rows,
    settings: &DemonstrationSettings,
    cell: &str,
    mut on_step: impl FnMut(),
) -> Result<Fit, StudyError> {
    let is_denoiser = settings.kind == ArmKind::Diffusion;
    let outputs = rows.outputs();
    let network = settings.network;
    let channels = channels(outputs, is_denoiser);
    let mut trainer =
        Trainer::new(declare_corridor_to(&network, channels, outputs), &settings.training(), DeviceName::Cpu);
    let fitted = |trainer: &Trainer| Fitted {
        views: trainer.averaged_views().iter().map(Tensor::copy).collect(),
        network,
        scale: rows.scale.clone(),
        is_denoiser,
    };
    let mut batch = Batch::default();
    let (mut first, tenth) = (None, (settings.steps / 10).max(1));
    let mut losses = [0.0; 2];
    for step in 0..settings.steps {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(step + 1);
        rows.draw(settings.batch, &mut rng, &mut batch);
        let count = settings.batch as i64;
        let place =
            |values: &[f32], channels: usize| Tensor::from_slice(values).view([count, channels as i64, WINDOW as i64]);
        let (features, targets) = (place(&batch.features, CHANNELS), place(&batch.targets, outputs));
        let known = place(&batch.known, 1);
        let report = trainer.step(|views, _| {
            let error = if is_denoiser {
                let levels: Vec<f32> = (0..settings.batch)
                    .map(|_| (LOG_NOISE[0] + LOG_NOISE[1] * rng.sample::<f64, _>(StandardNormal)).exp() as f32)
                    .collect();
                let noise = normal(&mut rng, &[count, outputs as i64, WINDOW as i64]);
                denoising_error(&network, views, &features, &targets, &Tensor::from_slice(&levels), &noise)
            } else {
                forward(&network, views, outputs, &features) - &targets
            };
            (error * &known).square().sum(Kind::Float) / (known.sum(Kind::Float) * outputs as f64)
        });
        if !report.loss.is_finite() {
            return Err(StudyError::Diverged { cell: cell.to_owned(), epoch: step as usize, loss: report.loss });
        }
        if step < tenth {
            losses[0] += report.loss / tenth as f64;
        }
        if step + tenth >= settings.steps {
            losses[1] += report.loss / tenth as f64;
        }
        if step == 0 {
            first = Some(fitted(&trainer));
        }
        on_step();
    }
    let first = first.ok_or_else(|| StudyError::setting("steps", "above 0", 0))?;
    Ok(Fit { first, last: fitted(&trainer), losses })
}

fn channels(outputs: usize, is_denoiser: bool) -> usize {
    if is_denoiser { CHANNELS + outputs + 1 } else { CHANNELS }
}

fn normal(rng: &mut impl Rng, shape: &[i64]) -> Tensor {
    let count: i64 = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| rng.sample(StandardNormal)).collect();
    Tensor::from_slice(&values).view(shape)
}

/// batch x channels x knots -> batch x outputs x knots.
fn forward(network: &CorridorNetworkSpec, views: &[Tensor], outputs: usize, input: &Tensor) -> Tensor {
    let [batch, channels, knots] = input.size()[..] else { return Tensor::zeros_like(input) };
    let (patch, outputs) = (network.patch as i64, outputs as i64);
    let values =
        network.forward_to(&mut TorchGraph::new(views, Device::Cpu), channels as usize, outputs as usize, input);
    values.reshape([batch, knots / patch, outputs, patch]).permute([0, 2, 1, 3]).reshape([batch, outputs, knots])
}

/// The network's input and the factors of its output at noise levels (batch): what is noisy keeps `skip` of itself, and the
/// network adds `out` times its output.
fn conditioned(features: &Tensor, noisy: &Tensor, levels: &Tensor) -> (Tensor, Tensor, Tensor) {
    let levels = levels.view([-1, 1, 1]);
    let total = &levels * &levels + 1.0;
    let root = total.sqrt();
    let knots = features.size()[2];
    let level_channel = (levels.log() * 0.25).expand([features.size()[0], 1, knots], false);
    let input = Tensor::cat(&[features, &(noisy / &root), &level_channel], 1);
    (input, total.reciprocal(), levels / root)
}

fn denoising_error(
    network: &CorridorNetworkSpec,
    views: &[Tensor],
    features: &Tensor,
    targets: &Tensor,
    levels: &Tensor,
    noise: &Tensor,
) -> Tensor {
    let noisy = targets + noise * levels.view([-1, 1, 1]);
    let (input, skip, out) = conditioned(features, &noisy, levels);
    let wanted = (targets - &noisy * skip) / out;
    forward(network, views, targets.size()[1] as usize, &input) - wanted
}

impl Fitted {
    fn outputs(&self) -> usize {
        self.scale.len()
    }

    /// A query's features as one sequence, whatever its length: the network is convolutional. No shorter than a window, and
    /// filled up with its last knot, as in training.
    fn sequence(&self, query: &Query) -> Tensor {
        let count = query.problem.reference.len();
        let knots = count.max(WINDOW).next_multiple_of(self.network.patch);
        let values: Vec<f32> = query
            .features
            .chunks_exact(count)
            .flat_map(|channel| (0..knots).map(move |knot| channel[knot.min(count - 1)]))
            .collect();
        Tensor::from_slice(&values).view([1, CHANNELS as i64, knots as i64])
    }

    /// Answers to a query: one from a regression, `samples` from a denoiser.
    pub(super) fn answers(&self, query: &Query, samples: usize, levels: usize, rng: &mut impl Rng) -> Vec<Driven> {
        let features = self.sequence(query);
        let values = tch::no_grad(|| match self.is_denoiser {
            false => forward(&self.network, &self.views, self.outputs(), &features),
            true => self.drawn(&features.expand([samples as i64, -1, -1], false), levels, rng),
        });
        let [batch, outputs, knots] = values.size()[..] else { return Vec::new() };
        let flat = Vec::<f32>::try_from(values.contiguous().view([-1])).unwrap_or_default();
        let count = query.problem.reference.len();
        let sample = |sample: i64| {
            let value = |output: usize, knot: usize| {
                let [mean, deviation] = self.scale[output];
                let place = (sample * outputs + output as i64) * knots + knot as i64;
                mean + deviation * f64::from(flat[place as usize])
            };
            let offset = |knot| (value(0, knot) * end_share(knot, count)).clamp(-MAX_OFFSET_M, MAX_OFFSET_M);
            let speed = |knot| if outputs > 1 { value(1, knot).clamp(SPEEDS[0], SPEEDS[1]) } else { 1.0 };
            Driven { offsets: (0..count).map(offset).collect(), speeds: (0..count).map(speed).collect() }
        };
        (0..batch).map(sample).collect()
    }

    /// Draws from noise: samples x outputs x knots.
    fn drawn(&self, features: &Tensor, levels: usize, rng: &mut impl Rng) -> Tensor {
        let [high, low, exponent] = NOISE;
        let [samples, _, knots] = features.size()[..] else { return features.shallow_clone() };
        let level = |step: usize| {
            let share = step as f64 / (levels.max(2) - 1) as f64;
            let [from, to] = [high, low].map(|level| level.powf(1.0 / exponent));
            if step < levels { (from + share * (to - from)).powf(exponent) } else { 0.0 }
        };
        let slope = |x: &Tensor, level: f64| {
            let all = Tensor::full([samples], level, (Kind::Float, Device::Cpu));
            let (input, skip, out) = conditioned(features, x, &all);
            let clean = x * skip + forward(&self.network, &self.views, self.outputs(), &input) * out;
            (x - clean) / level
        };
        let mut x = normal(rng, &[samples, self.outputs() as i64, knots]) * high;
        for step in 0..levels {
            let (from, to) = (level(step), level(step + 1));
            let first = slope(&x, from);
            let next = &x + &first * (to - from);
            x = if to > 0.0 { &x + (first + slope(&next, to)) * (0.5 * (to - from)) } else { next };
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_a_knot_stand_at_that_knot() {
        let network = CorridorNetworkSpec { patch: 4, width: 8, blocks: 1 };
        let layout = planwright_training::network::Parameters::new(declare_corridor_to(&network, 3, 2));
        let views = layout.views(&Tensor::from_slice(&layout.initial(1)));
        let x = Tensor::ones([1, 3, 64], (Kind::Float, Device::Cpu));
        let y = forward(&network, &views, 2, &x);
        assert_eq!(y.size(), [1, 2, 64]);
        let changed = x.copy();
        let _ = changed.narrow(2, 40, 24).fill_(3.0);
        let difference = (forward(&network, &views, 2, &changed) - y).abs();
        for output in 0..2 {
            assert_eq!(difference.select(1, output).narrow(1, 0, 32).max().double_value(&[]), 0.0);
            assert!(difference.select(1, output).narrow(1, 40, 24).min().double_value(&[]) > 0.0);
        }
    }

    #[test]
    fn without_noise_what_is_kept_is_everything() {
        let features = Tensor::zeros([2, CHANNELS as i64, 64], (Kind::Float, Device::Cpu));
        let noisy = Tensor::ones([2, 1, 64], (Kind::Float, Device::Cpu));
        let (input, skip, out) = conditioned(&features, &noisy, &Tensor::from_slice(&[1e-6_f32, 1.0]));
        assert_eq!(input.size(), [2, CHANNELS as i64 + 2, 64]);
        assert!((skip.double_value(&[0, 0, 0]) - 1.0).abs() < 1e-5 && out.double_value(&[0, 0, 0]) < 1e-5);
        assert!((skip.double_value(&[1, 0, 0]) - 0.5).abs() < 1e-6);
        assert!((out.double_value(&[1, 0, 0]) - 0.5_f64.sqrt()).abs() < 1e-6);
    }
}
