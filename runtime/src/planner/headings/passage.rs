//! Straight ways through passages: the line along which the footprint has most room. What fits with centimetres to spare
//! needs position and heading more exactly than the cells of a search have them.

use crate::geometry::{Point, distance};
use crate::planner::is_past;
use crate::world::State;
use crate::world::map::GridMap;
use std::time::Instant;

/// Largest length of a passage that one line is sought for, and what is looked at beyond its ends, metres.
const LONGEST_M: f64 = 3.0;
const BEYOND_M: f64 = 0.1;
/// Distance between the poses of a line that are compared, metres.
const SPACING_M: f64 = 0.08;
/// Offsets and headings that are compared first: steps, metres and rad, and how many there are to either side.
const OFFSET_M: f64 = 0.02;
const OFFSETS: i32 = 15;
const HEADING_RAD: f64 = 0.05;
const HEADINGS: i32 = 12;
/// Halvings of both steps around the best, moves for each at most, and their directions.
const HALVINGS: u32 = 6;
const MOVES: u32 = 6;
const NEIGHBOURS: [[f64; 2]; 8] =
    [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];

/// What passes: points of the outline without padding, the padding with the clearance that is kept, metres, and the heading
/// of what cannot turn, rad.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outline<'a> {
    pub(super) points: &'a [Point],
    pub(super) padding_m: f64,
    pub(super) heading_rad: Option<f64>,
}

/// A line: its middle in its direction, and half its length, metres.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    middle: State,
    half_m: f64,
}

impl Line {
    /// The pose at a distance from the middle, metres.
    fn at(&self, ahead_m: f64) -> State {
        State::at_pose(self.middle.in_frame([ahead_m, 0.0]), self.middle.heading_rad)
    }

    /// Poses from end to end, no more than this far apart, metres.
    pub(super) fn poses(self, spacing_m: f64) -> impl Iterator<Item = State> {
        let steps = (2.0 * self.half_m / spacing_m).ceil().max(1.0) as i32;
        (0..=steps).map(move |step| self.at(self.half_m * (2.0 * f64::from(step) / f64::from(steps) - 1.0)))
    }

    /// Moved to its left, metres, and turned, rad.
    fn moved(&self, left_m: f64, by_rad: f64) -> Self {
        let middle = State::at_pose(self.middle.in_frame([0.0, left_m]), self.middle.heading_rad + by_rad);
        Self { middle, ..*self }
    }

    /// Distance of the outline from obstacles along it, by the distance field, metres; where points of it lie in obstacles,
    /// their number, negative: in a narrow passage few of the lines that are compared are clear. It ends where it is certain
    /// to be no more than `best`.
    fn worth(&self, grid: &GridMap, outline: &Outline<'_>, best: f64) -> f64 {
        let (sin, cos) = outline.heading_rad.unwrap_or(self.middle.heading_rad).sin_cos();
        let (mut room_m, mut hits) = (f64::INFINITY, 0.0);
        for pose in self.poses(SPACING_M) {
            let [x, y] = pose.position;
            for [ahead, left] in outline.points {
                let distance_m = grid.distance([x + ahead * cos - left * sin, y + ahead * sin + left * cos]);
                room_m = room_m.min(distance_m);
                hits += f64::from(u8::from(!(distance_m > 0.0)));
            }
            let most = if hits > 0.0 { -hits } else { room_m };
            if most <= best {
                return most;
            }
        }
        if hits > 0.0 { -hits } else { room_m }
    }
}

/// The line with most room through a passage between two places in its middle. `None` where it is too long for one, where no
/// line has enough room, or after the deadline.
pub(super) fn straight(
    grid: &GridMap,
    outline: &Outline<'_>,
    first: &State,
    last: &State,
    deadline: Option<Instant>,
) -> Option<Line> {
    let length_m = distance(first.position, last.position);
    if outline.points.is_empty() || !(length_m <= LONGEST_M) {
        return None;
    }
    let middle = [0, 1].map(|axis: usize| 0.5 * (first.position[axis] + last.position[axis]));
    let [along_x, along_y] = [0, 1].map(|axis: usize| last.position[axis] - first.position[axis]);
    let heading_rad = if length_m > 2.0 * SPACING_M { along_y.atan2(along_x) } else { first.heading_rad };
    let guess = Line { middle: State::at_pose(middle, heading_rad), half_m: 0.5 * length_m + BEYOND_M };
    let mut best = (guess.worth(grid, outline, f64::NEG_INFINITY), guess);
    let look = |best: &mut (f64, Line), line: Line| {
        let worth = line.worth(grid, outline, best.0);
        if worth > best.0 {
            *best = (worth, line);
        }
    };
    for left in -OFFSETS..=OFFSETS {
        if is_past(deadline) {
            return None;
        }
        for turn in -HEADINGS..=HEADINGS {
            look(&mut best, guess.moved(OFFSET_M * f64::from(left), HEADING_RAD * f64::from(turn)));
        }
    }
    for halving in 1..=HALVINGS {
        let step = 0.5_f64.powi(halving as i32);
        for _ in 0..MOVES {
            let (before, centre) = best;
            for [left, turn] in NEIGHBOURS {
                look(&mut best, centre.moved(left * step * OFFSET_M, turn * step * HEADING_RAD));
            }
            if !(best.0 > before) {
                break;
            }
        }
    }
    (best.0 > outline.padding_m).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::headings::tests::{hall, long_robot};
    use crate::planner::headings::vehicle::Vehicle;

    fn points() -> Vec<Point> {
        Vehicle::of(&*long_robot()).expect("a polygon").outline
    }

    fn of(points: &[Point]) -> Outline<'_> {
        Outline { points, padding_m: 0.0, heading_rad: None }
    }

    #[test]
    fn the_line_through_a_gap_is_its_middle_whatever_it_is_sought_from() {
        let (grid, points) = (hall(0.48), points());
        for (low, high, heading) in [(1.8, 2.2, 0.3), (2.2, 1.85, -0.4), (1.75, 1.8, 0.0)] {
            let ends = [[2.6, low], [3.3, high]].map(|place| State::at_pose(place, heading));
            let line = straight(&grid, &of(&points), &ends[0], &ends[1], None).expect("a line");
            for pose in line.poses(0.1).filter(|pose| (2.8..3.1).contains(&pose.position[0])) {
                assert!(
                    (pose.position[1] - 2.0).abs() < 0.02 && pose.heading_rad.abs() < 0.05,
                    "{low} {high}: {pose:?}"
                );
            }
        }
    }

    #[test]
    fn there_is_none_where_the_robot_has_no_room_or_the_passage_is_too_long() {
        let points = points();
        let line = |gap_m: f64, padding_m: f64, [first, last]: [State; 2]| {
            straight(&hall(gap_m), &Outline { padding_m, ..of(&points) }, &first, &last, None)
        };
        let ends =
            |length_m: f64| [2.95 - 0.5 * length_m, 2.95 + 0.5 * length_m].map(|x| State::at_pose([x, 2.0], 0.0));
        assert!(line(0.5, 0.0, ends(0.6)).is_some());
        assert!(line(0.38, 0.0, ends(0.6)).is_none());
        assert!(line(0.5, 0.06, ends(0.6)).is_none(), "a padding that the gap has no room for");
        assert!(line(0.5, 0.0, ends(LONGEST_M + 0.1)).is_none());
    }

    #[test]
    fn what_cannot_turn_passes_in_its_own_heading() {
        // Along its own axis at 0.6 rad it needs 0.69 m of a gap in a wall of 0.3 m.
        let points = points();
        let turned = Outline { heading_rad: Some(0.6), ..of(&points) };
        let ends = [2.6, 3.3].map(|x| State::at_pose([x, 1.9], 0.0));
        assert!(straight(&hall(0.8), &turned, &ends[0], &ends[1], None).is_some());
        assert!(straight(&hall(0.48), &turned, &ends[0], &ends[1], None).is_none());
        assert!(straight(&hall(0.48), &of(&points), &ends[0], &ends[1], None).is_some());
    }

    #[test]
    fn no_line_is_sought_after_the_deadline() {
        let (points, ends) = (points(), [2.6, 3.3].map(|x| State::at_pose([x, 1.9], 0.0)));
        assert!(straight(&hall(0.6), &of(&points), &ends[0], &ends[1], Some(Instant::now())).is_none());
    }
}
