//! A timed path among moving discs for a robot that moves in any direction: the lattice's, averaged to what the robot's
//! acceleration allows.

use super::average::average;
use super::lattice::{LatticePath, LatticeSettings, MovingLattice};
use crate::geometry::Point;
use crate::planner::Observation;
use crate::planner::corridor::planner::{NARROW_MARGIN_M, ROUTE_MARGIN_M};
use crate::planner::corridor::reference::Reference;
use crate::planner::corridor::string_pulling::MAX_POINTS;
use crate::trajectory::Trajectory;
use crate::world::map::GridMap;
use crate::world::robot::{AxisLimits, MotionLimits};
use crate::world::{MovingDisc, MovingObstacles, Robot, State};
use serde::Serialize;

/// How a planner of any map avoids moving discs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Avoidance {
    /// Not at all: where the gate rejects the plan the robot brakes.
    Off,
    /// By waiting and stepping back on its path.
    Wait,
    /// Also by leaving its path to either side.
    #[default]
    Lattice,
}

/// Share of the actuators' power that the averaged motion uses.
const SHARE: f64 = 0.8;
/// Share of the top speed: the rest is left for feedback.
const SPEED_SHARE: f64 = 0.97;
/// Most that the averaged motion may leave the lattice's, metres: a robot with less acceleration goes more slowly.
const DEVIATION_M: f64 = 0.08;
/// Distance from discs beyond that, metres: the gate's, and a little.
const DISC_MARGIN_M: f64 = 0.07;
/// More of it, and the share of the speed, where a first plan was rejected.
const CAREFUL_MARGIN_M: f64 = 0.1;
const CAREFUL_SPEED: f64 = 0.6;
/// Lanes to either side.
const LANES_BESIDE: usize = 10;
/// Time between the states of a proposal, seconds.
const STATE_SECS: f64 = 0.04;

/// Speed of a lattice, and the length of the window over which its motion is averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::planner::corridor) struct Pace {
    speed_mps: f64,
    window_secs: f64,
    margin_m: f64,
}

impl Pace {
    /// Of a robot in a state; `None` of a drive, which cannot step aside. `is_careful`: slower, and farther from discs.
    pub(in crate::planner::corridor) fn of(robot: &dyn Robot, state: &State, is_careful: bool) -> Option<Self> {
        let (top_mps, acceleration_mps2) = match robot.actuator_limits(SHARE) {
            MotionLimits::Axes(AxisLimits { speed_mps, acceleration_mps2 })
            | MotionLimits::Norm { speed_mps, acceleration_mps2 } => (speed_mps, acceleration_mps2),
            MotionLimits::Drive(_) => return None,
        };
        let by_deviation = (8.0 * DEVIATION_M * acceleration_mps2).sqrt();
        let share = if is_careful { CAREFUL_SPEED } else { 1.0 };
        let speed_mps = share * (SPEED_SHARE * top_mps).min(by_deviation);
        let window_secs = speed_mps.max(state.speed()) / acceleration_mps2;
        let margin_m = DISC_MARGIN_M + if is_careful { CAREFUL_MARGIN_M } else { 0.0 };
        (speed_mps > 0.0 && window_secs.is_finite()).then_some(Self { speed_mps, window_secs, margin_m })
    }

    /// Where the lattice begins: half a window ahead of the robot at its velocity.
    pub(in crate::planner::corridor) fn root(&self, state: &State) -> Point {
        std::array::from_fn(|axis| state.position[axis] + 0.5 * self.window_secs * state.velocity[axis])
    }

    /// Most by which the averaged motion leaves the lattice's where it sets out, stops or turns, metres.
    fn deviation_m(&self) -> f64 {
        self.speed_mps * self.window_secs / 8.0
    }
}

/// What moves around the robot, and the buffers of a path among it.
#[derive(Debug, Default)]
pub(in crate::planner::corridor) struct Among {
    pub(in crate::planner::corridor) avoidance: Avoidance,
    seen: Vec<MovingDisc>,
    stamp_secs: f64,
    horizon_secs: f64,
    predicted: Vec<MovingDisc>,
    reference: Reference,
    lattice: MovingLattice,
    path: LatticePath,
}

impl Among {
    /// Takes over what moves from now on.
    pub(in crate::planner::corridor) fn see(&mut self, moving: Option<&MovingObstacles>) {
        self.seen.clear();
        if let Some(moving) = moving {
            self.seen.extend_from_slice(moving.discs());
            (self.stamp_secs, self.horizon_secs) = (moving.stamp_secs(), moving.horizon_secs());
        }
    }

    /// Whether there is something to avoid, and means for that.
    pub(in crate::planner::corridor) fn avoids(&self) -> bool {
        self.avoidance != Avoidance::Off && !self.seen.is_empty()
    }

    /// Fills `timed` with a motion from the observed state along a path that begins at the pace's root. False where none passes.
    pub(in crate::planner::corridor) fn plan(
        &mut self,
        map: &GridMap,
        robot: &dyn Robot,
        pace: &Pace,
        observation: &Observation,
        points: &[Point],
        timed: &mut Trajectory,
    ) -> bool {
        let ahead_secs = observation.stamp_secs - self.stamp_secs + 0.5 * pace.window_secs;
        self.predicted.clear();
        self.predicted.extend(self.seen.iter().map(|disc| MovingDisc { position: disc.after(ahead_secs), ..*disc }));
        let step_m = self.reference.follow(points, MAX_POINTS);
        let radius_m = robot.footprint().circumscribed_radius_m();
        let settings = LatticeSettings {
            speed_mps: pace.speed_mps,
            clearance_m: radius_m + NARROW_MARGIN_M,
            wanted_clearance_m: radius_m + ROUTE_MARGIN_M + pace.deviation_m(),
            radius_m: radius_m + pace.margin_m + pace.deviation_m(),
            lanes_beside: if self.avoidance == Avoidance::Wait { 0 } else { LANES_BESIDE },
            horizon_secs: self.horizon_secs - ahead_secs,
        };
        let discs = &self.predicted;
        if !self.lattice.solve(map, &self.reference, step_m, discs, &settings, &mut self.path) {
            return false;
        }
        let secs = self.path.stops.last().map_or(0.0, |(secs, _)| *secs) + pace.window_secs;
        timed.dt_secs = STATE_SECS.max(secs / (MAX_POINTS - 2) as f64);
        average(observation.state.position, &self.path, pace.window_secs, timed.dt_secs, MAX_POINTS, &mut timed.states);
        true
    }
}
