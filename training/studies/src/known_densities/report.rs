//! The study's part of a report: tables 2.1, A2, A3 and A4, and the sweeps of figures A19 and A20.

use super::figure::learnt;
use super::published::published;
use super::run::DensityResult;
use super::settings::{Dataset, DensityHead, Task};
use super::table::{DensityComparison, DensityRow, DensityTable, table};
use planwright_training::statistics::Summary;
use planwright_training::study::markdown::MISSING;
use planwright_training::study::plot::curves::{Curve, CurvePanel};
use planwright_training::study::{Column, Done, Figure, Section, StudyError, Table, spread};

/// Colours of the curves: no penalty, penalty, the flat baselines.
const PLAIN: usize = 0;
const PENALISED: usize = 1;
const BASELINE: usize = 6;
const MIXTURE: usize = 2;
/// The same, as the published curves are drawn.
const PUBLISHED_PLAIN: usize = 5;
const PUBLISHED_PENALISED: usize = 4;
/// Runs that are named where some are missing.
const NAMED: usize = 4;

/// Tables and sweeps of what is done; missing runs are named.
///
/// # Errors
/// If a plot cannot be drawn.
pub(super) fn section(bins: &Done<DensityResult>, values: &Done<DensityResult>) -> Result<Section, StudyError> {
    let commands = [
        ("planwright-study run known_densities --json", true),
        ("planwright-study run known_densities --head fourier --sweep --json", has_sweep(bins)),
        ("planwright-study run known_densities --mle --json", !values.results.is_empty()),
        ("planwright-study run known_densities --mle --head fourier --sweep --json", has_sweep(values)),
    ];
    let [of_bins, of_values] = [bins, values].map(|done| table(&done.results, ""));
    let heads = [DensityHead::Regression {}, DensityHead::Linear {}, DensityHead::Mixture {}, DensityHead::TABLE];
    let text = [
        opening(bins, values),
        part(&of_bins, Task::Bins, KL_AND_SMOOTHNESS, &heads[1..], ["kl", "smoothness"]),
        part(&of_bins, Task::Bins, SQUARED_ERRORS, &heads, ["mse", "mse_argmax"]),
        part(&of_values, Task::Values, MAXIMUM_LIKELIHOOD, &heads[2..], ["kl", "perplexity"]),
        comparisons(&of_bins),
    ]
    .join("\n");
    let mut figures = Vec::new();
    if let Some((seed, svg)) = learnt(&bins.results) {
        let caption = format!("What each head learnt of one test row, seed {seed} (figures 2.2 and A22)");
        figures.push(Figure::drawn("toy-learnt.svg", &caption, svg)?);
    }
    for (done, file, caption, metrics) in [
        (bins, "toy-sweep.svg", "Over the number of frequencies, from bins (figure A19)", ["kl", "smoothness"]),
        (values, "toy-sweep-mle.svg", "Over the number of frequencies, from values (figure A20)", ["kl", "perplexity"]),
    ] {
        if has_sweep(done) {
            figures.push(Figure::curves(file, caption, &panels(done, metrics), 3)?);
        }
    }
    let commands = commands.into_iter().filter(|(_, run)| *run).map(|(command, _)| command.to_owned()).collect();
    Ok(Section { title: "Three known distributions".to_owned(), commands, text, figures })
}

/// A curve needs more than the head of the tables.
fn has_sweep(done: &Done<DensityResult>) -> bool {
    let swept = |head| matches!(head, DensityHead::Fourier { .. }) && head != DensityHead::TABLE;
    done.results.iter().any(|result| swept(result.settings.head))
}

fn opening(bins: &Done<DensityResult>, values: &Done<DensityResult>) -> String {
    let mut out = "The published recipe with random numbers of this project, seed by seed: mean and sample deviation over the \
        seeds, beside the published cell of four seeds. \"Off by\" counts published deviations; a cell is met within one. \
        Published deviations are themselves taken from four runs.\n"
        .to_owned();
    for (name, done) in [("bins", bins), ("values", values)] {
        if done.missing.is_empty() {
            continue;
        }
        let named: Vec<&str> = done.missing.iter().take(NAMED).map(String::as_str).collect();
        let more = done.missing.len().saturating_sub(NAMED);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let all = done.missing.len() + done.results.len();
        out += &format!("\nNot run of {name}: {} of {all}, {}{rest}.\n", done.missing.len(), named.join(", "));
    }
    out
}

fn find<'t>(table: &'t DensityTable, dataset: Dataset, head: &DensityHead, metric: &str) -> Option<&'t DensityRow> {
    let name = head.name();
    table.rows.iter().find(|row| row.dataset == dataset && row.head == name && row.metric == metric)
}

/// Measured, published, off by, within: four cells.
fn cells(found: Option<&DensityRow>, task: Task, dataset: Dataset, head: &DensityHead, metric: &str) -> [String; 4] {
    let cell = published(task, dataset, head, metric);
    let published = cell.map_or("none".to_owned(), |cell| cell.text(4));
    let Some(found) = found else { return [MISSING.to_owned(), published, String::new(), String::new()] };
    let mut measured = spread(found.mean, found.sd_over_seeds, 4);
    if metric == "smoothness" {
        // The published deviation of smoothness is over distributions.
        measured += &found.sd.map(|sd| format!(" (rows \u{b1} {sd:.4})")).unwrap_or_default();
    }
    measured += &format!(", {}", found.seeds);
    let off = cell.and_then(|cell| cell.off_by(found.mean));
    let within = found.within_one_sd.map_or(String::new(), |within| if within { "yes" } else { "**no**" }.to_owned());
    [measured, published, off.map_or(String::new(), |off| format!("{off:+.1}")), within]
}

/// One row per data set and head.
fn rows(table: &DensityTable, task: Task, heads: &[DensityHead], metrics: &[&str]) -> String {
    let mut names = vec!["data", "head"];
    for metric in metrics {
        names.extend([*metric, "published", "off by", "within"]);
    }
    let mut rows = Table::new(names);
    for dataset in Dataset::ALL {
        for head in heads {
            let figures = metrics
                .iter()
                .flat_map(|metric| cells(find(table, dataset, head, metric), task, dataset, head, metric));
            rows.row([dataset.name().to_owned(), head.name()].into_iter().chain(figures));
        }
    }
    rows.markdown()
}

/// One table: heading and text above it, heads, metrics.
fn part(table: &DensityTable, task: Task, above: &str, heads: &[DensityHead], metrics: [&str; 2]) -> String {
    let compared = table.rows.iter().filter(|row| metrics.contains(&row.metric.as_str()));
    let compared: Vec<bool> = compared.filter_map(|row| row.within_one_sd).collect();
    let met = compared.iter().filter(|within| **within).count();
    let rows = rows(table, task, heads, &metrics);
    format!("### {above}\n\n{rows}\n{met} of {} published cells are met within one deviation.\n", compared.len())
}

const KL_AND_SMOOTHNESS: &str = "\
Divergence and smoothness (tables 2.1 and A2)\n\nMean \u{b1} deviation over seeds, number of seeds.";
const SQUARED_ERRORS: &str = "\
Squared error (table A3)\n\nOf the expected bin (mse) and of the likeliest (mse_argmax). For the linear head on \
gaussian table A3 prints the likeliest bin's error, everywhere else the expected bin's.";
const MAXIMUM_LIKELIHOOD: &str = "\
Maximum likelihood (table A4)\n\nThe paper does not say how the true density is scaled over its 1000 bins. Taken \
is what meets most cells: a Gaussian's tail outside [-1, 1] is not counted, beta sums to one.";

const COMPARISON: [Column<DensityComparison>; 4] = [
    ("data", |one| one.dataset.name().to_owned()),
    ("metric", |one| one.metric.clone()),
    ("seeds", |one| one.seeds.to_string()),
    ("Fourier below linear", |one| one.fourier_below_linear.to_string()),
];

fn comparisons(table: &DensityTable) -> String {
    let mut out = "### Fourier against linear, seed by seed\n\n".to_owned();
    out += &Table::of(&COMPARISON, &table.comparisons).markdown();
    let all: Vec<String> = table
        .comparisons
        .iter()
        .filter(|one| one.fourier_below_linear < one.seeds)
        .map(|one| format!("{} of {} ({} of {})", one.metric, one.dataset.name(), one.fourier_below_linear, one.seeds))
        .collect();
    out += &match (table.comparisons.is_empty(), all.is_empty()) {
        (true, _) => format!("\n{MISSING}\n"),
        (false, true) => "\nFourier is below linear in every seed.\n".to_owned(),
        (false, false) => format!("\nFourier is not below linear in every seed: {}.\n", all.join(", ")),
    };
    out
}

/// One row of panels per metric, one panel per data set.
fn panels(done: &Done<DensityResult>, metrics: [&str; 2]) -> Vec<CurvePanel> {
    let one = |metric: &str, dataset: Dataset| {
        let mut curves = Vec::new();
        for (gamma, colour) in DensityHead::REGULARISATIONS.into_iter().zip([PLAIN, PENALISED]) {
            let values = of_penalty(gamma).flat_map(|(frequencies, head)| {
                figures(done, dataset, metric, head).into_iter().map(move |value| (frequencies, value))
            });
            curves.push(Curve::over(format!("gamma {gamma}"), colour, values));
        }
        for (gamma, colour) in DensityHead::REGULARISATIONS.into_iter().zip([PUBLISHED_PLAIN, PUBLISHED_PENALISED]) {
            let task = done.results.first().map(|result| result.settings.task);
            let cells = of_penalty(gamma)
                .filter_map(|(frequencies, head)| Some((frequencies, published(task?, dataset, &head, metric)?.mean)));
            let curve = Curve::over(format!("gamma {gamma}, published"), colour, cells).dashed();
            // Two points make a curve; of perplexity one is published.
            curves.extend((curve.points.len() > 1).then_some(curve));
        }
        for (label, head, colour) in
            [("linear", DensityHead::Linear {}, BASELINE), ("mixture", DensityHead::Mixture {}, MIXTURE)]
        {
            let mean = Summary::of(&figures(done, dataset, metric, head)).map(|all| all.mean);
            curves.extend(mean.map(|mean| Curve::level(label, colour, &[2.0, 20.0], &[mean])));
        }
        let heading = format!("{}: {metric}", dataset.name());
        CurvePanel { note: "band: 1 sd".to_owned(), ..CurvePanel::new(heading, "frequencies", metric, curves) }
    };
    metrics.into_iter().flat_map(|metric| Dataset::ALL.map(|dataset| one(metric, dataset))).collect()
}

/// One figure per seed.
fn figures(done: &Done<DensityResult>, dataset: Dataset, metric: &str, head: DensityHead) -> Vec<f64> {
    let chosen = |result: &&DensityResult| result.settings.dataset == dataset && result.settings.head == head;
    done.results.iter().filter(chosen).filter_map(|result| result.found.metrics.value(metric)).collect()
}

/// The Fourier heads of a penalty, by rising frequencies.
fn of_penalty(gamma: f64) -> impl Iterator<Item = (f64, DensityHead)> {
    DensityHead::sweep().into_iter().filter_map(move |head| match head {
        DensityHead::Fourier { frequencies, regularisation } if regularisation == gamma => {
            Some((frequencies as f64, head))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::metrics::{DensityMetrics, Pooled};
    use super::super::run::{DensityExample, DensityFit};
    use super::super::settings::DensitySettings;
    use super::*;
    use crate::conformance;
    use planwright_training::study::Cell;

    fn result(settings: DensitySettings) -> DensityResult {
        let kl = if settings.head == DensityHead::TABLE { 0.1 } else { 0.2 } + 0.001 * settings.seed as f64;
        let smoothness = Some(Pooled { mean: 0.06, sd: 0.01, count: 1000 });
        let metrics = match settings.task {
            Task::Bins => DensityMetrics { kl: Some(kl), mse: Some(0.01), smoothness, ..DensityMetrics::default() },
            Task::Values => DensityMetrics { kl: Some(kl), perplexity: Some(0.41), ..DensityMetrics::default() },
        };
        let even = || vec![0.02; 50];
        let example =
            (settings.task == Task::Bins).then(|| DensityExample { input: [0.3, -0.4], truth: even(), learnt: even() });
        conformance::outcome(settings, DensityFit { metrics, example, loss: 1.0 })
    }

    /// A plan's runs, all but those of the last seeds.
    fn done(task: Task, of: impl Fn(&DensityHead) -> bool) -> Done<DensityResult> {
        let mut done = Done::<DensityResult>::default();
        let run = DensitySettings::published(task);
        let all = run.over(&DensityHead::of_task(task), &Dataset::ALL, &DensitySettings::SEEDS);
        for run in all.expect("runs") {
            match of(&run.head) && run.seed <= 3 {
                true => done.results.push(result(run)),
                false => done.missing.push(run.path()),
            }
        }
        done
    }

    #[test]
    fn tables_hold_measured_beside_published_and_say_what_is_missing() {
        let tables = |head: &DensityHead| *head == DensityHead::TABLE || *head == (DensityHead::Linear {});
        let section = section(&done(Task::Bins, tables), &Done::<DensityResult>::default()).expect("a section");
        for expected in [
            "| gaussian | linear | 0.2020 \u{b1} 0.0010, 3 | 0.1695 \u{b1} 0.0523 | +0.6 | yes |",
            "(rows \u{b1} 0.0100), 3 |",
            "| beta | mixture | not measured | 0.4070 \u{b1} 0.0116 |  |  |",
            "| gmm2 | kl | 3 | 3 |",
            "Not run of bins: 672 of 690, bins/gaussian/linear/seed-42",
            "not below linear in every seed: smoothness of gaussian (0 of 3)",
        ] {
            assert!(section.text.contains(expected), "{expected}: {}", section.text);
        }
        // Linear and Fourier alone are a figure of what was learnt.
        assert_eq!((section.commands.len(), section.figures.len()), (1, 1));
    }

    #[test]
    fn sweeps_are_drawn_where_there_are_some() {
        let section = section(&done(Task::Bins, |_| true), &done(Task::Values, |_| true)).expect("a section");
        assert_eq!((section.commands.len(), section.figures.len()), (4, 3));
        for figure in &section.figures {
            assert!(figure.svg.starts_with("<svg") && !figure.svg.contains(MISSING), "{}", figure.file);
        }
        assert!(section.figures[1].svg.contains("published") && !section.figures[2].svg.contains("published"));
        let none =
            super::section(&Done::<DensityResult>::default(), &Done::<DensityResult>::default()).expect("a section");
        assert!(none.figures.is_empty() && none.text.contains(MISSING));
    }
}
