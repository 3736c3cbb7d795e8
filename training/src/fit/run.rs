//! A whole fit: data, steps, checkpoints, metrics, progress.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::error::FitError;
use super::optimiser::learning_rate;
use super::task::Task;
use super::trainer::Trainer;
use crate::console::Progress;
use crate::recipe::{DeviceName, Recipe};
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// How a fit is run.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// Folder of checkpoint and metrics.
    pub folder: PathBuf,
    /// Go on from the folder's checkpoint; without it a folder that has one is refused.
    pub resume: bool,
    /// Stop after this step, short of the recipe's end.
    pub until: Option<u64>,
    /// Instead of the recipe's.
    pub device: Option<DeviceName>,
    /// Show a progress bar on stderr.
    pub progress: bool,
    /// Values of all parameters to start from, in flat order; random ones from the recipe's seed if `None`.
    pub initial: Option<Vec<f32>>,
}

/// What a fit did.
#[derive(Clone, Debug, Serialize)]
pub struct FitReport {
    /// The recipe's name.
    pub name: String,
    /// Step reached.
    pub step: u64,
    /// Steps of the recipe.
    pub steps: u64,
    /// Loss averaged over the last steps (at most 200); `None` if no step was left to make.
    pub loss: Option<f64>,
    /// Optimiser steps per second of this run.
    pub steps_per_second: f64,
    /// Parameters of the network.
    pub parameters: usize,
    /// Hash of the data.
    pub data_sha256: String,
    /// Hash of the recipe.
    pub recipe_sha256: String,
    /// The checkpoint.
    pub checkpoint: PathBuf,
    /// One JSON object per line.
    pub metrics: PathBuf,
}

#[derive(Serialize)]
struct Metric {
    step: u64,
    loss: f64,
    gradient_norm: f64,
    learning_rate: f64,
    steps_per_second: f64,
}

const METRICS_EVERY: u64 = 50;

/// Generates the data of a recipe and fits it.
///
/// # Errors
/// See [`FitError`]; whatever happens, the last checkpoint on disk is whole.
pub fn fit(recipe: &Recipe, options: &FitOptions) -> Result<FitReport, FitError> {
    let run = Run::open(recipe, options)?;
    run.drive(Task::of(recipe)?)
}

/// A fit with its folder, and its trainer where the last run left it.
pub(super) struct Run<'a> {
    options: &'a FitOptions,
    trainer: Trainer,
    /// Hash of the data that the checkpoint to resume from was fitted to.
    resumed_data: Option<String>,
    checkpoint_path: PathBuf,
    metrics_path: PathBuf,
}

impl<'a> Run<'a> {
    /// Checks everything that can be checked before data are made.
    pub(super) fn open(recipe: &Recipe, options: &'a FitOptions) -> Result<Self, FitError> {
        let device = options.device.unwrap_or(recipe.training().device);
        if device == DeviceName::Cuda && !tch::Cuda::is_available() {
            return Err(FitError::NoCuda);
        }
        let output = |source| FitError::Output { path: options.folder.clone(), source };
        planwright::files::make_folder(&options.folder).map_err(output)?;
        let checkpoint_path = options.folder.join("checkpoint.safetensors");
        let metrics_path = options.folder.join("metrics.jsonl");
        for path in [&checkpoint_path, &metrics_path] {
            let output = |source| FitError::Output { path: path.clone(), source };
            planwright::files::check_writable(path).map_err(output)?;
        }
        let parameters = || recipe.network().parameters();
        let mut resumed_data = None;
        let trainer = match (checkpoint_path.exists(), options.resume) {
            (true, true) => {
                let checkpoint = Checkpoint::read(&checkpoint_path)?;
                checkpoint.check_recipe(recipe, &checkpoint_path)?;
                resumed_data = Some(checkpoint.data.sha256.clone());
                checkpoint.trainer(device)
            }
            (true, false) => return Err(FitError::Exists(checkpoint_path)),
            (false, true) => return Err(FitError::NothingToResume(checkpoint_path)),
            (false, false) => match (&options.initial, &recipe.training().starts_from) {
                (None, Some(name)) => {
                    return Err(FitError::Data {
                        expected: format!("the weights of a fit of '{name}', from which this recipe starts"),
                        got: "none".to_owned(),
                    });
                }
                (None, None) => Trainer::new(parameters(), recipe.training(), device),
                (Some(values), _) => Trainer::starting_from(parameters(), recipe.training(), device, values)
                    .ok_or_else(|| FitError::Data {
                        expected: "as many initial values as the network has parameters".to_owned(),
                        got: values.len().to_string(),
                    })?,
            },
        };
        Ok(Self { options, trainer, resumed_data, checkpoint_path, metrics_path })
    }

    /// All steps of the task.
    pub(super) fn drive(self, mut task: Task<'_>) -> Result<FitReport, FitError> {
        let Self { options, mut trainer, resumed_data, checkpoint_path, metrics_path } = self;
        if let Some(got) = resumed_data.filter(|got| *got != task.data.sha256) {
            let expected = task.data.sha256;
            return Err(CheckpointError::OtherData { path: checkpoint_path, expected, got }.into());
        }
        let training = task.recipe.training().clone();
        let output = |source| FitError::Output { path: options.folder.clone(), source };
        let mut metrics = planwright::files::append(&metrics_path).map_err(output)?;
        let end = options.until.unwrap_or(training.steps).min(training.steps);
        let bar = Progress::new(end, "steps", options.progress);
        bar.set(trainer.step_count());
        let (begun, first) = (Instant::now(), trainer.step_count());
        let mut recent: Vec<f64> = Vec::new();
        let mut kept = first;
        while trainer.step_count() < end {
            let step = trainer.step_count();
            let report = task.step(&mut trainer);
            if !(report.loss.is_finite() && report.gradient_norm.is_finite()) {
                return Err(FitError::Diverged { step, kept });
            }
            if recent.len() == 200 {
                recent.remove(0);
            }
            recent.push(report.loss);
            let done = step + 1;
            let steps_per_second = (done - first) as f64 / begun.elapsed().as_secs_f64().max(1e-9);
            if done % METRICS_EVERY == 0 || done == end {
                let metric = Metric {
                    step: done,
                    loss: mean(&recent),
                    gradient_norm: report.gradient_norm,
                    learning_rate: learning_rate(&training.optimiser, step, training.steps),
                    steps_per_second,
                };
                let line = serde_json::to_string(&metric).unwrap_or_default();
                writeln!(metrics, "{line}").map_err(output)?;
                bar.note(format!("loss {:.5}  {steps_per_second:.1} steps/s", metric.loss));
                bar.set(done);
            }
            if done % training.checkpoint_every == 0 || done == end {
                task.checkpoint(&trainer).write(&checkpoint_path)?;
                kept = done;
            }
        }
        Ok(FitReport {
            name: task.recipe.name().to_owned(),
            step: trainer.step_count(),
            steps: training.steps,
            loss: (!recent.is_empty()).then(|| mean(&recent)),
            steps_per_second: (trainer.step_count() - first) as f64 / begun.elapsed().as_secs_f64().max(1e-9),
            parameters: trainer.layout.len(),
            data_sha256: task.data.sha256,
            recipe_sha256: task.recipe.sha256(),
            checkpoint: checkpoint_path,
            metrics: metrics_path,
        })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
