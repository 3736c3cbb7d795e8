//! Export of a denoiser: one denoising step, and with a transform the decoder of its codes.

use super::network::{ExportedNetwork, plain};
use super::onnx_graph;
use super::rows::RowShape;
use crate::fit::{Checkpoint, Row, joined};
use crate::network::{NetworkSpec, Parameters, TorchGraph, declare};
use tch::{Device, Tensor};

/// A denoiser with its parameters.
pub(super) struct Denoiser<'a> {
    checkpoint: &'a Checkpoint,
    network: NetworkSpec,
    horizon: usize,
    views: Vec<Tensor>,
}

impl<'a> Denoiser<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, network: NetworkSpec) -> Self {
        let views = Parameters::new(declare(&network)).views(&Tensor::from_slice(checkpoint.averaged()));
        Self { horizon: checkpoint.recipe.horizon(), checkpoint, network, views }
    }
}

impl ExportedNetwork for Denoiser<'_> {
    fn run(&self, rows: &[Row]) -> Vec<f32> {
        tch::no_grad(|| {
            let joined = joined(rows);
            let input = |place: usize| Tensor::from_slice(joined.get(place).map_or(&[][..], Vec::as_slice));
            let shape = [rows.len() as i64, self.horizon as i64, self.network.columns as i64];
            let condition = self.network.condition.map(|spec| input(2).view([shape[0], spec.width as i64]));
            let mut graph = TorchGraph::new(&self.views, Device::Cpu);
            let (sample, timestep) = (input(0).view(shape), input(1));
            plain(&self.network.forward(&mut graph, self.horizon, &sample, &timestep, condition.as_ref()))
        })
    }

    fn graph(&self, output: &str) -> Result<Vec<u8>, protobuf::Error> {
        let (values, decoder) = (self.checkpoint.averaged(), self.checkpoint.data.decoder.as_ref());
        onnx_graph::serialise(&self.network, self.horizon, values, output, decoder)
    }

    fn shape(&self) -> RowShape {
        RowShape {
            horizon: self.horizon,
            columns: self.network.columns,
            condition: self.network.condition.map_or(0, |condition| condition.width),
            timesteps: self.checkpoint.recipe.diffusion().map(|diffusion| diffusion.steps),
        }
    }

    /// The rows with the lowest and the highest noise.
    fn golden_rows(&self, real: &[Row]) -> Vec<Row> {
        let by_noise = |a: &&Row, b: &&Row| a.timestep().total_cmp(&b.timestep());
        let ends = [real.iter().min_by(by_noise), real.iter().max_by(by_noise)];
        ends.into_iter().flatten().cloned().collect()
    }
}
