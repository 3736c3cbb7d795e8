//! Refuses results that a report would show wrongly: NaN, curves of another grid, a seed that counts twice.

use super::results::{DriftResults, SeedResult, SystemResult, Validity};
use planwright_training::statistics::TTest;
use planwright_training::study::StudyError;
use std::collections::BTreeSet;

/// Masses of a curve may miss one by this much through rounding.
const MASS_TOLERANCE: f64 = 1e-3;

/// Checks every number that is there.
pub(super) fn check(results: &DriftResults) -> Result<(), StudyError> {
    if results.schema_version != DriftResults::SCHEMA_VERSION {
        return wrong("schema_version", "1", results.schema_version);
    }
    for run in &results.commands {
        at_least_zero(&format!("command `{}`, wall_secs", run.command), run.wall_secs)?;
    }
    let mut seen = BTreeSet::new();
    for system in &results.systems {
        if !seen.insert(&system.system) {
            return wrong("systems", "every system once", format!("{} twice", system.system));
        }
        check_system(system)?;
    }
    let mut seen = BTreeSet::new();
    for row in &results.ablations {
        let place = format!("ablation {}, seed {}", row.hypothesis, row.seed);
        if !seen.insert((&row.hypothesis, row.seed)) {
            return wrong(&place, "every seed of a hypothesis once", "it twice");
        }
        for (name, value) in [
            ("tv_data", row.tv_data),
            ("tv_model", row.tv_model),
            ("published_data", row.published_data),
            ("published_model", row.published_model),
        ] {
            share(&format!("{place}, {name}"), value)?;
        }
    }
    Ok(())
}

fn check_system(system: &SystemResult) -> Result<(), StudyError> {
    let name = &system.system;
    let mut seen = BTreeSet::new();
    for seed in &system.seeds {
        if !seen.insert(seed.seed) {
            return wrong(name, "every seed once", format!("seed {} twice", seed.seed));
        }
        check_seed(&format!("{name}, seed {}", seed.seed), seed, system.grid.cells())?;
    }
    let mut seen = BTreeSet::new();
    for sweep in &system.sweeps {
        let place = format!("{name}, sweep of seed {}", sweep.seed);
        if !seen.insert(sweep.seed) {
            return wrong(&place, "every seed once", "it twice");
        }
        let mut before = -1.0;
        for row in &sweep.scales {
            let place = format!("{place}, scale {}", row.scale);
            at_least_zero(&place, Some(row.scale))?;
            if !(row.scale > before) {
                return wrong(&place, "rising scales", format!("it after {before}"));
            }
            before = row.scale;
            share(&format!("{place}, tv_prediction_data"), Some(row.tv_prediction_data))?;
            share(&format!("{place}, tv_prediction_model"), row.tv_prediction_model)?;
            if row.mass_by_fifth.len() != 5 {
                return wrong(&format!("{place}, mass_by_fifth"), "five masses", row.mass_by_fifth.len());
            }
            for mass in &row.mass_by_fifth {
                share(&format!("{place}, mass_by_fifth"), Some(*mass))?;
            }
        }
    }
    for (test, result) in [("prediction", system.t_tests.prediction), ("transform", system.t_tests.transform)] {
        check_test(&format!("{name}, t-test of the {test}"), result)?;
    }
    let mut seen = BTreeSet::new();
    for row in system.validity.iter().flatten() {
        let place = format!("{name}, validity of {}, seed {}", row.source.name(), row.seed);
        if !seen.insert((row.source.name(), row.seed)) {
            return wrong(&place, "every seed of a source once", "it twice");
        }
        check_validity(&place, &row.measured)?;
        check_validity(&format!("{place}, published"), &row.published.unwrap_or_default())?;
    }
    Ok(())
}

fn check_seed(place: &str, seed: &SeedResult, cells: usize) -> Result<(), StudyError> {
    let curves = &seed.curves;
    for (name, values) in
        [("prior", &curves.prior), ("data", &curves.data), ("prediction", &curves.prediction), ("model", &curves.model)]
    {
        curve(&format!("{place}, curve of the {name}"), values.as_deref(), cells)?;
    }
    for (name, value) in [
        ("tv_data_prior", seed.tv_data_prior),
        ("tv_model_prior", seed.tv_model_prior),
        ("tv_prediction_prior", seed.tv_prediction_prior),
        ("tv_prediction_model", seed.tv_prediction_model),
    ] {
        share(&format!("{place}, {name}"), value)?;
    }
    at_least_zero(&format!("{place}, matched_scale"), seed.matched_scale)?;
    at_least_zero(&format!("{place}, trajectory_scale"), seed.trajectory_scale)?;
    share(&format!("{place}, tv_prediction_model_by_trajectory"), seed.tv_prediction_model_by_trajectory)?;
    at_least_zero(&format!("{place}, best_scale"), seed.best_scale)?;
    share(&format!("{place}, tv_prediction_model_best"), seed.tv_prediction_model_best)?;
    at_least_zero(&format!("{place}, model_error"), seed.model_error)?;
    counts(place, seed.generated, seed.dropped)?;
    let mut seen = BTreeSet::new();
    for mitigation in &seed.mitigations {
        let place = format!("{place}, {}", mitigation.method.name());
        if !seen.insert(mitigation.method.name()) {
            return wrong(&place, "every method once", "it twice");
        }
        share(&format!("{place}, tv_prior"), mitigation.tv_prior)?;
        curve(&format!("{place}, curve"), mitigation.curve.as_deref(), cells)?;
        counts(&place, mitigation.generated, mitigation.dropped)?;
    }
    Ok(())
}

fn check_test(place: &str, test: Option<TTest>) -> Result<(), StudyError> {
    let Some(test) = test else { return Ok(()) };
    if test.n < 2 {
        return wrong(&format!("{place}, n"), "at least two pairs", test.n);
    }
    for (name, value) in [("mean", test.mean), ("t", test.t)] {
        if !value.is_finite() {
            return wrong(&format!("{place}, {name}"), "a finite number", value);
        }
    }
    at_least_zero(&format!("{place}, sd"), Some(test.sd))?;
    share(&format!("{place}, p"), Some(test.p))
}

fn check_validity(place: &str, validity: &Validity) -> Result<(), StudyError> {
    at_least_zero(&format!("{place}, median_step"), validity.median_step)?;
    at_least_zero(&format!("{place}, nearest_data_distance"), validity.nearest_data_distance)?;
    share(&format!("{place}, occupancy"), validity.occupancy)
}

fn curve(place: &str, masses: Option<&[f64]>, cells: usize) -> Result<(), StudyError> {
    let Some(masses) = masses else { return Ok(()) };
    if masses.len() != cells {
        return wrong(place, "one mass per cell of the grid", format!("{} for {cells} cells", masses.len()));
    }
    for (cell, mass) in masses.iter().enumerate() {
        at_least_zero(&format!("{place}, cell {cell}"), Some(*mass))?;
    }
    let sum: f64 = masses.iter().sum();
    if !((sum - 1.0).abs() <= MASS_TOLERANCE) {
        return wrong(place, "masses that sum to one", sum);
    }
    Ok(())
}

fn counts(place: &str, generated: Option<u64>, dropped: Option<u64>) -> Result<(), StudyError> {
    match (generated, dropped) {
        (Some(generated), Some(dropped)) if dropped > generated => {
            wrong(&format!("{place}, dropped"), "at most what was generated", format!("{dropped} of {generated}"))
        }
        _ => Ok(()),
    }
}

fn share(place: &str, value: Option<f64>) -> Result<(), StudyError> {
    match value {
        // Sums of rounded masses may pass one by a hair.
        Some(value) if !(0.0..=1.0 + 1e-9).contains(&value) => wrong(place, "a number from 0 to 1", value),
        _ => Ok(()),
    }
}

fn at_least_zero(place: &str, value: Option<f64>) -> Result<(), StudyError> {
    match value {
        Some(value) if !(value >= 0.0 && value.is_finite()) => wrong(place, "a finite number of at least 0", value),
        _ => Ok(()),
    }
}

fn wrong(place: &str, expected: &'static str, got: impl ToString) -> Result<(), StudyError> {
    Err(StudyError::Input(format!("{place}: expected {expected}, got {}", got.to_string()).into()))
}
