//! Straight ways through passages: the line along which the footprint has most room. What fits with centimetres to spare
//! needs position and heading more exactly than the cells of a search have them.

use crate::geometry::{Point, distance};
use crate::world::State;
use crate::world::map::GridMap;

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
    /// their number, negative: in a narrow passage few of the lines that are compared are clear. Below `best` the computation
    /// ends.
    fn worth(&self, grid: &GridMap, outline: &[Point], best: f64) -> f64 {
        let (sin, cos) = self.middle.heading_rad.sin_cos();
        let (mut room_m, mut hits) = (f64::INFINITY, 0.0);
        for pose in self.poses(SPACING_M) {
            let [x, y] = pose.position;
            for [ahead, left] in outline {
                let distance_m = grid.distance([x + ahead * cos - left * sin, y + ahead * sin + left * cos]);
                room_m = room_m.min(distance_m);
                hits += f64::from(u8::from(!(distance_m > 0.0)));
            }
            if hits > 0.0 && -hits < best {
                break;
            }
        }
        if hits > 0.0 { -hits } else { room_m }
    }
}

/// The line with most room through a passage between two places in its middle. `None` where it is too long for one, or where
/// no line has any room.
pub(super) fn straight(grid: &GridMap, outline: &[Point], first: &State, last: &State) -> Option<Line> {
    let length_m = distance(first.position, last.position);
    if outline.is_empty() || !(length_m <= LONGEST_M) {
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
    (best.0 > 0.0).then_some(best.1)
}
