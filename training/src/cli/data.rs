//! `planwright-train data`

use super::{CliError, print_json, print_text};
use crate::dataset::{GeneratorSettings, Statistics, generate};
use clap::Args;
use planwright::world::Layout;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
#[command(after_help = "\
Example: planwright-train data --layout umaze --steps 1000000 --seed 0 --out umaze.npz --json

Without --dwell-steps and --goal-spread this is D4RL's generator, noise and stale observations included.
The .npz holds observations, actions, timeouts, goals, true_state, wall_contact, and as JSON bytes in
`metadata` the settings and the SHA-256 of the numbers.")]
pub(super) struct Data {
    /// umaze, medium, large, or a layout file
    #[arg(long, default_value = "umaze", value_name = "NAME|FILE")]
    layout: String,
    /// Steps of 0.01 s
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    steps: usize,
    /// Seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Standard deviation of the noise on each motor command
    #[arg(long, default_value_t = 0.5, value_name = "DEVIATION")]
    noise: f64,
    /// Steps for which a reached goal is held
    #[arg(long, default_value_t = 0, value_name = "N")]
    dwell_steps: usize,
    /// Draw goals from this half-width round a cell's centre, metres, and stop there
    #[arg(long, value_name = "METRES")]
    goal_spread: Option<f64>,
    /// Write the recording
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Data {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let settings = GeneratorSettings {
            layout: self.layout.clone(),
            steps: self.steps,
            seed: self.seed,
            noise: self.noise,
            dwell_steps: self.dwell_steps,
            goal_spread_m: self.goal_spread,
        };
        settings.check().map_err(|problem| CliError::input(anyhow::anyhow!(problem)))?;
        let layout = Layout::named_or_file(&self.layout).map_err(CliError::input)?;
        if let Some(path) = &self.out {
            planwright::files::check_writable(path)
                .map_err(|error| CliError::input(anyhow::anyhow!("--out {}: {error}", path.display())))?;
        }
        let begun = Instant::now();
        let recording = generate(&layout, &settings);
        let seconds = begun.elapsed().as_secs_f64();
        let statistics = Statistics::measure(&recording, &layout);
        if let Some(path) = &self.out {
            recording.write(path).map_err(CliError::input)?;
        }
        if self.json {
            return print_json(&serde_json::json!({
                "settings": settings,
                "sha256": recording.sha256(),
                "seconds": seconds,
                "out": self.out,
                "statistics": statistics,
            }));
        }
        let s = &statistics;
        print_text(&format!(
            "{} steps in {seconds:.2} s, {} goals after {:.1} steps each, {} given up\nspeed {:.3} +- {:.3} m/s, 128-windows {:.3} m long, near a wall {:.2}%, reward {:.4}\nsha256 {}",
            s.steps,
            s.goals,
            s.steps_per_goal_mean,
            s.time_ups,
            s.speed_mean,
            s.speed_deviation,
            s.window_128_length_mean_m,
            100.0 * s.wall_contact_share,
            s.sparse_reward_mean,
            recording.sha256(),
        ))
    }
}
