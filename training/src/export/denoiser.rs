//! A denoiser in libtorch, the reference of the parity gate.

use super::gate::Reference;
use super::rows::{Row, joined};
use crate::network::{NetworkSpec, Parameters, TorchGraph, declare};
use tch::{Device, Kind, Tensor};

/// The network with its parameters.
pub(super) struct DenoiserReference<'a> {
    network: &'a NetworkSpec,
    views: Vec<Tensor>,
}

impl<'a> DenoiserReference<'a> {
    /// With parameters in flat order.
    pub(super) fn new(network: &'a NetworkSpec, values: &[f32]) -> Self {
        let views = Parameters::new(declare(network)).views(&Tensor::from_slice(values));
        Self { network, views }
    }
}

impl Reference for DenoiserReference<'_> {
    fn run(&self, rows: &[Row]) -> Vec<f32> {
        tch::no_grad(|| {
            let joined = joined(rows);
            let input = |place: usize| Tensor::from_slice(joined.get(place).map_or(&[][..], Vec::as_slice));
            let size = joined.first().map_or(0, Vec::len);
            let horizon = size / rows.len().max(1) / self.network.columns;
            let shape = [rows.len() as i64, horizon as i64, self.network.columns as i64];
            let condition = self.network.condition.map(|spec| input(2).view([shape[0], spec.width as i64]));
            let mut graph = TorchGraph::new(&self.views, Device::Cpu);
            let said = self.network.forward(&mut graph, horizon, &input(0).view(shape), &input(1), condition.as_ref());
            plain(&said)
        })
    }

    fn parameters(&self) -> usize {
        self.views.iter().map(Tensor::numel).sum()
    }
}

/// All values of a tensor, row by row.
pub(super) fn plain(tensor: &Tensor) -> Vec<f32> {
    let mut values = vec![0.0_f32; tensor.numel()];
    let count = values.len();
    tensor.to_kind(Kind::Float).contiguous().view([-1]).copy_data(&mut values, count);
    values
}
