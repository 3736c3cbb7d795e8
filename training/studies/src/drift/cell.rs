//! One cell of the study: a system, a training seed, and what is done against drift, with its result.

use super::inputs::Inputs;
use super::measured_fit::MeasuredFit;
use super::no_network;
use super::prepare::prepare;
use super::recipe::SystemPlan;
use super::report::Method;
use super::system::SystemName;
use planwright::quantity::{Marginal, QuantityGrid};
use planwright_training::recipe::{SequenceRecipe, content_sha256};
use planwright_training::study::{Bench, Cell, StudyError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// A fit with its measurement.
#[derive(Clone, Debug)]
pub struct UnitCell {
    /// The study's size and engine.
    pub inputs: Arc<Inputs>,
    /// The system with its sizes.
    pub plan: SystemPlan,
    /// Training seed.
    pub seed: u64,
    /// What is done against drift.
    pub method: Method,
}

/// The measured distribution of a fit, kept as `unit.json` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitResult {
    /// Which system.
    pub system: SystemName,
    /// Training seed.
    pub seed: u64,
    /// What was done against drift.
    pub method: Method,
    /// SHA-256 of everything in the study's recipe that the fit depends on.
    pub plan_sha256: String,
    /// SHA-256 of the fit's recipe, data included; empty without a network.
    pub recipe_sha256: String,
    /// Mass per cell of the system's grid.
    pub mass: Vec<f64>,
    /// Total variation to the intended distribution.
    pub tv_prior: f64,
    /// Samples drawn.
    pub generated: u64,
    /// Samples dropped as inadmissible.
    pub dropped: u64,
    /// Optimiser steps.
    pub steps: u64,
    /// Loss over the last steps; `None` if the fit was done already when the cell went on.
    pub loss: Option<f64>,
    /// Seconds of fit, export and sampling.
    pub wall_secs: f64,
    /// SHA-256 of the exported file; empty without a network.
    pub model_sha256: String,
    /// Mean squared error per normalised coordinate of the predicted clean data at `error_timestep`.
    pub model_error: Option<f64>,
    /// The training timestep whose noise is nearest the data's median step.
    pub error_timestep: Option<usize>,
    /// The pairing of a transform.
    pub pairing: Option<serde_json::Value>,
}

impl UnitResult {
    /// The measured distribution.
    ///
    /// # Errors
    /// If the file was written for other cells.
    pub fn marginal(&self, grid: QuantityGrid) -> Result<Marginal, StudyError> {
        Ok(Marginal::from_weights(grid, self.mass.clone())?)
    }

    /// Name of the folder of checkpoint, model and samples.
    pub fn folder(&self) -> String {
        folder(self.system, self.seed, self.method)
    }

    /// The line that makes it again.
    pub fn command(&self, size: &str) -> String {
        let (system, method) = (self.system.as_str(), self.method.name());
        format!("planwright-study run drift --size {size} --system {system} --seeds {} --method {method}", self.seed)
    }
}

fn folder(system: SystemName, seed: u64, method: Method) -> String {
    format!("{}-s{seed}-{}", system.as_str(), method.name())
}

impl Cell for UnitCell {
    type Output = UnitResult;

    fn path(&self) -> String {
        format!("{}/unit", self.folder())
    }

    /// Of its system, sizes and steps, the fit's settings, and for a transform the code space. Other methods' steps, and
    /// the kernel's size, do not matter.
    fn sha256(&self) -> String {
        let Self { inputs, plan, method, .. } = self;
        let fit = method.has_network().then(|| inputs.recipe.fit_recipe(plan, *method, 0, 1));
        let transform = method.has_codes().then_some(&inputs.recipe.transform);
        let epsilon = (*method == Method::Reweight).then_some(plan.reweight_epsilon);
        let base = (*method == Method::Reweight).then_some(plan.steps.baseline);
        let sizes = (plan.data, plan.generated, epsilon, base);
        content_sha256(&(&plan.system, sizes, fit, transform, inputs.recipe.fit.guidance))
    }

    fn sha256_of(output: &UnitResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.plan_sha256)
    }

    fn run(&self, bench: &Bench<'_>) -> Result<UnitResult, StudyError> {
        self.measure(bench)
    }

    /// Reweighting continues from the baseline's parameters.
    fn chain(&self) -> String {
        if self.method == Method::Reweight { self.baseline().path() } else { self.path() }
    }
}

impl UnitCell {
    /// Name of the folder of checkpoint, model and samples.
    pub(crate) fn folder(&self) -> String {
        folder(self.plan.system.name, self.seed, self.method)
    }

    /// The plain fit of the same system and seed.
    pub(super) fn baseline(&self) -> Self {
        Self { method: Method::Baseline, ..self.clone() }
    }

    fn measure(&self, bench: &Bench<'_>) -> Result<UnitResult, StudyError> {
        let Self { inputs, plan, seed, method } = self;
        let system = plan.system.build()?;
        let data = system.generate(plan.data, *seed)?;
        let (folder, settings_sha256) = (bench.store.folder().join(self.folder()), self.sha256());
        if !method.has_network() {
            return no_network::measure(self, system.as_ref(), &data, settings_sha256, &folder);
        }
        let prepared = prepare(self, system.as_ref(), &data, bench)?;
        let fitted = SequenceRecipe {
            starts_from: prepared.starts_from.clone(),
            endpoints_fixed: system.endpoints_fixed() && !method.has_codes(),
            ..inputs.recipe.fit_recipe(plan, *method, *seed, system.columns())
        };
        let system = system.as_ref();
        MeasuredFit { inputs, plan, system, seed: *seed, method: *method, settings_sha256, folder }
            .run(&fitted, &prepared)
    }
}
