//! The operations that networks are written in.

/// A one-dimensional convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvSpec {
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
    /// Kernel width.
    pub kernel: usize,
    /// Step of the kernel.
    pub stride: usize,
    /// Zeros added on both sides.
    pub padding: usize,
}

/// An attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionSpec {
    /// Channels in and out.
    pub channels: usize,
    /// Heads that share them.
    pub heads: usize,
    /// Time steps.
    pub steps: usize,
}

impl ConvSpec {
    /// A linear map at every time step.
    pub fn pointwise(input: usize, output: usize) -> Self {
        Self { input, output, kernel: 1, stride: 1, padding: 0 }
    }
}

/// Something that a network can be written on. Values are batch x channels x time unless stated otherwise;
/// the meaning of every operation is PyTorch's of the same name. `name` is the parameter prefix: weights are
/// `name.weight` and `name.bias`, taken in the order of the calls.
pub trait Graph {
    /// A tensor of this interpretation.
    type Value;

    /// Another handle on the same value.
    fn share(&mut self, x: &Self::Value) -> Self::Value;

    /// Cross-correlation with bias.
    fn conv1d(&mut self, x: &Self::Value, name: &str, spec: ConvSpec) -> Self::Value;
    /// Transposed convolution with bias.
    fn conv_transpose1d(&mut self, x: &Self::Value, name: &str, spec: ConvSpec) -> Self::Value;
    /// Group normalisation with scale and offset, epsilon 1e-5.
    fn group_norm(&mut self, x: &Self::Value, name: &str, channels: usize, groups: usize) -> Self::Value;
    /// batch x input -> batch x output.
    fn linear(&mut self, x: &Self::Value, name: &str, input: usize, output: usize) -> Self::Value;
    /// `x * tanh(softplus(x))`.
    fn mish(&mut self, x: &Self::Value) -> Self::Value;
    /// Sum of two values of one shape.
    fn add(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Adds a batch x channels value to every time step.
    fn add_to_each_step(&mut self, x: &Self::Value, per_channel: &Self::Value) -> Self::Value;
    /// Multiplies every time step by a batch x channels value.
    fn scale_each_step(&mut self, x: &Self::Value, per_channel: &Self::Value) -> Self::Value;
    /// batch x channels -> batch x channels x `horizon`, the same at every time step.
    fn repeat_over_time(&mut self, per_channel: &Self::Value, horizon: usize) -> Self::Value;
    /// Stacks channels.
    fn concat_channels(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Swaps the last two axes.
    fn swap_time_and_channels(&mut self, x: &Self::Value) -> Self::Value;
    /// A linear map at every time step whose initial values are PyTorch's divided by `divisor`.
    fn head(&mut self, x: &Self::Value, name: &str, spec: ConvSpec, _divisor: f64) -> Self::Value {
        self.conv1d(x, name, spec)
    }
    /// Normalises over the channels of every time step, with scale and offset, epsilon 1e-5.
    fn layer_norm(&mut self, x: &Self::Value, name: &str, channels: usize) -> Self::Value;
    /// batch x `steps` x channels -> 1 x channels x (batch `steps`): all tokens in one row, so that a linear map over
    /// channels is one matrix product for the whole batch.
    fn flatten_tokens(&mut self, x: &Self::Value, channels: usize) -> Self::Value;
    /// 1 x channels x (batch `steps`) -> batch x channels x `steps`.
    fn unflatten_tokens(&mut self, x: &Self::Value, channels: usize, steps: usize) -> Self::Value;
    /// Adds a learnt channels x steps table, the parameter `name`, to tokens in a row.
    fn add_positions(&mut self, x: &Self::Value, name: &str, channels: usize, steps: usize) -> Self::Value;
    /// Scaled dot-product attention of `spec.heads` heads over tokens in a row; a step sees itself and what was before
    /// it. The query is of all steps, or of the last one of every window alone if `last_only`.
    fn causal_attention(&mut self, qkv: [&Self::Value; 3], spec: AttentionSpec, last_only: bool) -> Self::Value;
    /// 1 x channels x (batch `steps`) -> 1 x channels x batch: the last step of every window.
    fn last_token(&mut self, x: &Self::Value, channels: usize, steps: usize) -> Self::Value;
    /// batch -> batch x width: sines, then cosines, at geometrically spaced frequencies down to 1e-4.
    fn sinusoidal(&mut self, timestep: &Self::Value, width: usize) -> Self::Value;
}

/// The frequencies of [`Graph::sinusoidal`].
pub fn sinusoidal_frequencies(width: usize) -> Vec<f32> {
    let half = width / 2;
    let scale = 10_000.0_f64.ln() / (half.max(2) - 1) as f64;
    (0..half).map(|k| (-(k as f64) * scale).exp() as f32).collect()
}
