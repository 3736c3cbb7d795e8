//! `planwright eval barn`

use super::arguments::within;
use super::map_arguments::{barn_worlds, robot_named};
use super::output::{CliError, print_json, print_text};
use crate::evaluate::{BarnDriver, BarnResult, barn_has_way, run_barn};
use crate::figures::Figure;
use crate::world::robot::MotionLimits;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Example: planwright eval barn --json

The challenge's rule on its worlds 0, 6, .., 294 with a differential drive of Jackal's size and the challenge's lidar, in our
own simulator: the map is what the lidar has seen. Scores compare with those of the other drivers here, not with Gazebo's.")]
pub(super) struct EvalBarn {
    /// Folder with the worlds: barn_*.npz
    #[arg(long, default_value = "../shared/data/maps", value_name = "FOLDER")]
    maps: PathBuf,
    /// Worlds whose numbers are multiples of this
    #[arg(long, default_value_t = 6, value_parser = within(1..=300_usize), value_name = "N")]
    every: usize,
    /// Runs per world, with other noise
    #[arg(long, default_value_t = 1, value_parser = within(1..=100_u64), value_name = "N")]
    runs: u64,
    /// Seed of the first run
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// The robot: a drive by name or TOML file
    #[arg(long, default_value = "jackal", value_name = "NAME|FILE")]
    robot: String,
    /// Who drives
    #[arg(long, value_delimiter = ',', default_value = "optimizer,smoothed,search,dwa", value_name = "NAMES")]
    drivers: Vec<BarnDriver>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl EvalBarn {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let worlds = barn_worlds(&self.maps, self.every)?;
        let robot = robot_named(&self.robot)?;
        if !matches!(robot.limits(), MotionLimits::Drive(_)) {
            return Err(CliError::wrong(format!("--robot: expected a drive, got '{}'", self.robot)));
        }
        if !worlds.iter().any(|world| barn_has_way(world, &robot)) {
            return Err(CliError::wrong(format!(
                "--robot: expected a robot that fits at the start and has a way to the goal in one of {} world(s), got '{}', {} m from its centre to its farthest point\nhint: --robot jackal, or a smaller footprint",
                worlds.len(),
                self.robot,
                Figure((1e3 * robot.footprint().circumscribed_radius_m()).round() * 1e-3)
            )));
        }
        let runs = worlds.len() as u64 * self.runs * self.drivers.len() as u64;
        let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr());
        let seeds = self.seed..self.seed + self.runs;
        let results = self
            .drivers
            .iter()
            .map(|driver| run_barn(&worlds, &robot, *driver, seeds.clone(), || bar.inc(1)))
            .collect::<Vec<BarnResult>>();
        bar.finish_and_clear();
        if self.json {
            return print_json(&serde_json::json!({
                "worlds": worlds.len(),
                "runs_per_world": self.runs,
                "seed": self.seed,
                "robot": robot.name(),
                "drivers": results,
            }));
        }
        let mut text = format!("{} worlds, {} runs each, seed {}", worlds.len(), self.runs, self.seed);
        for result in &results {
            text += &format!(
                "\n{:<10} score {:.4} ({:.4} to {:.4})  success {:.1}%  collision {:.1}%  timeout {:.1}%  {:.1} s  period p99 {:.1} ms",
                result.driver,
                result.score.mean,
                result.score.low,
                result.score.high,
                100.0 * result.success,
                100.0 * result.collision,
                100.0 * result.timeout,
                result.secs,
                result.period_ms.p99,
            );
        }
        print_text(&text)
    }
}
