//! Fits planners and exports them as ONNX files that have proven themselves.
//!
//! ```text
//! recipe (TOML) -> dataset -> fit -> checkpoint -> export (parity gate) -> one .onnx file
//! ```
//!
//! * [`dataset`]: who drives, what is recorded, how it is cut into windows;
//! * [`network`]: networks, written once and read three ways (parameters, libtorch, ONNX);
//! * [`fit`]: objective, optimiser, checkpoints that resume bit for bit;
//! * [`export`]: the graph, the manifest, and the gate that libtorch, ONNX Runtime and tract must pass;
//! * [`transform`]: systems with a physical quantity, the deviation kernel, and the coordinate transform;
//! * [`ablation`]: other generators, which are measured beside the denoiser and never exported;
//! * [`drift`]: whole studies of it, and [`report`], their plots and tables;
//! * [`fourier`]: heads that speak of a continuous value, and what they learn of known distributions.

pub mod ablation;
pub mod cli;
pub mod dataset;
pub mod drift;
pub mod export;
pub mod fit;
pub mod fourier;
pub mod network;
pub mod policy;
pub mod report;
pub mod transform;
