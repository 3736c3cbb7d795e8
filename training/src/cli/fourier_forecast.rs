//! `planwright-train fourier forecast`: heads over thousands of tokens, in a network that forecasts series.

use super::fourier::failure;
use super::{CliError, print_json, print_text, set_threads};
use crate::fourier::forecast::{
    ForecastPlan, ForecastRunOptions, Shared, Variant, forecast_table, forecast_text, run_forecasts,
};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train fourier forecast --json
  planwright-train fourier forecast --head linear,fourier-550 --seeds 1
  planwright-train fourier forecast --quick

Trained on synthetic series, measured on real ones that were never seen. A run of the table takes some minutes on one
core; what is done is not done again, and what was cut off goes on: results and parameters lie in the run folder.")]
pub(super) struct Forecast {
    /// Rows of the table by their names, separated by commas (default: all)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    head: Vec<String>,
    /// Seeds, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "N", default_values_t = ForecastPlan::SEEDS)]
    seeds: Vec<u64>,
    /// Sizes that run in seconds, to see that all parts work; their numbers say nothing
    #[arg(long)]
    quick: bool,
    /// Folder of the results (default: runs/fourier-forecast, or runs/fourier-forecast-quick)
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Threads of libtorch
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl Forecast {
    fn plan(&self) -> Result<ForecastPlan, CliError> {
        let shared = if self.quick { Shared::quick() } else { Shared::table() };
        let rows = Variant::rows(&shared.frequencies());
        let one = |name: &String| {
            let names = || rows.iter().map(Variant::name).collect::<Vec<String>>().join(", ");
            let wrong = || CliError::input(anyhow::anyhow!("--head: expected one of {}, got '{name}'", names()));
            rows.iter().find(|variant| variant.name() == *name).copied().ok_or_else(wrong)
        };
        let chosen: Vec<Variant> = self.head.iter().map(one).collect::<Result<_, _>>()?;
        let variants = if chosen.is_empty() { rows } else { chosen };
        Ok(ForecastPlan { variants, seeds: self.seeds.clone(), shared })
    }

    /// The command that makes the same table.
    fn line(&self) -> String {
        let mut line = "planwright-train fourier forecast".to_owned();
        if !self.head.is_empty() {
            line.push_str(&format!(" --head {}", self.head.join(",")));
        }
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        line.push_str(&format!(" --seeds {}", seeds.join(",")));
        line.push_str(if self.quick { " --quick" } else { "" });
        line
    }

    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let usual = if self.quick { "runs/fourier-forecast-quick" } else { "runs/fourier-forecast" };
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(usual));
        let options = ForecastRunOptions { folder, progress: !self.json };
        let results = run_forecasts(&self.plan()?, &options).map_err(failure)?;
        let table = forecast_table(&results, &self.line()).map_err(failure)?;
        if self.json { print_json(&table) } else { print_text(&forecast_text(&table)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast() -> Forecast {
        Forecast { head: vec![], seeds: vec![1, 2], quick: false, out: None, threads: 1, json: true }
    }

    #[test]
    fn flags_choose_the_runs() {
        let count = |command: &Forecast| command.plan().ok().and_then(|plan| plan.runs().ok()).map(|runs| runs.len());
        assert_eq!(count(&forecast()), Some(7 * 2));
        assert_eq!(count(&Forecast { quick: true, ..forecast() }), Some(7 * 2));
        let few = Forecast { head: vec!["linear".to_owned(), "fourier-64".to_owned()], ..forecast() };
        assert_eq!(count(&few), Some(4));
        assert_eq!(few.line(), "planwright-train fourier forecast --head linear,fourier-64 --seeds 1,2");
    }

    #[test]
    fn a_head_that_is_none_gives_one_line() {
        let Err(CliError::Input(error)) = (Forecast { head: vec!["spline".to_owned()], ..forecast() }).plan() else {
            panic!("expected a refusal")
        };
        let text = error.to_string();
        assert!(text.starts_with("--head: expected one of linear, fourier-64, ") && text.ends_with("got 'spline'"));
    }
}
