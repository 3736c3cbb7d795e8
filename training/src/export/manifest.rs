//! The manifest of an exported file: the one place where it is filled in.

use super::{ExportError, ExportOptions, default_solver};
use crate::fit::Checkpoint;
use crate::recipe::Recipe;
use planwright::model::{DenoiserSpec, DiffusionSpec, Family, Golden, Manifest, ManifestBuilder, Provenance};

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
    options: &ExportOptions,
    golden: Vec<Golden>,
) -> Result<Manifest, ExportError> {
    let (recipe, data) = (&checkpoint.recipe, checkpoint.data.clone());
    let builder = ManifestBuilder {
        name: recipe.name().to_owned(),
        family: family(checkpoint, options)?,
        columns: data.columns,
        normaliser: data.normaliser,
        horizon: recipe.horizon(),
        knot_secs: data.step_secs,
        quantity: data.quantity,
        provenance: provenance(checkpoint, options)?,
        tolerance: options.tolerance,
        golden,
        licence: options.licence.clone(),
    };
    Ok(builder.build())
}

/// The recipe's family with what the data are, and with the sampler that the options or the family recommend.
fn family(checkpoint: &Checkpoint, options: &ExportOptions) -> Result<Family, ExportError> {
    let (recipe, data) = (&checkpoint.recipe, checkpoint.data.clone());
    let denoiser = |diffusion: DiffusionSpec| {
        let mut solver = options.solver.unwrap_or_else(|| default_solver(recipe));
        solver.steps = solver.steps.min(diffusion.steps);
        DenoiserSpec { diffusion, solver }
    };
    let missing = |entry| ExportError::Checkpoint { entry };
    let world = data.world.clone().ok_or(missing("world"));
    Ok(match recipe {
        Recipe::MazeDiffusion(settings) => {
            Family::MazeDiffusion { denoiser: denoiser(settings.diffusion()), world: world? }
        }
        Recipe::MazePolicy(_) => Family::MazePolicy { policy: data.policy.ok_or(missing("policy"))?, world: world? },
        Recipe::SequenceDiffusion(settings) => Family::SequenceDiffusion {
            denoiser: denoiser(settings.diffusion.into()),
            condition: data.condition,
            transform: data.transform,
            world: data.world,
        },
        Recipe::MazeTransform(settings) => Family::MazeTransform {
            denoiser: denoiser(settings.diffusion.into()),
            transform: data.transform.ok_or(missing("transform"))?,
            world: world?,
        },
        Recipe::Corridor(settings) => Family::Corridor { corridor: settings.corridor() },
        Recipe::GoalForce(settings) => {
            Family::GoalForce { denoiser: denoiser(settings.diffusion()), goal_force: settings.goal_force.clone() }
        }
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
