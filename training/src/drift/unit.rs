//! One fit of a study, from data to a measured distribution.

use super::DriftError;
use super::decode::{self, PairedCodes};
use super::measure::{admissible, marginal, prior, weighted_marginal};
use super::recipe::{DriftRecipe, SystemPlan};
use crate::deviation::{matching_level, median_displacement};
use crate::export::{ExportOptions, SequenceDescription, export_sequences};
use crate::fit::{Checkpoint, FitOptions, FitRecipe, SequenceData, SequenceRecipe, content_sha256, fit_sequences};
use crate::mitigation::{InverseWeights, PairingReport, QuantityCondition, requested_values};
use crate::report::Method;
use crate::system::{System, SystemName, Trajectories};
use indicatif::{ProgressBar, ProgressStyle};
use planwright::diffusion::{Denoiser, NoiseSchedule};
use planwright::model::{
    Artefact, Column, ConditionSpec, EngineChoice, Family, Normaliser, QuantitySpec, SolverDefaults, SolverKind,
    WorldSpec,
};
use planwright::planner::{SequenceGenerator, SequenceRequest};
use planwright::quantity::{Intended, Marginal, QuantityGrid};
use planwright::world::{Layout, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, RADIUS_M};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Rows that the runtime samples at once.
const BATCH: usize = 100;
/// Bins of the inverse reweighting.
const REWEIGHT_BINS: usize = 32;
/// Bins of the intended distribution that a robot's monitor counts in.
const MONITOR_BINS: usize = 16;
/// What the parity gate lets through for a file that is only measured: short fits amplify rounding more on inputs far
/// outside their data. A model that is shipped must meet the gate's own limit.
const STUDY_TOLERANCE: f64 = 1e-4;
/// Data rows on which a model's error is measured.
const ERROR_ROWS: usize = 500;

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
    /// Loss over the last steps.
    pub loss: f64,
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
pub(super) fn done(folder: &Path) -> Result<Option<UnitResult>, DriftError> {
    let path = folder.join("unit.json");
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).map_err(|source| DriftError::Io { path: path.clone(), source })?;
    let problem = |error: serde_json::Error| DriftError::Unit { path: path.clone(), problem: error.to_string() };
    serde_json::from_slice(&bytes).map(Some).map_err(problem)
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
    let plan_sha256 = plan_sha256(recipe, plan, method);
    if let Some(result) = done(&folder)? {
        if result.plan_sha256 == plan_sha256 {
            return Ok(result);
        }
        return Err(DriftError::OtherPlan { folder, expected: plan_sha256, got: result.plan_sha256 });
    }
    let system = plan.system.build()?;
    let data = system.generate(plan.data, seed)?;
    let prepared = prepare(recipe, plan, system.as_ref(), &data, seed, method, options)?;
    let (initial, starts_from) = match method {
        Method::Reweight => {
            let baseline = unit_folder(&options.folder, plan.system.name, seed, Method::Baseline);
            let checkpoint: Checkpoint<SequenceRecipe> = Checkpoint::read(&baseline.join("checkpoint.safetensors"))?;
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
    measure_fit(&fitted, &prepared, system.as_ref(), plan, seed, method, &plan_sha256, &folder, options)
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

/// Rows and description of a fit.
pub(super) struct Prepared {
    pub(super) rows: SequenceData,
    pub(super) description: SequenceDescription,
    pub(super) condition: Option<QuantityCondition>,
    pub(super) pairing: Option<PairingReport>,
    /// Parameters to start from.
    pub(super) initial: Option<Vec<f32>>,
}

fn prepare(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    system: &dyn System,
    data: &Trajectories,
    seed: u64,
    method: Method,
    options: &UnitOptions,
) -> Result<Prepared, DriftError> {
    let mut prepared = plain(system, data);
    match method {
        Method::Baseline => {}
        Method::Reweight => {
            let baseline = run_unit(recipe, plan, seed, Method::Baseline, options)?;
            let recovered = system.recover(data)?;
            let [low, high] = system.range();
            let grid = QuantityGrid::new(low, high, REWEIGHT_BINS)?;
            let intended = Marginal::uniform(grid, low, high)?;
            let found = regrouped(&baseline.marginal(system.grid())?, grid)?;
            let weights = InverseWeights::new(&intended, &found, plan.reweight_epsilon)?;
            prepared.rows.weights = weights.of_trajectories(&recovered.values())?;
        }
        Method::Conditional => {
            let [low, high] = system.range();
            let condition = QuantityCondition::new(low, high, plan.base_channels)?;
            for value in system.recover(data)?.values() {
                prepared.rows.conditions.extend(condition.label(value)?);
            }
            let guidance = recipe.fit.guidance;
            prepared.description.condition = Some(ConditionSpec { width: condition.width(), low, high, guidance });
            prepared.condition = Some(condition);
        }
        Method::Transform => {
            let PairedCodes { rows, tables, spec, report } = decode::pair(recipe, system, data, seed)?;
            prepared.rows.rows = rows;
            if plan.system.name == SystemName::Maze2d {
                prepared.description.family = Family::MazeTransform;
            }
            // Codes live in [-1, 1] themselves; the decoder's trajectories are in physical units.
            let columns = system.columns();
            prepared.description.normaliser = Normaliser { low: vec![-1.0; columns], high: vec![1.0; columns] };
            prepared.description.transform = Some((spec, tables));
            prepared.pairing = Some(report);
        }
    }
    Ok(prepared)
}

/// A fit to the data as they are.
pub(super) fn plain(system: &dyn System, data: &Trajectories) -> Prepared {
    let limits = system.limits();
    let (quantity, unit) = system.quantity();
    let [low, high] = system.range();
    let names: &[&str] = match system.columns() {
        1 => &["state"],
        _ if system.name() == "pendulum" => &["theta_1", "theta_2"],
        _ => &["x", "y"],
    };
    let maze = system.name() == "maze2d";
    let state_unit = match system.name() {
        "pendulum" => "rad",
        "maze2d" => "m",
        _ => "1",
    };
    let column = |name: &&str| Column { name: (*name).to_owned(), unit: state_unit.to_owned(), frame: String::new() };
    Prepared {
        rows: SequenceData { rows: data.normalised(&limits), ..SequenceData::default() },
        description: SequenceDescription {
            family: Family::SequenceDiffusion,
            columns: names.iter().map(column).collect(),
            normaliser: Normaliser { low: limits.low, high: limits.high },
            step_secs: system.step_secs(),
            quantity: Some(QuantitySpec {
                name: quantity.replace(' ', "_"),
                unit: unit.to_owned(),
                mean: 0.5 * (low + high),
                low: low + 0.05 * (high - low),
                high: high - 0.05 * (high - low),
                intended: maze.then(|| Intended::uniform(low, high, MONITOR_BINS).ok()).flatten(),
            }),
            condition: None,
            transform: None,
            world: maze.then(umaze),
            recipe: serde_json::Value::Null,
        },
        condition: None,
        pairing: None,
        initial: None,
    }
}

fn umaze() -> WorldSpec {
    let layout = Layout::umaze();
    WorldSpec {
        layout: layout.name().to_owned(),
        layout_text: layout.to_text(),
        radius_m: RADIUS_M,
        max_speed_mps: MAX_SPEED_MPS,
        max_acceleration_mps2: MAX_ACCELERATION_MPS2,
    }
}

/// The same mass over other, coarser cells; what lies outside counts at the ends.
fn regrouped(fine: &Marginal, grid: QuantityGrid) -> Result<Marginal, DriftError> {
    let mut sums = vec![0.0; grid.cells()];
    for (cell, mass) in fine.mass().iter().enumerate() {
        let centre = fine.grid().centre(cell).clamp(grid.low(), grid.high());
        if let Some(sum) = grid.cell_of(centre).and_then(|cell| sums.get_mut(cell)) {
            *sum += mass;
        }
    }
    Ok(Marginal::from_weights(grid, sums)?)
}

/// Fits, exports, samples with the exported file, measures and writes `unit.json`.
#[expect(clippy::too_many_arguments)] // what a unit is made of
pub(super) fn measure_fit(
    fitted: &SequenceRecipe,
    prepared: &Prepared,
    system: &dyn System,
    plan: &SystemPlan,
    seed: u64,
    method: Method,
    plan_sha256: &str,
    folder: &Path,
    options: &UnitOptions,
) -> Result<UnitResult, DriftError> {
    let begun = Instant::now();
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
    let report = fit_sequences(fitted, &prepared.rows, &fit_options)?;
    let checkpoint: Checkpoint<SequenceRecipe> = Checkpoint::read(&checkpoint_path)?;
    let model = folder.join("model.onnx");
    let export_options = ExportOptions {
        solver: SolverDefaults { solver: SolverKind::Ddpm, steps: fitted.diffusion.steps, candidates: 1 },
        library: options.engine.library.clone(),
        tolerance: STUDY_TOLERANCE,
        ..ExportOptions::to(&model)
    };
    let description =
        SequenceDescription { recipe: serde_json::to_value(plan).unwrap_or_default(), ..prepared.description.clone() };
    let exported = export_sequences(&checkpoint, &prepared.rows, &description, &export_options)?;

    let artefact = Artefact::open(&model)?;
    let mut generator = SequenceGenerator::new(&artefact, &options.engine, BATCH)?;
    let error = match method {
        Method::Baseline => {
            let schedule = NoiseSchedule::new(fitted.diffusion.schedule, fitted.diffusion.steps)
                .map_err(crate::fit::FitError::from)?;
            let stds: Vec<f64> = (0..schedule.steps()).map(|timestep| schedule.scales(Some(timestep)).1).collect();
            let timestep = matching_level(&stds, median_displacement(&prepared.rows.rows)?)?;
            Some((model_error(&mut generator, fitted, &prepared.rows, &schedule, timestep)?, timestep))
        }
        _ => None,
    };
    let samples = sample(&mut generator, prepared, fitted, plan, seed, options.progress)?;
    let (found, kept, dropped) = match method {
        Method::Transform => {
            let decoded = decode::decode(&mut generator, BATCH, &samples, seed)?;
            let (drawn, dropped) = admissible(system, &decoded.drawn);
            (weighted_marginal(system, &decoded.neighbours, &decoded.weights)?, drawn, dropped)
        }
        _ => {
            let (kept, dropped) = admissible(system, &samples.physical(&system.limits()));
            if kept.is_empty() {
                return Err(DriftError::NothingLeft { name: fitted.name.clone(), generated: samples.len() });
            }
            (marginal(system, &kept)?, kept, dropped)
        }
    };
    write_samples(&folder.join("samples.npy"), &kept)?;
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
        generated: samples.len() as u64,
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

/// Normalised samples of the exported model, with conditions and endpoints as the method wants them.
fn sample(
    generator: &mut SequenceGenerator,
    prepared: &Prepared,
    fitted: &SequenceRecipe,
    plan: &SystemPlan,
    seed: u64,
    progress: bool,
) -> Result<Trajectories, DriftError> {
    let count = plan.generated;
    let mut conditions = Vec::new();
    if let Some(condition) = &prepared.condition {
        let [low, high] = plan.system.range;
        let intended = Marginal::uniform(QuantityGrid::new(low, high, REWEIGHT_BINS)?, low, high)?;
        for value in requested_values(&intended, count, seed) {
            conditions.extend(condition.features(value)?);
        }
    }
    let mut endpoints = Vec::new();
    if fitted.endpoints_fixed {
        let rows = &prepared.rows.rows;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..count {
            let row = rows.get(rng.random_range(0..rows.len()));
            endpoints.extend_from_slice(&row[..rows.columns]);
            endpoints.extend_from_slice(&row[row.len() - rows.columns..]);
        }
    }
    let bar = if progress { ProgressBar::new(count as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} samples  {eta} left") {
        bar.set_style(style);
    }
    let request = SequenceRequest {
        count,
        // Not the seed of the fit: its streams have been used.
        seed: seed.wrapping_add(0x5A17),
        conditions: (!conditions.is_empty()).then_some(&conditions),
        endpoints: (!endpoints.is_empty()).then_some(&endpoints),
    };
    let values = generator.generate(&request, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    Ok(Trajectories { values, ..Trajectories::empty(fitted.horizon, fitted.network.columns) })
}

/// Mean squared error per coordinate of the predicted clean rows at one noise level: the model's overall error in data
/// space that a kernel's scale is matched to.
fn model_error(
    generator: &mut SequenceGenerator,
    fitted: &SequenceRecipe,
    data: &SequenceData,
    schedule: &NoiseSchedule,
    timestep: usize,
) -> Result<f64, DriftError> {
    let size = data.rows.size();
    let mut rng = ChaCha8Rng::seed_from_u64(fitted.training.seed);
    rng.set_stream(u64::MAX - 3);
    let (signal, noise) = schedule.scales(Some(timestep));
    let (mut sum, mut count) = (0.0, 0_usize);
    let edges = if fitted.endpoints_fixed { data.rows.columns } else { 0 };
    let mut said = vec![0.0; BATCH * size];
    for _ in 0..ERROR_ROWS.div_ceil(BATCH) {
        let clean: Vec<f32> =
            (0..BATCH).flat_map(|_| data.rows.get(rng.random_range(0..data.rows.len())).iter().copied()).collect();
        let noisy: Vec<f32> = clean
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let place = index % size;
                let epsilon: f32 = rng.sample(StandardNormal);
                let fixed = place < edges || place >= size - edges;
                if fixed { *value } else { signal as f32 * value + noise as f32 * epsilon }
            })
            .collect();
        generator.denoiser().denoise(&noisy, timestep, &mut said).map_err(planwright::planner::PlanError::from)?;
        for (said, clean) in said.iter().zip(&clean) {
            sum += f64::from(said.clamp(-1.0, 1.0) - clean).powi(2);
            count += 1;
        }
    }
    Ok(sum / count.max(1) as f64)
}

/// Physical samples as N x H x C.
fn write_samples(path: &Path, samples: &Trajectories) -> Result<(), DriftError> {
    use ndarray_npy::WriteNpyExt;
    let io = |source| DriftError::Io { path: path.to_owned(), source };
    let shape = (samples.len(), samples.horizon, samples.columns);
    let array = ndarray::Array3::from_shape_vec(shape, samples.values.clone())
        .map_err(|error| io(std::io::Error::other(error)))?;
    planwright::files::write_atomically(path, |file| array.write_npy(file).map_err(std::io::Error::other)).map_err(io)
}

/// Reads what [`write_samples`] wrote.
pub(super) fn read_samples(path: &Path) -> Result<Trajectories, DriftError> {
    use ndarray_npy::ReadNpyExt;
    let io = |source| DriftError::Io { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    let array = ndarray::Array3::<f32>::read_npy(file).map_err(|error| io(std::io::Error::other(error)))?;
    let (_, horizon, columns) = array.dim();
    Ok(Trajectories { values: array.into_iter().collect(), ..Trajectories::empty(horizon, columns) })
}
