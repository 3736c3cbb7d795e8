//! Description of a model: the JSON in its metadata entry `planwright.manifest`.

use super::family::Family;
use super::manifest_check::ManifestError;
use super::manifest_json::ManifestJson;
use crate::diffusion::{ScheduleKind, Solver};
use crate::quantity::Intended;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the manifest that this library reads and writes.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that a runtime must know to use a model without its recipe. Read with
/// [`Manifest::from_json`], which refuses what cannot be used; an artefact only ever holds a checked one.
///
/// In JSON the entries of the family stand beside the others, as `ManifestJson` has them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(into = "ManifestJson")]
#[schemars(with = "ManifestJson")]
pub struct Manifest {
    /// Name of the model.
    pub name: String,
    /// The planner that it belongs to, with what that planner needs.
    pub family: Family,
    /// Inputs of the graph, in its order.
    pub inputs: Vec<TensorSpec>,
    /// Outputs of the graph, in its order.
    pub outputs: Vec<TensorSpec>,
    /// Meaning of the columns of a knot, in the order of the tensors' last axis.
    pub columns: Vec<Column>,
    /// What maps to -1 and 1, per column.
    pub normaliser: Normaliser,
    /// Knots of a trajectory, H; of a policy, the steps of its longest roll-out.
    pub horizon: usize,
    /// Time between knots, of a policy between actions, seconds.
    pub knot_secs: f64,
    /// The physical quantity whose distribution it was trained on.
    pub quantity: Option<QuantitySpec>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// How closely the engines agreed with libtorch at export.
    pub parity: Parity,
    /// Evaluation figures, each with command, seed and machine.
    pub measured: BTreeMap<String, serde_json::Value>,
    /// Test vectors, run at every load.
    pub golden: Vec<Golden>,
    /// SPDX expression.
    pub licence: String,
}

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
/// quantity's range; all zeros ask for nothing in particular.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionSpec {
    /// Values of the vector.
    pub width: usize,
    /// Lower end of the quantity's range.
    pub low: f64,
    /// Upper end of the quantity's range.
    pub high: f64,
    /// Weight of classifier-free guidance: `nothing + guidance * (condition - nothing)`.
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

impl Manifest {
    /// Parses and checks.
    ///
    /// # Errors
    /// The first thing that makes the model unusable.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest = Self::try_from(ManifestJson::read(json)?)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// As JSON, after the check that [`Self::from_json`] makes.
    ///
    /// # Errors
    /// The first thing that would make the model unusable.
    pub fn to_json(&self) -> Result<Vec<u8>, ManifestError> {
        let json = serde_json::to_vec(self)?;
        // The way a reader will see it: NaN, for one, becomes null.
        Self::from_json(&json)?;
        Ok(json)
    }

    /// Noise and sampler, which every denoiser has.
    ///
    /// # Errors
    /// If the model is none; one line for people.
    pub fn denoiser(&self) -> Result<&DenoiserSpec, String> {
        self.family.denoiser().ok_or_else(|| {
            format!(
                "expected a denoiser, got '{}' of family {:?}\nhint: `planwright inspect FILE` tells what a model is",
                self.name,
                self.family.name()
            )
        })
    }

    /// The intended distribution of the quantity, if the model carries one.
    pub fn intended(&self) -> Option<&Intended> {
        self.quantity.as_ref().and_then(|quantity| quantity.intended.as_ref())
    }

    /// Whether it plans paths alone (columns x, y): time parameterisation and commands come from the correction, and the
    /// shape of the path is the model's result.
    pub fn plans_paths(&self) -> bool {
        self.family.world().is_some()
            && self.columns.len() == 2
            && self.columns[0].name == "x"
            && self.columns[1].name == "y"
    }

    /// The JSON schema of the manifest.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Manifest).to_value()
    }
}
