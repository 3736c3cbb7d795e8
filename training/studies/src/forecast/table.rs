//! Runs over seeds as rows beside the published cells, and what the published table claims.

use super::evaluate::repeating;
use super::metrics::{Scores, SeriesScore};
use super::published::{PublishedRow, published};
use super::run::ForecastResult;
use super::series::Series;
use super::settings::{Shared, Variant};
use planwright_training::statistics::Summary;
use planwright_training::study::{Column, StudyError, Table, distinct, paired, spread, yes};
use serde::Serialize;

/// Metrics of the table: relative MASE and WQL, and smoothness.
pub(super) const METRICS: [&str; 3] = ["mase", "wql", "smoothness"];

/// A mean over seeds beside the published number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Mean over seeds.
    pub mean: f64,
    /// Sample deviation over seeds; of smoothness that over the steps of a series, as published.
    pub sd: Option<f64>,
    /// The published mean.
    pub published: Option<f64>,
    /// The published deviation.
    pub published_sd: Option<f64>,
}

/// One forecaster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ForecastRow {
    /// `linear`, `fourier-64`, .., `seasonal-naive`, `last-value`.
    pub forecaster: String,
    /// Number of seeds; 0 for those that have none.
    pub seeds: usize,
    /// Parameters of the network, head included; 0 for those that have none.
    pub parameters: usize,
    /// MASE as a share of the seasonal naive forecast's, geometric mean over the series.
    pub mase: Measured,
    /// The same of the weighted quantile loss.
    pub wql: Measured,
    /// Smoothness of the predicted probabilities; `None` for a forecaster without.
    pub smoothness: Option<Measured>,
    /// Mean MASE over the series.
    pub plain_mase: f64,
    /// Mean weighted quantile loss over the series.
    pub plain_wql: f64,
    /// Mean loss of the last hundred steps.
    pub loss: Option<f64>,
    /// Seconds of a fit on one core, mean over seeds.
    pub fit_secs: Option<f64>,
}

/// A claim that one row is below another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ForecastComparison {
    /// The row that may be below.
    pub lower: String,
    /// The row that may be above.
    pub upper: String,
    /// `mase`, `wql` or `smoothness`.
    pub metric: String,
    /// Whether it is so in the published table.
    pub published: bool,
    /// Whether it is so here, by the mean over seeds.
    pub measured: bool,
    /// Seeds with both rows.
    pub seeds: usize,
    /// Those of them in which it is so.
    pub seeds_below: usize,
}

/// All rows of a set of runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ForecastTable {
    /// The command that makes them.
    pub command: String,
    /// What all runs share.
    pub shared: Shared,
    /// Forecaster by forecaster.
    pub rows: Vec<ForecastRow>,
    /// What the published table claims, and whether it is so here.
    pub comparisons: Vec<ForecastComparison>,
    /// Comparisons whose outcome here is the published one.
    pub agreements: usize,
}

/// Rows and comparisons of results that share their settings.
///
/// # Errors
/// Without results, or if the series cannot be read.
pub fn forecast_table(results: &[ForecastResult], command: &str) -> Result<ForecastTable, StudyError> {
    let Some(first) = results.first() else {
        return Err(StudyError::setting("runs", "with a head and a seed", "none"));
    };
    let shared = first.settings.shared.clone();
    let series = Series::all(shared.series)?;
    let naive = repeating(&series, shared.windows, |series| series.period)?;
    let last = repeating(&series, shared.windows, |_| 1)?;
    let mut rows: Vec<ForecastRow> = variants(results).iter().filter_map(|variant| row(results, variant)).collect();
    rows.extend(reference("seasonal-naive", &naive, &naive));
    rows.extend(reference("last-value", &last, &naive));
    let comparisons = comparisons(results);
    let agreements = comparisons.iter().filter(|one| one.published == one.measured).count();
    Ok(ForecastTable { command: command.to_owned(), shared, rows, comparisons, agreements })
}

/// Heads in the order in which they first appear.
fn variants(results: &[ForecastResult]) -> Vec<Variant> {
    distinct(results.iter().map(|result| result.settings.variant))
}

fn of<'r>(results: &'r [ForecastResult], variant: &'r Variant) -> impl Iterator<Item = &'r ForecastResult> {
    results.iter().filter(move |result| result.settings.variant == *variant)
}

/// The published row of a run's head; none for runs of other sizes than the table's, which say nothing about it.
fn known(result: &ForecastResult) -> Option<PublishedRow> {
    published(&result.settings.variant).filter(|_| result.settings.shared == Shared::table())
}

/// A number of the table.
pub(super) fn value(scores: &Scores, metric: &str) -> Option<f64> {
    match metric {
        "mase" => Some(scores.relative_mase),
        "wql" => Some(scores.relative_wql),
        "smoothness" => scores.smoothness,
        _ => None,
    }
}

fn row(results: &[ForecastResult], variant: &Variant) -> Option<ForecastRow> {
    let chosen: Vec<&ForecastResult> = of(results, variant).collect();
    let numbers = |number: fn(&ForecastResult) -> Option<f64>| -> Option<Summary> {
        let numbers: Option<Vec<f64>> = chosen.iter().map(|result| number(result)).collect();
        Summary::of(&numbers?)
    };
    let known = known(chosen.first()?);
    let cell = |all: Summary, published| Measured { sd: all.sd, published, ..Measured::alone(all.mean) };
    let mase = numbers(|result| Some(result.scores.relative_mase))?;
    let squares = numbers(|result| result.scores.smoothness_sd.map(|sd| sd * sd));
    Some(ForecastRow {
        forecaster: variant.name(),
        seeds: chosen.len(),
        parameters: chosen.first()?.parameters,
        mase: cell(mase, known.map(|row| row.mase)),
        wql: cell(numbers(|result| Some(result.scores.relative_wql))?, known.map(|row| row.wql)),
        smoothness: numbers(|result| result.scores.smoothness).map(|smoothness| Measured {
            mean: smoothness.mean,
            sd: squares.map(|squares| squares.mean.sqrt()),
            published: known.map(|row| row.smoothness),
            published_sd: known.map(|row| row.smoothness_sd),
        }),
        plain_mase: numbers(|result| Some(result.scores.mase))?.mean,
        plain_wql: numbers(|result| Some(result.scores.wql))?.mean,
        loss: numbers(|result| result.losses.last().copied()).map(|loss| loss.mean),
        fit_secs: numbers(|result| Some(result.fit_secs)).map(|secs| secs.mean),
    })
}

fn reference(name: &str, scores: &[SeriesScore], naive: &[SeriesScore]) -> Option<ForecastRow> {
    let scores = Scores::of(scores, naive)?;
    Some(ForecastRow {
        forecaster: name.to_owned(),
        seeds: 0,
        parameters: 0,
        mase: Measured::alone(scores.relative_mase),
        wql: Measured::alone(scores.relative_wql),
        smoothness: None,
        plain_mase: scores.mase,
        plain_wql: scores.wql,
        loss: None,
        fit_secs: None,
    })
}

/// Every Fourier head against the linear one, each against the next of more frequencies, and against its ablations, as
/// far as the published table has both.
fn comparisons(results: &[ForecastResult]) -> Vec<ForecastComparison> {
    let variants = variants(results);
    let mut comparisons = Vec::new();
    let mut before: Option<Variant> = None;
    for variant in variants.iter().filter(|variant| variant.frequencies().is_some()) {
        comparisons.extend(METRICS.iter().filter_map(|metric| compare(results, variant, &Variant::LINEAR, metric)));
        if let Some(before) = before {
            // More frequencies are less smooth and forecast better; the penalty and mixed bins help.
            let pair = |metric: &str| match (metric == "smoothness", variant.frequencies() == before.frequencies()) {
                (true, false) | (_, true) => (before, *variant),
                (false, false) => (*variant, before),
            };
            comparisons.extend(METRICS.iter().filter_map(|metric| {
                let (lower, upper) = pair(metric);
                compare(results, &lower, &upper, metric)
            }));
        }
        // Both ablations are compared with the whole head, which comes before them.
        if before.is_none_or(|before| before.frequencies() != variant.frequencies()) {
            before = Some(*variant);
        }
    }
    comparisons
}

fn compare(results: &[ForecastResult], lower: &Variant, upper: &Variant, metric: &str) -> Option<ForecastComparison> {
    let known = |variant: &Variant| {
        known(of(results, variant).next()?).map(|row| match metric {
            "mase" => row.mase,
            "wql" => row.wql,
            _ => row.smoothness,
        })
    };
    let values = |variant| {
        let value = |result: &ForecastResult| Some((result.settings.seed, value(&result.scores, metric)?));
        of(results, variant).filter_map(value).collect::<Vec<(u64, f64)>>()
    };
    let pairs = paired(values(lower), values(upper));
    let sums = pairs.iter().fold((0.0, 0.0), |sums, pair| (sums.0 + pair.0, sums.1 + pair.1));
    let published = known(lower)? < known(upper)?;
    (!pairs.is_empty()).then(|| ForecastComparison {
        lower: lower.name(),
        upper: upper.name(),
        metric: metric.to_owned(),
        published,
        measured: sums.0 < sums.1,
        seeds: pairs.len(),
        seeds_below: pairs.iter().filter(|(low, high)| low < high).count(),
    })
}

impl Measured {
    /// Without a published number.
    fn alone(mean: f64) -> Self {
        Self { mean, sd: None, published: None, published_sd: None }
    }

    /// Mean and deviation.
    pub(super) fn text(&self) -> String {
        spread(self.mean, self.sd, 4)
    }

    /// The published ones, if there are.
    pub(super) fn published(&self) -> Option<String> {
        let mean = self.published?;
        Some(self.published_sd.map_or_else(|| format!("{mean:.3}"), |sd| spread(mean, Some(sd), 4)))
    }
}

const COLUMNS: [Column<ForecastRow>; 8] = [
    ("forecaster", |row| row.forecaster.clone()),
    ("seeds", |row| row.seeds.to_string()),
    ("MASE", |row| row.mase.text()),
    ("published", |row| row.mase.published().unwrap_or_default()),
    ("WQL", |row| row.wql.text()),
    ("published", |row| row.wql.published().unwrap_or_default()),
    ("smoothness", |row| row.smoothness.as_ref().map(Measured::text).unwrap_or_default()),
    ("published", |row| row.smoothness.as_ref().and_then(Measured::published).unwrap_or_default()),
];

/// The table for people.
pub(super) fn forecast_text(table: &ForecastTable) -> String {
    let mut lines = vec![Table::of(&COLUMNS, &table.rows).text()];
    lines.push("MASE and WQL relative to the seasonal naive forecast, geometric mean over the series".to_owned());
    for one in &table.comparisons {
        lines.push(format!(
            "{} below {} in {}: published {}, here {} ({} of {} seeds)",
            one.lower,
            one.upper,
            one.metric,
            yes(one.published),
            yes(one.measured),
            one.seeds_below,
            one.seeds
        ));
    }
    if !table.comparisons.is_empty() {
        lines.push(format!("{} of {} as published", table.agreements, table.comparisons.len()));
    }
    lines.join("\n")
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::settings::{ForecastHead, ForecastSettings};
    use super::*;

    pub(in super::super) fn result(variant: Variant, seed: u64, mase: f64, smoothness: f64) -> ForecastResult {
        let scores = Scores {
            mase: 2.0 * mase,
            wql: 0.1,
            relative_mase: mase,
            relative_wql: 1.0,
            smoothness: Some(smoothness),
            smoothness_sd: Some(0.01),
        };
        let settings = ForecastSettings { variant, seed, shared: Shared::table() };
        ForecastResult {
            settings_sha256: settings.sha256(),
            settings,
            parameters: 7,
            scores,
            series: Vec::new(),
            losses: vec![6.0, 5.0],
            examples: Vec::new(),
            fit_secs: 300.0,
            evaluation_secs: 20.0,
        }
    }

    pub(in super::super) fn results() -> Vec<ForecastResult> {
        let free = ForecastHead::Fourier { frequencies: 550, regularisation: 0.0 };
        vec![
            result(Variant::LINEAR, 1, 0.9, 0.2),
            result(Variant::LINEAR, 2, 1.1, 0.2),
            result(Variant::fourier(64), 1, 0.95, 0.01),
            result(Variant::fourier(64), 2, 1.0, 0.01),
            result(Variant::fourier(550), 1, 0.8, 0.03),
            result(Variant { head: free, ..Variant::LINEAR }, 1, 0.85, 0.02),
        ]
    }

    #[test]
    fn rows_hold_means_and_published_cells() {
        let table = forecast_table(&results(), "a command").expect("a table");
        let names: Vec<&str> = table.rows.iter().map(|row| row.forecaster.as_str()).collect();
        assert_eq!(names, ["linear", "fourier-64", "fourier-550", "fourier-550-free", "seasonal-naive", "last-value"]);
        let linear = &table.rows[0];
        assert!((linear.mase.mean - 1.0).abs() < 1e-12 && linear.mase.sd.is_some_and(|sd| (sd - 0.1414).abs() < 1e-3));
        assert_eq!((linear.seeds, linear.mase.published, linear.loss), (2, Some(0.883), Some(5.0)));
        assert!(linear.smoothness.as_ref().is_some_and(|cell| cell.sd == Some(0.01)));
        assert_eq!((table.rows[2].mase.sd, table.rows[4].seeds), (None, 0));
        assert!((table.rows[4].mase.mean - 1.0).abs() < 1e-12 && table.rows[4].smoothness.is_none());
        let none = forecast_table(&[], "a command").expect_err("nothing to show").to_string();
        assert_eq!(none, "expected runs with a head and a seed, got none");
    }

    #[test]
    fn runs_of_other_sizes_are_not_compared_with_the_published_table() {
        let mut results = results();
        for result in &mut results {
            result.settings.shared = Shared::quick();
        }
        let table = forecast_table(&results, "a command").expect("a table");
        assert!(table.comparisons.is_empty() && table.rows.iter().all(|row| row.mase.published.is_none()));
    }

    #[test]
    fn claims_are_those_of_the_published_table() {
        let table = forecast_table(&results(), "a command").expect("a table");
        let find = |lower: &str, upper: &str, metric: &str| {
            let found = |one: &&ForecastComparison| one.lower == lower && one.upper == upper && one.metric == metric;
            let Some(one) = table.comparisons.iter().find(found) else { panic!("{lower} {upper} {metric}") };
            (one.published, one.measured, one.seeds_below, one.seeds)
        };
        assert_eq!(find("fourier-64", "linear", "mase"), (true, true, 1, 2));
        assert_eq!(find("fourier-64", "linear", "wql"), (false, false, 0, 2));
        assert_eq!(find("fourier-64", "linear", "smoothness"), (true, true, 2, 2));
        assert_eq!(find("fourier-550", "fourier-64", "mase"), (true, true, 1, 1));
        assert_eq!(find("fourier-64", "fourier-550", "smoothness"), (true, true, 1, 1));
        assert_eq!(find("fourier-550", "fourier-550-free", "mase"), (true, true, 1, 1));
        assert_eq!(find("fourier-550", "fourier-550-free", "smoothness"), (true, false, 0, 1));
        assert_eq!(table.comparisons.len(), 3 * 5);
        let text = forecast_text(&table);
        assert!(text.contains("fourier-64 below linear in mase: published yes, here yes (1 of 2 seeds)"), "{text}");
        assert!(text.contains(&format!("{} of 15 as published", table.agreements)), "{text}");
    }
}
