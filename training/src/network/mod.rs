//! Networks, written once and read three ways: to declare parameters, to run in libtorch, to write ONNX.

mod corridor_net;
mod declare;
mod graph;
mod policy_transformer;
mod temporal_unet;
mod torch;

pub use corridor_net::CorridorNetworkSpec;
pub use declare::{Init, ParameterSpec, declare, declare_corridor, declare_corridor_to, declare_policy};
pub use graph::{AttentionSpec, ConvSpec, Graph, sinusoidal_frequencies};
pub use policy_transformer::PolicyNetworkSpec;
pub use temporal_unet::{ConditionSpec, NetworkSpec, NetworkSpecError};
pub(crate) use torch::MASK;
pub use torch::{Parameters, TorchGraph};
