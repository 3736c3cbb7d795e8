//! Fitting a network from a recipe: objective, optimiser, checkpoints, metrics.

mod ahead;
mod checkpoint;
mod corridor;
mod corridor_paths;
mod data_summary;
mod denoising;
mod ensemble_adam;
mod error;
mod goal_force;
mod goal_force_batch;
mod maze_diffusion;
mod muon;
mod optimiser;
mod policy;
mod run;
mod sequence;
mod stages;
mod system_description;
mod task;
mod trainer;

pub(crate) use checkpoint::joined;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use data_summary::{DataSummary, Row};
pub use ensemble_adam::EnsembleAdam;
pub use error::FitError;
pub use muon::{MatrixRange, matrices};
pub use optimiser::{Moments, learning_rate};
pub use run::{FitOptions, FitReport, fit};
pub use sequence::{SequenceData, SequenceDescription, fit_sequences};
pub use stages::{fit_stages, stages};
pub use task::Task;
pub use trainer::{StepReport, Trainer};
