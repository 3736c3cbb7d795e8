//! `planwright-train fourier`: what a head of few frequencies learns, and how smooth a distribution is.

use super::fourier_fit::FitPolicy;
use super::fourier_forecast::Forecast;
use super::fourier_numbers::Numbers;
use super::fourier_policy::ComparePolicies;
use super::fourier_report::FourierReport;
use super::fourier_theory::FourierTheory;
use super::{CliError, print_json, print_text, set_threads};
use crate::fourier::FourierError;
use crate::fourier::LaneOptions;
use crate::fourier::toy::{Dataset, Task, ToyHead, ToyPlan, run_all, table, text};
use clap::{Args, Subcommand, ValueEnum};
use planwright::density::{smoothness, spectral_entropy};
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  planwright-train fourier toy --dataset gaussian --head linear,fourier --seeds 1,2
  planwright-train fourier toy --json
  planwright-train fourier toy --mle
  planwright-train fourier toy --sweep
  planwright-train fourier theory --json
  planwright-train fourier smoothness --pmf 0.1,0.2,0.4,0.2,0.1 --json

A run that is done is not done again: its result lies in the run folder, with a hash of its settings.";

/// What to do with Fourier heads.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Fourier {
    #[command(subcommand)]
    command: FourierCommand,
}

#[derive(Subcommand)]
enum FourierCommand {
    /// Learn three known distributions under each head, beside the published figures (tables 2.1, A2 to A4)
    Toy(Toy),
    /// Ask a small model for Gaussian numbers under each head (figures 2.3 and A23)
    Numbers(Numbers),
    /// Smoothness and spectral entropy of any distribution
    Smoothness(Smoothness),
    /// The scaling law, coloured noise and square waves beside the published figures (theorem 2.2.3, table A1, A17)
    Theory(FourierTheory),
    /// Fit a policy from a recipe and export it
    Fit(FitPolicy),
    /// Compare linear and Fourier heads on policies: returns, smoothness, jerk, collisions
    Policy(ComparePolicies),
    /// All experiments on heads in one document with plots
    Report(FourierReport),
    /// Forecast series that were never seen, beside the published table A5
    Forecast(Forecast),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DatasetArgument {
    Gaussian,
    Gmm2,
    Beta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HeadArgument {
    Linear,
    Mixture,
    Fourier,
    Regression,
}

#[derive(Args)]
struct Toy {
    /// Distributions, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    dataset: Vec<DatasetArgument>,
    /// Heads, separated by commas (default: all that the task has)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    head: Vec<HeadArgument>,
    /// Seeds, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "N", default_values_t = ToyPlan::SEEDS)]
    seeds: Vec<u64>,
    /// Passes over the training rows
    #[arg(long, default_value_t = 500, value_name = "N")]
    epochs: usize,
    /// Fourier heads of 2, 4, .., 20 frequencies with and without penalty (figures A19 and A20)
    #[arg(long)]
    sweep: bool,
    /// Values in place of bins, by maximum likelihood (table A4)
    #[arg(long)]
    mle: bool,
    /// Folder of the results
    #[arg(long, default_value = "runs/fourier-toy", value_name = "FOLDER")]
    out: PathBuf,
    /// Most runs that are trained side by side
    #[arg(long, default_value_t = 20, value_name = "N")]
    lanes: usize,
    /// Threads of libtorch
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl Toy {
    fn plan(&self) -> ToyPlan {
        let datasets: Vec<Dataset> = self
            .dataset
            .iter()
            .map(|dataset| match dataset {
                DatasetArgument::Gaussian => Dataset::Gaussian,
                DatasetArgument::Gmm2 => Dataset::Gmm2,
                DatasetArgument::Beta => Dataset::Beta,
            })
            .collect();
        let fourier = if self.sweep { ToyHead::sweep() } else { vec![ToyHead::TABLE] };
        let all: &[HeadArgument] = match (self.head.as_slice(), self.mle) {
            ([], false) => {
                &[HeadArgument::Linear, HeadArgument::Mixture, HeadArgument::Fourier, HeadArgument::Regression]
            }
            ([], true) => &[HeadArgument::Mixture, HeadArgument::Fourier],
            (chosen, _) => chosen,
        };
        let heads = all.iter().flat_map(|head| match head {
            HeadArgument::Linear => vec![ToyHead::Linear {}],
            HeadArgument::Mixture => vec![ToyHead::Mixture {}],
            HeadArgument::Regression => vec![ToyHead::Regression {}],
            HeadArgument::Fourier => fourier.clone(),
        });
        ToyPlan {
            task: if self.mle { Task::Values } else { Task::Bins },
            datasets: if datasets.is_empty() { Dataset::ALL.to_vec() } else { datasets },
            heads: heads.collect(),
            seeds: self.seeds.clone(),
            epochs: self.epochs,
            samples: 5000,
        }
    }

    /// The command that makes the same table.
    fn line(&self) -> String {
        let mut line = "planwright-train fourier toy".to_owned();
        let mut add = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                line.push_str(&format!(" --{name} {}", values.join(",")));
            }
        };
        let name = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
        add("dataset", self.dataset.iter().filter_map(|dataset| name(dataset.to_possible_value())).collect());
        add("head", self.head.iter().filter_map(|head| name(head.to_possible_value())).collect());
        add("seeds", self.seeds.iter().map(u64::to_string).collect());
        add("epochs", vec![self.epochs.to_string()]);
        for (given, flag) in [(self.sweep, " --sweep"), (self.mle, " --mle")] {
            line.push_str(if given { flag } else { "" });
        }
        line
    }

    fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let options = LaneOptions { folder: self.out.clone(), lanes: self.lanes, progress: !self.json };
        let results = run_all(&self.plan(), &options).map_err(failure)?;
        let table = table(&results, &self.line());
        if self.json { print_json(&table) } else { print_text(&text(&table)) }
    }
}

/// Failures that no other input would mend are not the caller's.
pub(super) fn failure(error: FourierError) -> CliError {
    match error {
        FourierError::Diverged { .. } | FourierError::Tensor(_) => CliError::failed(error),
        other => CliError::input(other),
    }
}

#[derive(Args)]
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
            FourierCommand::Toy(command) => command.run(),
            FourierCommand::Numbers(command) => command.run(),
            FourierCommand::Smoothness(command) => command.run(),
            FourierCommand::Theory(command) => command.run(),
            FourierCommand::Fit(command) => command.run(),
            FourierCommand::Policy(command) => command.run(),
            FourierCommand::Report(command) => command.run(),
            FourierCommand::Forecast(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> Toy {
        Toy {
            dataset: vec![],
            head: vec![],
            seeds: vec![1, 2],
            epochs: 500,
            sweep: false,
            mle: false,
            out: PathBuf::new(),
            lanes: 10,
            threads: 1,
            json: true,
        }
    }

    #[test]
    fn flags_choose_the_runs_of_each_table() {
        let count = |toy: &Toy| toy.plan().runs().map(|runs| runs.len()).ok();
        assert_eq!(count(&toy()), Some(4 * 3 * 2));
        assert_eq!(count(&Toy { mle: true, ..toy() }), Some(2 * 3 * 2));
        assert_eq!(count(&Toy { sweep: true, ..toy() }), Some(23 * 3 * 2));
        let few = Toy { head: vec![HeadArgument::Linear], dataset: vec![DatasetArgument::Gmm2], ..toy() };
        assert_eq!(count(&few), Some(2));
        assert_eq!(few.line(), "planwright-train fourier toy --dataset gmm2 --head linear --seeds 1,2 --epochs 500");
    }

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
