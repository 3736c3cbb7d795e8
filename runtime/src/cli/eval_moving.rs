//! `planwright eval moving`

use super::arguments::within;
use super::map_arguments::robot_named;
use super::output::{CliError, print_json, print_text};
use crate::evaluate::{MovingDriver, MovingResult, MovingScene, run_moving};
use crate::figures::Figure;
use crate::world::robot::{MotionLimits, Robot};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};

#[derive(Args)]
#[command(after_help = "\
Example: planwright eval moving --scenes 100 --seed 0 --json

Rooms and corridors from `planwright world generate`'s generator, with 4 to 12 discs of 0.2 to 0.35 m radius that walk at 0.2
to 1 m/s, straight until a wall reflects them or back and forth on a line, and give way to no robot. Plans at 20 Hz; velocities
count as constant for 4 s. A run ends at the goal (within 0.3 m), with the first contact, or after 60 s; a disc that runs into a
robot that stands is counted apart from contacts of a moving robot.")]
pub(super) struct EvalMoving {
    /// Scenes
    #[arg(long, default_value_t = 100, value_parser = within(1..=100_000_usize), value_name = "N")]
    scenes: usize,
    /// Seed of the scenes
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// A robot that moves in any direction or turns in place, by name or TOML file
    #[arg(long, default_value = "omni", value_name = "NAME|FILE")]
    robot: String,
    /// Who drives, all if none is named
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    drivers: Vec<MovingDriver>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl EvalMoving {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let robot = robot_named(&self.robot)?;
        if matches!(robot.limits(), MotionLimits::Drive(limits) if !limits.turns_in_place()) {
            return Err(CliError::wrong(format!(
                "--robot: expected a robot that moves in any direction or turns in place, got '{}'\nhint: omni, point-mass or differential",
                self.robot
            )));
        }
        if !(robot.footprint().circumscribed_radius_m() <= MovingScene::WIDEST_M) {
            return Err(self.too_large(&*robot, ""));
        }
        let drivers = if self.drivers.is_empty() { &MovingDriver::ALL[..] } else { &self.drivers };
        let runs = self.scenes as u64 * (2 + drivers.len() as u64);
        let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr());
        let draw = |number| {
            bar.inc(1);
            MovingScene::draw(&robot, self.seed, number).ok_or_else(|| {
                self.too_large(&*robot, &format!(", for which scene {number} was found on none of 100 maps"))
            })
        };
        let scenes = (0..self.scenes).map(draw).collect::<Result<Vec<MovingScene>, CliError>>()?;
        let results = run_moving(&scenes, &robot, drivers, || bar.inc(1)).map_err(CliError::failed)?;
        bar.finish_and_clear();
        if self.json {
            return print_json(&serde_json::json!({
                "scenes": self.scenes,
                "seed": self.seed,
                "robot": robot.name(),
                "drivers": results,
            }));
        }
        let mut text = format!("{} scenes, seed {}, robot {}", self.scenes, self.seed, robot.name());
        results.iter().for_each(|result| text += &line(result));
        print_text(&text)
    }

    fn too_large(&self, robot: &dyn Robot, found: &str) -> CliError {
        CliError::wrong(format!(
            "--robot: expected a robot that corridors of up to 1.8 m have room for, at most {} m from its centre to its farthest point, got '{}' with {} m{found}\nhint: a smaller footprint",
            MovingScene::WIDEST_M,
            self.robot,
            Figure((1e3 * robot.footprint().circumscribed_radius_m()).round() * 1e-3)
        ))
    }
}

fn line(result: &MovingResult) -> String {
    format!(
        "\n{:<13} success {:>5.1}%  contacts {:>3}  struck {:>3}  timeouts {:>3}  {:.2} s  x {:.3}  plan p50 {:.2} p99 {:.2} ms",
        result.driver.name(),
        100.0 * result.success,
        result.contacts,
        result.struck,
        result.timeouts,
        result.secs,
        result.slowdown,
        result.plan_ms.p50,
        result.plan_ms.p99,
    )
}
