//! Three known conditional densities, fitted by one small network under different heads (thesis tables 2.1, A2, A3 and
//! A4, figures A19 and A20).
//!
//! The recipe is the published one; the random numbers are this project's own, so that a seed names other draws than
//! the published one does. Runs of equal shape are members of one batched ensemble.

mod data;
mod figure;
mod metrics;
mod network;
mod published;
mod report;
mod run;
mod settings;
mod table;
mod train;

pub use data::DensityData;
pub use metrics::{DensityMetrics, Pooled};
pub use published::published;
pub use run::{DensityExample, DensityResult};
pub use settings::{Dataset, DensityGrid, DensityHead, DensitySettings, Task};
pub use table::{DensityComparison, DensityRow, DensityTable, table};

use clap::{Args, ValueEnum};
use planwright_training::study::{Done, Request, Results, Section, Shown, Study, StudyError};

/// A kind of head on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HeadKind {
    Linear,
    Mixture,
    Fourier,
    Regression,
}

/// Which runs.
#[derive(Args, Clone, Debug, Default)]
pub struct DensityOptions {
    /// Distributions, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    dataset: Vec<Dataset>,
    /// Heads, separated by commas (default: all that the task has)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    head: Vec<HeadKind>,
    /// Passes over the training rows (default: 500)
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Fourier heads of 2, 4, .., 20 frequencies with and without penalty (figures A19 and A20)
    #[arg(long)]
    sweep: bool,
    /// Values in place of bins, by maximum likelihood (table A4)
    #[arg(long)]
    mle: bool,
}

impl DensityOptions {
    fn grid(&self, request: &Request<Self>) -> DensityGrid {
        let task = if self.mle { Task::Values } else { Task::Bins };
        let fourier = if self.sweep { DensityHead::sweep() } else { vec![DensityHead::TABLE] };
        let all: &[HeadKind] = match (self.head.as_slice(), self.mle) {
            ([], false) => &[HeadKind::Linear, HeadKind::Mixture, HeadKind::Fourier, HeadKind::Regression],
            ([], true) => &[HeadKind::Mixture, HeadKind::Fourier],
            (chosen, _) => chosen,
        };
        let heads = all.iter().flat_map(|head| match head {
            HeadKind::Linear => vec![DensityHead::Linear {}],
            HeadKind::Mixture => vec![DensityHead::Mixture {}],
            HeadKind::Regression => vec![DensityHead::Regression {}],
            HeadKind::Fourier => fourier.clone(),
        });
        let datasets = if self.dataset.is_empty() { Dataset::ALL.to_vec() } else { self.dataset.clone() };
        self.sized(DensityGrid { datasets, heads: heads.collect(), ..DensityGrid::whole(task) }, request)
    }

    fn sized(&self, grid: DensityGrid, request: &Request<Self>) -> DensityGrid {
        let (epochs, seeds): (usize, &[u64]) =
            if request.size == "quick" { (3, &[1]) } else { (grid.epochs, &DensityGrid::SEEDS) };
        DensityGrid { epochs: self.epochs.unwrap_or(epochs), seeds: request.seeds_or(seeds), ..grid }
    }
}

/// The study.
pub struct KnownDensities;

impl Study for KnownDensities {
    const NAME: &'static str = "known_densities";
    const ABOUT: &'static str = "Three known distributions under each head (tables 2.1, A2 to A4, figures A19 and A20)";
    const SIZES: &'static [&'static str] = &["table", "quick"];
    const BATCH: usize = 20;
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run known_densities --dataset gaussian --head linear,fourier --seeds 1,2
  planwright-study run known_densities --mle --json
  planwright-study run known_densities --sweep --shard 1/8";
    type Options = DensityOptions;
    type Cell = DensitySettings;

    fn folder(&self, request: &Request<DensityOptions>) -> String {
        if request.size == "quick" { "fourier-toy-quick" } else { "fourier-toy" }.to_owned()
    }

    fn cells(&self, request: &Request<DensityOptions>) -> Result<Vec<DensitySettings>, StudyError> {
        request.options.grid(request).runs()
    }

    fn report_cells(&self, request: &Request<DensityOptions>) -> Result<Vec<DensitySettings>, StudyError> {
        let whole = |task| request.options.sized(DensityGrid::whole(task), request).runs();
        Ok([whole(Task::Bins)?, whole(Task::Values)?].concat())
    }

    fn table(&self, request: &Request<DensityOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = table(&done.results, &request.command);
        Shown::of(&table, table::text(&table))
    }

    fn section(&self, _: &Request<DensityOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let of = |task: Task| Done {
            results: done.results.iter().filter(|result| result.settings.task == task).cloned().collect(),
            missing: done.missing.iter().filter(|path| path.starts_with(task.name())).cloned().collect(),
        };
        report::section(&of(Task::Bins), &of(Task::Values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    fn request(line: &str) -> Request<DensityOptions> {
        conformance::request(&KnownDensities, line).expect("a request")
    }

    #[test]
    fn flags_choose_the_runs_of_each_table() {
        let count = |line: &str| KnownDensities.cells(&request(line)).map(|cells| cells.len()).ok();
        assert_eq!(count("--seeds 1,2"), Some(4 * 3 * 2));
        assert_eq!(count("--seeds 1,2 --mle"), Some(2 * 3 * 2));
        assert_eq!(count("--seeds 1,2 --sweep"), Some(23 * 3 * 2));
        assert_eq!(count("--size quick"), Some(4 * 3));
        let few = "--dataset gmm2 --head linear --seeds 1,2";
        assert_eq!(count(few), Some(2));
        let given = request(&format!("{few} --json --out elsewhere --threads 2"));
        assert_eq!(given.command, format!("planwright-study run known_densities {few}"));
        let all = KnownDensities.report_cells(&request("")).map(|cells| cells.len()).ok();
        assert_eq!(all, Some(23 * 30 + 21 * 30));
    }
}
