//! One policy: its fit, its export, and returns and motion of the exported policy.

use planwright::evaluate::{PolicyDriveSettings, PolicySummary, drive_policy, policy_episodes};
use planwright::model::{Artefact, EngineChoice};
use planwright::world::{LayoutError, MazeWorld};
use planwright_training::dataset::episodes::{EpisodeSettings, RecordedEpisode, drive};
use planwright_training::export::{ExportOptions, export};
use planwright_training::fit::{Checkpoint, FitOptions, fit};
use planwright_training::recipe::{PolicyRecipe, Recipe, content_sha256};
use planwright_training::study::{Bench, Cell, StudyError, resumable};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// One policy of a comparison.
#[derive(Clone, Debug)]
pub struct PolicyCell {
    /// Task.
    pub task: String,
    /// `base`, or what differs from it: `width 32`, `episodes 500`.
    pub variant: String,
    /// Frequencies; `None` for the linear head.
    pub frequencies: Option<usize>,
    /// Seed.
    pub seed: u64,
    /// Data, network, head and fit.
    pub recipe: PolicyRecipe,
    /// Driven episodes per temperature.
    pub evaluated: usize,
    /// Sharpness of the actions.
    pub temperatures: Vec<f64>,
    /// ONNX Runtime's library, where it is not in a usual place; no result depends on it.
    pub library: Option<PathBuf>,
}

/// Result of a policy: the content of its `cell.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyResult {
    /// Task.
    pub task: String,
    /// `base`, or what differs from it: `width 32`, `episodes 500`.
    pub variant: String,
    /// Frequencies; `None` for the linear head.
    pub frequencies: Option<usize>,
    /// Seed.
    pub seed: u64,
    /// SHA-256 of everything that determines it, hex.
    pub plan_sha256: String,
    /// Loss over the last steps.
    pub loss: Option<f64>,
    /// One entry per temperature.
    pub driven: Vec<PolicyDrive>,
    /// The exported file's hash.
    pub model_sha256: String,
}

/// How a policy drives at a temperature: means over its episodes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDrive {
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

/// The return that policies are conditioned on, as part of what determines a result.
const TARGET_RETURN: &str = "upper quartile of the returns above zero";

impl Cell for PolicyCell {
    type Output = PolicyResult;

    fn path(&self) -> String {
        format!("{}/cell", self.recipe.name)
    }

    fn sha256(&self) -> String {
        let temperatures: Vec<u64> = self.temperatures.iter().map(|value| value.to_bits()).collect();
        content_sha256(&(&self.recipe, self.evaluated, temperatures, TARGET_RETURN))
    }

    fn sha256_of(output: &PolicyResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.plan_sha256)
    }

    /// A fit that was cut off continues from its last checkpoint; from one of an older format it starts anew.
    fn run(&self, bench: &Bench<'_>) -> Result<PolicyResult, StudyError> {
        let folder = bench.store.folder().join(&self.recipe.name);
        let resume = resumable(&folder.join("checkpoint.safetensors"))?;
        let options =
            FitOptions { folder: folder.clone(), resume, until: None, device: None, progress: false, initial: None };
        let fitted = fit(&Recipe::MazePolicy(self.recipe.clone()), &options).map_err(StudyError::failed)?;
        let checkpoint = Checkpoint::read(&fitted.checkpoint).map_err(StudyError::input)?;
        let model = folder.join("model.onnx");
        let options = ExportOptions { library: self.library.clone(), ..ExportOptions::to(&model) };
        let exported = export(&checkpoint, &options).map_err(StudyError::failed)?;
        Ok(PolicyResult {
            task: self.task.clone(),
            variant: self.variant.clone(),
            frequencies: self.frequencies,
            seed: self.seed,
            plan_sha256: self.sha256(),
            loss: fitted.loss,
            driven: self.driven(&model)?,
            model_sha256: exported.sha256,
        })
    }
}

impl PolicyCell {
    /// Drives the exported policy at every temperature: the same starts and goals for every head, and not those of the
    /// data.
    fn driven(&self, model: &Path) -> Result<Vec<PolicyDrive>, StudyError> {
        let artefact = Artefact::open(model).map_err(StudyError::input)?;
        let engine = EngineChoice { library: self.library.clone(), ..EngineChoice::default() };
        let world = MazeWorld::new(self.recipe.data.maze().map_err(StudyError::input)?);
        let episodes = policy_episodes(world.layout(), self.evaluated, self.seed.wrapping_add(0xE7A1));
        let [random, controller] = references(&self.recipe.data).map_err(StudyError::input)?;
        let one = |temperature: &f64| {
            let settings = PolicyDriveSettings {
                steps: self.recipe.data.steps,
                temperature: *temperature,
                target_return: None,
                seed: self.seed,
            };
            let driven = drive_policy(&artefact, &engine, &world, &episodes, &settings);
            let summary = PolicySummary::of(&driven.map_err(StudyError::failed)?);
            Ok(PolicyDrive {
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
        self.temperatures.iter().map(one).collect()
    }
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
