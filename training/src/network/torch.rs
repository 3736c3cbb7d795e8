//! Runs a network in libtorch. All parameters live in one flat tensor, so that the optimiser, the average
//! and the clipping are a handful of operations whatever the network.

use super::declare::{Init, ParameterSpec};
use super::graph::{AttentionSpec, ConvSpec, Graph, sinusoidal_frequencies};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

/// Named parameters as views into one flat tensor.
pub struct Parameters {
    specs: Vec<ParameterSpec>,
    sizes: Vec<i64>,
}

impl Parameters {
    /// For a list of specs.
    pub fn new(specs: Vec<ParameterSpec>) -> Self {
        let sizes = specs.iter().map(|spec| spec.len() as i64).collect();
        Self { specs, sizes }
    }

    /// The specs, in flat order.
    pub fn specs(&self) -> &[ParameterSpec] {
        &self.specs
    }

    /// Total number of values.
    pub fn len(&self) -> usize {
        self.sizes.iter().sum::<i64>() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// Initial values from a seed, in flat order.
    pub fn initial(&self, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(self.len());
        for spec in &self.specs {
            values.extend((0..spec.len()).map(|_| match spec.init {
                Init::Uniform(bound) => (bound * (2.0 * rng.random::<f64>() - 1.0)) as f32,
                Init::Constant(value) => value as f32,
            }));
        }
        values
    }

    /// Views of a flat tensor, one per spec. The gradient flows back into the flat tensor in one piece.
    pub fn views(&self, flat: &Tensor) -> Vec<Tensor> {
        flat.split_with_sizes(&self.sizes, 0)
            .into_iter()
            .zip(&self.specs)
            .map(|(part, spec)| part.view(spec.shape.as_slice()))
            .collect()
    }
}

/// Attention score of a masked token: softmax gives 0; finite, because infinity times 0 is NaN.
pub(crate) const MASK: f32 = -1e9;

/// The libtorch interpretation: hands out views in the order of the calls.
pub struct TorchGraph<'a> {
    views: &'a [Tensor],
    next: usize,
    device: Device,
    /// Kind of the operands of two-dimensional convolutions.
    pub(super) convolutions: Kind,
}

impl<'a> TorchGraph<'a> {
    /// On the views that [`Parameters::views`] made.
    pub fn new(views: &'a [Tensor], device: Device) -> Self {
        Self { views, next: 0, device, convolutions: Kind::Float }
    }

    /// The same with two-dimensional convolutions of this kind; all else, and what they give, is in single precision.
    #[must_use]
    pub fn with_convolutions(mut self, kind: Kind) -> Self {
        self.convolutions = kind;
        self
    }

    pub(super) fn pair(&mut self) -> (&'a Tensor, &'a Tensor) {
        let views = self.views;
        self.next += 2;
        (&views[self.next - 2], &views[self.next - 1])
    }
}

impl Graph for TorchGraph<'_> {
    type Value = Tensor;

    fn share(&mut self, x: &Tensor) -> Tensor {
        x.shallow_clone()
    }

    fn conv1d(&mut self, x: &Tensor, _name: &str, spec: ConvSpec) -> Tensor {
        let (weight, bias) = self.pair();
        x.conv1d(weight, Some(bias), spec.stride as i64, spec.padding as i64, 1, 1)
    }

    fn conv_transpose1d(&mut self, x: &Tensor, _name: &str, spec: ConvSpec) -> Tensor {
        let (weight, bias) = self.pair();
        x.conv_transpose1d(weight, Some(bias), spec.stride as i64, spec.padding as i64, 0, 1, 1)
    }

    fn group_norm(&mut self, x: &Tensor, _name: &str, _channels: usize, groups: usize) -> Tensor {
        let (weight, bias) = self.pair();
        x.group_norm(groups as i64, Some(weight), Some(bias), 1e-5, true)
    }

    fn linear(&mut self, x: &Tensor, _name: &str, _input: usize, _output: usize) -> Tensor {
        let (weight, bias) = self.pair();
        x.linear(weight, Some(bias))
    }

    fn mish(&mut self, x: &Tensor) -> Tensor {
        x.mish()
    }

    fn add(&mut self, a: &Tensor, b: &Tensor) -> Tensor {
        a + b
    }

    fn add_to_each_step(&mut self, x: &Tensor, per_channel: &Tensor) -> Tensor {
        x + per_channel.unsqueeze(-1)
    }

    fn scale_each_step(&mut self, x: &Tensor, per_channel: &Tensor) -> Tensor {
        x * per_channel.unsqueeze(-1)
    }

    fn repeat_over_time(&mut self, per_channel: &Tensor, horizon: usize) -> Tensor {
        per_channel.unsqueeze(-1).expand([-1, -1, horizon as i64], false)
    }

    fn concat_channels(&mut self, a: &Tensor, b: &Tensor) -> Tensor {
        Tensor::cat(&[a, b], 1)
    }

    fn swap_time_and_channels(&mut self, x: &Tensor) -> Tensor {
        x.transpose(1, 2)
    }

    fn layer_norm(&mut self, x: &Tensor, _name: &str, channels: usize) -> Tensor {
        let (weight, bias) = self.pair();
        x.transpose(1, 2).layer_norm([channels as i64], Some(weight), Some(bias), 1e-5, false).transpose(1, 2)
    }

    fn flatten_tokens(&mut self, x: &Tensor, channels: usize) -> Tensor {
        x.permute([2, 0, 1]).reshape([1, channels as i64, -1])
    }

    fn unflatten_tokens(&mut self, x: &Tensor, channels: usize, steps: usize) -> Tensor {
        x.view([channels as i64, -1, steps as i64]).transpose(0, 1)
    }

    fn add_positions(&mut self, x: &Tensor, _name: &str, channels: usize, steps: usize) -> Tensor {
        let views = self.views;
        self.next += 1;
        let table = views[self.next - 1].unsqueeze(1);
        (x.view([channels as i64, -1, steps as i64]) + table).view([1, channels as i64, -1])
    }

    fn causal_attention(&mut self, qkv: [&Tensor; 3], spec: AttentionSpec, last_only: bool) -> Tensor {
        let AttentionSpec { channels, heads, steps } = spec;
        let (heads, width) = (heads as i64, (channels / heads) as i64);
        let queries = if last_only { 1 } else { steps as i64 };
        // 1 x (heads width) x (batch steps) -> batch x heads x steps x width.
        let split = |x: &Tensor, steps: i64| x.view([heads, width, -1, steps]).permute([2, 0, 3, 1]);
        let scores =
            split(qkv[0], queries).matmul(&split(qkv[1], steps as i64).transpose(2, 3)) / (width as f64).sqrt();
        let scores = match last_only {
            true => scores,
            false => {
                let later = Tensor::ones([queries, queries], (Kind::Bool, self.device)).triu(1);
                scores.masked_fill(&later, f64::from(MASK))
            }
        };
        let attended = scores.softmax(-1, Kind::Float).matmul(&split(qkv[2], steps as i64));
        attended.permute([1, 3, 0, 2]).reshape([1, channels as i64, -1])
    }

    fn last_token(&mut self, x: &Tensor, channels: usize, steps: usize) -> Tensor {
        x.view([1, channels as i64, -1, steps as i64]).select(3, steps as i64 - 1)
    }

    fn sinusoidal(&mut self, timestep: &Tensor, width: usize) -> Tensor {
        let frequencies = Tensor::from_slice(&sinusoidal_frequencies(width)).to_device(self.device);
        let angles = timestep.to_kind(Kind::Float).unsqueeze(-1) * frequencies.unsqueeze(0);
        Tensor::cat(&[angles.sin(), angles.cos()], 1)
    }
}
