//! `planwright-train export`

use super::{CliError, print_json, print_text};
use crate::export::{ExportError, ExportOptions, default_solver, export};
use crate::fit::Checkpoint;
use crate::recipe::Recipe;
use clap::{Args, ValueEnum};
use planwright::diffusion::Solver;
use planwright::model::SolverDefaults;
use std::path::PathBuf;

#[derive(Clone, Copy, ValueEnum)]
enum SolverArgument {
    Ddim,
    Ddpm,
    #[value(name = "dpm-solver++")]
    DpmSolverPlusPlus,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train export runs/maze-umaze/checkpoint.safetensors --out maze-umaze.onnx
  planwright-train export runs/maze-policy/checkpoint.safetensors --out maze-policy.onnx --json

Nothing is written unless ONNX Runtime and tract agree with libtorch on random, extreme and real inputs.
The checkpoint carries everything that the file needs of its data: no data are generated.
Without --solver, --steps and --candidates the file recommends what suits its family: maze-diffusion DDIM with
2 steps and 1 candidate, sequences and transforms DDIM with 5 steps and 8 candidates. A policy has no sampler.")]
pub(super) struct Export {
    /// A checkpoint of `fit`
    checkpoint: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Recommended solver
    #[arg(long, value_enum)]
    solver: Option<SolverArgument>,
    /// Recommended denoising steps
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Recommended number of candidates
    #[arg(long, value_name = "N")]
    candidates: Option<usize>,
    /// Clearance beyond the footprint that a corridor's features are computed for, metres, in place of the recipe's: no
    /// step of the fit depends on it
    #[arg(long, value_name = "METRES")]
    margin: Option<f64>,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let mut checkpoint = Checkpoint::read(&self.checkpoint).map_err(CliError::input)?;
        if let Some(margin_m) = self.margin {
            let Recipe::Corridor(recipe) = &mut checkpoint.recipe else {
                let family = checkpoint.recipe.family();
                let problem = format!("--margin: expected a checkpoint of family corridor, got {family:?}");
                return Err(CliError::input(anyhow::anyhow!(problem)));
            };
            recipe.margin_m = margin_m;
            checkpoint.recipe.check().map_err(|error| CliError::input(anyhow::anyhow!("--margin: {error}")))?;
        }
        let options = ExportOptions {
            library: self.onnxruntime.clone(),
            solver: Some(self.solver(&checkpoint)?),
            ..ExportOptions::to(&self.out)
        };
        let report = export(&checkpoint, &options).map_err(|error| match error {
            ExportError::Gate(_) => CliError::failed(error),
            other => CliError::input(other),
        })?;
        for warning in &report.warnings {
            eprintln!("warning: {warning}");
        }
        if self.json {
            return print_json(&report);
        }
        print_text(&format!(
            "{}: {} parameters, {} bytes, sha256 {}\nparity {:?}",
            report.path.display(),
            report.parameters,
            report.bytes,
            report.sha256,
            report.parity.largest
        ))
    }

    /// The family's sampler with what the options change of it.
    fn solver(&self, checkpoint: &Checkpoint) -> Result<SolverDefaults, CliError> {
        let usual = default_solver(&checkpoint.recipe);
        let trained = checkpoint.recipe.diffusion().map(|diffusion| diffusion.steps);
        let any = self.solver.is_some() || self.steps.is_some() || self.candidates.is_some();
        let (steps, candidates) = (self.steps.unwrap_or(usual.steps), self.candidates.unwrap_or(usual.candidates));
        match trained {
            None if any => {
                let problem =
                    "expected no --solver, --steps or --candidates for a policy, which has no sampler, got one";
                return Err(CliError::input(anyhow::anyhow!(problem)));
            }
            Some(trained) if steps == 0 || self.steps.is_some_and(|steps| steps > trained) || candidates == 0 => {
                let problem =
                    format!("expected 1 to {trained} steps and at least 1 candidate, got {steps} and {candidates}");
                return Err(CliError::input(anyhow::anyhow!(problem)));
            }
            _ => {}
        }
        let solver = match self.solver {
            None => usual.solver,
            Some(SolverArgument::Ddim) => Solver::Ddim,
            Some(SolverArgument::Ddpm) => Solver::Ddpm,
            Some(SolverArgument::DpmSolverPlusPlus) => Solver::DpmSolverPlusPlus,
        };
        Ok(SolverDefaults { solver, steps, candidates })
    }
}
