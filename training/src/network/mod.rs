//! Networks, written once and read three ways: to declare parameters, to run in libtorch, to write ONNX.

mod declare;
mod graph;
mod temporal_unet;
mod torch;

pub use declare::{ParameterSpec, Start, declare};
pub use graph::{ConvSpec, Graph, sinusoidal_frequencies};
pub use temporal_unet::{ConditionSpec, NetworkSpec, NetworkSpecError};
pub use torch::{Parameters, TorchGraph};
