//! The data generator: the waypoint controller drives from target to target in one endless run.

use super::recording::Recording;
use super::settings::GeneratorSettings;
use super::waypoint::WaypointController;
use planwright::world::{Command, Episode, EpisodeRules, Layout, MazeWorld, Point};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

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
