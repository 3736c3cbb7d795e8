//! What the heads learnt of one test row of each data set, beside the truth (figures 2.2 and A22).

use super::run::{DensityExample, DensityResult};
use super::settings::{Dataset, DensityHead};
use planwright::density::bin_centre;
use planwright_training::study::markdown::MISSING;
use planwright_training::study::plot::axes::{Panel, dashed, line, top};
use planwright_training::study::plot::curves::colour_of;
use planwright_training::study::plot::style::{INK, MEDIUM, THIN};
use planwright_training::study::plot::svg::{Area, Drawn, Mark, sheet};

const PANEL_HEIGHT: f64 = 220.0;
/// Columns of the figure, with the place of their colours.
const HEADS: [(DensityHead, usize); 3] =
    [(DensityHead::Linear {}, 1), (DensityHead::Mixture {}, 2), (DensityHead::TABLE, 0)];

/// One row per data set, one column per head, of the first seed that has an example; with that seed. `None` without any.
pub(super) fn learnt(results: &[DensityResult]) -> Option<(u64, Drawn<String>)> {
    let shown = |result: &&DensityResult| {
        result.found.example.is_some() && HEADS.iter().any(|(head, _)| *head == result.settings.head)
    };
    let seed = results.iter().find(shown)?.settings.seed;
    let example = |dataset: Dataset, head: DensityHead| {
        let chosen = |result: &&DensityResult| {
            let settings = &result.settings;
            (settings.dataset, settings.head, settings.seed) == (dataset, head, seed)
        };
        results.iter().find(chosen).and_then(|result| result.found.example.as_ref())
    };
    let entries = [(Mark::Line(INK, MEDIUM), "learnt"), (Mark::Dashed(INK, THIN), "true")];
    let size = [Dataset::ALL.len(), HEADS.len()];
    let drawn = sheet("Learnt distributions of one test row", &[&entries], size, PANEL_HEIGHT, |cells| {
        let places = Dataset::ALL.into_iter().flat_map(|dataset| HEADS.map(|head| (dataset, head)));
        for (cell, (dataset, (head, colour))) in cells.iter().zip(places) {
            let masses = HEADS.iter().filter_map(|(head, _)| example(dataset, *head));
            let highest = top(masses.flat_map(|example| example.truth.iter().chain(&example.learnt)).copied());
            let heading = format!("{}: {}", dataset.name(), head.name());
            panel(cell, &heading, colour, example(dataset, head), highest)?;
        }
        Ok(())
    });
    Some((seed, drawn))
}

fn panel(area: &Area<'_>, heading: &str, colour: usize, example: Option<&DensityExample>, highest: f64) -> Drawn<()> {
    let note = example.map_or(String::new(), |example| format!("x {:.2}, y {:.2}", example.input[0], example.input[1]));
    let (x, y) = ([-1.0, 1.0], [0.0, highest]);
    let panel = Panel { x_ticks: 5, ..Panel::new(heading, &note, ["z", "probability"], x, y) };
    let Some(example) = example else { return panel.empty(area, MISSING) };
    let points = |masses: &[f64]| {
        let places = masses.iter().enumerate().map(|(bin, mass)| (bin_centre(bin, masses.len()), *mass));
        places.filter(|(_, mass)| mass.is_finite()).collect::<Vec<_>>()
    };
    let colour = colour_of(colour);
    let mut chart = panel.chart(area)?;
    line(&mut chart, points(&example.learnt), colour, MEDIUM)?;
    dashed(&mut chart, points(&example.truth), INK, THIN)
}
