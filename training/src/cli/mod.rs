//! The command line: arguments, printing, exit codes; nothing else.

mod bench;
mod card;
mod corridor;
mod data;
mod drives;
mod export;
mod fit;
mod fourier;
mod schema;
mod video;

use crate::console;
use clap::{CommandFactory, Parser, Subcommand};
use planwright::cli::output::explain;
use serde::Serialize;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  planwright-train data --layout umaze --steps 1000000 --seed 0 --out umaze.npz
  planwright-train drives --preference side --minutes 10 --out drives/side.jsonl
  planwright-train fit training/recipes/maze-umaze.toml --threads 2
  planwright-train fit training/recipes/maze-policy.toml --threads 1
  planwright-train fit training/recipes/maze-umaze.toml --resume
  planwright-train export runs/maze-umaze/checkpoint.safetensors --out models/maze-umaze.onnx

Exit codes: 0 done, 1 failed, 2 wrong usage or input. Data go to stdout, progress and remarks to stderr.";

/// Fits planners and exports them as verified ONNX files.
#[derive(Parser)]
#[command(name = "planwright-train", version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate a recording of the waypoint controller, with its statistics
    Data(data::Data),
    /// Record drives of a scripted demonstrator on generated maps, for a corridor network to learn from
    Drives(drives::Drives),
    /// Fit a planner from a recipe
    Fit(fit::Fit),
    /// Turn a checkpoint into one ONNX file, if every engine agrees with libtorch
    Export(export::Export),
    /// Write measured figures into a model's manifest and its card
    Card(card::Card),
    /// Compare a corridor network with reference line, optimiser and expert on generated maps
    Corridor(corridor::Corridor),
    /// Compare the videos of a goal-force checkpoint with simulated ones
    Video(video::Video),
    /// Time training steps
    Bench(bench::Bench),
    /// The schemas of recipe and manifest
    Schema(schema::Schema),
    #[command(hide = true)]
    Drift(fourier::Moved),
    /// Smoothness of a distribution
    Fourier(fourier::Fourier),
}

/// How a command fails.
#[derive(Debug)]
enum CliError {
    /// Wrong usage or input: exit code 2.
    Input(anyhow::Error),
    /// Anything else: exit code 1.
    Failed(anyhow::Error),
}

impl CliError {
    fn input(error: impl Into<anyhow::Error>) -> Self {
        Self::Input(error.into())
    }

    fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }
}

/// The whole command line.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; a message that cannot be printed has no other place to go.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let done = match arguments.command {
        Command::Data(command) => command.run(),
        Command::Drives(command) => command.run(),
        Command::Fit(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Card(command) => command.run(),
        Command::Corridor(command) => command.run(),
        Command::Video(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Drift(command) => command.drift(),
        Command::Fourier(command) => command.run(),
    };
    let (error, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(CliError::Input(error)) => (error, 2),
        Err(CliError::Failed(error)) => (error, 1),
    };
    eprintln!("error: {}", explain(&error));
    ExitCode::from(code)
}

fn print_text(text: &str) -> Result<(), CliError> {
    let wrong = |error| CliError::input(anyhow::anyhow!("expected an output that can be written, got: {error}"));
    console::print_text(text).map_err(wrong)
}

fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    print_text(&serde_json::to_string_pretty(value).map_err(CliError::failed)?)
}

fn set_threads(threads: usize) -> Result<(), CliError> {
    let wrong = |got| CliError::input(anyhow::anyhow!("--threads: expected between 1 and 256, got {got}"));
    console::set_threads(threads).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }
}
