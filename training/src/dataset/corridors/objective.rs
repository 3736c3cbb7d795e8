//! What a path beside a reference is worth in training, and its slope by every offset: time of arrival, clearance of the
//! path itself, and nearness to the expert.

use super::JudgedPath;
use super::arrival_gradient::ArrivalGradient;
use crate::recipe::CorridorLoss;
use planwright::planner::corridor::{OFFSET_UNIT_M, POINTS_PER_KNOT, distance_slope, path_points};
use planwright::world::Point;
use planwright::world::map::GridMap;

/// Near start and goal, which stand where they stand, the clearance may be that of the end and this much more per metre.
const END_SLOPE: f64 = 0.3;
/// Where there is no room for the wanted clearance, that of the middle less this is enough, metres.
const MIDDLE_M: f64 = 0.01;

/// Buffers.
#[derive(Default)]
pub(crate) struct PathObjective {
    arrival: ArrivalGradient,
    points: Vec<Point>,
    by_point: Vec<Point>,
    by_knot: Vec<Point>,
}

impl PathObjective {
    /// The sum over a path's knots at these offsets (metres to the left), whose slopes by the offsets, per metre, fill
    /// `gradient`. Infinite for offsets that are not finite.
    pub(crate) fn of(
        &mut self,
        path: &JudgedPath,
        weights: CorridorLoss,
        offsets: &[f64],
        gradient: &mut Vec<f64>,
    ) -> f64 {
        let (reference, turning_m) = (&path.problem.reference, path.problem.turning_length_m);
        let knots = offsets.len() as f64;
        path_points(reference, offsets, &mut self.points);
        let secs = self.arrival.of(&self.points, turning_m.sqrt(), 1.0, &mut self.by_point);
        let scale = weights.time * knots / path.expert_secs;
        self.by_point.iter_mut().flatten().for_each(|slope| *slope *= scale);
        let mut value = scale * secs + self.add_clearance(path, weights.clearance);
        self.spread(offsets.len());
        gradient.clear();
        let normals = reference.normals.iter().zip(&self.by_knot);
        gradient.extend(normals.map(|(normal, slope)| normal[0] * slope[0] + normal[1] * slope[1]));
        value += add_nearness(path, weights, offsets, gradient);
        value
    }

    /// Squares of the lack of clearance at the points of the path.
    fn add_clearance(&mut self, path: &JudgedPath, weight: f64) -> f64 {
        let map: &GridMap = &path.map;
        let last = self.points.len() - 1;
        let ends = [self.points[0], self.points[last]].map(|end| map.distance(end));
        let point_m = path.problem.step_m / POINTS_PER_KNOT as f64;
        let scale = weight / POINTS_PER_KNOT as f64 / (OFFSET_UNIT_M * OFFSET_UNIT_M);
        let mut value = 0.0;
        for (index, point) in self.points.iter().enumerate() {
            let (knot, next) = (index / POINTS_PER_KNOT, index.div_ceil(POINTS_PER_KNOT));
            let room_m = f64::from(path.rooms_m[knot].min(path.rooms_m[next]));
            let allowed = |end: usize, from: usize| ends[end] + END_SLOPE * point_m * from as f64;
            let wanted_m =
                path.feature_clearance_m.min(room_m - MIDDLE_M).min(allowed(0, index)).min(allowed(1, last - index));
            let lack_m = wanted_m - map.distance(*point);
            if lack_m > 0.0 {
                value += scale * lack_m * lack_m;
                for (axis, slope) in distance_slope(map, *point).into_iter().enumerate() {
                    self.by_point[index][axis] -= 2.0 * scale * lack_m * slope;
                }
            }
        }
        value
    }

    /// Slopes by the knots from those by the points: the cubic pieces of [`path_points`], backwards.
    fn spread(&mut self, knots: usize) {
        let last = knots - 1;
        self.by_knot.clear();
        self.by_knot.resize(knots, [0.0; 2]);
        for (index, by) in self.by_point.iter().enumerate() {
            let (knot, piece) = (index / POINTS_PER_KNOT, index % POINTS_PER_KNOT);
            let t = piece as f64 / POINTS_PER_KNOT as f64;
            let [p, q, r, s] = [
                t * (-0.5 + t * (1.0 - 0.5 * t)),
                1.0 + t * t * (-2.5 + 1.5 * t),
                t * (0.5 + t * (2.0 - 1.5 * t)),
                t * t * (-0.5 + 0.5 * t),
            ];
            let mut add = |knot: usize, share: f64| {
                let slope = &mut self.by_knot[knot];
                *slope = [0, 1].map(|axis| slope[axis] + share * by[axis]);
            };
            if knot == last {
                add(last, 1.0);
                continue;
            }
            let [mut from, mut to] = [q, r];
            // Beyond the ends the path goes on straight: the missing knot is 2 a - b.
            if knot > 0 {
                add(knot - 1, p);
            } else {
                (from, to) = (from + 2.0 * p, to - p);
            }
            if knot + 2 <= last {
                add(knot + 2, s);
            } else {
                (from, to) = (from - s, to + 2.0 * s);
            }
            add(knot, from);
            add(knot + 1, to);
        }
    }
}

/// Squared errors against the expert's offsets, and those of the second differences, in the network's unit.
fn add_nearness(path: &JudgedPath, weights: CorridorLoss, offsets: &[f64], gradient: &mut [f64]) -> f64 {
    let error = |knot: usize| offsets[knot] / OFFSET_UNIT_M - f64::from(path.expert.offsets[knot]);
    let mut value = 0.0;
    for (knot, slope) in gradient.iter_mut().enumerate() {
        value += weights.offsets * error(knot) * error(knot);
        *slope += 2.0 * weights.offsets * error(knot) / OFFSET_UNIT_M;
    }
    for knot in 1..offsets.len().saturating_sub(1) {
        let bend = error(knot - 1) - 2.0 * error(knot) + error(knot + 1);
        value += weights.bend * bend * bend;
        let slope = 2.0 * weights.bend * bend / OFFSET_UNIT_M;
        gradient[knot - 1] += slope;
        gradient[knot] -= 2.0 * slope;
        gradient[knot + 1] += slope;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::super::{CorridorSettings, generate};
    use super::*;

    #[test]
    fn slopes_by_the_offsets_are_those_of_differences() {
        let settings = CorridorSettings {
            maps: 3,
            goals: 1,
            starts: 2,
            bumps: 0,
            turning_length_m: [0.25, 0.3],
            ..CorridorSettings::usual()
        };
        let paths = generate(&settings, false).expect("maps");
        assert!(!paths.is_empty());
        let (mut objective, mut gradient, mut unused) = (PathObjective::default(), Vec::new(), Vec::new());
        for (time, clearance, offsets, bend) in
            [(1.0, 0.0, 0.0, 0.0), (0.0, 20.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)]
        {
            let weights = CorridorLoss { offsets, bend, clearance, time };
            for path in &paths {
                let knots = path.expert.offsets.len();
                let at: Vec<f64> = (0..knots).map(|knot| 0.04 * (0.7 * knot as f64).sin()).collect();
                objective.of(path, weights, &at, &mut gradient);
                // Along one direction of many: single knots lie on both sides of kinks of the field.
                let way: Vec<f64> = (0..knots).map(|knot| (0.4 * knot as f64).cos()).collect();
                let mut moved = |by: f64| {
                    let offsets: Vec<f64> = at.iter().zip(&way).map(|(offset, way)| offset + by * way).collect();
                    objective.of(path, weights, &offsets, &mut unused)
                };
                let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let got: f64 = gradient.iter().zip(&way).map(|(slope, way)| slope * way).sum();
                let size: f64 = gradient.iter().zip(&way).map(|(slope, way)| (slope * way).abs()).sum();
                // The slope of the time is bounded where curves take all of the acceleration.
                let share = if time > 0.0 { 0.3 } else { 0.15 };
                assert!((got - expected).abs() <= share * size + 1e-6, "{weights:?}: {got} and {expected} of {size}");
            }
        }
    }
}
