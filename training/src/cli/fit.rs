//! `planwright-train fit`

use super::{CliError, print_json, print_text, set_threads};
use crate::fit::{DeviceName, FitError, FitOptions, Recipe, fit};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, ValueEnum)]
enum DeviceArgument {
    Cpu,
    Cuda,
}

#[derive(Args)]
#[command(after_help = "\
Example: planwright-train fit training/recipes/maze-umaze.toml --threads 2

The run folder holds checkpoint.safetensors (atomic; --resume goes on from it, on the processor bit for bit)
and metrics.jsonl (loss, gradient norm, learning rate, steps per second).")]
pub(super) struct Fit {
    /// The recipe, TOML
    recipe: PathBuf,
    /// Run folder (default: runs/NAME)
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on from the run folder's checkpoint
    #[arg(long)]
    resume: bool,
    /// Stop after this step
    #[arg(long, value_name = "STEP")]
    until: Option<u64>,
    /// Instead of the recipe's device
    #[arg(long, value_enum)]
    device: Option<DeviceArgument>,
    /// Threads on the processor
    #[arg(long, default_value_t = 2, value_name = "N")]
    threads: usize,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl Fit {
    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let recipe = Recipe::read(&self.recipe).map_err(CliError::input)?;
        let folder = self.out.clone().unwrap_or_else(|| Path::new("runs").join(&recipe.name));
        let options = FitOptions {
            folder,
            resume: self.resume,
            until: self.until,
            device: self.device.map(|device| match device {
                DeviceArgument::Cpu => DeviceName::Cpu,
                DeviceArgument::Cuda => DeviceName::Cuda,
            }),
            progress: !self.json,
            initial: None,
        };
        let report = fit(&recipe, &options).map_err(|error| match error {
            FitError::Diverged { .. } => CliError::failed(error),
            other => CliError::input(other),
        })?;
        if self.json {
            return print_json(&report);
        }
        let loss = report.loss.map_or("nothing left to do".to_owned(), |loss| {
            format!("loss {loss:.5}, {:.1} steps/s", report.steps_per_second)
        });
        print_text(&format!(
            "{}: step {} of {}, {loss}\ncheckpoint {}",
            report.name,
            report.step,
            report.steps,
            report.checkpoint.display()
        ))
    }
}
