//! A whole fit: data, steps, checkpoints, metrics, progress.

use super::batch::BatchSource;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::optimiser::learning_rate;
use super::recipe::{DeviceName, FitRecipe, Recipe};
use super::trainer::Trainer;
use crate::dataset::{WindowError, Windows, generate};
use indicatif::{ProgressBar, ProgressStyle};
use planwright::diffusion::{NoiseSchedule, ScheduleError};
use planwright::world::{Layout, LayoutError};
use serde::Serialize;
use std::fs::OpenOptions;
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

/// Why a fit failed.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// The recipe's layout.
    #[error("data.layout: {0}")]
    Layout(#[from] LayoutError),
    /// The recipe's windows.
    #[error(transparent)]
    Windows(#[from] WindowError),
    /// The recipe's schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Reading or writing checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Output folder.
    #[error("{path}: {source}\nhint: choose a folder that can be written with --out")]
    Output {
        /// The folder or file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A run is there already.
    #[error("{0}: expected no checkpoint, got one\nhint: --resume goes on from it; another --out starts anew")]
    Exists(PathBuf),
    /// Nothing to resume.
    #[error("{0}: expected a checkpoint to resume from, got none\nhint: leave out --resume to start")]
    NothingToResume(PathBuf),
    /// Rows, weights or conditions that do not fit the recipe.
    #[error("expected {expected}, got {got}")]
    Data {
        /// What would do.
        expected: String,
        /// What was given.
        got: String,
    },
    /// No such device here.
    #[error(
        "expected a CUDA device, got a libtorch without one\nhint: --device cpu, or use a CUDA libtorch (LIBTORCH)"
    )]
    NoCuda,
    /// The loss is NaN or infinite: the last checkpoint is kept.
    #[error(
        "the loss is not finite at step {step}; the checkpoint of step {kept} is kept\nhint: lower training.optimiser.learning_rate"
    )]
    Diverged {
        /// Where it happened.
        step: u64,
        /// Last good checkpoint.
        kept: u64,
    },
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

/// Fits a recipe.
///
/// # Errors
/// See [`FitError`]; whatever happens, the last checkpoint on disk is whole.
pub fn fit(recipe: &Recipe, options: &FitOptions) -> Result<FitReport, FitError> {
    let run = Run::open(recipe, options)?;
    let layout = Layout::named_or_file(&recipe.data.layout)?;
    let recording = generate(&layout, &recipe.data);
    let windows = Windows::new(&recording, recipe.windows.clone())?;
    let schedule = NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?;
    let source = BatchSource::new(&windows, schedule, recipe.windows.horizon, recipe.training.seed);
    run.drive(&recording.sha256(), |step, count, batch| source.draw(step, count, batch))
}

/// Fits any recipe to whatever `draw` fills the batches with.
///
/// # Errors
/// As [`fit`].
pub(crate) fn fit_by<R: FitRecipe>(
    recipe: &R,
    options: &FitOptions,
    data_sha256: &str,
    draw: impl FnMut(u64, usize, &mut R::Batch),
) -> Result<FitReport, FitError> {
    Run::open(recipe, options)?.drive(data_sha256, draw)
}

/// A fit that has its folder, and its trainer where the last run left it.
pub(super) struct Run<'a, R> {
    options: &'a FitOptions,
    trainer: Trainer<R>,
    checkpoint_path: PathBuf,
    metrics_path: PathBuf,
}

impl<'a, R: FitRecipe> Run<'a, R> {
    /// Everything that can be refused before data are made.
    pub(super) fn open(recipe: &R, options: &'a FitOptions) -> Result<Self, FitError> {
        let device = options.device.unwrap_or(recipe.training().device);
        if device == DeviceName::Cuda && !tch::Cuda::is_available() {
            return Err(FitError::NoCuda);
        }
        let output = |source| FitError::Output { path: options.folder.clone(), source };
        std::fs::create_dir_all(&options.folder).map_err(output)?;
        let checkpoint_path = options.folder.join("checkpoint.safetensors");
        let metrics_path = options.folder.join("metrics.jsonl");
        planwright::files::check_writable(&checkpoint_path).map_err(output)?;
        let trainer = match (checkpoint_path.exists(), options.resume) {
            (true, true) => {
                let checkpoint = Checkpoint::read(&checkpoint_path)?;
                checkpoint.check_recipe(recipe, &checkpoint_path)?;
                checkpoint.into_trainer(device)
            }
            (true, false) => return Err(FitError::Exists(checkpoint_path)),
            (false, true) => return Err(FitError::NothingToResume(checkpoint_path)),
            (false, false) => match &options.initial {
                None => Trainer::new(recipe, device),
                Some(values) => Trainer::starting_from(recipe, device, values).ok_or_else(|| FitError::Data {
                    expected: "as many initial values as the network has parameters".to_owned(),
                    got: values.len().to_string(),
                })?,
            },
        };
        Ok(Self { options, trainer, checkpoint_path, metrics_path })
    }

    /// All steps. `draw` fills the batch of a step with so many samples.
    pub(super) fn drive(
        self,
        data_sha256: &str,
        mut draw: impl FnMut(u64, usize, &mut R::Batch),
    ) -> Result<FitReport, FitError> {
        let Self { options, mut trainer, checkpoint_path, metrics_path } = self;
        let recipe = trainer.recipe.clone();
        let output = |source| FitError::Output { path: options.folder.clone(), source };
        let mut metrics = OpenOptions::new().create(true).append(true).open(&metrics_path).map_err(output)?;
        let training = recipe.training();
        let end = options.until.unwrap_or(training.steps).min(training.steps);
        let bar = progress_bar(options.progress, trainer.step_count(), end);
        let (begun, first) = (Instant::now(), trainer.step_count());
        let mut recent: Vec<f64> = Vec::new();
        let mut kept = first;
        let mut batch = R::Batch::default();
        while trainer.step_count() < end {
            let step = trainer.step_count();
            draw(step, training.batch, &mut batch);
            let report = trainer.step(&batch);
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
                bar.set_message(format!("loss {:.5}  {steps_per_second:.1} steps/s", metric.loss));
                bar.set_position(done);
            }
            if done % training.checkpoint_every == 0 || done == end {
                Checkpoint::of(&trainer).write(&checkpoint_path)?;
                kept = done;
            }
        }
        bar.finish();
        Ok(FitReport {
            name: recipe.name().to_owned(),
            step: trainer.step_count(),
            steps: training.steps,
            loss: (!recent.is_empty()).then(|| mean(&recent)),
            steps_per_second: (trainer.step_count() - first) as f64 / begun.elapsed().as_secs_f64().max(1e-9),
            parameters: trainer.layout.len(),
            data_sha256: data_sha256.to_owned(),
            recipe_sha256: recipe.sha256(),
            checkpoint: checkpoint_path,
            metrics: metrics_path,
        })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn progress_bar(shown: bool, position: u64, length: u64) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length).with_position(position);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}  {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
