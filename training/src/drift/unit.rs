//! One fit of a study, from data to a measured distribution.

use super::DriftError;
use super::decode;
use super::measure::{admissible, marginal, prior, weighted_marginal};
use super::prepare::{Prepared, prepare};
use super::recipe::{DriftRecipe, SystemPlan};
use super::report::Method;
use super::samples::{self, BATCH};
use super::system::SystemName;
use crate::export::{ExportOptions, export};
use crate::fit::{Checkpoint, FitOptions, SequenceDescription, fit_sequences};
use crate::recipe::{SequenceRecipe, content_sha256};
use crate::transform::System;
use crate::transform::deviation::{matching_level, median_displacement};
use planwright::diffusion::{NoiseSchedule, Solver};
use planwright::model::{Artefact, EngineChoice, SolverDefaults};
use planwright::planner::SequenceGenerator;
use planwright::quantity::{Marginal, QuantityGrid};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the parity gate lets through for a file that is only measured: short fits amplify rounding more on inputs far
/// outside their data. A model that is shipped must meet the gate's own limit.
const STUDY_TOLERANCE: f64 = 1e-4;

/// Where and how units run.
#[derive(Clone, Debug)]
pub struct UnitOptions {
    /// The study's folder; units lie in `SYSTEM-sSEED-METHOD`.
    pub folder: PathBuf,
    /// The engine that samples.
    pub engine: EngineChoice,
    /// Show progress on stderr.
    pub progress: bool,
}

/// What a unit found, kept in its folder as `unit.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitResult {
    /// Which system.
    pub system: SystemName,
    /// Training seed.
    pub seed: u64,
    /// What was done against drift.
    pub method: Method,
    /// The line that makes it again.
    pub command: String,
    /// SHA-256 of everything in the study's recipe that the unit depends on.
    pub plan_sha256: String,
    /// SHA-256 of the fit's recipe, data included.
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
    /// Loss over the last steps; `None` if the fit was done already when the unit went on.
    pub loss: Option<f64>,
    /// Seconds of fit, export and sampling.
    pub wall_secs: f64,
    /// The exported file.
    pub model: PathBuf,
    /// Its hash.
    pub model_sha256: String,
    /// Mean squared error per normalised coordinate of the predicted clean data at `error_timestep`.
    pub model_error: Option<f64>,
    /// The training timestep whose noise is nearest the data's median step.
    pub error_timestep: Option<usize>,
    /// The pairing of a transform.
    pub pairing: Option<serde_json::Value>,
}

impl UnitResult {
    /// The distribution that was found.
    ///
    /// # Errors
    /// If the file was written for other cells.
    pub fn marginal(&self, grid: QuantityGrid) -> Result<Marginal, DriftError> {
        Ok(Marginal::from_weights(grid, self.mass.clone())?)
    }
}

/// The folder of a unit.
pub(super) fn unit_folder(folder: &Path, system: SystemName, seed: u64, method: Method) -> PathBuf {
    folder.join(format!("{}-s{seed}-{}", system.as_str(), method.name()))
}

/// The result of a unit that is done.
///
/// # Errors
/// If it was made by another plan, or cannot be read.
pub(super) fn done(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    seed: u64,
    method: Method,
    runs: &Path,
) -> Result<Option<UnitResult>, DriftError> {
    let folder = unit_folder(runs, plan.system.name, seed, method);
    let path = folder.join("unit.json");
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).map_err(|source| DriftError::Io { path: path.clone(), source })?;
    let problem = |error: serde_json::Error| DriftError::Unit { path: path.clone(), problem: error.to_string() };
    let result: UnitResult = serde_json::from_slice(&bytes).map_err(problem)?;
    let expected = plan_sha256(recipe, plan, method);
    if result.plan_sha256 != expected {
        return Err(DriftError::OtherPlan { folder, expected, got: result.plan_sha256 });
    }
    Ok(Some(result))
}

/// Runs a unit, or returns its result if it is done. Reweighting needs the baseline of the same seed and runs it first.
///
/// # Errors
/// See [`DriftError`]; what is on disk stays whole.
pub fn run_unit(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    seed: u64,
    method: Method,
    options: &UnitOptions,
) -> Result<UnitResult, DriftError> {
    let folder = unit_folder(&options.folder, plan.system.name, seed, method);
    if let Some(result) = done(recipe, plan, seed, method, &options.folder)? {
        return Ok(result);
    }
    let plan_sha256 = plan_sha256(recipe, plan, method);
    let system = plan.system.build()?;
    let data = system.generate(plan.data, seed)?;
    let prepared = prepare(recipe, plan, system.as_ref(), &data, seed, method, options)?;
    let (initial, starts_from) = match method {
        Method::Reweight => {
            let baseline = unit_folder(&options.folder, plan.system.name, seed, Method::Baseline);
            let checkpoint = Checkpoint::read(&baseline.join("checkpoint.safetensors"))?;
            (Some(checkpoint.averaged().to_vec()), Some(checkpoint.recipe.sha256()))
        }
        _ => (None, None),
    };
    let prepared = Prepared { initial, ..prepared };
    let fitted = SequenceRecipe {
        starts_from,
        endpoints_fixed: system.endpoints_fixed() && method != Method::Transform,
        ..recipe.fit_recipe(plan, method, seed, system.columns())
    };
    let unit = Unit { plan, system: system.as_ref(), seed, method, plan_sha256: &plan_sha256, folder: &folder };
    measure_fit(&unit, &fitted, &prepared, options)
}

/// What a unit depends on: its system, sizes and steps, the fit's settings, and for a transform the code space. Other
/// methods' steps, and the kernel's size, do not matter.
fn plan_sha256(recipe: &DriftRecipe, plan: &SystemPlan, method: Method) -> String {
    let fit = recipe.fit_recipe(plan, method, 0, 1);
    let transform = (method == Method::Transform).then_some(&recipe.transform);
    let epsilon = (method == Method::Reweight).then_some(plan.reweight_epsilon);
    let base = (method == Method::Reweight).then_some(plan.steps.baseline);
    let sizes = (plan.data, plan.generated, epsilon, base);
    content_sha256(&(&plan.system, sizes, fit, transform, recipe.fit.guidance))
}

/// What one fit is for.
pub(super) struct Unit<'a> {
    pub(super) plan: &'a SystemPlan,
    pub(super) system: &'a dyn System,
    pub(super) seed: u64,
    pub(super) method: Method,
    pub(super) plan_sha256: &'a str,
    pub(super) folder: &'a Path,
}

/// Fits, exports, samples with the exported file, measures and writes `unit.json`.
pub(super) fn measure_fit(
    unit: &Unit<'_>,
    fitted: &SequenceRecipe,
    prepared: &Prepared,
    options: &UnitOptions,
) -> Result<UnitResult, DriftError> {
    let begun = Instant::now();
    let Unit { plan, system, seed, method, plan_sha256, folder } = *unit;
    let size = fitted.name.split('-').next().unwrap_or_default();
    let checkpoint_path = folder.join("checkpoint.safetensors");
    let fit_options = FitOptions {
        folder: folder.to_owned(),
        resume: checkpoint_path.exists(),
        until: None,
        device: None,
        progress: options.progress,
        initial: prepared.initial.clone(),
    };
    let description =
        SequenceDescription { recipe: serde_json::to_value(plan).unwrap_or_default(), ..prepared.description.clone() };
    let report = fit_sequences(fitted, &prepared.rows, &description, &fit_options)?;
    let checkpoint = Checkpoint::read(&checkpoint_path)?;
    let model = folder.join("model.onnx");
    let export_options = ExportOptions {
        solver: Some(SolverDefaults { solver: Solver::Ddpm, steps: fitted.diffusion.steps, candidates: 1 }),
        library: options.engine.library.clone(),
        tolerance: STUDY_TOLERANCE,
        ..ExportOptions::to(&model)
    };
    let exported = export(&checkpoint, &export_options)?;

    let artefact = Artefact::open(&model)?;
    let mut generator = SequenceGenerator::new(&artefact, &options.engine, BATCH)?;
    let error = match method {
        Method::Baseline => {
            let schedule = NoiseSchedule::new(fitted.diffusion.schedule, fitted.diffusion.steps)
                .map_err(crate::fit::FitError::from)?;
            let stds: Vec<f64> = (0..schedule.steps()).map(|timestep| schedule.scales(Some(timestep)).1).collect();
            let timestep = matching_level(&stds, median_displacement(&prepared.rows.rows)?)?;
            let error = samples::model_error(&mut generator, fitted, &prepared.rows, &schedule, timestep)?;
            Some((error, timestep))
        }
        _ => None,
    };
    let drawn = samples::sample(&mut generator, prepared, fitted, plan, seed, options.progress)?;
    let (found, kept, dropped) = match method {
        Method::Transform => {
            let decoded = decode::decode(&mut generator, BATCH, &drawn, seed)?;
            let (kept, dropped) = admissible(system, &decoded.drawn);
            (weighted_marginal(system, &decoded.neighbours, &decoded.weights)?, kept, dropped)
        }
        _ => {
            let (kept, dropped) = admissible(system, &drawn.physical(&system.limits()));
            if kept.is_empty() {
                return Err(DriftError::NothingLeft { name: fitted.name.clone(), generated: drawn.len() });
            }
            (marginal(system, &kept)?, kept, dropped)
        }
    };
    samples::write_samples(&folder.join("samples.npy"), &kept)?;
    let result = UnitResult {
        system: plan.system.name,
        seed,
        method,
        command: format!(
            "planwright-train drift fit --size {size} --system {} --seed {seed} --method {}",
            plan.system.name.as_str(),
            method.name()
        ),
        plan_sha256: plan_sha256.to_owned(),
        recipe_sha256: report.recipe_sha256,
        tv_prior: found.total_variation(&prior(system)?)?,
        mass: found.mass().to_vec(),
        generated: drawn.len() as u64,
        dropped: dropped as u64,
        steps: report.step,
        loss: report.loss,
        wall_secs: begun.elapsed().as_secs_f64(),
        model,
        model_sha256: exported.sha256,
        model_error: error.map(|(error, _)| error),
        error_timestep: error.map(|(_, timestep)| timestep),
        pairing: prepared.pairing.as_ref().and_then(|report| serde_json::to_value(report).ok()),
    };
    let path = folder.join("unit.json");
    let json = serde_json::to_vec_pretty(&result)
        .map_err(|error| DriftError::Unit { path: path.clone(), problem: error.to_string() })?;
    planwright::files::write_atomically(&path, |file| file.write_all(&json))
        .map_err(|source| DriftError::Io { path: path.clone(), source })?;
    Ok(result)
}
