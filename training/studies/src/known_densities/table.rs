//! Runs over seeds as rows beside the published cells.

use super::metrics::Pooled;
use super::published::{METRICS, published};
use super::run::DensityResult;
use super::settings::{Dataset, DensityHead, Task};
use planwright_training::statistics::Summary;
use planwright_training::study::{Column, Table, distinct, paired, spread, yes};
use serde::Serialize;

/// One metric of one head on one data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DensityRow {
    /// Bins or values.
    pub task: Task,
    /// Which distribution.
    pub dataset: Dataset,
    /// Name of the head.
    pub head: String,
    /// `kl`, `mse`, `mse_argmax`, `smoothness` or `perplexity`.
    pub metric: String,
    /// Number of seeds.
    pub seeds: usize,
    /// Mean over seeds.
    pub mean: f64,
    /// Sample deviation over seeds, for smoothness that over all distributions of all seeds, as published. `None` for a
    /// single seed.
    pub sd: Option<f64>,
    /// Sample deviation over seeds of every metric, smoothness as well. `None` for a single seed.
    pub sd_over_seeds: Option<f64>,
    /// The published mean.
    pub published: Option<f64>,
    /// The published deviation.
    pub published_sd: Option<f64>,
    /// Table or figure of the published mean.
    pub source: Option<String>,
    /// Whether the mean is within one published deviation of the published mean.
    pub within_one_sd: Option<bool>,
}

/// Whether the Fourier head of the tables has less than the linear one, seed by seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DensityComparison {
    /// Which distribution.
    pub dataset: Dataset,
    /// `kl` or `smoothness`.
    pub metric: String,
    /// Seeds with both heads.
    pub seeds: usize,
    /// Those of them in which the Fourier head is below.
    pub fourier_below_linear: usize,
}

/// All rows of a set of runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DensityTable {
    /// The command that makes them.
    pub command: String,
    /// Passes over the training rows.
    pub epochs: usize,
    /// Data set by data set, head by head.
    pub rows: Vec<DensityRow>,
    /// Fourier against linear.
    pub comparisons: Vec<DensityComparison>,
}

/// Rows and comparisons of results of one task.
pub fn table(results: &[DensityResult], command: &str) -> DensityTable {
    let mut rows = Vec::new();
    for dataset in Dataset::ALL {
        for head in distinct(results.iter().map(|result| result.settings.head)) {
            let chosen: Vec<&DensityResult> = results
                .iter()
                .filter(|result| result.settings.dataset == dataset && result.settings.head == head)
                .collect();
            rows.extend(METRICS.iter().filter_map(|metric| row(&chosen, metric)));
        }
    }
    let comparisons = Dataset::ALL.iter().flat_map(|dataset| ["kl", "smoothness"].map(|metric| (*dataset, metric)));
    DensityTable {
        command: command.to_owned(),
        epochs: results.first().map_or(0, |result| result.settings.epochs),
        rows,
        comparisons: comparisons.filter_map(|(dataset, metric)| compare(results, dataset, metric)).collect(),
    }
}

/// Results of one data set and head.
fn row(results: &[&DensityResult], metric: &str) -> Option<DensityRow> {
    let settings = &results.first()?.settings;
    let values: Vec<f64> = results.iter().filter_map(|result| result.found.metrics.value(metric)).collect();
    let Summary { mean, sd: sd_over_seeds, count } = Summary::of(&values)?;
    let mut sd = sd_over_seeds;
    if metric == "smoothness" {
        let parts: Vec<Pooled> = results.iter().filter_map(|result| result.found.metrics.smoothness).collect();
        sd = Pooled::merge(&parts).map(|pooled| pooled.sd);
    }
    let cell = published(settings.task, settings.dataset, &settings.head, metric);
    Some(DensityRow {
        task: settings.task,
        dataset: settings.dataset,
        head: settings.head.name(),
        metric: metric.to_owned(),
        seeds: count,
        mean,
        sd,
        sd_over_seeds,
        published: cell.map(|cell| cell.mean),
        published_sd: cell.and_then(|cell| cell.sd),
        source: cell.map(|cell| cell.source.to_owned()),
        within_one_sd: cell.and_then(|cell| cell.within_one_sd(mean)),
    })
}

fn compare(results: &[DensityResult], dataset: Dataset, metric: &str) -> Option<DensityComparison> {
    let of = |head: DensityHead| {
        let chosen = |result: &&DensityResult| (result.settings.dataset, result.settings.head) == (dataset, head);
        let value = |result: &DensityResult| Some((result.settings.seed, result.found.metrics.value(metric)?));
        results.iter().filter(chosen).filter_map(value).collect::<Vec<(u64, f64)>>()
    };
    let pairs = paired(of(DensityHead::TABLE), of(DensityHead::Linear {}));
    let fourier_below_linear = pairs.iter().filter(|(fourier, linear)| fourier < linear).count();
    (!pairs.is_empty()).then(|| DensityComparison {
        dataset,
        metric: metric.to_owned(),
        seeds: pairs.len(),
        fourier_below_linear,
    })
}

const COLUMNS: [Column<DensityRow>; 7] = [
    ("data", |row| row.dataset.name().to_owned()),
    ("head", |row| row.head.clone()),
    ("metric", |row| row.metric.clone()),
    ("seeds", |row| row.seeds.to_string()),
    ("measured", |row| spread(row.mean, row.sd, 4)),
    ("published", |row| row.published.map(|mean| spread(mean, row.published_sd, 4)).unwrap_or_default()),
    ("within one deviation", |row| row.within_one_sd.map_or("", yes).to_owned()),
];

/// The table for people.
pub fn text(table: &DensityTable) -> String {
    let mut lines = vec![Table::of(&COLUMNS, &table.rows).text()];
    let compared = table.rows.iter().filter_map(|row| row.within_one_sd);
    let within = compared.clone().filter(|within| *within).count();
    lines.push(format!("{within} of {} published cells within one deviation", compared.count()));
    for comparison in &table.comparisons {
        lines.push(format!(
            "{} {}: Fourier below linear in {} of {} seeds",
            comparison.dataset.name(),
            comparison.metric,
            comparison.fourier_below_linear,
            comparison.seeds
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::metrics::DensityMetrics;
    use super::super::run::DensityFit;
    use super::super::settings::DensitySettings;
    use super::*;
    use crate::conformance;

    fn result(head: DensityHead, seed: u64, kl: f64, smoothness: f64) -> DensityResult {
        let smoothness = Some(Pooled { mean: smoothness, sd: 0.01, count: 1000 });
        let metrics = DensityMetrics { kl: Some(kl), smoothness, ..DensityMetrics::default() };
        let settings = DensitySettings { head, seed, ..DensitySettings::published(Task::Bins) };
        conformance::outcome(settings, DensityFit { metrics, example: None, loss: 1.0 })
    }

    fn results() -> Vec<DensityResult> {
        let linear = DensityHead::Linear {};
        vec![
            result(linear, 1, 0.10, 0.12),
            result(linear, 2, 0.20, 0.10),
            result(DensityHead::TABLE, 1, 0.12, 0.05),
            result(DensityHead::TABLE, 2, 0.22, 0.07),
            result(DensityHead::Mixture {}, 1, f64::NAN, 0.05),
        ]
    }

    #[test]
    fn rows_hold_mean_deviation_and_the_published_cell() {
        let table = table(&results(), "a command");
        let find = |head: &str, metric: &str| {
            let Some(row) = table.rows.iter().find(|row| row.head == head && row.metric == metric) else {
                panic!("no row of {head} and {metric}")
            };
            row
        };
        let linear = find("linear", "kl");
        assert!(
            (linear.mean - 0.15).abs() < 1e-12 && linear.sd.is_some_and(|sd| (sd - 0.005_f64.sqrt()).abs() < 1e-12)
        );
        assert_eq!(
            (linear.published, linear.published_sd, linear.within_one_sd),
            (Some(0.1695), Some(0.0523), Some(true))
        );
        assert_eq!(find("fourier-12", "kl").within_one_sd, Some(false));
        // sqrt(0.01^2 + 0.01^2): within the runs and between them.
        let smoothness = find("fourier-12", "smoothness");
        assert!(smoothness.sd.is_some_and(|sd| (sd - 0.0002_f64.sqrt()).abs() < 1e-12), "{smoothness:?}");
        assert!(smoothness.sd_over_seeds.is_some_and(|sd| (sd - 0.0002_f64.sqrt()).abs() < 1e-12), "{smoothness:?}");
        // What is no number is within nothing.
        assert_eq!(find("mixture", "kl").within_one_sd, Some(false));
        assert_eq!(table.rows.len(), 6);
    }

    #[test]
    fn heads_are_compared_seed_by_seed() {
        let table = table(&results(), "a command");
        let counts: Vec<(&str, usize, usize)> =
            table.comparisons.iter().map(|one| (one.metric.as_str(), one.seeds, one.fourier_below_linear)).collect();
        assert_eq!(counts, [("kl", 2, 0), ("smoothness", 2, 2)]);
        let text = text(&table);
        assert!(
            text.contains("gaussian  linear      kl          2      0.1500 ± 0.0707  0.1695 ± 0.0523  yes"),
            "{text}"
        );
        assert!(text.contains("gaussian smoothness: Fourier below linear in 2 of 2 seeds"), "{text}");
    }
}
