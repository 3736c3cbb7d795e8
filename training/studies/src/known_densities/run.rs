//! A run folder: what is done is not done again.

use super::metrics::ToyMetrics;
use super::settings::{ToyPlan, ToySettings};
use super::train::train;
use crate::fourier::FourierError;
use crate::fourier::lanes::{LaneOptions, LaneSettings, read_runs, run_lanes};
use crate::fourier::results::RunResult;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a run came to: the content of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToyResult {
    /// Everything that determines it.
    pub settings: ToySettings,
    /// SHA-256 of the settings, hex.
    pub settings_sha256: String,
    /// On the test rows, after the last epoch.
    pub metrics: ToyMetrics,
    /// What it says of one test row; none of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<ToyExample>,
    /// Mean loss of the last epoch, over the runs that were trained beside it.
    pub loss: f64,
    /// Runs that were trained side by side.
    pub lanes: usize,
    /// Its share of their time, seconds.
    pub wall_secs: f64,
}

/// One test row, the same for all heads of a data set and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToyExample {
    /// x and y.
    pub input: [f64; 2],
    /// True probabilities of the bins.
    pub truth: Vec<f64>,
    /// Learnt ones.
    pub learnt: Vec<f64>,
}

/// All runs of a plan, in its order: read where they are done, else made and written.
///
/// # Errors
/// If a run cannot be made, a file of it cannot be read or written, or was made with other settings.
pub fn run_all(plan: &ToyPlan, options: &LaneOptions) -> Result<Vec<ToyResult>, FourierError> {
    run_lanes(
        &plan.runs()?,
        options,
        |lanes, tick| train(lanes, tick),
        |settings, fitted, lanes, wall_secs| ToyResult {
            settings: settings.clone(),
            settings_sha256: settings.sha256(),
            metrics: fitted.metrics,
            example: fitted.example,
            loss: fitted.loss,
            lanes,
            wall_secs,
        },
    )
}

/// What a run folder holds of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToyDone {
    /// Results, in the plan's order.
    pub results: Vec<ToyResult>,
    /// Runs that are not done, as `TASK/DATA/HEAD/seed-N`.
    pub missing: Vec<String>,
}

/// Reads what is done of a plan and makes nothing.
///
/// # Errors
/// If a run cannot be made, or a file of it cannot be read or was made with other settings.
pub fn read_done(plan: &ToyPlan, folder: &Path) -> Result<ToyDone, FourierError> {
    let runs = plan.runs()?;
    let mut done = ToyDone::default();
    for (run, result) in runs.iter().zip(read_runs(&runs, folder)?) {
        match result {
            Some(result) => done.results.push(result),
            None => done.missing.push(run.path()),
        }
    }
    Ok(done)
}

impl RunResult for ToyResult {
    fn settings_sha256(&self) -> &str {
        &self.settings_sha256
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Dataset, Task, ToyHead};
    use super::*;
    use crate::fourier::lanes::groups;
    use crate::fourier::results::write;

    fn plan() -> ToyPlan {
        ToyPlan {
            task: Task::Bins,
            datasets: Dataset::ALL.to_vec(),
            heads: vec![ToyHead::Linear {}, ToyHead::Mixture {}],
            seeds: vec![1, 2],
            epochs: 1,
            samples: 40,
        }
    }

    #[test]
    fn runs_of_equal_shape_are_trained_together() {
        let runs = plan().runs().expect("runs");
        let all: Vec<usize> = (0..runs.len()).collect();
        // The Gaussian data set has a mixture of its own.
        assert_eq!(groups(&runs, &all, 30), [vec![0, 1, 2, 3, 4, 5], vec![6, 7], vec![8, 9, 10, 11]]);
        assert_eq!(groups(&runs, &all, 4)[..2], [vec![0, 1, 2, 3], vec![4, 5]]);
        assert_eq!(groups(&runs, &[1, 9], 30), [vec![1], vec![9]]);
    }

    #[test]
    fn done_runs_are_read_and_others_are_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = LaneOptions { folder: folder.path().to_owned(), lanes: 4, progress: false };
        let first = run_all(&plan(), &options).expect("runs");
        assert_eq!(first.len(), 12);
        let path = folder.path().join("bins/gmm2/linear/seed-2.json");
        // A mark that only a read result has.
        let mut marked = first[3].clone();
        marked.wall_secs = -1.0;
        write(&path, &marked).expect("written");
        std::fs::remove_file(folder.path().join("bins/gmm2/linear/seed-1.json")).expect("removed");
        let second = run_all(&plan(), &options).expect("runs");
        assert_eq!((&second[3], second[2].lanes), (&marked, 1));
        assert_eq!(second[2].metrics, first[2].metrics);
        let wider = ToyPlan { seeds: vec![2, 3], ..plan() };
        let done = read_done(&wider, folder.path()).expect("a folder");
        assert_eq!((done.results.len(), done.missing.len()), (6, 6));
        assert_eq!((&done.results[1], done.missing[1].as_str()), (&marked, "bins/gmm2/linear/seed-3"));

        let other = run_all(&ToyPlan { epochs: 2, ..plan() }, &options).expect_err("other settings").to_string();
        assert!(other.contains("expected a result of these settings (") && other.contains("--out"), "{other}");
        std::fs::write(&path, "{").expect("written");
        let broken = run_all(&plan(), &options).expect_err("a broken file").to_string();
        assert!(broken.contains("expected the result of a run, got EOF"), "{broken}");
        let none = run_all(&plan(), &LaneOptions { lanes: 0, ..options }).expect_err("no lanes").to_string();
        assert_eq!(none, "expected lanes above 0, got 0");
    }
}
