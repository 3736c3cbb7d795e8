//! Table F: one thing is changed at a time, and the drift is measured again.

use super::measure::{admissible, marginal, prior};
use super::recipe::{AblationPlan, DriftRecipe, MethodSteps, SystemPlan};
use super::unit::{measure_fit, plain, read_samples, unit_folder};
use super::{DriftError, UnitOptions, run_unit};
use crate::ablation::{AblationSettings, GeneratorSpec, MlpDenoiserSpec, TransformerSpec, VaeSpec};
use crate::report::{AblationRow, Method, published};
use crate::system::{Draw, RecoverySettings, Summary, System, SystemName, SystemSettings, Trajectories};
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
    tv_data: f64,
    tv_model: f64,
}

/// Runs the ablations, all on the tent map, and returns their rows in the paper's order.
///
/// # Errors
/// If the recipe has no ablations or no tent map, or a fit fails.
pub fn ablations(
    recipe: &DriftRecipe,
    options: &UnitOptions,
    wanted: &AblationOptions,
) -> Result<Vec<AblationRow>, DriftError> {
    let (Some(ablation_plan), Some(plan)) = (&recipe.ablations, recipe.plan(SystemName::Tent)) else {
        return Err(DriftError::NotPlanned {
            known: "those of the recipe".to_owned(),
            got: "ablations, which need an [ablations] section and the tent map".to_owned(),
        });
    };
    let mut rows = Vec::new();
    for ablation in table(plan, ablation_plan) {
        let asked = wanted.only.is_empty()
            || wanted.only.iter().any(|name| ablation.hypothesis.eq_ignore_ascii_case(name.trim()));
        if !asked {
            continue;
        }
        let folder = options.folder.join(format!("ablation-{}", ablation.hypothesis));
        let known = read(&folder.join("found.json"))?;
        let found = match known {
            Some(found) => Some(found),
            None if wanted.done_only => None,
            None => Some(run(recipe, plan, ablation_plan, &ablation, &folder, options)?),
        };
        let Some(found) = found else { continue };
        let seed = if let Change::Seed(seed) = ablation.change { seed } else { ablation_plan.seed };
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

fn table(plan: &SystemPlan, ablations: &AblationPlan) -> Vec<Ablation> {
    let mut table = Vec::new();
    let mut add = |hypothesis: &str, experiment: &str, change: Change| {
        table.push(Ablation { hypothesis: hypothesis.to_owned(), experiment: experiment.to_owned(), change });
    };
    let steps = |share: f64| (share * ablations.steps as f64).round() as u64;
    let changed = |change: &dyn Fn(&mut SystemPlan)| {
        let mut other = plan.clone();
        other.steps.baseline = ablations.steps;
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
    add("H3a", "half the steps", changed(&|plan| plan.steps.baseline = steps(0.5)));
    add("H3b", &format!("{} steps instead of {}", plan.steps.baseline, ablations.steps), Change::Study);
    for (number, seed) in plan.seeds.iter().filter(|seed| **seed != ablations.seed).enumerate() {
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

fn run(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    ablations: &AblationPlan,
    ablation: &Ablation,
    folder: &Path,
    options: &UnitOptions,
) -> Result<Found, DriftError> {
    let seed = ablations.seed;
    let found = match &ablation.change {
        Change::Study => {
            run_unit(recipe, plan, seed, Method::Baseline, options)?;
            let folder = unit_folder(&options.folder, plan.system.name, seed, Method::Baseline);
            measured(&plan.system, plan, seed, &read_samples(&folder.join("samples.npy"))?)?
        }
        Change::Seed(other) => {
            let shorter = SystemPlan { steps: MethodSteps { baseline: ablations.steps, ..plan.steps }, ..plan.clone() };
            fitted(recipe, &shorter, *other, ablation, folder, options)?
        }
        Change::Recovery(recovery) => {
            let settings = SystemSettings { recovery: Some(recovery.clone()), ..plan.system.clone() };
            let (folder, _) = base(recipe, plan, ablations, options)?;
            measured(&settings, plan, seed, &read_samples(&folder.join("samples.npy"))?)?
        }
        Change::Sampler(sampler) => {
            let (folder, _) = base(recipe, plan, ablations, options)?;
            let artefact = Artefact::open(&folder.join("model.onnx"))?;
            let mut generator = SequenceGenerator::new(&artefact, &options.engine, 100)?;
            generator.set_sampler(*sampler);
            let request = SequenceRequest { count: plan.generated, seed, ..SequenceRequest::default() };
            let values = generator.generate(&request, |_| ())?;
            let system = plan.system.build()?;
            let samples = Trajectories { values, ..Trajectories::empty(system.horizon(), system.columns()) };
            measured(&plan.system, plan, seed, &samples.physical(&system.limits()))?
        }
        Change::Plan(other) => fitted(recipe, other, seed, ablation, folder, options)?,
        Change::Generator(spec) => {
            let system = plan.system.build()?;
            let data = system.generate(plan.data, seed)?;
            let settings = AblationSettings {
                steps: ablations.other_steps,
                batch: ablations.other_batch,
                learning_rate: ablations.other_learning_rate,
                seed,
                threads: 1,
            };
            let mut generator = spec.build();
            generator.fit(&data.normalised(&system.limits()), &settings)?;
            let samples = generator.sample(plan.generated, seed)?;
            measured(&plan.system, plan, seed, &samples.physical(&system.limits()))?
        }
    };
    let path = folder.join("found.json");
    let io = |source| DriftError::Io { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(io)?;
    let json = serde_json::to_vec_pretty(&found).map_err(|error| io(std::io::Error::other(error)))?;
    planwright::files::write_atomically(&path, |file| file.write_all(&json)).map_err(io)?;
    Ok(found)
}

/// The ablations' own baseline H0, fitted if it is not there yet.
fn base(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    ablations: &AblationPlan,
    options: &UnitOptions,
) -> Result<(PathBuf, Found), DriftError> {
    let folder = options.folder.join("ablation-H0");
    if let Some(found) = read(&folder.join("found.json"))? {
        return Ok((folder, found));
    }
    let Some(first) = table(plan, ablations).into_iter().next() else {
        return Err(DriftError::NotPlanned { known: "H0".to_owned(), got: "no ablation".to_owned() });
    };
    let found = run(recipe, plan, ablations, &first, &folder, options)?;
    Ok((folder, found))
}

/// Another U-Net, or another system, fitted and measured.
fn fitted(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    seed: u64,
    ablation: &Ablation,
    folder: &Path,
    options: &UnitOptions,
) -> Result<Found, DriftError> {
    let system = plan.system.build()?;
    let data = system.generate(plan.data, seed)?;
    let prepared = plain(system.as_ref(), &data);
    let mut fit = recipe.fit_recipe(plan, Method::Baseline, seed, system.columns());
    fit.name = format!("{}-{}", recipe.name, ablation.hypothesis);
    let unit =
        measure_fit(&fit, &prepared, system.as_ref(), plan, seed, Method::Baseline, "ablation", folder, options)?;
    let data = marginal(system.as_ref(), &data)?;
    Ok(Found { tv_data: data.total_variation(&prior(system.as_ref())?)?, tv_model: unit.tv_prior })
}

/// Distances from the intended distribution under a recovery rule.
fn measured(
    settings: &SystemSettings,
    plan: &SystemPlan,
    seed: u64,
    samples: &Trajectories,
) -> Result<Found, DriftError> {
    let system = settings.build()?;
    let data = system.generate(plan.data, seed)?;
    let (kept, _) = admissible(system.as_ref(), samples);
    let intended = prior(system.as_ref())?;
    let distance = |trajectories: &Trajectories| -> Result<f64, DriftError> {
        Ok(marginal(system.as_ref() as &dyn System, trajectories)?.total_variation(&intended)?)
    };
    Ok(Found { tv_data: distance(&data)?, tv_model: distance(&kept)? })
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
