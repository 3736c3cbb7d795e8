//! How large a drift study is: systems, seeds, networks, steps. One TOML file per size.

use super::report::Method;
use super::system::{SystemName, SystemSettings};
use planwright::diffusion::ScheduleKind;
use planwright::model::Prediction;
use planwright_training::network::{ConditionSpec, NetworkSpec};
use planwright_training::recipe::{DeviceName, OptimiserSettings, SequenceDiffusion, SequenceRecipe, TrainingSettings};
use planwright_training::study::StudyError;
use planwright_training::study::settings::require;
use planwright_training::transform::TransformSettings;
use planwright_training::transform::deviation::KernelSettings;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A whole study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftRecipe {
    /// Name of the size and of the run folder.
    pub name: String,
    /// What all fits have in common.
    pub fit: FitPlan,
    /// The deviation kernel.
    pub kernel: KernelPlan,
    /// The coordinate transform.
    pub transform: TransformSettings,
    /// What is studied, one entry per system.
    pub systems: Vec<SystemPlan>,
    /// The ablations, if any.
    #[serde(default)]
    pub ablations: Option<AblationPlan>,
}

/// Optimiser and batches of all fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitPlan {
    /// Rows per optimiser step.
    pub batch: usize,
    /// AdamW and its schedule.
    pub optimiser: OptimiserSettings,
    /// Decay per step of the average that is exported.
    pub average_decay: f64,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Constant channels by which a condition enters beside FiLM.
    pub condition_channels: usize,
    /// Share of rows whose condition is left out.
    pub condition_drop: f64,
    /// Weight of classifier-free guidance.
    pub guidance: f32,
}

/// Size of a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelPlan {
    /// Data trajectories that a prediction starts from.
    pub trajectories: usize,
    /// Deviations of each.
    pub draws: u32,
}

/// One system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemPlan {
    /// Which system, with its constants.
    pub system: SystemSettings,
    /// Training seeds.
    pub seeds: Vec<u64>,
    /// Trajectories in the data.
    pub data: usize,
    /// Samples drawn from each model.
    pub generated: usize,
    /// Channels of the U-Net's finest level.
    pub base_channels: usize,
    /// Channels per level as multiples of the base.
    pub multipliers: Vec<usize>,
    /// Kernel width of its blocks.
    #[serde(default = "five")]
    pub kernel: usize,
    /// Diffusion steps T.
    pub diffusion_steps: usize,
    /// What the network says.
    #[serde(default = "noise")]
    pub prediction: Prediction,
    /// Optimiser steps by method.
    pub steps: MethodSteps,
    /// Epsilon of the inverse reweighting, as a share of an even bin's mass (eq. 20).
    pub reweight_epsilon: f64,
}

fn five() -> usize {
    5
}

fn noise() -> Prediction {
    Prediction::Noise
}

/// Optimiser steps of each method's fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodSteps {
    /// Nothing done against drift.
    pub baseline: u64,
    /// Inverse reweighting; these go on from the baseline's parameters.
    pub reweight: u64,
    /// Conditional modelling.
    pub conditional: u64,
    /// Coordinate transform.
    pub transform: u64,
}

impl MethodSteps {
    /// Of one method.
    pub fn of(&self, method: Method) -> u64 {
        match method {
            Method::Baseline => self.baseline,
            Method::Reweight => self.reweight,
            Method::Conditional => self.conditional,
            Method::Transform => self.transform,
            Method::TransformOneStep => 1,
            Method::TransformNoNetwork => 0,
        }
    }
}

/// Table F.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AblationPlan {
    /// Training seed.
    pub seed: u64,
    /// Optimiser steps of the generators that are no U-Net.
    pub other_steps: u64,
    /// Rows per step of those.
    pub other_batch: usize,
    /// Their learning rate.
    pub other_learning_rate: f64,
    /// Optimiser steps of the U-Net ablations.
    pub steps: u64,
    /// Samples drawn from each generator.
    pub generated: usize,
}

impl DriftRecipe {
    /// The size of this name in `training/recipes`, or in this file.
    ///
    /// # Errors
    /// If it cannot be read, or the first entry that is wrong.
    pub fn of_size(size: &str) -> Result<Self, StudyError> {
        let named = Path::new("training/recipes").join(format!("drift-{size}.toml"));
        let path = match size.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            true => planwright::files::find(&named).unwrap_or(named),
            false => PathBuf::from(size),
        };
        Self::read(&path).map_err(|problem| {
            let hint = "the sizes lie in training/recipes/drift-*.toml";
            StudyError::Input(format!("{}: {problem}\nhint: {hint}", path.display()).into())
        })
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = planwright::text::read(path).map_err(|error| error.to_string())?;
        let recipe: Self = toml::from_str(&text).map_err(|error| error.to_string().trim().to_owned())?;
        recipe.check().map_err(|error| error.to_string())?;
        Ok(recipe)
    }

    fn check(&self) -> Result<(), StudyError> {
        let Self { name, kernel, transform, .. } = self;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_plain = !name.is_empty() && name.chars().all(plain);
        require(is_plain, "a name", "of letters, digits, '-' and '_'", format!("'{name}'"))?;
        let least = kernel.trajectories.min(kernel.draws as usize).min(transform.draws);
        require(least > 0, "at least one trajectory", "and one draw", least)?;
        let got = format!("{} codes for {} neighbours", transform.support, transform.neighbours);
        let is_enough = transform.neighbours > 0 && transform.support >= transform.neighbours;
        require(is_enough, "at least as many codes as neighbours,", "and one neighbour", got)?;
        let drop = self.fit.condition_drop;
        require((0.0..1.0).contains(&drop), "condition_drop", "in [0, 1)", drop)?;
        let generated = self.ablations.as_ref().map_or(1, |plan| plan.generated);
        require(generated > 0, "ablations: generated", "above 0", generated)?;
        for plan in &self.systems {
            let name = format!("{}:", plan.system.name.as_str());
            let is_none = plan.seeds.is_empty() || plan.data == 0 || plan.generated == 0;
            require(!is_none, &name, "seeds, data and generated above 0", "none")?;
            let support = format!("data for a support of {}", transform.support);
            require(plan.data >= transform.support, &name, support, plan.data)?;
            let recipe = self.fit_recipe(plan, Method::Conditional, 0, 1);
            recipe.network.check().map_err(|error| StudyError::setting(&name, "a network", error))?;
            recipe.training.check().map_err(|error| StudyError::setting(&name, error.field, error.problem))?;
            let (horizon, multiple) = (plan.system.horizon, recipe.network.time_multiple());
            let expected = format!("a horizon that is a multiple of {multiple}");
            require(horizon.is_multiple_of(multiple), &name, expected, horizon)?;
        }
        Ok(())
    }

    /// The plan of a system.
    pub fn plan(&self, system: SystemName) -> Option<&SystemPlan> {
        self.systems.iter().find(|plan| plan.system.name == system)
    }

    /// The fit of one method. `columns` is what a row has.
    pub fn fit_recipe(&self, plan: &SystemPlan, method: Method, seed: u64, columns: usize) -> SequenceRecipe {
        let condition = (method == Method::Conditional)
            .then_some(ConditionSpec { width: plan.base_channels, channels: self.fit.condition_channels });
        let steps = plan.steps.of(method);
        SequenceRecipe {
            name: format!("{}-{}-{}-{seed}", self.name, plan.system.name.as_str(), method.name()),
            horizon: plan.system.horizon,
            network: NetworkSpec {
                columns,
                base_channels: plan.base_channels,
                multipliers: plan.multipliers.clone(),
                kernel: plan.kernel,
                groups: 8,
                condition,
            },
            diffusion: SequenceDiffusion {
                schedule: ScheduleKind::Cosine,
                steps: plan.diffusion_steps,
                prediction: plan.prediction,
            },
            endpoints_fixed: false,
            condition_drop: if condition.is_some() { self.fit.condition_drop } else { 0.0 },
            training: TrainingSettings {
                steps,
                batch: self.fit.batch,
                seed,
                device: DeviceName::Cpu,
                checkpoint_every: self.fit.checkpoint_every,
                optimiser: self.fit.optimiser.clone(),
                average_decay: self.fit.average_decay,
                starts_from: None,
            },
            starts_from: None,
            data_sha256: String::new(),
        }
    }

    /// The kernel for a plan's networks; its scale is still 0.
    pub fn kernel_settings(&self, plan: &SystemPlan, seed: u64) -> KernelSettings {
        KernelSettings { kernel_size: plan.kernel as f64, seed, ..KernelSettings::default() }
    }
}
