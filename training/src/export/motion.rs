//! Export of a motion network: one denoising step of the motion of a picture.

use super::network::{ExportedNetwork, plain};
use super::onnx_grid::serialise_motion;
use super::rows::RowShape;
use crate::fit::{Checkpoint, Row, joined};
use crate::network::{MOTION_CELLS, MotionNetworkSpec, Parameters, TorchGraph, declare_motion};
use tch::{Device, Tensor};

/// A motion network with its parameters.
pub(super) struct Motion<'a> {
    values: &'a [f32],
    network: MotionNetworkSpec,
    timesteps: Option<usize>,
    views: Vec<Tensor>,
}

impl<'a> Motion<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, network: MotionNetworkSpec) -> Self {
        let timesteps = checkpoint.recipe.diffusion().map(|diffusion| diffusion.steps);
        let values = checkpoint.averaged();
        let views = Parameters::new(declare_motion(&network)).views(&Tensor::from_slice(values));
        Self { values, network, timesteps, views }
    }
}

impl ExportedNetwork for Motion<'_> {
    fn run(&self, rows: &[Row]) -> Vec<f32> {
        tch::no_grad(|| {
            let joined = joined(rows);
            let input = |place: usize| Tensor::from_slice(joined.get(place).map_or(&[][..], Vec::as_slice));
            let grid = |place: usize, channels: usize| {
                input(place).view([rows.len() as i64, channels as i64, MOTION_CELLS as i64])
            };
            let (sample, scene) = (grid(0, self.network.sample_channels()), grid(2, self.network.scene_channels()));
            let mut graph = TorchGraph::new(&self.views, Device::Cpu);
            plain(&self.network.forward(&mut graph, &sample, &input(1), &scene))
        })
    }

    fn graph(&self, output: &str) -> Result<Vec<u8>, protobuf::Error> {
        serialise_motion(&self.network, self.values, output)
    }

    fn shape(&self) -> RowShape {
        RowShape {
            horizon: self.network.sample_channels(),
            columns: MOTION_CELLS,
            condition: self.network.scene_channels() * MOTION_CELLS,
            timesteps: self.timesteps,
        }
    }

    /// The rows with the lowest and the highest noise.
    fn golden_rows(&self, real: &[Row]) -> Vec<Row> {
        let by_noise = |a: &&Row, b: &&Row| a.timestep().total_cmp(&b.timestep());
        let ends = [real.iter().min_by(by_noise), real.iter().max_by(by_noise)];
        ends.into_iter().flatten().cloned().collect()
    }
}
