//! The engine's trait and contract, and the choice of an engine.

use super::error::EngineError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Runs one network for one fixed batch.
///
/// * **Buffers** are 32-bit floats, row by row, in the manifest's order of inputs and outputs; a wrong
///   number or size is an error, and then nothing is computed.
/// * **Result**: depends on the inputs alone; no state is kept between runs. The same inputs on the same
///   machine, engine and thread count give the same bits. After an error the outputs are unspecified.
/// * **NaN** and infinities in the inputs are computed with, not refused, and outputs are not checked: the
///   caller decides what a value that is not finite means.
/// * **Time**: bounded by the network alone; no input or output, no waiting on other processes.
/// * **Allocation**: input and output memory is made at load. Engines allocate small intermediate values of
///   their own during a run.
/// * **Threads**: one run at a time (`&mut self`), from any thread. An engine uses no more threads than its
///   description states, and they sleep between runs.
pub trait Engine: Send {
    /// What this is.
    fn description(&self) -> &EngineDescription;

    /// One evaluation of the network.
    ///
    /// # Errors
    /// Buffers of a wrong number or size, or a fault of the engine.
    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), EngineError>;
}

/// Which engine runs a model, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EngineDescription {
    /// `tract` or `onnxruntime`.
    pub engine: &'static str,
    /// What computes.
    pub provider: Provider,
    /// Version of the engine.
    pub version: String,
    /// The shared library, where there is one.
    pub library: Option<PathBuf>,
    /// Threads that compute.
    pub threads: usize,
    /// Rows per run.
    pub batch: usize,
    /// What was decided for the caller, one sentence each.
    pub notes: Vec<String>,
}

impl fmt::Display for EngineDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, provider, version, threads, batch, .. } = self;
        write!(f, "{engine} {version} on {provider}, {threads} threads, batch {batch}")?;
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
}

/// Which library runs the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// The engine that fits the provider; what was taken stands in the description.
    #[default]
    Auto,
    /// Pure Rust, always there, one thread.
    Tract,
    /// ONNX Runtime's shared library.
    #[serde(rename = "onnxruntime")]
    OnnxRuntime,
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
    /// An NVIDIA GPU through TensorRT.
    TensorRt,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        })
    }
}

/// The requested engine. Parses from the names of the command line: `auto`, `tract`, `onnxruntime`,
/// `onnxruntime-cuda`, `onnxruntime-tensorrt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineChoice {
    /// Which library.
    pub kind: EngineKind,
    /// What computes.
    pub provider: Provider,
    /// ONNX Runtime's shared library, or the folder it lies in; looked for in the usual places if `None`.
    pub library: Option<PathBuf>,
    /// Threads of one run, at least 1.
    pub threads: usize,
}

impl Default for EngineChoice {
    fn default() -> Self {
        Self { kind: EngineKind::Auto, provider: Provider::Cpu, library: None, threads: 1 }
    }
}

impl EngineChoice {
    /// The names of the command line.
    pub const NAMES: [&'static str; 5] = ["auto", "tract", "onnxruntime", "onnxruntime-cuda", "onnxruntime-tensorrt"];

    /// The name of the command line for this choice.
    pub fn name(&self) -> &'static str {
        match (self.kind, self.provider) {
            (EngineKind::Auto, _) => "auto",
            (EngineKind::Tract, _) => "tract",
            (EngineKind::OnnxRuntime, Provider::Cpu) => "onnxruntime",
            (EngineKind::OnnxRuntime, Provider::Cuda) => "onnxruntime-cuda",
            (EngineKind::OnnxRuntime, Provider::TensorRt) => "onnxruntime-tensorrt",
        }
    }
}

/// No such engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {names}, got `{got}`", names = EngineChoice::NAMES.join(", "))]
pub struct EngineNameError {
    got: String,
}

impl FromStr for EngineChoice {
    type Err = EngineNameError;

    fn from_str(name: &str) -> Result<Self, EngineNameError> {
        let (kind, provider) = match name {
            "auto" => (EngineKind::Auto, Provider::Cpu),
            "tract" => (EngineKind::Tract, Provider::Cpu),
            "onnxruntime" => (EngineKind::OnnxRuntime, Provider::Cpu),
            "onnxruntime-cuda" => (EngineKind::OnnxRuntime, Provider::Cuda),
            "onnxruntime-tensorrt" => (EngineKind::OnnxRuntime, Provider::TensorRt),
            _ => return Err(EngineNameError { got: name.to_owned() }),
        };
        Ok(Self { kind, provider, ..Self::default() })
    }
}

/// Checks the buffers of a run against the sizes of the engine's inputs and outputs.
pub(super) fn check_buffers(
    sizes: &[Vec<usize>; 2],
    inputs: &[&[f32]],
    outputs: &[&mut [f32]],
) -> Result<(), EngineError> {
    let check = |side, expected: &[usize], got: &mut dyn ExactSizeIterator<Item = usize>| {
        if got.len() != expected.len() {
            return Err(EngineError::Count { side, expected: expected.len(), got: got.len() });
        }
        for (index, (expected, got)) in expected.iter().copied().zip(got).enumerate() {
            if got != expected {
                return Err(EngineError::Size { side, index, expected, got });
            }
        }
        Ok(())
    };
    check("input", &sizes[0], &mut inputs.iter().map(|buffer| buffer.len()))?;
    check("output", &sizes[1], &mut outputs.iter().map(|buffer| buffer.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in EngineChoice::NAMES {
            assert_eq!(name.parse::<EngineChoice>().map(|choice| choice.name()), Ok(name));
        }
        let error = "onnx".parse::<EngineChoice>().expect_err("no such engine").to_string();
        assert!(error.contains("onnxruntime-tensorrt") && error.contains("`onnx`"), "{error}");
    }
}
