//! Linear against Fourier: the same network, data, seeds and steps, one head against the other.
//!
//! Every cell (task, variant, head, seed) is a fit with a folder of its own: what is done is not done again.

use super::fit::{PolicyError, fit_policy};
use super::recipe::{PolicyRecipe, PolicySizes};
use super::{PolicyRecipeError, export_policy};
use crate::dataset::episodes::{EpisodeSettings, RecordedEpisode, drive};
use crate::export::ExportOptions;
use crate::fit::{Checkpoint, FitOptions, TrainingSettings, content_sha256};
use crate::fourier::HeadSpec;
use planwright::evaluate::{PolicyDriveSettings, PolicySummary, drive_policy, policy_episodes};
use planwright::model::{Artefact, EngineChoice};
use planwright::world::MazeWorld;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyStudy {
    /// Name of the size and of the run folder.
    pub name: String,
    /// Where policies are compared.
    pub tasks: Vec<StudyTask>,
    /// Bins of every head.
    pub bins: usize,
    /// How far the bins reach, see [`PolicyRecipe::action_reach`].
    pub action_reach: f64,
    /// Frequencies of the Fourier heads.
    pub frequencies: Vec<usize>,
    /// Fit and data seeds.
    pub seeds: Vec<u64>,
    /// The network.
    pub network: PolicySizes,
    /// Other widths that are compared on the first task, with the first of the frequencies.
    #[serde(default)]
    pub widths: Vec<usize>,
    /// Other numbers of episodes that are compared on the first task, with the first of the frequencies.
    #[serde(default)]
    pub data_sizes: Vec<usize>,
    /// The fit; its seed is each cell's.
    pub training: TrainingSettings,
    /// Driven episodes per cell.
    pub evaluated: usize,
    /// Sharpness of the actions: 1 is the density as learnt.
    pub temperature: f64,
}

/// One maze with its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyTask {
    /// Name in tables.
    pub name: String,
    /// Who drives; the seed is each cell's.
    pub data: EpisodeSettings,
}

/// What a cell found, kept in its folder as `cell.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Mean return of the driven episodes.
    pub return_mean: f64,
    /// 100 (R - random) / (controller - random), both measured on the same data settings.
    pub return_normalised: f64,
    /// Share of the episodes that reached their goal.
    pub reach_rate: f64,
    /// Episodes with wall contact.
    pub wall_episodes: usize,
    /// Root mean square jerk, m/s^3.
    pub jerk_mps3: f64,
    /// Root mean square change between two actions.
    pub action_change: f64,
    /// Mean smoothness of the actions' distributions.
    pub pmf_smoothness: f64,
    /// The exported file's hash.
    pub model_sha256: String,
}

/// Why a study stops.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The study's file.
    #[error(transparent)]
    Recipe(#[from] PolicyRecipeError),
    /// A cell's fit or export.
    #[error(transparent)]
    Policy(Box<PolicyError>),
    /// Driving an exported policy.
    #[error(transparent)]
    Drive(#[from] planwright::evaluate::PolicyDriveError),
    /// Opening an exported policy.
    #[error(transparent)]
    Model(#[from] planwright::model::ModelError),
    /// A cell of another study.
    #[error(
        "{folder}: expected a cell of this study ({expected:.12}), got one of another ({got:.12})\nhint: give another folder with --out, or remove this one"
    )]
    OtherPlan {
        /// The cell's folder.
        folder: PathBuf,
        /// Hash of the plan.
        expected: String,
        /// Hash found.
        got: String,
    },
    /// A file of a cell.
    #[error("{path}: {problem}")]
    Cell {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl From<PolicyError> for StudyError {
    fn from(error: PolicyError) -> Self {
        Self::Policy(Box::new(error))
    }
}

/// Where and how cells run.
#[derive(Clone, Debug)]
pub struct StudyOptions {
    /// The study's folder.
    pub folder: PathBuf,
    /// The engine that drives.
    pub engine: EngineChoice,
    /// Show progress on stderr.
    pub progress: bool,
    /// Show only what is done.
    pub done_only: bool,
}

impl PolicyStudy {
    /// Reads and checks a study.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(path: &Path) -> Result<Self, PolicyRecipeError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| PolicyRecipeError::Io { path: path.to_owned(), source })?;
        let wrong = |problem: String| PolicyRecipeError::Value { path: path.to_owned(), problem };
        let study: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        if study.tasks.is_empty() || study.seeds.is_empty() || study.frequencies.is_empty() || study.evaluated == 0 {
            return Err(wrong("expected tasks, seeds, frequencies and evaluated episodes, got none".to_owned()));
        }
        for plan in study.plans() {
            plan.recipe.check().map_err(|problem| wrong(format!("{}: {problem}", plan.recipe.name)))?;
        }
        Ok(study)
    }

    fn plans(&self) -> Vec<Plan<'_>> {
        let mut plans = Vec::new();
        let heads = |frequencies: &[usize]| {
            let fourier = frequencies.iter().copied().map(Some).collect::<Vec<_>>();
            std::iter::once(None).chain(fourier).collect::<Vec<Option<usize>>>()
        };
        for seed in &self.seeds {
            for task in &self.tasks {
                for head in heads(&self.frequencies) {
                    plans.push(self.plan(task, "base".to_owned(), head, *seed, |_| ()));
                }
            }
            let Some(first) = self.tasks.first() else { continue };
            for head in heads(&self.frequencies[..1.min(self.frequencies.len())]) {
                for width in &self.widths {
                    let change = |recipe: &mut PolicyRecipe| recipe.network.width = *width;
                    plans.push(self.plan(first, format!("width {width}"), head, *seed, change));
                }
                for episodes in &self.data_sizes {
                    let change = |recipe: &mut PolicyRecipe| recipe.data.episodes = *episodes;
                    plans.push(self.plan(first, format!("episodes {episodes}"), head, *seed, change));
                }
            }
        }
        plans
    }

    fn plan<'a>(
        &self,
        task: &'a StudyTask,
        variant: String,
        frequencies: Option<usize>,
        seed: u64,
        change: impl FnOnce(&mut PolicyRecipe),
    ) -> Plan<'a> {
        let head = match frequencies {
            Some(frequencies) => HeadSpec::fourier(self.bins, frequencies),
            None => HeadSpec::Linear { bins: self.bins },
        };
        let kind = frequencies.map_or("linear".to_owned(), |frequencies| format!("fourier{frequencies}"));
        let mut recipe = PolicyRecipe {
            name: format!("{}-{}-{kind}-s{seed}", task.name, variant.replace(' ', "")),
            data: EpisodeSettings { seed, ..task.data.clone() },
            network: self.network,
            head,
            action_reach: self.action_reach,
            horizon: task.data.steps,
            training: TrainingSettings { seed, ..self.training.clone() },
            data_sha256: String::new(),
        };
        change(&mut recipe);
        Plan { task, variant, frequencies, seed, recipe }
    }

    /// Runs all cells that are not done, and returns all that are.
    ///
    /// # Errors
    /// See [`StudyError`]; what is on disk stays whole.
    pub fn run(&self, options: &StudyOptions) -> Result<Vec<StudyCell>, StudyError> {
        let mut cells = Vec::new();
        for plan in self.plans() {
            if let Some(cell) = self.cell(&plan, options)? {
                cells.push(cell);
            }
        }
        Ok(cells)
    }

    fn cell(&self, plan: &Plan<'_>, options: &StudyOptions) -> Result<Option<StudyCell>, StudyError> {
        let folder = options.folder.join(&plan.recipe.name);
        let path = folder.join("cell.json");
        let expected = content_sha256(&(&plan.recipe, self.evaluated, self.temperature.to_bits()));
        let cell_error = |problem: String| StudyError::Cell { path: path.clone(), problem };
        if path.exists() {
            let bytes = std::fs::read(&path).map_err(|error| cell_error(error.to_string()))?;
            let cell: StudyCell = serde_json::from_slice(&bytes).map_err(|error| cell_error(error.to_string()))?;
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
            progress: options.progress,
            initial: None,
        };
        let (fitted, episodes) = fit_policy(&plan.recipe, &fit_options)?;
        let checkpoint: Checkpoint<PolicyRecipe> = Checkpoint::read(&fitted.checkpoint).map_err(PolicyError::from)?;
        let model = folder.join("model.onnx");
        let export_options =
            ExportOptions { library: options.engine.library.clone(), tolerance: 1e-4, ..ExportOptions::to(&model) };
        let exported = export_policy(&checkpoint, &episodes, &export_options)?;
        let world = MazeWorld::new(plan.recipe.data.maze().map_err(PolicyError::from)?);
        // The same starts and goals for every head, and not those of the data.
        let evaluated = policy_episodes(world.layout(), self.evaluated, plan.seed.wrapping_add(0xE7A1));
        let settings = PolicyDriveSettings {
            steps: plan.recipe.data.steps,
            temperature: self.temperature,
            target_return: None,
            seed: plan.seed,
        };
        let driven = drive_policy(&Artefact::open(&model)?, &options.engine, &world, &evaluated, &settings)?;
        let summary = PolicySummary::of(&driven);
        let [random, controller] = references(&plan.recipe.data).map_err(PolicyError::from)?;
        let cell = StudyCell {
            task: plan.task.name.clone(),
            variant: plan.variant.clone(),
            frequencies: plan.frequencies,
            seed: plan.seed,
            plan_sha256: expected,
            loss: fitted.loss,
            return_mean: summary.return_mean,
            return_normalised: 100.0 * (summary.return_mean - random) / (controller - random),
            reach_rate: summary.reach_rate,
            wall_episodes: summary.wall_episodes,
            jerk_mps3: summary.jerk_mps3,
            action_change: summary.action_change,
            pmf_smoothness: summary.pmf_smoothness,
            model_sha256: exported.sha256,
        };
        let json = serde_json::to_vec_pretty(&cell).map_err(|error| cell_error(error.to_string()))?;
        planwright::files::write_atomically(&path, |file| file.write_all(&json))
            .map_err(|error| cell_error(error.to_string()))?;
        Ok(Some(cell))
    }
}

struct Plan<'a> {
    task: &'a StudyTask,
    variant: String,
    frequencies: Option<usize>,
    seed: u64,
    recipe: PolicyRecipe,
}

/// Mean returns of random motions and of the controller without noise.
fn references(data: &EpisodeSettings) -> Result<[f64; 2], planwright::world::LayoutError> {
    let mean = |settings: EpisodeSettings| -> Result<f64, planwright::world::LayoutError> {
        let episodes = drive(&settings)?;
        Ok(episodes.iter().map(RecordedEpisode::total_return).sum::<f64>() / episodes.len().max(1) as f64)
    };
    let with = |waypoint_share| EpisodeSettings { waypoint_share, noise: 0.0, episodes: 500, ..data.clone() };
    Ok([mean(with(0.0))?, mean(with(1.0))?])
}
