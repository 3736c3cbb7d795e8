//! One run: its result, and how it is made as a member of a batched ensemble.

use super::metrics::NumberMetrics;
use super::settings::NumberSettings;
use super::train::train;
use planwright_training::recipe::content_sha256;
use planwright_training::study::{Bench, Cell, StudyError, run_alone};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Instant;

/// Result of a run: the content of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberResult {
    /// Everything that determines it.
    pub settings: NumberSettings,
    /// SHA-256 of the settings, hex.
    pub settings_sha256: String,
    /// On the test prompts, after the last epoch.
    pub metrics: NumberMetrics,
    /// Distribution sampled for the prompt of mean 0.55, deviation 0.10 and two numbers: masses of the numbers -1.00 to 0.99.
    pub example: Vec<f64>,
    /// Mean loss of the first and of the last epoch, nats per number, over the members of its ensemble; `None`
    /// without a network.
    pub losses: Option<[f64; 2]>,
    /// Parameters of the network.
    pub parameters: usize,
    /// Its share of the time, seconds.
    pub wall_secs: f64,
}

impl Cell for NumberSettings {
    type Output = NumberResult;

    fn path(&self) -> String {
        format!("epochs-{}/{}/seed-{}", self.epochs, self.head.name(), self.seed)
    }

    fn sha256(&self) -> String {
        content_sha256(self)
    }

    fn sha256_of(output: &NumberResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    fn run(&self, bench: &Bench<'_>) -> Result<NumberResult, StudyError> {
        run_alone(self, bench)
    }

    fn run_batch(batch: &[Self], bench: &Bench<'_>) -> Result<Vec<NumberResult>, StudyError> {
        let begun = Instant::now();
        let fitted = train(batch, || bench.progress.advance(batch.len() as u64))?;
        let wall_secs = begun.elapsed().as_secs_f64() / batch.len().max(1) as f64;
        let result = |(settings, fitted): (&Self, super::train::Fitted)| NumberResult {
            settings: settings.clone(),
            settings_sha256: settings.sha256(),
            metrics: fitted.metrics,
            example: fitted.example,
            losses: fitted.losses,
            parameters: fitted.parameters,
            wall_secs,
        };
        Ok(batch.iter().zip(fitted).map(result).collect())
    }

    fn same_shape(&self, other: &Self) -> bool {
        Self { seed: other.seed, ..self.clone() } == *other
    }

    fn steps(&self) -> u64 {
        self.epochs as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{NumberGrid, NumberHead};
    use super::*;
    use crate::conformance;

    fn runs() -> Vec<NumberSettings> {
        let grid = NumberGrid {
            heads: vec![NumberHead::Linear {}, NumberHead::Perfect {}],
            seeds: vec![1, 2],
            epochs: vec![1],
            prompts: 64,
            ..NumberGrid::quick()
        };
        grid.runs().expect("runs")
    }

    #[test]
    fn runs_of_equal_shape_are_members_of_one_ensemble() {
        let first = &runs()[0];
        assert!(first.same_shape(&NumberSettings { seed: 7, ..first.clone() }));
        assert!(!first.same_shape(&NumberSettings { width: 7, ..first.clone() }));
        assert!(!first.same_shape(&NumberSettings { epochs: 2, ..first.clone() }));
    }

    #[test]
    fn done_runs_are_read_and_others_are_made() {
        let runs = runs();
        let other = NumberSettings { width: 32, ..runs[0].clone() };
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
            NumberSettings { epochs: 11, ..first.clone() },
            NumberSettings { prompts: 128, ..first.clone() },
            NumberSettings { rate: 1e-3, ..first.clone() },
            NumberSettings { width: 32, ..first },
        ]);
        conformance::every_setting_changes_the_hash(&runs);
    }
}
