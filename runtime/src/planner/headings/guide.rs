//! Places in the middle of the passages along a route: a disc's shortest way hugs corners, a longer robot needs both sides.

use crate::geometry::{Point, lerp};
use crate::planner::corridor::densify;
use crate::world::State;
use crate::world::map::GridMap;

/// Distance between the offsets across the route that are compared, metres.
const OFFSET_M: f64 = 0.02;
/// Clearance beyond the circumscribed circle that is not better than less, metres.
const ENOUGH_M: f64 = 0.05;
/// Passes of the weights 1/4, 1/2, 1/4.
const PASSES: usize = 3;

/// Fills `guide` with poses along a route, `spacing_m` apart, in its direction. `radii_m` are the footprint's.
pub(super) fn follow(
    grid: &GridMap,
    route: &[Point],
    radii_m: [f64; 2],
    spacing_m: f64,
    dense: &mut Vec<Point>,
    guide: &mut Vec<State>,
) {
    densify(route, spacing_m, dense);
    guide.clear();
    let last = dense.len().saturating_sub(1);
    for (index, point) in dense.iter().enumerate() {
        let (before, after) = (dense[index.saturating_sub(2)], dense[(index + 2).min(last)]);
        let heading_rad = (after[1] - before[1]).atan2(after[0] - before[0]);
        let is_end = index == 0 || index == last;
        let position = if is_end { *point } else { centred(grid, *point, heading_rad, radii_m) };
        guide.push(State::at_pose(position, heading_rad));
    }
    for _ in 0..PASSES {
        for index in 1..last {
            let (before, after) = (guide[index - 1].position, guide[index + 1].position);
            guide[index].position = lerp(guide[index].position, lerp(before, after, 0.5), 0.5);
        }
    }
    for index in 1..last {
        let (before, after) = (guide[index - 1].position, guide[index + 1].position);
        guide[index].heading_rad = (after[1] - before[1]).atan2(after[0] - before[0]);
    }
}

/// The place across the route with the largest distance from obstacles, the nearest of those with enough.
fn centred(grid: &GridMap, point: Point, heading_rad: f64, [inscribed_m, circumscribed_m]: [f64; 2]) -> Point {
    let (sin, cos) = heading_rad.sin_cos();
    let beside = |offset_m: f64| [point[0] - offset_m * sin, point[1] + offset_m * cos];
    let worth = |offset_m: f64| grid.distance(beside(offset_m)).min(circumscribed_m + ENOUGH_M);
    let mut best = (worth(0.0), 0.0);
    for side in [1.0, -1.0] {
        for step in 1..=(circumscribed_m / OFFSET_M) as usize {
            let offset_m = side * OFFSET_M * step as f64;
            let worth_m = worth(offset_m);
            // Beyond a wall lies another passage.
            if !(worth_m >= 0.5 * inscribed_m) {
                break;
            }
            if worth_m - 1e-3 * step as f64 > best.0 {
                best = (worth_m - 1e-3 * step as f64, offset_m);
            }
        }
    }
    beside(best.1)
}
