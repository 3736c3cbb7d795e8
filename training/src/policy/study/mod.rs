//! Linear against Fourier: the same network, data, seeds and steps, one head against the other.
//!
//! Every cell (task, variant, head, seed) is a fit with a folder of its own: what is done is not done again.

mod cell;
mod error;
mod report;
mod table;

pub use crate::statistics::Interval;
pub use cell::{StudyCell, StudyDrive};
pub use error::StudyError;
pub use report::section;
pub use table::{Against, StudyRow, StudyTable};

use crate::dataset::episodes::EpisodeSettings;
use crate::head::HeadSettings;
use crate::recipe::{PolicyRecipe, PolicySizes, Recipe, TrainingSettings};
use indicatif::{ProgressBar, ProgressStyle};
use planwright::model::EngineChoice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    /// The frequencies that stand for the Fourier head where tasks, widths and numbers of episodes are compared.
    pub usual_frequencies: Vec<usize>,
    /// Other widths that are compared on the first task.
    #[serde(default)]
    pub widths: Vec<usize>,
    /// Other numbers of episodes that are compared on the first task.
    #[serde(default)]
    pub data_sizes: Vec<usize>,
    /// The fit; its seed is each cell's.
    pub training: TrainingSettings,
    /// Driven episodes per cell and temperature.
    pub evaluated: usize,
    /// Sharpness of the actions: 1 draws from the density as learnt, 0 takes its mode.
    pub temperatures: Vec<f64>,
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
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let wrong = |problem: String| StudyError::File { path: path.to_owned(), problem };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let study: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        let none = [
            ("tasks", study.tasks.is_empty()),
            ("seeds", study.seeds.is_empty()),
            ("frequencies", study.frequencies.is_empty()),
            ("usual_frequencies", study.usual_frequencies.is_empty()),
            ("temperatures", study.temperatures.is_empty()),
            ("evaluated", study.evaluated == 0),
        ];
        if let Some((name, _)) = none.iter().find(|(_, none)| *none) {
            return Err(wrong(format!("expected at least one of {name}, got none")));
        }
        if let Some(got) = study.temperatures.iter().find(|value| !(**value >= 0.0 && **value <= 100.0)) {
            return Err(wrong(format!("expected temperatures from 0 to 100, got {got}")));
        }
        for plan in study.plans() {
            plan.recipe().check().map_err(|problem| wrong(format!("{}: {problem}", plan.recipe.name)))?;
        }
        Ok(study)
    }

    fn plans(&self) -> Vec<Plan<'_>> {
        let mut plans = Vec::new();
        let heads = |frequencies: &[usize]| {
            let fourier = frequencies.iter().copied().map(Some).collect::<Vec<_>>();
            std::iter::once(None).chain(fourier).collect::<Vec<Option<usize>>>()
        };
        // Seeds outermost: what is done of a study that is not whole compares everything, with fewer seeds.
        for seed in &self.seeds {
            for (index, task) in self.tasks.iter().enumerate() {
                // All frequencies on the first task, the usual ones elsewhere.
                let frequencies = if index == 0 { &self.frequencies } else { &self.usual_frequencies };
                for head in heads(frequencies) {
                    plans.push(self.plan(task, BASE.to_owned(), head, *seed, |_| ()));
                }
            }
            let Some(first) = self.tasks.first() else { continue };
            for head in heads(&self.usual_frequencies) {
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
            Some(frequencies) => HeadSettings::fourier(self.bins, frequencies),
            None => HeadSettings::Linear { bins: self.bins },
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
        let plans = self.plans();
        let bar = if options.progress { ProgressBar::new(plans.len() as u64) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} policies  {eta} left  {msg}") {
            bar.set_style(style);
        }
        let mut cells = Vec::new();
        for plan in plans {
            bar.set_message(plan.recipe.name.clone());
            cells.extend(cell::run(self, &plan, options)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(cells)
    }
}

/// The variant that differs in nothing.
pub(super) const BASE: &str = "base";

struct Plan<'a> {
    task: &'a StudyTask,
    variant: String,
    frequencies: Option<usize>,
    seed: u64,
    recipe: PolicyRecipe,
}

impl Plan<'_> {
    /// The recipe as one of the family's.
    fn recipe(&self) -> Recipe {
        Recipe::MazePolicy(self.recipe.clone())
    }
}
