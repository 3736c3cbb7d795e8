//! Any-angle shortcuts of a route: from each point straight to the farthest one in clear sight, in both directions.

use crate::geometry::{Point, lerp, map_distance as distance};
use crate::planner::is_past;
use crate::quantity::path_length_m;
use crate::world::map::GridMap;
use std::time::Instant;

/// Spacing of the points between which shortcuts are sought, metres: one pass each, in alternating directions.
const SPACINGS_M: [f64; 4] = [0.2, 0.1, 0.05, 0.05];
/// Most points of a route between passes.
pub(super) const MAX_POINTS: usize = 4096;

/// Whether the segment keeps `clearance_m` from obstacles. Steps as far as the distance field allows and computes the
/// clearance exactly only where that is near the limit.
pub(super) fn is_in_sight(map: &GridMap, from: Point, to: Point, clearance_m: f64) -> bool {
    let (length_m, piece_m) = (distance(from, to), map.geometry().resolution_m);
    let mut passed_m = 0.0;
    loop {
        let here = lerp(from, to, if length_m > 0.0 { passed_m / length_m } else { 0.0 });
        let Some(cell) = map.cell_of(here) else { return false };
        // The distance changes by at most a metre per metre.
        let least_m = f64::from(map.field().at(cell.0, cell.1)) - distance(here, map.centre_of(cell));
        let mut step_m = least_m - clearance_m;
        if step_m < piece_m {
            step_m = 2.0 * piece_m;
            let end = lerp(from, to, if length_m > 0.0 { ((passed_m + step_m) / length_m).min(1.0) } else { 0.0 });
            if !map.keeps_distance(here, end, clearance_m) {
                return false;
            }
        }
        passed_m += step_m;
        if passed_m >= length_m {
            return true;
        }
    }
}

/// Buffers of the shortcuts.
#[derive(Clone, Debug, Default)]
pub(super) struct StringPuller {
    dense: Vec<Point>,
}

impl StringPuller {
    /// Shortens a route that keeps `clearance_m`, which the result keeps too; both ends stay. After the deadline it is left
    /// as it is.
    pub(super) fn pull(&mut self, map: &GridMap, clearance_m: f64, deadline: Option<Instant>, route: &mut Vec<Point>) {
        for spacing_m in SPACINGS_M {
            if route.len() > 2 && !is_past(deadline) {
                densify(route, spacing_m, &mut self.dense);
                self.shorten(map, clearance_m, route);
            }
            // An even number of passes ends in the first direction.
            route.reverse();
        }
    }

    fn shorten(&self, map: &GridMap, clearance_m: f64, route: &mut Vec<Point>) {
        route.clear();
        let last = self.dense.len() - 1;
        let mut index = 0;
        route.push(self.dense[0]);
        while index < last {
            let sees = |next: usize| is_in_sight(map, self.dense[index], self.dense[next], clearance_m);
            // The next point is in sight, or as near as makes no difference; then ever farther, and back by halves.
            let (mut seen, mut step) = (index + 1, 1);
            while seen < last && sees((seen + step).min(last)) {
                seen = (seen + step).min(last);
                step *= 2;
            }
            while step > 1 {
                step /= 2;
                let next = (seen + step).min(last);
                if next > seen && sees(next) {
                    seen = next;
                }
            }
            index = seen;
            route.push(self.dense[index]);
        }
    }
}

/// Points every `spacing_m` at most along a polyline, its corners included.
pub(in crate::planner) fn densify(route: &[Point], spacing_m: f64, dense: &mut Vec<Point>) {
    dense.clear();
    let length_m = path_length_m(route.iter().copied());
    let spacing_m = spacing_m.max(length_m / (MAX_POINTS / 2) as f64);
    for pair in route.windows(2) {
        let pieces = (distance(pair[0], pair[1]) / spacing_m).ceil().max(1.0) as usize;
        dense.extend((0..pieces).map(|piece| lerp(pair[0], pair[1], piece as f64 / pieces as f64)));
    }
    dense.extend(route.last());
}
