//! Drift studies: does a generator keep the intended distribution of a physical quantity, can that be predicted before
//! training, and what can be done about it.
//!
//! ```text
//! recipe -> data -> kernel -> prediction
//!             `-> fit -> ONNX file -> samples (by the runtime) -> recovered quantity -> unit.json
//! ```
//! Every fit is a unit with a folder of its own; a unit that is done is not done again, one that was cut short goes on
//! from its checkpoint.

mod ablate;
mod collect;
mod decode;
mod error;
mod measure;
pub mod mitigation;
mod predict;
mod prepare;
mod recipe;
pub mod report;
mod samples;
mod ship;
pub mod system;
mod unit;

pub use ablate::{AblationOptions, ablations};
pub use collect::{CollectOptions, collect};
pub use error::DriftError;
pub use predict::{Matched, PredictOptions, Prediction, predict};
pub use recipe::{AblationPlan, DriftRecipe, DriftRecipeError, FitPlan, KernelPlan, MethodSteps, SystemPlan};
pub use ship::{Shipped, ship};
pub use unit::{UnitOptions, UnitResult, run_unit};
