//! One run: its result, and how it is fitted and measured.

use super::evaluate::{Example, evaluate, repeating};
use super::metrics::{Scores, SeriesScore};
use super::model::Model;
use super::pool::Pool;
use super::series::Series;
use super::settings::{ForecastSettings, Shared};
use super::train::{train, views};
use planwright_training::study::{Bench, Cell, StudyError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Result of a run: the content of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastResult {
    /// Everything that determines it.
    pub settings: ForecastSettings,
    /// SHA-256 of the settings, hex.
    pub settings_sha256: String,
    /// Parameters of the network, head included.
    pub parameters: usize,
    /// Over all series.
    pub scores: Scores,
    /// Series by series.
    pub series: Vec<SeriesScore>,
    /// Mean loss of each hundred steps.
    pub losses: Vec<f64>,
    /// Forecasts to look at.
    pub examples: Vec<Example>,
    /// Time of the fit, seconds.
    pub fit_secs: f64,
    /// Time of the forecasts and their scores, seconds.
    pub evaluation_secs: f64,
}

/// Data that all runs share: made once, when the first run needs them.
#[derive(Debug)]
struct Data {
    series: Vec<Series>,
    naive: Vec<SeriesScore>,
    pool: Pool,
}

impl Data {
    fn new(shared: &Shared) -> Result<Self, StudyError> {
        let series = Series::all(shared.series)?;
        let naive = repeating(&series, shared.windows, |series| series.period)?;
        let pool = Pool::generate(&shared.pool);
        if pool.is_empty() {
            return Err(StudyError::setting("pool", "with at least one composition that can be drawn from", "none"));
        }
        Ok(Self { series, naive, pool })
    }
}

/// A run with its data.
#[derive(Clone, Debug)]
pub struct ForecastCell {
    /// Everything that determines it.
    pub settings: ForecastSettings,
    data: Arc<OnceLock<Data>>,
}

impl ForecastCell {
    /// Runs that share their data.
    pub fn all(runs: Vec<ForecastSettings>) -> Vec<Self> {
        let data = Arc::new(OnceLock::new());
        runs.into_iter().map(|settings| Self { settings, data: data.clone() }).collect()
    }

    fn data(&self) -> Result<&Data, StudyError> {
        if let Some(data) = self.data.get() {
            return Ok(data);
        }
        let data = Data::new(&self.settings.shared)?;
        Ok(self.data.get_or_init(|| data))
    }
}

impl Cell for ForecastCell {
    type Output = ForecastResult;

    fn path(&self) -> String {
        self.settings.path()
    }

    fn sha256(&self) -> String {
        self.settings.sha256()
    }

    fn sha256_of(output: &ForecastResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    /// A fit that was cut off continues from its last checkpoint.
    fn run(&self, bench: &Bench<'_>) -> Result<ForecastResult, StudyError> {
        let run = &self.settings;
        let Data { series, naive, pool } = self.data()?;
        let model = Model::new(run)?;
        let tick = |step: usize, loss: f64| {
            bench.progress.advance(1);
            if step.is_multiple_of(10) {
                bench.progress.note(format!("{} loss {loss:.3}", run.path()));
            }
        };
        let fitted = train(&model, pool, run, &bench.store.file(self, "safetensors"), tick)?;
        let begun = Instant::now();
        let [parameters, ..] = &fitted.values;
        let evaluated = evaluate(&model, &views(&model, parameters), series, run)?;
        let scores = Scores::of(&evaluated.scores, naive).ok_or_else(|| {
            StudyError::setting("series", "on which the seasonal naive forecast errs", "one that it knows")
        })?;
        Ok(ForecastResult {
            settings: run.clone(),
            settings_sha256: run.sha256(),
            parameters: parameters.len(),
            scores,
            series: evaluated.scores,
            losses: fitted.losses,
            examples: evaluated.examples,
            fit_secs: fitted.wall_secs,
            evaluation_secs: begun.elapsed().as_secs_f64(),
        })
    }

    fn steps(&self) -> u64 {
        self.settings.shared.steps as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Variant;
    use super::*;
    use crate::conformance;

    fn cells(steps: usize) -> Vec<ForecastCell> {
        let shared = Shared { steps, ..Shared::quick() };
        ForecastCell::all(ForecastSettings::all(&shared, &[Variant::LINEAR, Variant::fourier(8)], &[1]).expect("runs"))
    }

    #[test]
    fn done_runs_are_read_and_others_are_made_again_from_their_checkpoint() {
        conformance::done_cells_are_read_and_others_are_made(
            &cells(10),
            &cells(11)[0],
            |result| result.fit_secs = -1.0,
            // The parameters are still there: only the scores are made again.
            |a, b| (a.scores, a.fit_secs) == (b.scores, b.fit_secs),
        );
    }

    #[test]
    fn every_setting_changes_the_hash() {
        let mut all = [cells(10), cells(11)].concat();
        let mut other = all[0].clone();
        other.settings.seed = 9;
        all.push(other);
        conformance::every_setting_changes_the_hash(&all);
    }
}
