//! A path beside its reference: points between the knots, clearance, and repair where it comes too near to obstacles.

use super::reference::Reference;
use crate::geometry::{Footprint, Point};
use crate::world::Map;
use crate::world::map::GridMap;

/// Points per knot.
pub const POINTS_PER_KNOT: usize = 4;
/// Rounds of the repair.
const ROUNDS: usize = 40;
/// Beyond the wanted clearance, metres.
const MARGIN_M: f64 = 0.004;
/// Least slope of the distance across the path that counts: along obstacles pushing sideways does nothing.
const MIN_SLOPE: f64 = 0.25;
/// Largest push of a knot in a round, metres.
const MAX_PUSH_M: f64 = 0.06;

/// Points along the path that lies `offsets` beside a reference: cubic segments through the knots (Catmull and Rom 1974),
/// four points per knot.
pub fn path_points(reference: &Reference, offsets: &[f64], points: &mut Vec<Point>) {
    let last = reference.len() - 1;
    let knot = |index: usize| reference.beside(index, offsets[index]);
    points.clear();
    for index in 0..last {
        let (from, to) = (knot(index), knot(index + 1));
        // Beyond the ends the path goes on straight.
        let mirrored = |end: Point, inner: Point| [2.0 * end[0] - inner[0], 2.0 * end[1] - inner[1]];
        let before = if index > 0 { knot(index - 1) } else { mirrored(from, to) };
        let after = if index + 2 <= last { knot(index + 2) } else { mirrored(to, from) };
        for piece in 0..POINTS_PER_KNOT {
            let t = piece as f64 / POINTS_PER_KNOT as f64;
            points.push([0, 1].map(|axis| {
                let (p, q, r, s) = (before[axis], from[axis], to[axis], after[axis]);
                let cubic = -p + 3.0 * q - 3.0 * r + s;
                0.5 * (2.0 * q + t * ((r - p) + t * ((2.0 * p - 5.0 * q + 4.0 * r - s) + t * cubic)))
            }));
        }
    }
    points.push(knot(last));
}

/// Whether a polyline keeps `clearance_m` everywhere. False for what is not finite.
pub fn is_path_clear(map: &GridMap, points: &[Point], clearance_m: f64) -> bool {
    let footprint = Footprint::Circle { radius_m: clearance_m };
    points.windows(2).all(|pair| map.swept_clearance(footprint, pair[0], pair[1]) >= 0.0)
}

/// Buffers of the repair.
#[derive(Clone, Debug, Default)]
pub struct PathRepair {
    pushes: Vec<[f64; 2]>,
    lack_m: f64,
}

impl PathRepair {
    /// The most by which the last path lacked clearance before it was pushed, metres; at most 0 where it was clear.
    pub fn lack_m(&self) -> f64 {
        self.lack_m
    }

    /// Pushes a path sideways until it keeps `clearance_m`. Returns whether it does; `points` are those of the offsets.
    pub fn repair(
        &mut self,
        map: &GridMap,
        reference: &Reference,
        clearance_m: f64,
        offsets: &mut [f64],
        points: &mut Vec<Point>,
    ) -> bool {
        let footprint = Footprint::Circle { radius_m: clearance_m };
        self.lack_m = f64::NEG_INFINITY;
        for round in 0..ROUNDS {
            path_points(reference, offsets, points);
            self.pushes.clear();
            self.pushes.resize(offsets.len(), [0.0; 2]);
            let mut clear = true;
            for (index, pair) in points.windows(2).enumerate() {
                let lack_m = -map.swept_clearance(footprint, pair[0], pair[1]);
                if round == 0 {
                    self.lack_m = self.lack_m.max(lack_m);
                }
                if lack_m <= 0.0 {
                    continue;
                }
                clear = false;
                let (knot, share) =
                    (index / POINTS_PER_KNOT, (index % POINTS_PER_KNOT) as f64 / POINTS_PER_KNOT as f64);
                let middle = [0.5 * (pair[0][0] + pair[1][0]), 0.5 * (pair[0][1] + pair[1][1])];
                let normal = reference.normals[if share < 0.5 { knot } else { knot + 1 }];
                let beside = |by: f64| map.distance([middle[0] + by * normal[0], middle[1] + by * normal[1]]);
                let slope = (beside(0.02) - beside(-0.02)) / 0.04;
                let push_m = (lack_m + MARGIN_M) / slope.abs().max(MIN_SLOPE) * slope.signum();
                // The knots at both ends of the piece, and half as much those beside them.
                for (at, weight) in [
                    (knot.wrapping_sub(1), 0.4),
                    (knot, 1.0 - 0.5 * share),
                    (knot + 1, 0.5 + 0.5 * share),
                    (knot + 2, 0.4),
                ] {
                    if let Some([most, least]) = self.pushes.get_mut(at) {
                        *most = most.max(weight * push_m);
                        *least = least.min(weight * push_m);
                    }
                }
            }
            if clear {
                return true;
            }
            let last = offsets.len() - 1;
            for (offset, [most, least]) in offsets[1..last].iter_mut().zip(&self.pushes[1..last]) {
                *offset += (most + least).clamp(-MAX_PUSH_M, MAX_PUSH_M);
            }
        }
        path_points(reference, offsets, points);
        is_path_clear(map, points, clearance_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_pass_through_the_knots_and_the_ends() {
        let mut reference = Reference::default();
        reference.follow(&[[0.0, 0.0], [2.0, 0.0]], 100);
        let mut offsets = vec![0.1; reference.len()];
        (offsets[0], offsets[10]) = (0.0, 0.0);
        let mut points = Vec::new();
        path_points(&reference, &offsets, &mut points);
        assert_eq!(points.len(), 41);
        assert_eq!((points[0], points[40]), ([0.0, 0.0], [2.0, 0.0]));
        assert!((points[4 * 5][1] - 0.1).abs() < 1e-12);
    }
}
