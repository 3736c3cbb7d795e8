//! The parity gate: no file leaves unless every engine computes what libtorch computes.

use super::ExportOptions;
use super::onnx_graph::DecoderTables;
use crate::fit::Batch;
use crate::network::{NetworkSpec, Parameters, TorchGraph, declare};
use planwright::model::{
    Artefact, Engine, EngineChoice, EngineKind, ModelError, Parity, Provider, load_engine, relative_difference,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// Largest relative difference between an engine and libtorch that is let through, for robots.
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
    #[error(
        "expected {engine} within {tolerance:.0e} of libtorch, got a relative difference of {got:.3e} on {kind} input {index} at batch {batch}\nhint: nothing was written; a network that amplifies rounding this much is not fit for a robot"
    )]
    Differs {
        /// Which engine.
        engine: &'static str,
        /// What is let through.
        tolerance: f64,
        /// `random`, `extreme` or `real`.
        kind: &'static str,
        /// Which input of that kind.
        index: usize,
        /// Rows per run.
        batch: usize,
        /// Largest relative difference.
        got: f64,
    },
    /// An engine decodes to something else than an exact search.
    #[error(
        "expected {engine} to decode as an exact search does, got neighbours or weights that are {got:.1} times what rounding explains, on {kind} input {index} at batch {batch}\nhint: nothing was written"
    )]
    Decodes {
        /// Which engine.
        engine: &'static str,
        /// `random`, `extreme` or `real`.
        kind: &'static str,
        /// Which input of that kind.
        index: usize,
        /// Rows per run.
        batch: usize,
        /// Distance or weight error relative to what rounding explains.
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

/// One row: a noisy sample, H x C, its timestep, and its condition if the network takes one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) sample: Vec<f32>,
    pub(super) timestep: f32,
    pub(super) condition: Vec<f32>,
}

/// Sizes of the rows that the gate makes up.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowShape {
    /// Time steps, H.
    pub(super) horizon: usize,
    /// Columns, C.
    pub(super) columns: usize,
    /// Values of the condition, 0 without one.
    pub(super) condition: usize,
    /// Training timesteps.
    pub(super) timesteps: usize,
}

impl RowShape {
    fn size(self) -> usize {
        self.horizon * self.columns
    }
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
            let (samples, timesteps, conditions) = joined(rows);
            let horizon = samples.len() / rows.len().max(1) / self.network.columns;
            let shape = [rows.len() as i64, horizon as i64, self.network.columns as i64];
            let condition = self
                .network
                .condition
                .map(|spec| Tensor::from_slice(&conditions).view([rows.len() as i64, spec.width as i64]));
            let sample = Tensor::from_slice(&samples).view(shape);
            let mut graph = TorchGraph::new(&self.views, Device::Cpu);
            let clean =
                self.network.forward(&mut graph, horizon, &sample, &Tensor::from_slice(&timesteps), condition.as_ref());
            let mut values = vec![0.0_f32; samples.len()];
            clean.to_kind(Kind::Float).contiguous().view([-1]).copy_data(&mut values, samples.len());
            values
        })
    }
}

fn joined(rows: &[Row]) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let samples = rows.iter().flat_map(|row| row.sample.iter().copied()).collect();
    let conditions = rows.iter().flat_map(|row| row.condition.iter().copied()).collect();
    (samples, rows.iter().map(|row| row.timestep).collect(), conditions)
}

/// What the gate found.
pub(super) struct Passed {
    /// Parameters of the network.
    pub(super) parameters: usize,
    pub(super) parity: Parity,
    /// Version by engine.
    pub(super) engines: BTreeMap<String, String>,
}

/// Compares ONNX Runtime and tract with libtorch on random, extreme and real inputs, one row at a time and in
/// batches. `real` are noisy rows of the data.
pub(super) fn pass(
    artefact: &Artefact,
    reference: &Reference<'_>,
    real: &[Row],
    shape: RowShape,
    decoder: Option<&DecoderTables>,
    options: &ExportOptions,
    seed: u64,
) -> Result<Passed, GateError> {
    let kinds = [("random", random(shape, seed)), ("extreme", extreme(shape)), ("real", real.to_vec())];
    let mut largest: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let mut engines = BTreeMap::new();
    for batch in BATCHES {
        for kind in [EngineKind::Tract, EngineKind::OnnxRuntime] {
            let choice = EngineChoice { kind, provider: Provider::Cpu, library: options.library.clone(), threads: 1 };
            let mut engine = load_engine(artefact, &choice, batch)?;
            let name = engine.description().engine;
            engines.insert(name.to_owned(), engine.description().version.clone());
            for (kind, rows) in &kinds {
                let got = compare(engine.as_mut(), reference, kind, rows, batch, decoder, options.tolerance)?;
                let seen = largest.entry(name.to_owned()).or_default().entry((*kind).to_owned()).or_default();
                *seen = seen.max(got);
            }
        }
    }
    let parameters = reference.views.iter().map(|view| view.numel()).sum();
    Ok(Passed { parameters, parity: Parity { tolerance: options.tolerance, largest }, engines })
}

/// Largest relative difference over all rows, each judged on its own.
fn compare(
    engine: &mut dyn Engine,
    reference: &Reference<'_>,
    kind: &'static str,
    rows: &[Row],
    batch: usize,
    decoder: Option<&DecoderTables>,
    tolerance: f64,
) -> Result<f64, GateError> {
    let mut largest = 0.0_f64;
    for first in 0..rows.len().div_ceil(batch) {
        // The last batch is filled up with rows from the front.
        let indices: Vec<usize> = (0..batch).map(|row| (first * batch + row) % rows.len()).collect();
        let chosen: Vec<Row> = indices.iter().map(|index| rows[*index].clone()).collect();
        let expected = reference.run(&chosen);
        let (samples, timesteps, conditions) = joined(&chosen);
        let mut said = vec![0.0; samples.len()];
        let mut inputs: Vec<&[f32]> = vec![&samples, &timesteps];
        if reference.network.condition.is_some() {
            inputs.push(&conditions);
        }
        match decoder {
            None => engine.run(&inputs, &mut [&mut said]).map_err(ModelError::from)?,
            Some(tables) => {
                let size = samples.len() / batch;
                let mut weights = vec![0.0; batch * tables.neighbours];
                let mut decoded = vec![0.0; samples.len() * tables.neighbours];
                inputs.push(&samples);
                engine.run(&inputs, &mut [&mut said, &mut weights, &mut decoded]).map_err(ModelError::from)?;
                let rows = weights.chunks(tables.neighbours).zip(decoded.chunks(tables.neighbours * size));
                for (index, (row, (weights, decoded))) in indices.iter().zip(chosen.iter().zip(rows)) {
                    let got = decoding_fault(tables, &row.sample, weights, decoded);
                    if !(got <= 1.0) {
                        let engine = engine.description().engine;
                        return Err(GateError::Decodes { engine, kind, index: *index, batch, got });
                    }
                }
            }
        }
        let size = samples.len() / batch;
        for (index, (got, expected)) in indices.iter().zip(said.chunks(size).zip(expected.chunks(size))) {
            if expected.iter().any(|value| !value.is_finite()) {
                return Err(GateError::NotFinite { kind, index: *index });
            }
            let got = relative_difference(got, expected);
            if !(got <= tolerance) {
                let engine = engine.description().engine;
                return Err(GateError::Differs { engine, tolerance, kind, index: *index, batch, got });
            }
            largest = largest.max(got);
        }
    }
    Ok(largest)
}

/// How much an engine's decoding is worse than an exact search: the squared distance by which its neighbours are farther
/// than the k-th nearest code, or the error of a weight, relative to what single precision can tell apart. Equally near
/// neighbours are equally good: a code in the middle of all others has no nearest ones. Infinite for a trajectory that
/// belongs to no code, and for weights that do not sum to one.
fn decoding_fault(tables: &DecoderTables, code: &[f32], weights: &[f32], decoded: &[f32]) -> f64 {
    let size = code.len();
    let square = |values: &[f32]| values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
    let distances: Vec<f64> = tables
        .codes
        .chunks_exact(size)
        .map(|other| code.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum())
        .collect();
    let mut sorted = distances.clone();
    sorted.sort_by(f64::total_cmp);
    let Some(farthest) = sorted.get(tables.neighbours - 1) else { return f64::INFINITY };
    // |z|^2 cancels in the graph; what is left is a difference of sums of this size.
    let longest = tables.codes.chunks_exact(size).map(square).fold(0.0, f64::max);
    let resolution = 1e-5 * (longest + (square(code) * longest).sqrt());
    let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
    if !((sum - 1.0).abs() < 1e-4) {
        return f64::INFINITY;
    }
    let mut worst = 0.0_f64;
    for trajectory in decoded.chunks_exact(size) {
        // Several codes may be paired with the same trajectory: the nearest of them speaks for it.
        let same = tables.support.chunks_exact(size).zip(&distances).filter(|(row, _)| *row == trajectory);
        let nearest = same.map(|(_, distance)| *distance).fold(f64::INFINITY, f64::min);
        worst = worst.max((nearest - farthest) / resolution);
    }
    // Weights follow from the distances alone, nearest first.
    let exponent = |distance: &f64| (-0.5 * (distance - sorted[0]) / tables.bandwidth_squared).exp();
    let exact: Vec<f64> = sorted.iter().take(tables.neighbours).map(exponent).collect();
    let total: f64 = exact.iter().sum();
    let tolerance = 1e-3 + resolution / tables.bandwidth_squared;
    for (weight, exact) in weights.iter().zip(&exact) {
        worst = worst.max((f64::from(*weight) - exact / total).abs() / tolerance);
    }
    worst
}

fn random(shape: RowShape, seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..RANDOM_INPUTS)
        .map(|_| Row {
            sample: (0..shape.size()).map(|_| rng.sample(StandardNormal)).collect(),
            timestep: rng.random_range(0..shape.timesteps) as f32,
            condition: (0..shape.condition).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect(),
        })
        .collect()
}

/// Magnitudes far outside the training, nothing at all, constants, the fastest alternation; each at the first
/// and the last timestep.
fn extreme(shape: RowShape) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::MAX);
    let size = shape.size();
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
        alternating(shape.columns),
    ];
    let timesteps = [0.0, (shape.timesteps - 1) as f32];
    let row = |sample: &Vec<f32>, timestep: f32, condition: f32| Row {
        sample: sample.clone(),
        timestep,
        condition: vec![condition; shape.condition],
    };
    samples.iter().flat_map(|sample| timesteps.map(|timestep| row(sample, timestep, timestep.min(1.0)))).collect()
}

/// The noisy rows of a batch, `size` values each.
pub(super) fn rows_of(batch: &Batch, size: usize) -> Vec<Row> {
    let width = batch.conditions.len() / batch.count.max(1);
    batch
        .noisy
        .chunks(size)
        .zip(&batch.timesteps)
        .enumerate()
        .map(|(row, (sample, timestep))| Row {
            sample: sample.to_vec(),
            timestep: *timestep,
            condition: batch.conditions[row * width..(row + 1) * width].to_vec(),
        })
        .collect()
}
