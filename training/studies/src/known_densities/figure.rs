//! What the heads learnt of one test row of each data set, beside the truth (figures 2.2 and A22).

use super::run::{ToyExample, ToyResult};
use super::settings::{Dataset, ToyHead};
use crate::report::curves::COLOURS;
use crate::report::markdown::MISSING;
use crate::report::panel::{Panel, Y_TICKS, dashed, line, top};
use crate::report::sheet::{Area, Drawn, Mark, legend, px, svg, title};
use crate::report::style::{BREATH, INK, LINE_HEIGHT, MARGIN, MEDIUM, THIN, TITLE_HEIGHT, WIDTH};
use planwright::density::bin_centre;

const PANEL_HEIGHT: f64 = 220.0;
/// Columns of the figure, with the place of their colours.
const HEADS: [(ToyHead, usize); 3] = [(ToyHead::Linear {}, 1), (ToyHead::Mixture {}, 2), (ToyHead::TABLE, 0)];

/// One row per data set, one column per head, of the first seed that has an example; with that seed. `None` without any.
pub(super) fn learnt(results: &[ToyResult]) -> Drawn<Option<(u64, String)>> {
    let shown =
        |result: &&ToyResult| result.example.is_some() && HEADS.iter().any(|(head, _)| *head == result.settings.head);
    let Some(seed) = results.iter().find(shown).map(|result| result.settings.seed) else { return Ok(None) };
    let example = |dataset: Dataset, head: ToyHead| {
        let chosen = |result: &&ToyResult| {
            let settings = &result.settings;
            (settings.dataset, settings.head, settings.seed) == (dataset, head, seed)
        };
        results.iter().find(chosen).and_then(|result| result.example.as_ref())
    };
    let top_of = MARGIN + TITLE_HEIGHT + LINE_HEIGHT + BREATH;
    let drawn = svg(WIDTH, top_of + PANEL_HEIGHT * Dataset::ALL.len() as f64 + MARGIN, |area| {
        title(area, "Learnt distributions of one test row")?;
        let entries = [(Mark::Line(INK, MEDIUM), "learnt"), (Mark::Dashed(INK, THIN), "true")];
        legend(area, MARGIN + TITLE_HEIGHT, &entries)?;
        let body = area.margin(px(top_of), px(MARGIN), px(MARGIN / 2.0), px(MARGIN / 2.0));
        let cells = body.split_evenly((Dataset::ALL.len(), HEADS.len()));
        let places = Dataset::ALL.into_iter().flat_map(|dataset| HEADS.map(|head| (dataset, head)));
        for (cell, (dataset, (head, colour))) in cells.iter().zip(places) {
            let masses = HEADS.iter().filter_map(|(head, _)| example(dataset, *head));
            let highest = top(masses.flat_map(|example| example.truth.iter().chain(&example.learnt)).copied());
            let heading = format!("{}: {}", dataset.name(), head.name());
            panel(cell, &heading, colour, example(dataset, head), highest)?;
        }
        Ok(())
    })?;
    Ok(Some((seed, drawn)))
}

fn panel(area: &Area<'_>, heading: &str, colour: usize, example: Option<&ToyExample>, highest: f64) -> Drawn<()> {
    let note = example.map_or(String::new(), |example| format!("x {:.2}, y {:.2}", example.input[0], example.input[1]));
    let panel = Panel {
        heading,
        note: &note,
        x_label: "z",
        y_label: "probability",
        x: [-1.0, 1.0],
        y: [0.0, highest],
        x_ticks: 5,
        y_ticks: Y_TICKS,
    };
    let Some(example) = example else { return panel.empty(area, MISSING) };
    let points = |masses: &[f64]| {
        let places = masses.iter().enumerate().map(|(bin, mass)| (bin_centre(bin, masses.len()), *mass));
        places.filter(|(_, mass)| mass.is_finite()).collect::<Vec<_>>()
    };
    let colour = COLOURS.get(colour).copied().unwrap_or(INK);
    let mut chart = panel.chart(area)?;
    line(&mut chart, points(&example.learnt), colour, MEDIUM)?;
    dashed(&mut chart, points(&example.truth), INK, THIN)
}
