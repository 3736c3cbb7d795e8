//! What is compared: tasks, heads, widths, numbers of episodes and seeds, read from TOML.

use super::run::PolicyCell;
use planwright_training::dataset::episodes::EpisodeSettings;
use planwright_training::head::HeadSettings;
use planwright_training::recipe::{PolicyRecipe, PolicySizes, Recipe, TrainingSettings};
use planwright_training::study::StudyError;
use serde::Deserialize;
use std::path::{Path, PathBuf};

pub(super) const QUICK: &str = include_str!("../../recipes/policy-quick.toml");
const REDUCED: &str = include_str!("../../recipes/policy-reduced.toml");

/// The variant that differs in nothing.
pub(super) const BASE: &str = "base";

/// A whole comparison.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySweep {
    /// Name of the size and of the run folder.
    pub name: String,
    /// Where policies are compared.
    pub tasks: Vec<PolicyTask>,
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
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTask {
    /// Name in tables.
    pub name: String,
    /// Controller, maze and number of episodes; the seed is each cell's.
    pub data: EpisodeSettings,
}

impl PolicySweep {
    /// Reads and checks the comparison of a size: `reduced`, `quick` or a TOML file.
    ///
    /// # Errors
    /// The first entry out of its range.
    pub fn of_size(size: &str) -> Result<Self, StudyError> {
        let text = match size {
            "reduced" => REDUCED.to_owned(),
            "quick" => QUICK.to_owned(),
            path => planwright::text::read(path.as_ref())
                .map_err(|source| StudyError::Io { path: PathBuf::from(path), source })?,
        };
        let wrong = |problem: String| StudyError::input(format!("{size}: {problem}"));
        let sweep: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        let none = [
            ("tasks", sweep.tasks.is_empty()),
            ("seeds", sweep.seeds.is_empty()),
            ("frequencies", sweep.frequencies.is_empty()),
            ("usual_frequencies", sweep.usual_frequencies.is_empty()),
            ("temperatures", sweep.temperatures.is_empty()),
            ("evaluated", sweep.evaluated == 0),
        ];
        if let Some((name, _)) = none.iter().find(|(_, none)| *none) {
            return Err(wrong(format!("expected at least one of {name}, got none")));
        }
        if let Some(got) = sweep.temperatures.iter().find(|value| !(**value >= 0.0 && **value <= 100.0)) {
            return Err(wrong(format!("expected temperatures from 0 to 100, got {got}")));
        }
        for PolicyCell { recipe, .. } in sweep.all(None) {
            let name = recipe.name.clone();
            Recipe::MazePolicy(recipe).check().map_err(|problem| wrong(format!("{name}: {problem}")))?;
        }
        Ok(sweep)
    }

    /// All policies; `library` is ONNX Runtime's, where it is not in a usual place.
    pub(super) fn all(&self, library: Option<&Path>) -> Vec<PolicyCell> {
        let mut cells = Vec::new();
        let heads = |frequencies: &[usize]| -> Vec<Option<usize>> {
            std::iter::once(None).chain(frequencies.iter().copied().map(Some)).collect()
        };
        // Seeds outermost: what is done of a study that is not whole compares everything, with fewer seeds.
        for seed in &self.seeds {
            let cell = |task, variant, head| self.cell(task, variant, head, *seed, library);
            for (index, task) in self.tasks.iter().enumerate() {
                // All frequencies on the first task, the usual ones elsewhere.
                let frequencies = if index == 0 { &self.frequencies } else { &self.usual_frequencies };
                cells.extend(heads(frequencies).into_iter().map(|head| cell(task, Variant::Base, head)));
            }
            let Some(first) = self.tasks.first() else { continue };
            for head in heads(&self.usual_frequencies) {
                cells.extend(self.widths.iter().map(|width| cell(first, Variant::Width(*width), head)));
                cells.extend(self.data_sizes.iter().map(|episodes| cell(first, Variant::Episodes(*episodes), head)));
            }
        }
        cells
    }

    fn cell(
        &self,
        task: &PolicyTask,
        variant: Variant,
        frequencies: Option<usize>,
        seed: u64,
        library: Option<&Path>,
    ) -> PolicyCell {
        let (head, kind) = match frequencies {
            Some(frequencies) => (HeadSettings::fourier(self.bins, frequencies), format!("fourier{frequencies}")),
            None => (HeadSettings::Linear { bins: self.bins }, "linear".to_owned()),
        };
        let (mut data, mut network) = (EpisodeSettings { seed, ..task.data.clone() }, self.network);
        let variant = match variant {
            Variant::Base => BASE.to_owned(),
            Variant::Width(width) => {
                network.width = width;
                format!("width {width}")
            }
            Variant::Episodes(episodes) => {
                data.episodes = episodes;
                format!("episodes {episodes}")
            }
        };
        let recipe = PolicyRecipe {
            name: format!("{}-{}-{kind}-s{seed}", task.name, variant.replace(' ', "")),
            data,
            network,
            head,
            action_reach: self.action_reach,
            horizon: task.data.steps,
            training: TrainingSettings { seed, ..self.training.clone() },
            data_sha256: String::new(),
        };
        PolicyCell {
            task: task.name.clone(),
            variant,
            frequencies,
            seed,
            recipe,
            evaluated: self.evaluated,
            temperatures: self.temperatures.clone(),
            library: library.map(Path::to_owned),
        }
    }
}

/// What differs from the comparison's own settings.
#[derive(Clone, Copy)]
enum Variant {
    Base,
    Width(usize),
    Episodes(usize),
}
