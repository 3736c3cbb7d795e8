//! Networks, written once and read three ways: to declare parameters, to run in libtorch, to write ONNX.

mod corridor_net;
mod declare;
mod graph;
mod grid_graph;
mod motion_unet;
mod policy_transformer;
mod sample_kind;
mod temporal_unet;
mod torch;

pub use corridor_net::CorridorNetworkSpec;
pub use declare::{
    Init, ParameterSpec, declare, declare_corridor, declare_corridor_to, declare_motion, declare_policy,
};
pub use graph::{AttentionSpec, ConvSpec, Graph, sinusoidal_frequencies};
pub use grid_graph::{Conv2dSpec, GridGraph};
pub use motion_unet::{
    CONTROL_CHANNELS, ControlPath, MOTION_CELLS, MOTION_SIDE, MotionNetworkSpec, PICTURE_CHANNELS, WIND_CHANNELS,
};
pub use policy_transformer::PolicyNetworkSpec;
pub use sample_kind::SampleKind;
pub use temporal_unet::{ConditionSpec, NetworkSpec, NetworkSpecError};
pub(crate) use torch::MASK;
pub use torch::{Parameters, TorchGraph};
