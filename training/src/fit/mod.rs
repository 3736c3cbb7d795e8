//! Fitting a network from a recipe: objective, optimiser, checkpoints, metrics.

mod batch;
mod checkpoint;
mod denoising;
mod ensemble_adam;
mod optimiser;
mod recipe;
mod run;
mod sequence;
mod trainer;

pub use batch::{Batch, BatchSource};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use denoising::DenoiserRecipe;
pub use ensemble_adam::EnsembleAdam;
pub use optimiser::{Moments, OptimiserSettings, learning_rate};
pub use recipe::{DeviceName, DiffusionSettings, FitRecipe, Recipe, RecipeError, TrainingSettings, content_sha256};
pub(crate) use run::fit_by;
pub use run::{FitError, FitOptions, FitReport, fit};
pub(crate) use sequence::real_rows;
pub use sequence::{SequenceData, SequenceDiffusion, SequenceRecipe, fit_sequences};
pub use trainer::{StepReport, Trainer};
