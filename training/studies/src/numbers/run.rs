//! One run: its result, and how it is made as a member of a batched ensemble.

use super::metrics::NumberMetrics;
use super::settings::NumberSettings;
use super::train::train;
use planwright_training::study::{Member, Outcome, StudyError};
use serde::{Deserialize, Serialize};

/// Result of a run: the content of its file.
pub type NumberResult = Outcome<NumberSettings, NumberFit>;

/// What a fit finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberFit {
    /// On the test prompts, after the last epoch.
    pub metrics: NumberMetrics,
    /// Distribution sampled for the prompt of mean 0.55, deviation 0.10 and two numbers: masses of the numbers -1.00 to 0.99.
    pub example: Vec<f64>,
    /// Mean loss of the first and of the last epoch, nats per number, over the members of its ensemble; `None`
    /// without a network.
    pub losses: Option<[f64; 2]>,
    /// Parameters of the network.
    pub parameters: usize,
}

impl Member for NumberSettings {
    type Found = NumberFit;

    fn place(&self) -> String {
        format!("epochs-{}/{}/seed-{}", self.epochs, self.head.name(), self.seed)
    }

    fn passes(&self) -> usize {
        self.epochs
    }

    fn fits_beside(&self, other: &Self) -> bool {
        Self { seed: other.seed, ..self.clone() } == *other
    }

    fn fit(batch: &[Self], on_pass: impl FnMut()) -> Result<Vec<NumberFit>, StudyError> {
        train(batch, on_pass)
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::NumberHead;
    use super::*;
    use crate::conformance;

    fn runs() -> Vec<NumberSettings> {
        let run = NumberSettings { prompts: 64, ..NumberSettings::TABLE };
        run.over(&[1], &[NumberHead::Linear {}, NumberHead::Perfect {}], &[1, 2]).expect("runs")
    }

    #[test]
    fn runs_of_equal_shape_are_members_of_one_ensemble() {
        let first = &runs()[0];
        assert!(first.fits_beside(&NumberSettings { seed: 7, ..first.clone() }));
        assert!(!first.fits_beside(&NumberSettings { width: 7, ..first.clone() }));
        assert!(!first.fits_beside(&NumberSettings { epochs: 2, ..first.clone() }));
    }

    #[test]
    fn results_resume_and_every_setting_changes_the_hash() {
        let mut runs = runs();
        let first = runs[0].clone();
        let other = NumberSettings { width: 32, ..first.clone() };
        conformance::members_resume(&runs, &other, |a, b| (&a.metrics, &a.example) == (&b.metrics, &b.example));
        runs.extend([
            NumberSettings { epochs: 11, ..first.clone() },
            NumberSettings { prompts: 128, ..first.clone() },
            NumberSettings { rate: 1e-3, ..first.clone() },
            NumberSettings { width: 32, ..first },
        ]);
        conformance::every_setting_changes_the_hash(&runs);
    }
}
