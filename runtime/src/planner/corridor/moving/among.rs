//! A timed path among moving discs: the lattice's, averaged to what the robot's acceleration allows.

use super::average::average;
use super::edges::Ways;
use super::lattice::{LatticePath, LatticeSettings, MovingLattice};
use super::pace::Pace;
use crate::geometry::{Point, distance};
use crate::planner::Observation;
use crate::planner::corridor::path::PathRepair;
use crate::planner::corridor::planner::{NARROW_MARGIN_M, ROUTE_MARGIN_M};
use crate::planner::corridor::reference::Reference;
use crate::planner::corridor::string_pulling::MAX_POINTS;
use crate::trajectory::Trajectory;
use crate::world::map::GridMap;
use crate::world::{MovingDisc, MovingObstacles, Robot};
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

/// Distance from discs beyond what the averaged motion leaves the lattice's by, metres: the gate's, and a little.
const DISC_MARGIN_M: f64 = 0.07;
/// Distance between remembered places, metres, and the longest way on which the robot may have been driven between two.
const TRAIL_M: f64 = 0.1;
const JUMP_M: f64 = 1.0;
/// Places that are remembered.
const TRAIL: usize = 48;
/// Lanes to either side.
const LANES_BESIDE: usize = 10;
/// Time between the states of a proposal, seconds.
const STATE_SECS: f64 = 0.04;

/// What moves around the robot, and the buffers of a path among it.
#[derive(Debug, Default)]
pub(in crate::planner::corridor) struct Among {
    pub(in crate::planner::corridor) avoidance: Avoidance,
    seen: Vec<MovingDisc>,
    stamp_secs: f64,
    horizon_secs: f64,
    predicted: Vec<MovingDisc>,
    /// Where the robot has been, the newest place last.
    trail: Vec<Point>,
    back: Vec<Point>,
    offsets: Vec<f64>,
    repair: PathRepair,
    behind: Reference,
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

    /// Remembers a place of the robot.
    pub(in crate::planner::corridor) fn pass(&mut self, at: Point) {
        let moved_m = self.trail.last().map_or(f64::INFINITY, |last| distance(*last, at));
        if moved_m > JUMP_M {
            self.trail.clear();
        }
        if moved_m >= TRAIL_M {
            if self.trail.len() == TRAIL {
                self.trail.remove(0);
            }
            self.trail.push(at);
        }
    }

    /// Forgets where the robot has been.
    pub(in crate::planner::corridor) fn forget(&mut self) {
        self.trail.clear();
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
        let radius_m = robot.footprint().circumscribed_radius_m();
        let wanted_m = radius_m + ROUTE_MARGIN_M + pace.deviation_m();
        let step_m = self.go_ahead(map, points, wanted_m);
        self.go_back(points.first().copied().unwrap_or(observation.state.position));
        let Some([across_x, across_y]) = self.reference.normals.first().copied() else { return false };
        let lead_secs = pace.lead_secs(&observation.state, [across_y, -across_x]);
        let ahead_secs = observation.stamp_secs - self.stamp_secs + lead_secs;
        self.predicted.clear();
        self.predicted.extend(self.seen.iter().map(|disc| MovingDisc { position: disc.after(ahead_secs), ..*disc }));
        let settings = LatticeSettings {
            speed_mps: pace.speed_mps,
            clearance_m: radius_m + NARROW_MARGIN_M,
            wanted_clearance_m: wanted_m,
            radius_m: radius_m + DISC_MARGIN_M + pace.deviation_m(),
            steps_aside: pace.steps_aside(),
            lanes_beside: if self.avoidance == Avoidance::Wait { 0 } else { LANES_BESIDE },
            horizon_secs: self.horizon_secs - ahead_secs,
        };
        let ways = Ways { ahead: &self.reference, behind: &self.behind };
        if !self.lattice.solve(map, ways, step_m, &self.predicted, &settings, &mut self.path) {
            return false;
        }
        let secs = self.path.stops.last().map_or(0.0, |(secs, _)| *secs) + lead_secs + pace.window_secs;
        timed.dt_secs = STATE_SECS.max(secs / (MAX_POINTS - 2) as f64);
        let windows = [lead_secs, pace.window_secs];
        let state = &observation.state;
        average(state.position, &self.path, windows, timed.dt_secs, MAX_POINTS, &mut timed.states);
        pace.face(state.heading_rad, timed.dt_secs, &mut timed.states);
        true
    }

    /// The way ahead: the path, pushed away from obstacles as far as the averaged motion may cut its bends, where there is
    /// the room. Returns the distance of its knots, metres.
    fn go_ahead(&mut self, map: &GridMap, points: &[Point], clearance_m: f64) -> f64 {
        self.reference.follow(points, MAX_POINTS);
        self.offsets.clear();
        self.offsets.resize(self.reference.len(), 0.0);
        self.repair.repair(map, &self.reference, clearance_m, &mut self.offsets, &mut self.back);
        self.reference.follow(&self.back, MAX_POINTS)
    }

    /// The way back from where the lattice begins: where the robot has been.
    fn go_back(&mut self, root: Point) {
        self.back.clear();
        self.back.push(root);
        self.back.extend(self.trail.iter().rev().filter(|place| distance(**place, root) >= TRAIL_M));
        self.behind.clear();
        if self.back.len() > 1 {
            self.behind.follow(&self.back, TRAIL);
        }
    }
}
