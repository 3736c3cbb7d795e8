//! The study's tables on a terminal: fits, distances between prior, data, prediction and model, and mitigations.

use super::cell::UnitResult;
use super::report::{DriftResults, Method, SeedResult};
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

#[derive(Serialize)]
struct Document<'r> {
    units: &'r [UnitResult],
    #[serde(flatten)]
    results: &'r DriftResults,
}

pub(super) fn table(units: &[UnitResult], results: DriftResults) -> Result<Shown, StudyError> {
    let mut text: Vec<String> = units.iter().map(line).collect();
    let start = ["system", "seeds"];
    let mut distances = Table::new(start.into_iter().chain(DISTANCES.map(|(heading, _)| heading)));
    let mut mitigations = Table::new(start.into_iter().chain(Method::ALL.map(Method::name)).chain(["p"]));
    for system in &results.systems {
        let start = [system.system.clone(), system.seeds.len().to_string()];
        let cells = DISTANCES.map(|(_, column)| over(system.seeds.iter().filter_map(column), "missing"));
        distances.row(start.clone().into_iter().chain(cells));
        let tv = |method| system.seeds.iter().filter_map(move |seed| seed.mitigation(method)?.tv_prior);
        let cells = Method::ALL.map(|method| over(tv(method), method.absent("missing")));
        let p = system.t_tests.transform.map_or("-".to_owned(), |test| format!("{:.4}", test.p));
        mitigations.row(start.into_iter().chain(cells).chain([p]));
    }
    text.extend([String::new(), distances.text(), String::new(), mitigations.text()]);
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
fn over(values: impl Iterator<Item = f64>, absent: &str) -> String {
    Summary::of(&values.collect::<Vec<f64>>()).map_or(absent.to_owned(), |all| all.text(3))
}
