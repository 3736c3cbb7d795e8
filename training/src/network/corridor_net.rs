//! The network of a corridor: patches of a few knots as tokens, residual blocks of convolutions along the path. It is a
//! regression, fully convolutional: what it computes at a knot depends on the corridor around it alone.

use super::graph::{ConvSpec, Graph};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kernel of the blocks, in tokens.
const KERNEL: usize = 3;
/// What PyTorch's initial values of the last layer are divided by: a fit begins near the reference line.
const HEAD_DIVISOR: f64 = 10.0;

/// Sizes of a corridor network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorNetworkSpec {
    /// Knots per token.
    pub patch: usize,
    /// Channels.
    pub width: usize,
    /// Residual blocks of two convolutions each.
    pub blocks: usize,
}

impl CorridorNetworkSpec {
    /// # Errors
    /// Expected and got, for the first size without sense.
    pub fn check(&self, horizon: usize) -> Result<(), String> {
        for (name, got, most) in [("width", self.width, 4096), ("blocks", self.blocks, 64)] {
            if !(1..=most).contains(&got) {
                return Err(format!("expected {name} from 1 to {most}, got {got}"));
            }
        }
        if self.patch == 0 || !horizon.is_multiple_of(self.patch) {
            return Err(format!("expected a patch that divides {horizon} knots, got {}", self.patch));
        }
        Ok(())
    }

    /// batch x `channels` x knots -> batch x tokens x patch: one value per knot, in their order.
    pub fn forward<G: Graph>(&self, graph: &mut G, channels: usize, corridor: &G::Value) -> G::Value {
        self.forward_to(graph, channels, 1, corridor)
    }

    /// The same with `outputs` values per knot: batch x tokens x (outputs patch).
    pub fn forward_to<G: Graph>(
        &self,
        graph: &mut G,
        channels: usize,
        outputs: usize,
        corridor: &G::Value,
    ) -> G::Value {
        let Self { patch, width, blocks } = *self;
        let patches = ConvSpec { input: channels, output: width, kernel: patch, stride: patch, padding: 0 };
        let along = ConvSpec { input: width, output: width, kernel: KERNEL, stride: 1, padding: KERNEL / 2 };
        let mut x = graph.conv1d(corridor, "embed", patches);
        for block in 0..blocks {
            let name = |part: &str| format!("blocks.{block}.{part}");
            let normal = graph.layer_norm(&x, &name("norm"), width);
            let hidden = graph.conv1d(&normal, &name("first"), along);
            let hidden = graph.mish(&hidden);
            let hidden = graph.conv1d(&hidden, &name("second"), along);
            x = graph.add(&x, &hidden);
        }
        let normal = graph.layer_norm(&x, "norm", width);
        let offsets = graph.head(&normal, "head", ConvSpec::pointwise(width, outputs * patch), HEAD_DIVISOR);
        graph.swap_time_and_channels(&offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Parameters, TorchGraph, declare_corridor};
    use super::*;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn a_knot_does_not_depend_on_what_lies_beyond_its_surroundings() {
        let spec = CorridorNetworkSpec { patch: 4, width: 8, blocks: 2 };
        let parameters = Parameters::new(declare_corridor(&spec, 5));
        let views = parameters.views(&Tensor::from_slice(&parameters.initial(1)));
        let forward = |x: &Tensor| spec.forward(&mut TorchGraph::new(&views, Device::Cpu), 5, x).reshape([2, 64]);
        let x = Tensor::ones([2, 5, 64], (Kind::Float, Device::Cpu));
        let y = forward(&x);
        let changed = x.copy();
        let _ = changed.narrow(2, 44, 20).fill_(3.0);
        let difference = (forward(&changed) - y).abs();
        // Four convolutions of three tokens of four knots reach 16 knots and to the end of the token.
        assert_eq!(difference.narrow(1, 0, 28).max().double_value(&[]), 0.0);
        assert!(difference.narrow(1, 28, 16).max().double_value(&[]) > 0.0);
    }

    #[test]
    fn patches_divide_the_window() {
        let spec = CorridorNetworkSpec { patch: 4, width: 64, blocks: 5 };
        assert_eq!(spec.check(64), Ok(()));
        assert!(CorridorNetworkSpec { patch: 5, ..spec }.check(64).is_err());
        assert!(CorridorNetworkSpec { width: 0, ..spec }.check(64).is_err());
    }
}
