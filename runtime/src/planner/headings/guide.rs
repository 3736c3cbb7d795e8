//! Places in the middle of the passages along a route: a disc's shortest way hugs corners, a longer robot needs both sides,
//! and room to turn before and behind.

use super::passage::{self, Outline};
use super::vehicle::Vehicle;
use crate::geometry::Point;
use crate::planner::corridor::densify;
use crate::world::State;
use crate::world::map::GridMap;
use std::time::Instant;

/// Distance between the offsets across the route that are compared, metres.
const OFFSET_M: f64 = 0.01;
/// Clearance beyond the circumscribed circle that is not better than less, metres.
const ENOUGH_M: f64 = 0.03;
/// Between the headings that are compared in a passage, rad, and how many there are to either side of the route's.
const HEADING_RAD: f64 = 0.07;
const HEADINGS: i32 = 17;
/// Between the places before and behind a passage that are looked at, metres.
const ASIDE_M: f64 = 0.05;
/// Places ahead of a pose to which it is joined, and how many of the places beside passages that lie ahead.
const AHEAD: [usize; 4] = [1, 3, 6, 12];
const ASIDES: usize = 6;
/// Places from which a robot that steers lines up for a passage besides, behind the first one, metres.
const LINE_UP_M: [f64; 2] = [0.4, 0.8];

/// Poses along a route, and buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct Guide {
    poses: Vec<State>,
    /// Which of them lie before or behind a passage.
    asides: Vec<usize>,
    dense: Vec<Point>,
    run: Vec<State>,
}

impl Guide {
    /// Poses along a route, two cells of the search apart, in its direction.
    ///
    /// Where the circumscribed circle has no room, they lie on the straight line with most room, or, where there is none, in
    /// the middle, and face the way in which the passage is open; before and behind such a passage there is one from which it
    /// is straight ahead. After the deadline no more lines are sought.
    pub(super) fn follow(
        &mut self,
        grid: &GridMap,
        route: &[Point],
        vehicle: &Vehicle,
        outline: &Outline<'_>,
        deadline: Option<Instant>,
    ) {
        let radii_m = vehicle.radii_m;
        densify(route, 2.0 * vehicle.cell_m, &mut self.dense);
        self.poses.clear();
        self.asides.clear();
        self.run.clear();
        let last = self.dense.len().saturating_sub(1);
        for index in 0..self.dense.len() {
            let (before, after) = (self.dense[index.saturating_sub(2)], self.dense[(index + 2).min(last)]);
            let mut pose = State::at_pose(self.dense[index], (after[1] - before[1]).atan2(after[0] - before[0]));
            let is_end = index == 0 || index == last;
            if !is_end && grid.distance(pose.position) < radii_m[1] + ENOUGH_M {
                pose.position = centred(grid, &pose, radii_m);
                if grid.distance(pose.position) < radii_m[1] {
                    self.run.push(pose);
                    continue;
                }
            }
            self.pass(grid, vehicle, outline, deadline);
            self.poses.push(pose);
        }
    }

    /// Poses through the passage whose middle is the run.
    fn pass(&mut self, grid: &GridMap, vehicle: &Vehicle, outline: &Outline<'_>, deadline: Option<Instant>) {
        let (radii_m, spacing_m) = (vehicle.radii_m, 2.0 * vehicle.cell_m);
        for pose in &mut self.run {
            pose.heading_rad = open_heading(grid, pose, radii_m[1]);
        }
        let (Some(first), Some(last)) = (self.run.first().copied(), self.run.last().copied()) else { return };
        if let Some(line) = passage::straight(grid, outline, &first, &last, deadline) {
            self.run.clear();
            self.run.extend(line.poses(spacing_m));
        }
        let ends = [self.run.first().copied(), self.run.last().copied()];
        let beside = |pose: Option<State>, side: f64| pose.and_then(|pose| aside(grid, &pose, side, radii_m));
        let [before, behind] = [beside(ends[0], -1.0), beside(ends[1], 1.0)];
        // What steers lines up from farther away.
        let more = |place: Option<State>, side: f64, by_m: f64| {
            let place = place.filter(|_| vehicle.steers())?;
            let place = State::at_pose(place.in_frame([side * by_m, 0.0]), place.heading_rad);
            Some(place).filter(|place| grid.distance(place.position) >= radii_m[1])
        };
        let [near_m, far_m] = LINE_UP_M;
        for place in [more(before, -1.0, far_m), more(before, -1.0, near_m), before] {
            self.add_aside(place);
        }
        self.poses.append(&mut self.run);
        for place in [behind, more(behind, 1.0, near_m), more(behind, 1.0, far_m)] {
            self.add_aside(place);
        }
    }

    fn add_aside(&mut self, place: Option<State>) {
        if let Some(place) = place {
            self.asides.push(self.poses.len());
            self.poses.push(place);
        }
    }

    /// The places to which a pose is joined, with their numbers.
    pub(super) fn ahead_of(&self, position: Point) -> impl Iterator<Item = (usize, State)> {
        let off = |place: &State| {
            let [x, y] = [0, 1].map(|axis: usize| place.position[axis] - position[axis]);
            x * x + y * y
        };
        let nearest = self.poses.iter().enumerate().map(|(index, place)| (index, off(place)));
        let nearest = nearest.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(index, _)| index);
        let asides = nearest.map_or(&[][..], |nearest| {
            let begin = self.asides.partition_point(|index| *index <= nearest);
            &self.asides[begin..(begin + ASIDES).min(self.asides.len())]
        });
        let usual = nearest.into_iter().flat_map(|nearest| AHEAD.map(|ahead| nearest + ahead));
        let usual = usual.filter(move |index| !asides.contains(index));
        usual.chain(asides.iter().copied()).filter_map(|index| Some((index, *self.poses.get(index)?)))
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
