//! Lateral offsets of a path from its reference, by least squares: length, curvature above what the limits allow at full
//! speed, and clearance below what is wanted.
//!
//! Levenberg and Marquardt's method; the normal equations have five diagonals, so that an iteration costs a few
//! microseconds per hundred knots.

use super::reference::Reference;
use crate::geometry::Point;
use crate::world::map::GridMap;

/// Largest offset, metres.
pub const MAX_OFFSET_M: f64 = 0.9;
/// Usual weight of the squared lack of clearance against length, 1/m^2: hardly any lack is left.
pub const CLEARANCE_WEIGHT: f64 = 2000.0;
/// Largest change of an offset in an iteration, metres.
const MAX_CHANGE_M: f64 = 0.15;
/// Half the distance between the points of a difference of distances, metres.
const DIFFERENCE_M: f64 = 0.01;

/// What an optimisation weighs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffsetWeights {
    /// Distance between path and obstacles below which there is a cost, metres.
    pub clearance_m: f64,
    /// Weight of the squared lack of it against length, 1/m^2; usually [`CLEARANCE_WEIGHT`].
    pub clearance: f64,
    /// Curvature that can be driven at full speed, a/v^2, 1/m.
    pub free_curvature: f64,
    /// Weight of the squared curvature above that against length, m^2.
    pub curvature: f64,
    /// Iterations at most.
    pub iterations: usize,
}

/// Buffers of the optimisation.
#[derive(Clone, Debug, Default)]
pub struct OffsetOptimizer {
    points: Vec<Point>,
    gradient: Vec<f64>,
    /// Main diagonal and the two beside it.
    diagonals: [Vec<f64>; 3],
    factors: [Vec<f64>; 3],
    trial: Vec<f64>,
}

impl OffsetOptimizer {
    /// Changes the offsets (one per knot, metres to the left) towards least cost. Those of both ends become 0.
    pub fn optimize(&mut self, map: &GridMap, reference: &Reference, weights: &OffsetWeights, offsets: &mut Vec<f64>) {
        let count = reference.len();
        offsets.resize(count, 0.0);
        if let (Some(first), true) = (offsets.first_mut(), count > 2) {
            *first = 0.0;
            offsets[count - 1] = 0.0;
        } else {
            return;
        }
        let mut damping = 1e-2;
        let mut cost = self.assemble(map, reference, weights, offsets);
        for _ in 0..weights.iterations {
            if !self.solve(damping) {
                return;
            }
            self.trial.clear();
            self.trial.extend(offsets.iter().zip(&self.gradient).map(|(offset, change)| {
                (offset - change.clamp(-MAX_CHANGE_M, MAX_CHANGE_M)).clamp(-MAX_OFFSET_M, MAX_OFFSET_M)
            }));
            let trial = std::mem::take(&mut self.trial);
            let new_cost = self.assemble(map, reference, weights, &trial);
            let gain = cost - new_cost;
            if gain > 0.0 {
                offsets.copy_from_slice(&trial);
                (cost, damping) = (new_cost, (0.3 * damping).max(1e-6));
            } else {
                damping *= 8.0;
                self.assemble(map, reference, weights, offsets);
            }
            self.trial = trial;
            if gain.abs() < 1e-7 * cost || damping > 1e9 {
                return;
            }
        }
    }

    /// Gradient and normal matrix at some offsets; returns the cost.
    fn assemble(&mut self, map: &GridMap, reference: &Reference, weights: &OffsetWeights, offsets: &[f64]) -> f64 {
        let count = reference.len();
        self.points.clear();
        self.points.extend(offsets.iter().enumerate().map(|(knot, offset)| reference.beside(knot, *offset)));
        self.gradient.clear();
        self.gradient.resize(count, 0.0);
        for diagonal in &mut self.diagonals {
            diagonal.clear();
            diagonal.resize(count, 0.0);
        }
        let points = std::mem::take(&mut self.points);
        let spacing_m = (crate::quantity::path_length_m(points.iter().copied()) / (count - 1) as f64).max(1e-6);
        let mut cost = 0.0;
        for knot in 0..count - 1 {
            let (from, to) = (points[knot], points[knot + 1]);
            let (normal, next) = (reference.normals[knot], reference.normals[knot + 1]);
            for axis in 0..2 {
                let scale = 1.0 / spacing_m.sqrt();
                let residual = scale * (to[axis] - from[axis]);
                cost += residual * residual;
                self.add(knot, [-scale * normal[axis], scale * next[axis], 0.0], residual);
            }
            // At the knot, and half-way to the next.
            let middle = [0.5 * (from[0] + to[0]), 0.5 * (from[1] + to[1])];
            for (point, shares) in [(from, [1.0, 0.0]), (middle, [0.5, 0.5])] {
                let lack_m = weights.clearance_m - map.distance(point);
                if !(lack_m > 0.0) {
                    continue;
                }
                let scale = (0.5 * weights.clearance * spacing_m).sqrt();
                let slope = distance_slope(map, point);
                let along = |normal: Point| -scale * (slope[0] * normal[0] + slope[1] * normal[1]);
                cost += (scale * lack_m) * (scale * lack_m);
                self.add(knot, [shares[0] * along(normal), shares[1] * along(next), 0.0], scale * lack_m);
            }
        }
        for knot in 1..count - 1 {
            let [before, here, after] = [points[knot - 1], points[knot], points[knot + 1]];
            let chord = [after[0] - before[0], after[1] - before[1]];
            let chord_m = chord[0].hypot(chord[1]);
            if !(chord_m > 1e-9) {
                continue;
            }
            let across = [-chord[1] / chord_m, chord[0] / chord_m];
            let bend = [0, 1].map(|axis| before[axis] - 2.0 * here[axis] + after[axis]);
            let curvature = (across[0] * bend[0] + across[1] * bend[1]) / (spacing_m * spacing_m);
            let excess = curvature.abs() - weights.free_curvature;
            if !(excess > 0.0) {
                continue;
            }
            let scale = (weights.curvature * spacing_m).sqrt();
            let to_offset = |of: usize| {
                let normal = reference.normals[of];
                let along = across[0] * normal[0] + across[1] * normal[1];
                scale * curvature.signum() * along / (spacing_m * spacing_m)
            };
            cost += (scale * excess) * (scale * excess);
            let slopes = [to_offset(knot - 1), -2.0 * to_offset(knot), to_offset(knot + 1)];
            self.add(knot - 1, slopes, scale * excess);
        }
        self.points = points;
        cost
    }

    /// Adds a residual that depends on three offsets from `first` on.
    fn add(&mut self, first: usize, slopes: [f64; 3], residual: f64) {
        let count = self.gradient.len();
        for (at, slope) in slopes.into_iter().enumerate() {
            if first + at >= count {
                break;
            }
            self.gradient[first + at] += slope * residual;
            for (beside, other) in slopes.iter().enumerate().skip(at) {
                self.diagonals[beside - at][first + at] += slope * other;
            }
        }
    }

    /// Replaces the gradient by the solution of the damped normal equations, both ends held. False if there is none.
    fn solve(&mut self, damping: f64) -> bool {
        let count = self.gradient.len();
        let [main, first, second] = &self.diagonals;
        let [d, l1, l2] = &mut self.factors;
        for factor in [&mut *d, &mut *l1, &mut *l2] {
            factor.clear();
            factor.resize(count, 0.0);
        }
        let x = &mut self.gradient;
        // A held end is an offset of its own equation.
        let held = |index: usize| index == 0 || index + 1 == count;
        for index in 0..count {
            let (a0, a1, a2) = if held(index) {
                (1.0, 0.0, 0.0)
            } else {
                let coupled = |other: usize, value: f64| if other >= count || held(other) { 0.0 } else { value };
                (
                    main[index] * (1.0 + damping) + damping,
                    coupled(index + 1, first[index]),
                    coupled(index + 2, second[index]),
                )
            };
            if held(index) {
                x[index] = 0.0;
            }
            let (mut pivot, mut beside) = (a0, a1);
            if index >= 1 {
                pivot -= l1[index - 1] * l1[index - 1] * d[index - 1];
                beside -= l2[index - 1] * d[index - 1] * l1[index - 1];
                x[index] -= l1[index - 1] * x[index - 1];
            }
            if index >= 2 {
                pivot -= l2[index - 2] * l2[index - 2] * d[index - 2];
                x[index] -= l2[index - 2] * x[index - 2];
            }
            if !(pivot > 0.0 && pivot.is_finite()) {
                return false;
            }
            (d[index], l1[index], l2[index]) = (pivot, beside / pivot, a2 / pivot);
        }
        for index in (0..count).rev() {
            let mut value = x[index] / d[index];
            if index + 1 < count {
                value -= l1[index] * x[index + 1];
            }
            if index + 2 < count {
                value -= l2[index] * x[index + 2];
            }
            x[index] = value;
        }
        x.iter().all(|value| value.is_finite())
    }
}

/// Slope of the distance field at a place, by differences over 2 cm.
pub fn distance_slope(map: &GridMap, [x, y]: Point) -> Point {
    let slope = |plus: Point, minus: Point| (map.distance(plus) - map.distance(minus)) / (2.0 * DIFFERENCE_M);
    [slope([x + DIFFERENCE_M, y], [x - DIFFERENCE_M, y]), slope([x, y + DIFFERENCE_M], [x, y - DIFFERENCE_M])]
}
