//! `scales.svg`: the prediction over the scale of the deviation kernel (appendix C.2).

use super::published;
use super::results::{DriftResults, SystemResult};
use super::select::{seeds_text, systems};
use planwright_training::statistics::Summary;
use planwright_training::study::markdown::MISSING;
use planwright_training::study::plot::axes::{Panel, dashed, dots, line, rings, segment, top, write};
use planwright_training::study::plot::style::{DATA, FAINT, HEADING_SIZE, MEDIUM, PREDICTION, THIN};
use planwright_training::study::plot::svg::{Area, Drawn, Mark, fit, sheet};

const COLUMNS: usize = 3;
const PANEL_HEIGHT: f64 = 264.0;
const DOT: f64 = 2.0;

pub(super) fn draw(results: &DriftResults) -> Drawn<String> {
    let systems = systems(results);
    let heading = format!("The prediction over the scale of the deviations (size {})", results.size);
    let entries = [
        (Mark::Line(PREDICTION, MEDIUM), "TV(prediction, model)"),
        (Mark::Dashed(DATA, THIN), "TV(prediction, data)"),
        (Mark::Ring(FAINT), "published TV(prediction, model)"),
        (Mark::Upright(FAINT), "scale matched to the model's error"),
    ];
    sheet(&heading, &[&entries], [systems.len().div_ceil(COLUMNS), COLUMNS], PANEL_HEIGHT, |cells| {
        cells.iter().zip(systems).try_for_each(|(cell, (name, system))| panel(cell, name, system))
    })
}

fn panel(area: &Area<'_>, name: &str, system: Option<&SystemResult>) -> Drawn<()> {
    let published: Vec<(f64, f64)> = published::sweep(name).into_iter().flatten().collect();
    let sweeps = system.map_or(&[][..], |system| &system.sweeps);
    let rows = || sweeps.iter().flat_map(|sweep| &sweep.scales);
    let matched: Vec<f64> =
        system.iter().flat_map(|system| &system.seeds).filter_map(|seed| seed.matched_scale).collect();
    let matched = Summary::of(&matched).map(|all| all.mean);
    let reach = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    let right = reach(&mut rows().map(|row| row.scale).chain(published.iter().map(|(scale, _)| *scale)).chain(matched));
    let right = if right > 0.0 { right } else { 0.05 };
    let distances = rows().flat_map(|row| [Some(row.tv_prediction_data), row.tv_prediction_model]).flatten();
    let y = [0.0, top(distances.chain(published.iter().map(|(_, distance)| *distance)))];
    let note = if sweeps.is_empty() { String::new() } else { seeds_text(sweeps.iter().map(|sweep| sweep.seed)) };
    let (heading, labels) = (fit(name, HEADING_SIZE, 130.0), ["scale (normalised coordinates)", "total variation"]);
    let panel = Panel::new(&heading, &note, labels, [0.0, 1.02 * right], y);
    let mut chart = panel.chart(area)?;
    if let Some(scale) = matched {
        // Short dashes by hand: the series of the library starts anew at each point, which two points do not show.
        for part in 0..40 {
            let from = y[1] * f64::from(part) / 40.0;
            segment(&mut chart, [(scale, from), (scale, from + y[1] / 80.0)], FAINT, THIN)?;
        }
    }
    for sweep in sweeps {
        let data: Vec<_> = sweep.scales.iter().map(|row| (row.scale, row.tv_prediction_data)).collect();
        let model: Vec<_> = sweep.scales.iter().filter_map(|row| Some((row.scale, row.tv_prediction_model?))).collect();
        dashed(&mut chart, data, DATA, THIN)?;
        line(&mut chart, model.clone(), PREDICTION, MEDIUM)?;
        dots(&mut chart, model, PREDICTION, DOT)?;
    }
    rings(&mut chart, published, FAINT)?;
    if rows().next().is_none() {
        write(&mut chart, MISSING, (0.5 * panel.x[1], 0.93 * y[1]), 0.0)?;
    } else if rows().all(|row| row.tv_prediction_model.is_none()) {
        write(&mut chart, &format!("model: {MISSING}"), (0.5 * panel.x[1], 0.93 * y[1]), 0.0)?;
    }
    Ok(())
}
