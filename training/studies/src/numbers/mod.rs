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
pub use run::NumberResult;
pub use settings::{NumberGrid, NumberHead, NumberSettings};
pub use table::{NumberComparison, NumberRow, NumberTable, PUBLISHED_GAIN, table};
pub use task::{Gaussian, Prompt};
pub use text::TextForm;

use clap::{Args, ValueEnum};
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};

/// A kind of head on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HeadKind {
    /// The true distribution: what a perfect model would measure
    Perfect,
    /// One free logit per number
    Linear,
    /// Text: sign, digit, digit
    Digits,
    /// Text: sign, both digits as one token
    Pairs,
    /// A density of few frequencies
    Fourier,
}

impl HeadKind {
    fn of(head: &NumberHead) -> Self {
        match head {
            NumberHead::Perfect {} => Self::Perfect,
            NumberHead::Linear {} => Self::Linear,
            NumberHead::Text { form: TextForm::Digits } => Self::Digits,
            NumberHead::Text { form: TextForm::Pairs } => Self::Pairs,
            NumberHead::Fourier { .. } => Self::Fourier,
        }
    }
}

/// Which runs.
#[derive(Args, Clone, Debug, Default)]
pub struct NumberOptions {
    /// Heads, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    head: Vec<HeadKind>,
    /// Frequencies of the Fourier heads, separated by commas (default: 1 to 12)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    frequencies: Vec<usize>,
    /// Passes over the prompts, separated by commas: one table each (default: 16 to 256, doubling)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    epochs: Vec<usize>,
    /// Adam's first rate; it falls to a tenth
    #[arg(long, default_value_t = NumberGrid::RATE, value_name = "RATE")]
    rate: f64,
}

/// The study.
pub struct Numbers;

impl Numbers {
    fn grid(request: &Request<NumberOptions>) -> NumberGrid {
        let NumberOptions { head, frequencies, epochs, rate } = &request.options;
        let mut grid = if request.size == "quick" { NumberGrid::quick() } else { NumberGrid::whole() };
        if !frequencies.is_empty() {
            grid.heads.retain(|head| HeadKind::of(head) != HeadKind::Fourier);
            grid.heads.extend(frequencies.iter().map(|frequencies| NumberHead::Fourier { frequencies: *frequencies }));
        }
        if !head.is_empty() {
            grid.heads.retain(|one| head.contains(&HeadKind::of(one)));
        }
        if !epochs.is_empty() {
            grid.epochs.clone_from(epochs);
        }
        NumberGrid { rate: *rate, seeds: request.seeds_or(&grid.seeds), ..grid }
    }
}

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
        Self::grid(request).runs()
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
