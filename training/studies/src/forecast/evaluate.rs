//! A forecaster on all series: a fitted run, or one of the two that repeat what was.

use super::decode::{Forecast, Sampling, forecast};
use super::metrics::{
    MEDIAN, Quantiles, SeriesScore, certain, median_error, naive_error, quantile_loss, quantiles, seasonal_naive,
};
use super::model::Model;
use super::series::{Series, Task};
use super::settings::ForecastSettings;
use planwright::density::SmoothnessMetric;
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// Series that are shown with their forecast.
const SHOWN: [&str; 3] = ["airline", "sea-surface", "beer"];
/// Of what is known, so much is shown.
const SHOWN_HISTORY: usize = 48;

/// A forecast to look at: the last window of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Name of the series.
    pub series: String,
    /// The end of what is known.
    pub history: Vec<f64>,
    /// What followed.
    pub future: Vec<f64>,
    /// The 10% quantile of each step.
    pub low: Vec<f64>,
    /// The median of each step.
    pub median: Vec<f64>,
    /// The 90% quantile of each step.
    pub high: Vec<f64>,
    /// Probabilities of all tokens at the first step; for the first example alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pmf: Option<Vec<f32>>,
}

/// Quantiles of each window of a series beside the window.
type Answers<'t, 's> = Vec<(&'t Task<'s>, Quantiles)>;

/// Scores of forecasts of one series.
fn score(series: &Series, answers: &Answers<'_, '_>) -> Result<SeriesScore, StudyError> {
    let wrong =
        |got: &str| StudyError::setting("series", format!("'{}' with windows whose past varies", series.name), got);
    let (mut mase, mut loss, mut magnitude) = (0.0, 0.0, 0.0);
    for (task, quantiles) in answers {
        let scale = naive_error(task.history, series.period).ok_or_else(|| wrong("a constant one"))?;
        mase += median_error(quantiles, task.future) / scale / answers.len() as f64;
        loss += quantile_loss(quantiles, task.future);
        magnitude += task.future.iter().map(|value| value.abs()).sum::<f64>();
    }
    if !(magnitude > 0.0) {
        return Err(wrong("none, or only zeros"));
    }
    let series = series.name.clone();
    Ok(SeriesScore { series, mase, wql: loss / magnitude, smoothness: None, smoothness_sd: None })
}

/// Scores of a forecaster that is sure of its values: the last `period` values again and again.
pub(super) fn repeating(
    series: &[Series],
    windows: usize,
    period: fn(&Series) -> usize,
) -> Result<Vec<SeriesScore>, StudyError> {
    let one = |series: &Series| {
        let tasks = series.tasks(windows);
        let answer = |task: &Task<'_>| certain(&seasonal_naive(task.history, period(series), task.future.len()));
        let answers: Answers<'_, '_> = tasks.iter().map(|task| (task, answer(task))).collect();
        score(series, &answers)
    };
    series.iter().map(one).collect()
}

/// What a fitted run reached.
pub(super) struct Evaluated {
    pub(super) scores: Vec<SeriesScore>,
    pub(super) examples: Vec<Example>,
}

/// Samples paths after every window of every series and scores them. Smoothness is that of the probabilities along the
/// first path of each series' last window.
pub(super) fn evaluate(
    model: &Model,
    views: &[Tensor],
    series: &[Series],
    run: &ForecastSettings,
) -> Result<Evaluated, StudyError> {
    let metric = SmoothnessMetric::new(run.shared.tokens)?;
    let sampling = Sampling { samples: run.shared.samples, top: run.shared.top, seed: run.seed };
    let tasks: Vec<Vec<Task<'_>>> = series.iter().map(|series| series.tasks(run.shared.windows)).collect();
    let histories: Vec<&[f64]> = tasks.iter().flatten().map(|task| task.history).collect();
    let horizon = series.iter().map(|series| series.horizon).max().unwrap_or_default();
    if horizon > run.shared.lengths.horizon {
        let expected = format!("of at least {horizon}, the longest of the series");
        return Err(StudyError::setting("horizon", expected, run.shared.lengths.horizon));
    }
    let mut forecasts = forecast(model, views, &histories, horizon, sampling)?.into_iter();
    let (mut scores, mut examples) = (Vec::new(), Vec::new());
    for (series, tasks) in series.iter().zip(&tasks) {
        let forecasts: Vec<Forecast> = forecasts.by_ref().take(tasks.len()).collect();
        let quantiles = forecasts.iter().map(|forecast| quantiles(&forecast.paths, series.horizon));
        let answers: Answers<'_, '_> = tasks.iter().zip(quantiles).collect();
        let mut scored = score(series, &answers)?;
        if let (Some(last), Some((task, quantiles))) = (forecasts.first(), answers.first()) {
            let pmfs = last.pmfs.iter().take(series.horizon);
            let values: Vec<f64> = pmfs.map(|pmf| metric.of(pmf)).collect::<Result<_, _>>()?;
            let count = values.len().max(1) as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            (scored.smoothness, scored.smoothness_sd) = (Some(mean), Some(variance.sqrt()));
            if let Some(place) = SHOWN.iter().position(|shown| *shown == series.name) {
                let mut shown = example(task, quantiles);
                let first = last.pmfs.first().filter(|_| place == 0);
                shown.pmf = first.map(|pmf| pmf.iter().map(|mass| *mass as f32).collect());
                examples.push(shown);
            }
        }
        scores.push(scored);
    }
    Ok(Evaluated { scores, examples })
}

fn example(task: &Task<'_>, quantiles: &Quantiles) -> Example {
    let level = |level: usize| quantiles.iter().filter_map(|row| row.get(level).copied()).collect();
    let from = task.history.len().saturating_sub(SHOWN_HISTORY);
    Example {
        series: task.series.name.clone(),
        history: task.history.get(from..).unwrap_or_default().to_vec(),
        future: task.future.to_vec(),
        low: level(0),
        median: level(MEDIAN),
        high: level(8),
        pmf: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Scores;
    use super::super::settings::Shared;
    use super::*;

    #[test]
    fn repeating_the_season_by_hand() {
        let text = |text: &str| text.to_owned();
        let values = vec![1.0, 2.0, 1.0, 4.0, 1.0, 4.0, 2.0, 4.0];
        let (name, source, licence) = (text("a"), text("b"), text("c"));
        let series = [Series { name, source, licence, period: 2, horizon: 2, values }];
        let seasonal = repeating(&series, 1, |series| series.period).expect("scores");
        // Forecast 1, 4 for 2, 4: error 1/2; within the past |1-1|, |4-2|, |1-1|, |4-4|: 1/2.
        assert_eq!((seasonal[0].mase, seasonal[0].wql), (1.0, 1.0 / 6.0));
        // The last value, 4 for 2, 4.
        let last = repeating(&series, 1, |_| 1).expect("scores");
        assert_eq!((last[0].mase, last[0].wql), (2.0, 2.0 / 6.0));
        let constant = [Series { values: vec![1.0; 8], ..series[0].clone() }];
        let refused = repeating(&constant, 1, |_| 1).expect_err("no scale").to_string();
        assert!(refused.contains("windows whose past varies, got a constant one"), "{refused}");
    }

    /// Scores relative to the seasonal naive forecast exist for every series of the table.
    #[test]
    fn the_seasonal_naive_forecast_errs_on_every_series() {
        let shared = Shared::table();
        let series = Series::all(shared.series).expect("series");
        let naive = repeating(&series, shared.windows, |series| series.period).expect("scores");
        assert!(naive.iter().all(|score| score.mase > 0.0 && score.wql > 0.0), "{naive:?}");
        let Some(scores) = Scores::of(&naive, &naive) else { panic!("scores") };
        assert!((scores.relative_mase - 1.0).abs() < 1e-12 && (scores.relative_wql - 1.0).abs() < 1e-12);
        assert!(SHOWN.iter().all(|shown| series.iter().any(|series| series.name == *shown)));
    }
}
