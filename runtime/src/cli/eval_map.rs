//! `planwright eval map`

use super::arguments::within;
use super::map_arguments::{load_case, load_cases, narrow_cases, planners_of, robot_for};
use super::output::{CliError, print_json, print_text};
use crate::evaluate::{MapSetEvaluation, MethodOnMaps, ScoreSummary, Unsolved, UnsolvedQuery, evaluate_maps};
use crate::planner::corridor::{PathMethod, turning_length_m as turning_length_m_of};
use crate::world::map::files::MapSetKind;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright eval map --set grid32 --json
  planwright eval map --set nav2 --maps maps/ --queries 50 --seed 1 --robot differential
  planwright eval map --map office.yaml --queries 50 --robot robot.toml
  planwright eval map --narrow --robot jackal --queries 40

Every query goes to every method, each through the same correction and gate; the search stands beside them, and what it
finds no way for is refused. Of robots that are no discs or cannot turn where they stand, search-xy is the search without
headings, as a control. Where no method has a plan for a polygon, a flood fill over position and heading looks for any way:
queries without one (unsolvable) do not count. Arrival times are those of the timed plan. The turning length v^2/a decides
what a path's shape is worth: each robot is evaluated with accelerations of 1 m/s^2 and the speed that gives the length.")]
pub(super) struct EvalMap {
    /// Which maps of the folder
    #[arg(long, value_enum, required_unless_present_any = ["map", "narrow"])]
    set: Option<MapSetKind>,
    /// Generated maps instead: ten halls, two walls in each, with gaps at least 6 cm wider than the robot and narrower than its
    /// circumscribed circle; --queries in all, rounded up to whole tens. For robots with a polygon as footprint
    #[arg(long, conflicts_with_all = ["set", "maps", "map"])]
    narrow: bool,
    /// One map instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "maps"])]
    map: Option<PathBuf>,
    /// Its starts and goals instead of random ones: lines of start_x,start_y,goal_x,goal_y in metres, map frame
    #[arg(long, value_name = "FILE", requires = "map", conflicts_with_all = ["set", "narrow"])]
    pairs: Option<PathBuf>,
    /// Folder with maps: *.yaml with its image, *.map with *.scen, grid32_*.npz, barn_*.npz
    #[arg(long, default_value = "../shared/data/maps", value_name = "FOLDER")]
    maps: PathBuf,
    /// omni, differential, or a robot's TOML file
    #[arg(long, default_value = "omni", value_name = "NAME|FILE")]
    robot: String,
    /// Turning lengths v^2/a of omni and differential, metres (default: 0.5,1,4); other robots have their own
    #[arg(long, value_delimiter = ',', value_parser = within(0.01..=100.0), value_name = "M")]
    turning_lengths: Vec<f64>,
    /// Queries per map where its form has none of its own, and most of those that are taken of others
    #[arg(long, default_value_t = 24, value_parser = within(1..=100_000_usize), value_name = "N")]
    queries: usize,
    /// Seed of the queries
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Methods, all if none is named
    #[arg(long, value_enum, value_delimiter = ',')]
    planners: Vec<PathMethod>,
    /// The corridor network (default: the shipped one)
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Turning lengths if none is given, metres.
const TURNING_LENGTHS_M: [f64; 3] = [0.5, 1.0, 4.0];

#[derive(Serialize)]
struct Report {
    set: String,
    robot: String,
    seed: u64,
    by_turning_length: Vec<AtTurningLength>,
}

#[derive(Serialize)]
struct AtTurningLength {
    turning_length_m: f64,
    #[serde(flatten)]
    evaluation: MapSetEvaluation,
}

impl EvalMap {
    pub(super) fn run(&self) -> Result<(), CliError> {
        // Of one map the robot is that of Nav2's maps.
        let set = self.set.unwrap_or(MapSetKind::Nav2);
        let is_named = ["omni", "differential"].contains(&self.robot.as_str());
        if !is_named && !self.turning_lengths.is_empty() {
            return Err(CliError::wrong(format!(
                "--turning-lengths: expected robot omni or differential, got '{}', whose own speed and acceleration give the length\nhint: without --turning-lengths, or other limits in the robot's file",
                self.robot
            )));
        }
        let cases = match &self.map {
            _ if self.narrow => narrow_cases(&*robot_for(&self.robot, set, 1.0)?, self.queries, self.seed)?,
            Some(map) => vec![load_case(map, self.pairs.as_deref(), self.queries, self.seed)?],
            None => load_cases(&self.maps, set, self.queries, self.seed)?,
        };
        let all = [PathMethod::Search, PathMethod::Smoothed, PathMethod::Optimizer, PathMethod::Corridor];
        let methods = if self.planners.is_empty() { &all[..] } else { &self.planners };
        let queries: usize = cases.iter().map(|case| case.queries.len()).sum();
        if queries == 0
            && let Some(map) = &self.map
        {
            return Err(CliError::wrong(format!(
                "{}: expected a map with two free places and a way between them, got none\nhint: --robot with a smaller footprint, or --pairs",
                map.display()
            )));
        }
        let mut by_turning_length = Vec::new();
        // A robot's file has its own.
        let lengths = match &self.turning_lengths[..] {
            [] if is_named => &TURNING_LENGTHS_M[..],
            [] => &TURNING_LENGTHS_M[..1],
            given => given,
        };
        let bar = ProgressBar::with_draw_target(Some((queries * lengths.len()) as u64), ProgressDrawTarget::stderr());
        for turning_length_m in lengths {
            let robot = robot_for(&self.robot, set, *turning_length_m)?;
            let planners = planners_of(methods, self.model.as_deref(), &*robot)?;
            let evaluation = evaluate_maps(&cases, &robot, planners, || bar.inc(1));
            let turning_length_m = if is_named { *turning_length_m } else { turning_length_m_of(&*robot) };
            by_turning_length.push(AtTurningLength { turning_length_m, evaluation });
        }
        bar.finish_and_clear();
        let named = if self.narrow { "narrow" } else { set.name() };
        let name = self.map.as_ref().map_or_else(|| named.to_owned(), |map| map.display().to_string());
        let report = Report { set: name, robot: self.robot.clone(), seed: self.seed, by_turning_length };
        if self.json { print_json(&report) } else { print_text(&describe(&report)) }
    }
}

fn describe(report: &Report) -> String {
    let mut text = format!("{}, robot {}, seed {}", report.set, report.robot, report.seed);
    for AtTurningLength { turning_length_m, evaluation } in &report.by_turning_length {
        text += &format!(
            "\n\nv^2/a {turning_length_m} m: {} maps, {} queries, {} refused{}; times of plans for ways up to 30 m\n{:<12} {:>7} {:>7} {:>8} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8}",
            evaluation.maps,
            evaluation.queries,
            evaluation.refused,
            unsolved(evaluation.unsolved),
            "method",
            "solved",
            "raw",
            "repaired",
            "unsafe",
            "T/search",
            "T/optim.",
            "L/route",
            "p50 ms",
            "p99 ms",
        );
        for method in &evaluation.methods {
            text += &line(method);
        }
        for query in &evaluation.unsolved_queries {
            let UnsolvedQuery { map, start: [x, y], goal: [to_x, to_y], way, rejections } = query;
            text += &format!("\n  {map}: {x:.3},{y:.3} to {to_x:.3},{to_y:.3} m: {way:?}, {rejections:?}");
        }
    }
    text
}

/// What is known of the queries that no method solves, of a polygon.
fn unsolved(Unsolved { unsolvable, undecided, connected }: Unsolved) -> String {
    if unsolvable + undecided + connected == 0 {
        return String::new();
    }
    format!(
        "; of those without a plan {unsolvable} unsolvable (no connected pose), {undecided} undecided, {connected} not solved"
    )
}

fn line(method: &MethodOnMaps) -> String {
    let percent = |count: usize| 100.0 * count as f64 / method.solvable.max(1) as f64;
    let ratio = |of: Option<ScoreSummary>| of.map_or_else(|| "-".to_owned(), |ratio| format!("{:.4}", ratio.mean));
    let rejections = if method.rejections.is_empty() { String::new() } else { format!("  {:?}", method.rejections) };
    format!(
        "\n{:<12} {:>6.1}% {:>6.1}% {:>7.1}% {:>7} {:>8} {:>8} {:>8.4} {:>8.2} {:>8.2}{rejections}",
        method.method,
        percent(method.solved),
        percent(method.free_raw),
        percent(method.clear_repaired),
        method.plans_unsafe,
        ratio(method.arrival_to_search),
        ratio(method.arrival_to_optimizer),
        method.length_to_route,
        method.plan_ms_up_to_30_m.p50,
        method.plan_ms_up_to_30_m.p99,
    )
}
