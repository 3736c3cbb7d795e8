//! Times of arrival through correction and gate, as a robot would drive: of the planner's optimiser, and of given paths.

use super::CorridorProblem;
use planwright::correction::Resample;
use planwright::gate::Origin;
use planwright::geometry::Footprint;
use planwright::pilot::{Pilot, PilotSettings};
use planwright::planner::corridor::{CorridorPlanner, KNOT_M, POINTS_PER_KNOT, PathMethod};
use planwright::planner::{Observation, PlanError, Planner, PlannerDescription, Proposal};
use planwright::trajectory::Trajectory;
use planwright::view::View;
use planwright::world::map::GridMap;
use planwright::world::{Map, Omni, Point, State, World};
use std::sync::Arc;
use std::time::Instant;

/// Distance from the goal at which a plan has arrived, metres.
const ARRIVAL_RADIUS_M: f64 = 0.05;
/// Period of the simulation, seconds; and on routes longer than [`LONG_M`], which take minutes.
const STEP_SECS: [f64; 2] = [0.02, 0.05];
const LONG_M: f64 = 100.0;
/// Most points of a path.
const MAX_POINTS: usize = 4096;

/// An omnidirectional disc with an acceleration of 1 m/s^2 on one map.
pub(super) struct Piloted {
    map: Arc<dyn Map>,
    /// Radius, turning length and period of the robot at hand.
    robot: [f64; 3],
    world: World,
    optimizer: Pilot<CorridorPlanner>,
    given: Pilot<GivenPath>,
}

impl Piloted {
    pub(super) fn new(map: &Arc<GridMap>) -> Self {
        let map = Arc::clone(map) as Arc<dyn Map>;
        let mut settings = PilotSettings { deadline: None, ..PilotSettings::default() };
        settings.correction.arrival_radius_m = ARRIVAL_RADIUS_M;
        settings.correction.max_iterations = 1;
        let optimizer = Pilot::new(CorridorPlanner::new(PathMethod::Optimizer), settings.clone(), View::disabled());
        let given = Pilot::new(GivenPath::default(), settings, View::disabled());
        let robot = [1.0, 1.0, STEP_SECS[0]];
        Self { world: world(&map, robot), map, robot, optimizer, given }
    }

    /// Seconds of the planner's optimiser from start to goal; `None` without a plan.
    pub(super) fn optimizer_secs(&mut self, problem: &CorridorProblem) -> Option<f64> {
        self.face(problem);
        let points = &problem.reference.points;
        secs(&mut self.optimizer, &self.world, points[0], points[points.len() - 1])
    }

    /// Seconds of a path for a problem; `None` where the gate refuses it.
    pub(super) fn path_secs(&mut self, problem: &CorridorProblem, path: &[Point]) -> Option<f64> {
        self.face(problem);
        let (first, last) = (*path.first()?, *path.last()?);
        let points = &mut self.given.planner_mut().points;
        points.clear();
        points.extend_from_slice(path);
        secs(&mut self.given, &self.world, first, last)
    }

    fn face(&mut self, problem: &CorridorProblem) {
        let is_long = problem.step_m * problem.reference.len() as f64 > LONG_M;
        let robot = [problem.radius_m, problem.turning_length_m, STEP_SECS[usize::from(is_long)]];
        if robot != self.robot {
            self.world = world(&self.map, robot);
            self.robot = robot;
        }
    }
}

fn world(map: &Arc<dyn Map>, [radius_m, turning_length_m, step_secs]: [f64; 3]) -> World {
    let robot = Omni {
        step_secs,
        footprint: Footprint::Circle { radius_m },
        speed_mps: turning_length_m.sqrt(),
        acceleration_mps2: 1.0,
    };
    World::new(Arc::new(robot), Arc::clone(map))
}

fn secs<P: Planner>(pilot: &mut Pilot<P>, world: &World, start: Point, goal: Point) -> Option<f64> {
    let observation = Observation { state: State::at_rest(start), goal, stamp_secs: 0.0, step: 0 };
    pilot.reset(0);
    pilot.plan(world, &observation, 0.0, 0.0);
    (pilot.plan_in_force().origin() == Origin::Planned).then(|| pilot.corrected().timed_secs)
}

/// A planner that proposes one path.
struct GivenPath {
    description: PlannerDescription,
    points: Vec<Point>,
    plans: u64,
}

impl Default for GivenPath {
    fn default() -> Self {
        let description = PlannerDescription::without_network("given", MAX_POINTS, KNOT_M / POINTS_PER_KNOT as f64);
        Self { description, points: Vec::with_capacity(MAX_POINTS), plans: 0 }
    }
}

impl Planner for GivenPath {
    fn description(&self) -> &PlannerDescription {
        &self.description
    }

    fn propose(
        &mut self,
        _observation: &Observation,
        _deadline: Option<Instant>,
        _view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.begin(self.description.knot_secs);
        proposal.trajectory.states.extend(self.points.iter().map(|point| State::at_rest(*point)));
        self.plans += 1;
        Ok(())
    }

    fn reset(&mut self, _seed: u64) {
        self.plans = 0;
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for GivenPath {
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}
