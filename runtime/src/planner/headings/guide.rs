//! Places in the middle of the passages along a route: a disc's shortest way hugs corners, a longer robot needs both sides,
//! and room to turn before and behind.

use crate::geometry::Point;
use crate::planner::corridor::densify;
use crate::world::State;
use crate::world::map::GridMap;

/// Distance between the offsets across the route that are compared, metres.
const OFFSET_M: f64 = 0.01;
/// Clearance beyond the circumscribed circle that is not better than less, metres.
const ENOUGH_M: f64 = 0.03;
/// Between the headings that are compared in a passage, rad, and how many there are to either side of the route's.
const HEADING_RAD: f64 = 0.07;
const HEADINGS: i32 = 17;
/// Between the places before and behind a passage that are looked at, metres.
const ASIDE_M: f64 = 0.05;

/// Fills `guide` with poses along a route, `spacing_m` apart, in its direction. `radii_m` are the footprint's.
///
/// Where the circumscribed circle has no room, a pose stands in the middle and faces the way in which the passage is open;
/// before and behind such a passage there is one from which it is straight ahead.
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
    let mut passage: Option<State> = None;
    for (index, point) in dense.iter().enumerate() {
        let (before, after) = (dense[index.saturating_sub(2)], dense[(index + 2).min(last)]);
        let mut pose = State::at_pose(*point, (after[1] - before[1]).atan2(after[0] - before[0]));
        let is_end = index == 0 || index == last;
        if !is_end && grid.distance(*point) < radii_m[1] + ENOUGH_M {
            pose.position = centred(grid, &pose, radii_m);
            if grid.distance(pose.position) < radii_m[1] {
                pose.heading_rad = open_heading(grid, &pose, radii_m[1]);
                if passage.is_none() {
                    guide.extend(aside(grid, &pose, -1.0, radii_m));
                }
                passage = Some(pose);
                guide.push(pose);
                continue;
            }
        }
        if let Some(pose) = passage.take() {
            guide.extend(aside(grid, &pose, 1.0, radii_m));
        }
        guide.push(pose);
    }
}

/// The place across the route with the largest distance from obstacles, the nearest of those with enough.
fn centred(grid: &GridMap, pose: &State, [inscribed_m, circumscribed_m]: [f64; 2]) -> Point {
    let worth = |offset_m: f64| grid.distance(pose.in_frame([0.0, offset_m])).min(circumscribed_m + ENOUGH_M);
    let mut best = (worth(0.0), 0.0);
    for side in [1.0, -1.0] {
        for step in 1..=(circumscribed_m / OFFSET_M) as usize {
            let offset_m = side * OFFSET_M * step as f64;
            let worth_m = worth(offset_m);
            // Beyond a wall lies another passage.
            if !(worth_m >= 0.5 * inscribed_m) {
                break;
            }
            if worth_m - 1e-4 * step as f64 > best.0 {
                best = (worth_m - 1e-4 * step as f64, offset_m);
            }
        }
    }
    pose.in_frame([0.0, best.1])
}

/// The heading with most room ahead and behind.
fn open_heading(grid: &GridMap, pose: &State, reach_m: f64) -> f64 {
    let heading = |step: i32| pose.heading_rad + HEADING_RAD * f64::from(step);
    let worth = |step: i32| {
        let facing = State::at_pose(pose.position, heading(step));
        let [ahead_m, behind_m] = [reach_m, -reach_m].map(|by_m| grid.distance(facing.in_frame([by_m, 0.0])));
        ahead_m.min(behind_m) - 1e-4 * f64::from(step.abs())
    };
    let best = (-HEADINGS..=HEADINGS).max_by(|one, other| worth(*one).total_cmp(&worth(*other)));
    heading(best.unwrap_or_default())
}

/// The nearest place straight behind (-1) or ahead (1) where the circumscribed circle has room, else the one with most.
fn aside(grid: &GridMap, pose: &State, side: f64, [inscribed_m, circumscribed_m]: [f64; 2]) -> Option<State> {
    let mut best = (inscribed_m, None);
    for step in 1..=(3.0 * circumscribed_m / ASIDE_M) as usize {
        let place = State::at_pose(pose.in_frame([side * ASIDE_M * step as f64, 0.0]), pose.heading_rad);
        let room_m = grid.distance(place.position);
        if room_m > best.0 {
            best = (room_m, Some(place));
        }
        if !(room_m >= 0.5 * inscribed_m) || room_m >= circumscribed_m + ENOUGH_M {
            break;
        }
    }
    best.1
}
