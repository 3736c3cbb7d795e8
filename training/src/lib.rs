//! Fits planners and exports them as ONNX files that have proven themselves.
//!
//! ```text
//! recipe (TOML) -> dataset -> fit -> checkpoint -> export (parity gate) -> one .onnx file
//! ```
//!
//! * [`dataset`]: who drives, what is recorded, how it is cut into windows;
//! * [`network`]: networks, written once and read three ways (parameters, libtorch, ONNX);
//! * [`fit`]: objective, optimiser, checkpoints that resume bit for bit;
//! * [`deviation`]: predicts from the data alone where a model moves a physical quantity;
//! * [`export`]: the graph, the manifest, and the gate that libtorch, ONNX Runtime and tract must pass.

pub mod cli;
pub mod dataset;
pub mod deviation;
pub mod export;
pub mod fit;
pub mod network;
pub mod system;
