//! Export of a policy: a history in, the parameters of the next action's distribution out.

use super::network::{ExportedNetwork, plain};
use super::onnx_graph;
use super::rows::RowShape;
use crate::fit::{Checkpoint, Row, joined};
use crate::network::{Parameters, PolicyNetworkSpec, TorchGraph, declare_policy};
use planwright::model::tensors::HISTORY;
use tch::{Device, Tensor};

/// A policy's network with its parameters.
pub(super) struct Policy<'a> {
    checkpoint: &'a Checkpoint,
    network: PolicyNetworkSpec,
    views: Vec<Tensor>,
}

impl<'a> Policy<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, network: PolicyNetworkSpec) -> Self {
        let views = Parameters::new(declare_policy(&network)).views(&Tensor::from_slice(checkpoint.averaged()));
        Self { checkpoint, network, views }
    }
}

impl ExportedNetwork for Policy<'_> {
    fn run(&self, rows: &[Row]) -> Vec<f32> {
        tch::no_grad(|| {
            let values = joined(rows).into_iter().next().unwrap_or_default();
            let shape = [rows.len() as i64, self.network.context as i64, self.network.features as i64];
            let history = Tensor::from_slice(&values).view(shape);
            plain(&self.network.forward(&mut TorchGraph::new(&self.views, Device::Cpu), &history, true))
        })
    }

    fn graph(&self, output: &str) -> Result<Vec<u8>, protobuf::Error> {
        onnx_graph::serialise_policy(&self.network, self.checkpoint.averaged(), HISTORY, output)
    }

    fn shape(&self) -> RowShape {
        let PolicyNetworkSpec { context, features, .. } = self.network;
        RowShape { horizon: context, columns: features, timesteps: None, condition: 0 }
    }

    fn golden_rows(&self, real: &[Row]) -> Vec<Row> {
        real.iter().take(2).cloned().collect()
    }
}
