//! The planner of corridors: route, reference, offsets, repair.

use super::arrival::ArrivalTime;
use super::features::features;
use super::moving::{Among, Avoidance, Pace};
use super::network::CorridorNetwork;
use super::offsets::{CLEARANCE_WEIGHT, OffsetOptimizer, OffsetWeights};
use super::path::{POINTS_PER_KNOT, PathRepair, path_points};
use super::reference::{KNOT_M, Reference};
use super::route_map::RouteMap;
use super::string_pulling::{MAX_POINTS, densify};
use crate::correction::{CURVE_RAD, Resample};
use crate::geometry::{Point, wrapped};
use crate::model::{Engine, Manifest, ModelError};
use crate::planner::headings::{HeadingSearch, Target};
use crate::planner::manifest_parts::corridor_of;
use crate::planner::{Observation, PlanError, Planner, PlannerDescription, PlannerError, Proposal};
use crate::trajectory::Trajectory;
use crate::view::{Event, View};
use crate::world::map::GridMap;
use crate::world::robot::{AxisLimits, MotionLimits};
use crate::world::{Map, Robot, State, World};
use serde::Serialize;
use std::time::Instant;

/// How a path beside the route is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathMethod {
    /// The route itself: shortest, straight between its corners
    Search,
    /// The route's smoothed reference, pushed clear
    Smoothed,
    /// Least squares over length, curvature and clearance, for several weights; the one that arrives first
    Optimizer,
    /// A network's offsets from one call, pushed clear where they are not
    Corridor,
}

impl PathMethod {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Smoothed => "smoothed",
            Self::Optimizer => "optimizer",
            Self::Corridor => "corridor",
        }
    }
}

/// How a proposal came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathOutcome {
    /// The method's own path keeps the wanted margin.
    #[default]
    Clear,
    /// It was free but nearer to obstacles than wanted, and was pushed sideways.
    Free,
    /// It was not free before it was pushed sideways.
    Repaired,
    /// It could not be made clear: the route is proposed.
    Route,
    /// The route has no room for the robot's shape or turns: poses are proposed, from the search with heading.
    Poses,
}

/// Proposals in the order in which they are made while the gate rejects them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The method's path.
    #[default]
    Usual,
    /// A timed path among the discs that move.
    Among,
    /// The same, slower.
    AmongCarefully,
    /// The route.
    Route,
    /// A way of poses.
    Poses,
    /// The same, farther from obstacles.
    PosesCarefully,
}

/// Clearance beyond the footprint that routes and paths keep where the map has the room, metres.
pub const ROUTE_MARGIN_M: f64 = 0.02;
/// The same in narrow passages: hardly more than the gate's.
pub const NARROW_MARGIN_M: f64 = 0.006;
/// Clearance beyond the footprint below which the optimiser adds a cost, metres.
const SOFT_MARGIN_M: f64 = 0.036;
/// Weights of curvature, m^2, per metre of turning length: between taut and wide.
const CURVATURE_WEIGHTS: [f64; 4] = [0.003, 0.015, 0.06, 0.25];
const ITERATIONS: usize = 25;
/// Below this turning length no curve slows a robot down that length alone does not, metres.
const SHORT_TURNING_M: f64 = 0.25;
/// Speed of a proposal before time parameterisation, m/s.
const SPEED_MPS: f64 = 1.0;

/// A planner for any map: for the world of the last [`Planner::set_world`].
#[derive(Debug)]
pub struct CorridorPlanner {
    description: PlannerDescription,
    method: PathMethod,
    map: Option<RouteMap>,
    plans: u64,
    route: Vec<Point>,
    reference: Reference,
    optimizer: OffsetOptimizer,
    repair: PathRepair,
    arrival: ArrivalTime,
    offsets: Vec<f64>,
    best: Vec<f64>,
    points: Vec<Point>,
    network: Option<CorridorNetwork>,
    /// Clearance beyond the footprint that the network is given, metres.
    network_margin_m: f64,
    features: Vec<f32>,
    /// Distance below which the optimiser adds a cost, metres.
    soft_m: f64,
    /// Clearance beyond the footprint that the route was found with, metres.
    margin_m: f64,
    among: Among,
    /// Of the last proposal, and of the next.
    stage: Stage,
    next_stage: Stage,
    outcome: PathOutcome,
    /// Of robots that need one.
    headings: Option<HeadingSearch>,
    searches_headings: bool,
    goal_heading_rad: Option<f64>,
    poses: Vec<State>,
}

impl CorridorPlanner {
    /// Of a model of family `corridor`; `engine` is called with the batch size, 1.
    ///
    /// # Errors
    /// If the model is of another family or made for another corridor, or the engine refuses it.
    pub fn open(
        manifest: &Manifest,
        engine: impl FnOnce(usize) -> Result<Box<dyn Engine>, ModelError>,
    ) -> Result<Self, PlannerError> {
        let margin_m = corridor_of(manifest)?.margin_m;
        Ok(Self::with_network(&manifest.name, CorridorNetwork::open(manifest, engine)?, margin_m))
    }

    /// With a network whose distances are computed with a clearance of `network_margin_m` beyond the footprint.
    pub fn with_network(name: &str, network: CorridorNetwork, network_margin_m: f64) -> Self {
        let mut planner = Self::new(PathMethod::Corridor);
        planner.description.name = name.to_owned();
        planner.description.engine = Some(network.engine().clone());
        Self { network: Some(network), network_margin_m, ..planner }
    }

    /// Without a network; [`PathMethod::Corridor`] is then [`PathMethod::Smoothed`].
    pub fn new(method: PathMethod) -> Self {
        let knot_secs = KNOT_M / POINTS_PER_KNOT as f64 / SPEED_MPS;
        let description = PlannerDescription::without_network(method.name(), MAX_POINTS, knot_secs);
        Self {
            description,
            method,
            map: None,
            plans: 0,
            route: Vec::with_capacity(MAX_POINTS),
            reference: Reference::default(),
            optimizer: OffsetOptimizer::default(),
            repair: PathRepair::default(),
            arrival: ArrivalTime::default(),
            offsets: Vec::new(),
            best: Vec::new(),
            points: Vec::with_capacity(MAX_POINTS),
            network: None,
            network_margin_m: 0.0,
            features: Vec::new(),
            soft_m: 0.0,
            margin_m: ROUTE_MARGIN_M,
            among: Among::default(),
            stage: Stage::default(),
            next_stage: Stage::default(),
            outcome: PathOutcome::Clear,
            headings: None,
            searches_headings: true,
            goal_heading_rad: None,
            poses: Vec::new(),
        }
    }

    /// Without the search with heading: the control of what that is worth.
    #[must_use]
    pub fn without_headings(mut self) -> Self {
        self.description.name += "-xy";
        Self { searches_headings: false, ..self }
    }

    /// With another way of avoiding what moves.
    #[must_use]
    pub fn avoiding(mut self, avoidance: Avoidance) -> Self {
        self.among.avoidance = avoidance;
        self
    }

    /// How the last proposal came about.
    pub fn outcome(&self) -> PathOutcome {
        self.outcome
    }

    /// The shortened route of the last proposal.
    pub fn route(&self) -> &[Point] {
        &self.route
    }

    /// Fills `points` with a path from start to goal, or `poses` with a way.
    fn plan(
        &mut self,
        map: &mut RouteMap,
        state: &State,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
    ) -> Result<(), PlanError> {
        let goal = observation.goal;
        // A path leads a robot that cannot turn where it stands to the goal, not to a heading there.
        let turns_late = self.headings.as_ref().is_some_and(HeadingSearch::ends_need_headings);
        if matches!(self.stage, Stage::Poses | Stage::PosesCarefully) || (self.goal_heading_rad.is_some() && turns_late)
        {
            return self.plan_poses(map, state, goal, deadline);
        }
        self.outcome = PathOutcome::Route;
        let start = state.position;
        let world = map.world();
        let (footprint, limits) = (world.robot().footprint(), Limits::of(world.robot()));
        let [wide_m, narrow_m] = [footprint.circumscribed_radius_m(), footprint.inscribed_radius_m()];
        // Where a polygon may turn anywhere; else where it fits along the way, as the gate then checks pose by pose.
        let radii_m = [wide_m, 0.5 * (wide_m + narrow_m), narrow_m];
        let tries = radii_m.into_iter().flat_map(|radius_m| [ROUTE_MARGIN_M, NARROW_MARGIN_M].map(|m| (radius_m, m)));
        let kinds = if wide_m > narrow_m { 6 } else { 2 };
        let is_wide = |radius_m: f64| radius_m >= wide_m;
        let mut clearance_m = 0.0;
        let mut found = Err(PlanError::NoPath);
        let (mut tried_poses, mut no_poses) = (self.headings.is_none(), false);
        for (radius_m, margin_m) in tries.take(kinds) {
            if !is_wide(radius_m) && !tried_poses {
                tried_poses = true;
                match self.plan_poses(map, state, goal, deadline) {
                    Err(PlanError::NoPath) => {
                        no_poses = true;
                        (self.stage, self.outcome) = (Stage::Poses, PathOutcome::Route);
                    }
                    done => return done,
                }
            }
            (clearance_m, self.margin_m) = (radius_m + margin_m, margin_m);
            found = map.route(start, goal, clearance_m, &mut self.route);
            if !matches!(found, Err(PlanError::NoPath)) {
                break;
            }
        }
        found?;
        // Neither did the search with heading find a way round: timing would only report that the route begins behind.
        if no_poses && turns_late && is_behind(&self.route, state, map.world().robot()) {
            return Err(PlanError::NoPath);
        }
        let corner = |index: usize| self.route.get(index).copied().unwrap_or([f64::NAN; 2]);
        if let Some(points) = view.points(self.route.len(), corner) {
            view.log(observation.stamp(), Event::Route { plan: self.plans + 1, points });
        }
        self.soft_m = clearance_m.max(wide_m + NARROW_MARGIN_M) + SOFT_MARGIN_M - NARROW_MARGIN_M;
        self.find_path(map.grid(), limits, clearance_m, |plan, candidate, path| {
            let point = |index: usize| path.get(index).copied().unwrap_or([f64::NAN; 2]);
            if let Some(points) = view.points(path.len(), point) {
                view.log(observation.stamp(), Event::Denoising { plan, step: 0, candidate, points });
            }
        })?;
        if self.points.is_empty() {
            densify(&self.route, KNOT_M / POINTS_PER_KNOT as f64, &mut self.points);
        }
        Ok(())
    }

    /// Fills the proposal with a timed path from a state to the goal among what moves.
    fn plan_among(
        &mut self,
        map: &mut RouteMap,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        timed: &mut Trajectory,
    ) -> Result<(), PlanError> {
        let (state, world) = (&observation.state, map.world().clone());
        let is_careful = self.stage == Stage::AmongCarefully;
        let pace = Pace::of(world.robot(), state, is_careful).ok_or(PlanError::NoPassage)?;
        // Half a window ahead lies a little beyond a bend.
        let clear_m = world.robot().footprint().circumscribed_radius_m() + 1.5 * ROUTE_MARGIN_M;
        let root = map.grid().push_out(pace.root(state), clear_m);
        self.plan(map, &State { position: root, ..*state }, observation, deadline, view)?;
        // Poses have no times.
        let found = self.poses.is_empty()
            && self.among.plan(map.grid(), world.robot(), &pace, observation, &self.points, timed);
        if found { Ok(()) } else { Err(PlanError::NoPassage) }
    }

    /// What is proposed next if the last proposal is rejected.
    fn stage_after(&self) -> Option<Stage> {
        let has_pace = self.map.as_ref().is_some_and(|map| Pace::is_for(map.world().robot()));
        let has_route = self.method != PathMethod::Search && self.outcome != PathOutcome::Route;
        match self.stage {
            Stage::Usual if self.among.avoids() && has_pace => Some(Stage::Among),
            Stage::Among => Some(Stage::AmongCarefully),
            Stage::Usual | Stage::AmongCarefully if has_route => Some(Stage::Route),
            Stage::Usual | Stage::AmongCarefully | Stage::Route if self.headings.is_some() => Some(Stage::Poses),
            Stage::Poses if !self.poses.is_empty() => Some(Stage::PosesCarefully),
            _ => None,
        }
    }

    /// Fills `poses` with a way along which the footprint is clear.
    fn plan_poses(
        &mut self,
        map: &mut RouteMap,
        state: &State,
        goal: Point,
        deadline: Option<Instant>,
    ) -> Result<(), PlanError> {
        self.outcome = PathOutcome::Poses;
        if self.stage != Stage::PosesCarefully {
            self.stage = Stage::Poses;
        }
        let search = self.headings.as_mut().ok_or(PlanError::NoPath)?;
        search.set_careful(self.stage == Stage::PosesCarefully);
        let target = Target { position: goal, heading_rad: self.goal_heading_rad };
        let found = search.plan(map, state, target, MAX_POINTS, deadline, &mut self.poses);
        self.route.clone_from(search.guide());
        found
    }

    /// Fills `points` with a path that keeps `clearance_m`, or leaves it empty where only the route does.
    /// The paths to choose from are shown by plan and number.
    fn find_path(
        &mut self,
        grid: &GridMap,
        limits: Limits,
        clearance_m: f64,
        show: impl Fn(u64, u32, &[Point]),
    ) -> Result<(), PlanError> {
        self.points.clear();
        let step_m = self.reference.follow(&self.route, MAX_POINTS / POINTS_PER_KNOT);
        self.offsets.clear();
        self.offsets.resize(self.reference.len(), 0.0);
        match self.method {
            _ if self.stage == Stage::Route => return Ok(()),
            PathMethod::Search => {
                self.outcome = PathOutcome::Clear;
                return Ok(());
            }
            PathMethod::Smoothed => {
                self.outcome = self.repaired(grid, clearance_m);
            }
            PathMethod::Corridor => {
                if let Some(network) = &mut self.network {
                    let network_clearance_m = clearance_m - self.margin_m + self.network_margin_m;
                    let turning_m = network.trained_turning_length_m(limits.turning_length_m());
                    features(grid, &self.reference, step_m, network_clearance_m, turning_m, &mut self.features);
                    network.offsets(&self.features, self.reference.len(), &mut self.offsets)?;
                }
                self.outcome = self.repaired(grid, clearance_m);
            }
            PathMethod::Optimizer => {
                let mut best = (f64::INFINITY, PathOutcome::Route);
                let turning_m = limits.turning_length_m();
                let count = if turning_m < SHORT_TURNING_M { 1 } else { CURVATURE_WEIGHTS.len() };
                // The reference itself, then from taut to wide, each from where the one before ended.
                let weights = std::iter::once(None).chain(CURVATURE_WEIGHTS[..count].iter().map(Some));
                for (candidate, weight) in weights.enumerate() {
                    if let Some(weight) = weight {
                        let weights = OffsetWeights {
                            clearance_m: self.soft_m,
                            clearance: CLEARANCE_WEIGHT,
                            free_curvature: 1.0 / turning_m,
                            curvature: weight * turning_m,
                            iterations: ITERATIONS,
                        };
                        self.optimizer.optimize(grid, &self.reference, &weights, &mut self.offsets);
                    }
                    let outcome = self.repaired(grid, clearance_m);
                    show(self.plans + 1, candidate as u32, &self.points);
                    let secs = self.arrival.of(&self.points, limits.speed_mps, limits.acceleration_mps2);
                    if outcome != PathOutcome::Route && secs < best.0 {
                        best = (secs, outcome);
                        self.best.clone_from(&self.offsets);
                    }
                }
                self.outcome = best.1;
                if self.outcome != PathOutcome::Route {
                    path_points(&self.reference, &self.best, &mut self.points);
                }
            }
        }
        if self.outcome == PathOutcome::Route {
            self.points.clear();
        }
        Ok(())
    }

    /// The path of the offsets, pushed clear where it is not.
    fn repaired(&mut self, grid: &GridMap, clearance_m: f64) -> PathOutcome {
        let found = self.repair.repair(grid, &self.reference, clearance_m, &mut self.offsets, &mut self.points);
        match self.repair.lack_m() {
            _ if !found => PathOutcome::Route,
            lack_m if lack_m <= 0.0 => PathOutcome::Clear,
            lack_m if lack_m <= self.margin_m - NARROW_MARGIN_M => PathOutcome::Free,
            _ => PathOutcome::Repaired,
        }
    }
}

/// A robot's turning length v^2/a, metres: the geometry of its fastest paths from rest to rest depends on it alone.
pub fn turning_length_m(robot: &dyn Robot) -> f64 {
    Limits::of(robot).turning_length_m()
}

/// On which the shape of a path depends: the largest speed and acceleration.
#[derive(Clone, Copy, Debug)]
struct Limits {
    speed_mps: f64,
    acceleration_mps2: f64,
}

impl Limits {
    fn of(robot: &dyn Robot) -> Self {
        let (speed_mps, acceleration_mps2) = match robot.limits() {
            MotionLimits::Axes(AxisLimits { speed_mps, acceleration_mps2 })
            | MotionLimits::Norm { speed_mps, acceleration_mps2 } => (speed_mps, acceleration_mps2),
            // What bounds the speed in curves.
            MotionLimits::Drive(drive) => {
                (drive.max_speed_mps, drive.acceleration_mps2.min(drive.lateral_acceleration_mps2))
            }
        };
        Self { speed_mps, acceleration_mps2 }
    }

    /// v^2/a: twice the way from rest to full speed, metres.
    fn turning_length_m(self) -> f64 {
        self.speed_mps * self.speed_mps / self.acceleration_mps2
    }
}

/// Whether a route begins so far from the heading of a robot that does not reverse that no curve leads into it.
fn is_behind(route: &[Point], state: &State, robot: &dyn Robot) -> bool {
    let reverses = matches!(robot.limits(), MotionLimits::Drive(limits) if limits.min_speed_mps < 0.0);
    let [Some(from), Some(to)] = [0, 1].map(|index| route.get(index)) else { return false };
    let off_rad = wrapped((to[1] - from[1]).atan2(to[0] - from[0]) - state.heading_rad);
    !reverses && off_rad.abs() > CURVE_RAD
}

impl Planner for CorridorPlanner {
    fn description(&self) -> &PlannerDescription {
        &self.description
    }

    fn set_world(&mut self, world: &World) -> Result<(), PlanError> {
        if !self.map.as_ref().is_some_and(|map| map.is_of(world)) {
            self.map = Some(RouteMap::new(world).map_err(|_| PlanError::NoMap)?);
            self.headings = Some(world.robot()).filter(|_| self.searches_headings).and_then(HeadingSearch::of);
        }
        self.among.see(world.moving());
        Ok(())
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.begin(self.description.knot_secs);
        observation.check_finite()?;
        let mut map = self.map.take().ok_or(PlanError::NoMap)?;
        map.set_deadline(deadline);
        self.among.pass(observation.state.position);
        self.poses.clear();
        self.stage = std::mem::take(&mut self.next_stage);
        proposal.keeps_pace = matches!(self.stage, Stage::Among | Stage::AmongCarefully);
        let found = if proposal.keeps_pace {
            self.plan_among(&mut map, observation, deadline, view, &mut proposal.trajectory)
        } else {
            self.plan(&mut map, &observation.state, observation, deadline, view)
        };
        self.map = Some(map);
        found?;
        self.plans += 1;
        if proposal.keeps_pace {
            return Ok(());
        }
        let states = &mut proposal.trajectory.states;
        proposal.has_poses = !self.poses.is_empty();
        if proposal.has_poses {
            states.extend(self.poses.iter().take(MAX_POINTS));
        } else {
            states.extend(self.points.iter().take(MAX_POINTS).map(|point| State::at_rest(*point)));
        }
        Ok(())
    }

    fn set_goal_heading(&mut self, heading_rad: Option<f64>) {
        self.goal_heading_rad = heading_rad;
    }

    fn has_retreat(&self) -> bool {
        self.stage_after().is_some()
    }

    fn retreat(&mut self) {
        self.next_stage = self.stage_after().unwrap_or_default();
    }

    fn reset(&mut self, _seed: u64) {
        self.among.forget();
        (self.plans, self.stage, self.next_stage) = (0, Stage::Usual, Stage::Usual);
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for CorridorPlanner {
    /// A route is final: the gate checks it.
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}
