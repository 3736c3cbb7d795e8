//! One run: its result, and how it is made as a member of a batched ensemble.

use super::metrics::DensityMetrics;
use super::settings::{DensitySettings, Task};
use super::train::train;
use planwright_training::recipe::content_sha256;
use planwright_training::study::{Member, Outcome, StudyError};
use serde::{Deserialize, Serialize};

/// Names how a fit to values is measured: results that were measured otherwise are refused.
const VALUES_MEASURE: &str = "densities times widths, but beta sums to one";

/// Result of a run: the content of its file.
pub type DensityResult = Outcome<DensitySettings, DensityFit>;

/// What a fit finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DensityFit {
    /// On the test rows, after the last epoch.
    pub metrics: DensityMetrics,
    /// Learnt distribution of one test row; none of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<DensityExample>,
    /// Mean loss of the last epoch, over the members of its ensemble.
    pub loss: f64,
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

impl Member for DensitySettings {
    type Found = DensityFit;

    fn place(&self) -> String {
        format!("{}/{}/{}/seed-{}", self.task.name(), self.dataset.name(), self.head.name(), self.seed)
    }

    fn passes(&self) -> usize {
        self.epochs
    }

    fn fits_beside(&self, other: &Self) -> bool {
        self.spec() == other.spec()
            && (self.task, self.epochs, self.samples) == (other.task, other.epochs, other.samples)
    }

    fn hash(&self) -> String {
        match self.task {
            Task::Bins => content_sha256(self),
            Task::Values => content_sha256(&(VALUES_MEASURE, self)),
        }
    }

    fn fit(batch: &[Self], on_pass: impl FnMut()) -> Result<Vec<DensityFit>, StudyError> {
        train(batch, on_pass)
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Dataset, DensityHead};
    use super::*;
    use crate::conformance;

    fn runs() -> Vec<DensitySettings> {
        let run = DensitySettings { epochs: 1, samples: 40, ..DensitySettings::published(Task::Bins) };
        run.over(&[DensityHead::Linear {}, DensityHead::Mixture {}], &Dataset::ALL, &[1, 2]).expect("runs")
    }

    #[test]
    fn runs_of_equal_shape_are_members_of_one_ensemble() {
        let runs = runs();
        let shaped = |index: usize| runs.iter().filter(|run| run.fits_beside(&runs[index])).count();
        // The Gaussian data set has a mixture of its own.
        assert_eq!([shaped(0), shaped(6), shaped(8)], [6, 2, 4]);
    }

    #[test]
    fn results_resume_and_every_setting_changes_the_hash() {
        let mut runs = runs();
        let first = runs[0].clone();
        let other = DensitySettings { epochs: 2, ..first.clone() };
        conformance::members_resume(&runs, &other, |a, b| (&a.metrics, &a.example) == (&b.metrics, &b.example));
        runs.extend([
            DensitySettings { epochs: 100, ..first.clone() },
            DensitySettings { samples: 80, ..first.clone() },
            DensitySettings { task: Task::Values, dataset: Dataset::Beta, ..first },
        ]);
        conformance::every_setting_changes_the_hash(&runs);
    }
}
