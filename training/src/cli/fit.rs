//! `planwright-train fit`

use super::{CliError, print_json, print_text, set_threads};
use crate::fit::{FitError, FitOptions, fit_stages, stages};
use crate::network::SampleKind;
use crate::recipe::{DeviceName, Recipe};
use clap::Args;
use std::path::{Path, PathBuf};

/// Between the seeds of stages, so that a later one has other data.
const STAGE_SEEDS: u64 = 1000;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train fit training/recipes/maze-umaze.toml --threads 2
  planwright-train fit training/recipes/maze-policy.toml --threads 1
  planwright-train fit training/recipes/maze-umaze.toml --resume
  planwright-train export runs/maze-umaze/checkpoint.safetensors --out maze-umaze.onnx

The recipe's `family` chooses what is fitted; docs/MODELS.md lists the families and their fields.
The run folder holds checkpoint.safetensors (atomic; --resume goes on from it, on the processor bit for bit)
and metrics.jsonl (loss, gradient norm, learning rate, steps per second). The number of threads changes the
order of sums, and with it the last digits.")]
pub(super) struct Fit {
    /// The recipe, TOML
    recipe: PathBuf,
    /// Run folder (default: runs/NAME)
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on from the run folder's checkpoint
    #[arg(long)]
    resume: bool,
    /// Stop after this step; recipes that this one starts from are fitted whole
    #[arg(long, value_name = "STEP")]
    until: Option<u64>,
    /// Seed of fit and data, instead of the recipe's; of a recipe that starts from others it is the first one's, and each
    /// later one has 1000 more
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Instead of the recipe's device
    #[arg(long, value_enum)]
    device: Option<DeviceName>,
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
        let mut stages = stages(&self.recipe).map_err(CliError::input)?;
        if let Some(seed) = self.seed {
            for (recipe, stage) in stages.iter_mut().zip(0..) {
                recipe.set_seed(seed.wrapping_add(STAGE_SEEDS * stage));
            }
        }
        let name = stages.last().map_or_else(String::new, |recipe| recipe.name().to_owned());
        let pixels = stages.last().is_some_and(is_of_pixels);
        let options = FitOptions {
            folder: self.out.clone().unwrap_or_else(|| Path::new("runs").join(name)),
            resume: self.resume,
            until: self.until,
            device: self.device,
            progress: !self.json,
            initial: None,
        };
        if let [before @ .., own] = &stages[..]
            && !before.is_empty()
            && !self.json
        {
            let names: Vec<&str> = before.iter().map(Recipe::name).collect();
            eprintln!("{} starts from {}, fitted first where it is not", own.name(), names.join(", "));
        }
        let report = fit_stages(&stages, &options).map_err(|error| match error {
            FitError::Diverged { .. } => CliError::failed(error),
            other => CliError::input(other),
        })?;
        if self.json {
            return print_json(&report);
        }
        let loss = report.loss.map_or("nothing left to do".to_owned(), |loss| {
            format!("loss {loss:.5}, {:.1} steps/s", report.steps_per_second)
        });
        let checkpoint = report.checkpoint.display();
        let name = report.name;
        let next = match pixels {
            true => format!("video {checkpoint} --png {name}.png"),
            false => format!("export {checkpoint} --out {name}.onnx"),
        };
        print_text(&format!(
            "{name}: step {} of {}, {loss}\ncheckpoint {checkpoint}\nnext: planwright-train {next}",
            report.step, report.steps,
        ))
    }
}

/// Whether a recipe's network is not exported, but looked at.
fn is_of_pixels(recipe: &Recipe) -> bool {
    matches!(recipe, Recipe::GoalForce(recipe) if recipe.network.sample == SampleKind::Pixels)
}
