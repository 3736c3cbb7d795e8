//! The network of a policy: a small causal transformer over the last steps (Chen et al. 2021, arXiv 2106.01345), one token
//! per step, with a head per action coordinate.

use super::graph::{AttentionSpec, ConvSpec, Graph};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sizes of a policy's network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyNetworkSpec {
    /// Values of a step: state, goal, return to go, the action before.
    pub features: usize,
    /// Steps that are seen.
    pub context: usize,
    /// Channels.
    pub width: usize,
    /// Blocks of attention and MLP.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Action coordinates.
    pub dimensions: usize,
    /// Values of the head per coordinate: 2 (N + 1) coefficients, or one logit per bin.
    pub outputs: usize,
    /// What PyTorch's initial values of the head are divided by.
    pub head_divisor: f64,
}

impl PolicyNetworkSpec {
    /// # Errors
    /// Expected and got, for the first size without sense.
    pub fn check(&self) -> Result<(), String> {
        let sizes = [
            ("features", self.features, 1024),
            ("context", self.context, 1024),
            ("width", self.width, 4096),
            ("layers", self.layers, 64),
            ("heads", self.heads, 64),
            ("dimensions", self.dimensions, 64),
            ("outputs", self.outputs, 65_536),
        ];
        for (name, got, most) in sizes {
            if !(1..=most).contains(&got) {
                return Err(format!("expected {name} from 1 to {most}, got {got}"));
            }
        }
        if !self.width.is_multiple_of(self.heads) {
            return Err(format!("expected a width that {} heads share, got {}", self.heads, self.width));
        }
        if !(self.head_divisor > 0.0 && self.head_divisor.is_finite()) {
            return Err(format!("expected a head_divisor above 0, got {}", self.head_divisor));
        }
        Ok(())
    }

    /// batch x context x features -> batch x (dimensions outputs) x context: every step's output for its action. If
    /// `last_only`, the last step's output, batch x (dimensions outputs) x 1: the last block then computes nothing else.
    pub fn forward<G: Graph>(&self, graph: &mut G, history: &G::Value, last_only: bool) -> G::Value {
        let Self { width, context, .. } = *self;
        let pointwise = ConvSpec::pointwise;
        let tokens = graph.flatten_tokens(history, self.features);
        let mut x = graph.conv1d(&tokens, "embed", pointwise(self.features, width));
        x = graph.add_positions(&x, "positions", width, context);
        let attention = AttentionSpec { channels: width, heads: self.heads, steps: context };
        for layer in 0..self.layers {
            let last_only = last_only && layer + 1 == self.layers;
            let name = |part: &str| format!("blocks.{layer}.{part}");
            let normal = graph.layer_norm(&x, &name("attention_norm"), width);
            let queried = if last_only { graph.last_token(&normal, width, context) } else { graph.share(&normal) };
            let query = graph.conv1d(&queried, &name("query"), pointwise(width, width));
            let key = graph.conv1d(&normal, &name("key"), pointwise(width, width));
            let value = graph.conv1d(&normal, &name("value"), pointwise(width, width));
            let attended = graph.causal_attention([&query, &key, &value], attention, last_only);
            let projected = graph.conv1d(&attended, &name("projection"), pointwise(width, width));
            if last_only {
                x = graph.last_token(&x, width, context);
            }
            x = graph.add(&x, &projected);
            let normal = graph.layer_norm(&x, &name("mlp_norm"), width);
            let hidden = graph.conv1d(&normal, &name("expand"), pointwise(width, 4 * width));
            let hidden = graph.mish(&hidden);
            let contracted = graph.conv1d(&hidden, &name("contract"), pointwise(4 * width, width));
            x = graph.add(&x, &contracted);
        }
        let normal = graph.layer_norm(&x, "norm", width);
        let outputs = self.dimensions * self.outputs;
        let flat = graph.head(&normal, "head", pointwise(width, outputs), self.head_divisor);
        graph.unflatten_tokens(&flat, outputs, if last_only { 1 } else { context })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Parameters, TorchGraph, declare_policy};
    use super::*;
    use tch::{Device, Tensor};

    fn spec() -> PolicyNetworkSpec {
        PolicyNetworkSpec {
            features: 5,
            context: 6,
            width: 8,
            layers: 2,
            heads: 2,
            dimensions: 2,
            outputs: 3,
            head_divisor: 2.0,
        }
    }

    #[test]
    fn a_step_does_not_see_what_comes_after_it() {
        let spec = spec();
        let parameters = Parameters::new(declare_policy(&spec));
        let flat = Tensor::from_slice(&parameters.initial(1));
        let views = parameters.views(&flat);
        let values: Vec<f32> = (0..30).map(|k| (k as f32 * 0.7).sin()).collect();
        let mut changed = values.clone();
        changed[20] += 1.0; // step 4
        let outputs = |values: &[f32]| -> Vec<f32> {
            let history = Tensor::from_slice(values).view([1, 6, 5]);
            let out = spec.forward(&mut TorchGraph::new(&views, Device::Cpu), &history, false);
            assert_eq!(out.size(), [1, 6, 6]);
            Vec::try_from(out.transpose(1, 2).contiguous().view([-1])).expect("values")
        };
        let (first, second) = (outputs(&values), outputs(&changed));
        assert_eq!(first[..24], second[..24]);
        assert!(first[24..30] != second[24..30] && first[30..] != second[30..]);
    }

    #[test]
    fn the_last_step_alone_equals_the_last_of_all() {
        let spec = spec();
        let parameters = Parameters::new(declare_policy(&spec));
        let flat = Tensor::from_slice(&parameters.initial(2));
        let views = parameters.views(&flat);
        let values: Vec<f32> = (0..90).map(|k| (k as f32 * 0.9).cos()).collect();
        let history = Tensor::from_slice(&values).view([3, 6, 5]);
        let outputs = |last_only| spec.forward(&mut TorchGraph::new(&views, Device::Cpu), &history, last_only);
        let (all, last) = (outputs(false), outputs(true));
        assert_eq!((all.size(), last.size()), (vec![3, 6, 6], vec![3, 6, 1]));
        let difference = f64::try_from((all.select(2, 5) - last.select(2, 0)).abs().max()).expect("a number");
        assert!(difference < 1e-6, "{difference}");
    }

    #[test]
    fn sizes_without_sense_are_refused() {
        assert!(spec().check().is_ok());
        for wrong in [
            PolicyNetworkSpec { heads: 3, ..spec() },
            PolicyNetworkSpec { context: 0, ..spec() },
            PolicyNetworkSpec { head_divisor: f64::NAN, ..spec() },
        ] {
            assert!(wrong.check().is_err_and(|problem| problem.starts_with("expected")));
        }
    }
}
