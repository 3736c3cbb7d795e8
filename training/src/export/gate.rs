//! The parity gate: compares every engine with libtorch before a file is written.

use super::ExportOptions;
use super::network::ExportedNetwork;
use super::rows::{extreme, random};
use crate::fit::{Checkpoint, Row, joined};
use crate::transform::DecoderTables;
use planwright::model::{
    Artefact, Engine, EngineChoice, EngineKind, ModelError, Parity, Provider, load_engine, relative_difference,
};
use std::collections::BTreeMap;

/// Largest accepted relative difference between an engine and libtorch, for robots.
pub const TOLERANCE: f64 = 1e-5;
/// Batches at which engines are compared: the usual one, and one that tells rows apart.
const BATCHES: [usize; 2] = [1, 3];

/// Why a file is refused.
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
        /// Largest accepted difference.
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

/// What the gate found.
pub(super) struct Passed {
    pub(super) parity: Parity,
    /// Version by engine.
    pub(super) engines: BTreeMap<String, String>,
}

/// Compares ONNX Runtime and tract with libtorch on random, extreme and real inputs, one row at a time and in
/// batches.
pub(super) fn pass(
    artefact: &Artefact,
    network: &dyn ExportedNetwork,
    checkpoint: &Checkpoint,
    options: &ExportOptions,
) -> Result<Passed, GateError> {
    let (shape, seed) = (network.shape(), checkpoint.recipe.training().seed);
    let kinds = [("random", random(shape, seed)), ("extreme", extreme(shape)), ("real", checkpoint.data.real.clone())];
    let decoder = checkpoint.data.decoder.as_ref();
    let mut largest: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let mut engines = BTreeMap::new();
    for batch in BATCHES {
        for kind in [EngineKind::Tract, EngineKind::OnnxRuntime] {
            let choice = EngineChoice { kind, provider: Provider::Cpu, library: options.library.clone(), threads: 1 };
            let mut engine = load_engine(artefact, &choice, batch)?;
            let name = engine.description().engine;
            engines.insert(name.to_owned(), engine.description().version.clone());
            for (kind, rows) in &kinds {
                let got = compare(engine.as_mut(), network, kind, rows, batch, decoder, options.tolerance)?;
                let seen = largest.entry(name.to_owned()).or_default().entry((*kind).to_owned()).or_default();
                *seen = seen.max(got);
            }
        }
    }
    Ok(Passed { parity: Parity { tolerance: options.tolerance, largest }, engines })
}

/// Largest relative difference over all rows, each judged on its own.
fn compare(
    engine: &mut dyn Engine,
    network: &dyn ExportedNetwork,
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
        let expected = network.run(&chosen);
        let joined = joined(&chosen);
        let mut inputs: Vec<&[f32]> = joined.iter().map(Vec::as_slice).collect();
        let samples = inputs.first().copied().unwrap_or_default();
        let mut output = vec![0.0; expected.len()];
        match decoder {
            None => engine.run(&inputs, &mut [&mut output]).map_err(ModelError::from)?,
            Some(tables) => {
                let size = samples.len() / batch;
                let mut weights = vec![0.0; batch * tables.neighbours];
                let mut decoded = vec![0.0; samples.len() * tables.neighbours];
                inputs.push(samples);
                engine.run(&inputs, &mut [&mut output, &mut weights, &mut decoded]).map_err(ModelError::from)?;
                let rows = weights.chunks(tables.neighbours).zip(decoded.chunks(tables.neighbours * size));
                for (index, (row, (weights, decoded))) in indices.iter().zip(chosen.iter().zip(rows)) {
                    let got = decoding_fault(tables, row.sample(), weights, decoded);
                    if !(got <= 1.0) {
                        let engine = engine.description().engine;
                        return Err(GateError::Decodes { engine, kind, index: *index, batch, got });
                    }
                }
            }
        }
        let size = output.len() / batch;
        for (index, (got, expected)) in indices.iter().zip(output.chunks(size).zip(expected.chunks(size))) {
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
        // Several codes may be paired with the same trajectory: the nearest of them counts.
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
