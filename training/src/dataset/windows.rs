//! Training windows: pieces of a recording as H knots of (action, state), normalised to [-1, 1].

use super::recording::Recording;
use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Columns of a knot: two actions, then x, y, vx, vy (Diffuser's order).
pub const COLUMNS: usize = 6;

/// How windows are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowSettings {
    /// Knots per window, H.
    pub horizon: usize,
    /// Simulation steps between knots; the published planner has 1.
    #[serde(default = "one")]
    pub stride: usize,
    /// Whether a window must stay within the way to one target (holding it included).
    #[serde(default)]
    pub within_leg: bool,
    /// Share of windows that start where a target was just drawn, that is at rest if the data dwell.
    #[serde(default)]
    pub leg_start_share: f64,
}

fn one() -> usize {
    1
}

/// Smallest and largest value per column: what maps to -1 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Smallest values.
    pub low: Vec<f32>,
    /// Largest values.
    pub high: Vec<f32>,
}

/// Why no windows can be cut.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WindowError {
    /// Settings without sense.
    #[error(
        "expected a horizon of at least 4 knots that is a multiple of 4, and a stride of at least 1, got horizon {horizon}, stride {stride}"
    )]
    Settings {
        /// Knots.
        horizon: usize,
        /// Steps between knots.
        stride: usize,
    },
    /// The recording has no stretch long enough.
    #[error(
        "expected stretches of more than {span} steps in the data, got none\nhint: raise data.dwell_steps or data.steps, or lower windows.horizon"
    )]
    NoneLongEnough {
        /// Steps that a window spans.
        span: usize,
    },
}

/// A recording from which windows are drawn.
pub struct Windows {
    recording: Recording,
    settings: WindowSettings,
    limits: Limits,
    starts: Vec<u32>,
    leg_starts: Vec<u32>,
}

impl Windows {
    /// Finds all possible starts and the limits of every column.
    ///
    /// # Errors
    /// If the settings make no sense or nothing in the recording is long enough.
    pub fn new(recording: Recording, settings: WindowSettings) -> Result<Self, WindowError> {
        let WindowSettings { horizon, stride, .. } = settings;
        if horizon < 4 || horizon % 4 != 0 || stride == 0 {
            return Err(WindowError::Settings { horizon, stride });
        }
        // The last knot needs its own action, averaged over the steps that follow it.
        let span = (horizon - 1) * stride + stride;
        let (mut starts, mut leg_starts) = (Vec::new(), Vec::new());
        let mut leg_start = 0;
        for end in 0..recording.len() {
            let last = end + 1 == recording.len();
            if !(last || settings.within_leg && recording.timeouts[end]) {
                continue;
            }
            // Steps leg_start..=end belong together.
            for start in leg_start..(end + 1).saturating_sub(span - 1) {
                starts.push(start as u32);
                if start == leg_start {
                    leg_starts.push(start as u32);
                }
            }
            leg_start = end + 1;
        }
        if starts.is_empty() {
            return Err(WindowError::NoneLongEnough { span });
        }
        let limits = limits_of(&recording);
        Ok(Self { recording, settings, limits, starts, leg_starts })
    }

    /// Number of possible starts.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none (never, by construction).
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// What maps to -1 and 1.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Appends one random normalised window, H x 6 row by row.
    pub fn draw(&self, rng: &mut impl Rng, batch: &mut Vec<f32>) {
        let from_leg = rng.random::<f64>() < self.settings.leg_start_share;
        let pool = if from_leg && !self.leg_starts.is_empty() { &self.leg_starts } else { &self.starts };
        let start = pool[rng.random_range(0..pool.len())] as usize;
        for knot in 0..self.settings.horizon {
            let step = start + knot * self.settings.stride;
            let during = &self.recording.actions[step..step + self.settings.stride];
            let mean = |axis: usize| during.iter().map(|action| action[axis]).sum::<f32>() / during.len() as f32;
            let state = self.recording.true_states[step];
            let values = [mean(0), mean(1), state[0], state[1], state[2], state[3]];
            for (column, value) in values.into_iter().enumerate() {
                let (low, high) = (self.limits.low[column], self.limits.high[column]);
                batch.push(2.0 * (value - low) / (high - low) - 1.0);
            }
        }
    }
}

fn limits_of(recording: &Recording) -> Limits {
    let mut limits = Limits { low: vec![f32::INFINITY; COLUMNS], high: vec![f32::NEG_INFINITY; COLUMNS] };
    for (action, state) in recording.actions.iter().zip(&recording.true_states) {
        for (column, value) in action.iter().chain(state).enumerate() {
            limits.low[column] = limits.low[column].min(*value);
            limits.high[column] = limits.high[column].max(*value);
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{GeneratorSettings, generate};
    use planwright::world::Layout;
    use rand::SeedableRng;

    fn settings() -> WindowSettings {
        WindowSettings { horizon: 16, stride: 4, within_leg: true, leg_start_share: 0.5 }
    }

    #[test]
    fn windows_are_normalised_and_continuous() {
        let layout = Layout::umaze();
        let recording = generate(
            &layout,
            &GeneratorSettings { dwell_steps: 64, ..GeneratorSettings::published("umaze", 20_000, 1) },
        );
        let Ok(windows) = Windows::new(recording, settings()) else { panic!("enough data") };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        for _ in 0..200 {
            let mut batch = Vec::new();
            windows.draw(&mut rng, &mut batch);
            assert_eq!(batch.len(), 16 * COLUMNS);
            assert!(batch.iter().all(|value| (-1.0..=1.0).contains(value)));
            for pair in batch.chunks(COLUMNS).collect::<Vec<_>>().windows(2) {
                // 0.04 s at no more than 7.4 m/s, in units of half the maze's width.
                assert!((pair[1][2] - pair[0][2]).abs() < 0.25, "a jump: {pair:?}");
            }
        }
    }

    #[test]
    fn a_recording_too_short_for_the_horizon_is_refused() {
        let layout = Layout::umaze();
        let recording = generate(&layout, &GeneratorSettings::published("umaze", 50, 1));
        assert_eq!(Windows::new(recording.clone(), settings()).err(), Some(WindowError::NoneLongEnough { span: 64 }));
        let wrong = WindowSettings { horizon: 6, ..settings() };
        assert!(matches!(Windows::new(recording, wrong).err(), Some(WindowError::Settings { .. })));
    }
}
