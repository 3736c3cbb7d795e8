//! One cell of a comparison: a fit, its export, and how the exported policy drives.

use super::{Plan, PolicyStudy, StudyError, StudyOptions};
use crate::dataset::episodes::{EpisodeSettings, RecordedEpisode, drive};
use crate::export::{ExportOptions, export};
use crate::fit::{Checkpoint, FitError, FitOptions, fit};
use crate::recipe::content_sha256;
use planwright::evaluate::{PolicyDriveSettings, PolicySummary, drive_policy, policy_episodes};
use planwright::model::Artefact;
use planwright::world::{LayoutError, MazeWorld};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// What a cell found, kept in its folder as `cell.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyCell {
    /// Task.
    pub task: String,
    /// `base`, or what differs from it: `width 32`, `episodes 500`.
    pub variant: String,
    /// Frequencies; `None` for the linear head.
    pub frequencies: Option<usize>,
    /// Seed.
    pub seed: u64,
    /// SHA-256 of everything that the cell depends on.
    pub plan_sha256: String,
    /// Loss over the last steps.
    pub loss: Option<f64>,
    /// One entry per temperature.
    pub driven: Vec<StudyDrive>,
    /// The exported file's hash.
    pub model_sha256: String,
}

/// How a policy drives at a temperature: means over its episodes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyDrive {
    /// Sharpness of the actions.
    pub temperature: f64,
    /// Mean return.
    pub return_mean: f64,
    /// 100 (R - random) / (controller - random), both driven with the same settings as the data.
    pub return_normalised: f64,
    /// Share of the episodes that reached their goal.
    pub reach_rate: f64,
    /// Share of the episodes with wall contact.
    pub wall_share: f64,
    /// Root mean square jerk, m/s^3.
    pub jerk_mps3: f64,
    /// Root mean square change between two actions.
    pub action_change: f64,
    /// Mean smoothness of the actions' distributions.
    pub pmf_smoothness: f64,
}

/// What policies are asked for, as part of what a cell depends on.
const ASKED: &str = "upper quartile of the returns above zero";

/// The cell of a plan: read where it is done, else made, unless only what is done is wanted.
///
/// # Errors
/// See [`StudyError`].
pub(super) fn run(
    study: &PolicyStudy,
    plan: &Plan<'_>,
    options: &StudyOptions,
) -> Result<Option<StudyCell>, StudyError> {
    let folder = options.folder.join(&plan.recipe.name);
    let path = folder.join("cell.json");
    let temperatures: Vec<u64> = study.temperatures.iter().map(|value| value.to_bits()).collect();
    let expected = content_sha256(&(&plan.recipe, study.evaluated, temperatures, ASKED));
    if path.exists() {
        let cell = read(&path)?;
        if cell.plan_sha256 != expected {
            return Err(StudyError::OtherPlan { folder, expected, got: cell.plan_sha256 });
        }
        return Ok(Some(cell));
    }
    if options.done_only {
        return Ok(None);
    }
    let fit_options = FitOptions {
        folder: folder.clone(),
        resume: folder.join("checkpoint.safetensors").exists(),
        until: None,
        device: None,
        progress: false,
        initial: None,
    };
    let fitted = fit(&plan.recipe(), &fit_options)?;
    let checkpoint = Checkpoint::read(&fitted.checkpoint)?;
    let model = folder.join("model.onnx");
    let export_options = ExportOptions { library: options.engine.library.clone(), ..ExportOptions::to(&model) };
    let exported = export(&checkpoint, &export_options)?;
    let cell = StudyCell {
        task: plan.task.name.clone(),
        variant: plan.variant.clone(),
        frequencies: plan.frequencies,
        seed: plan.seed,
        plan_sha256: expected,
        loss: fitted.loss,
        driven: driven(study, plan, options, &model)?,
        model_sha256: exported.sha256,
    };
    write(&path, &cell)?;
    Ok(Some(cell))
}

/// Drives the exported policy at every temperature: the same starts and goals for every head, and not those of the data.
fn driven(
    study: &PolicyStudy,
    plan: &Plan<'_>,
    options: &StudyOptions,
    model: &Path,
) -> Result<Vec<StudyDrive>, StudyError> {
    let artefact = Artefact::open(model)?;
    let world = MazeWorld::new(plan.recipe.data.maze().map_err(FitError::from)?);
    let episodes = policy_episodes(world.layout(), study.evaluated, plan.seed.wrapping_add(0xE7A1));
    let [random, controller] = references(&plan.recipe.data).map_err(FitError::from)?;
    let one = |temperature: &f64| {
        let settings = PolicyDriveSettings {
            steps: plan.recipe.data.steps,
            temperature: *temperature,
            target_return: None,
            seed: plan.seed,
        };
        let summary = PolicySummary::of(&drive_policy(&artefact, &options.engine, &world, &episodes, &settings)?);
        Ok(StudyDrive {
            temperature: *temperature,
            return_mean: summary.return_mean,
            return_normalised: 100.0 * (summary.return_mean - random) / (controller - random),
            reach_rate: summary.reach_rate,
            wall_share: summary.wall_episodes as f64 / episodes.len().max(1) as f64,
            jerk_mps3: summary.jerk_mps3,
            action_change: summary.action_change,
            pmf_smoothness: summary.pmf_smoothness,
        })
    };
    study.temperatures.iter().map(one).collect()
}

fn read(path: &Path) -> Result<StudyCell, StudyError> {
    let problem = |problem: String| StudyError::Cell { path: path.to_owned(), problem };
    let bytes = std::fs::read(path).map_err(|error| problem(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| problem(error.to_string()))
}

fn write(path: &Path, cell: &StudyCell) -> Result<(), StudyError> {
    let problem = |problem: String| StudyError::Cell { path: path.to_owned(), problem };
    let json = serde_json::to_vec_pretty(cell).map_err(|error| problem(error.to_string()))?;
    planwright::files::write_atomically(path, |file| file.write_all(&json)).map_err(|error| problem(error.to_string()))
}

/// Mean returns of random motions and of the controller without noise.
fn references(data: &EpisodeSettings) -> Result<[f64; 2], LayoutError> {
    let mean = |settings: EpisodeSettings| -> Result<f64, LayoutError> {
        let episodes = drive(&settings)?;
        Ok(episodes.iter().map(RecordedEpisode::total_return).sum::<f64>() / episodes.len().max(1) as f64)
    };
    let with = |waypoint_share| EpisodeSettings { waypoint_share, noise: 0.0, episodes: 500, ..data.clone() };
    Ok([mean(with(0.0))?, mean(with(1.0))?])
}
