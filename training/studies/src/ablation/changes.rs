//! The hypotheses of table F: what each changes of the baseline, in the paper's order.

use super::generators::{GeneratorSpec, MlpDenoiserSpec, TransformerSpec, VaeSpec};
use crate::drift::system::{Draw, RecoverySettings, Summary, SystemName};
use crate::drift::{AblationPlan, DriftRecipe, MethodSteps, SystemPlan};
use planwright::diffusion::{SamplerSettings, Solver};
use planwright::model::Prediction;
use planwright::quantity::Discrepancy;
use planwright_training::study::StudyError;

/// What is changed.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Another recovery rule on the baseline's samples and data.
    Recovery(RecoverySettings),
    /// Another system (range, horizon, draw) or another U-Net.
    Plan(Box<SystemPlan>),
    /// Fewer steps of a deterministic sampler on the baseline's model.
    Sampler(SamplerSettings),
    /// Another generator.
    Generator(GeneratorSpec),
    /// The same with another seed.
    Seed(u64),
    /// The drift study's own baseline, which is fitted for longer.
    Study,
}

/// A hypothesis with its change.
#[derive(Clone, Debug)]
pub(super) struct Ablation {
    pub(super) hypothesis: String,
    pub(super) experiment: String,
    pub(super) change: Change,
}

/// The tent map at the ablations' size.
#[derive(Clone, Debug)]
pub(super) struct Tent {
    pub(super) sizes: AblationPlan,
    /// The drift study's own tent map, fitted for longer.
    pub(super) longer: SystemPlan,
}

impl Tent {
    pub(super) fn of(recipe: &DriftRecipe) -> Result<Self, StudyError> {
        match (&recipe.ablations, recipe.plan(SystemName::Tent)) {
            (Some(sizes), Some(longer)) => Ok(Self { sizes: sizes.clone(), longer: longer.clone() }),
            _ => Err(StudyError::setting("a size", "with a section [ablations] and the tent map", &recipe.name)),
        }
    }

    /// What every ablation changes one thing of.
    pub(super) fn baseline(&self) -> SystemPlan {
        let steps = MethodSteps { baseline: self.sizes.steps, ..self.longer.steps };
        SystemPlan { steps, generated: self.sizes.generated, ..self.longer.clone() }
    }

    /// All ablations; the first is the baseline H0.
    pub(super) fn ablations(&self) -> Vec<Ablation> {
        let plan = &self.baseline();
        let mut table = Vec::new();
        let mut add = |hypothesis: &str, experiment: &str, change: Change| {
            table.push(Ablation { hypothesis: hypothesis.to_owned(), experiment: experiment.to_owned(), change });
        };
        let changed = |change: &dyn Fn(&mut SystemPlan)| {
            let mut other = plan.clone();
            change(&mut other);
            Change::Plan(Box::new(other))
        };
        let own = plan.system.recovery.clone().unwrap_or_default();
        let [low, high] = plan.system.range;
        let middle = 0.5 * (low + high);
        add("H0", "baseline", changed(&|_| ()));
        add("H1a", "posterior mean", Change::Recovery(RecoverySettings { summary: Summary::Mean, ..own.clone() }));
        let distance = RecoverySettings { discrepancy: Discrepancy::Absolute, ..own };
        add("H1b", "absolute distance", Change::Recovery(distance.clone()));
        let both = RecoverySettings { summary: Summary::Mean, ..distance };
        add("H1c", "posterior mean, absolute distance", Change::Recovery(both));
        // The data of this study are stratified; the paper's H2a is its baseline and the other way round.
        add("H2a", "quantity drawn independently", changed(&|plan| plan.system.draw = Draw::Independent));
        add("H3a", "half the steps", changed(&|plan| plan.steps.baseline /= 2));
        add("H3b", &format!("{} steps instead of {}", self.longer.steps.baseline, plan.steps.baseline), Change::Study);
        for (number, seed) in plan.seeds.iter().filter(|seed| **seed != self.sizes.seed).enumerate() {
            add(&format!("H3c-{}", number + 1), "another seed", Change::Seed(*seed));
        }
        add("H4a", "wider denoiser", changed(&|plan| plan.base_channels += 8));
        add("H5a", "larger kernel", changed(&|plan| plan.kernel += 4));
        add(
            "H5b",
            "MLP denoiser",
            Change::Generator(GeneratorSpec::MlpDenoiser(MlpDenoiserSpec {
                diffusion_steps: plan.diffusion_steps,
                ..MlpDenoiserSpec::default()
            })),
        );
        let ddim = SamplerSettings { solver: Solver::Ddim, steps: (plan.diffusion_steps / 5).max(1) };
        add("H6a", "fewer DDIM steps", Change::Sampler(ddim));
        add("H7a", "clean-sample prediction", changed(&|plan| plan.prediction = Prediction::CleanSample));
        add("H8a", "half the horizon", changed(&|plan| plan.system.horizon /= 2));
        add("H8b", "twice the horizon", changed(&|plan| plan.system.horizon *= 2));
        let transformer = TransformerSpec::default();
        add("H9a", "autoregressive Transformer", Change::Generator(GeneratorSpec::Transformer(transformer)));
        // Mean squared error and the KL term with equal weight.
        let deviation = (0.5 * plan.system.horizon as f64).sqrt();
        add("H9b", "VAE", Change::Generator(GeneratorSpec::Vae(VaeSpec { deviation, ..VaeSpec::default() })));
        add("H10a", "lower interval", changed(&|plan| plan.system.range = [low, middle]));
        add("H10b", "higher interval", changed(&|plan| plan.system.range = [middle, high]));
        table
    }
}
