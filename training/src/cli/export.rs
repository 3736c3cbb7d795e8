//! `planwright-train export`

use super::{CliError, print_json, print_text};
use crate::export::{ExportError, ExportOptions, export};
use crate::fit::Checkpoint;
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
Example: planwright-train export runs/maze-umaze/checkpoint.safetensors --out models/maze-umaze.onnx

Nothing is written unless ONNX Runtime and tract agree with libtorch on random, extreme and real inputs.")]
pub(super) struct Export {
    /// A checkpoint of `fit`
    checkpoint: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Recommended solver
    #[arg(long, value_enum, default_value_t = SolverArgument::Ddim)]
    solver: SolverArgument,
    /// Recommended denoising steps
    #[arg(long, default_value_t = 2, value_name = "N")]
    steps: usize,
    /// Recommended number of candidates
    #[arg(long, default_value_t = 1, value_name = "N")]
    candidates: usize,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let checkpoint: Checkpoint = Checkpoint::read(&self.checkpoint).map_err(CliError::input)?;
        if self.steps == 0 || self.steps > checkpoint.recipe.diffusion.steps || self.candidates == 0 {
            let trained = checkpoint.recipe.diffusion.steps;
            return Err(CliError::input(anyhow::anyhow!(
                "expected 1 to {trained} steps and at least 1 candidate, got {} and {}",
                self.steps,
                self.candidates
            )));
        }
        let solver = match self.solver {
            SolverArgument::Ddim => Solver::Ddim,
            SolverArgument::Ddpm => Solver::Ddpm,
            SolverArgument::DpmSolverPlusPlus => Solver::DpmSolverPlusPlus,
        };
        let options = ExportOptions {
            library: self.onnxruntime.clone(),
            solver: SolverDefaults { solver, steps: self.steps, candidates: self.candidates },
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
}
