//! The study's tables on a terminal: fits, distances between prior, data, prediction and model, and mitigations.

use super::cell::UnitResult;
use super::report::{DriftResults, Method, SeedResult, SystemResult};
use planwright_training::statistics::Summary;
use planwright_training::study::{Shown, StudyError, Table};
use serde::Serialize;

/// A column's value of one seed.
type Column = (&'static str, fn(&SeedResult) -> Option<f64>);

const DISTANCES: [Column; 6] = [
    ("TV(data, prior)", |seed| seed.tv_data_prior),
    ("TV(model, prior)", |seed| seed.tv_model_prior),
    ("TV(prediction, prior)", |seed| seed.tv_prediction_prior),
    ("TV(prediction, model)", |seed| seed.tv_prediction_model),
    ("by trajectory", |seed| seed.tv_prediction_model_by_trajectory),
    ("at the best scale", |seed| seed.tv_prediction_model_best),
];

const MITIGATIONS: [Column; 4] = [
    ("baseline", |seed| seed.mitigation(Method::Baseline)?.tv_prior),
    ("reweight", |seed| seed.mitigation(Method::Reweight)?.tv_prior),
    ("conditional", |seed| seed.mitigation(Method::Conditional)?.tv_prior),
    ("transform", |seed| seed.mitigation(Method::Transform)?.tv_prior),
];

#[derive(Serialize)]
struct Document<'r> {
    units: &'r [UnitResult],
    #[serde(flatten)]
    results: &'r DriftResults,
}

pub(super) fn table(units: &[UnitResult], results: DriftResults) -> Result<Shown, StudyError> {
    let mut text: Vec<String> = units.iter().map(line).collect();
    let p = |system: &SystemResult| system.t_tests.transform.map_or("-".to_owned(), |test| format!("{:.4}", test.p));
    for (columns, last) in [(&DISTANCES[..], None), (&MITIGATIONS[..], Some("p"))] {
        let headings = ["system", "seeds"].into_iter().chain(columns.iter().map(|(heading, _)| *heading)).chain(last);
        let mut table = Table::new(headings);
        for system in &results.systems {
            let start = [system.system.clone(), system.seeds.len().to_string()];
            let cells = columns.iter().map(|(_, column)| over(system.seeds.iter().filter_map(column)));
            table.row(start.into_iter().chain(cells).chain(last.map(|_| p(system))));
        }
        text.extend([String::new(), table.text()]);
    }
    Shown::of(&Document { units, results: &results }, text.join("\n"))
}

fn line(unit: &UnitResult) -> String {
    format!(
        "{} seed {} {}: TV to the intended distribution {:.3} ({} samples, {} dropped, {} steps, {:.0} s)",
        unit.system.as_str(),
        unit.seed,
        unit.method.name(),
        unit.tv_prior,
        unit.generated,
        unit.dropped,
        unit.steps,
        unit.wall_secs
    )
}

/// Mean and deviation of what is there.
fn over(values: impl Iterator<Item = f64>) -> String {
    Summary::of(&values.collect::<Vec<f64>>()).map_or("missing".to_owned(), |all| all.text(3))
}
