//! From a checkpoint to one ONNX file, which is written only if every engine computes what libtorch computes.

mod describe;
mod gate;
mod onnx_graph;
mod policy;
mod reference;
mod rows;
mod sequences;
mod system_description;

pub use gate::{GateError, TOLERANCE};
pub use onnx_graph::{BATCH, CLEAN, IR_VERSION, OPSET, SAMPLE, TIMESTEP};
pub use policy::{ACTIVATIONS, HISTORY, LOGITS, PolicyExport, export_policy_network};
pub use sequences::{SequenceDescription, export_sequences};

use crate::dataset::{COLUMNS, WindowError, Windows, generate};
use crate::fit::{Batch, BatchSource, Checkpoint, FitError};
use crate::network::NetworkSpec;
use describe::golden_rows;
use gate::{Passed, Reference};
use planwright::diffusion::{NoiseSchedule, ScheduleError, Solver};
use planwright::model::{Artefact, Golden, Manifest, ModelError, Parity, SolverDefaults};
use planwright::world::{Layout, LayoutError};
use reference::DenoiserReference;
use rows::{Row, RowShape, rows_of};
use serde::Serialize;
use std::path::PathBuf;

/// Larger files are written, but with a warning.
pub const WARN_BYTES: usize = 15_000_000;
/// Noisy windows that the gate and the test vectors take from the data.
const REAL_INPUTS: usize = 8;
/// Windows on which the intended distribution of the quantity is measured.
const QUANTITY_WINDOWS: usize = 4_000;
/// Streams of randomness that no training step reaches.
const REAL_STREAM: u64 = u64::MAX - 1;
const QUANTITY_STREAM: u64 = u64::MAX - 2;

/// How a checkpoint is exported.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// The file to write.
    pub output: PathBuf,
    /// ONNX Runtime's shared library for the gate; looked for in the usual places if `None`.
    pub library: Option<PathBuf>,
    /// How the planner samples unless told otherwise; `steps` is lowered to the trained steps if need be.
    pub solver: SolverDefaults,
    /// Commit of the code; asked of git if `None`.
    pub git_commit: Option<String>,
    /// SPDX expression of the model's licence.
    pub licence: String,
    /// Largest relative difference from libtorch that the gate lets through: [`TOLERANCE`], unless the file is for
    /// measurements alone.
    pub tolerance: f64,
}

impl ExportOptions {
    /// To a file, everything else as usual.
    pub fn to(output: impl Into<PathBuf>) -> Self {
        Self {
            output: output.into(),
            library: None,
            solver: SolverDefaults { solver: Solver::DpmSolverPlusPlus, steps: 5, candidates: 1 },
            git_commit: None,
            licence: "Apache-2.0 OR MIT".to_owned(),
            tolerance: TOLERANCE,
        }
    }
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
    /// The recipe's layout.
    #[error("data.layout: {0}")]
    Layout(#[from] LayoutError),
    /// The recipe's windows.
    #[error(transparent)]
    Windows(#[from] WindowError),
    /// The recipe's schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The recipe as JSON.
    #[error("expected a recipe that can be written as JSON, got {0}")]
    Recipe(serde_json::Error),
    /// Protobuf.
    #[error("expected a network that can be written as ONNX, got {0}")]
    Onnx(#[from] protobuf::Error),
    /// The model contract.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The rows of the data.
    #[error(transparent)]
    Data(#[from] FitError),
    /// The parity gate.
    #[error(transparent)]
    Gate(#[from] GateError),
}

/// Exports the averaged parameters of a checkpoint. The data are made again from the recipe, for the
/// normaliser, the data hash, the gate's real inputs and the quantity's distribution.
///
/// # Errors
/// If the recipe makes no data, an engine is missing, or an engine differs from libtorch by more than
/// [`TOLERANCE`]; the output file is untouched then.
pub fn export(checkpoint: &Checkpoint, options: &ExportOptions) -> Result<ExportReport, ExportError> {
    let path = &options.output;
    planwright::files::check_writable(path).map_err(|source| ExportError::Output { path: path.clone(), source })?;
    let recipe = &checkpoint.recipe;
    let horizon = recipe.windows.horizon;
    let values = parameters_of(&recipe.network, checkpoint.averaged())?;

    let layout = Layout::named_or_file(&recipe.data.layout)?;
    let recording = generate(&layout, &recipe.data);
    let windows = Windows::new(&recording, recipe.windows.clone())?;
    let schedule = NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?;
    let source = BatchSource::new(&windows, schedule, horizon, recipe.training.seed);
    let (mut real, mut measured) = (Batch::default(), Batch::default());
    source.draw(REAL_STREAM, REAL_INPUTS, &mut real);
    source.draw(QUANTITY_STREAM, QUANTITY_WINDOWS, &mut measured);

    let reference = DenoiserReference::new(&recipe.network, values);
    let real = rows_of(&real, horizon * COLUMNS);
    let golden = golden(&reference, &golden_rows(&real))?;
    let limits = windows.limits();
    let manifest = describe::manifest(checkpoint, options, &layout, limits, &measured, golden, recording.sha256())?;
    let body = onnx_graph::serialise(&recipe.network, horizon, values, CLEAN, None)?;
    let shape = RowShape { horizon, columns: COLUMNS, condition: 0, timesteps: Some(recipe.diffusion.steps) };
    let seed = recipe.training.seed;
    finish(&body, manifest, options, |artefact| gate::pass(artefact, &reference, &real, shape, None, options, seed))
}

/// The values, if there are as many as the network has.
fn parameters_of<'a>(network: &NetworkSpec, values: &'a [f32]) -> Result<&'a [f32], ExportError> {
    let expected = crate::network::declare(network).iter().map(|spec| spec.len()).sum();
    if values.len() != expected {
        return Err(ExportError::Parameters { expected, got: values.len() });
    }
    Ok(values)
}

/// Joins graph and manifest, lets the gate judge, and writes the file with what the gate found.
fn finish(
    body: &[u8],
    manifest: Manifest,
    options: &ExportOptions,
    judge: impl FnOnce(&Artefact) -> Result<Passed, GateError>,
) -> Result<ExportReport, ExportError> {
    let artefact = Artefact::new(body, &manifest)?;
    let passed = judge(&artefact)?;
    let mut manifest = manifest;
    manifest.parity = passed.parity.clone();
    manifest.provenance.libraries.extend(passed.engines);
    let report = |artefact: &Artefact, manifest: &Manifest| ExportReport {
        name: manifest.name.clone(),
        path: options.output.clone(),
        bytes: artefact.bytes().len(),
        sha256: artefact.sha256().to_owned(),
        parameters: passed.parameters,
        training_steps: manifest.provenance.training_steps,
        data_sha256: manifest.provenance.data_sha256.clone(),
        parity: passed.parity.clone(),
        warnings: Vec::new(),
    };
    let artefact = artefact.with_manifest(manifest.clone())?;
    artefact.write(&options.output)?;
    let mut report = report(&artefact, &manifest);
    let bytes = report.bytes;
    if bytes > WARN_BYTES {
        let warning = format!("the file has {bytes} bytes, more than the {WARN_BYTES} that a repository should carry");
        report.warnings.push(warning);
    }
    Ok(report)
}

fn golden(reference: &dyn Reference, rows: &[Row]) -> Result<Vec<Golden>, GateError> {
    let vectors = rows.iter().enumerate().map(|(index, row)| {
        let output = reference.run(std::slice::from_ref(row));
        if output.iter().any(|value| !value.is_finite()) {
            return Err(GateError::NotFinite { kind: "real", index });
        }
        Ok(Golden { inputs: row.inputs.clone(), output })
    });
    vectors.collect()
}
