//! The manifest as it lies in the file: every entry beside the others, those of one family optional.

use super::family::{Family, FamilyName};
use super::manifest::{
    Column, ConditionSpec, DenoiserSpec, DiffusionSpec, Golden, Manifest, Normaliser, Parity, Provenance, QuantitySpec,
    SCHEMA_VERSION, SolverDefaults, TensorSpec, TransformSpec, WorldSpec,
};
use super::manifest_check::{ManifestError, ensure};
use super::policy_spec::PolicySpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that a runtime must know to use a model without its recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestJson {
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
    /// Time between knots, of a policy between actions, seconds.
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
    pub(super) fn read(json: &[u8]) -> Result<Self, ManifestError> {
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

/// Entries of the families, taken by the one that the manifest names; what is left over is refused.
pub(super) struct Entries {
    pub(super) family: FamilyName,
    pub(super) diffusion: Option<DiffusionSpec>,
    pub(super) solver: Option<SolverDefaults>,
    pub(super) world: Option<WorldSpec>,
    pub(super) condition: Option<ConditionSpec>,
    pub(super) transform: Option<TransformSpec>,
    pub(super) policy: Option<PolicySpec>,
}

impl Entries {
    pub(super) fn denoiser(&mut self) -> Result<DenoiserSpec, ManifestError> {
        match (self.diffusion.take(), self.solver.take()) {
            (Some(diffusion), Some(solver)) => Ok(DenoiserSpec { diffusion, solver }),
            (diffusion, _) => {
                let got = if diffusion.is_some() { "no solver" } else { "no noise" };
                Err(missing("diffusion", format!("noise and sampler for {:?}", self.family), got))
            }
        }
    }

    pub(super) fn world(&mut self) -> Result<WorldSpec, ManifestError> {
        self.world.take().ok_or_else(|| missing("world", "the world that a planner is for", "none"))
    }

    pub(super) fn transform(&mut self) -> Result<TransformSpec, ManifestError> {
        self.transform.take().ok_or_else(|| missing("transform", "codes and their decoder", "none"))
    }

    pub(super) fn policy(&mut self) -> Result<PolicySpec, ManifestError> {
        let expected = "context, head, returns and the bins of every action";
        self.policy.take().ok_or_else(|| missing("policy", expected, "none"))
    }

    fn into_family(mut self) -> Result<Family, ManifestError> {
        let family = Family::take(&mut self)?;
        let Self { diffusion, solver, condition, transform, policy, .. } = &self;
        let left_over = [
            ("diffusion", diffusion.is_some()),
            ("solver", solver.is_some()),
            ("condition", condition.is_some()),
            ("transform", transform.is_some()),
            ("policy", policy.is_some()),
        ];
        for (entry, is_there) in left_over {
            ensure(!is_there, entry, format!("none for {:?}", self.family), "one")?;
        }
        Ok(family)
    }
}

fn missing(entry: &str, expected: impl Into<String>, got: &str) -> ManifestError {
    ManifestError::Entry { entry: entry.to_owned(), expected: expected.into(), got: got.to_owned() }
}

impl TryFrom<ManifestJson> for Manifest {
    type Error = ManifestError;

    fn try_from(json: ManifestJson) -> Result<Self, ManifestError> {
        let ManifestJson { family, diffusion, solver, world, condition, transform, policy, .. } = json;
        let entries = Entries { family, diffusion, solver, world, condition, transform, policy };
        Ok(Self {
            name: json.name,
            family: entries.into_family()?,
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
            provenance: manifest.provenance,
            parity: manifest.parity,
            measured: manifest.measured,
            golden: manifest.golden,
            licence: manifest.licence,
        }
    }
}
