//! `planwright-train video`

use super::{CliError, print_json, print_text, set_threads};
use crate::console::Progress;
use crate::fit::Checkpoint;
use crate::video::{VideoOptions, VideoReport, compare};
use clap::Args;
use planwright::files::{check_writable, write_atomically};
use planwright::model::{Artefact, EngineChoice, load_engine};
use planwright::planner::goal_force::{GoalForcePlanner, GoalForceSettings};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Every pixel of a picture is so large in the strip.
const ENLARGED: usize = 2;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train video runs/goal-force-pixels/checkpoint.safetensors --png videos.png
  planwright-train video runs/goal-force-pixels/checkpoint.safetensors --motion models/goal-force.onnx --scenes 200 --json

Draws videos with the averaged parameters of a checkpoint of family goal-force, as a planner draws motions, on scenes that its
fit has not. Scenes show their push and masses where the fit does. Prints the root mean square error of colours (0 to 1) of the pixels that move in
the true video and of those that rest, beside the first picture repeated and the true motion's splatted video: the pixels of
every object moved along its simulated centre, which is what splatting reaches with the true motion. A checkpoint of motions
and a model of --motion are splatted too, with the true pixels of every object.")]
pub(super) struct Video {
    /// A checkpoint of `fit`, of family goal-force
    checkpoint: PathBuf,
    /// Scenes
    #[arg(long, default_value_t = 64, value_name = "N")]
    scenes: usize,
    /// Seed of scenes, cameras and noise; no seed gives scenes of this checkpoint's fit
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u32,
    /// Network calls per video (default: the family's 4)
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// A motion model to stand beside the checkpoint
    #[arg(long, value_name = "FILE")]
    motion: Option<PathBuf>,
    /// Draw the first four scenes: true frames above predicted ones
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Threads on the processor
    #[arg(long, default_value_t = 2, value_name = "N")]
    threads: usize,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl Video {
    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
        if let Some(path) = &self.png {
            let inputs = std::iter::once(&self.checkpoint).chain(&self.motion);
            if let Some(input) = inputs.into_iter().find(|input| same(input, path)) {
                let input = input.display();
                return Err(CliError::input(anyhow::anyhow!(
                    "--png: expected another file than the input, got {input}"
                )));
            }
            check_writable(path).map_err(|error| unwritable(path, &error))?;
        }
        let checkpoint = Checkpoint::read(&self.checkpoint).map_err(CliError::input)?;
        let options = VideoOptions { scenes: self.scenes, seed: self.seed, steps: self.steps };
        options.check(&checkpoint).map_err(CliError::input)?;
        let mut motion = self.motion.as_deref().map(|path| self.open(path)).transpose()?;
        let bar = Progress::new(self.scenes as u64, "scenes", !self.json);
        let report = compare(&checkpoint, options, motion.as_mut(), || bar.advance(1)).map_err(CliError::input)?;
        drop(bar);
        if let Some(path) = &self.png {
            write_atomically(path, |file| report.strip.write_png(file, ENLARGED))
                .map_err(|error| unwritable(path, &error))?;
        }
        if self.json { print_json(&report) } else { print_text(&described(&report)) }
    }

    fn open(&self, path: &Path) -> Result<GoalForcePlanner, CliError> {
        let artefact = Artefact::open(path).map_err(CliError::input)?;
        let engine = |batch| load_engine(&artefact, &EngineChoice::default(), batch);
        let settings = GoalForceSettings { steps: self.steps, candidates: Some(1) };
        GoalForcePlanner::open(artefact.manifest(), settings, engine)
            .map_err(|error| CliError::input(anyhow::anyhow!("--motion: {error}")))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::input(anyhow::anyhow!("--png: expected a file that can be written, got {}: {error}", path.display()))
}

fn described(report: &VideoReport) -> String {
    let VideoReport { name, training_steps, scenes, steps, moving_levels, moving_share, rows, .. } = report;
    let mut text = format!(
        "{name} after {training_steps} steps: {scenes} scenes, {steps} network calls; {:.2}% of the pixels move (by more than {moving_levels} of 255)\nerror of colours, 0 to 1       moving  resting\n",
        100.0 * moving_share
    );
    for row in rows {
        let _ = writeln!(text, "{:<28} {:8.4} {:8.4}", row.name, row.errors.moving, row.errors.resting);
    }
    text
}
