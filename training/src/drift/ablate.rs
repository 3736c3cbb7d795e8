//! Table F: one thing is changed at a time, and the drift is measured again.

use super::measure::{admissible, marginal, prior};
use super::prepare::plain;
use super::recipe::{AblationPlan, DriftRecipe, MethodSteps, SystemPlan};
use super::report::{AblationRow, Method, published};
use super::samples::{BATCH, read_samples};
use super::system::{Draw, RecoverySettings, Summary, SystemName, SystemSettings};
use super::unit::{Unit, measure_fit, unit_folder};
use super::{DriftError, UnitOptions, run_unit};
use crate::ablation::{AblationSettings, GeneratorSpec, MlpDenoiserSpec, TransformerSpec, VaeSpec};
use crate::dataset::Trajectories;
use crate::recipe::content_sha256;
use crate::transform::System;
use planwright::diffusion::{SamplerSettings, Solver};
use planwright::model::{Artefact, Prediction};
use planwright::planner::{SequenceGenerator, SequenceRequest};
use planwright::quantity::Discrepancy;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Which ablations to run.
#[derive(Clone, Debug, Default)]
pub struct AblationOptions {
    /// Only these hypotheses; all if empty.
    pub only: Vec<String>,
    /// Show only what is done already.
    pub done_only: bool,
}

/// What is changed.
enum Change {
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
    /// The study's own baseline, which is fitted for longer.
    Study,
}

struct Ablation {
    hypothesis: String,
    experiment: String,
    change: Change,
}

/// What an ablation found, kept in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Found {
    /// SHA-256 of everything in the study's recipe that it depends on.
    plan_sha256: String,
    tv_data: f64,
    tv_model: f64,
}

/// Runs the ablations, all on the tent map, and returns their rows in the paper's order.
///
/// # Errors
/// If the recipe has no ablations or no tent map, a fit fails, or what lies in the study's folder is of another recipe.
pub fn ablations(
    recipe: &DriftRecipe,
    options: &UnitOptions,
    wanted: &AblationOptions,
) -> Result<Vec<AblationRow>, DriftError> {
    let study = Study::of(recipe, options)?;
    let mut rows = Vec::new();
    for ablation in study.table() {
        let asked = wanted.only.is_empty()
            || wanted.only.iter().any(|name| ablation.hypothesis.eq_ignore_ascii_case(name.trim()));
        if !asked || (wanted.done_only && !study.path(&ablation).exists()) {
            continue;
        }
        let found = study.found(&ablation)?;
        let seed = if let Change::Seed(seed) = ablation.change { seed } else { study.sizes.seed };
        let name = ablation.hypothesis.split('-').next().unwrap_or_default();
        let published = published::ablation(name);
        rows.push(AblationRow {
            hypothesis: name.to_owned(),
            experiment: ablation.experiment,
            tv_data: Some(found.tv_data),
            tv_model: Some(found.tv_model),
            published_data: published.map(|row| row.data),
            published_model: published.and_then(|row| row.model),
            seed,
            command: format!("planwright-train drift ablate --only {} --size {}", ablation.hypothesis, recipe.name),
        });
    }
    Ok(rows)
}

/// The tent map at the ablations' size.
struct Study<'a> {
    recipe: &'a DriftRecipe,
    options: &'a UnitOptions,
    sizes: &'a AblationPlan,
    /// What every ablation changes one thing of.
    plan: SystemPlan,
    /// The study's own tent map, fitted for longer.
    longer: &'a SystemPlan,
}

impl<'a> Study<'a> {
    fn of(recipe: &'a DriftRecipe, options: &'a UnitOptions) -> Result<Self, DriftError> {
        let (Some(sizes), Some(longer)) = (&recipe.ablations, recipe.plan(SystemName::Tent)) else {
            return Err(DriftError::NotPlanned {
                known: "those of the recipe".to_owned(),
                got: "ablations, which need an [ablations] section and the tent map".to_owned(),
            });
        };
        let steps = MethodSteps { baseline: sizes.steps, ..longer.steps };
        let plan = SystemPlan { steps, generated: sizes.generated, ..longer.clone() };
        Ok(Self { recipe, options, sizes, plan, longer })
    }

    fn table(&self) -> Vec<Ablation> {
        let plan = &self.plan;
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

    fn folder(&self, ablation: &Ablation) -> PathBuf {
        self.options.folder.join(format!("ablation-{}", ablation.hypothesis))
    }

    fn path(&self, ablation: &Ablation) -> PathBuf {
        self.folder(ablation).join("found.json")
    }

    /// What an ablation depends on: the tent map and its network, the sizes, the fit's settings.
    fn plan_sha256(&self, ablation: &Ablation) -> String {
        let SystemPlan { system, data, base_channels, multipliers, kernel, diffusion_steps, prediction, .. } =
            &self.plan;
        let network = (base_channels, multipliers, kernel, diffusion_steps, prediction);
        let longer =
            matches!(ablation.change, Change::Study).then_some((self.longer.steps.baseline, self.longer.generated));
        content_sha256(&(&ablation.hypothesis, system, data, network, longer, self.sizes, &self.recipe.fit))
    }

    /// What an ablation found; it is run if it is not done.
    fn found(&self, ablation: &Ablation) -> Result<Found, DriftError> {
        let expected = self.plan_sha256(ablation);
        let path = self.path(ablation);
        if let Some(found) = read(&path)? {
            if found.plan_sha256 == expected {
                return Ok(found);
            }
            return Err(DriftError::OtherPlan { folder: self.folder(ablation), expected, got: found.plan_sha256 });
        }
        let Distances { tv_data, tv_model } = self.run(ablation)?;
        let found = Found { plan_sha256: expected, tv_data, tv_model };
        let io = |source| DriftError::Io { path: path.clone(), source };
        std::fs::create_dir_all(self.folder(ablation)).map_err(io)?;
        let json = serde_json::to_vec_pretty(&found).map_err(|error| io(std::io::Error::other(error)))?;
        planwright::files::write_atomically(&path, |file| file.write_all(&json)).map_err(io)?;
        Ok(found)
    }

    fn run(&self, ablation: &Ablation) -> Result<Distances, DriftError> {
        let Self { recipe, options, sizes, plan, longer } = self;
        let seed = sizes.seed;
        match &ablation.change {
            Change::Study => {
                run_unit(recipe, longer, seed, Method::Baseline, options)?;
                let folder = unit_folder(&options.folder, longer.system.name, seed, Method::Baseline);
                self.measured(&plan.system, &read_samples(&folder.join("samples.npy"))?)
            }
            Change::Seed(other) => self.fitted(plan, *other, ablation),
            Change::Recovery(recovery) => {
                let settings = SystemSettings { recovery: Some(recovery.clone()), ..plan.system.clone() };
                self.measured(&settings, &read_samples(&self.base()?.join("samples.npy"))?)
            }
            Change::Sampler(sampler) => {
                let artefact = Artefact::open(&self.base()?.join("model.onnx"))?;
                let mut generator = SequenceGenerator::new(&artefact, &options.engine, BATCH)?;
                generator.set_sampler(*sampler);
                let request = SequenceRequest { count: plan.generated, seed, ..SequenceRequest::default() };
                let values = generator.generate(&request, |_| ())?;
                let system = plan.system.build()?;
                let samples = Trajectories { values, ..Trajectories::empty(system.horizon(), system.columns()) };
                self.measured(&plan.system, &samples.physical(&system.limits()))
            }
            Change::Plan(other) => self.fitted(other, seed, ablation),
            Change::Generator(spec) => {
                let system = plan.system.build()?;
                let data = system.generate(plan.data, seed)?;
                let settings = AblationSettings {
                    steps: sizes.other_steps,
                    batch: sizes.other_batch,
                    learning_rate: sizes.other_learning_rate,
                    seed,
                    threads: 1,
                };
                let mut generator = spec.build();
                generator.fit(&data.normalised(&system.limits()), &settings)?;
                let samples = generator.sample(plan.generated, seed)?;
                self.measured(&plan.system, &samples.physical(&system.limits()))
            }
        }
    }

    /// The folder of the ablations' own baseline H0, which is fitted if it is not there yet.
    fn base(&self) -> Result<PathBuf, DriftError> {
        let Some(first) = self.table().into_iter().next() else {
            return Err(DriftError::NotPlanned { known: "H0".to_owned(), got: "no ablation".to_owned() });
        };
        self.found(&first)?;
        Ok(self.folder(&first))
    }

    /// Another U-Net, or another system, fitted and measured.
    fn fitted(&self, plan: &SystemPlan, seed: u64, ablation: &Ablation) -> Result<Distances, DriftError> {
        let system = plan.system.build()?;
        let data = system.generate(plan.data, seed)?;
        let prepared = plain(system.as_ref(), &data);
        let mut fit = self.recipe.fit_recipe(plan, Method::Baseline, seed, system.columns());
        fit.name = format!("{}-{}", self.recipe.name, ablation.hypothesis);
        let (folder, plan_sha256) = (self.folder(ablation), self.plan_sha256(ablation));
        let unit = Unit {
            plan,
            system: system.as_ref(),
            seed,
            method: Method::Baseline,
            plan_sha256: &plan_sha256,
            folder: &folder,
        };
        let result = measure_fit(&unit, &fit, &prepared, self.options)?;
        let data = marginal(system.as_ref(), &data)?;
        Ok(Distances { tv_data: data.total_variation(&prior(system.as_ref())?)?, tv_model: result.tv_prior })
    }

    /// Distances from the intended distribution under a recovery rule.
    fn measured(&self, settings: &SystemSettings, samples: &Trajectories) -> Result<Distances, DriftError> {
        let system = settings.build()?;
        let data = system.generate(self.plan.data, self.sizes.seed)?;
        let (kept, _) = admissible(system.as_ref(), samples);
        let intended = prior(system.as_ref())?;
        let distance = |trajectories: &Trajectories| -> Result<f64, DriftError> {
            Ok(marginal(system.as_ref() as &dyn System, trajectories)?.total_variation(&intended)?)
        };
        Ok(Distances { tv_data: distance(&data)?, tv_model: distance(&kept)? })
    }
}

/// Distances from the intended distribution.
struct Distances {
    tv_data: f64,
    tv_model: f64,
}

fn read(path: &Path) -> Result<Option<Found>, DriftError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(|source| DriftError::Io { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| DriftError::Unit { path: path.to_owned(), problem: error.to_string() })
}
