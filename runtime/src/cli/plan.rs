//! `planwright plan`

use super::arguments::{PlannerArguments, impossible, parse_goal, parse_state};
use super::output::{CliError, print_json, print_text};
use crate::gate::{Origin, check_problem};
use crate::pilot::Pilot;
use crate::planner::Observation;
use crate::quantity::path_length_m;
use crate::view::{FINISH_TIMEOUT, Stage};
use crate::world::{Layout, MazeWorld, Point};
use clap::Args;

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
    #[command(flatten)]
    planner: PlannerArguments,
}

impl Plan {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let planner = self.planner.open(None)?.planner;
        let layout = planner.description().maze().map_err(CliError::input)?.clone();
        let start = parse_state(&self.start, "--start")?;
        let goal = parse_goal(self.goal.as_deref(), &layout)?;
        let settings = self.planner.pilot.settings(None, planner.description())?;
        let world = MazeWorld::new(layout.clone());
        // A model has its layout within.
        let given = if self.planner.control.is_some() { &self.planner.layout } else { layout.name() };
        check_problem(&world, start.position, goal, settings.limits.clearance_m)
            .map_err(|infeasible| impossible(infeasible, given, "--start, --goal"))?;
        let view = self.planner.view.start()?;
        view.log_map(Default::default(), &layout, start.position, goal);
        let mut pilot = Pilot::new(planner, settings, view.clone());
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
            let states: Vec<[f64; 4]> = states.iter().map(|state| state.to_array()).collect();
            print_json(&serde_json::json!({
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
            }))?;
        } else {
            print_text(&format!(
                "{}\n{outcome}{}: {:.2} s, {:.2} m long, {}\nclearance {:.3} m, {}, {:.2} ms",
                draw(&layout, start.position, goal, checked.trajectory().points()),
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
