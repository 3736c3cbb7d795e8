//! `planwright-train fourier policy`: linear against Fourier heads on policies.

use super::{CliError, print_json, print_text, set_threads};
use crate::policy::{PolicyStudy, StudyError, StudyOptions, StudyRow, StudyTable};
use clap::Args;
use planwright::model::EngineChoice;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train fourier policy --size quick
  planwright-train fourier policy --json
  planwright-train fourier policy --done-only --json

Each policy is a cell with a folder of its own: what is done is not done again, and what was begun goes on.")]
pub(super) struct ComparePolicies {
    /// Which comparison of training/recipes: quick or reduced
    #[arg(long, default_value = "reduced", value_name = "SIZE")]
    size: String,
    /// Another comparison, TOML
    #[arg(long, value_name = "FILE", conflicts_with = "size")]
    study: Option<PathBuf>,
    /// Folder of the cells (default: runs/fourier-policy-SIZE)
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Fit nothing: say what is done
    #[arg(long)]
    done_only: bool,
    /// Threads of libtorch
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl ComparePolicies {
    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let table = self.table(!self.json)?;
        if self.json { print_json(&table) } else { print_text(&text(&table)) }
    }

    fn table(&self, progress: bool) -> Result<StudyTable, CliError> {
        let own = || PathBuf::from(format!("training/recipes/fourier-policy-{}.toml", self.size));
        let path = self.study.clone().unwrap_or_else(own);
        let study = PolicyStudy::read(&path).map_err(CliError::input)?;
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&study.name));
        let options = StudyOptions {
            folder,
            engine: EngineChoice { library: self.onnxruntime.clone(), ..EngineChoice::default() },
            progress,
            done_only: self.done_only,
        };
        let cells = study.run(&options).map_err(failure)?;
        let command = match &self.study {
            Some(path) => format!("planwright-train fourier policy --study {}", path.display()),
            None => format!("planwright-train fourier policy --size {}", self.size),
        };
        Ok(StudyTable::of(&study.name, &command, &cells))
    }
}

/// Failures that no other input would mend are not the caller's.
fn failure(error: StudyError) -> CliError {
    match &error {
        StudyError::Fit(_) | StudyError::Export(_) | StudyError::Drive(_) | StudyError::Cell { .. } => {
            CliError::failed(error)
        }
        _ => CliError::input(error),
    }
}

fn text(table: &StudyTable) -> String {
    let mut text = format!(
        "{}\n{:<8} {:<14} {:>5} {:<12} {:>5} {:>26} {:>22} {:>8} {:>10} {:>8}",
        table.study, "task", "variant", "T", "head", "seeds", "return (95%)", "gain (95%)", "reached", "jerk", "change"
    );
    for row in &table.rows {
        text.push('\n');
        text.push_str(&line(row));
    }
    text
}

fn line(row: &StudyRow) -> String {
    let head = row.frequencies.map_or("linear".to_owned(), |frequencies| format!("fourier {frequencies}"));
    let earned = row.return_normalised;
    let gain = row.against_linear.and_then(|against| against.gain_percent);
    let gain = gain.map_or(String::new(), |gain| format!("{:+.0}% ({:+.0} to {:+.0})", gain.mean, gain.low, gain.high));
    format!(
        "{:<8} {:<14} {:>5} {head:<12} {:>5} {:>26} {gain:>22} {:>7.0}% {:>10.0} {:>8.2}",
        row.task,
        row.variant,
        row.temperature,
        row.seeds,
        format!("{:.1} ({:.1} to {:.1})", earned.mean, earned.low, earned.high),
        100.0 * row.reach_rate.mean,
        row.jerk_mps3.mean,
        row.action_change.mean,
    )
}
