//! The data generator: the waypoint controller drives from target to target in one endless run.

use super::recording::Recording;
use super::waypoint::WaypointController;
use planwright::world::{Command, Episode, EpisodeRules, Layout, MazeWorld, Point};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
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

/// Drives for `settings.steps` steps. D4RL's quirk is kept: the record after a reached goal repeats the
/// observation before it, and the controller acts on that, while the world has moved on.
pub fn generate(layout: &Layout, settings: &GeneratorSettings) -> Recording {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let world = MazeWorld::new(layout.clone());
    let cells: Vec<(usize, usize)> = layout.free_cells().collect();
    let max_leg_steps = EpisodeRules::of(layout).steps;
    let mut controller = WaypointController::new(layout, settings.goal_spread_m.is_some());
    let mut recording = Recording::with_capacity(settings.clone());
    let mut state = Episode::reset(layout, &mut rng).start;
    let mut observed = state;
    let mut target = draw_target(&cells, settings, &mut rng);
    let (mut leg_steps, mut dwelt, mut dwelling) = (0, 0, false);
    for _ in 0..settings.steps {
        let (planned, solved) = controller.act(&observed, target, &mut rng);
        let command: Command = planned.map(|value| {
            let noise: f64 = rng.sample(StandardNormal);
            (value + settings.noise * noise).clamp(-1.0, 1.0)
        });
        dwelling |= solved;
        let timed_out = !dwelling && leg_steps >= max_leg_steps;
        let done = timed_out || (dwelling && dwelt >= settings.dwell_steps);
        dwelt += usize::from(dwelling);
        let (next, report) = world.step(&state, command);
        recording.push(&observed, &state, command, target, done, timed_out, report);
        state = next;
        leg_steps += 1;
        if done {
            target = draw_target(&cells, settings, &mut rng);
            (leg_steps, dwelt, dwelling) = (0, 0, false);
        } else {
            observed = state;
        }
    }
    recording
}

fn draw_target(cells: &[(usize, usize)], settings: &GeneratorSettings, rng: &mut impl Rng) -> Point {
    let (row, column) = cells[rng.random_range(0..cells.len())];
    let (centre, spread) = match settings.goal_spread_m {
        Some(spread) => ([row as f64 - 0.2, column as f64 - 0.2], spread),
        None => ([row as f64, column as f64], 0.1),
    };
    // One number a coordinate whatever the spread, so that the stream of randomness stays the same.
    centre.map(|value| value + spread * (2.0 * rng.random::<f64>() - 1.0))
}
