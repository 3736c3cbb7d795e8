//! Errors of a comparison of videos.

use crate::export::ExportError;
use planwright::diffusion::ScheduleError;
use planwright::model::FamilyName;
use planwright::planner::PlanError;

/// Why no videos are compared.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// A checkpoint of another family.
    #[error(
        "expected a checkpoint of family goal-force, got one of {family}\nhint: `planwright-train fit` with a recipe such as training/recipes/goal-force-pixels.toml writes one",
        family = serde_json::to_value(.0).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    )]
    Family(FamilyName),
    /// A number out of its range.
    #[error("--{name}: expected 1 to {most}, got {got}")]
    Range {
        /// Which.
        name: &'static str,
        /// The largest.
        most: usize,
        /// The number.
        got: usize,
    },
    /// A motion model of other pictures or scales of the control signal.
    #[error(
        "--motion: expected a model with the checkpoint's [goal_force], got another one\nhint: leave --motion out, or choose a model of the same scales"
    )]
    OtherScales,
    /// The checkpoint does not hold the parameters of its own network.
    #[error(transparent)]
    Parameters(#[from] ExportError),
    /// The recipe's schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The sampler.
    #[error("{0}")]
    Sampling(String),
    /// The motion model.
    #[error("--motion: {0}")]
    Plan(#[from] PlanError),
}
