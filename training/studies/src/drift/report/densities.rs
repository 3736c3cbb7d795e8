//! `densities.svg`: intended, data's, predicted and generated distribution of each system (figure 2).

use super::results::{DriftResults, SystemResult};
use super::select::{Spread, density_label, intended, quantity_label, seeds_text, spread, systems};
use planwright_training::study::markdown::MISSING;
use planwright_training::study::plot::axes::{Panel, absence, band, dashed, line, top};
use planwright_training::study::plot::style::{
    BAND, DATA, HEADING_SIZE, MEDIUM, MODEL, PREDICTION, PRIOR_FILL, THICK, THIN,
};
use planwright_training::study::plot::svg::{Area, Drawn, Mark, fit, sheet};

const COLUMNS: usize = 3;
const PANEL_HEIGHT: f64 = 264.0;

pub(super) fn draw(results: &DriftResults) -> Drawn<String> {
    let systems = systems(results);
    let heading =
        format!("Distribution of the physical quantity: intended, predicted, generated (size {})", results.size);
    let entries = [
        (Mark::Box(PRIOR_FILL), "prior (intended)"),
        (Mark::Line(DATA, THIN), "data"),
        (Mark::Dashed(PREDICTION, THICK), "prediction"),
        (Mark::Line(MODEL, MEDIUM), "model"),
        (Mark::Box(BAND), "smallest to largest over seeds"),
    ];
    sheet(&heading, &[&entries], [systems.len().div_ceil(COLUMNS), COLUMNS], PANEL_HEIGHT, |cells| {
        cells.iter().zip(systems).try_for_each(|(cell, (name, system))| match system {
            Some(system) => panel(cell, system),
            None => nothing(cell, name, "", "quantity", [0.0, 1.0]),
        })
    })
}

fn nothing(area: &Area<'_>, heading: &str, note: &str, x_label: &str, x: [f64; 2]) -> Drawn<()> {
    Panel { x_ticks: 5, ..Panel::new(heading, note, [x_label, "density"], x, [0.0, 1.0]) }.empty(area, MISSING)
}

fn panel(area: &Area<'_>, system: &SystemResult) -> Drawn<()> {
    let prior = spread(system, |seed| seed.curves.prior.as_ref());
    let data = spread(system, |seed| seed.curves.data.as_ref());
    let prediction = spread(system, |seed| seed.curves.prediction.as_ref());
    let model = spread(system, |seed| seed.curves.model.as_ref());
    let x = [system.grid.low(), system.grid.high()];
    let (x_label, y_label) = (quantity_label(system), density_label(system));
    let note = seeds_text(system.seeds.iter().map(|seed| seed.seed));
    let heading = fit(&system.system, HEADING_SIZE, 130.0);
    let curves = [&prior, &data, &prediction, &model];
    if curves.iter().all(|curve| curve.is_none()) {
        return nothing(area, &heading, &note, &x_label, x);
    }
    let highest = curves.into_iter().flatten().map(Spread::reach);
    let y = [0.0, top(highest)];
    let panel = Panel { x_ticks: 5, ..Panel::new(&heading, &note, [&x_label, &y_label], x, y) };
    let mut chart = panel.chart(area)?;
    intended(&mut chart, prior.as_ref())?;
    for (curve, colour) in [(&prediction, PREDICTION), (&model, MODEL)] {
        if let Some(curve) = curve.as_ref().filter(|curve| curve.seeds > 1) {
            band(&mut chart, curve.low.clone(), curve.high.clone(), colour, 0.2)?;
        }
    }
    if let Some(data) = data {
        line(&mut chart, data.mean, DATA, THIN)?;
    }
    if let Some(model) = &model {
        line(&mut chart, model.mean.clone(), MODEL, MEDIUM)?;
    }
    if let Some(prediction) = &prediction {
        dashed(&mut chart, prediction.mean.clone(), PREDICTION, THICK)?;
    }
    let absent: Vec<&str> = [("prediction", prediction.is_none()), ("model", model.is_none())]
        .into_iter()
        .filter_map(|(name, is_absent)| is_absent.then_some(name))
        .collect();
    absence(&mut chart, &absent, x, y)
}
