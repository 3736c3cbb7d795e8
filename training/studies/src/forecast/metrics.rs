//! How good a forecast is: MASE, WQL, and both relative to the seasonal naive forecast.

use planwright_training::statistics::quantile;
use serde::{Deserialize, Serialize};

/// Quantiles of the weighted quantile loss.
pub(super) const QUANTILES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// Place of the median among them.
pub(super) const MEDIAN: usize = 4;

/// Quantiles of a forecast, one row of [`QUANTILES`] per step.
pub(super) type Quantiles = Vec<[f64; 9]>;

/// What a forecaster reached on one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesScore {
    /// Name of the series.
    pub series: String,
    /// Mean absolute error of the median, in units of the seasonal naive error on what is known; mean over windows.
    pub mase: f64,
    /// Weighted quantile loss over all windows.
    pub wql: f64,
    /// Mean smoothness of the predicted probabilities; `None` for a forecaster without.
    pub smoothness: Option<f64>,
    /// Deviation of it over the steps.
    pub smoothness_sd: Option<f64>,
}

/// Over all series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Mean over the series.
    pub mase: f64,
    /// Mean over the series.
    pub wql: f64,
    /// Geometric mean over the series of the share of the seasonal naive forecast: what is published.
    pub relative_mase: f64,
    /// The same of the weighted quantile loss.
    pub relative_wql: f64,
    /// Mean over the series.
    pub smoothness: Option<f64>,
    /// Root mean square of the series' deviations.
    pub smoothness_sd: Option<f64>,
}

/// The last season again and again; the last value without season.
pub(super) fn seasonal_naive(history: &[f64], period: usize, horizon: usize) -> Vec<f64> {
    let season = history.get(history.len().saturating_sub(period.max(1))..).unwrap_or_default();
    season.iter().copied().cycle().take(horizon).collect()
}

/// Mean absolute error of the seasonal naive forecast within the history. `None` if it makes no error or has no place.
pub(super) fn naive_error(history: &[f64], period: usize) -> Option<f64> {
    let pairs = history.iter().zip(history.get(period..)?);
    let errors: Vec<f64> = pairs.map(|(before, after)| (after - before).abs()).collect();
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    (mean > 0.0 && mean.is_finite()).then_some(mean)
}

/// Mean absolute error of the medians.
pub(super) fn median_error(quantiles: &Quantiles, future: &[f64]) -> f64 {
    let errors = quantiles.iter().zip(future).map(|(row, value)| (row[MEDIAN] - value).abs());
    errors.sum::<f64>() / future.len().max(1) as f64
}

/// Twice the pinball loss, summed over steps, mean over quantiles: divided by the sum of the absolute values it is the
/// weighted quantile loss.
pub(super) fn quantile_loss(quantiles: &Quantiles, future: &[f64]) -> f64 {
    let loss = |forecast: f64, level: f64, value: f64| {
        let above = value - forecast;
        2.0 * (level * above).max((level - 1.0) * above)
    };
    let step = |(row, value): (&[f64; 9], &f64)| -> f64 {
        row.iter().zip(QUANTILES).map(|(forecast, level)| loss(*forecast, level, *value)).sum()
    };
    quantiles.iter().zip(future).map(step).sum::<f64>() / QUANTILES.len() as f64
}

/// Quantiles of sampled paths, linear between the samples.
pub(super) fn quantiles(paths: &[Vec<f64>], horizon: usize) -> Quantiles {
    let at = |step: usize| {
        let mut values: Vec<f64> = paths.iter().filter_map(|path| path.get(step).copied()).collect();
        values.sort_by(f64::total_cmp);
        QUANTILES.map(|level| quantile(&values, level))
    };
    (0..horizon).map(at).collect()
}

/// A forecast without spread.
pub(super) fn certain(values: &[f64]) -> Quantiles {
    values.iter().map(|value| [*value; 9]).collect()
}

impl Scores {
    /// From scores of the same series in the same order; `None` without any, or where the seasonal naive forecast is
    /// perfect, which nothing can be relative to.
    pub(super) fn of(scores: &[SeriesScore], naive: &[SeriesScore]) -> Option<Self> {
        let count = scores.len() as f64;
        if scores.is_empty() || scores.len() != naive.len() {
            return None;
        }
        let mean = |value: fn(&SeriesScore) -> f64| scores.iter().map(value).sum::<f64>() / count;
        let relative = |value: fn(&SeriesScore) -> f64| {
            let logarithms: f64 = scores.iter().zip(naive).map(|(one, naive)| (value(one) / value(naive)).ln()).sum();
            let mean = (logarithms / count).exp();
            mean.is_finite().then_some(mean)
        };
        let smoothness: Option<Vec<f64>> = scores.iter().map(|score| score.smoothness).collect();
        let squares: Option<Vec<f64>> = scores.iter().map(|score| Some(score.smoothness_sd?.powi(2))).collect();
        Some(Self {
            mase: mean(|score| score.mase),
            wql: mean(|score| score.wql),
            relative_mase: relative(|score| score.mase)?,
            relative_wql: relative(|score| score.wql)?,
            smoothness: smoothness.map(|values| values.iter().sum::<f64>() / count),
            smoothness_sd: squares.map(|values| (values.iter().sum::<f64>() / count).sqrt()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naive_forecasts_repeat_the_season() {
        assert_eq!(seasonal_naive(&[9.0, 1.0, 2.0, 3.0], 3, 5), [1.0, 2.0, 3.0, 1.0, 2.0]);
        assert_eq!(seasonal_naive(&[9.0, 1.0], 1, 2), [1.0, 1.0]);
        // |3 - 1|, |5 - 2|, |6 - 3|
        assert_eq!(naive_error(&[1.0, 2.0, 3.0, 5.0, 6.0], 2), Some(8.0 / 3.0));
        assert_eq!([naive_error(&[1.0, 1.0, 1.0], 1), naive_error(&[1.0], 3)], [None, None]);
    }

    #[test]
    fn losses_by_hand() {
        // One sure forecast of 10 for 12 and for 7: errors 2 and 3.
        let sure = certain(&[10.0, 10.0]);
        assert_eq!(median_error(&sure, &[12.0, 7.0]), 2.5);
        // Mean over the levels of 2 q 2 is 2, of 2 (1 - q) 3 is 3.
        assert!((quantile_loss(&sure, &[12.0, 7.0]) - 5.0).abs() < 1e-12);
        // Two levels only: .1 at 8 and .9 at 14 with all others at the value itself, 10.
        let mut row = [10.0; 9];
        (row[0], row[8]) = (8.0, 14.0);
        assert!((quantile_loss(&vec![row], &[10.0]) - (2.0 * 0.1 * 2.0 + 2.0 * 0.1 * 4.0) / 9.0).abs() < 1e-12);
    }

    #[test]
    fn quantiles_are_linear_between_samples() {
        let paths: Vec<Vec<f64>> = [3.0, 1.0, 2.0].iter().map(|value| vec![*value]).collect();
        let row = quantiles(&paths, 1)[0];
        assert!((row[0] - 1.2).abs() < 1e-12 && (row[MEDIAN] - 2.0).abs() < 1e-12 && (row[8] - 2.8).abs() < 1e-12);
        assert!(quantiles(&[], 1)[0][0].is_nan());
    }

    #[test]
    fn scores_are_relative_by_the_geometric_mean() {
        let score = |mase, wql| SeriesScore {
            series: "a".to_owned(),
            mase,
            wql,
            smoothness: Some(0.3),
            smoothness_sd: Some(if mase > 1.0 { 0.3 } else { 0.4 }),
        };
        let (scores, naive) = ([score(2.0, 0.1), score(0.5, 0.4)], [score(1.0, 0.2), score(4.0, 0.2)]);
        let Some(all) = Scores::of(&scores, &naive) else { panic!("scores") };
        assert_eq!((all.mase, all.wql), (1.25, 0.25));
        assert!((all.relative_mase - 0.5).abs() < 1e-12 && (all.relative_wql - 1.0).abs() < 1e-12);
        assert!(all.smoothness.is_some_and(|value| (value - 0.3).abs() < 1e-12));
        assert!(all.smoothness_sd.is_some_and(|value| (value - 0.125_f64.sqrt()).abs() < 1e-12));
        assert_eq!(Scores::of(&scores, &[score(0.0, 0.2), score(1.0, 1.0)]), None);
        assert_eq!(Scores::of(&scores, &naive[..1]), None);
    }
}
