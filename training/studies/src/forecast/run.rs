//! A run folder: what is done is not done again.

use super::evaluate::{Example, evaluate, repeating};
use super::metrics::{Scores, SeriesScore};
use super::model::Model;
use super::pool::Pool;
use super::series::Series;
use super::settings::{ForecastPlan, ForecastSettings};
use super::train::{train, views};
use crate::fourier::FourierError;
use crate::fourier::results::{RunResult, read, write};
use indicatif::{ProgressBar, ProgressStyle};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What a run came to: the content of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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

/// Where runs lie; nothing of it changes a result.
#[derive(Clone, Debug)]
pub struct ForecastRunOptions {
    /// Folder of all results and parameters.
    pub folder: PathBuf,
    /// Show a progress bar on stderr.
    pub progress: bool,
}

/// All runs of a plan, in its order: read where they are done, else made and written. A fit that was cut off goes on
/// from its last checkpoint.
///
/// # Errors
/// If a run cannot be made, a file of it cannot be read or written, or was made with other settings.
pub fn run_forecasts(plan: &ForecastPlan, options: &ForecastRunOptions) -> Result<Vec<ForecastResult>, FourierError> {
    let runs = plan.runs()?;
    let mut done: Vec<Option<ForecastResult>> =
        runs.iter().map(|run| read(&path(run, &options.folder, "json"), &run.sha256())).collect::<Result<_, _>>()?;
    if done.iter().all(Option::is_some) {
        return Ok(done.into_iter().flatten().collect());
    }
    let shared = &plan.shared;
    let series = Series::all(shared.series)?;
    let naive = repeating(&series, shared.windows, |series| series.period)?;
    let open = done.iter().filter(|result| result.is_none()).count();
    let bar = if options.progress { ProgressBar::new((open * shared.steps) as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} steps  {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar.set_message("synthetic series");
    let pool = Pool::generate(&shared.pool);
    if pool.is_empty() {
        let expected = "with at least one composition that can be drawn from".to_owned();
        return Err(FourierError::Setting { name: "pool", expected, got: "none".to_owned() });
    }
    let mut before = 0;
    for (run, place) in runs.iter().zip(&mut done).filter(|(_, place)| place.is_none()) {
        let model = Model::new(run)?;
        let tick = |step: usize, loss: f64| {
            bar.set_position((before + step + 1) as u64);
            if step.is_multiple_of(10) {
                bar.set_message(format!("{} loss {loss:.3}", run.path()));
            }
        };
        let fitted = train(&model, &pool, run, &path(run, &options.folder, "safetensors"), tick)?;
        before += shared.steps;
        let begun = Instant::now();
        let [parameters, ..] = &fitted.values;
        let evaluated = evaluate(&model, &views(&model, parameters), &series, run)?;
        let scores = Scores::of(&evaluated.scores, &naive).ok_or_else(|| FourierError::Setting {
            name: "series",
            expected: "on which the seasonal naive forecast errs".to_owned(),
            got: "one that it knows".to_owned(),
        })?;
        let result = ForecastResult {
            settings: run.clone(),
            settings_sha256: run.sha256(),
            parameters: parameters.len(),
            scores,
            series: evaluated.scores,
            losses: fitted.losses,
            examples: evaluated.examples,
            fit_secs: fitted.wall_secs,
            evaluation_secs: begun.elapsed().as_secs_f64(),
        };
        write(&path(run, &options.folder, "json"), &result)?;
        *place = Some(result);
    }
    bar.finish_and_clear();
    Ok(done.into_iter().flatten().collect())
}

/// Reads what is done of a plan and makes nothing; also how many runs are missing.
///
/// # Errors
/// If a run cannot be made, or a file of it cannot be read or was made with other settings.
pub fn read_done(plan: &ForecastPlan, folder: &Path) -> Result<(Vec<ForecastResult>, usize), FourierError> {
    let runs = plan.runs()?;
    let done: Vec<Option<ForecastResult>> =
        runs.iter().map(|run| read(&path(run, folder, "json"), &run.sha256())).collect::<Result<_, _>>()?;
    let results: Vec<ForecastResult> = done.into_iter().flatten().collect();
    let missing = runs.len() - results.len();
    Ok((results, missing))
}

fn path(run: &ForecastSettings, folder: &Path, ending: &str) -> PathBuf {
    folder.join(format!("{}.{ending}", run.path()))
}

impl RunResult for ForecastResult {
    fn settings_sha256(&self) -> &str {
        &self.settings_sha256
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Shared, Variant};
    use super::*;

    #[test]
    fn done_runs_are_read_and_others_are_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = ForecastRunOptions { folder: folder.path().to_owned(), progress: false };
        let shared = Shared { steps: 10, ..Shared::quick() };
        let plan = ForecastPlan { variants: vec![Variant::LINEAR, Variant::fourier(8)], seeds: vec![1], shared };
        let first = run_forecasts(&plan, &options).expect("runs");
        assert_eq!((first.len(), first[0].series.len(), first[0].losses.len()), (2, 4, 1));
        assert!(first.iter().all(|result| result.scores.relative_mase > 0.0 && result.scores.smoothness.is_some()));
        // A mark that only a read result has.
        let mut marked = first[0].clone();
        marked.fit_secs = -1.0;
        let path = folder.path().join("linear/seed-1.json");
        write(&path, &marked).expect("written");
        std::fs::remove_file(folder.path().join("fourier-8/seed-1.json")).expect("removed");
        let second = run_forecasts(&plan, &options).expect("runs");
        assert_eq!(second[0], marked);
        // Its parameters were there yet: only the scores are made again, the same ones.
        assert_eq!((second[1].scores, second[1].fit_secs), (first[1].scores, first[1].fit_secs));

        let other = ForecastPlan { shared: Shared { steps: 11, ..plan.shared.clone() }, ..plan.clone() };
        let refused = run_forecasts(&other, &options).expect_err("other settings").to_string();
        assert!(refused.contains("expected a result of these settings (") && refused.contains("--out"), "{refused}");
        std::fs::write(&path, "{").expect("written");
        let broken = run_forecasts(&plan, &options).expect_err("a broken file").to_string();
        assert!(broken.contains("expected the result of a run, got EOF"), "{broken}");
    }
}
