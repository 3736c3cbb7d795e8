//! The manifest of an exported file: the one place where it is filled in.

use super::network::ExportedNetwork;
use super::{ExportError, ExportOptions, default_solver};
use crate::fit::Checkpoint;
use planwright::model::{Golden, Manifest, Parity, Provenance, SCHEMA_VERSION};
use std::collections::BTreeMap;

/// Versions in the lock file of the build, which a build script reads; libtorch has no call that returns its own.
const LIBRARIES: [(&str, &str); 4] = [
    ("planwright", env!("CARGO_PKG_VERSION")),
    ("libtorch", env!("PLANWRIGHT_LIBTORCH")),
    ("tch", env!("PLANWRIGHT_TCH")),
    ("onnx-protobuf", env!("PLANWRIGHT_ONNX_PROTOBUF")),
];

/// The manifest of a checkpoint, without the gate's figures.
pub(super) fn manifest(
    checkpoint: &Checkpoint,
    network: &dyn ExportedNetwork,
    options: &ExportOptions,
    golden: Vec<Golden>,
) -> Result<Manifest, ExportError> {
    let (recipe, data) = (&checkpoint.recipe, checkpoint.data.clone());
    let diffusion = recipe.diffusion();
    let solver = diffusion.as_ref().map(|diffusion| {
        let mut solver = options.solver.clone().unwrap_or_else(|| default_solver(recipe));
        solver.steps = solver.steps.min(diffusion.steps);
        solver
    });
    let [inputs, outputs] = network.tensors();
    Ok(Manifest {
        schema_version: SCHEMA_VERSION,
        name: recipe.name().to_owned(),
        family: recipe.family(),
        inputs,
        outputs,
        columns: data.columns,
        normaliser: data.normaliser,
        diffusion,
        horizon: recipe.horizon(),
        knot_secs: data.step_secs,
        world: data.world,
        quantity: data.quantity,
        condition: data.condition,
        transform: data.transform,
        solver,
        policy: data.policy,
        provenance: provenance(checkpoint, options)?,
        parity: Parity { tolerance: options.tolerance, largest: BTreeMap::new() },
        measured: BTreeMap::new(),
        golden,
        licence: options.licence.clone(),
    })
}

fn provenance(checkpoint: &Checkpoint, options: &ExportOptions) -> Result<Provenance, ExportError> {
    let recipe = &checkpoint.recipe;
    let content = recipe.content().map_err(ExportError::Recipe)?;
    Ok(Provenance {
        recipe: match &checkpoint.data.made {
            Some(made) => serde_json::json!({ "fit": content, "made": made }),
            None => content,
        },
        recipe_sha256: recipe.sha256(),
        seed: recipe.training().seed,
        training_steps: checkpoint.step,
        data_sha256: checkpoint.data.sha256.clone(),
        git_commit: options.git_commit.clone().unwrap_or_else(git_commit),
        libraries: LIBRARIES.map(|(name, version)| (name.to_owned(), version.to_owned())).into(),
    })
}

/// The commit of the working folder, marked if files differ from it; `unknown` outside a repository.
fn git_commit() -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "HEAD"]) {
        Some(commit) if git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| text.is_empty()) => {
            commit
        }
        Some(commit) => format!("{commit}-modified"),
        None => "unknown".to_owned(),
    }
}
