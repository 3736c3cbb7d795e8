//! The command line: arguments, printing, exit codes; nothing else.

mod bench;
mod card;
mod data;
mod drift;
mod drift_table;
mod export;
mod fit;
mod fourier;
mod fourier_fit;
mod fourier_forecast;
mod fourier_numbers;
mod fourier_policy;
mod fourier_report;
mod fourier_theory;

use clap::{Parser, Subcommand};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  planwright-train data --layout umaze --steps 1000000 --seed 0 --out umaze.npz
  planwright-train fit training/recipes/maze-umaze.toml --threads 2
  planwright-train fit training/recipes/maze-umaze.toml --resume
  planwright-train export runs/maze-umaze/checkpoint.safetensors --out models/maze-umaze.onnx

Exit codes: 0 done, 1 failed, 2 wrong usage or input. Data go to stdout, progress and remarks to stderr.";

/// Fits planners and exports them as ONNX files that have proven themselves.
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
    /// Fit a denoiser from a recipe
    Fit(fit::Fit),
    /// Turn a checkpoint into one ONNX file, if every engine agrees with libtorch
    Export(export::Export),
    /// Write measured figures into a model's manifest and its card
    Card(card::Card),
    /// Time training steps
    Bench(bench::Bench),
    /// Measure, predict and remove the drift of a physical quantity
    Drift(drift::Drift),
    /// Heads that speak of continuous values: toy densities, smoothness
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
        Command::Fit(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Card(command) => command.run(),
        Command::Bench(command) => command.run(),
        Command::Drift(command) => command.run(),
        Command::Fourier(command) => command.run(),
    };
    let (error, code) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(CliError::Input(error)) => (error, 2),
        Err(CliError::Failed(error)) => (error, 1),
    };
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}

/// Prints data to stdout. A reader that went away is no error; a full disk is.
fn print_text(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::input(anyhow::anyhow!("expected an output that can be written, got: {error}")))
        }
        _ => Ok(()),
    }
}

fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    print_text(&serde_json::to_string_pretty(value).map_err(CliError::failed)?)
}

/// Threads of libtorch, at least one.
fn set_threads(threads: usize) -> Result<(), CliError> {
    if !(1..=256).contains(&threads) {
        return Err(CliError::input(anyhow::anyhow!("--threads: expected between 1 and 256, got {threads}")));
    }
    tch::set_num_threads(threads as i32);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
