//! The reference line of a corridor: knots every 0.2 m along a smoothed route, with normals and curvature.

use crate::geometry::{Point, distance, lerp};
use crate::quantity::path_length_m;

/// Distance between knots, metres, of all but the shortest routes.
pub const KNOT_M: f64 = 0.2;
/// Passes of the weights 1/4, 1/2, 1/4 over the knots.
const SMOOTHING_PASSES: usize = 4;
/// Knots at least: a start, a goal and two between, so that there is something to move.
const MIN_KNOTS: usize = 4;

/// Knots along a route.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// Positions, map frame, metres.
    pub points: Vec<Point>,
    /// Unit normals, to the left of the direction of travel.
    pub normals: Vec<Point>,
    /// Signed curvature, 1/m; positive to the left.
    pub curvatures: Vec<f64>,
    scratch: Vec<Point>,
}

impl Reference {
    /// Fills the reference from a polyline of at least two points; returns the length of a step between knots, metres.
    pub fn follow(&mut self, route: &[Point], max_knots: usize) -> f64 {
        let length_m = path_length_m(route.iter().copied());
        let pieces = ((length_m / KNOT_M).round() as usize).clamp(MIN_KNOTS - 1, max_knots - 1);
        let step_m = length_m / pieces as f64;
        resample(route, step_m, pieces, &mut self.points);
        for _ in 0..SMOOTHING_PASSES {
            self.scratch.clear();
            self.scratch.extend_from_slice(&self.points);
            for (point, around) in self.points[1..pieces].iter_mut().zip(self.scratch.windows(3)) {
                *point = [0, 1].map(|axis| 0.25 * (around[0][axis] + 2.0 * around[1][axis] + around[2][axis]));
            }
        }
        self.measure();
        step_m
    }

    fn measure(&mut self) {
        let count = self.points.len();
        self.normals.clear();
        self.curvatures.clear();
        for index in 0..count {
            let (before, after) = (self.points[index.saturating_sub(1)], self.points[(index + 1).min(count - 1)]);
            let along = [after[0] - before[0], after[1] - before[1]];
            let length_m = along[0].hypot(along[1]);
            let normal = if length_m > 1e-9 { [-along[1] / length_m, along[0] / length_m] } else { [0.0, 1.0] };
            self.normals.push(normal);
            self.curvatures.push(curvature(before, self.points[index], after));
        }
    }

    /// Without knots; the memory stays.
    pub fn clear(&mut self) {
        self.points.clear();
        self.normals.clear();
        self.curvatures.clear();
    }

    /// Number of knots.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no knot.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The point `offset_m` to the left of a knot.
    pub fn beside(&self, knot: usize, offset_m: f64) -> Point {
        let (point, normal) = (self.points[knot], self.normals[knot]);
        [point[0] + offset_m * normal[0], point[1] + offset_m * normal[1]]
    }
}

/// Signed curvature of the circle through three points, 1/m; 0 where two of them are one.
pub fn curvature(before: Point, here: Point, after: Point) -> f64 {
    let (u, v) = ([here[0] - before[0], here[1] - before[1]], [after[0] - here[0], after[1] - here[1]]);
    let sides = u[0].hypot(u[1]) * v[0].hypot(v[1]) * distance(before, after);
    if sides > 1e-12 { 2.0 * (u[0] * v[1] - u[1] * v[0]) / sides } else { 0.0 }
}

/// `pieces` + 1 points every `step_m` along a polyline, both ends included.
fn resample(route: &[Point], step_m: f64, pieces: usize, points: &mut Vec<Point>) {
    points.clear();
    points.extend(route.first());
    let mut passed_m = 0.0;
    for pair in route.windows(2) {
        let segment_m = distance(pair[0], pair[1]);
        while points.len() < pieces && step_m * points.len() as f64 <= passed_m + segment_m {
            let share = if segment_m > 0.0 { (step_m * points.len() as f64 - passed_m) / segment_m } else { 0.0 };
            points.push(lerp(pair[0], pair[1], share));
        }
        passed_m += segment_m;
    }
    let end = route.last().copied().unwrap_or_default();
    points.resize(pieces, end);
    points.push(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knots_are_evenly_spaced_and_normals_point_left() {
        let mut reference = Reference::default();
        let step_m = reference.follow(&[[0.0, 0.0], [3.0, 0.0]], 100);
        assert_eq!(reference.len(), 16);
        assert!((step_m - 0.2).abs() < 1e-12);
        assert!(reference.normals.iter().all(|normal| (normal[1] - 1.0).abs() < 1e-12));
        assert!(reference.points.windows(2).all(|pair| (distance(pair[0], pair[1]) - 0.2).abs() < 1e-9));
        assert_eq!(reference.beside(3, 0.5)[1], 0.5);
    }

    #[test]
    fn ends_stay_and_a_left_turn_has_positive_curvature() {
        let mut reference = Reference::default();
        reference.follow(&[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0]], 100);
        assert_eq!((reference.points[0], reference.points[reference.len() - 1]), ([0.0, 0.0], [2.0, 2.0]));
        let most = reference.curvatures.iter().copied().fold(f64::MIN, f64::max);
        assert!((1.0..6.0).contains(&most), "{most}");
        assert!((curvature([1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_route_of_no_length_gives_finite_knots() {
        let mut reference = Reference::default();
        reference.follow(&[[1.0, 1.0], [1.0, 1.0]], 100);
        assert_eq!(reference.len(), MIN_KNOTS);
        assert!(reference.curvatures.iter().all(|value| value.is_finite()));
    }
}
