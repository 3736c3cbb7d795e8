//! What of the results belongs together in a table or plot.

use super::published::SYSTEMS;
use super::results::{DriftResults, Method, SeedResult, SystemResult};
use planwright_training::study::plot::axes::{Chart, band, line};
use planwright_training::study::plot::style::{PRIOR, PRIOR_FILL, THIN};
use planwright_training::study::plot::svg::Drawn;

/// The published systems in their order, with what was found for each, then any others.
pub(super) fn systems(results: &DriftResults) -> Vec<(&str, Option<&SystemResult>)> {
    let found = |name: &str| results.systems.iter().find(|system| system.system == name);
    let others = results.systems.iter().filter(|system| !SYSTEMS.contains(&system.system.as_str()));
    SYSTEMS
        .iter()
        .map(|name| (*name, found(name)))
        .chain(others.map(|system| (system.system.as_str(), Some(system))))
        .collect()
}

/// `seeds 0, 1, 2`.
pub(super) fn seeds_text(seeds: impl IntoIterator<Item = u64>) -> String {
    let all: Vec<String> = seeds.into_iter().map(|seed| seed.to_string()).collect();
    match all.as_slice() {
        [] => "no seed".to_owned(),
        [one] => format!("seed {one}"),
        more => format!("seeds {}", more.join(", ")),
    }
}

/// The quantity with its unit.
pub(super) fn quantity_label(system: &SystemResult) -> String {
    match system.unit.as_str() {
        "" | "1" => system.quantity.clone(),
        unit => format!("{} ({unit})", system.quantity),
    }
}

/// Density with its unit.
pub(super) fn density_label(system: &SystemResult) -> String {
    match system.unit.as_str() {
        "" | "1" => "density".to_owned(),
        unit if unit.contains(['/', ' ']) => format!("density (1/({unit}))"),
        unit => format!("density (1/{unit})"),
    }
}

/// Densities over the cells: mean over those seeds that have the curve, smallest and largest.
pub(super) struct Spread {
    pub(super) mean: Vec<(f64, f64)>,
    pub(super) low: Vec<(f64, f64)>,
    pub(super) high: Vec<(f64, f64)>,
    pub(super) seeds: usize,
}

impl Spread {
    /// The largest mean density.
    pub(super) fn highest(&self) -> f64 {
        self.mean.iter().map(|(_, density)| *density).fold(0.0, f64::max)
    }

    /// The largest density of any seed.
    pub(super) fn reach(&self) -> f64 {
        self.high.iter().map(|(_, density)| *density).fold(0.0, f64::max)
    }
}

/// `None` if no seed has the curve.
pub(super) fn spread<'r>(
    system: &'r SystemResult,
    curve: impl Fn(&'r SeedResult) -> Option<&'r Vec<f64>>,
) -> Option<Spread> {
    let curves: Vec<&Vec<f64>> = system.seeds.iter().filter_map(curve).collect();
    if curves.is_empty() {
        return None;
    }
    let width = system.grid.width();
    let over = |join: &dyn Fn(&mut dyn Iterator<Item = f64>) -> f64| {
        let at = |(cell, centre)| {
            let mut values = curves.iter().filter_map(|curve| curve.get(cell)).map(|mass| mass / width);
            (centre, join(&mut values))
        };
        system.grid.centres().into_iter().enumerate().map(at).collect::<Vec<(f64, f64)>>()
    };
    let count = curves.len() as f64;
    Some(Spread {
        mean: over(&|values| values.sum::<f64>() / count),
        low: over(&|values| values.fold(f64::INFINITY, f64::min)),
        high: over(&|values| values.fold(0.0, f64::max)),
        seeds: curves.len(),
    })
}

/// Draws the intended distribution, filled.
pub(super) fn intended(chart: &mut Chart<'_, '_>, prior: Option<&Spread>) -> Drawn<()> {
    let Some(prior) = prior else { return Ok(()) };
    let floor = prior.mean.iter().map(|(value, _)| (*value, 0.0)).collect();
    band(chart, floor, prior.mean.clone(), PRIOR_FILL, 1.0)?;
    line(chart, prior.mean.clone(), PRIOR, THIN)
}

/// The method's TV to the prior of every seed that has it.
pub(super) fn method_distances(system: &SystemResult, method: Method) -> Vec<f64> {
    system.seeds.iter().filter_map(|seed| seed.mitigation(method)?.tv_prior).collect()
}
