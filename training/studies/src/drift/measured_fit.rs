//! Fits a denoiser, exports it, samples with the exported file, and measures the distribution of the quantity.

use super::cell::UnitResult;
use super::decode;
use super::inputs::Inputs;
use super::measure::{admissible, marginal, prior};
use super::prepare::Prepared;
use super::recipe::SystemPlan;
use super::report::Method;
use super::samples::{self, BATCH};
use planwright::diffusion::{NoiseSchedule, Solver};
use planwright::model::{Artefact, SolverDefaults};
use planwright::planner::SequenceGenerator;
use planwright_training::export::{ExportOptions, export};
use planwright_training::fit::{Checkpoint, FitOptions, SequenceDescription, fit_sequences};
use planwright_training::recipe::SequenceRecipe;
use planwright_training::study::{StudyError, resumable};
use planwright_training::transform::System;
use planwright_training::transform::deviation::{matching_level, median_displacement};
use std::path::PathBuf;
use std::time::Instant;

/// Tolerance of the parity gate for a file that is only measured: short fits amplify rounding on inputs far outside
/// their data. A released model meets the gate's own.
const STUDY_TOLERANCE: f64 = 1e-4;

/// What is fitted and measured.
pub(crate) struct MeasuredFit<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) plan: &'a SystemPlan,
    pub(crate) system: &'a dyn System,
    pub(crate) seed: u64,
    pub(crate) method: Method,
    pub(crate) settings_sha256: String,
    /// Where checkpoint, metrics, `model.onnx` and `samples.npy` lie; the fit continues from a checkpoint there.
    pub(crate) folder: PathBuf,
}

impl MeasuredFit<'_> {
    pub(crate) fn run(self, fitted: &SequenceRecipe, prepared: &Prepared) -> Result<UnitResult, StudyError> {
        let begun = Instant::now();
        let Self { inputs, plan, system, seed, method, settings_sha256, folder } = self;
        let checkpoint_path = folder.join("checkpoint.safetensors");
        let fit_options = FitOptions {
            folder: folder.clone(),
            resume: resumable(&checkpoint_path)?,
            until: None,
            device: None,
            progress: inputs.progress,
            initial: prepared.initial.clone(),
        };
        let description = SequenceDescription {
            recipe: serde_json::to_value(plan).unwrap_or_default(),
            ..prepared.description.clone()
        };
        let report = fit_sequences(fitted, &prepared.rows, &description, &fit_options)?;
        let model = folder.join("model.onnx");
        let export_options = ExportOptions {
            solver: Some(SolverDefaults { solver: Solver::Ddpm, steps: fitted.diffusion.steps, candidates: 1 }),
            library: inputs.engine.library.clone(),
            tolerance: STUDY_TOLERANCE,
            ..ExportOptions::to(&model)
        };
        let exported = export(&Checkpoint::read(&checkpoint_path)?, &export_options)?;

        let mut generator = SequenceGenerator::new(&Artefact::open(&model)?, &inputs.engine, BATCH)?;
        let error = match method {
            Method::Baseline => Some(model_error(&mut generator, fitted, prepared)?),
            _ => None,
        };
        let drawn = samples::sample(&mut generator, prepared, fitted, plan, seed, inputs.progress)?;
        let (found, kept, dropped) = if method.has_codes() {
            decode::decode(&mut generator, BATCH, &drawn, seed)?.measured(system)?
        } else {
            let (kept, dropped) = admissible(system, &drawn.physical(&system.limits()));
            if kept.is_empty() {
                let (name, all) = (&fitted.name, drawn.len());
                let none = format!("{name}: expected admissible samples, got none of {all}\nhint: train longer");
                return Err(StudyError::failed(none));
            }
            (marginal(system, &kept)?, kept, dropped)
        };
        samples::write_samples(&folder.join("samples.npy"), &kept)?;
        Ok(UnitResult {
            system: plan.system.name,
            seed,
            method,
            plan_sha256: settings_sha256,
            recipe_sha256: report.recipe_sha256,
            tv_prior: found.total_variation(&prior(system)?)?,
            mass: found.mass().to_vec(),
            generated: drawn.len() as u64,
            dropped: dropped as u64,
            steps: report.step,
            loss: report.loss,
            wall_secs: begun.elapsed().as_secs_f64(),
            model_sha256: exported.sha256,
            model_error: error.map(|(error, _)| error),
            error_timestep: error.map(|(_, timestep)| timestep),
            pairing: prepared.pairing.as_ref().and_then(|report| serde_json::to_value(report).ok()),
        })
    }
}

/// The model's error at the noise level nearest the data's median step, and that level.
fn model_error(
    generator: &mut SequenceGenerator,
    fitted: &SequenceRecipe,
    prepared: &Prepared,
) -> Result<(f64, usize), StudyError> {
    let schedule = NoiseSchedule::new(fitted.diffusion.schedule, fitted.diffusion.steps)?;
    let stds: Vec<f64> = (0..schedule.steps()).map(|timestep| schedule.scales(Some(timestep)).1).collect();
    let timestep = matching_level(&stds, median_displacement(&prepared.rows.rows)?)?;
    Ok((samples::model_error(generator, fitted, &prepared.rows, &schedule, timestep)?, timestep))
}
