//! Driving among discs that walk: scenes from a seed, replanning at 20 Hz against constant velocities, contacts counted.
//!
//! Places and velocities of the discs are known without noise; where they turn at walls is not. A disc does not give way.

mod scene;

pub use scene::MovingScene;

use crate::gate::RejectionCounts;
use crate::geometry::{Point, distance, distance_to_segment};
use crate::pilot::{FallbackCounts, LatencySummary, Pilot, PilotSettings};
use crate::planner::Observation;
use crate::planner::corridor::{Avoidance, CorridorPlanner, PathMethod};
use crate::view::{Stage, View};
use crate::world::{MovingError, MovingObstacles, Robot, State, World};
use serde::Serialize;
use std::sync::Arc;

/// Time limit of a run, seconds.
const LIMIT_SECS: f64 = 60.0;
/// Distance from the goal at which it is reached, metres.
const GOAL_RADIUS_M: f64 = 0.3;
/// Period of planning, seconds.
const PERIOD_SECS: f64 = 0.05;
/// Up to this speed a robot stands, m/s.
const STANDING_MPS: f64 = 0.02;

/// Who drives: the same path through the same correction and gate, with different means against what is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovingDriver {
    /// The lattice over station, lane and time
    Lattice,
    /// The same lattice with one lane: wait and step back on the path
    WaitOnPath,
    /// The path alone: the gate rejects it for discs, and the robot brakes
    Static,
}

impl MovingDriver {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lattice, Self::WaitOnPath, Self::Static];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lattice => "lattice",
            Self::WaitOnPath => "wait-on-path",
            Self::Static => "static",
        }
    }

    fn avoidance(self) -> Avoidance {
        match self {
            Self::Lattice => Avoidance::Lattice,
            Self::WaitOnPath => Avoidance::Wait,
            Self::Static => Avoidance::Off,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovingEnd {
    /// At the goal, without a contact.
    Reached,
    /// The robot moved when it touched a disc or an obstacle.
    Contact,
    /// A disc ran into the robot, which stood.
    Struck,
    /// Neither in time.
    Timeout,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MovingRun {
    /// The scene's number.
    pub scene: usize,
    /// How it ended.
    pub end: MovingEnd,
    /// Seconds until then.
    pub secs: f64,
    /// Least distance between robot and discs, metres; negative after a contact.
    pub nearest_m: f64,
}

/// All runs of a driver.
#[derive(Clone, Debug, Serialize)]
pub struct MovingResult {
    /// Who drives.
    pub driver: MovingDriver,
    /// Runs.
    pub runs: usize,
    /// Share that reached the goal without a contact.
    pub success: f64,
    /// Runs that ended with a contact of the moving robot.
    pub contacts: usize,
    /// Runs that ended because a disc ran into the standing robot.
    pub struck: usize,
    /// Runs that ran out of time.
    pub timeouts: usize,
    /// Mean seconds of the successful runs.
    pub secs: f64,
    /// Mean seconds in the scenes that every driver solves.
    pub secs_common: f64,
    /// Mean over the successful runs: seconds over those of the same scene without discs.
    pub slowdown: f64,
    /// One planning round: proposals, correction and gate, milliseconds.
    pub plan_ms: LatencySummary,
    /// Fallbacks that were published.
    pub fallbacks: FallbackCounts,
    /// Why plans were rejected.
    pub rejections: RejectionCounts,
    /// Every run.
    pub scenes: Vec<MovingRun>,
}

/// Every driver in every scene.
///
/// # Errors
/// None for scenes that were drawn.
pub fn run_moving(
    scenes: &[MovingScene],
    robot: &Arc<dyn Robot>,
    drivers: &[MovingDriver],
    mut progress: impl FnMut(),
) -> Result<Vec<MovingResult>, MovingError> {
    let mut alone = pilot(Avoidance::Off);
    let mut free_secs = Vec::new();
    for scene in scenes {
        let empty = MovingScene { walkers: Vec::new(), ..scene.clone() };
        free_secs.push(run(&mut alone, &empty, robot)?.secs);
        progress();
    }
    let mut results = Vec::new();
    for driver in drivers {
        let mut pilot = pilot(driver.avoidance());
        let mut runs = Vec::new();
        for scene in scenes {
            runs.push(run(&mut pilot, scene, robot)?);
            progress();
        }
        results.push(summary(*driver, &pilot, runs, &free_secs));
    }
    let is_reached = |result: &MovingResult, index: usize| result.scenes[index].end == MovingEnd::Reached;
    let common: Vec<usize> =
        (0..scenes.len()).filter(|index| results.iter().all(|result| is_reached(result, *index))).collect();
    for result in &mut results {
        result.secs_common = mean(common.iter().map(|index| result.scenes[*index].secs));
    }
    Ok(results)
}

fn pilot(avoidance: Avoidance) -> Pilot<CorridorPlanner> {
    let mut settings = PilotSettings { deadline: None, ..PilotSettings::default() };
    settings.correction.max_iterations = 1;
    settings.correction.arrival_radius_m = GOAL_RADIUS_M;
    Pilot::new(CorridorPlanner::new(PathMethod::Smoothed).avoiding(avoidance), settings, View::disabled())
}

fn summary(
    driver: MovingDriver,
    pilot: &Pilot<CorridorPlanner>,
    runs: Vec<MovingRun>,
    free_secs: &[f64],
) -> MovingResult {
    let ended = |end: MovingEnd| runs.iter().filter(|run| run.end == end).count();
    let reached = || runs.iter().zip(free_secs).filter(|(run, _)| run.end == MovingEnd::Reached);
    let statistics = pilot.statistics();
    MovingResult {
        driver,
        runs: runs.len(),
        success: ended(MovingEnd::Reached) as f64 / runs.len().max(1) as f64,
        contacts: ended(MovingEnd::Contact),
        struck: ended(MovingEnd::Struck),
        timeouts: ended(MovingEnd::Timeout),
        secs: mean(reached().map(|(run, _)| run.secs)),
        secs_common: f64::NAN,
        slowdown: mean(reached().map(|(run, free_secs)| run.secs / free_secs)),
        plan_ms: pilot.latency(Stage::Whole),
        fallbacks: statistics.fallbacks,
        rejections: statistics.rejections,
        scenes: runs,
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    sum / count.max(1) as f64
}

fn run(
    pilot: &mut Pilot<CorridorPlanner>,
    scene: &MovingScene,
    robot: &Arc<dyn Robot>,
) -> Result<MovingRun, MovingError> {
    pilot.reset(0);
    let world = World::new(Arc::clone(robot), Arc::clone(&scene.map) as _);
    let (step_secs, radius_m) = (world.step_secs(), robot.footprint().circumscribed_radius_m());
    let (mut state, mut walkers) = (State::at_rest(scene.start), scene.walkers.clone());
    let mut ended =
        MovingRun { scene: scene.number, end: MovingEnd::Timeout, secs: LIMIT_SECS, nearest_m: f64::INFINITY };
    let mut plan_secs = 0.0;
    for index in 0..(LIMIT_SECS / step_secs) as usize {
        let now_secs = step_secs * index as f64;
        if now_secs > plan_secs - 1e-9 {
            plan_secs += PERIOD_SECS;
            let discs = walkers.iter().map(|walker| walker.disc).collect();
            let moving = MovingObstacles::new(discs, now_secs, MovingObstacles::PREDICTION_SECS)?;
            let seen = world.clone().with_moving(Arc::new(moving));
            let observation = Observation { state, goal: scene.goal, stamp_secs: now_secs, step: index as u64 };
            pilot.plan(&seen, &observation, now_secs, now_secs);
        }
        let (next, report) = world.step(&state, pilot.command(&world, &state, now_secs));
        for walker in &mut walkers {
            let before = walker.disc.position;
            walker.step(&scene.map, step_secs);
            let apart = |at: Point, centre: Point| [at[0] - centre[0], at[1] - centre[1]];
            let path = [apart(state.position, before), apart(next.position, walker.disc.position)];
            let clear_m = distance_to_segment([0.0; 2], path[0], path[1]) - radius_m - walker.disc.radius_m;
            ended.nearest_m = ended.nearest_m.min(clear_m);
        }
        let moves = state.speed().max(next.speed()) > STANDING_MPS;
        state = next;
        ended.secs = now_secs + step_secs;
        if report.pushing > 0 || ended.nearest_m < 0.0 {
            let end = if report.pushing > 0 || moves { MovingEnd::Contact } else { MovingEnd::Struck };
            return Ok(MovingRun { end, ..ended });
        }
        if distance(state.position, scene.goal) <= GOAL_RADIUS_M {
            return Ok(MovingRun { end: MovingEnd::Reached, ..ended });
        }
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::scene::Walker;
    use super::*;
    use crate::world::{Aabb, GridMap, MovingDisc, Omni};

    fn scene() -> (Arc<dyn Robot>, MovingScene) {
        let robot: Arc<dyn Robot> = Arc::new(Omni::default());
        let scene = MovingScene::draw(&robot, 7, 0).expect("a scene");
        (robot, scene)
    }

    #[test]
    fn runs_repeat_and_where_nothing_walks_every_driver_needs_the_same_time() {
        let (robot, scene) = scene();
        let drive =
            || run_moving(std::slice::from_ref(&scene), &robot, &[MovingDriver::Lattice], || ()).expect("sound discs");
        let (one, other) = (drive(), drive());
        assert_eq!((&one[0].scenes, one[0].runs), (&other[0].scenes, 1));
        let empty = MovingScene { walkers: Vec::new(), ..scene };
        let free = run_moving(&[empty], &robot, &MovingDriver::ALL, || ()).expect("no discs");
        assert!(free.iter().all(|result| result.success == 1.0 && (result.slowdown - 1.0).abs() < 1e-12), "{free:?}");
    }

    #[test]
    fn a_disc_that_runs_into_a_robot_that_stands_is_no_contact_of_the_robot() {
        let robot: Arc<dyn Robot> = Arc::new(Omni::default());
        let bounds = Aabb { low: [0.0; 2], high: [12.0, 8.0] };
        let map = Arc::new(GridMap::from_boxes("hall", bounds, 0.1, std::iter::empty()).expect("a grid"));
        // One stands before the robot, one comes from the side.
        let ahead = MovingDisc { position: [2.7, 4.0], velocity: [0.0; 2], radius_m: 0.3 };
        let coming = MovingDisc { position: [2.0, 7.0], velocity: [0.0, -1.0], radius_m: 0.3 };
        let walkers = [ahead, coming].map(Walker::straight).to_vec();
        let scene = MovingScene { number: 0, map, start: [2.0, 4.0], goal: [10.0, 4.0], walkers };
        let results = run_moving(&[scene], &robot, &[MovingDriver::Static], || ()).expect("sound discs");
        assert_eq!((results[0].struck, results[0].contacts), (1, 0), "{results:?}");
    }
}
