//! What can go wrong with a model, from the file to the first run.

use super::manifest_error::ManifestError;
use std::path::{Path, PathBuf};

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file system.
    #[error(
        "{path}: expected a model file, got: {source}\nhint: check the path (option --model, parameter `model` of a node)"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Something else than a regular file.
    #[error("{path}: expected a model file, got {got}\nhint: give the .onnx file itself")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What is there.
        got: &'static str,
    },
    /// Larger than any model.
    #[error("{path}: expected at most {max} bytes, got {got}\nhint: this is no planwright model")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Size allowed.
        max: u64,
        /// Size found.
        got: u64,
    },
    /// What is wrong with a file.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<ModelError>,
    },
    /// A model cannot be written.
    #[error("{path}: {source}\nhint: name a file in a folder that can be written")]
    Output {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// No model of ours.
    #[error("expected a model that `planwright-train export` wrote, got {got}\nhint: {hint}")]
    Foreign {
        /// What it is.
        got: String,
        /// What to do.
        hint: &'static str,
    },
    /// The beginning is a model's, the hash at the end is missing.
    #[error(
        "expected a SHA-256 at the end of the model, got none: the file was cut off or something was appended\nhint: copy or download the model again"
    )]
    Truncated,
    /// Sent as a text.
    #[error(
        "expected a model as it was exported, got one that was sent as text: {0}\nhint: copy or download the model again, as binary"
    )]
    AsText(&'static str),
    /// The manifest is there, but another tool has written another graph or left out the hash.
    #[error(
        "expected a model as it was exported, got one that another tool has saved again with other content: its hash is gone or no longer holds, and what it computes was not verified\nhint: give the exported file, or export it again with `planwright-train export CHECKPOINT --out FILE`"
    )]
    Changed,
    /// Bytes have changed since the export.
    #[error("expected SHA-256 {expected}, got {got}: the model is damaged\nhint: copy or download the model again")]
    Damaged {
        /// The hash that the file names.
        expected: String,
        /// The hash of its bytes.
        got: String,
    },
    /// Not the file that `SHA256SUMS` beside it lists.
    #[error(
        "{path}: expected SHA-256 {expected} (from SHA256SUMS beside it), got {got}\nhint: restore the model or the list"
    )]
    NotAsListed {
        /// The file.
        path: PathBuf,
        /// The listed hash.
        expected: String,
        /// The hash of the file.
        got: String,
    },
    /// The bytes are no ONNX model.
    #[error("expected an ONNX model, got {0}\nhint: export the model again")]
    NotOnnx(String),
    /// One file must be the whole model.
    #[error(
        "expected all weights in the file, got tensor `{tensor}` with its numbers in another file: {location}\nhint: give the exported file, or join them: python3 -c 'import onnx; onnx.save(onnx.load(\"THIS.onnx\"), \"ONE.onnx\")'"
    )]
    ExternalData {
        /// The first such tensor.
        tensor: String,
        /// The other file, relative to the model.
        location: String,
    },
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Graph and manifest disagree.
    #[error(
        "{side} {index} of the graph: expected {expected} (from the manifest), got {got}\nhint: export the model again"
    )]
    Contract {
        /// `input` or `output`.
        side: &'static str,
        /// Position.
        index: usize,
        /// Value in the manifest.
        expected: String,
        /// What the graph has.
        got: String,
    },
    /// A batch that no engine is built for.
    #[error("expected a batch between 1 and {max}, got {got}", max = Self::MAX_BATCH)]
    Batch {
        /// The requested batch.
        got: usize,
    },
    /// The engine is not there.
    #[error("expected engine `{engine}`, got none: {reason}\nhint: {hint}")]
    Unavailable {
        /// Name of the engine on the command line.
        engine: &'static str,
        /// Why.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// The engine is there but cannot take this model.
    #[error("{engine} cannot build the model: {problem}\nhint: try another engine (`planwright backends` lists them)")]
    Build {
        /// Name of the engine.
        engine: &'static str,
        /// Its text.
        problem: String,
    },
    /// Codes and trajectories of a transform do not belong together.
    #[error(
        "expected the transform's `{name}` of shape {expected} (from the manifest), got {got}\nhint: codes and trajectories disagree; export the model again"
    )]
    Support {
        /// Name of the tensor in the graph.
        name: &'static str,
        /// Shape promised.
        expected: String,
        /// Shape found.
        got: String,
    },
    /// The engine computes something else than was exported.
    #[error(
        "{engine}: expected test vector {index} within {tolerance:.0e} of the exported result, got a relative difference of {got:.3e}\nhint: this engine must not run this model; try another (`planwright backends` lists them)"
    )]
    SelfTest {
        /// Name of the engine.
        engine: &'static str,
        /// Which vector.
        index: usize,
        /// Allowed.
        tolerance: f64,
        /// Found.
        got: f64,
    },
    /// A run failed.
    #[error(transparent)]
    Run(#[from] EngineError),
}

impl ModelError {
    /// The same with the name of the file, unless it stands there already.
    pub(super) fn in_file(self, path: Option<&Path>) -> Self {
        match (self, path) {
            (
                named @ (Self::Io { .. }
                | Self::NotAFile { .. }
                | Self::TooLarge { .. }
                | Self::NotAsListed { .. }
                | Self::InFile { .. }),
                _,
            )
            | (named, None) => named,
            (error, Some(path)) => Self::InFile { path: path.to_owned(), source: Box::new(error) },
        }
    }

    /// More plans at once than this are a mistake.
    pub const MAX_BATCH: usize = 4_096;
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A wrong number of buffers.
    #[error("expected {expected} {side} buffers, got {got}")]
    Count {
        /// `input` or `output`.
        side: &'static str,
        /// Number of the manifest.
        expected: usize,
        /// Number given.
        got: usize,
    },
    /// A buffer of a wrong size.
    #[error("expected {expected} values in {side} {index}, got {got}")]
    Size {
        /// `input` or `output`.
        side: &'static str,
        /// Position.
        index: usize,
        /// Values of the manifest's shape at the engine's batch.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// The engine's own fault.
    #[error("{engine} failed to run the model: {problem}")]
    Engine {
        /// Name of the engine.
        engine: &'static str,
        /// Its text.
        problem: String,
    },
}
