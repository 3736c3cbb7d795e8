//! One ablation of table F on the tent map: TV(data, prior) and TV(model, prior) with one change.

use super::changes::{Ablation, Change, Tent};
use super::generators::AblationSettings;
use crate::drift::measure::{admissible, marginal, prior};
use crate::drift::measured_fit::MeasuredFit;
use crate::drift::prepare::plain;
use crate::drift::report::{AblationRow, Method, published};
use crate::drift::samples::{BATCH, read_samples};
use crate::drift::system::SystemSettings;
use crate::drift::{Inputs, SystemPlan, UnitCell};
use planwright::model::Artefact;
use planwright::planner::{SequenceGenerator, SequenceRequest};
use planwright_training::dataset::Trajectories;
use planwright_training::recipe::content_sha256;
use planwright_training::study::{Bench, Cell, Store, StudyError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Distances from the intended distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AblationResult {
    /// SHA-256 of everything in the study's recipe that the ablation depends on.
    pub plan_sha256: String,
    /// TV(data, prior).
    pub tv_data: f64,
    /// TV(model, prior).
    pub tv_model: f64,
}

/// An ablation with the sizes of its study.
#[derive(Clone, Debug)]
pub struct AblationCell {
    inputs: Arc<Inputs>,
    tent: Tent,
    ablation: Ablation,
}

impl Cell for AblationCell {
    type Output = AblationResult;

    fn path(&self) -> String {
        format!("{}/found", self.folder())
    }

    /// Of the tent map and its network, the sizes, the fit's settings.
    fn sha256(&self) -> String {
        let Tent { sizes, longer } = &self.tent;
        let SystemPlan { system, data, base_channels, multipliers, kernel, diffusion_steps, prediction, .. } = longer;
        let network = (base_channels, multipliers, kernel, diffusion_steps, prediction);
        let steps = matches!(self.ablation.change, Change::Study).then_some((longer.steps.baseline, longer.generated));
        content_sha256(&(&self.ablation.hypothesis, system, data, network, steps, sizes, &self.inputs.recipe.fit))
    }

    fn sha256_of(output: &AblationResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.plan_sha256)
    }

    fn run(&self, bench: &Bench<'_>) -> Result<AblationResult, StudyError> {
        let (tv_data, tv_model) = self.measure(bench)?;
        Ok(AblationResult { plan_sha256: self.sha256(), tv_data, tv_model })
    }

    /// Recovery rules and samplers use the baseline's samples and model.
    fn chain(&self) -> String {
        match self.ablation.change {
            Change::Recovery(_) | Change::Sampler(_) => "H0".to_owned(),
            _ => self.ablation.hypothesis.clone(),
        }
    }
}

impl AblationCell {
    /// The ablations of a size in the paper's order; `only` keeps these hypotheses, all if empty.
    ///
    /// # Errors
    /// If the size has no ablations or no tent map.
    pub fn all(inputs: &Arc<Inputs>, only: &[String]) -> Result<Vec<Self>, StudyError> {
        let tent = Tent::of(&inputs.recipe)?;
        let kept = |name: &str| only.is_empty() || only.iter().any(|one| name.eq_ignore_ascii_case(one.trim()));
        let ablations = tent.ablations().into_iter().filter(|ablation| kept(&ablation.hypothesis));
        Ok(ablations.map(|ablation| Self { inputs: inputs.clone(), tent: tent.clone(), ablation }).collect())
    }

    /// Rows of table F of those that are done.
    ///
    /// # Errors
    /// If a result cannot be read.
    pub fn rows(cells: &[Self], store: &Store) -> Result<Vec<AblationRow>, StudyError> {
        let row = |cell: &Self| Ok(store.read(cell)?.map(|result| cell.row(&result)));
        cells.iter().filter_map(|cell| row(cell).transpose()).collect()
    }

    /// Rows of table F of all ablations that are done.
    ///
    /// # Errors
    /// As [`Self::all`] and [`Self::rows`].
    pub fn done(inputs: &Arc<Inputs>, store: &Store) -> Result<Vec<AblationRow>, StudyError> {
        Self::rows(&Self::all(inputs, &[])?, store)
    }

    fn row(&self, result: &AblationResult) -> AblationRow {
        let Ablation { hypothesis, experiment, change } = &self.ablation;
        let name = hypothesis.split('-').next().unwrap_or_default();
        let published = published::ablation(name);
        AblationRow {
            hypothesis: name.to_owned(),
            experiment: experiment.clone(),
            tv_data: Some(result.tv_data),
            tv_model: Some(result.tv_model),
            published_data: published.map(|row| row.data),
            published_model: published.and_then(|row| row.model),
            seed: if let Change::Seed(seed) = change { *seed } else { self.tent.sizes.seed },
            command: format!("planwright-study run ablation --size {} --only {hypothesis}", self.inputs.size),
        }
    }

    fn folder(&self) -> String {
        format!("ablation-{}", self.ablation.hypothesis)
    }

    /// The folder of the ablations' own baseline H0, which is made if it is not there.
    fn baseline(&self, bench: &Bench<'_>) -> Result<PathBuf, StudyError> {
        let cells = Self::all(&self.inputs, &["H0".to_owned()])?;
        let baseline = cells.first().ok_or_else(|| StudyError::setting("ablations", "with H0", "none"))?;
        bench.require(baseline)?;
        Ok(bench.store.folder().join(baseline.folder()))
    }

    /// TV(data, prior) and TV(model, prior).
    fn measure(&self, bench: &Bench<'_>) -> Result<(f64, f64), StudyError> {
        let (Tent { sizes, longer }, plan, inputs) = (&self.tent, self.tent.baseline(), &self.inputs);
        let samples = |folder: &Path| read_samples(&folder.join("samples.npy"));
        let seed = sizes.seed;
        match &self.ablation.change {
            Change::Study => {
                let (plan, method) = (longer.clone(), Method::Baseline);
                let cell = UnitCell { inputs: inputs.clone(), plan, seed, method };
                bench.require(&cell)?;
                self.distances(&longer.system, &samples(&bench.store.folder().join(cell.folder()))?)
            }
            Change::Seed(other) => self.fitted(&plan, *other, bench),
            Change::Recovery(recovery) => {
                let settings = SystemSettings { recovery: Some(recovery.clone()), ..plan.system };
                self.distances(&settings, &samples(&self.baseline(bench)?)?)
            }
            Change::Sampler(sampler) => {
                let artefact = Artefact::open(&self.baseline(bench)?.join("model.onnx"))?;
                let mut generator = SequenceGenerator::new(&artefact, &inputs.engine, BATCH)?;
                generator.set_sampler(*sampler);
                let request = SequenceRequest { count: plan.generated, seed, ..SequenceRequest::default() };
                let values = generator.generate(&request, |_| ())?;
                let system = plan.system.build()?;
                let samples = Trajectories { values, ..Trajectories::empty(system.horizon(), system.columns()) };
                self.distances(&plan.system, &samples.physical(&system.limits()))
            }
            Change::Plan(other) => self.fitted(other, seed, bench),
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
                self.distances(&plan.system, &samples.physical(&system.limits()))
            }
        }
    }

    /// Another U-Net, or another system, fitted and measured.
    fn fitted(&self, plan: &SystemPlan, seed: u64, bench: &Bench<'_>) -> Result<(f64, f64), StudyError> {
        let system = plan.system.build()?;
        let system = system.as_ref();
        let data = system.generate(plan.data, seed)?;
        let (inputs, method) = (self.inputs.as_ref(), Method::Baseline);
        let mut fit = inputs.recipe.fit_recipe(plan, method, seed, system.columns());
        fit.name = format!("{}-{}", inputs.recipe.name, self.ablation.hypothesis);
        let (folder, settings_sha256) = (bench.store.folder().join(self.folder()), self.sha256());
        let measured = MeasuredFit { inputs, plan, system, seed, method, settings_sha256, folder };
        let tv_model = measured.run(&fit, &plain(system, &data))?.tv_prior;
        Ok((marginal(system, &data)?.total_variation(&prior(system)?)?, tv_model))
    }

    /// Distances under a recovery rule.
    fn distances(&self, settings: &SystemSettings, samples: &Trajectories) -> Result<(f64, f64), StudyError> {
        let system = settings.build()?;
        let data = system.generate(self.tent.longer.data, self.tent.sizes.seed)?;
        let (kept, _) = admissible(system.as_ref(), samples);
        let intended = prior(system.as_ref())?;
        let distance = |trajectories: &Trajectories| -> Result<f64, StudyError> {
            Ok(marginal(system.as_ref(), trajectories)?.total_variation(&intended)?)
        };
        Ok((distance(&data)?, distance(&kept)?))
    }
}
