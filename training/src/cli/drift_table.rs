//! `planwright-train drift table` and `drift mitigate`: what a study found, in the terminal.

use super::drift::{Study, failure, systems};
use super::{CliError, print_json, print_text};
use crate::drift::report::{DriftResults, Method, SeedResult, SystemResult};
use crate::drift::{CollectOptions, collect};
use crate::statistics::Summary;
use clap::Args;

#[derive(Args)]
pub(super) struct Table {
    #[command(flatten)]
    study: Study,
    /// Systems, separated by commas (default: all of the recipe)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    system: Vec<String>,
}

impl Table {
    fn results(&self, predictions: bool) -> Result<DriftResults, CliError> {
        let recipe = self.study.recipe()?;
        let systems = systems(&recipe, &self.system)?;
        let wanted = CollectOptions { predictions, ablations: false };
        collect(&recipe, &systems, &self.study.options(&recipe), wanted).map_err(failure)
    }

    pub(super) fn run(&self) -> Result<(), CliError> {
        let results = self.results(true)?;
        if self.study.json {
            return print_json(&results);
        }
        let headings = [
            "TV(data, prior)",
            "TV(model, prior)",
            "TV(prediction, prior)",
            "TV(prediction, model)",
            "by trajectory",
            "at the best scale",
        ];
        let columns: [fn(&SeedResult) -> Option<f64>; 6] = [
            |seed| seed.tv_data_prior,
            |seed| seed.tv_model_prior,
            |seed| seed.tv_prediction_prior,
            |seed| seed.tv_prediction_model,
            |seed| seed.tv_prediction_model_by_trajectory,
            |seed| seed.tv_prediction_model_best,
        ];
        let row = |system: &SystemResult| columns.map(|column| over(system.seeds.iter().map(column)));
        print_text(&by_system(&results, &headings, row))
    }

    pub(super) fn run_mitigate(&self) -> Result<(), CliError> {
        let results = self.results(false)?;
        if self.study.json {
            return print_json(&results);
        }
        let [baseline, reweight, conditional, transform] = Method::ALL.map(Method::name);
        let headings = [baseline, reweight, conditional, transform, "p"];
        let row = |system: &SystemResult| {
            let column = |method| over(system.seeds.iter().map(|seed| seed.mitigation(method)?.tv_prior));
            let [baseline, reweight, conditional, transform] = Method::ALL.map(column);
            let p = system.t_tests.transform.map_or("-".to_owned(), |test| format!("{:.4}", test.p));
            [baseline, reweight, conditional, transform, p]
        };
        print_text(&by_system(&results, &headings, row))
    }
}

/// One line per system under headings of the columns' widths.
fn by_system<const N: usize>(
    results: &DriftResults,
    headings: &[&str; N],
    row: impl Fn(&SystemResult) -> [String; N],
) -> String {
    let width = |heading: &str| heading.len().max("0.000 ± 0.000".len()) + 1;
    let mut lines = vec![format!("{:<9} {:<6}", "system", "seeds")];
    lines.extend(results.systems.iter().map(|system| format!("{:<9} {:<6}", system.system, system.seeds.len())));
    let rows = std::iter::once(headings.map(str::to_owned)).chain(results.systems.iter().map(row));
    for (line, cells) in lines.iter_mut().zip(rows) {
        for (cell, heading) in cells.iter().zip(headings) {
            line.push_str(&format!(" {cell:<width$}", width = width(heading)));
        }
        line.truncate(line.trim_end().len());
    }
    lines.join("\n")
}

/// Mean and deviation of what is there.
fn over(values: impl Iterator<Item = Option<f64>>) -> String {
    let there: Vec<f64> = values.flatten().collect();
    match Summary::of(&there) {
        None => "missing".to_owned(),
        Some(Summary { mean, sd: None, .. }) => format!("{mean:.3}"),
        Some(Summary { mean, sd: Some(sd), .. }) => format!("{mean:.3} ± {sd:.3}"),
    }
}
