//! The pilot of a node: replans for the driven robot, and independent plans for requests.

use super::jobs::{PlanJob, Purpose, Statistics};
use super::path_proposer::PathProposer;
use crate::gate::{CheckedPlan, Origin, Rejection, check_way};
use crate::nodes::robot::{is_drive, turns_in_place};
use crate::pilot::{Pilot, PilotMemory, PilotSettings, PilotStatistics};
use crate::planner::{Observation, Planner, PlannerDescription, Proposal};
use crate::view::View;
use crate::world::{Aabb, Point, State, World};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Plans made before work begins, so that no first-run cost shows in it.
const WARM_UP_PLANS: usize = 5;
/// Tries per request, each with a seed of its own.
const MAX_TRIES: u64 = 16;

fn is_late(plan: &CheckedPlan) -> bool {
    matches!(plan.origin(), Origin::Fallback { reason: Rejection::Deadline { .. }, .. })
}

/// The settings for a planner; those of any map propose once, and robots there arrive more exactly than in mazes.
fn fitted(mut settings: PilotSettings, description: &PlannerDescription) -> PilotSettings {
    if description.layout.is_none() {
        settings.correction.arrival_radius_m = 0.05;
        settings.correction.max_iterations = 1;
    }
    settings
}

/// The pilot with the state of drive and requests kept apart.
pub(super) struct PlannerPilot {
    pilot: Pilot<Box<dyn Planner>>,
    /// Follows given paths.
    following: Pilot<PathProposer>,
    /// State of the purpose that is not being planned for: of requests, and while one is planned, of the drive.
    resting: PilotMemory,
    seed: u64,
    /// Seeds of requests that failed.
    seeds_spent: u64,
    statistics: Statistics,
}

/// Adds the difference that one job made to the counts of its purpose. The gate's counts are kept per purpose already.
fn account(of: &mut PilotStatistics, before: &PilotStatistics, after: PilotStatistics) {
    let (rounds, kept) = (of.rounds, of.plans_kept);
    let (misses, cut) = (of.deadline_misses, of.cut_short);
    *of = PilotStatistics {
        rounds: rounds + after.rounds - before.rounds,
        plans_kept: kept + after.plans_kept - before.plans_kept,
        deadline_misses: misses + after.deadline_misses - before.deadline_misses,
        cut_short: cut + after.cut_short - before.cut_short,
        ..after
    };
}

/// Points on a grid over the map where the robot has room, with ways between all of them: a metre apart, on large maps
/// farther.
fn free_points(world: &World) -> Vec<Point> {
    const MOST_PER_AXIS: f64 = 64.0;
    let Aabb { low: [x, y], high: [end_x, end_y] } = world.map().bounds();
    let apart_m = ((end_x - x).max(end_y - y) / MOST_PER_AXIS).max(1.0);
    let along = |from: f64, to: f64| {
        let count = ((to - from) / apart_m).min(MOST_PER_AXIS) as usize;
        (0..count).map(move |index| from + apart_m * (index as f64 + 0.5))
    };
    let mut points: Vec<Point> = along(x, end_x)
        .flat_map(|x| along(y, end_y).map(move |y| [x, y]))
        .filter(|point| world.map().clearance(world.robot().footprint(), *point) > 0.0)
        .collect();
    if let Some(first) = points.first().copied() {
        points.retain(|point| check_way(world, first, *point, 0.0).is_ok());
    }
    points
}

impl PlannerPilot {
    pub(super) fn new(planner: Box<dyn Planner>, seed: u64, settings: PilotSettings, view: View) -> Self {
        let following = PathProposer::default();
        let for_paths = fitted(settings.clone(), following.description());
        let following = Pilot::new(following, PilotSettings { drift: None, ..for_paths }, view.clone());
        let settings = fitted(settings, planner.description());
        let pilot = Pilot::new(planner, settings, view);
        let (resting, statistics) = (PilotMemory::new(), Statistics::default());
        Self { pilot, following, resting, seed, seeds_spent: 0, statistics }
    }

    pub(super) fn configure(&mut self, settings: PilotSettings) {
        let for_paths = fitted(settings.clone(), self.following.planner().description());
        self.following.configure(PilotSettings { drift: None, ..for_paths });
        self.pilot.configure(fitted(settings, self.pilot.planner().description()));
    }

    /// Prepares the planner for a map. What is wrong with it shows in the first plan.
    pub(super) fn prepare(&mut self, world: &World) {
        let _ = self.pilot.planner_mut().set_world(world);
    }

    pub(super) fn plan(&mut self, job: &PlanJob, into: &mut CheckedPlan) {
        let now_secs = job.now.as_secs_f64();
        let robot = job.world.robot();
        if let Some(path) = &job.path {
            // Along a given path a car faces as the path leads.
            let heading_rad = job.goal_yaw_rad.filter(|_| turns_in_place(robot));
            let before = self.following.statistics();
            self.following.planner_mut().set_path(path);
            self.following.set_goal_heading(heading_rad);
            into.copy_from(self.following.plan(&job.world, &job.observation, now_secs, job.map_secs));
            account(&mut self.statistics.drive, &before, self.following.statistics());
            return;
        }
        let before = self.pilot.statistics();
        self.pilot.set_goal_heading(job.goal_yaw_rad.filter(|_| is_drive(robot)));
        if job.purpose == Purpose::Drive {
            into.copy_from(self.pilot.plan(&job.world, &job.observation, now_secs, job.map_secs));
            account(&mut self.statistics.drive, &before, self.pilot.statistics());
            return;
        }
        // Independent of the plan in force and repeatable: the first of a sequence of seeds whose plan passes, as many
        // as fit before the deadline.
        let begun = Instant::now();
        let deadline = self.pilot.settings().deadline.unwrap_or(Duration::MAX);
        self.pilot.exchange(&mut self.resting);
        for round in 0..MAX_TRIES {
            let tried = Instant::now();
            self.pilot.reset(self.seed.wrapping_add(self.seeds_spent + round));
            let plan = self.pilot.plan_since(begun, &job.world, &job.observation, now_secs, job.map_secs);
            let passed = plan.origin() == Origin::Planned;
            // Of several rejections the first counts, but a failed check before a missed deadline.
            if round == 0 || passed || is_late(into) {
                into.copy_from(plan);
            }
            let spent = begun.elapsed();
            let is_hopeless = matches!(
                plan.origin(),
                Origin::Fallback {
                    reason: Rejection::Infeasible(_) | Rejection::StaleMap { .. } | Rejection::StaleObservation { .. },
                    ..
                }
            );
            if passed || is_hopeless || spent + tried.elapsed() > deadline || job.canceled.load(Ordering::Acquire) {
                break;
            }
        }
        if into.origin() != Origin::Planned {
            // The next request gets other seeds than those that failed.
            self.seeds_spent += MAX_TRIES;
        }
        account(&mut self.statistics.queries, &before, self.pilot.statistics());
        self.pilot.exchange(&mut self.resting);
    }

    /// The last proposal for such a job.
    pub(super) fn proposal(&self, job: &PlanJob) -> &Proposal {
        if job.path.is_some() { self.following.proposal() } else { self.pilot.proposal() }
    }

    pub(super) fn warm_up(&mut self, world: &World) {
        let free = free_points(world);
        let at = |index: usize| free.get(index % free.len().max(1)).copied();
        for index in 0..WARM_UP_PLANS {
            let (Some(start), Some(goal)) = (at(index), at(free.len() / 2 + index)) else { break };
            let state = State::at_rest(start);
            let observation = Observation { state, goal, stamp_secs: 0.0, step: 0 };
            self.pilot.plan(world, &observation, 0.0, 0.0);
        }
        self.pilot.reset(self.seed);
        self.pilot.clear_statistics();
        self.resting = PilotMemory::new();
        self.statistics = Statistics::default();
    }

    pub(super) fn reset(&mut self) {
        self.pilot.reset(self.seed);
        self.following.reset(self.seed);
    }

    pub(super) fn statistics(&self, statistics: &mut Statistics) {
        statistics.queries.clone_from(&self.statistics.queries);
        statistics.drive.clone_from(&self.statistics.drive);
        statistics.stages_ms = self.pilot.latency_by_stage();
        statistics.drift = self.pilot.drift();
    }
}
