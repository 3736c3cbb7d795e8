//! Export of a corridor network: a corridor in, lateral offsets out.

use super::network::{ExportedNetwork, plain};
use super::onnx_graph;
use super::rows::RowShape;
use crate::fit::{Checkpoint, Row, joined};
use crate::network::{CorridorNetworkSpec, Parameters, TorchGraph, declare_corridor};
use tch::{Device, Tensor};

/// A corridor network with its parameters.
pub(super) struct Corridor<'a> {
    checkpoint: &'a Checkpoint,
    network: CorridorNetworkSpec,
    channels: usize,
    views: Vec<Tensor>,
}

impl<'a> Corridor<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, network: CorridorNetworkSpec, channels: usize) -> Self {
        let parameters = Parameters::new(declare_corridor(&network, channels));
        let views = parameters.views(&Tensor::from_slice(checkpoint.averaged()));
        Self { checkpoint, network, channels, views }
    }

    fn horizon(&self) -> usize {
        self.checkpoint.recipe.horizon()
    }
}

impl ExportedNetwork for Corridor<'_> {
    fn run(&self, rows: &[Row]) -> Vec<f32> {
        tch::no_grad(|| {
            let values = joined(rows).into_iter().next().unwrap_or_default();
            let shape = [rows.len() as i64, self.channels as i64, self.horizon() as i64];
            let corridor = Tensor::from_slice(&values).view(shape);
            plain(&self.network.forward(&mut TorchGraph::new(&self.views, Device::Cpu), self.channels, &corridor))
        })
    }

    fn graph(&self, output: &str) -> Result<Vec<u8>, protobuf::Error> {
        onnx_graph::serialise_corridor(&self.network, self.channels, self.horizon(), self.checkpoint.averaged(), output)
    }

    fn shape(&self) -> RowShape {
        RowShape { horizon: self.horizon(), columns: self.channels, timesteps: None, condition: 0 }
    }

    fn golden_rows(&self, real: &[Row]) -> Vec<Row> {
        real.iter().take(2).cloned().collect()
    }
}
