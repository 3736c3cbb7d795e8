//! The report's section: the table, its numbers over the frequencies, and forecasts to look at.

use super::evaluate::Example;
use super::run::ForecastResult;
use super::settings::{BinningKind, ForecastHead, Variant};
use super::table::{ForecastComparison, ForecastRow, ForecastTable, METRICS, Measured, value};
use planwright_training::study::markdown::cell;
use planwright_training::study::plot::axes::{Panel, Points, band, dashed, line};
use planwright_training::study::plot::curves::{COLOURS, Curve, CurvePanel, draw};
use planwright_training::study::plot::style::{INK, MEDIUM, THIN};
use planwright_training::study::plot::svg::{Area, Drawn, Mark, sheet};
use planwright_training::study::{Column, Figure, Section, StudyError, Table, yes};

const PANEL_HEIGHT: f64 = 240.0;

/// The section of results and their table.
///
/// # Errors
/// If a figure cannot be drawn.
pub(super) fn section(results: &[ForecastResult], table: &ForecastTable) -> Result<Section, StudyError> {
    let mut figures = vec![Figure::drawn(
        "forecast-frequencies.svg",
        "Relative MASE, relative WQL and smoothness over the frequencies, linear head dashed",
        frequencies(results),
    )?];
    let linear = shown(results, &Variant::LINEAR);
    let most = results.iter().filter(|result| is_published_fourier(&result.settings.variant));
    let most = most.max_by_key(|result| result.settings.variant.frequencies());
    let fourier = most.and_then(|most| shown(results, &most.settings.variant));
    if let (Some(linear), Some(fourier)) = (linear, fourier) {
        let caption = "Forecasts with the band from the 10% to the 90% quantile, and one predicted distribution";
        figures.push(Figure::drawn("forecast-examples.svg", caption, examples([linear, fourier]))?);
    }
    Ok(Section {
        title: "Forecasting with tokens".to_owned(),
        commands: vec![table.command.clone()],
        text: text(table),
        figures,
    })
}

/// A Fourier head with penalty over mixed-precision bins.
fn is_published_fourier(variant: &Variant) -> bool {
    let penalised = matches!(variant.head, ForecastHead::Fourier { regularisation, .. } if regularisation > 0.0);
    penalised && variant.binning == BinningKind::Mixed
}

/// The first run of a head that has forecasts to look at.
fn shown<'r>(results: &'r [ForecastResult], variant: &Variant) -> Option<&'r ForecastResult> {
    results.iter().find(|result| result.settings.variant == *variant && !result.examples.is_empty())
}

fn known(cell: &Measured) -> String {
    cell.published().unwrap_or("none".to_owned())
}

const ROWS: [Column<ForecastRow>; 10] = [
    ("forecaster", |one| cell(&one.forecaster)),
    ("seeds", |one| one.seeds.to_string()),
    ("MASE", |one| one.mase.text()),
    ("published", |one| known(&one.mase)),
    ("WQL", |one| one.wql.text()),
    ("published", |one| known(&one.wql)),
    ("smoothness", |one| one.smoothness.as_ref().map(Measured::text).unwrap_or_default()),
    ("published", |one| one.smoothness.as_ref().map(known).unwrap_or_default()),
    ("last loss", |one| one.loss.map_or(String::new(), |loss| format!("{loss:.3}"))),
    ("parameters", |one| one.parameters.to_string()),
];

const ORDERS: [Column<ForecastComparison>; 6] = [
    ("lower", |one| cell(&one.lower)),
    ("upper", |one| cell(&one.upper)),
    ("metric", |one| one.metric.clone()),
    ("published", |one| yes(one.published).to_owned()),
    ("here", |one| yes(one.measured).to_owned()),
    ("seeds", |one| format!("{} of {}", one.seeds_below, one.seeds)),
];

fn text(table: &ForecastTable) -> String {
    let shared = &table.shared;
    let mut out = format!(
        "Encoder and decoder of {} + {} layers and width {}, {} tokens, {} steps of {} windows, trained on synthetic \
         series alone (Gaussian processes of random kernels, and mixtures of them; the published mixtures are of real \
         series) and measured on {} real series that were never seen. The published network has 20 million parameters, \
         200 000 steps and other data, so that its numbers stand here for their order, not for their size. MASE and WQL \
         are relative to the seasonal naive forecast (geometric mean over the series), below 1 is better than that. \
         The penalty is part of the loss, which it is not in the released trainer. Paths are sampled from the {} \
         likeliest values of each step, as published.\n\n",
        shared.network.layers,
        shared.network.layers,
        shared.network.width,
        shared.tokens,
        shared.steps,
        shared.batch,
        shared.series,
        shared.top,
    );
    out.push_str(&Table::of(&ROWS, &table.rows).markdown());
    let (found, all) = (table.agreements, table.comparisons.len());
    out.push_str(&format!("\nOrders of the published table, {found} of {all} found here:\n\n"));
    out + &Table::of(&ORDERS, &table.comparisons).markdown()
}

/// One panel per metric, the linear head as a level.
fn frequencies(results: &[ForecastResult]) -> Drawn<String> {
    let panel = |metric: &str| {
        let own = results.iter().filter(|result| is_published_fourier(&result.settings.variant));
        let values = own.filter_map(|result| {
            let frequencies = result.settings.variant.frequencies()?;
            Some(((frequencies as f64).log2(), value(&result.scores, metric)?))
        });
        let fourier = Curve::over("Fourier", 0, values);
        let linear = results.iter().filter(|result| result.settings.variant == Variant::LINEAR);
        let linear: Vec<f64> = linear.filter_map(|result| value(&result.scores, metric)).collect();
        let linear = Curve::level("linear", 1, &fourier.places(), &linear);
        let is_smoothness = metric == "smoothness";
        let heading = if is_smoothness { metric.to_owned() } else { format!("relative {}", metric.to_uppercase()) };
        CurvePanel {
            note: "lower is better".to_owned(),
            from_zero: is_smoothness,
            ..CurvePanel::new(heading, "frequencies, log2", metric, vec![fourier, linear])
        }
    };
    draw("Forecasts over the frequencies", &METRICS.map(panel), 3)
}

/// Smallest and largest of what is drawn, with air; a NaN is passed over.
fn range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let [low, high] = values
        .filter(|value| value.is_finite())
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)]);
    if !(low.is_finite() && high.is_finite()) {
        return [0.0, 1.0];
    }
    let air = if high > low { 0.06 * (high - low) } else { low.abs().max(1.0) };
    [low - air, high + air]
}

/// A row of panels per run: its forecasts, then its first predicted distribution.
fn examples(runs: [&ForecastResult; 2]) -> Drawn<String> {
    let columns = 1 + runs.iter().map(|run| run.examples.len()).max().unwrap_or_default();
    let entries = [
        (Mark::Line(INK, MEDIUM), "series"),
        (Mark::Dashed(COLOURS[1], MEDIUM), "median"),
        (Mark::Box(COLOURS[5]), "10% to 90%"),
        (Mark::Line(COLOURS[0], THIN), "probabilities of the first step"),
    ];
    sheet("Forecasts of series that were never seen", &[&entries], [runs.len(), columns], PANEL_HEIGHT, |cells| {
        for (run, cells) in runs.iter().zip(cells.chunks(columns)) {
            let name = run.settings.variant.name();
            for (cell, example) in cells.iter().zip(&run.examples) {
                one(cell, &name, example)?;
            }
            let pmf = run.examples.iter().find_map(|example| example.pmf.as_ref());
            if let (Some(cell), Some(pmf)) = (cells.last(), pmf) {
                distribution(cell, &name, pmf)?;
            }
        }
        Ok(())
    })
}

fn one(area: &Area<'_>, name: &str, example: &Example) -> Drawn<()> {
    let ahead = |values: &[f64]| -> Points { (0..).map(f64::from).zip(values.iter().copied()).collect() };
    let back = example.history.len() as f64;
    let history: Points =
        example.history.iter().enumerate().map(|(step, value)| (step as f64 - back, *value)).collect();
    let known = example.history.iter().chain(&example.future);
    let (x, y) = ([-back, example.future.len() as f64], range(known.chain(&example.low).chain(&example.high).copied()));
    let panel = Panel { x_ticks: 4, ..Panel::new(&example.series, name, ["steps from now", ""], x, y) };
    let mut chart = panel.chart(area)?;
    band(&mut chart, ahead(&example.low), ahead(&example.high), COLOURS[5], 0.45)?;
    // The series goes on without a gap.
    let series: Points = history.into_iter().chain(ahead(&example.future)).collect();
    line(&mut chart, series, INK, THIN)?;
    dashed(&mut chart, ahead(&example.median), COLOURS[1], MEDIUM)
}

fn distribution(area: &Area<'_>, name: &str, pmf: &[f32]) -> Drawn<()> {
    let masses: Vec<f64> = pmf.iter().map(|mass| f64::from(*mass)).collect();
    let largest = masses.iter().copied().fold(0.0, f64::max);
    // Where there is more than a hundredth of the largest mass, and some room.
    let tall = |mass: &f64| *mass > 0.01 * largest;
    let first = masses.iter().position(tall).unwrap_or_default().saturating_sub(40);
    let last = (masses.iter().rposition(tall).unwrap_or_default() + 40).min(masses.len());
    let points: Points = masses.iter().enumerate().map(|(token, mass)| (token as f64, *mass)).collect();
    let part = points.get(first..last).unwrap_or_default().to_vec();
    let x = [first as f64, last.max(first + 1) as f64];
    let y = [0.0, range(masses.into_iter())[1].max(f64::MIN_POSITIVE)];
    let panel = Panel { x_ticks: 3, ..Panel::new("next token", name, ["token", ""], x, y) };
    line(&mut panel.chart(area)?, part, COLOURS[0], THIN)
}

#[cfg(test)]
mod tests {
    use super::super::table::forecast_table;
    use super::super::table::tests::results;
    use super::*;

    #[test]
    fn the_section_has_table_and_figures() {
        let mut results = results();
        let example = |pmf: Option<Vec<f32>>| Example {
            series: "airline".to_owned(),
            history: vec![1.0, 2.0, 3.0],
            future: vec![4.0, 5.0],
            low: vec![3.0, 3.0],
            median: vec![4.0, 4.0],
            high: vec![5.0, 6.0],
            pmf,
        };
        for result in &mut results {
            result.examples = vec![example(Some(vec![0.0, 0.25, 0.5, 0.25])), example(None)];
        }
        let table = forecast_table(&results, "planwright-study run forecast").expect("a table");
        let section = section(&results, &table).expect("a section");
        assert!(section.text.contains("| fourier-550 | 1 | 0.8000 | 0.852 |"), "{}", section.text);
        assert!(section.text.contains("| fourier-64 | linear | mase | yes | yes | 1 of 2 |"), "{}", section.text);
        let files: Vec<&str> = section.figures.iter().map(|figure| figure.file.as_str()).collect();
        assert_eq!(files, ["forecast-frequencies.svg", "forecast-examples.svg"]);
        assert!(section.figures.iter().all(|figure| figure.svg.starts_with("<svg")));
        assert!(section.figures[1].svg.contains("airline") && section.figures[1].svg.contains("next token"));
    }

    #[test]
    fn results_without_examples_or_fourier_heads_still_make_a_section() {
        let results = &results()[..2];
        let table = forecast_table(results, "a command").expect("a table");
        assert_eq!(section(results, &table).expect("a section").figures.len(), 1);
    }
}
