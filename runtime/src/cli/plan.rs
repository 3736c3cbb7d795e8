//! `planwright plan`

use super::arguments::{PlannerArguments, finish_view, impossible, numbers, parse_goal, parse_state};
use super::map_arguments::{map_from, robot_named};
use super::output::{CliError, print_json, print_text};
use super::plan_push::PushQuestion;
use super::plan_text::{draw, draw_map};
use crate::figures::Figure;
use crate::files::{check_writable, write_atomically};
use crate::gate::{CONTACT_M, GateLimits, Origin, check_problem, contact_m};
use crate::geometry::{distance, wrapped};
use crate::pilot::Pilot;
use crate::planner::corridor::{CorridorPlanner, PathMethod};
use crate::planner::{Observation, Planner};
use crate::quantity::path_length_m;
use crate::trajectory::Trajectory;
use crate::view::picture::Picture;
use crate::view::{Stage, View};
use crate::world::{Layout, MazeWorld, MotionLimits, MovingDisc, MovingObstacles, Point, State, World};
use clap::Args;
use std::f64::consts::TAU;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright plan --layout medium --start 1,1 --goal 6,6 --json
  planwright plan --map map.yaml --robot robot.toml --start 1,1,0 --goal 6,6,1.57 --png plan.png
  planwright plan --map map.yaml --robot omni --start 1,2 --goal 9,2 --disc 5,2,-0.5,0,0.3
  planwright plan --image table.png --camera table.camera.json --target 30,22 --goal 1,0.2,0.3 --png push.png")]
pub(super) struct Plan {
    /// Where the robot is: x,y or x,y,vx,vy in metres and m/s
    #[arg(long, value_name = "X,Y[,VX,VY]", allow_hyphen_values = true, required_unless_present = "image")]
    start: Option<String>,
    /// Where to go (default: the maze's goal); with --image the target's motion
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
    /// Draw map, route, the robot's outline along the plan, the plan from slow (blue) to its top speed (red), and discs with
    /// their way of 1 s; the bar is 1 m
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// A disc that moves, x,y,vx,vy,radius in metres and m/s; several by repetition. Drives brake before discs, others pass
    #[arg(long = "disc", value_name = "X,Y,VX,VY,R", requires = "map", allow_hyphen_values = true)]
    discs: Vec<String>,
    #[command(flatten)]
    push: PushQuestion,
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
    /// Empty only with --image.
    fn start(&self) -> &str {
        self.start.as_deref().unwrap_or_default()
    }

    fn in_maze(&self) -> Result<Question, CliError> {
        let planner = self.maze.open(None)?.planner;
        let layout = self.maze.maze(planner.description())?;
        let start = parse_state(self.start(), "--start")?;
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
        let (start, start_yaw) = pose(self.start(), "--start")?;
        let world = self.with_discs(World::new(robot, map_from(map, distance_m)?), start)?;
        let goal = self
            .goal
            .as_deref()
            .ok_or_else(|| CliError::wrong("expected a goal on the map, got none\nhint: --goal X,Y[,YAW]"))?;
        let (goal, goal_heading_rad) = pose(goal, "--goal")?;
        let turns = matches!(world.robot().limits(), MotionLimits::Drive(_));
        if let Some(yaw_rad) = goal_heading_rad.filter(|_| !turns) {
            let (kept, yaw) = (Figure(start_yaw.unwrap_or_default()), Figure(yaw_rad));
            eprintln!(
                "warning: --goal: expected a robot that turns for a yaw of {yaw} rad, got {}, which keeps its heading of {kept} rad",
                self.robot
            );
        }
        check_problem(&world, start, goal, GateLimits::default().clearance_m).map_err(|infeasible| {
            let option = if infeasible.is_of_start() { "--start" } else { "--goal" };
            CliError::wrong(format!("{option}: {infeasible}"))
        })?;
        let start = State::at_pose(start, start_yaw.unwrap_or_default());
        check_outline(&world, &start, "--start", -CONTACT_M)?;
        let goal_yaw_rad = if turns { goal_heading_rad } else { Some(start.heading_rad) };
        if let Some(yaw) = goal_yaw_rad {
            check_outline(&world, &State::at_pose(goal, yaw), "--goal", GateLimits::default().clearance_m)?;
        }
        let method = self.maze.planner.unwrap_or(PathMethod::Optimizer);
        let planner = self.maze.open_for_any_map(method)?.planner;
        Ok(Question { world, start, goal, goal_heading_rad, planner, layout: None })
    }

    /// The world with the discs of the command line, which are clear of the start.
    fn with_discs(&self, world: World, start: Point) -> Result<World, CliError> {
        if self.discs.is_empty() {
            return Ok(world);
        }
        let disc = |text: &String| -> Result<MovingDisc, CliError> {
            let values = numbers(text, "--disc", &[5])?;
            let (position, velocity) = ([values[0], values[1]], [values[2], values[3]]);
            Ok(MovingDisc { position, velocity, radius_m: values[4] })
        };
        let discs = self.discs.iter().map(disc).collect::<Result<Vec<_>, _>>()?;
        let moving = MovingObstacles::new(discs, 0.0, MovingObstacles::PREDICTION_SECS)
            .map_err(|error| CliError::wrong(format!("--disc: {error}")))?;
        let robot_m = world.robot().footprint().circumscribed_radius_m();
        for disc in moving.discs() {
            let apart_m = distance(disc.position, start) - robot_m - disc.radius_m;
            if !(apart_m > 0.0) {
                let problem =
                    format!("--disc: expected discs clear of the start, got one {} m inside", Figure(-apart_m));
                return Err(CliError::wrong(problem));
            }
        }
        Ok(world.with_moving(Arc::new(moving)))
    }

    pub(super) fn run(&self) -> Result<(), CliError> {
        if let Some(image) = self.push.image() {
            let goal = self.goal.as_deref().unwrap_or_default();
            return self.push.run(image, goal, &self.maze, self.png.as_deref(), self.json);
        }
        let Question { world, start, goal, goal_heading_rad, planner, layout } = match &self.map {
            Some(map) => self.on_map(map)?,
            None => self.in_maze()?,
        };
        let mut settings = self.maze.pilot.settings(None, planner.description())?;
        if layout.is_none() {
            settings.correction.arrival_radius_m = ARRIVAL_RADIUS_M;
        }
        if let Some(path) = &self.png {
            check_writable(path).map_err(|error| not_written(path, &error))?;
        }
        let view = self.maze.view.start()?;
        view.log_world(Default::default(), &world, start.position, goal);
        let mut pilot = Pilot::new(planner, settings, view.clone());
        pilot.set_goal_heading(goal_heading_rad);
        let observation = Observation { state: start, goal, stamp_secs: 0.0, step: 0 };
        let checked = pilot.plan(&world, &observation, 0.0, 0.0).clone();
        finish_view(view);
        let held_secs = MovingObstacles::PREDICTION_SECS;
        if !self.discs.is_empty() && checked.trajectory().duration_secs() > held_secs {
            eprintln!("warning: --disc: the plan is held against discs for its first {held_secs} s, not beyond");
        }
        if let Some(path) = &self.png {
            let route = route(&world, &observation);
            write_picture(path, &world, checked.trajectory(), &route, start, (goal, goal_heading_rad))?;
        }
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
                let off_rad = goal_heading_rad.zip(headings_rad.last()).map(|(wanted, end)| wrapped(wanted - end));
                report.insert("headings_rad".to_owned(), serde_json::json!(headings_rad));
                report.insert("goal_heading_error_rad".to_owned(), serde_json::json!(off_rad));
            }
            print_json(&report)?;
        } else {
            print_text(&format!(
                "{}\n{outcome}{}: {:.2} s, {:.2} m long, {}\nclearance {:.3} m, {}, {:.2} ms",
                layout.as_ref().map_or_else(
                    || draw_map(&world, start.position, goal, checked.trajectory().points()),
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

/// `x,y` or `x,y,yaw`: metres and radians.
fn pose(text: &str, what: &str) -> Result<(Point, Option<f64>), CliError> {
    let values = numbers(text, what, &[2, 3])?;
    let yaw_rad = values.get(2).copied();
    // Beyond a turn it is no angle that was meant: degrees, or a slip.
    if let Some(yaw_rad) = yaw_rad.filter(|yaw_rad| yaw_rad.abs() > TAU) {
        return Err(CliError::wrong(format!(
            "{what}: expected a yaw from {} to {} rad, got {}\nhint: X,Y,YAW with the yaw in radians: a quarter turn is 1.5708",
            Figure(-TAU),
            Figure(TAU),
            Figure(yaw_rad)
        )));
    }
    Ok(([values[0], values[1]], yaw_rad.map(wrapped)))
}

/// Refuses a pose in which the robot's outline has less clearance, of a start that from which a way out is planned, or
/// overlaps an obstacle.
fn check_outline(world: &World, pose: &State, option: &str, least_m: f64) -> Result<(), CliError> {
    let (clear_m, overlaps) = (world.sweep().motion(pose, pose), world.sweep().overlaps(pose));
    if clear_m >= least_m && !overlaps {
        return Ok(());
    }
    let contact_m = contact_m(&world.robot().footprint());
    let needed = if least_m >= 0.0 {
        format!("at least {} m from obstacles", Figure(least_m))
    } else if contact_m > 0.0 {
        format!("in free space, or its padding at most {} m in an obstacle", Figure(contact_m))
    } else {
        "in free space".to_owned()
    };
    let got = if overlaps {
        // How deep is not known: what lies inside has no distance.
        "overlapping an obstacle".to_owned()
    } else if clear_m < 0.0 {
        format!("{} m in one", Figure(-clear_m))
    } else {
        format!("{} m from one", Figure(clear_m))
    };
    Err(CliError::wrong(format!(
        "{option}: expected the robot's outline {needed}, got it {got} at a yaw of {} rad\nhint: another yaw or place",
        Figure(pose.heading_rad)
    )))
}

/// The shortest way, beside which the planners of any map plan; empty if there is none.
fn route(world: &World, observation: &Observation) -> Vec<Point> {
    let mut search = CorridorPlanner::new(PathMethod::Search);
    let mut proposal = search.proposal();
    let found = search.set_world(world);
    let found = found.and_then(|()| search.propose(observation, None, &View::disabled(), &mut proposal));
    found.map_or_else(|_| Vec::new(), |()| search.route().to_vec())
}

fn write_picture(
    path: &Path,
    world: &World,
    plan: &Trajectory,
    route: &[Point],
    start: State,
    goal: (Point, Option<f64>),
) -> Result<(), CliError> {
    let png = Picture { world, plan, route, start, goal }.png().map_err(CliError::failed)?;
    write_atomically(path, |file| file.write_all(&png)).map_err(|error| not_written(path, &error))
}

fn not_written(path: &Path, error: &std::io::Error) -> CliError {
    CliError::wrong(format!("--png: expected a place for the picture, got an error at {}: {error}", path.display()))
}
