//! `planwright-train fourier numbers`: a small model that is asked for Gaussian numbers.

use super::fourier::failure;
use super::{CliError, print_json, print_text, set_threads};
use crate::fourier::LaneOptions;
use crate::fourier::numbers::{NumberHead, NumberPlan, TextForm, run_all, table, text};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HeadArgument {
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

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train fourier numbers --quick
  planwright-train fourier numbers --json
  planwright-train fourier numbers --head linear,fourier --frequencies 8,12 --epochs 64

A run that is done is not done again: its result lies in the run folder, with a hash of its settings.")]
pub(super) struct Numbers {
    /// Heads, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    head: Vec<HeadArgument>,
    /// Frequencies of the Fourier heads, separated by commas (default: 1 to 12)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    frequencies: Vec<usize>,
    /// Seeds, separated by commas (default: 42 to 51)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    seeds: Vec<u64>,
    /// Passes over the prompts, separated by commas: one table each (default: 16 to 256, doubling)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    epochs: Vec<usize>,
    /// Adam's first rate; it falls to a tenth
    #[arg(long, default_value_t = NumberPlan::RATE, value_name = "RATE")]
    rate: f64,
    /// Two seeds, ten passes, one or two heads of each kind: seconds instead of minutes
    #[arg(long)]
    quick: bool,
    /// Folder of the results
    #[arg(long, default_value = "runs/fourier-numbers", value_name = "FOLDER")]
    out: PathBuf,
    /// Most runs that are trained side by side
    #[arg(long, default_value_t = 10, value_name = "N")]
    lanes: usize,
    /// Threads of libtorch
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl Numbers {
    fn plan(&self) -> NumberPlan {
        let mut plan = if self.quick { NumberPlan::quick() } else { NumberPlan::whole() };
        let given = |head: &NumberHead| match head {
            NumberHead::Perfect {} => HeadArgument::Perfect,
            NumberHead::Linear {} => HeadArgument::Linear,
            NumberHead::Text { form: TextForm::Digits } => HeadArgument::Digits,
            NumberHead::Text { form: TextForm::Pairs } => HeadArgument::Pairs,
            NumberHead::Fourier { .. } => HeadArgument::Fourier,
        };
        if !self.frequencies.is_empty() {
            plan.heads.retain(|head| given(head) != HeadArgument::Fourier);
            plan.heads
                .extend(self.frequencies.iter().map(|frequencies| NumberHead::Fourier { frequencies: *frequencies }));
        }
        plan.rate = self.rate;
        if !self.head.is_empty() {
            plan.heads.retain(|head| self.head.contains(&given(head)));
        }
        if !self.seeds.is_empty() {
            plan.seeds.clone_from(&self.seeds);
        }
        if !self.epochs.is_empty() {
            plan.epochs.clone_from(&self.epochs);
        }
        plan
    }

    /// The command that makes the same table.
    fn line(&self) -> String {
        let mut line = "planwright-train fourier numbers".to_owned();
        let mut add = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                line.push_str(&format!(" --{name} {}", values.join(",")));
            }
        };
        let name = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
        add("head", self.head.iter().filter_map(|head| name(head.to_possible_value())).collect());
        add("frequencies", self.frequencies.iter().map(usize::to_string).collect());
        add("seeds", self.seeds.iter().map(u64::to_string).collect());
        add("epochs", self.epochs.iter().map(usize::to_string).collect());
        if self.rate != NumberPlan::RATE {
            add("rate", vec![self.rate.to_string()]);
        }
        line.push_str(if self.quick { " --quick" } else { "" });
        line
    }

    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        let options = LaneOptions { folder: self.out.clone(), lanes: self.lanes, progress: !self.json };
        let results = run_all(&self.plan(), &options).map_err(failure)?;
        let table = table(&results, &self.line());
        if self.json { print_json(&table) } else { print_text(&text(&table)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Numbers {
        Numbers {
            head: vec![],
            frequencies: vec![],
            seeds: vec![],
            epochs: vec![],
            rate: NumberPlan::RATE,
            quick: false,
            out: PathBuf::new(),
            lanes: 10,
            threads: 1,
            json: true,
        }
    }

    #[test]
    fn flags_choose_the_runs() {
        let count = |numbers: &Numbers| numbers.plan().runs().map(|runs| runs.len()).ok();
        assert_eq!(count(&numbers()), Some(16 * 10 * 5));
        assert_eq!(count(&Numbers { quick: true, ..numbers() }), Some(6 * 2));
        let few = Numbers {
            head: vec![HeadArgument::Linear, HeadArgument::Fourier],
            frequencies: vec![8, 12],
            seeds: vec![1, 2, 3],
            epochs: vec![64],
            ..numbers()
        };
        assert_eq!(count(&few), Some(3 * 3));
        let line =
            "planwright-train fourier numbers --head linear,fourier --frequencies 8,12 --seeds 1,2,3 --epochs 64";
        assert_eq!(few.line(), line);
        let quick = Numbers { quick: true, rate: 0.01, ..numbers() };
        assert_eq!(quick.line(), "planwright-train fourier numbers --rate 0.01 --quick");
        assert!(quick.plan().runs().is_ok_and(|runs| runs.iter().all(|run| run.rate == 0.01)));
    }

    #[test]
    fn frequencies_that_no_head_has_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = Numbers { frequencies: vec![101], out: folder.path().to_owned(), ..numbers() };
        match none.run() {
            Err(CliError::Input(error)) => {
                assert!(error.to_string().starts_with("expected at most 100 frequencies for 200 bins, got 101"));
            }
            other => panic!("{other:?}"),
        }
    }
}
