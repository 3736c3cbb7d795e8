//! `planwright-train fourier report`: all experiments on heads in one document.

use super::fourier::failure;
use super::fourier_policy::ComparePolicies;
use super::{CliError, print_json, print_text, set_threads};
use crate::fourier::LaneOptions;
use crate::fourier::forecast::{
    self, ForecastPlan, ForecastRunOptions, Shared, Variant, forecast_table, run_forecasts,
};
use crate::fourier::numbers::{self, NumberPlan};
use crate::fourier::theory::{self, TheoryOptions};
use crate::fourier::toy::{self, Task, ToyPlan};
use crate::policy;
use crate::report::{ReportError, Section, write_sections};
use clap::Args;
use std::path::{Path, PathBuf};

const TITLE: &str = "Fourier heads: what was measured";
const OPENING: &str = "Written by `planwright-train fourier report` from the results of the commands below; with `--run` it makes what is missing first. Published figures are those of the thesis \
    (chapter 2, appendices A.8 to A.11). Seeds stand with the tables; all of it ran on two shared x86-64 cores.";

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train fourier report                    from what is done
  planwright-train fourier report --run --threads 2  everything: hours

Parts that were never run are named and left out.")]
pub(super) struct FourierReport {
    /// Folder of all run folders
    #[arg(long, default_value = "runs", value_name = "FOLDER")]
    runs: PathBuf,
    /// Where to write report.md and its plots
    #[arg(long, default_value = "docs/fourier", value_name = "FOLDER")]
    report: PathBuf,
    /// Size of the comparison of policies
    #[arg(long, default_value = "reduced", value_name = "SIZE")]
    size: String,
    /// Make what is missing first
    #[arg(long)]
    run: bool,
    /// Threads of libtorch
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Print JSON, no progress bars
    #[arg(long)]
    json: bool,
}

/// A part of the report, or what to do to have it.
type Part = Result<Section, &'static str>;

impl FourierReport {
    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let parts = [self.theory()?, self.toys()?, self.policies()?, self.forecasts()?, self.numbers()?];
        let missing: Vec<&str> = parts.iter().filter_map(|part| part.as_ref().err().copied()).collect();
        let sections: Vec<Section> = parts.iter().filter_map(|part| part.as_ref().ok().cloned()).collect();
        if sections.is_empty() {
            let problem = format!("{}: expected results of at least one experiment, got none", self.runs.display());
            return Err(CliError::input(anyhow::anyhow!("{problem}\nhint: run `{}`", missing.join("`, `"))));
        }
        let opening = match missing.as_slice() {
            [] => OPENING.to_owned(),
            missing => format!("{OPENING}\n\nNot run: `{}`.", missing.join("`, `")),
        };
        let files = write_sections(&self.report, TITLE, &opening, &sections).map_err(CliError::failed)?;
        if self.json {
            return print_json(&serde_json::json!({ "files": files, "not_run": missing }));
        }
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        print_text(&names.join("\n"))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.runs.join(name)
    }

    fn theory(&self) -> Result<Part, CliError> {
        let folder = self.folder("fourier-theory");
        if self.run && theory::read(&folder).map_err(CliError::input)?.is_none() {
            let options = TheoryOptions { trials: 1000, seed: 0, waves: 256 };
            let line = "planwright-train fourier theory --trials 1000 --seed 0 --waves 256";
            let measured = theory::measure(&options, line, |_| ()).map_err(CliError::input)?;
            theory::write(&folder, &measured).map_err(CliError::input)?;
        }
        match theory::read(&folder).map_err(CliError::input)? {
            Some(measured) => drawn(theory::section(&measured)),
            None => Ok(Err("planwright-train fourier theory")),
        }
    }

    fn toys(&self) -> Result<Part, CliError> {
        let folder = self.folder("fourier-toy");
        let [bins, values] = [Task::Bins, Task::Values].map(ToyPlan::whole);
        if self.run {
            let options = LaneOptions { folder: folder.clone(), lanes: 20, progress: !self.json };
            for plan in [&bins, &values] {
                toy::run_all(plan, &options).map_err(failure)?;
            }
        }
        let done = |plan: &ToyPlan| toy::read_done(plan, &folder).map_err(CliError::input);
        let (bins, values) = (done(&bins)?, done(&values)?);
        if bins.results.is_empty() {
            return Ok(Err("planwright-train fourier toy"));
        }
        drawn(toy::section(&bins, &values))
    }

    fn policies(&self) -> Result<Part, CliError> {
        let table = ComparePolicies::of_size(&self.size, &self.runs, !self.run).table(self.run && !self.json)?;
        if table.rows.is_empty() {
            return Ok(Err("planwright-train fourier policy"));
        }
        drawn(policy::section(&table))
    }

    fn forecasts(&self) -> Result<Part, CliError> {
        let folder = self.folder("fourier-forecast");
        let shared = Shared::table();
        let variants = Variant::rows(&shared.frequencies());
        let plan = ForecastPlan { variants, seeds: ForecastPlan::SEEDS.to_vec(), shared };
        if self.run {
            let options = ForecastRunOptions { folder: folder.clone(), progress: !self.json };
            run_forecasts(&plan, &options).map_err(failure)?;
        }
        let (results, missing) = forecast::read_done(&plan, &folder).map_err(CliError::input)?;
        if results.is_empty() {
            return Ok(Err("planwright-train fourier forecast"));
        }
        let table = forecast_table(&results, "planwright-train fourier forecast").map_err(failure)?;
        drawn(forecast::section(&results, &table).map(|section| incomplete(section, missing)))
    }

    fn numbers(&self) -> Result<Part, CliError> {
        let folder = self.folder("fourier-numbers");
        let plan = NumberPlan::whole();
        if self.run {
            let options = LaneOptions { folder: folder.clone(), lanes: 10, progress: !self.json };
            numbers::run_all(&plan, &options).map_err(failure)?;
        }
        let (results, missing) = numbers::read_done(&plan, Path::new(&folder)).map_err(CliError::input)?;
        if results.is_empty() {
            return Ok(Err("planwright-train fourier numbers"));
        }
        let section = numbers::section(&results, "planwright-train fourier numbers");
        drawn(section.map(|section| incomplete(section, missing)))
    }
}

fn drawn(section: Result<Section, ReportError>) -> Result<Part, CliError> {
    section.map(Ok).map_err(CliError::failed)
}

/// Says of a section that runs are missing.
fn incomplete(mut section: Section, missing: usize) -> Section {
    if missing > 0 {
        section.text = format!("Not complete: {missing} runs are missing.\n\n{}", section.text);
    }
    section
}
