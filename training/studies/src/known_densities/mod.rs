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
pub use run::{DensityExample, DensityFit, DensityResult};
pub use settings::{Dataset, DensityHead, DensitySettings, Task};
pub use table::{DensityComparison, DensityRow, DensityTable, table};

use clap::Args;
use planwright_training::study::{Done, Request, Results, Section, Shown, Study, StudyError};

/// Which runs.
#[derive(Args, Clone, Debug, Default)]
pub struct DensityOptions {
    /// Distributions, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    dataset: Vec<Dataset>,
    /// Heads, separated by commas (default: all that the task has)
    #[arg(long, value_parser = DensityHead::KINDS, value_delimiter = ',', value_name = "NAME")]
    head: Vec<String>,
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
    fn task(&self) -> Task {
        if self.mle { Task::Values } else { Task::Bins }
    }

    fn heads(&self) -> Vec<DensityHead> {
        let fourier = if self.sweep { DensityHead::sweep() } else { vec![DensityHead::TABLE] };
        let all = [DensityHead::of_task(Task::Bins)[..3].to_vec(), fourier].concat();
        let kinds: Vec<&str> = match (self.head.as_slice(), self.mle) {
            ([], false) => DensityHead::KINDS.to_vec(),
            ([], true) => vec!["mixture", "fourier"],
            (chosen, _) => chosen.iter().map(String::as_str).collect(),
        };
        kinds.iter().flat_map(|kind| all.iter().filter(move |head| head.kind() == *kind)).copied().collect()
    }

    fn runs(
        request: &Request<Self>,
        task: Task,
        heads: &[DensityHead],
        datasets: &[Dataset],
    ) -> Result<Vec<DensitySettings>, StudyError> {
        let run = DensitySettings::published(task);
        let (epochs, seeds): (usize, &[u64]) =
            if request.size == "quick" { (3, &[1]) } else { (run.epochs, &DensitySettings::SEEDS) };
        let run = DensitySettings { epochs: request.options.epochs.unwrap_or(epochs), ..run };
        run.over(heads, datasets, &request.seeds_or(seeds))
    }
}

/// The study.
pub struct KnownDensities;

impl Study for KnownDensities {
    const NAME: &'static str = "known_densities";
    const ABOUT: &'static str = "Three known distributions under each head (tables 2.1, A2 to A4, figures A19 and A20)";
    const SIZES: &'static [&'static str] = &["table", "quick"];
    const FOLDER: &'static str = "fourier-toy";
    const BATCH: usize = 20;
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run known_densities --dataset gaussian --head linear,fourier --seeds 1,2
  planwright-study run known_densities --mle --json
  planwright-study run known_densities --sweep --shard 1/8";
    type Options = DensityOptions;
    type Cell = DensitySettings;

    fn cells(&self, request: &Request<DensityOptions>) -> Result<Vec<DensitySettings>, StudyError> {
        let options = &request.options;
        let datasets = if options.dataset.is_empty() { &Dataset::ALL[..] } else { options.dataset.as_slice() };
        DensityOptions::runs(request, options.task(), &options.heads(), datasets)
    }

    fn report_cells(&self, request: &Request<DensityOptions>) -> Result<Vec<DensitySettings>, StudyError> {
        let whole = |task| DensityOptions::runs(request, task, &DensityHead::of_task(task), &Dataset::ALL);
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
