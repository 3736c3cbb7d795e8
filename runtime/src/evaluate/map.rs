//! Evaluation on maps: the same queries for every method, through the same correction and gate.

use super::feasibility::{Feasibility, feasibility};
use super::{Audit, ScoreSummary};
use crate::gate::{Origin, Rejection, check_problem};
use crate::geometry::Point;
use crate::pilot::{Latencies, LatencySummary, Pilot, PilotSettings};
use crate::planner::corridor::{CorridorPlanner, PathMethod, PathOutcome};
use crate::planner::{Observation, Planner};
use crate::quantity::path_length_m;
use crate::view::View;
use crate::world::{Robot, State, World};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Distance from the goal at which a plan has arrived, metres.
const ARRIVAL_RADIUS_M: f64 = 0.05;

/// A map with its queries.
#[derive(Clone, Debug)]
pub struct MapCase {
    /// The map.
    pub map: Arc<dyn crate::world::Map>,
    /// Starts and goals.
    pub queries: Vec<[Point; 2]>,
}

/// What became of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    /// No plan exists, by the search.
    Refused,
    /// A fallback was published.
    Failed(Rejection),
    /// A plan was published.
    Solved(Solved),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Solved {
    outcome: PathOutcome,
    arrival_secs: f64,
    length_m: f64,
    route_m: f64,
    clearance_m: f64,
}

/// Results of one method on one set of maps.
#[derive(Clone, Debug, Serialize)]
pub struct MethodOnMaps {
    /// The method.
    pub method: String,
    /// Queries that are neither refused nor unsolvable.
    pub solvable: usize,
    /// Queries with a published plan, the route behind included.
    pub solved: usize,
    /// Those whose own path was free of collisions before any repair.
    pub free_raw: usize,
    /// Those whose own path kept the wanted margin before any repair.
    pub clear_raw: usize,
    /// Those whose own path kept it, or did after repair.
    pub clear_repaired: usize,
    /// Published plans that fail the audit.
    pub plans_unsafe: u64,
    /// Seconds to the goal, mean over the queries that every method solves.
    pub arrival_secs: f64,
    /// Arrival time over that of the search, mean of ratios; `None` where that was not evaluated.
    pub arrival_to_search: Option<ScoreSummary>,
    /// The same over that of the optimiser.
    pub arrival_to_optimizer: Option<ScoreSummary>,
    /// Length over the shortest route's, mean of ratios.
    pub length_to_route: f64,
    /// Mean over the plans of their least clearance, metres.
    pub clearance_mean_m: f64,
    /// Least clearance of any plan, metres.
    pub clearance_min_m: f64,
    /// Route, path, correction and gate with the costs to the goal at hand, milliseconds.
    pub plan_ms: LatencySummary,
    /// The same for ways up to 30 m.
    pub plan_ms_up_to_30_m: LatencySummary,
    /// The first plan to a goal: with the costs to it.
    pub first_plan_ms: LatencySummary,
    /// Why plans were rejected.
    pub rejections: BTreeMap<&'static str, usize>,
}

/// Results on one set of maps.
#[derive(Clone, Debug, Serialize)]
pub struct MapSetEvaluation {
    /// Maps.
    pub maps: usize,
    /// Queries.
    pub queries: usize,
    /// Queries without a plan: an end outside or blocked, or no way, by the search.
    pub refused: usize,
    /// Those that no method solves, refused or not, of a polygon that stands free at the start: whether it has a way at all.
    pub unsolved: Unsolved,
    /// The same one by one.
    pub unsolved_queries: Vec<UnsolvedQuery>,
    /// Every method.
    pub methods: Vec<MethodOnMaps>,
}

/// Queries that no method solves, by a flood fill over position and heading that is independent of the planners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unsolved {
    /// No way exists: no poses of the outline, less what lies between those that are looked at, lead from start to goal.
    pub unsolvable: usize,
    /// No poses of the outline itself lead there, some of that smaller one do.
    pub undecided: usize,
    /// Poses of the outline lead there, for a robot that moves in all directions.
    pub connected: usize,
}

/// A query that no method solves, of a polygon that stands free at the start.
#[derive(Clone, Debug, Serialize)]
pub struct UnsolvedQuery {
    /// The map's name.
    pub map: String,
    /// Start, metres.
    pub start: Point,
    /// Goal, metres.
    pub goal: Point,
    /// `unsolvable`, `undecided` or `connected`.
    pub way: Feasibility,
    /// By method, why its plan was rejected; none where it found no way.
    pub rejections: BTreeMap<String, String>,
}

/// Plans every query with every planner.
pub fn evaluate_maps(
    cases: &[MapCase],
    robot: &Arc<dyn Robot>,
    planners: Vec<CorridorPlanner>,
    mut progress: impl FnMut(),
) -> MapSetEvaluation {
    let mut runs: Vec<MethodRun> = planners.into_iter().map(MethodRun::new).collect();
    let mut found = BTreeMap::new();
    let mut unsolved_queries = Vec::new();
    for case in cases {
        let world = World::new(Arc::clone(robot), Arc::clone(&case.map));
        // One per method: plans are numbered by their pilot.
        let mut audits: Vec<Audit> = runs.iter().map(|_| Audit::new(&world)).collect();
        for query in &case.queries {
            for (run, audit) in runs.iter_mut().zip(&mut audits) {
                let answer = run.plan(&world, *query, audit);
                run.answers.push(answer);
            }
            let is_solved = |run: &MethodRun| matches!(run.answers.last(), Some(Answer::Solved(_)));
            if let Some(run) = runs.first()
                && !runs.iter().any(is_solved)
                && let Some(feasibility) = run.feasibility(&world, *query)
            {
                found.insert(run.answers.len() - 1, feasibility);
                let reason = |run: &MethodRun| match run.answers.last() {
                    Some(Answer::Failed(reason)) => Some((run.name().to_owned(), reason.to_string())),
                    _ => None,
                };
                let ([start, goal], map) = (*query, case.map.name().to_owned());
                let rejections = runs.iter().filter_map(reason).collect();
                unsolved_queries.push(UnsolvedQuery { map, start, goal, way: feasibility, rejections });
            }
            progress();
        }
        for (run, audit) in runs.iter_mut().zip(&audits) {
            run.plans_unsafe += audit.unsafe_plans;
        }
    }
    let queries = cases.iter().map(|case| case.queries.len()).sum();
    let is_refused = |index: usize| runs.iter().all(|run| run.answers[index] == Answer::Refused);
    let refused = (0..queries).filter(|index| is_refused(*index)).count();
    let common: Vec<usize> =
        (0..queries).filter(|index| runs.iter().all(|run| matches!(run.answers[*index], Answer::Solved(_)))).collect();
    let of = |method: PathMethod| runs.iter().find(|run| run.name() == method.name());
    let count = |wanted: Feasibility| found.values().filter(|one| **one == wanted).count();
    let unsolved = Unsolved {
        unsolvable: count(Feasibility::Unsolvable),
        undecided: count(Feasibility::Undecided),
        connected: count(Feasibility::Connected),
    };
    let is_unsolvable = |index: &usize| found.get(index) == Some(&Feasibility::Unsolvable);
    let solvable = (0..queries).filter(|index| !is_refused(*index) && !is_unsolvable(index)).count();
    let results = runs
        .iter()
        .map(|run| run.summary(solvable, &common, of(PathMethod::Search), of(PathMethod::Optimizer)))
        .collect();
    MapSetEvaluation { maps: cases.len(), queries, refused, unsolved, unsolved_queries, methods: results }
}

/// At rest in the heading nearest to the goal's direction in which the footprint keeps the clearance, if there is one.
fn start_pose(world: &World, start: Point, goal: Point, clearance_m: f64) -> Option<State> {
    const HEADINGS: u32 = 24;
    let towards = (goal[1] - start[1]).atan2(goal[0] - start[0]);
    let turns = (0..=HEADINGS / 2).map(|step| std::f64::consts::TAU * f64::from(step) / f64::from(HEADINGS));
    let mut poses = turns.flat_map(|turn| [turn, -turn]).map(|turn| State::at_pose(start, towards + turn));
    poses.find(|pose| world.sweep().states(&[*pose]).is_clear_by(clearance_m))
}

struct MethodRun {
    pilot: Pilot<CorridorPlanner>,
    answers: Vec<Answer>,
    warm: Latencies,
    warm_short: Latencies,
    cold: Latencies,
    plans_unsafe: u64,
}

impl MethodRun {
    fn new(planner: CorridorPlanner) -> Self {
        let mut settings = PilotSettings { deadline: None, ..PilotSettings::default() };
        settings.correction.arrival_radius_m = ARRIVAL_RADIUS_M;
        settings.correction.max_iterations = 1;
        Self {
            pilot: Pilot::new(planner, settings, View::disabled()),
            answers: Vec::new(),
            warm: Latencies::new(),
            warm_short: Latencies::new(),
            cold: Latencies::new(),
            plans_unsafe: 0,
        }
    }

    fn name(&self) -> &str {
        &self.pilot.planner().description().name
    }

    fn plan(&mut self, world: &World, [start, goal]: [Point; 2], audit: &mut Audit) -> Answer {
        let clearance_m = self.pilot.settings().limits.clearance_m;
        if check_problem(world, start, goal, clearance_m).is_err() {
            return Answer::Refused;
        }
        let Some(state) = start_pose(world, start, goal, clearance_m) else { return Answer::Refused };
        let observation = Observation { state, goal, stamp_secs: 0.0, step: 0 };
        // Once with the costs to a new goal, once with these at hand.
        for latencies in [&mut self.cold, &mut self.warm] {
            self.pilot.reset(0);
            let began = std::time::Instant::now();
            self.pilot.plan(world, &observation, 0.0, 0.0);
            latencies.record(began.elapsed());
        }
        let route_m = path_length_m(self.pilot.planner().route().iter().copied());
        if route_m <= 30.0 {
            self.warm_short.record(std::time::Duration::from_secs_f64(self.warm.last_secs()));
        }
        let checked = self.pilot.plan_in_force();
        audit.look(world, checked);
        match checked.origin() {
            Origin::Planned => {
                let corrected = self.pilot.corrected();
                let length_m = path_length_m(corrected.trajectory.points());
                Answer::Solved(Solved {
                    outcome: self.pilot.planner().outcome(),
                    arrival_secs: corrected.timed_secs,
                    length_m,
                    route_m,
                    clearance_m: checked.measured().clearance_m,
                })
            }
            Origin::Fallback { reason: Rejection::PlannerFailed | Rejection::NoDrivableWay, .. } => Answer::Refused,
            Origin::Fallback { reason, .. } => Answer::Failed(reason),
        }
    }

    /// Whether the robot has a way, where this is looked for.
    fn feasibility(&self, world: &World, [start, goal]: [Point; 2]) -> Option<Feasibility> {
        let clearance_m = self.pilot.settings().limits.clearance_m;
        let state = start_pose(world, start, goal, clearance_m)?;
        feasibility(world, &state, goal, clearance_m, ARRIVAL_RADIUS_M)
    }

    fn solved(&self, index: usize) -> Option<&Solved> {
        match &self.answers[index] {
            Answer::Solved(solved) => Some(solved),
            _ => None,
        }
    }

    fn summary(
        &self,
        solvable: usize,
        common: &[usize],
        search: Option<&Self>,
        optimizer: Option<&Self>,
    ) -> MethodOnMaps {
        let solved: Vec<&Solved> = (0..self.answers.len()).filter_map(|index| self.solved(index)).collect();
        let count = |outcomes: &[PathOutcome]| solved.iter().filter(|one| outcomes.contains(&one.outcome)).count();
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let of_common = || common.iter().filter_map(|index| self.solved(*index));
        let ratios = |other: &Self| {
            let ratio = |index: &usize| {
                Some(self.solved(*index)?.arrival_secs / other.solved(*index)?.arrival_secs)
                    .filter(|ratio| ratio.is_finite())
            };
            ScoreSummary::of(&common.iter().filter_map(ratio).collect::<Vec<f64>>())
        };
        let mut rejections = BTreeMap::new();
        for answer in &self.answers {
            if let Answer::Failed(reason) = answer {
                *rejections.entry(reason.name()).or_default() += 1;
            }
        }
        MethodOnMaps {
            method: self.name().to_owned(),
            solvable,
            solved: solved.len(),
            free_raw: count(&[PathOutcome::Clear, PathOutcome::Free]),
            clear_raw: count(&[PathOutcome::Clear]),
            clear_repaired: count(&[PathOutcome::Clear, PathOutcome::Free, PathOutcome::Repaired]),
            plans_unsafe: self.plans_unsafe,
            arrival_secs: mean(of_common().map(|one| one.arrival_secs).collect()),
            arrival_to_search: search.map(ratios),
            arrival_to_optimizer: optimizer.map(ratios),
            length_to_route: mean(of_common().map(|one| one.length_m / one.route_m.max(1e-9)).collect()),
            clearance_mean_m: mean(solved.iter().map(|one| one.clearance_m).collect()),
            clearance_min_m: solved.iter().map(|one| one.clearance_m).fold(f64::INFINITY, f64::min),
            plan_ms: self.warm.summary(),
            plan_ms_up_to_30_m: self.warm_short.summary(),
            first_plan_ms: self.cold.summary(),
            rejections,
        }
    }
}
