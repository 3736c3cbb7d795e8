//! The rest of a given path as a proposal, and how far a robot has come along it.

use crate::correction::Resample;
use crate::geometry::{distance, lerp};
use crate::planner::{Observation, PlanError, Planner, PlannerDescription, Proposal};
use crate::trajectory::Trajectory;
use crate::view::View;
use crate::world::{Point, State};
use std::sync::Arc;
use std::time::Instant;

/// Points that a proposal may have.
const MAX_POINTS: usize = 4096;
/// Distance between its points, metres.
const SPACING_M: f64 = 0.05;
/// The robot's place on a path is looked for this far ahead, metres: a path that crosses itself is followed in order.
const WINDOW_M: f64 = 1.0;
/// Over this way, and three times the distance from the path, a robot comes back to it, metres.
const RETURN_M: f64 = 0.5;
/// Passes of [1 2 1] over the points: paths of planners on grids have a corner in every cell.
const SMOOTHING: usize = 6;

/// How far a robot has come along a path.
#[derive(Clone, Debug)]
pub(super) struct PathProgress {
    path: Arc<[Point]>,
    /// Way from the path's beginning to each of its points, metres.
    passed_m: Vec<f64>,
    /// The robot's place, metres from the beginning; `None` before the first.
    at_m: Option<f64>,
}

impl PathProgress {
    pub(super) fn new(path: Arc<[Point]>) -> Self {
        let mut passed_m = Vec::with_capacity(path.len());
        let mut way_m = 0.0;
        for (index, point) in path.iter().enumerate() {
            way_m += index.checked_sub(1).map_or(0.0, |before| distance(path[before], *point));
            passed_m.push(way_m);
        }
        Self { path, passed_m, at_m: None }
    }

    pub(super) fn path(&self) -> &Arc<[Point]> {
        &self.path
    }

    fn length_m(&self) -> f64 {
        self.passed_m.last().copied().unwrap_or_default()
    }

    /// The point after this way along the path.
    fn point(&self, at_m: f64) -> Option<Point> {
        let next = self.passed_m.partition_point(|passed_m| *passed_m < at_m);
        let after = next.min(self.path.len().checked_sub(1)?);
        let before = after.saturating_sub(1);
        let piece_m = self.passed_m[after] - self.passed_m[before];
        let share = if piece_m > 0.0 { ((at_m - self.passed_m[before]) / piece_m).clamp(0.0, 1.0) } else { 1.0 };
        Some(lerp(self.path[before], self.path[after], share))
    }

    /// Moves on to the robot's place and gives the way that is left, metres: at first to the nearest point of the path, then
    /// to the nearest within a window ahead.
    pub(super) fn advance(&mut self, robot: Point) -> f64 {
        let length_m = self.length_m();
        let (from_m, to_m) = self.at_m.map_or((0.0, length_m), |at_m| (at_m, (at_m + WINDOW_M).min(length_m)));
        let mut nearest = (f64::INFINITY, from_m);
        let first = self.passed_m.partition_point(|passed_m| *passed_m <= from_m).saturating_sub(1);
        for index in first..self.path.len() {
            if self.passed_m[index] > to_m {
                break;
            }
            let Some(next) = self.path.get(index + 1) else { break };
            let (point, piece_m) = (self.path[index], self.passed_m[index + 1] - self.passed_m[index]);
            let along = (robot[0] - point[0]) * (next[0] - point[0]) + (robot[1] - point[1]) * (next[1] - point[1]);
            let share = if piece_m > 0.0 { (along / (piece_m * piece_m)).clamp(0.0, 1.0) } else { 0.0 };
            let at_m = (self.passed_m[index] + share * piece_m).clamp(from_m, to_m);
            let off_m = self.point(at_m).map_or(f64::INFINITY, |point| distance(robot, point));
            if off_m < nearest.0 {
                nearest = (off_m, at_m);
            }
        }
        self.at_m = Some(nearest.1);
        length_m - nearest.1
    }

    /// Fills `points` from the robot to the path's end: back to the path within a short way, then along it.
    fn rest(&self, robot: Point, points: &mut Vec<Point>) {
        let at_m = self.at_m.unwrap_or_default();
        let left_m = self.length_m() - at_m;
        let Some(nearest) = self.point(at_m) else { return };
        let off = [robot[0] - nearest[0], robot[1] - nearest[1]];
        let return_m = RETURN_M + 3.0 * off[0].hypot(off[1]);
        let pieces = ((left_m / SPACING_M).ceil() as usize).clamp(1, MAX_POINTS - 2);
        points.clear();
        points.push(robot);
        for piece in 1..=pieces {
            let way_m = left_m * piece as f64 / pieces as f64;
            let Some(point) = self.point(at_m + way_m) else { return };
            // The end is the path's own, however short the way to it.
            let share = if piece == pieces { 0.0 } else { (1.0 - way_m / return_m.min(left_m)).max(0.0) };
            points.push([point[0] + share * off[0], point[1] + share * off[1]]);
        }
        for _ in 0..SMOOTHING {
            for index in 1..points.len().saturating_sub(1) {
                let (before, after) = (points[index - 1], points[index + 1]);
                points[index] = lerp(points[index], lerp(before, after, 0.5), 0.5);
            }
        }
    }
}

/// Proposes the rest of a given path.
#[derive(Debug)]
pub(super) struct PathProposer {
    description: PlannerDescription,
    progress: Option<PathProgress>,
    points: Vec<Point>,
    plans: u64,
}

impl Default for PathProposer {
    fn default() -> Self {
        let description = PlannerDescription::without_network("path", MAX_POINTS, SPACING_M);
        Self { description, progress: None, points: Vec::with_capacity(MAX_POINTS), plans: 0 }
    }
}

impl PathProposer {
    /// The path to follow from now on; the same one is followed on.
    pub(super) fn set_path(&mut self, path: &Arc<[Point]>) {
        if !self.progress.as_ref().is_some_and(|progress| Arc::ptr_eq(&progress.path, path)) {
            self.progress = Some(PathProgress::new(Arc::clone(path)));
        }
    }
}

impl Planner for PathProposer {
    fn description(&self) -> &PlannerDescription {
        &self.description
    }

    fn propose(
        &mut self,
        observation: &Observation,
        _deadline: Option<Instant>,
        _view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.begin(SPACING_M);
        observation.check_finite()?;
        let robot = observation.state.position;
        let progress = self.progress.as_mut().ok_or(PlanError::NoPath)?;
        progress.advance(robot);
        progress.rest(robot, &mut self.points);
        self.plans += 1;
        proposal.trajectory.states.extend(self.points.iter().map(|point| State::at_rest(*point)));
        Ok(())
    }

    fn reset(&mut self, _seed: u64) {
        self.plans = 0;
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for PathProposer {
    /// A given path is final: the gate checks it.
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn propose(proposer: &mut PathProposer, robot: Point) -> Vec<Point> {
        let mut proposal = proposer.proposal();
        let observation = Observation { state: State::at_rest(robot), goal: [0.0; 2], stamp_secs: 0.0, step: 0 };
        proposer.propose(&observation, None, &View::disabled(), &mut proposal).expect("a path");
        proposal.trajectory.points().collect()
    }

    #[test]
    fn a_path_is_followed_to_its_end_from_beside_it() {
        let path: Arc<[Point]> = [[0.0, 0.0], [3.0, 0.0], [3.0, 2.0]].into();
        let mut proposer = PathProposer::default();
        proposer.set_path(&path);
        let points = propose(&mut proposer, [0.5, 0.1]);
        assert_eq!((points.first(), points.last()), (Some(&[0.5, 0.1]), Some(&[3.0, 2.0])));
        assert!(points.windows(2).all(|pair| distance(pair[0], pair[1]) < 0.08), "{points:?}");
        assert!(points.iter().skip(24).take(16).all(|point| point[1].abs() < 1e-3), "back on it: {points:?}");
        let corner = points.iter().map(|point| distance(*point, [3.0, 0.0])).fold(f64::INFINITY, f64::min);
        assert!((0.001..0.1).contains(&corner), "rounded by {corner} m");
    }

    #[test]
    fn a_path_that_crosses_itself_is_followed_in_order() {
        let path: Arc<[Point]> = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [2.0, 2.0], [2.0, -2.0]].into();
        let mut progress = PathProgress::new(Arc::clone(&path));
        assert!((progress.advance([0.0, 0.1]) - 12.0).abs() < 1e-9);
        for at in [0.7, 1.4, 1.99] {
            assert!((progress.advance([at, 0.0]) - (12.0 - at)).abs() < 1e-9);
        }
        assert!((progress.advance([2.6, -0.05]) - 9.4).abs() < 1e-9, "not on along the crossing way");
        assert!((progress.advance([2.2, 0.0]) - 9.4).abs() < 1e-9, "nor back");
    }

    #[test]
    fn a_path_of_one_point_leads_there() {
        let mut proposer = PathProposer::default();
        proposer.set_path(&[[1.0, 1.0]].into());
        assert_eq!(propose(&mut proposer, [1.0, 1.5]), [[1.0, 1.5], [1.0, 1.0]]);
    }
}
