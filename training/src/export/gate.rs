//! The parity gate: no file leaves unless every engine computes what libtorch computes.

use crate::dataset::COLUMNS;
use crate::fit::Batch;
use crate::network::{NetworkSpec, Parameters, TorchGraph, declare};
use planwright::model::{
    Artefact, Engine, EngineChoice, EngineKind, ModelError, Parity, Provider, load_engine, relative_difference,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Largest relative difference between an engine and libtorch that is let through.
pub const TOLERANCE: f64 = 1e-5;
/// Batches at which engines are compared: the usual one, and one that tells rows apart.
const BATCHES: [usize; 2] = [1, 3];
const RANDOM_INPUTS: usize = 6;

/// Why the gate stays closed.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// An engine is missing or cannot take the model.
    #[error("the parity gate needs both engines: {0}")]
    Engine(#[from] ModelError),
    /// An engine computes something else.
    #[error("expected {engine} within {tolerance:.0e} of libtorch, got a relative difference of {got:.3e} on {kind} input {index} at batch {batch}\nhint: nothing was written; a network that amplifies rounding this much is not fit for a robot", tolerance = TOLERANCE)]
    Differs {
        /// Which engine.
        engine: &'static str,
        /// `random`, `extreme` or `real`.
        kind: &'static str,
        /// Which input of that kind.
        index: usize,
        /// Rows per run.
        batch: usize,
        /// Largest relative difference.
        got: f64,
    },
    /// The network gives NaN or infinity.
    #[error(
        "expected finite results, got NaN or infinity from libtorch on {kind} input {index}\nhint: nothing was written; train longer or with a lower learning rate"
    )]
    NotFinite {
        /// `random`, `extreme` or `real`.
        kind: &'static str,
        /// Which input of that kind.
        index: usize,
    },
}

/// One row: a noisy trajectory, horizon x 6, and its timestep.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) sample: Vec<f32>,
    pub(super) timestep: f32,
}

/// The network in libtorch, the reference.
pub(super) struct Reference<'a> {
    network: &'a NetworkSpec,
    views: Vec<Tensor>,
}

impl<'a> Reference<'a> {
    /// With parameters in flat order.
    pub(super) fn new(network: &'a NetworkSpec, values: &[f32]) -> Self {
        let views = Parameters::new(declare(network)).views(&Tensor::from_slice(values));
        Self { network, views }
    }

    /// Clean trajectories, row after row.
    pub(super) fn run(&self, rows: &[Row]) -> Vec<f32> {
        tch::no_grad(|| {
            let (samples, timesteps) = joined(rows);
            let shape = [rows.len() as i64, -1, self.network.columns as i64];
            let sample = Tensor::from_slice(&samples).view(shape);
            let mut graph = TorchGraph::new(&self.views, Device::Cpu);
            let clean = self.network.forward(&mut graph, &sample, &Tensor::from_slice(&timesteps));
            let mut values = vec![0.0_f32; samples.len()];
            clean.to_kind(Kind::Float).contiguous().view([-1]).copy_data(&mut values, samples.len());
            values
        })
    }
}

fn joined(rows: &[Row]) -> (Vec<f32>, Vec<f32>) {
    let samples = rows.iter().flat_map(|row| row.sample.iter().copied()).collect();
    (samples, rows.iter().map(|row| row.timestep).collect())
}

/// What the gate found.
pub(super) struct Passed {
    pub(super) parity: Parity,
    /// Version by engine.
    pub(super) engines: BTreeMap<String, String>,
}

/// Compares ONNX Runtime and tract with libtorch on random, extreme and real inputs, one row at a time and in
/// batches. `real` are noisy windows of `horizon` knots; `steps` is the number of training timesteps.
pub(super) fn pass(
    artefact: &Artefact,
    reference: &Reference<'_>,
    real: &Batch,
    steps: usize,
    library: Option<&Path>,
    seed: u64,
) -> Result<Passed, GateError> {
    let horizon = artefact.manifest().horizon;
    let kinds = [
        ("random", random(horizon, steps, seed)),
        ("extreme", extreme(horizon, steps)),
        ("real", rows_of(real, horizon)),
    ];
    let mut largest: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let mut engines = BTreeMap::new();
    for batch in BATCHES {
        for kind in [EngineKind::Tract, EngineKind::OnnxRuntime] {
            let choice =
                EngineChoice { kind, provider: Provider::Cpu, library: library.map(Path::to_owned), threads: 1 };
            let mut engine = load_engine(artefact, &choice, batch)?;
            let name = engine.description().engine;
            engines.insert(name.to_owned(), engine.description().version.clone());
            for (kind, rows) in &kinds {
                let got = compare(engine.as_mut(), reference, kind, rows, batch)?;
                let seen = largest.entry(name.to_owned()).or_default().entry((*kind).to_owned()).or_default();
                *seen = seen.max(got);
            }
        }
    }
    Ok(Passed { parity: Parity { tolerance: TOLERANCE, largest }, engines })
}

/// Largest relative difference over all rows, each judged on its own.
fn compare(
    engine: &mut dyn Engine,
    reference: &Reference<'_>,
    kind: &'static str,
    rows: &[Row],
    batch: usize,
) -> Result<f64, GateError> {
    let mut largest = 0.0_f64;
    for first in 0..rows.len().div_ceil(batch) {
        // The last batch is filled up with rows from the front.
        let indices: Vec<usize> = (0..batch).map(|row| (first * batch + row) % rows.len()).collect();
        let chosen: Vec<Row> = indices.iter().map(|index| rows[*index].clone()).collect();
        let expected = reference.run(&chosen);
        let (samples, timesteps) = joined(&chosen);
        let mut clean = vec![0.0; samples.len()];
        engine.run(&[&samples, &timesteps], &mut [&mut clean]).map_err(ModelError::from)?;
        let size = samples.len() / batch;
        for (index, (got, expected)) in indices.iter().zip(clean.chunks(size).zip(expected.chunks(size))) {
            if expected.iter().any(|value| !value.is_finite()) {
                return Err(GateError::NotFinite { kind, index: *index });
            }
            let got = relative_difference(got, expected);
            if !(got <= TOLERANCE) {
                let engine = engine.description().engine;
                return Err(GateError::Differs { engine, kind, index: *index, batch, got });
            }
            largest = largest.max(got);
        }
    }
    Ok(largest)
}

fn random(horizon: usize, steps: usize, seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..RANDOM_INPUTS)
        .map(|_| Row {
            sample: (0..horizon * COLUMNS).map(|_| rng.sample(StandardNormal)).collect(),
            timestep: rng.random_range(0..steps) as f32,
        })
        .collect()
}

/// Magnitudes far outside the training, nothing at all, constants, the fastest alternation; each at the first
/// and the last timestep.
fn extreme(horizon: usize, steps: usize) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::MAX);
    let size = horizon * COLUMNS;
    let mut noise = |scale: f32| (0..size).map(|_| scale * rng.sample::<f32, _>(StandardNormal)).collect::<Vec<f32>>();
    let alternating =
        |period: usize| (0..size).map(|index| if (index / period).is_multiple_of(2) { 1.0 } else { -1.0 }).collect();
    let samples: [Vec<f32>; 9] = [
        noise(1e3),
        noise(1e-6),
        vec![0.0; size],
        vec![1.0; size],
        vec![-1.0; size],
        vec![1e3; size],
        vec![1e-6; size],
        alternating(1),
        alternating(COLUMNS),
    ];
    let timesteps = [0.0, (steps - 1) as f32];
    samples.iter().flat_map(|sample| timesteps.map(|timestep| Row { sample: sample.clone(), timestep })).collect()
}

/// The noisy windows of a batch.
pub(super) fn rows_of(batch: &Batch, horizon: usize) -> Vec<Row> {
    batch
        .noisy
        .chunks(horizon * COLUMNS)
        .zip(&batch.timesteps)
        .map(|(sample, timestep)| Row { sample: sample.to_vec(), timestep: *timestep })
        .collect()
}
