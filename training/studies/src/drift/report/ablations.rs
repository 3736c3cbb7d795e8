//! `ablations.svg`: bars of the ablations H0 to H10 with the published values as ticks (appendix F).

use super::published;
use super::results::{AblationRow, DriftResults};
use super::select::seeds_text;
use planwright_training::statistics::Summary;
use planwright_training::study::markdown::MISSING;
use planwright_training::study::plot::axes::{ABOVE, BELOW, Chart, Panel, dots, rectangle, segment};
use planwright_training::study::plot::style::{
    DATA_BAR, DOT, FAINT, INK, LABEL_SIZE, LINE_HEIGHT, MARGIN, MODEL, THICK, TICK_SIZE, TITLE_HEIGHT, WIDTH,
};
use planwright_training::study::plot::svg::{Area, Drawn, Mark, TextStyle, clean, fit, legend, px, svg, title};
use plotters::prelude::{EmptyElement, Text};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

/// Of a hypothesis.
const ROW_HEIGHT: f64 = 30.0;
/// Of the names on the left.
const NAMES: f64 = 330.0;
/// Above and below the bars inside the panel.
const PANEL: f64 = ABOVE + BELOW;

/// One hypothesis over its seeds.
pub(super) struct Experiment<'r> {
    pub(super) hypothesis: &'r str,
    pub(super) name: &'r str,
    pub(super) rows: Vec<&'r AblationRow>,
    pub(super) published_data: Option<f64>,
    pub(super) published_model: Option<f64>,
}

/// The published hypotheses in their order, then any others, each with its rows.
pub(super) fn experiments(results: &DriftResults) -> Vec<Experiment<'_>> {
    let rows_of = |hypothesis: &str| -> Vec<&AblationRow> {
        results.ablations.iter().filter(|row| row.hypothesis == hypothesis).collect()
    };
    let mut all: Vec<Experiment<'_>> = published::ABLATIONS
        .iter()
        .map(|known| {
            let rows = rows_of(known.hypothesis);
            Experiment {
                hypothesis: known.hypothesis,
                name: rows.first().map_or(known.experiment, |row| row.experiment.as_str()),
                published_data: Some(known.data),
                published_model: known.model,
                rows,
            }
        })
        .collect();
    for row in &results.ablations {
        if !all.iter().any(|entry| entry.hypothesis == row.hypothesis) {
            all.push(Experiment {
                hypothesis: &row.hypothesis,
                name: &row.experiment,
                rows: rows_of(&row.hypothesis),
                published_data: row.published_data,
                published_model: row.published_model,
            });
        }
    }
    all
}

pub(super) fn draw(results: &DriftResults) -> Drawn<String> {
    let all = experiments(results);
    let head = MARGIN + TITLE_HEIGHT + LINE_HEIGHT;
    let height = head + PANEL + ROW_HEIGHT * all.len() as f64 + MARGIN;
    svg(WIDTH, height, |area| {
        title(area, &format!("Ablations on the tent map (size {})", results.size))?;
        let entries = [
            (Mark::Box(DATA_BAR), "TV(data, prior)"),
            (Mark::Box(MODEL), "TV(model, prior)"),
            (Mark::Dot(INK), "one seed"),
            (Mark::Tick(INK), "published"),
        ];
        legend(area, MARGIN + TITLE_HEIGHT, &entries)?;
        let body = area.margin(px(head), px(MARGIN), px(MARGIN), px(MARGIN));
        let right = body.margin(0, 0, px(NAMES), 0);
        let values = all.iter().flat_map(|entry| {
            let own = entry.rows.iter().flat_map(|row| [row.tv_data, row.tv_model]).flatten();
            own.chain(entry.published_data).chain(entry.published_model)
        });
        let note = seeds_text(results.ablations.iter().map(|row| row.seed).collect::<std::collections::BTreeSet<_>>());
        let (x, y) = ([0.0, 1.04 * values.fold(0.1, f64::max)], [0.0, all.len() as f64]);
        let panel = Panel { x_ticks: 10, ..Panel::new("", &note, ["total variation to the prior", ""], x, y) };
        bars(&right, &panel, &all)
    })
}

fn bars(right: &Area<'_>, panel: &Panel<'_>, all: &[Experiment<'_>]) -> Drawn<()> {
    let mut chart = panel.upright(right)?;
    for (place, entry) in all.iter().enumerate() {
        // The first on top.
        let middle = all.len() as f64 - place as f64 - 0.5;
        // Placed by the chart, left of its axis, so that a name cannot slip from its bars.
        let bold = TextStyle::bold(LABEL_SIZE, INK).style(HPos::Right, VPos::Center);
        let plain = TextStyle::plain(LABEL_SIZE, if entry.rows.is_empty() { FAINT } else { INK });
        let plain = plain.style(HPos::Left, VPos::Center);
        let name = fit(entry.name, LABEL_SIZE, NAMES - 60.0);
        let text = EmptyElement::at((0.0, middle))
            + Text::new(clean(entry.hypothesis), (px(42.0 - NAMES), 0), bold)
            + Text::new(clean(&name), (px(52.0 - NAMES), 0), plain);
        chart.draw_series(std::iter::once(text))?;
        let data: Vec<f64> = entry.rows.iter().filter_map(|row| row.tv_data).collect();
        let model: Vec<f64> = entry.rows.iter().filter_map(|row| row.tv_model).collect();
        let absent = match (data.is_empty(), model.is_empty()) {
            (true, true) => Some(MISSING.to_owned()),
            (true, false) => Some(format!("data: {MISSING}")),
            (false, true) => Some(format!("model: {MISSING}")),
            (false, false) => None,
        };
        if let Some(text) = absent {
            let marks = data.iter().chain(&model).chain(&entry.published_data).chain(&entry.published_model);
            beside(&mut chart, text, (marks.copied().fold(0.0, f64::max), middle), panel.x[1])?;
        }
        bar(&mut chart, &data, entry.published_data, middle + 0.2, DATA_BAR)?;
        bar(&mut chart, &model, entry.published_model, middle - 0.2, MODEL)?;
    }
    Ok(())
}

fn bar(chart: &mut Chart<'_, '_>, values: &[f64], published: Option<f64>, at: f64, colour: RGBColor) -> Drawn<()> {
    const HALF: f64 = 0.17;
    if let Some(all) = Summary::of(values) {
        rectangle(chart, [(0.0, at - HALF), (all.mean, at + HALF)], colour)?;
        if values.len() > 1 {
            dots(chart, values.iter().map(|value| (*value, at)).collect(), plotters::style::WHITE, DOT)?;
            dots(chart, values.iter().map(|value| (*value, at)).collect(), INK, DOT - 1.0)?;
        }
    }
    if let Some(published) = published {
        segment(chart, [(published, at - HALF - 0.03), (published, at + HALF + 0.03)], INK, THICK)?;
    }
    Ok(())
}

/// Right of the last mark of a row, or left of it where the axis ends.
fn beside(chart: &mut Chart<'_, '_>, text: String, at: (f64, f64), end: f64) -> Drawn<()> {
    let (across, aside) = if at.0 > 0.75 * end { (HPos::Right, -8.0) } else { (HPos::Left, 8.0) };
    let style = TextStyle::plain(TICK_SIZE, FAINT).style(across, VPos::Center);
    let label = EmptyElement::at(at) + Text::new(text, (px(aside), 0), style);
    chart.draw_series(std::iter::once(label))?;
    Ok(())
}
