//! `planwright-train fourier fit`: a policy from a recipe to its file.

use super::{CliError, print_json, print_text, set_threads};
use crate::export::ExportOptions;
use crate::fit::{Checkpoint, FitError, FitOptions};
use crate::policy::{PolicyError, PolicyRecipe, export_policy, fit_policy};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train fourier fit training/recipes/maze-policy.toml --threads 2
  planwright-train fourier fit training/recipes/maze-policy.toml --resume --out runs/maze-policy

The run folder holds checkpoint.safetensors, metrics.jsonl and, once the fit is done, model.onnx.")]
pub(super) struct FitPolicy {
    /// The recipe, TOML
    recipe: PathBuf,
    /// Run folder (default: runs/NAME)
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// The seed of fit and data, instead of the recipe's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Go on from the run folder's checkpoint
    #[arg(long)]
    resume: bool,
    /// Threads of libtorch
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl FitPolicy {
    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let mut recipe = PolicyRecipe::read(&self.recipe).map_err(CliError::input)?;
        if let Some(seed) = self.seed {
            recipe.training.seed = seed;
            recipe.data.seed = seed;
        }
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&recipe.name));
        let options = FitOptions {
            folder: folder.clone(),
            resume: self.resume,
            until: None,
            device: None,
            progress: !self.json,
            initial: None,
        };
        let failure = |error: PolicyError| match error {
            PolicyError::Fit(FitError::Diverged { .. }) | PolicyError::Export(_) => CliError::failed(error),
            other => CliError::input(other),
        };
        let (fitted, episodes) = fit_policy(&recipe, &options).map_err(failure)?;
        let checkpoint: Checkpoint<PolicyRecipe> = Checkpoint::read(&fitted.checkpoint).map_err(CliError::input)?;
        let options =
            ExportOptions { library: self.onnxruntime.clone(), ..ExportOptions::to(folder.join("model.onnx")) };
        let exported = export_policy(&checkpoint, &episodes, &options).map_err(failure)?;
        if self.json {
            return print_json(&serde_json::json!({ "fit": fitted, "export": exported }));
        }
        let loss = fitted.loss.map_or("nothing left to do".to_owned(), |loss| format!("loss {loss:.4}"));
        print_text(&format!(
            "{}: step {} of {}, {loss}\n{}: {} bytes, sha256 {}",
            fitted.name,
            fitted.step,
            fitted.steps,
            exported.path.display(),
            exported.bytes,
            exported.sha256
        ))
    }
}
