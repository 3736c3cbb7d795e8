//! The network of a checkpoint as export sees it, whatever its family.

use super::corridor::Corridor;
use super::denoiser::Denoiser;
use super::motion::Motion;
use super::policy::Policy;
use super::rows::RowShape;
use crate::fit::{Checkpoint, Row};
use crate::recipe::Network;
use planwright::planner::corridor::CHANNELS;
use tch::{Kind, Tensor};

/// A network with its parameters: its values in libtorch, its ONNX graph and the graph's tensors.
pub(super) trait ExportedNetwork {
    /// The first output in libtorch, row after row.
    fn run(&self, rows: &[Row]) -> Vec<f32>;
    /// The serialised ONNX model, with the name of its first output.
    ///
    /// # Errors
    /// If protobuf cannot write it.
    fn graph(&self, output: &str) -> Result<Vec<u8>, protobuf::Error>;
    /// Shape of the rows.
    fn shape(&self) -> RowShape;
    /// Those of the real rows that become test vectors.
    fn golden_rows(&self, real: &[Row]) -> Vec<Row>;
}

/// The network of a checkpoint, with its averaged parameters.
pub(super) fn exported_network(checkpoint: &Checkpoint) -> Box<dyn ExportedNetwork + '_> {
    match checkpoint.recipe.network() {
        Network::Denoiser(network) => Box::new(Denoiser::new(checkpoint, network)),
        Network::Policy(network) => Box::new(Policy::new(checkpoint, network)),
        Network::Corridor(network) => Box::new(Corridor::new(checkpoint, network, CHANNELS)),
        Network::Motion(network) => Box::new(Motion::new(checkpoint, network)),
    }
}

/// All values of a tensor, row by row.
pub(super) fn plain(tensor: &Tensor) -> Vec<f32> {
    let mut values = vec![0.0_f32; tensor.numel()];
    let count = values.len();
    tensor.to_kind(Kind::Float).contiguous().view([-1]).copy_data(&mut values, count);
    values
}
