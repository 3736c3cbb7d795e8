//! Fits planners and exports them as ONNX files that have proven themselves.
//!
//! ```text
//! recipe (TOML) -> dataset -> fit -> checkpoint -> export (parity gate) -> one .onnx file
//! ```
//!
//! * [`dataset`]: who drives, what is recorded, how it is cut into windows;
//! * [`network`]: networks, written once and read three ways (parameters, libtorch, ONNX);
//! * [`recipe`]: one TOML file, one enum of families, one reader;
//! * [`fit`]: objectives, optimiser, checkpoints that resume bit for bit;
//! * [`export`]: the graph, the manifest, and the gate that libtorch, ONNX Runtime and tract must pass;
//! * [`video`]: predicted videos of goal-force networks beside simulated ones;
//! * [`transform`]: systems with a physical quantity, the deviation kernel, and the coordinate transform;
//! * [`head`]: output heads of networks: categorical, Fourier density, Gaussian mixture;
//! * [`study`]: the framework of the experiments in the package `planwright-studies`, with [`statistics`] over seeds;
//! * [`cli`]: the command, and [`console`], what it shares with other commands.

pub mod cli;
pub mod console;
pub mod dataset;
pub mod export;
pub mod fit;
pub mod head;
pub mod network;
pub mod recipe;
pub mod statistics;
pub mod study;
pub mod transform;
pub mod video;
