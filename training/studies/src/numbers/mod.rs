//! A small model that samples Gaussian numbers: it reads a mean, a deviation and up to nine numbers, and returns the
//! distribution of the next one, two decimals long (thesis section 2.3.2, appendix A.10.4, figures 2.3 and A23).
//!
//! The published model is a language model of eight billion parameters. Here a network of some ten thousand reads the
//! same prompts as numbers and starts from nothing, so that there is no counterpart to the untuned language model. What
//! can be compared are the output heads: free logits, a Fourier density, or text that is written token by token.

mod figure;
mod metrics;
mod network;
mod report;
mod run;
mod settings;
mod table;
mod task;
mod text;
mod train;

pub use metrics::NumberMetrics;
pub use run::{NumberFit, NumberResult};
pub use settings::{NumberHead, NumberSettings};
pub use table::{NumberComparison, NumberRow, NumberTable, PUBLISHED_GAIN, table};
pub use task::{Gaussian, Prompt};
pub use text::TextForm;

use clap::Args;
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};

/// Which runs.
#[derive(Args, Clone, Debug, Default)]
pub struct NumberOptions {
    /// Heads, separated by commas (default: all): the true distribution, which a perfect model would measure; one free
    /// logit per number; text of single digits or of both digits as one token; a density of few frequencies
    #[arg(long, value_parser = NumberHead::KINDS, value_delimiter = ',', value_name = "NAME")]
    head: Vec<String>,
    /// Frequencies of the Fourier heads, separated by commas (default: 1 to 12)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    frequencies: Vec<usize>,
    /// Passes over the prompts, separated by commas: one table each (default: 16 to 256, doubling)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    epochs: Vec<usize>,
    /// Adam's first rate; it falls to a tenth
    #[arg(long, default_value_t = NumberSettings::RATE, value_name = "RATE")]
    rate: f64,
}

/// The study.
pub struct Numbers;

impl Study for Numbers {
    const NAME: &'static str = "numbers";
    const ABOUT: &'static str = "Gaussian numbers sampled from a small model under each head (figures 2.3 and A23)";
    const SIZES: &'static [&'static str] = &["table", "quick"];
    const BATCH: usize = 10;
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run numbers --size quick
  planwright-study run numbers --head linear,fourier --frequencies 8,12 --epochs 64";
    type Options = NumberOptions;
    type Cell = NumberSettings;

    fn folder(&self, _: &Request<NumberOptions>) -> String {
        // Both sizes share cells: their paths name epochs, head and seed.
        "fourier-numbers".to_owned()
    }

    fn cells(&self, request: &Request<NumberOptions>) -> Result<Vec<NumberSettings>, StudyError> {
        let NumberOptions { head, frequencies, epochs, rate } = &request.options;
        // Seconds instead of minutes: two seeds, few passes, one or two heads of each kind.
        let is_quick = request.size == "quick";
        let few = [NumberHead::TABLE.frequencies(), Some(NumberHead::FREQUENCIES)];
        let mut heads = NumberHead::all();
        heads.retain(|head| !is_quick || head.frequencies().is_none() || few.contains(&head.frequencies()));
        if !frequencies.is_empty() {
            heads.retain(|head| head.frequencies().is_none());
            heads.extend(frequencies.iter().map(|frequencies| NumberHead::Fourier { frequencies: *frequencies }));
        }
        heads.retain(|one| head.is_empty() || head.iter().any(|kind| kind == one.kind()));
        let (usual, seeds): (&[usize], _) = if is_quick {
            (&[10], &NumberSettings::SEEDS[..2])
        } else {
            (&NumberSettings::EPOCHS, &NumberSettings::SEEDS[..])
        };
        let epochs = if epochs.is_empty() { usual } else { epochs };
        NumberSettings { rate: *rate, ..NumberSettings::TABLE }.over(epochs, &heads, &request.seeds_or(seeds))
    }

    fn table(&self, request: &Request<NumberOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = table(&done.results, &request.command);
        Shown::of(&table, table::text(&table))
    }

    fn section(&self, request: &Request<NumberOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        Ok(report::section(&done.results, &request.command)?.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    fn request(line: &str) -> Request<NumberOptions> {
        conformance::request(&Numbers, line).expect("a request")
    }

    #[test]
    fn flags_choose_the_runs() {
        let count = |line: &str| Numbers.cells(&request(line)).map(|cells| cells.len()).ok();
        assert_eq!((count(""), count("--size quick")), (Some(16 * 10 * 5), Some(6 * 2)));
        let few = "--head linear,fourier --frequencies 8,12 --seeds 1,2,3 --epochs 64";
        assert_eq!(count(few), Some(3 * 3));
        assert!(Numbers.cells(&request("--rate 0.01")).is_ok_and(|runs| runs.iter().all(|run| run.rate == 0.01)));
        let refused = Numbers.cells(&request("--frequencies 101")).expect_err("no such head").to_string();
        assert!(refused.starts_with("expected at most 100 frequencies for 200 bins, got 101"));
        let refused = conformance::request(&Numbers, "--size large").expect_err("no such size").to_string();
        assert_eq!(refused, "expected size as table or quick, got large");
    }
}
