//! Fits planners and exports them as ONNX files that have proven themselves.
pub mod dataset;
pub mod export;
pub mod fit;
pub mod network;
