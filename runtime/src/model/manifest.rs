//! Description of a model: the JSON in its metadata entry `planwright.manifest`.

use super::corridor_spec::CorridorSpec;
use super::family::{Entries, Family, FamilyName};
use super::goal_force_spec::GoalForceSpec;
use super::manifest_entries::{
    Column, ConditionSpec, DenoiserSpec, DiffusionSpec, Golden, Normaliser, Parity, Provenance, QuantitySpec,
    SolverDefaults, TensorSpec, TransformSpec, WorldSpec,
};
use super::manifest_error::{ManifestError, SCHEMA_VERSION};
use super::policy_spec::PolicySpec;
use crate::quantity::Intended;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Time between knots, of a policy between actions, of a corridor at 1 m/s, seconds.
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

/// Everything that a runtime must know to use a model without its recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ManifestJson {
    /// Version of the schema.
    schema_version: u32,
    /// Name of the model.
    name: String,
    /// Which planner it belongs to.
    family: FamilyName,
    /// Inputs of the graph, in its order.
    inputs: Vec<TensorSpec>,
    /// Outputs of the graph, in its order.
    outputs: Vec<TensorSpec>,
    /// Meaning of the columns of a knot, in the order of the tensors' last axis.
    columns: Vec<Column>,
    /// What maps to -1 and 1, per column.
    normaliser: Normaliser,
    /// The noise that a denoiser was trained with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    diffusion: Option<DiffusionSpec>,
    /// Knots of a trajectory, H; of a policy, the steps of its longest roll-out.
    horizon: usize,
    /// Time between knots, of a policy between actions, of a corridor at 1 m/s, seconds.
    knot_secs: f64,
    /// Where it was trained and within which limits; every planner of a robot has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    world: Option<WorldSpec>,
    /// The physical quantity whose distribution it was trained on.
    quantity: Option<QuantitySpec>,
    /// The vector that the network is conditioned on, if it takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<ConditionSpec>,
    /// The code space that the network lives in, and its decoder, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transform: Option<TransformSpec>,
    /// How to sample a denoiser unless other settings are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    solver: Option<SolverDefaults>,
    /// How the outputs of a policy become actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<PolicySpec>,
    /// The corridor that a network for any map sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    corridor: Option<CorridorSpec>,
    /// Picture and control signal of a goal-force network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    goal_force: Option<GoalForceSpec>,
    /// Where it comes from.
    provenance: Provenance,
    /// How closely the engines agreed with libtorch at export.
    parity: Parity,
    /// Evaluation figures, each with command, seed and machine.
    #[serde(default)]
    measured: BTreeMap<String, serde_json::Value>,
    /// Test vectors, run at every load.
    golden: Vec<Golden>,
    /// SPDX expression.
    licence: String,
}

#[derive(Deserialize)]
struct Peek {
    schema_version: Option<u32>,
    normaliser: Option<serde::de::IgnoredAny>,
}

impl ManifestJson {
    /// Parses, the version first: of another version no entry has a known meaning.
    fn read(json: &[u8]) -> Result<Self, ManifestError> {
        let peek: Peek = serde_json::from_slice(json)?;
        match peek.schema_version {
            Some(SCHEMA_VERSION) => {}
            got => return Err(ManifestError::SchemaVersion { got }),
        }
        if peek.normaliser.is_none() {
            return Err(ManifestError::NoNormaliser);
        }
        Ok(serde_json::from_slice(json)?)
    }
}

impl TryFrom<ManifestJson> for Manifest {
    type Error = ManifestError;

    fn try_from(json: ManifestJson) -> Result<Self, ManifestError> {
        let ManifestJson {
            family, diffusion, solver, world, condition, transform, policy, corridor, goal_force, ..
        } = json;
        let entries = Entries { family, diffusion, solver, world, condition, transform, policy, corridor, goal_force };
        Ok(Self {
            name: json.name,
            family: Family::take(entries)?,
            inputs: json.inputs,
            outputs: json.outputs,
            columns: json.columns,
            normaliser: json.normaliser,
            horizon: json.horizon,
            knot_secs: json.knot_secs,
            quantity: json.quantity,
            provenance: json.provenance,
            parity: json.parity,
            measured: json.measured,
            golden: json.golden,
            licence: json.licence,
        })
    }
}

impl From<Manifest> for ManifestJson {
    fn from(manifest: Manifest) -> Self {
        let family = &manifest.family;
        let denoiser = family.denoiser();
        Self {
            schema_version: SCHEMA_VERSION,
            name: manifest.name,
            family: family.name(),
            inputs: manifest.inputs,
            outputs: manifest.outputs,
            columns: manifest.columns,
            normaliser: manifest.normaliser,
            diffusion: denoiser.map(|denoiser| denoiser.diffusion.clone()),
            horizon: manifest.horizon,
            knot_secs: manifest.knot_secs,
            world: family.world().cloned(),
            quantity: manifest.quantity,
            condition: family.condition().cloned(),
            transform: family.transform().cloned(),
            solver: denoiser.map(|denoiser| denoiser.solver),
            policy: family.policy().cloned(),
            corridor: family.corridor().cloned(),
            goal_force: family.goal_force().cloned(),
            provenance: manifest.provenance,
            parity: manifest.parity,
            measured: manifest.measured,
            golden: manifest.golden,
            licence: manifest.licence,
        }
    }
}
