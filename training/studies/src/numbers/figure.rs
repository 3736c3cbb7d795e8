//! The plots of the report: over frequencies, over passes, and one prompt's answers.

use super::run::NumberResult;
use super::settings::{BINS, NumberHead};
use super::table::{budgets, heads, of};
use super::task::Gaussian;
use planwright_training::statistics::Summary;
use planwright_training::study::plot::axes::{Panel, Y_TICKS, dashed, line, top};
use planwright_training::study::plot::curves::{Curve, CurvePanel, CurvePoint, colour_of, draw};
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
    ("Distance of 128 draws to the truth", "total variation", |result| result.metrics.tvd),
    ("Different numbers among 128 draws", "numbers", |result| result.metrics.distinct),
];

fn place(results: &[&NumberResult], x: f64, measure: Measure) -> Option<CurvePoint> {
    let values: Vec<f64> = results.iter().map(|result| measure(result)).collect();
    Summary::of(&values).map(|all| CurvePoint::of(x, all))
}

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
    let all = heads(results);
    let frequencies = |head: &NumberHead| match head {
        NumberHead::Fourier { frequencies } => Some(*frequencies as f64),
        _ => None,
    };
    let ends = || all.iter().filter_map(frequencies);
    let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
    let panels = MEASURES.map(|(heading, y_label, measure)| {
        let at = |head: &NumberHead, x| place(&of(results, head, epochs), x, measure);
        let mut places: Vec<CurvePoint> = all.iter().filter_map(|head| at(head, frequencies(head)?)).collect();
        places.sort_by(|a, b| a.x.total_cmp(&b.x));
        let fourier = Curve::new("fourier", colour(&NumberHead::TABLE), false, places);
        let level = |head: &NumberHead| {
            let ends = [low, high].into_iter().filter_map(|x| at(head, x)).collect();
            Curve::new(head.name(), colour(head), true, ends)
        };
        let others = all.iter().filter(|head| frequencies(head).is_none()).map(level);
        let curves = std::iter::once(fourier).chain(others).collect();
        CurvePanel { note: format!("{epochs} epochs"), ..CurvePanel::new(heading, "frequencies", y_label, curves) }
    });
    draw("Gaussian numbers: Fourier heads over their frequencies", &panels, 2)
}

/// Both measures over the passes, each doubling one step wide.
pub(super) fn over_passes(results: &[NumberResult]) -> Drawn<String> {
    let shown = |head: &&NumberHead| !matches!(head, NumberHead::Fourier { .. }) || **head == NumberHead::TABLE;
    let all = heads(results);
    let panels = MEASURES.map(|(heading, y_label, measure)| {
        let one = |head: &NumberHead| {
            let at = |epochs: usize| place(&of(results, head, epochs), (epochs as f64).log2(), measure);
            let places = budgets(results).into_iter().filter_map(at).collect();
            let dashed = *head == NumberHead::Perfect {};
            Curve::new(head.name(), colour(head), dashed, places)
        };
        let curves = all.iter().filter(shown).map(one).collect();
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
    let all = answers.iter().flat_map(|(_, result)| &result.example).chain(&truth).copied();
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
    let panel = Panel {
        heading: &head.name(),
        note: &format!("seed {}, {} epochs", settings.seed, settings.epochs),
        x_label: "number",
        y_label: "probability",
        x: SHOWN,
        y,
        x_ticks: 6,
        y_ticks: Y_TICKS,
    };
    let points = |masses: &[f64]| {
        let places = masses.iter().zip(0..).map(|(mass, bin)| (f64::from(bin) / (0.5 * BINS as f64) - 1.0, *mass));
        places.filter(|(x, _)| (SHOWN[0]..=SHOWN[1]).contains(x)).collect::<Vec<_>>()
    };
    if result.example.iter().any(|mass| !mass.is_finite()) {
        return panel.empty(area, planwright_training::study::markdown::MISSING);
    }
    let mut chart = panel.chart(area)?;
    line(&mut chart, points(&result.example), colour_of(colour(head)), MEDIUM)?;
    dashed(&mut chart, points(truth), INK, THIN)
}
