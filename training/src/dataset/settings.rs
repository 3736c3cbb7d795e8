//! Settings of the data generator.

use serde::{Deserialize, Serialize};

/// Everything that determines a recording. The same settings give the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeneratorSettings {
    /// `umaze`, `medium`, `large`, or a layout file.
    pub layout: String,
    /// Steps of 0.01 s.
    pub steps: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Standard deviation of the noise on each motor command; D4RL's published data have 0.5.
    #[serde(default = "published_noise")]
    pub noise: f64,
    /// Steps for which the controller holds a reached goal before the next target is drawn; D4RL: 0.
    #[serde(default)]
    pub dwell_steps: usize,
    /// Half-width of the square round a cell's centre from which targets are drawn and at which the
    /// controller then really stops. `None` is D4RL's rule: the index pair, whatever the target's jitter.
    #[serde(default)]
    pub goal_spread_m: Option<f64>,
}

fn published_noise() -> f64 {
    0.5
}

impl GeneratorSettings {
    /// D4RL's published recipe for a layout.
    pub fn published(layout: &str, steps: usize, seed: u64) -> Self {
        Self { layout: layout.to_owned(), steps, seed, noise: published_noise(), dwell_steps: 0, goal_spread_m: None }
    }

    /// One line about the first setting that makes no sense.
    ///
    /// # Errors
    /// Says expected and got.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=100_000_000).contains(&self.steps) {
            return Err(format!("expected between 1 and 1e8 steps, got {}", self.steps));
        }
        if !(self.noise >= 0.0 && self.noise <= 10.0) {
            return Err(format!("expected a noise deviation between 0 and 10, got {}", self.noise));
        }
        if self.dwell_steps > 100_000 {
            return Err(format!("expected at most 100000 dwell steps, got {}", self.dwell_steps));
        }
        match self.goal_spread_m {
            Some(spread) if !(0.0..=0.39).contains(&spread) => {
                Err(format!("expected a goal spread between 0 and 0.39 m (the ball's free range), got {spread}"))
            }
            _ => Ok(()),
        }
    }
}
