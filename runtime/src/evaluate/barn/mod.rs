//! The BARN challenge's rule on its static worlds: from start to goal through cylinders that only the lidar shows.
//!
//! The score of a run is `success * T / clip(t, 2 T, 8 T)` with the arrival time t and T the length of the reference path
//! over 2 m/s: at most 0.5. Worlds, lidar, start, goal and time limit are the challenge's; the simulator is this one, so that
//! scores compare with those of other methods in it only.

mod dwa;

use crate::geometry::{Point, distance};
use crate::pilot::{Latencies, LatencySummary, Pilot, PilotSettings};
use crate::planner::Observation;
use crate::planner::corridor::{CorridorPlanner, PathMethod, RouteMap};
use crate::view::View;
use crate::world::map::GridMap;
use crate::world::robot::MotionLimits;
use crate::world::sensing::{Lidar, SensedMap};
use crate::world::{Robot, State, World};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;

/// Time limit of a run, seconds.
const LIMIT_SECS: f64 = 100.0;
/// Distance from the goal at which it is reached, metres.
const GOAL_RADIUS_M: f64 = 1.0;
/// Period of lidar, map and plan, seconds.
const PERIOD_SECS: f64 = 0.05;
/// Speed of the rule's reference time, m/s.
const REFERENCE_MPS: f64 = 2.0;
/// Beams are followed this far into the map, metres.
const REACH_M: f64 = 5.0;

/// A world of the challenge.
#[derive(Clone, Debug)]
pub struct BarnWorld {
    /// Its number.
    pub number: usize,
    /// What is there.
    pub truth: Arc<GridMap>,
    /// Length of the reference path, metres.
    pub path_length_m: f64,
}

/// Start of every run: at (-2.25, 3), heading along y.
pub const START: State = State::at_pose([-2.25, 3.0], std::f64::consts::FRAC_PI_2);
/// Goal of every run.
pub const GOAL: Point = [-2.25, 13.0];

/// Who drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarnDriver {
    /// Plans of a method through correction and gate, tracked.
    Planner(PathMethod),
    /// The dynamic window approach along a searched route.
    DynamicWindow,
}

impl std::str::FromStr for BarnDriver {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let methods = [PathMethod::Optimizer, PathMethod::Smoothed, PathMethod::Search];
        let all = || methods.into_iter().map(Self::Planner).chain([Self::DynamicWindow]);
        all().find(|driver| driver.name() == name).ok_or_else(|| {
            let names: Vec<&str> = all().map(Self::name).collect();
            format!("expected one of {}, got '{name}'", names.join(", "))
        })
    }
}

impl BarnDriver {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planner(method) => method.name(),
            Self::DynamicWindow => "dwa",
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BarnRun {
    /// The world's number.
    pub world: usize,
    /// Whether the goal was reached in time without a contact.
    pub success: bool,
    /// Whether the robot touched a cylinder.
    pub collision: bool,
    /// Seconds until it ended.
    pub secs: f64,
    /// The rule's score.
    pub score: f64,
}

/// All runs of a driver.
#[derive(Clone, Debug, Serialize)]
pub struct BarnResult {
    /// Who drives.
    pub driver: &'static str,
    /// Runs.
    pub runs: usize,
    /// Share that reached the goal.
    pub success: f64,
    /// Share that touched a cylinder.
    pub collision: f64,
    /// Share that ran out of time.
    pub timeout: f64,
    /// Mean score; 0.5 is the most.
    pub score: super::ScoreSummary,
    /// Mean seconds of successful runs.
    pub secs: f64,
    /// One planning period: map, plan and gate, milliseconds.
    pub period_ms: LatencySummary,
    /// Every run.
    pub worlds: Vec<BarnRun>,
}

/// The rule's score of a successful run.
pub fn barn_score(path_length_m: f64, secs: f64) -> f64 {
    let reference = path_length_m / REFERENCE_MPS;
    reference / secs.clamp(2.0 * reference, 8.0 * reference)
}

/// Whether a robot fits at the start of a world and its inscribed circle has a way to the goal.
pub fn barn_has_way(world: &BarnWorld, robot: &Arc<dyn Robot>) -> bool {
    let truth = World::new(Arc::clone(robot), Arc::clone(&world.truth) as _);
    let (sweep, radius_m) = (truth.sweep(), robot.footprint().inscribed_radius_m());
    let fits = sweep.motion(&START, &START) >= 0.0 && !sweep.overlaps(&START);
    let mut route = Vec::new();
    fits && RouteMap::new(&truth).is_ok_and(|mut map| map.route(START.position, GOAL, radius_m, &mut route).is_ok())
}

/// Runs every world with a driver.
pub fn run_barn(
    worlds: &[BarnWorld],
    robot: &Arc<dyn Robot>,
    driver: BarnDriver,
    seeds: std::ops::Range<u64>,
    mut progress: impl FnMut(),
) -> BarnResult {
    let mut latencies = Latencies::new();
    let mut runs = Vec::new();
    for world in worlds {
        for seed in seeds.clone() {
            runs.push(run(world, robot, driver, seed, &mut latencies));
            progress();
        }
    }
    let count = runs.len().max(1) as f64;
    let share = |is: &dyn Fn(&BarnRun) -> bool| runs.iter().filter(|run| is(run)).count() as f64 / count;
    let successes: Vec<f64> = runs.iter().filter(|run| run.success).map(|run| run.secs).collect();
    BarnResult {
        driver: driver.name(),
        runs: runs.len(),
        success: share(&|run| run.success),
        collision: share(&|run| run.collision),
        timeout: share(&|run| !run.success && !run.collision),
        score: super::ScoreSummary::of(&runs.iter().map(|run| run.score).collect::<Vec<f64>>()),
        secs: successes.iter().sum::<f64>() / successes.len().max(1) as f64,
        period_ms: latencies.summary(),
        worlds: runs,
    }
}

fn run(world: &BarnWorld, robot: &Arc<dyn Robot>, driver: BarnDriver, seed: u64, latencies: &mut Latencies) -> BarnRun {
    let truth = World::new(Arc::clone(robot), Arc::clone(&world.truth) as _);
    let (lidar, mut rng) = (Lidar::default(), ChaCha8Rng::seed_from_u64(seed ^ (world.number as u64) << 20));
    let mut ended = BarnRun { world: world.number, success: false, collision: false, secs: LIMIT_SECS, score: 0.0 };
    let Ok(mut sensed) = SensedMap::new(*world.truth.geometry(), REACH_M) else { return ended };
    let mut settings = PilotSettings { deadline: None, ..PilotSettings::default() };
    settings.correction.max_iterations = 1;
    let method = match driver {
        BarnDriver::Planner(method) => method,
        BarnDriver::DynamicWindow => PathMethod::Search,
    };
    // A search with heading takes longer than a period.
    let planner = CorridorPlanner::new(method).without_headings();
    let mut pilot = Pilot::new(planner, settings, View::disabled());
    let (mut state, mut ranges, mut route) = (START, Vec::new(), Vec::new());
    let mut wanted = None;
    // A period may be no whole number of the robot's steps: the next step after its end counts.
    let mut next_secs = 0.0;
    for index in 0.. {
        let now_secs = truth.step_secs() * index as f64;
        if now_secs > LIMIT_SECS {
            return ended;
        }
        if now_secs + 1e-9 >= next_secs {
            next_secs += PERIOD_SECS;
            lidar.scan(&world.truth, state.position, state.heading_rad, &mut rng, &mut ranges);
            let began = Instant::now();
            sensed.add(&lidar, state.position, state.heading_rad, &ranges);
            let seen = World::new(Arc::clone(robot), sensed.map() as _);
            match driver {
                BarnDriver::Planner(_) => {
                    let observation = Observation { state, goal: GOAL, stamp_secs: now_secs, step: index as u64 };
                    pilot.plan(&seen, &observation, now_secs, now_secs);
                }
                BarnDriver::DynamicWindow => {
                    // The route is searched as often as maps come; where there is none the last one is kept.
                    let mut found = Vec::new();
                    let radius_m = robot.footprint().inscribed_radius_m() + 0.05;
                    let searched = RouteMap::new(&seen)
                        .is_ok_and(|mut map| map.route(state.position, GOAL, radius_m, &mut found).is_ok());
                    if searched {
                        route = found;
                    }
                    wanted = match robot.limits() {
                        MotionLimits::Drive(limits) => dwa::dynamic_window(&seen, &limits, &state, &route, PERIOD_SECS),
                        _ => None,
                    };
                }
            }
            latencies.record(began.elapsed());
        }
        let command = match driver {
            BarnDriver::Planner(_) => pilot.command(&truth, &state, now_secs),
            BarnDriver::DynamicWindow => {
                // Where every arc collides it brakes and turns on the spot towards the route.
                let [speed, rate] = wanted.unwrap_or([0.0, 0.6]);
                robot.twist_command(&state, [speed, 0.0], rate)
            }
        };
        let (next, report) = truth.step(&state, command);
        state = next;
        let secs = now_secs + truth.step_secs();
        if report.pushing > 0 {
            ended = BarnRun { collision: true, secs, ..ended };
            return ended;
        }
        if distance(state.position, GOAL) <= GOAL_RADIUS_M {
            let score = barn_score(world.path_length_m, secs);
            return BarnRun { success: true, secs, score, ..ended };
        }
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_challenges() {
        // T = 5 s: up to 10 s count as 10, from 40 s on as 40.
        assert_eq!(barn_score(10.0, 3.0), 0.5);
        assert_eq!(barn_score(10.0, 20.0), 0.25);
        assert_eq!(barn_score(10.0, 99.0), 0.125);
    }
}
