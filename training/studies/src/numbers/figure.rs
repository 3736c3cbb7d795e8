//! The plots of the report: over frequencies, over passes, and one prompt's answers.

use super::run::NumberResult;
use super::settings::{BINS, NumberHead};
use super::table::{heads, of};
use super::task::Gaussian;
use planwright_training::study::plot::axes::{Panel, dashed, line, top};
use planwright_training::study::plot::curves::{Curve, CurvePanel, colour_of, draw};
use planwright_training::study::plot::style::{INK, MEDIUM, THIN};
use planwright_training::study::plot::svg::{Area, Drawn, Mark, sheet};

const PANEL_HEIGHT: f64 = 264.0;
/// What is shown of the example's numbers.
const SHOWN: [f64; 2] = [0.05, 1.0];
/// The example's Gaussian: the last of the published ones.
const EXAMPLE: Gaussian = Gaussian::ALL[3];

type Measure = fn(&NumberResult) -> f64;

/// The two published measures.
const MEASURES: [(&str, &str, Measure); 2] = [
    ("Distance of 128 draws to the truth", "total variation", |result| result.found.metrics.tvd),
    ("Different numbers among 128 draws", "numbers", |result| result.found.metrics.distinct),
];

/// The same colour for a head in all plots: its place among the curves' colours.
fn colour(head: &NumberHead) -> usize {
    match head {
        NumberHead::Fourier { .. } => 0,
        NumberHead::Linear {} => 1,
        NumberHead::Text { form: super::TextForm::Digits } => 2,
        NumberHead::Text { form: super::TextForm::Pairs } => 3,
        NumberHead::Perfect {} => 6,
    }
}

/// Both measures over the frequencies, the other heads as dashed lines.
pub(super) fn over_frequencies(results: &[NumberResult], epochs: usize) -> Drawn<String> {
    let shown = || results.iter().filter(|result| result.settings.epochs == epochs);
    let panels = MEASURES.map(|(heading, y_label, measure)| {
        let value = |result: &NumberResult| Some((result.settings.head.frequencies()? as f64, measure(result)));
        let fourier = Curve::over("fourier", colour(&NumberHead::TABLE), shown().filter_map(value));
        let level = |head: &NumberHead| {
            let values: Vec<f64> = of(results, head, epochs).into_iter().map(measure).collect();
            Curve::level(head.name(), colour(head), &fourier.places(), &values)
        };
        let others = heads(results).iter().filter(|head| head.frequencies().is_none()).map(level).collect::<Vec<_>>();
        let curves = std::iter::once(fourier).chain(others).collect();
        CurvePanel { note: format!("{epochs} epochs"), ..CurvePanel::new(heading, "frequencies", y_label, curves) }
    });
    draw("Gaussian numbers: Fourier heads over their frequencies", &panels, 2)
}

/// Both measures over the passes, each doubling one step wide.
pub(super) fn over_passes(results: &[NumberResult]) -> Drawn<String> {
    let shown = |head: &&NumberHead| head.frequencies().is_none() || **head == NumberHead::TABLE;
    let panels = MEASURES.map(|(heading, y_label, measure)| {
        let one = |head: &NumberHead| {
            let own = results.iter().filter(|result| result.settings.head == *head);
            let values = own.map(|result| ((result.settings.epochs as f64).log2(), measure(result)));
            let curve = Curve::over(head.name(), colour(head), values);
            if *head == (NumberHead::Perfect {}) { curve.dashed() } else { curve }
        };
        let curves = heads(results).iter().filter(shown).map(one).collect();
        CurvePanel::new(heading, "epochs, logarithm to base 2", y_label, curves)
    });
    draw("Gaussian numbers: over the passes through 256 prompts", &panels, 2)
}

/// What each head of a few answers to the example prompt, and the truth.
pub(super) fn answers(results: &[NumberResult], epochs: usize) -> Drawn<String> {
    let shown: Vec<NumberHead> = NumberHead::BASELINES.into_iter().chain([NumberHead::TABLE]).collect();
    let answers: Vec<(NumberHead, &NumberResult)> =
        shown.iter().filter_map(|head| Some((*head, *of(results, head, epochs).first()?))).collect();
    let truth = EXAMPLE.rounded_masses().unwrap_or_default();
    let all = answers.iter().flat_map(|(_, result)| &result.found.example).chain(&truth).copied();
    let y = [0.0, top(all)];
    let rows = answers.len().div_ceil(2);
    let entries = [(Mark::Line(INK, MEDIUM), "what is drawn from"), (Mark::Dashed(INK, THIN), "the truth, rounded")];
    sheet("Answers to: mean 0.55, deviation 0.10, two numbers", &[&entries], [rows, 2], PANEL_HEIGHT, |cells| {
        let mut pairs = cells.iter().zip(&answers);
        pairs.try_for_each(|(cell, (head, result))| answer(cell, head, result, &truth, y))
    })
}

fn answer(area: &Area<'_>, head: &NumberHead, result: &NumberResult, truth: &[f64], y: [f64; 2]) -> Drawn<()> {
    let settings = &result.settings;
    let (name, note) = (head.name(), format!("seed {}, {} epochs", settings.seed, settings.epochs));
    let panel = Panel::new(&name, &note, ["number", "probability"], SHOWN, y);
    let points = |masses: &[f64]| {
        let places = masses.iter().zip(0..).map(|(mass, bin)| (f64::from(bin) / (0.5 * BINS as f64) - 1.0, *mass));
        places.filter(|(x, _)| (SHOWN[0]..=SHOWN[1]).contains(x)).collect::<Vec<_>>()
    };
    if result.found.example.iter().any(|mass| !mass.is_finite()) {
        return panel.empty(area, planwright_training::study::markdown::MISSING);
    }
    let mut chart = panel.chart(area)?;
    line(&mut chart, points(&result.found.example), colour_of(colour(head)), MEDIUM)?;
    dashed(&mut chart, points(truth), INK, THIN)
}
