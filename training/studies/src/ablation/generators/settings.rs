//! How long and how fast a generator learns, and how its loss went.

use planwright_training::dataset::Trajectories;
use planwright_training::recipe::OptimiserSettings;
use planwright_training::study::StudyError;
use planwright_training::study::settings::{require, within};
use serde::{Deserialize, Serialize};

/// The fit of any generator: AdamW with a short rise and a half cosine down to a tenth of the rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AblationSettings {
    /// Optimiser steps.
    pub steps: u64,
    /// Trajectories per step, drawn with replacement.
    pub batch: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Seed of initial values, batches and noise.
    pub seed: u64,
    /// Threads of libtorch, for the fit and for sampling.
    pub threads: usize,
}

/// The loss of every step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitCurve {
    /// Losses before each step; their unit is the generator's own.
    pub losses: Vec<f64>,
    /// Seconds that the fit took.
    pub secs: f64,
}

impl FitCurve {
    /// Mean loss over the first twentieth of the steps.
    pub fn first(&self) -> f64 {
        mean(self.losses.iter().take(self.stretch()))
    }

    /// Mean loss over the last twentieth of the steps.
    pub fn last(&self) -> f64 {
        mean(self.losses.iter().rev().take(self.stretch()))
    }

    fn stretch(&self) -> usize {
        self.losses.len().div_ceil(20).max(1)
    }
}

fn mean<'a>(values: impl ExactSizeIterator<Item = &'a f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Refuses a number that is not above 0 and at most `high`, NaN among them.
pub(super) fn above_zero(name: &str, got: f64, high: f64) -> Result<(), StudyError> {
    require(got > 0.0 && got <= high, name, format!("above 0 and at most {high}"), got)
}

impl AblationSettings {
    /// Checks the settings and that the trajectories can be learnt from.
    pub(super) fn check(&self, data: &Trajectories) -> Result<(), StudyError> {
        let steps = usize::try_from(self.steps).unwrap_or(usize::MAX);
        within("steps", 1..=10_000_000, steps)?;
        within("batch", 1..=65_536, self.batch)?;
        above_zero("learning_rate", self.learning_rate, 1.0)?;
        within("threads", 1..=1024, self.threads)?;
        within("values in a trajectory", 1..=100_000, data.size())?;
        data.check(data.horizon, data.columns)?;
        require(data.len() >= 2, "at least 2 trajectories", "to learn from", data.len())?;
        // What a coordinate's limits round to may be a little beyond 1.
        let Some(place) = data.values.iter().position(|value| !(value.abs() <= 1.0 + 1e-4)) else { return Ok(()) };
        let got = format!(
            "{} in trajectory {}\nhint: map them by the system's limits first",
            data.values[place],
            place / data.size()
        );
        Err(StudyError::setting("trajectories", "normalised to [-1, 1]", got))
    }

    /// The optimiser's own settings.
    pub(super) fn optimiser(&self) -> OptimiserSettings {
        OptimiserSettings {
            learning_rate: self.learning_rate,
            warmup_steps: (self.steps / 20).min(100),
            final_share: 0.1,
            weight_decay: 1e-4,
            clip_norm: 1.0,
            muon: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_curve_are_means_of_a_twentieth() {
        let curve = FitCurve { losses: (0..100).map(f64::from).collect(), secs: 0.0 };
        assert_eq!((curve.first(), curve.last()), (2.0, 97.0));
        let short = FitCurve { losses: vec![3.0], secs: 0.0 };
        assert_eq!((short.first(), short.last()), (3.0, 3.0));
    }
}
