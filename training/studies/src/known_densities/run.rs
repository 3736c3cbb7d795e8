//! One run: its result, and how it is made as a member of a batched ensemble.

use super::metrics::DensityMetrics;
use super::settings::{DensitySettings, Task};
use super::train::train;
use planwright_training::recipe::content_sha256;
use planwright_training::study::{Bench, Cell, StudyError, run_alone};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Instant;

/// Names how a fit to values is measured: results that were measured otherwise are refused.
const VALUES_MEASURE: &str = "densities times widths, but beta sums to one";

/// Result of a run: the content of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityResult {
    /// Everything that determines it.
    pub settings: DensitySettings,
    /// SHA-256 of the settings, hex.
    pub settings_sha256: String,
    /// On the test rows, after the last epoch.
    pub metrics: DensityMetrics,
    /// Learnt distribution of one test row; none of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<DensityExample>,
    /// Mean loss of the last epoch, over the members of its ensemble.
    pub loss: f64,
    /// Members of its ensemble.
    pub lanes: usize,
    /// Its share of their time, seconds.
    pub wall_secs: f64,
}

/// One test row, the same for all heads of a data set and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensityExample {
    /// x and y.
    pub input: [f64; 2],
    /// True probabilities of the bins.
    pub truth: Vec<f64>,
    /// Learnt ones.
    pub learnt: Vec<f64>,
}

impl Cell for DensitySettings {
    type Output = DensityResult;

    fn path(&self) -> String {
        format!("{}/{}/{}/seed-{}", self.task.name(), self.dataset.name(), self.head.name(), self.seed)
    }

    fn sha256(&self) -> String {
        match self.task {
            Task::Bins => content_sha256(self),
            Task::Values => content_sha256(&(VALUES_MEASURE, self)),
        }
    }

    fn sha256_of(output: &DensityResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    fn run(&self, bench: &Bench<'_>) -> Result<DensityResult, StudyError> {
        run_alone(self, bench)
    }

    fn run_batch(batch: &[Self], bench: &Bench<'_>) -> Result<Vec<DensityResult>, StudyError> {
        let begun = Instant::now();
        let fitted = train(batch, || bench.progress.advance(batch.len() as u64))?;
        let wall_secs = begun.elapsed().as_secs_f64() / batch.len().max(1) as f64;
        let result = |(settings, fitted): (&Self, super::train::Fitted)| DensityResult {
            settings: settings.clone(),
            settings_sha256: settings.sha256(),
            metrics: fitted.metrics,
            example: fitted.example,
            loss: fitted.loss,
            lanes: batch.len(),
            wall_secs,
        };
        Ok(batch.iter().zip(fitted).map(result).collect())
    }

    fn same_shape(&self, other: &Self) -> bool {
        self.spec() == other.spec()
            && (self.task, self.epochs, self.samples) == (other.task, other.epochs, other.samples)
    }

    fn steps(&self) -> u64 {
        self.epochs as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Dataset, DensityGrid, DensityHead};
    use super::*;
    use crate::conformance;

    fn runs() -> Vec<DensitySettings> {
        let grid = DensityGrid {
            heads: vec![DensityHead::Linear {}, DensityHead::Mixture {}],
            seeds: vec![1, 2],
            epochs: 1,
            samples: 40,
            ..DensityGrid::whole(Task::Bins)
        };
        grid.runs().expect("runs")
    }

    #[test]
    fn runs_of_equal_shape_are_members_of_one_ensemble() {
        let runs = runs();
        let shaped = |index: usize| runs.iter().filter(|run| run.same_shape(&runs[index])).count();
        // The Gaussian data set has a mixture of its own.
        assert_eq!([shaped(0), shaped(6), shaped(8)], [6, 2, 4]);
    }

    #[test]
    fn done_runs_are_read_and_others_are_made() {
        let runs = runs();
        let other = DensitySettings { epochs: 2, ..runs[0].clone() };
        conformance::done_cells_are_read_and_others_are_made(
            &runs,
            &other,
            |result| result.wall_secs = -1.0,
            |a, b| (&a.metrics, &a.example) == (&b.metrics, &b.example),
        );
    }

    #[test]
    fn every_setting_changes_the_hash() {
        let mut runs = runs();
        let first = runs[0].clone();
        runs.extend([
            DensitySettings { epochs: 100, ..first.clone() },
            DensitySettings { samples: 80, ..first.clone() },
            DensitySettings { task: Task::Values, dataset: Dataset::Beta, ..first },
        ]);
        conformance::every_setting_changes_the_hash(&runs);
    }
}
