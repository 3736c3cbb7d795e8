//! `planwright plan`

use super::arguments::{PlannerArguments, impossible, numbers, parse_goal, parse_state};
use super::map_arguments::{map_from, robot_named};
use super::output::{CliError, print_json, print_text};
use crate::figures::Figure;
use crate::gate::{GateLimits, Origin, check_problem};
use crate::geometry::Footprint;
use crate::pilot::Pilot;
use crate::planner::corridor::PathMethod;
use crate::planner::{Observation, Planner};
use crate::quantity::path_length_m;
use crate::view::{FINISH_TIMEOUT, Stage};
use crate::world::{Layout, Map, MazeWorld, Point, State, World};
use clap::Args;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "Example: planwright plan --layout medium --start 1,1 --goal 6,6 --json")]
pub(super) struct Plan {
    /// Where the robot is: x,y or x,y,vx,vy in metres and m/s
    #[arg(long, value_name = "X,Y[,VX,VY]", allow_hyphen_values = true)]
    start: String,
    /// Where to go (default: the maze's goal)
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
    goal: Option<String>,
    /// Print JSON, states and commands included
    #[arg(long)]
    json: bool,
    /// A map to plan on: map_server's YAML, MovingAI's .map or a layout file. --start is then x,y[,yaw]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["layout", "control"])]
    map: Option<PathBuf>,
    /// The robot on a map: a name or a TOML file
    #[arg(long, default_value = "differential", value_name = "NAME|FILE", requires = "map")]
    robot: String,
    #[command(flatten)]
    maze: PlannerArguments,
}

/// Distance from the goal on a map at which a plan has arrived, metres; in a maze it is D4RL's.
const ARRIVAL_RADIUS_M: f64 = 0.05;

/// A question to a planner.
struct Question {
    world: World,
    start: State,
    goal: Point,
    goal_heading_rad: Option<f64>,
    planner: Box<dyn Planner>,
    /// Of a maze, for drawing.
    layout: Option<Layout>,
}

impl Plan {
    fn in_maze(&self) -> Result<Question, CliError> {
        let planner = self.maze.open(None)?.planner;
        let layout = self.maze.maze(planner.description())?;
        let start = parse_state(&self.start, "--start")?;
        let goal = parse_goal(self.goal.as_deref(), &layout)?;
        let world = World::clone(&MazeWorld::new(layout.clone()));
        // A model has its layout within.
        let given = if self.maze.control.is_some() { &self.maze.layout } else { layout.name() };
        check_problem(&world, start.position, goal, GateLimits::default().clearance_m)
            .map_err(|infeasible| impossible(infeasible, given, "--start, --goal"))?;
        Ok(Question { world, start, goal, goal_heading_rad: None, planner, layout: Some(layout) })
    }

    fn on_map(&self, map: &Path) -> Result<Question, CliError> {
        let robot = robot_named(&self.robot)?;
        let distance_m = robot.footprint().inscribed_radius_m() + GateLimits::default().clearance_m;
        let world = World::new(robot, map_from(map, distance_m)?);
        let pose = |text: &str, what| -> Result<(Point, Option<f64>), CliError> {
            let values = numbers(text, what, &[2, 3])?;
            let yaw_rad = values.get(2).copied();
            if let Some(yaw_rad) = yaw_rad.filter(|yaw_rad| yaw_rad.abs() > TAU) {
                let problem =
                    format!("{what}: expected a yaw within a turn, -6.28 to 6.28 rad, got {}", Figure(yaw_rad));
                return Err(CliError::wrong(problem));
            }
            Ok(([values[0], values[1]], yaw_rad))
        };
        let (start, start_yaw) = pose(&self.start, "--start")?;
        let goal = self
            .goal
            .as_deref()
            .ok_or_else(|| CliError::wrong("expected a goal on the map, got none\nhint: --goal X,Y[,YAW]"))?;
        let (goal, goal_heading_rad) = pose(goal, "--goal")?;
        check_problem(&world, start, goal, GateLimits::default().clearance_m).map_err(|infeasible| {
            let option = if infeasible.is_of_start() { "--start" } else { "--goal" };
            CliError::wrong(format!("{option}: {infeasible}"))
        })?;
        let method = self.maze.planner.unwrap_or(PathMethod::Optimizer);
        let planner = self.maze.open_for_any_map(method)?.planner;
        let start = State::at_pose(start, start_yaw.unwrap_or_default());
        Ok(Question { world, start, goal, goal_heading_rad, planner, layout: None })
    }

    pub(super) fn run(&self) -> Result<(), CliError> {
        let Question { world, start, goal, goal_heading_rad, planner, layout } = match &self.map {
            Some(map) => self.on_map(map)?,
            None => self.in_maze()?,
        };
        let mut settings = self.maze.pilot.settings(None, planner.description())?;
        if layout.is_none() {
            settings.correction.arrival_radius_m = ARRIVAL_RADIUS_M;
        }
        let view = self.maze.view.start()?;
        view.log_map(Default::default(), world.map(), start.position, goal);
        let mut pilot = Pilot::new(planner, settings, view.clone());
        pilot.set_goal_heading(goal_heading_rad);
        let observation = Observation { state: start, goal, stamp_secs: 0.0, step: 0 };
        let checked = pilot.plan(&world, &observation, 0.0, 0.0).clone();
        view.finish(FINISH_TIMEOUT);
        let (outcome, reason) = match checked.origin() {
            Origin::Planned => ("planned", None),
            Origin::Fallback { kind, reason } => (kind.name(), Some(reason)),
        };
        // Empty where planning failed: nothing was corrected then.
        let corrected = Some(pilot.corrected()).filter(|corrected| !corrected.trajectory.states.is_empty());
        // Of a fallback nothing is known to arrive.
        let planned = corrected.filter(|_| reason.is_none());
        let arrival_secs = planned.map(|plan| plan.arrival_secs).filter(|secs| secs.is_finite());
        let states = &checked.trajectory().states;
        if self.json {
            let headings_rad: Vec<f64> = states.iter().map(|state| state.heading_rad).collect();
            let headings_rad = Some(headings_rad).filter(|_| layout.is_none());
            let states: Vec<[f64; 4]> = states.iter().map(|state| state.to_array()).collect();
            let mut report = serde_json::json!({
                "outcome": outcome,
                "rejection": reason,
                "duration_secs": checked.trajectory().duration_secs(),
                "arrival_secs": arrival_secs,
                "length_m": path_length_m(checked.trajectory().points()),
                "measured": checked.measured(),
                "residual_before_m": corrected.map(|plan| plan.residual_before_m),
                "residual_after_m": corrected.map(|plan| plan.residual_after_m),
                "iterations": corrected.map(|plan| plan.iterations),
                "drift": pilot.drift(),
                "plan_ms": pilot.latency(Stage::Whole).max,
                "dt_secs": checked.trajectory().dt_secs,
                "states": states,
                "actions": checked.trajectory().commands,
            });
            // A maze's robot has no heading.
            if let (Some(headings_rad), Some(report)) = (headings_rad, report.as_object_mut()) {
                report.insert("headings_rad".to_owned(), serde_json::json!(headings_rad));
            }
            print_json(&report)?;
        } else {
            print_text(&format!(
                "{}\n{outcome}{}: {:.2} s, {:.2} m long, {}\nclearance {:.3} m, {}, {:.2} ms",
                layout.as_ref().map_or_else(
                    || draw_map(world.map(), start.position, goal, checked.trajectory().points()),
                    |layout| draw(layout, start.position, goal, checked.trajectory().points()),
                ),
                reason.map_or(String::new(), |reason| format!(" ({reason})")),
                checked.trajectory().duration_secs(),
                path_length_m(checked.trajectory().points()),
                arrival_secs.map_or("does not arrive".to_owned(), |secs| format!("arrives after {secs:.2} s")),
                checked.measured().clearance_m,
                corrected.map_or("not corrected".to_owned(), |plan| {
                    format!(
                        "residual {:.3} m before and {:.4} m after correction, {} round(s)",
                        plan.residual_before_m, plan.residual_after_m, plan.iterations
                    )
                }),
                pilot.latency(Stage::Whole).max,
            ))?;
        }
        match reason {
            None => Ok(()),
            Some(reason) => {
                Err(CliError::failed(anyhow::anyhow!("no plan passed the gate: {reason}; the fallback is {outcome}")))
            }
        }
    }
}

/// The maze in characters, four by two to a cell.
fn draw(layout: &Layout, start: Point, goal: Point, path: impl Iterator<Item = Point>) -> String {
    const ACROSS: usize = 4;
    const DOWN: usize = 2;
    let (rows, columns) = (layout.rows() * DOWN, layout.columns() * ACROSS);
    let mut canvas: Vec<Vec<char>> = (0..rows)
        .map(|row| {
            (0..columns).map(|column| if layout.is_wall(row / DOWN, column / ACROSS) { '#' } else { ' ' }).collect()
        })
        .collect();
    let mut put = |point: Point, mark: char| {
        let row = ((point[0] + 0.7) * DOWN as f64) as usize;
        let column = ((point[1] + 0.7) * ACROSS as f64) as usize;
        if let Some(cell) = canvas.get_mut(row).and_then(|line| line.get_mut(column)) {
            *cell = mark;
        }
    };
    path.for_each(|point| put(point, '.'));
    put(start, 'S');
    put(goal, 'G');
    canvas.into_iter().map(|line| line.into_iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// Characters across and down of a drawn map at most.
const DRAWN: [usize; 2] = [100, 40];

/// The map with `#` where a character's area holds an obstacle, y upwards.
fn draw_map(map: &dyn Map, start: Point, goal: Point, path: impl Iterator<Item = Point>) -> String {
    let bounds = map.bounds();
    let size = [0, 1].map(|axis| bounds.high[axis] - bounds.low[axis]);
    // A character is about twice as high as wide.
    let across_m = (size[0] / DRAWN[0] as f64).max(size[1] / (2 * DRAWN[1]) as f64).max(1e-9);
    let cell_m = [across_m, 2.0 * across_m];
    let [columns, rows] = [0, 1].map(|axis: usize| ((size[axis] / cell_m[axis]).ceil() as usize).max(1));
    let mut drawn = vec![vec![' '; columns]; rows];
    let place = |point: Point| {
        let [column, row] = [0, 1].map(|axis: usize| {
            (((point[axis] - bounds.low[axis]) / cell_m[axis]).max(0.0) as usize).min([columns, rows][axis] - 1)
        });
        (rows - 1 - row, column)
    };
    let footprint = Footprint::Circle { radius_m: 0.5 * across_m };
    for (row, letters) in drawn.iter_mut().rev().enumerate() {
        for (column, letter) in letters.iter_mut().enumerate() {
            let x = bounds.low[0] + (column as f64 + 0.5) * cell_m[0];
            let middle = bounds.low[1] + (row as f64 + 0.5) * cell_m[1];
            let (from, to) = ([x, middle - 0.5 * across_m], [x, middle + 0.5 * across_m]);
            if !(map.swept_clearance(footprint, from, to) > 0.0) {
                *letter = '#';
            }
        }
    }
    for (point, letter) in path.map(|point| (point, '.')).chain([(start, 'S'), (goal, 'G')]) {
        let (row, column) = place(point);
        drawn[row][column] = letter;
    }
    cropped(&drawn).join("\n")
}

/// The rows and columns that hold anything but obstacles, and one around them.
fn cropped(drawn: &[Vec<char>]) -> Vec<String> {
    let holds = |row: &Vec<char>| row.iter().any(|letter| *letter != '#');
    let span = |of: &dyn Fn(usize) -> bool, count: usize| {
        let first = (0..count).find(|index| of(*index)).unwrap_or(0);
        let last = (0..count).rev().find(|index| of(*index)).unwrap_or(count - 1);
        first.saturating_sub(1)..(last + 2).min(count)
    };
    let columns = span(&|column| drawn.iter().any(|row| row[column] != '#'), drawn.first().map_or(0, Vec::len));
    let rows = span(&|row| holds(&drawn[row]), drawn.len());
    drawn[rows].iter().map(|row| row[columns.clone()].iter().collect()).collect()
}
