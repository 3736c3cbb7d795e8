//! `planwright-train fourier theory`: the scaling law, coloured noise and square waves beside what is published.

use super::{CliError, print_json, print_text, set_threads};
use crate::fourier::theory::{Theory, TheoryOptions, measure, read, text, write};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train fourier theory
  planwright-train fourier theory --json --threads 2
  planwright-train fourier theory --trials 100 --waves 100 --out runs/quick-theory

What is done is not done again: theory.json in the run folder, if it was made by the same command.")]
pub(super) struct FourierTheory {
    /// Samples of each colour of noise
    #[arg(long, default_value_t = 1000, value_name = "N")]
    trials: usize,
    /// Seed of the noise
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Most sine waves in a square wave
    #[arg(long, default_value_t = 256, value_name = "N")]
    waves: usize,
    /// Folder of the results
    #[arg(long, default_value = "runs/fourier-theory", value_name = "FOLDER")]
    out: PathBuf,
    /// Threads
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl FourierTheory {
    /// The command that makes the same figures.
    fn line(&self) -> String {
        let Self { trials, seed, waves, .. } = self;
        format!("planwright-train fourier theory --trials {trials} --seed {seed} --waves {waves}")
    }

    fn measure(&self) -> Result<Theory, CliError> {
        let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new(Theory::STEPS as u64) };
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
            bar.set_style(style);
        }
        let options = TheoryOptions { trials: self.trials, seed: self.seed, waves: self.waves };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build().map_err(CliError::failed)?;
        bar.set_message("scaling law");
        let measured = pool.install(|| {
            measure(&options, &self.line(), |next| {
                bar.inc(1);
                bar.set_message(next);
            })
        });
        bar.finish_and_clear();
        measured.map_err(CliError::input)
    }

    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let done = read(&self.out).map_err(CliError::input)?.filter(|done| done.command == self.line());
        let measured = match done {
            Some(done) => done,
            None => {
                let measured = self.measure()?;
                write(&self.out, &measured).map_err(CliError::input)?;
                measured
            }
        };
        if self.json { print_json(&measured) } else { print_text(&text(&measured)) }
    }
}
