//! A run folder: what is done is not done again.

use super::metrics::NumberMetrics;
use super::settings::{NumberPlan, NumberSettings};
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
pub struct NumberResult {
    /// Everything that determines it.
    pub settings: NumberSettings,
    /// SHA-256 of the settings, hex.
    pub settings_sha256: String,
    /// On the test prompts, after the last epoch.
    pub metrics: NumberMetrics,
    /// What is answered to the prompt of mean 0.55, deviation 0.10 and two numbers: masses of the numbers -1.00 to 0.99.
    pub example: Vec<f64>,
    /// Mean loss of the first and of the last epoch, nats per number, over the runs that were trained beside it; `None`
    /// without a network.
    pub losses: Option<[f64; 2]>,
    /// Parameters of the network.
    pub parameters: usize,
    /// Its share of the time, seconds.
    pub wall_secs: f64,
}

/// All runs of a plan, in its order: read where they are done, else made and written.
///
/// # Errors
/// If a run cannot be made, a file of it cannot be read or written, or was made with other settings.
pub fn run_all(plan: &NumberPlan, options: &LaneOptions) -> Result<Vec<NumberResult>, FourierError> {
    run_lanes(
        &plan.runs()?,
        options,
        |lanes, tick| train(lanes, tick),
        |settings, fitted, _lanes, wall_secs| NumberResult {
            settings: settings.clone(),
            settings_sha256: settings.sha256(),
            metrics: fitted.metrics,
            example: fitted.example,
            losses: fitted.losses,
            parameters: fitted.parameters,
            wall_secs,
        },
    )
}

/// Reads what is done of a plan and makes nothing; also how many runs are missing.
///
/// # Errors
/// If a run cannot be made, or a file of it cannot be read or was made with other settings.
pub fn read_done(plan: &NumberPlan, folder: &Path) -> Result<(Vec<NumberResult>, usize), FourierError> {
    let runs = plan.runs()?;
    let results: Vec<NumberResult> = read_runs(&runs, folder)?.into_iter().flatten().collect();
    let missing = runs.len() - results.len();
    Ok((results, missing))
}

impl RunResult for NumberResult {
    fn settings_sha256(&self) -> &str {
        &self.settings_sha256
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::NumberHead;
    use super::*;
    use crate::fourier::lanes::groups;
    use crate::fourier::results::write;

    fn plan() -> NumberPlan {
        NumberPlan {
            heads: vec![NumberHead::Perfect {}, NumberHead::Linear {}],
            seeds: vec![1, 2],
            epochs: vec![1],
            prompts: 64,
            ..NumberPlan::quick()
        }
    }

    #[test]
    fn runs_of_equal_shape_are_trained_together() {
        let runs = NumberPlan { seeds: vec![1, 2, 3], epochs: vec![1, 2], ..plan() }.runs().expect("runs");
        let all: Vec<usize> = (0..runs.len()).collect();
        assert_eq!(groups(&runs, &all, 30), [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]);
        assert_eq!(groups(&runs, &all, 2)[..2], [vec![0, 1], vec![2]]);
        assert_eq!(groups(&runs, &[3, 5, 9], 30), [vec![3, 5], vec![9]]);
    }

    #[test]
    fn done_runs_are_read_and_others_are_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = LaneOptions { folder: folder.path().to_owned(), lanes: 4, progress: false };
        let first = run_all(&plan(), &options).expect("runs");
        assert_eq!(first.len(), 4);
        let path = folder.path().join("epochs-1/linear/seed-2.json");
        // A mark that only a read result has.
        let mut marked = first[3].clone();
        marked.wall_secs = -1.0;
        write(&path, &marked).expect("written");
        std::fs::remove_file(folder.path().join("epochs-1/linear/seed-1.json")).expect("removed");
        let second = run_all(&plan(), &options).expect("runs");
        assert_eq!(second[3], marked);
        assert_eq!((&second[2].metrics, second[2].wall_secs > 0.0), (&first[2].metrics, true));

        let other = run_all(&NumberPlan { width: 32, ..plan() }, &options).expect_err("other settings").to_string();
        assert!(other.contains("expected a result of these settings (") && other.contains("--out"), "{other}");
        std::fs::write(&path, "{").expect("written");
        let broken = run_all(&plan(), &options).expect_err("a broken file").to_string();
        assert!(broken.contains("expected the result of a run, got EOF"), "{broken}");
        let none = run_all(&plan(), &LaneOptions { lanes: 0, ..options }).expect_err("no lanes").to_string();
        assert_eq!(none, "expected lanes above 0, got 0");
    }
}
