//! Path smoothing: shortcuts, bending energy and clearance along the positions of a proposal.

use crate::geometry::{Footprint, Point, distance};
use crate::world::{Map, State, Sweep};

/// How a proposal's path is cleaned before it is retimed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathSettings {
    /// Distance between ball and walls that the path keeps, metres.
    pub clearance_m: f64,
    /// Weight of length against bending (both per point); small values give wide arcs.
    pub tautness: f64,
    /// Sweeps of the smoothing per resolution.
    pub sweeps: usize,
    /// Keep the proposal's way with all its turns, so that its length means something; only walls push it aside.
    pub keep_shape: bool,
}

impl Default for PathSettings {
    fn default() -> Self {
        Self { clearance_m: 0.03, tautness: 0.05, sweeps: 60, keep_shape: false }
    }
}

/// Spacing of the coarse and of the fine path, metres.
const COARSE_M: f64 = 0.4;
const FINE_M: f64 = 0.1;
/// Pieces of the fine path at least: even a short way needs points between which to speed up and brake.
const FINE_PIECES: usize = 8;
/// Sweeps of the smoothing where the shape is kept.
const SHAPE_SWEEPS: usize = 4;
/// Spacing of the path where the shape is kept: wide chords would shorten its turns.
const SHAPE_M: f64 = 0.05;
/// A shortcut looks this many coarse points ahead.
const SHORTCUT_REACH: usize = 16;
/// Below this speed the direction of motion does not matter for the path, m/s.
const STANDING_MPS: f64 = 0.5;

/// Buffers of the path cleaning. After [`PathSmoother::new`] nothing is allocated.
#[derive(Clone, Debug)]
pub(super) struct PathSmoother {
    coarse: Vec<Point>,
    scratch: Vec<Point>,
    fine: Vec<Point>,
    max_points: usize,
}

impl PathSmoother {
    /// For fine paths of up to `max_points` points.
    pub(super) fn new(max_points: usize) -> Self {
        let room = || Vec::with_capacity(max_points + 8);
        Self { coarse: room(), scratch: room(), fine: room(), max_points }
    }

    /// Points at most from now on; no more than buffers have room for.
    pub(super) fn set_max_points(&mut self, max_points: usize) {
        self.max_points = max_points;
    }

    /// The path from `start` to `goal` along `proposed`, shortened, smoothed and kept clear of walls;
    /// 0.1 m between points. All numbers must be finite. It may still touch a wall: the gate checks it.
    pub(super) fn shape(
        &mut self,
        map: &dyn Map,
        footprint: Footprint,
        start: &State,
        goal: Point,
        proposed: impl ExactSizeIterator<Item = Point>,
        settings: &PathSettings,
    ) -> &[Point] {
        self.scratch.clear();
        self.scratch.push(start.position);
        self.scratch.extend(proposed.skip(1).take(self.max_points - 2));
        self.scratch.push(goal);
        let keep = footprint.inscribed_radius_m() + settings.clearance_m;
        if settings.keep_shape {
            resample(&self.scratch, SHAPE_M, FINE_PIECES, self.max_points, &mut self.fine);
            let last = self.fine.len() - 1;
            for point in &mut self.fine[1..last] {
                *point = map.push_out(*point, keep);
            }
            // A few sweeps take the kinks out and leave the turns.
            let fixed = fix_ends(&mut self.fine, start, goal);
            smooth(map, &mut self.fine, fixed, 0.0, SHAPE_SWEEPS, keep);
            return &self.fine;
        }
        resample(&self.scratch, COARSE_M, 1, self.max_points, &mut self.coarse);
        for point in &mut self.coarse[1..] {
            *point = map.push_out(*point, keep);
        }
        self.shortcut(map, footprint, settings.clearance_m);
        resample(&self.scratch, COARSE_M, 1, self.max_points, &mut self.coarse);
        let fixed = fix_ends(&mut self.coarse, start, goal);
        smooth(map, &mut self.coarse, fixed, settings.tautness, settings.sweeps, keep);
        resample(&self.coarse, FINE_M, FINE_PIECES, self.max_points, &mut self.fine);
        let fixed = fix_ends(&mut self.fine, start, goal);
        // Bending energy counts per point: four times the resolution needs a sixteenth of the tautness.
        smooth(map, &mut self.fine, fixed, settings.tautness / 16.0, settings.sweeps, keep);
        &self.fine
    }

    /// From the coarse path into `scratch`: each point is followed by the farthest one in clear sight.
    fn shortcut(&mut self, map: &dyn Map, footprint: Footprint, clearance_m: f64) {
        let sweep = Sweep::new(map, footprint);
        self.scratch.clear();
        let last = self.coarse.len() - 1;
        let mut index = 0;
        self.scratch.push(self.coarse[0]);
        while index < last {
            let farthest = (index + SHORTCUT_REACH).min(last);
            let seen = (index + 2..=farthest)
                .rev()
                .find(|next| sweep.segment(self.coarse[index], self.coarse[*next]) >= clearance_m);
            index = seen.unwrap_or(index + 1);
            self.scratch.push(self.coarse[index]);
        }
    }
}

/// Pins both ends and, in motion, the point ahead; returns how many points at the front are pinned.
fn fix_ends(points: &mut [Point], start: &State, goal: Point) -> usize {
    let last = points.len() - 1;
    points[0] = start.position;
    points[last] = goal;
    let speed = start.speed();
    if speed > STANDING_MPS && points.len() > 4 {
        let step = distance(points[1], points[0]).max(0.02);
        points[1] = std::array::from_fn(|axis| start.position[axis] + step * start.velocity[axis] / speed);
        return 2;
    }
    1
}

/// Gauss-Seidel on bending plus length energy, each point projected out of the walls as it moves.
fn smooth(map: &dyn Map, points: &mut [Point], fixed: usize, tautness: f64, sweeps: usize, keep: f64) {
    let count = points.len();
    if count < 4 {
        return;
    }
    for _ in 0..sweeps {
        for index in fixed..count - 1 {
            let near = [0, 1].map(|axis: usize| points[index - 1][axis] + points[index + 1][axis]);
            // At the ends the missing neighbour continues the line, so the end does not resist bending.
            let before = if index >= 2 { points[index - 2] } else { mirror(points[0], points[1]) };
            let after =
                if index + 2 < count { points[index + 2] } else { mirror(points[count - 1], points[count - 2]) };
            let wanted = [0, 1].map(|axis: usize| {
                ((4.0 + tautness) * near[axis] - before[axis] - after[axis]) / (6.0 + 2.0 * tautness)
            });
            points[index] = map.push_out(wanted, keep);
        }
    }
}

fn mirror(end: Point, inner: Point) -> Point {
    [2.0 * end[0] - inner[0], 2.0 * end[1] - inner[1]]
}

/// Points at equal spacing (about `spacing`) along a polyline, ends included, at least two.
fn resample(points: &[Point], spacing: f64, least_pieces: usize, max_points: usize, out: &mut Vec<Point>) {
    out.clear();
    let length = crate::quantity::path_length_m(points.iter().copied());
    let pieces =
        if length.is_finite() { ((length / spacing).ceil() as usize).clamp(least_pieces, max_points - 1) } else { 1 };
    let step = length / pieces as f64;
    let (mut index, mut walked) = (0, 0.0);
    out.push(points[0]);
    for piece in 1..pieces {
        let target = step * piece as f64;
        while index + 1 < points.len() {
            let hop = distance(points[index + 1], points[index]);
            if walked + hop >= target {
                let t = (target - walked) / hop.max(1e-12);
                let (a, b) = (points[index], points[index + 1]);
                out.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
                break;
            }
            walked += hop;
            index += 1;
        }
    }
    out.push(points[points.len() - 1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::path_length_m;
    use crate::world::{Layout, PointMass};

    fn shaped(proposed: &[Point], start: State, goal: Point) -> Vec<Point> {
        let layout = Layout::umaze();
        PathSmoother::new(400)
            .shape(&layout, PointMass::FOOTPRINT, &start, goal, proposed.iter().copied(), &PathSettings::default())
            .to_vec()
    }

    #[test]
    fn a_way_whose_shape_is_kept_keeps_its_length() {
        // Two swings of 0.15 m on 1.8 m.
        let proposed: Vec<Point> = (0..=60)
            .map(|index| f64::from(index) / 60.0)
            .map(|share| [3.0 + 0.15 * (4.0 * std::f64::consts::PI * share).sin(), 1.0 + 1.8 * share])
            .collect();
        let settings = PathSettings { keep_shape: true, ..PathSettings::default() };
        let mut shaper = PathSmoother::new(400);
        let start = State::at_rest(proposed[0]);
        let points = proposed.iter().copied();
        let path = shaper.shape(&Layout::umaze(), PointMass::FOOTPRINT, &start, proposed[60], points, &settings);
        let (length, wanted) = (path_length_m(path.iter().copied()), path_length_m(proposed.iter().copied()));
        assert!((length / wanted - 1.0).abs() < 0.04, "{length} m of {wanted} m");
        assert!(path_length_m(shaped(&proposed, start, proposed[60])) < 0.9 * wanted, "the usual way is shorter");
    }

    #[test]
    fn a_detour_is_cut_and_the_corner_is_not() {
        let proposed = [[3.0, 1.0], [3.0, 2.0], [3.0, 1.4], [3.0, 2.9], [2.0, 2.9], [0.8, 2.9], [0.8, 1.8], [1.0, 1.0]];
        let path = shaped(&proposed, State::at_rest([3.0, 1.0]), [1.0, 1.0]);
        let length = path_length_m(path.iter().copied());
        let swept = Sweep::new(&Layout::umaze(), PointMass::FOOTPRINT).path(path.iter().copied());
        assert!(swept.is_clear_by(0.02), "{swept:?}");
        assert!((4.1..4.9).contains(&length), "{length}");
        assert_eq!((path[0], path[path.len() - 1]), ([3.0, 1.0], [1.0, 1.0]));
    }

    #[test]
    fn a_path_that_grazes_a_wall_is_pushed_off_it() {
        let proposed = [[1.0, 1.0], [1.15, 1.6], [1.25, 2.0], [1.2, 2.6], [1.0, 3.0]];
        let path = shaped(&proposed, State::at_rest([1.0, 1.0]), [1.0, 3.0]);
        assert!(Sweep::new(&Layout::umaze(), PointMass::FOOTPRINT).path(path).is_clear_by(0.02));
    }

    #[test]
    fn a_moving_start_leaves_in_its_own_direction() {
        let start = State::moving([1.0, 1.5], [0.0, -3.0]);
        let path = shaped(&[[1.0, 1.5], [1.0, 3.0]], start, [1.0, 3.0]);
        assert!(path[1][1] < 1.5, "{:?}", &path[..3]);
    }

    #[test]
    fn start_and_goal_in_one_place_give_a_path_of_two_points() {
        let path = shaped(&[[1.0, 1.0]], State::at_rest([1.0, 1.0]), [1.0, 1.0]);
        assert!(path.len() >= 2 && path.iter().all(|point| point.iter().all(|value| value.is_finite())));
    }
}
