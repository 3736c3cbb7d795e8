//! Walls across the whole map with one or two gaps each.

use super::chance;
use super::raster::Raster;
use crate::geometry::Point;
use rand::{Rng, RngExt};

/// Distance between walls, metres.
const STEPS_M: std::ops::Range<f64> = 1.4..4.0;
/// Width of gaps, metres.
const GAPS_M: std::ops::Range<f64> = 0.8..1.8;

/// Paints walls that cross the map along one axis, a little aslant.
pub(super) fn paint(rng: &mut impl Rng, raster: &mut Raster) {
    let size_m = raster.size_m();
    let axis = usize::from(chance(rng, 0.5));
    let across = 1 - axis;
    let point = |along_m: f64, across_m: f64| {
        let mut point: Point = [0.0; 2];
        (point[axis], point[across]) = (along_m, across_m);
        point
    };
    let mut at_m = rng.random_range(STEPS_M);
    while at_m < size_m[axis] - 1.2 {
        let slant_m = rng.random_range(-0.3..0.3);
        let radius_m = rng.random_range(0.06..0.25);
        let wall = [point(at_m - slant_m, 0.0), point(at_m + slant_m, size_m[across])];
        raster.paint_stroke(wall[0], wall[1], radius_m, true);
        for _ in 0..if chance(rng, 0.3) { 2 } else { 1 } {
            let half_m = 0.5 * rng.random_range(GAPS_M);
            let centre_m = rng.random_range(half_m + 0.1..size_m[across] - half_m - 0.1);
            let share = centre_m / size_m[across];
            let along_m = at_m + (2.0 * share - 1.0) * slant_m;
            // A stroke along the way through, as wide as the gap, with ends beyond the wall.
            let reach_m = 0.4;
            raster.paint_stroke(point(along_m - reach_m, centre_m), point(along_m + reach_m, centre_m), half_m, false);
        }
        at_m += rng.random_range(STEPS_M);
    }
}
