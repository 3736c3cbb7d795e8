//! Errors of planning and of setting up a planner.

use crate::density::DensityError;
use crate::diffusion::SamplingError;
use crate::model::{EngineError, ModelError};

/// Why there is no proposal.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The observation holds a number that is not finite.
    #[error("expected finite numbers in state and goal")]
    NotFinite,
    /// No network call, or no search, fits before the deadline.
    #[error("no time for a proposal before the deadline")]
    NoTime,
    /// All candidates hold numbers that are not finite.
    #[error("all {0} candidates hold numbers that are not finite")]
    AllBroken(usize),
    /// No candidate's ends fit start and goal.
    #[error("none of {candidates} candidate paths leads from near the start to near the goal, clear of walls")]
    NoneFits {
        /// Candidates looked at.
        candidates: usize,
    },
    /// No roll-out arrives.
    #[error("none of {rollouts} roll-outs reaches the goal within {steps} steps")]
    NotReached {
        /// Roll-outs tried.
        rollouts: usize,
        /// Steps of each.
        steps: usize,
    },
    /// Start and goal lie in parts of the maze that no free cells connect.
    #[error("no path over free cells leads from the start to the goal")]
    NoPath,
    /// No path over free cells passes the moving obstacles as they are predicted.
    #[error("no path leads between the moving obstacles, nor does waiting")]
    NoPassage,
    /// No map has been set, or it is too large to be searched.
    #[error("expected a map to plan on, got none")]
    NoMap,
    /// The output of a policy's head is not a density.
    #[error("the policy's head: {0}")]
    Head(#[from] DensityError),
    /// The step count does not fit the model.
    #[error("{0}")]
    Steps(String),
    /// A picture of another size than the model sees.
    #[error("expected a picture of {expected} bytes, got {got}")]
    Picture {
        /// Bytes of the model's picture, RGB.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<SamplingError<EngineError>> for PlanError {
    fn from(error: SamplingError<EngineError>) -> Self {
        match error {
            SamplingError::Denoiser(error) => Self::Engine(error),
            other => Self::Steps(other.to_string()),
        }
    }
}

/// Why a planner cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum PlannerError {
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A planner of any map where one of a maze is needed.
    #[error("expected a planner of a maze, got '{0}', which plans on any map")]
    NoMaze(String),
    /// A setting that does not fit the model.
    #[error("{0}")]
    Setting(String),
}
