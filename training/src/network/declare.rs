//! Reads a network for its parameters.

use super::corridor_net::CorridorNetworkSpec;
use super::graph::{AttentionSpec, ConvSpec, Graph};
use super::motion_unet::MotionNetworkSpec;
use super::policy_transformer::PolicyNetworkSpec;
use super::temporal_unet::NetworkSpec;

/// One parameter tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// Dotted name, as PyTorch would have it.
    pub name: String,
    /// Shape.
    pub shape: Vec<i64>,
    /// Its initial values.
    pub init: Init,
}

/// Initial values of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform in +- bound: PyTorch's default for convolutions and linear maps, bound = 1/sqrt(fan in).
    Uniform(f64),
    /// All the same.
    Constant(f64),
}

impl ParameterSpec {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product::<i64>() as usize
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All parameters of a network, in the order of its calls.
pub fn declare(network: &NetworkSpec) -> Vec<ParameterSpec> {
    let mut graph = Declare::default();
    // Sizes do not depend on the horizon.
    network.forward(&mut graph, network.time_multiple(), &(), &(), network.condition.map(|_| &()));
    graph.parameters
}

/// All parameters of a policy's network, in the order of its calls.
pub fn declare_policy(network: &PolicyNetworkSpec) -> Vec<ParameterSpec> {
    let mut graph = Declare::default();
    network.forward(&mut graph, &(), false);
    graph.parameters
}

/// All parameters of a corridor network, in the order of its calls.
pub fn declare_corridor(network: &CorridorNetworkSpec, channels: usize) -> Vec<ParameterSpec> {
    declare_corridor_to(network, channels, 1)
}

/// The same with `outputs` values per knot.
pub fn declare_corridor_to(network: &CorridorNetworkSpec, channels: usize, outputs: usize) -> Vec<ParameterSpec> {
    let mut graph = Declare::default();
    network.forward_to(&mut graph, channels, outputs, &());
    graph.parameters
}

/// All parameters of a motion network, in the order of its calls.
pub fn declare_motion(network: &MotionNetworkSpec) -> Vec<ParameterSpec> {
    let mut graph = Declare::default();
    network.forward(&mut graph, &(), &(), &());
    graph.parameters
}

#[derive(Default)]
pub(super) struct Declare {
    parameters: Vec<ParameterSpec>,
}

impl Declare {
    pub(super) fn push(&mut self, name: String, shape: Vec<i64>, init: Init) {
        self.parameters.push(ParameterSpec { name, shape, init });
    }

    pub(super) fn pair(&mut self, name: &str, weight: Vec<i64>, bias: usize, fan_in: usize) {
        self.pair_divided(name, weight, bias, fan_in, 1.0);
    }

    fn pair_divided(&mut self, name: &str, weight: Vec<i64>, bias: usize, fan_in: usize, divisor: f64) {
        let init = Init::Uniform(1.0 / (fan_in as f64).sqrt() / divisor);
        self.push(format!("{name}.weight"), weight, init);
        self.push(format!("{name}.bias"), vec![bias as i64], init);
    }
}

impl Graph for Declare {
    type Value = ();

    fn conv1d(&mut self, _x: &(), name: &str, spec: ConvSpec) {
        let shape = [spec.output, spec.input, spec.kernel].map(|size| size as i64);
        self.pair(name, shape.to_vec(), spec.output, spec.input * spec.kernel);
    }

    fn conv_transpose1d(&mut self, _x: &(), name: &str, spec: ConvSpec) {
        let shape = [spec.input, spec.output, spec.kernel].map(|size| size as i64);
        // PyTorch counts the fan-in of a transposed convolution along its second axis.
        self.pair(name, shape.to_vec(), spec.output, spec.output * spec.kernel);
    }

    fn group_norm(&mut self, _x: &(), name: &str, channels: usize, _groups: usize) {
        for (part, value) in [("weight", 1.0), ("bias", 0.0)] {
            self.push(format!("{name}.{part}"), vec![channels as i64], Init::Constant(value));
        }
    }

    fn head(&mut self, _x: &(), name: &str, spec: ConvSpec, divisor: f64) {
        let shape = [spec.output, spec.input, spec.kernel].map(|size| size as i64);
        self.pair_divided(name, shape.to_vec(), spec.output, spec.input * spec.kernel, divisor);
    }

    fn layer_norm(&mut self, x: &(), name: &str, channels: usize) {
        self.group_norm(x, name, channels, 1);
    }

    fn add_positions(&mut self, _x: &(), name: &str, channels: usize, steps: usize) {
        self.push(name.to_owned(), vec![channels as i64, steps as i64], Init::Uniform(0.02));
    }

    fn linear(&mut self, _x: &(), name: &str, input: usize, output: usize) {
        self.pair(name, vec![output as i64, input as i64], output, input);
    }

    fn share(&mut self, _x: &()) {}
    fn mish(&mut self, _x: &()) {}
    fn add(&mut self, _a: &(), _b: &()) {}
    fn add_to_each_step(&mut self, _x: &(), _per_channel: &()) {}
    fn scale_each_step(&mut self, _x: &(), _per_channel: &()) {}
    fn repeat_over_time(&mut self, _per_channel: &(), _horizon: usize) {}
    fn concat_channels(&mut self, _a: &(), _b: &()) {}
    fn swap_time_and_channels(&mut self, _x: &()) {}
    fn flatten_tokens(&mut self, _x: &(), _channels: usize) {}
    fn unflatten_tokens(&mut self, _x: &(), _channels: usize, _steps: usize) {}
    fn causal_attention(&mut self, _qkv: [&(); 3], _spec: AttentionSpec, _last_only: bool) {}
    fn last_token(&mut self, _x: &(), _channels: usize, _steps: usize) {}
    fn sinusoidal(&mut self, _timestep: &(), _width: usize) {}
}
