//! Entries of a manifest: tensors, columns, noise, sampler, world, figures.

use crate::diffusion::{ScheduleKind, Solver};
use crate::quantity::Intended;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One input or output. All are 32-bit floats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TensorSpec {
    /// Name in the graph.
    pub name: String,
    /// Sizes; the batch stays open in the file and is fixed at load.
    pub shape: Vec<Dimension>,
    /// Unit of the values, `1` for plain numbers.
    pub unit: String,
    /// Frame of the values, empty where none applies.
    pub frame: String,
}

impl TensorSpec {
    /// The sizes for a batch.
    pub fn shape_for(&self, batch: usize) -> Vec<usize> {
        self.shape
            .iter()
            .map(|dimension| match dimension {
                Dimension::Fixed(size) => *size,
                Dimension::Batch => batch,
            })
            .collect()
    }

    /// Number of values for a batch.
    pub fn len_for(&self, batch: usize) -> usize {
        self.shape_for(batch).iter().product()
    }
}

/// One axis: in JSON a number, or `"batch"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "DimensionJson", into = "DimensionJson")]
#[schemars(with = "DimensionJson")]
pub enum Dimension {
    /// This size.
    Fixed(usize),
    /// As many as are planned at once.
    Batch,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum DimensionJson {
    Size(usize),
    Word(String),
}

impl TryFrom<DimensionJson> for Dimension {
    type Error = String;

    fn try_from(json: DimensionJson) -> Result<Self, String> {
        match json {
            DimensionJson::Size(size) if size > 0 => Ok(Self::Fixed(size)),
            DimensionJson::Word(word) if word == "batch" => Ok(Self::Batch),
            DimensionJson::Size(size) => Err(format!("expected a size above 0 or \"batch\", got {size}")),
            DimensionJson::Word(word) => Err(format!("expected a size above 0 or \"batch\", got \"{word}\"")),
        }
    }
}

impl From<Dimension> for DimensionJson {
    fn from(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Fixed(size) => Self::Size(size),
            Dimension::Batch => Self::Word("batch".to_owned()),
        }
    }
}

/// Meaning of one column of a knot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// `action_x`, `action_y`, `x`, `y`, `vx`, `vy`.
    pub name: String,
    /// Unit after denormalisation.
    pub unit: String,
    /// Frame.
    pub frame: String,
}

/// Linear map between physical values and [-1, 1], per column: `low` maps to -1, `high` to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normaliser {
    /// Smallest values, in the columns' units.
    pub low: Vec<f32>,
    /// Largest values, in the columns' units.
    pub high: Vec<f32>,
}

impl Normaliser {
    /// A physical value on the scale where the column's low end is -1 and its high end 1; not clamped.
    pub fn normalise(&self, column: usize, value: f64) -> f32 {
        let (low, high) = (self.low[column], self.high[column]);
        2.0 * (value as f32 - low) / (high - low) - 1.0
    }

    /// The physical value of a normalised one.
    pub fn denormalise(&self, column: usize, value: f32) -> f64 {
        let (low, high) = (self.low[column], self.high[column]);
        f64::from(low + 0.5 * (value + 1.0) * (high - low))
    }
}

/// The noise process of training, and what the network predicts of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffusionSpec {
    /// Family of the noise schedule.
    pub schedule: ScheduleKind,
    /// Training steps T; timesteps run from 0 to T - 1.
    pub steps: usize,
    /// What the output is.
    pub prediction: Prediction,
}

/// Noise and sampler of a denoiser.
#[derive(Clone, Debug, PartialEq)]
pub struct DenoiserSpec {
    /// The noise that it was trained with.
    pub diffusion: DiffusionSpec,
    /// How it is sampled unless other settings are given.
    pub solver: SolverDefaults,
}

/// What a denoiser predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Prediction {
    /// The clean trajectory itself.
    CleanSample,
    /// The noise that was added to it.
    Noise,
}

/// A condition: dyadic Fourier features of a quantity, `[sin, cos](2^k pi u)` with `u` running from 0 to 1 over the
/// quantity's range; all zeros are the null condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionSpec {
    /// Values of the vector.
    pub width: usize,
    /// Lower end of the quantity's range.
    pub low: f64,
    /// Upper end of the quantity's range.
    pub high: f64,
    /// Weight of classifier-free guidance: `unconditional + guidance * (conditional - unconditional)`.
    pub guidance: f32,
}

/// A code space: N codes in [-1, 1]^(H C), each paired with one trajectory of the support. A code is decoded by its
/// nearest neighbours among the codes, with weights `exp(-distance^2 / (2 bandwidth^2))`. The graph holds all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformSpec {
    /// Codes, and as many trajectories, N.
    pub support: usize,
    /// Neighbours that a code is decoded by.
    pub neighbours: usize,
    /// Squared bandwidth of the weights, in code units.
    pub bandwidth_squared: f64,
    /// Objective of the pairing: squared distance of the locally decoded mixtures from the intended one.
    pub objective: f64,
    /// Seed of codes and pairing.
    pub seed: u64,
}

/// The world that a model was trained for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorldSpec {
    /// Name of the layout.
    pub layout: String,
    /// The layout itself, one line per row.
    pub layout_text: String,
    /// Radius of the ball, metres.
    pub radius_m: f64,
    /// Largest speed per axis, metres per second.
    pub max_speed_mps: f64,
    /// Largest acceleration per axis, metres per second squared.
    pub max_acceleration_mps2: f64,
}

/// Distribution of a physical quantity over the training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuantitySpec {
    /// `path_length`.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Mean.
    pub mean: f64,
    /// 5% quantile.
    pub low: f64,
    /// 95% quantile.
    pub high: f64,
    /// The intended distribution over many plans, if there is one; the runtime's drift monitor compares plans with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended: Option<Intended>,
}

/// How a denoiser is sampled unless other settings are given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SolverDefaults {
    /// Which solver.
    pub solver: Solver,
    /// Evaluations of the network per plan.
    pub steps: usize,
    /// Plans drawn at once, of which the best is kept.
    pub candidates: usize,
}

impl Default for SolverDefaults {
    /// One network call for one plan.
    fn default() -> Self {
        Self { solver: Solver::Ddim, steps: 1, candidates: 1 }
    }
}

/// Where a model comes from: enough to make it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The recipe, whole.
    pub recipe: serde_json::Value,
    /// SHA-256 of the recipe, hex.
    pub recipe_sha256: String,
    /// Seed of the fit.
    pub seed: u64,
    /// Optimiser steps done.
    pub training_steps: u64,
    /// SHA-256 of the training data, hex.
    pub data_sha256: String,
    /// Commit of the code that exported it, `unknown` outside a repository.
    pub git_commit: String,
    /// Versions of the libraries that made and checked it.
    pub libraries: BTreeMap<String, String>,
}

/// How closely engines agreed with libtorch at export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parity {
    /// Largest relative difference that was allowed.
    pub tolerance: f64,
    /// Largest relative difference seen, by engine and kind of input (`random`, `extreme`, `real`).
    pub largest: BTreeMap<String, BTreeMap<String, f64>>,
}

/// A test vector for a batch of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Values per input, in the inputs' order.
    pub inputs: Vec<Vec<f32>>,
    /// Values of the first output.
    pub output: Vec<f32>,
}
