//! `planwright world`

use super::arguments::{check_free, layout, parse_goal, parse_state};
use super::output::{CliError, print_json, print_text};
use crate::figures::Place;
use crate::world::conformance::Conformance;
use crate::world::rollouts::Rollouts;
use crate::world::{ContactLaw, EpisodeRules, MazeWorld, TimeOptimalBound};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::io::IsTerminal as _;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum World {
    /// Print a maze and its rules
    Show(Show),
    /// Step recorded states and actions, and say how far apart the two worlds are
    Check(Check),
    /// The least time from a start to the goal that any planner could need
    Bound(Bound),
    /// Make a random map: mazes, rooms, forests, bug traps, corridors, gaps
    Generate(super::world_generate::Generate),
    /// Make a random table with objects: its picture, its camera, and what a push of one of them causes
    Scene(super::world_scene::WorldScene),
}

impl World {
    pub(super) fn run(&self) -> Result<(), CliError> {
        match self {
            Self::Show(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Bound(command) => command.run(),
            Self::Generate(command) => command.run(),
            Self::Scene(command) => command.run(),
        }
    }
}

#[derive(Args)]
#[command(after_help = "\
Example: planwright world show --layout large

A layout file has one line per row of # (wall), O (free) and G (goal), and its first row is x = 0. Also read: rows that
are separated by \\ as in D4RL, rows of 1 and 0, gymnasium-robotics' lists of lists, and MovingAI's .map; an open border
of the last gets a ring of walls, which moves every cell by one.")]
pub(super) struct Show {
    /// umaze, medium, large, or a layout file
    #[arg(long, default_value = "umaze", value_name = "NAME|FILE")]
    layout: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    fn run(&self) -> Result<(), CliError> {
        let layout = layout(&self.layout)?;
        let rules = EpisodeRules::of(&layout);
        if self.json {
            let free: Vec<[usize; 2]> = layout.free_cells().map(|(row, column)| [row, column]).collect();
            return print_json(&serde_json::json!({
                "layout": layout.name(),
                "text": layout.to_text(),
                "goal": layout.goal(),
                "free_cells": free,
                "episode_steps": rules.steps,
                "reference_returns": rules.reference,
            }));
        }
        print_text(&format!(
            "{}: row is x, column is y, one cell is 1 m; a cell's centre lies 0.2 m below its index\n{}episodes of {} steps, {}",
            layout.name(),
            layout.to_text(),
            rules.steps,
            layout.goal().map_or("no goal".to_owned(), |[x, y]| format!("goal {x:?}, {y:?}"))
        ))
    }
}

#[derive(Args)]
#[command(
    after_help = "FILE holds `states` (N x T+1 x 4) and `actions` (N x T x 2); `planwright eval maze --record` writes\none. Example: planwright world check rollouts.npz --layout umaze --json"
)]
pub(super) struct Check {
    /// Recorded roll-outs, .npz
    file: PathBuf,
    /// umaze, medium, large, or a layout file
    #[arg(long, value_name = "NAME|FILE")]
    layout: String,
    /// Contacts of this MuJoCo: 2 (D4RL's, up to 2.3) or 3 (3.8 and later)
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3), value_name = "MAJOR")]
    mujoco: u8,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    fn run(&self) -> Result<(), CliError> {
        let law = if self.mujoco == 2 { ContactLaw::Mujoco2 } else { ContactLaw::Mujoco3 };
        let world = MazeWorld::with_contact_law(layout(&self.layout)?, law);
        let rollouts = Rollouts::read(&self.file).map_err(CliError::input)?;
        let found = Conformance::measure(&world, &rollouts);
        if self.json {
            return print_json(&found);
        }
        print_text(&format!(
            "{} roll-outs of {} steps, {:.1}% near a wall\none step   max {:.3e}\nopen loop  max {:.3e}  median {:.3e}",
            found.rollouts,
            found.steps,
            100.0 * found.contact_share,
            found.one_step_max,
            found.open_loop_max,
            found.open_loop_median
        ))
    }
}

#[derive(Args)]
#[command(after_help = "Example: planwright world bound --layout large --start 1,1")]
pub(super) struct Bound {
    /// umaze, medium, large, or a layout file
    #[arg(long, default_value = "umaze", value_name = "NAME|FILE")]
    layout: String,
    /// x,y or x,y,vx,vy in metres and m/s
    #[arg(long, value_name = "X,Y[,VX,VY]", allow_hyphen_values = true)]
    start: String,
    /// x,y in metres (default: the layout's goal)
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
    goal: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Bound {
    fn run(&self) -> Result<(), CliError> {
        let layout = layout(&self.layout)?;
        let start = parse_state(&self.start, "--start")?;
        let goal = parse_goal(self.goal.as_deref(), &layout)?;
        check_free(&layout, &self.layout, start.position, "--start")?;
        check_free(&layout, &self.layout, goal, "--goal")?;
        let cells = layout.free_cells().count();
        if cells > 100 && !std::io::stderr().is_terminal() {
            eprintln!("{cells} free cells, about 0.1 s for each");
        }
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
        let mut progress = |share: f64| bar.set_position((1000.0 * share) as u64);
        let bound = TimeOptimalBound::until(&layout, goal, Some(&start), &mut progress).map_err(CliError::input)?;
        bar.finish_and_clear();
        let secs = bound.least_secs(&start);
        if !secs.is_finite() {
            let (start, goal) = (Place(start.position), Place(goal));
            let problem = format!("expected a way from start to goal, got none: walls part {start} from {goal}");
            return Err(CliError::wrong(problem));
        }
        if self.json {
            return print_json(&serde_json::json!({ "least_secs": secs, "start": start.to_array(), "goal": goal }));
        }
        print_text(&format!("at least {secs:.3} s"))
    }
}
