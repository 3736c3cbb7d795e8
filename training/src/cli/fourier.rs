//! `planwright-train fourier`: how smooth a distribution is; commands that moved.

use super::{CliError, print_json, print_text};
use clap::{Args, Subcommand};
use planwright::density::{smoothness, spectral_entropy};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  planwright-train fourier smoothness --pmf 0.1,0.2,0.4,0.2,0.1 --json

The experiments on heads are run by planwright-study.";

/// What to do with Fourier heads.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Fourier {
    #[command(subcommand)]
    command: FourierCommand,
}

#[derive(Subcommand)]
enum FourierCommand {
    /// Smoothness and spectral entropy of any distribution
    Smoothness(Smoothness),
    #[command(hide = true)]
    Fit(Moved),
    #[command(hide = true)]
    Policy(Moved),
    #[command(hide = true)]
    Toy(Moved),
    #[command(hide = true)]
    Numbers(Moved),
    #[command(hide = true)]
    Theory(Moved),
    #[command(hide = true)]
    Forecast(Moved),
    #[command(hide = true)]
    Report(Moved),
}

/// Arguments of a command that has another name now.
#[derive(Args)]
pub(super) struct Moved {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<String>,
}

impl Moved {
    /// Where a command of the drift study is now.
    pub(super) fn drift(&self) -> Result<(), CliError> {
        moved(match self.arguments.first().map(String::as_str) {
            Some("predict") => "planwright-study predict",
            Some("table" | "mitigate") => "planwright-study table drift",
            Some("ablate") => "planwright-study run ablation",
            Some("report") => "planwright-study report drift",
            Some("ship") => "planwright-study release",
            _ => "planwright-study run drift, planwright-study run ablation",
        })
    }
}

fn moved(command: &str) -> Result<(), CliError> {
    Err(CliError::input(anyhow::anyhow!("moved: {command}")))
}

#[derive(Args)]
#[command(after_help = "Example: planwright-train fourier smoothness --pmf 0.1,0.2,0.4,0.2,0.1 --json")]
struct Smoothness {
    /// Masses of the bins in their order, separated by commas
    #[arg(long, value_name = "P1,P2,...", allow_hyphen_values = true)]
    pmf: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Measured {
    smoothness: f64,
    spectral_entropy: f64,
}

impl Smoothness {
    fn masses(&self) -> Result<Vec<f64>, CliError> {
        let number = |text: &str| {
            let problem = || anyhow::anyhow!("--pmf: expected numbers separated by commas, got '{text}'");
            text.trim().parse::<f64>().map_err(|_| CliError::input(problem()))
        };
        self.pmf.split(',').map(number).collect()
    }

    fn run(&self) -> Result<(), CliError> {
        let masses = self.masses()?;
        let measured = Measured {
            smoothness: smoothness(&masses).map_err(CliError::input)?,
            spectral_entropy: spectral_entropy(&masses).map_err(CliError::input)?,
        };
        if self.json {
            return print_json(&measured);
        }
        print_text(&format!(
            "smoothness        {:.10}\nspectral entropy  {:.10}",
            measured.smoothness, measured.spectral_entropy
        ))
    }
}

impl Fourier {
    pub(super) fn run(&self) -> Result<(), CliError> {
        match &self.command {
            FourierCommand::Smoothness(command) => command.run(),
            FourierCommand::Fit(_) => {
                moved("planwright-train fit RECIPE, then planwright-train export CHECKPOINT --out FILE")
            }
            FourierCommand::Policy(_) => moved("planwright-study run policy"),
            FourierCommand::Toy(_) => moved("planwright-study run known_densities"),
            FourierCommand::Numbers(_) => moved("planwright-study run numbers"),
            FourierCommand::Theory(_) => moved("planwright-study run theory"),
            FourierCommand::Forecast(_) => moved("planwright-study run forecast"),
            FourierCommand::Report(_) => moved("planwright-study report heads"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pmf_that_is_none_gives_one_line() {
        let text = |pmf: &str| match (Smoothness { pmf: pmf.to_owned(), json: true }).run() {
            Err(CliError::Input(error)) => error.to_string(),
            other => panic!("{pmf}: {other:?}"),
        };
        assert_eq!(text("0.5,half"), "--pmf: expected numbers separated by commas, got 'half'");
        assert_eq!(text(""), "--pmf: expected numbers separated by commas, got ''");
        for pmf in ["nan,1", "-0.5,1.5", "0,0", "inf,1"] {
            let line = text(pmf);
            assert!(line.starts_with("expected ") && line.contains("got "), "{pmf}: {line}");
        }
    }
}
