//! Policies: a transformer over the last steps with a Fourier or a linear head, fitted to episodes of mixed quality.
//!
//! ```text
//! recipe -> episodes (dataset) -> windows -> fit -> ONNX file -> runtime (planner/policy, evaluate/policy)
//! ```

mod batch;
mod export;
mod fit;
mod recipe;

pub use batch::{PolicyBatch, PolicyData};
pub use export::export_policy;
pub use fit::{PolicyError, fit_policy};
pub use recipe::{PolicyRecipe, PolicyRecipeError, PolicySizes};
