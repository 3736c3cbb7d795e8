//! Exports of denoisers that were fitted to rows: of a system's trajectories, or of codes with their decoder.

use super::gate;
use super::onnx_graph::CLEAN;
use super::reference::DenoiserReference;
use super::rows::{RowShape, rows_of};
use super::{ExportError, ExportOptions, ExportReport, describe, finish, golden, onnx_graph};
use crate::fit::{Checkpoint, FitRecipe, SequenceData, SequenceRecipe, real_rows};
use crate::transform::DecoderTables;
use planwright::model::{
    Column, ConditionSpec, DenoiserSpec, DiffusionSpec, Family, Manifest, ManifestBuilder, Normaliser, Provenance,
    QuantitySpec, TransformSpec, WorldSpec,
};

/// What the rows of a denoiser are.
#[derive(Clone, Debug)]
pub struct SequenceDescription {
    /// Names and units of the columns.
    pub columns: Vec<Column>,
    /// What maps to -1 and 1 per column.
    pub normaliser: Normaliser,
    /// Seconds between time steps.
    pub step_secs: f64,
    /// The quantity and its intended distribution.
    pub quantity: Option<QuantitySpec>,
    /// Range and guidance of the condition; its width is the network's.
    pub condition: Option<ConditionSpec>,
    /// Code space and decoder.
    pub transform: Option<(TransformSpec, DecoderTables)>,
    /// The world, for a planner of a robot; with a transform the family is [`Family::MazeTransform`].
    pub world: Option<WorldSpec>,
    /// How it was made, beside the fit's recipe.
    pub recipe: serde_json::Value,
}

/// Exports the averaged parameters of a checkpoint; `data` are the rows it was fitted to.
///
/// # Errors
/// As [`super::export`].
pub fn export_sequences(
    checkpoint: &Checkpoint<SequenceRecipe>,
    data: &SequenceData,
    description: &SequenceDescription,
    options: &ExportOptions,
) -> Result<ExportReport, ExportError> {
    let path = &options.output;
    planwright::files::check_writable(path).map_err(|source| ExportError::Output { path: path.clone(), source })?;
    let recipe = &checkpoint.recipe;
    let values = super::parameters_of(&recipe.network, checkpoint.averaged())?;
    let (horizon, columns) = (recipe.horizon, recipe.network.columns);
    let real = real_rows(recipe, data, super::REAL_INPUTS)?;
    let real = rows_of(&real, horizon * columns);
    let reference = DenoiserReference::new(&recipe.network, values);
    let decoder = description.transform.as_ref().map(|(_, tables)| tables);
    let mut golden = golden(&reference, &describe::golden_rows(&real))?;
    if decoder.is_some() {
        for vector in &mut golden {
            let sample = vector.inputs.first().cloned().unwrap_or_default();
            vector.inputs.push(sample);
        }
    }
    let manifest = manifest(checkpoint, description, options, golden)?;
    let said = manifest.outputs.first().map_or(CLEAN, |output| output.name.as_str()).to_owned();
    let body = onnx_graph::serialise(&recipe.network, horizon, values, &said, decoder)?;
    let shape = RowShape {
        horizon,
        columns,
        condition: recipe.network.condition.map_or(0, |condition| condition.width),
        timesteps: Some(recipe.diffusion.steps),
    };
    let seed = recipe.training.seed;
    finish(&body, manifest, options, |artefact| gate::pass(artefact, &reference, &real, shape, decoder, options, seed))
}

fn manifest(
    checkpoint: &Checkpoint<SequenceRecipe>,
    description: &SequenceDescription,
    options: &ExportOptions,
    golden: Vec<planwright::model::Golden>,
) -> Result<Manifest, ExportError> {
    let recipe = &checkpoint.recipe;
    let mut solver = options.solver;
    solver.steps = solver.steps.min(recipe.diffusion.steps);
    let diffusion = DiffusionSpec {
        schedule: recipe.diffusion.schedule,
        steps: recipe.diffusion.steps,
        prediction: recipe.diffusion.prediction,
    };
    let denoiser = DenoiserSpec { diffusion, solver };
    let condition = description.condition.clone().filter(|_| recipe.network.condition.is_some());
    let family = match (description.transform.as_ref().map(|(spec, _)| spec.clone()), description.world.clone()) {
        (Some(transform), Some(world)) => Family::MazeTransform { denoiser, transform, world },
        (transform, world) => Family::SequenceDiffusion { denoiser, condition, transform, world },
    };
    let recipe_json = serde_json::json!({
        "fit": serde_json::to_value(recipe).map_err(ExportError::Recipe)?,
        "made": description.recipe,
    });
    let builder = ManifestBuilder {
        name: recipe.name.clone(),
        family,
        columns: description.columns.clone(),
        normaliser: description.normaliser.clone(),
        horizon: recipe.horizon,
        knot_secs: description.step_secs,
        quantity: description.quantity.clone(),
        provenance: Provenance {
            recipe: recipe_json,
            recipe_sha256: recipe.sha256(),
            seed: recipe.training.seed,
            training_steps: checkpoint.step,
            data_sha256: recipe.data_sha256.clone(),
            git_commit: options.git_commit.clone().unwrap_or_else(describe::git_commit),
            libraries: describe::libraries(),
        },
        tolerance: options.tolerance,
        golden,
        licence: options.licence.clone(),
    };
    Ok(builder.build())
}
