//! From a checkpoint to one ONNX file, which is written only if every engine computes what libtorch computes.
//!
//! A checkpoint carries everything that the file needs of its data, so that no data set is generated here. A network
//! family is one implementation of `ExportedNetwork`.

mod corridor;
mod denoiser;
mod gate;
mod manifest;
mod motion;
mod network;
mod onnx_graph;
mod onnx_grid;
mod policy;
mod rows;

pub use gate::{GateError, TOLERANCE};
pub use onnx_graph::{BATCH, IR_VERSION, OPSET};

use crate::fit::Checkpoint;
use crate::network::SampleKind;
use crate::recipe::Recipe;
use network::{ExportedNetwork, exported_network};
use planwright::diffusion::Solver;
use planwright::model::{Artefact, Golden, ModelError, Parity, SolverDefaults};
use serde::Serialize;
use std::path::PathBuf;

/// Larger files are written, but with a warning.
pub const WARN_BYTES: usize = 15_000_000;

/// How a checkpoint is exported.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// The file to write.
    pub output: PathBuf,
    /// ONNX Runtime's shared library for the gate; looked for in the usual places if `None`.
    pub library: Option<PathBuf>,
    /// The sampler that the file recommends; its steps are lowered to the trained steps if need be. `None`: what
    /// [`default_solver`] returns.
    pub solver: Option<SolverDefaults>,
    /// Commit of the code; from git if `None`.
    pub git_commit: Option<String>,
    /// SPDX expression of the model's licence.
    pub licence: String,
    /// Largest accepted relative difference from libtorch: [`TOLERANCE`], unless the file is for measurements alone.
    pub tolerance: f64,
}

impl ExportOptions {
    /// To a file, everything else as usual.
    pub fn to(output: impl Into<PathBuf>) -> Self {
        Self {
            output: output.into(),
            library: None,
            solver: None,
            git_commit: None,
            licence: "Apache-2.0 OR MIT".to_owned(),
            tolerance: TOLERANCE,
        }
    }
}

/// The sampler that a file of this recipe recommends unless the options name another.
pub fn default_solver(recipe: &Recipe) -> SolverDefaults {
    let (steps, candidates) = match recipe {
        // Steps with fresh noise: the trial's best (four), and two motions of which simulation keeps the better one.
        Recipe::GoalForce(_) => return SolverDefaults { solver: Solver::Ddpm, steps: 4, candidates: 2 },
        Recipe::MazeDiffusion(_) | Recipe::MazePolicy(_) | Recipe::Corridor(_) => (2, 1),
        Recipe::SequenceDiffusion(_) | Recipe::MazeTransform(_) => (5, 8),
    };
    SolverDefaults { solver: Solver::Ddim, steps, candidates }
}

/// What was exported.
#[derive(Clone, Debug, Serialize)]
pub struct ExportReport {
    /// Name of the model.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Parameters of the network.
    pub parameters: usize,
    /// Optimiser steps of the checkpoint.
    pub training_steps: u64,
    /// SHA-256 of the training data, hex.
    pub data_sha256: String,
    /// How closely the engines agreed with libtorch.
    pub parity: Parity,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file cannot be written.
    #[error("{path}: {source}\nhint: choose a file that can be written with --out")]
    Output {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The checkpoint does not hold the parameters of its own network.
    #[error("expected {expected} parameters in the checkpoint, got {got}\nhint: fit the recipe again")]
    Parameters {
        /// Parameters of the network.
        expected: usize,
        /// Parameters found.
        got: usize,
    },
    /// The checkpoint lacks what its family needs of the data.
    #[error("expected `{entry}` in the checkpoint, got none\nhint: fit the recipe again")]
    Checkpoint {
        /// Which entry.
        entry: &'static str,
    },
    /// A network of pixels.
    #[error(
        "expected a network of motions, got one with network.sample = \"pixels\", from which no planner reads a push\nhint: `planwright-train video` draws and measures what it predicts"
    )]
    Pixels,
    /// The recipe as JSON.
    #[error("expected a recipe that can be written as JSON, got {0}")]
    Recipe(serde_json::Error),
    /// Protobuf.
    #[error("expected a network that can be written as ONNX, got {0}")]
    Onnx(#[from] protobuf::Error),
    /// The model contract.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The parity gate.
    #[error(transparent)]
    Gate(#[from] GateError),
}

/// Exports the averaged parameters of a checkpoint.
///
/// # Errors
/// If an engine is missing or differs from libtorch by more than the tolerance; the output file is untouched then.
pub fn export(checkpoint: &Checkpoint, options: &ExportOptions) -> Result<ExportReport, ExportError> {
    if matches!(&checkpoint.recipe, Recipe::GoalForce(recipe) if recipe.network.sample == SampleKind::Pixels) {
        return Err(ExportError::Pixels);
    }
    let path = &options.output;
    planwright::files::check_writable(path).map_err(|source| ExportError::Output { path: path.clone(), source })?;
    let expected: usize = checkpoint.recipe.network().parameters().iter().map(|spec| spec.len()).sum();
    let got = checkpoint.averaged().len();
    if got != expected {
        return Err(ExportError::Parameters { expected, got });
    }
    let network = exported_network(checkpoint);
    let golden = golden(network.as_ref(), checkpoint)?;
    let mut manifest = manifest::manifest(checkpoint, options, golden)?;
    let output = manifest.outputs.first().map_or("", |output| output.name.as_str());
    let artefact = Artefact::new(&network.graph(output)?, &manifest)?;
    let passed = gate::pass(&artefact, network.as_ref(), checkpoint, options)?;
    manifest.parity = passed.parity.clone();
    manifest.provenance.libraries.extend(passed.engines);
    let (name, training_steps) = (manifest.name.clone(), manifest.provenance.training_steps);
    let artefact = artefact.with_manifest(manifest)?;
    artefact.write(path)?;
    let bytes = artefact.bytes().len();
    let large = format!("the file has {bytes} bytes, more than the {WARN_BYTES} that a repository should carry");
    Ok(ExportReport {
        name,
        path: path.clone(),
        bytes,
        sha256: artefact.sha256().to_owned(),
        parameters: expected,
        training_steps,
        data_sha256: checkpoint.data.sha256.clone(),
        parity: passed.parity,
        warnings: if bytes > WARN_BYTES { vec![large] } else { Vec::new() },
    })
}

/// Test vectors for a batch of one, from real rows.
fn golden(network: &dyn ExportedNetwork, checkpoint: &Checkpoint) -> Result<Vec<Golden>, GateError> {
    let rows = network.golden_rows(&checkpoint.data.real);
    let vectors = rows.into_iter().enumerate().map(|(index, row)| {
        let output = network.run(std::slice::from_ref(&row));
        if output.iter().any(|value| !value.is_finite()) {
            return Err(GateError::NotFinite { kind: "real", index });
        }
        let mut inputs = row.inputs;
        if checkpoint.data.decoder.is_some() {
            // The code to decode, the graph's last input.
            inputs.extend(inputs.first().cloned());
        }
        Ok(Golden { inputs, output })
    });
    vectors.collect()
}
