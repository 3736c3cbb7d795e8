//! Distance between a segment and the nearest occupied cell, exact up to a reach; in cells.

use super::GridMap;
use crate::geometry::{Aabb, Point, lerp, map_distance as distance};

/// Half a cell's diagonal: from a centre to the farthest point of its cell; and room for the rounding of a field's f32.
const WITHIN_CELL: f64 = std::f64::consts::FRAC_1_SQRT_2 + 2e-3;
/// A segment is looked at in pieces of this length, those far from everything left out.
const PIECE: f64 = 4.0;

impl GridMap {
    /// Smallest distance between a segment and the box of an occupied cell or the space outside, at most `reach`; 0 where
    /// they touch. The points are finite and in cells.
    pub(super) fn nearest(&self, from: Point, to: Point, reach: f64) -> f64 {
        let size = [self.geometry().width as f64, self.geometry().height as f64];
        let margin = |point: Point| (0..2).map(|axis| point[axis].min(size[axis] - point[axis])).fold(reach, f64::min);
        // The grid is convex: what is outside is nearest to one of the ends.
        let mut best = margin(from).min(margin(to));
        if !(best > 0.0) {
            return 0.0;
        }
        let length = distance(from, to);
        let mut begin = 0.0;
        loop {
            let point = if length > 0.0 { lerp(from, to, begin / length) } else { from };
            let centre_m = f64::from(self.field().at(point[0] as usize, point[1] as usize));
            let centre = centre_m / self.geometry().resolution_m;
            // Until here everything is farther away than `best`.
            let clear = begin + centre - WITHIN_CELL - best;
            if clear >= length {
                return best;
            }
            if clear > begin + 0.5 {
                begin = clear;
                continue;
            }
            let end = (begin + PIECE).min(length);
            let piece_end = if end < length { lerp(from, to, end / length) } else { to };
            best = self.nearest_of_piece(point, piece_end, best.min(centre + WITHIN_CELL));
            if end >= length || best <= 0.0 {
                return best;
            }
            begin = end;
        }
    }

    /// The same for a short segment inside the grid, row by row from the segment outwards.
    fn nearest_of_piece(&self, from: Point, to: Point, reach: f64) -> f64 {
        let (low, high) = if from[1] <= to[1] { (from, to) } else { (to, from) };
        let last_row = self.geometry().height - 1;
        let (first, last) = ((low[1] as usize).min(last_row), (high[1] as usize).min(last_row));
        let mut best = reach;
        for row in first..=last {
            let share = |v: f64| ((v - low[1]) / (high[1] - low[1])).clamp(0.0, 1.0);
            let part = if high[1] > low[1] {
                [share(row as f64), share(row as f64 + 1.0)].map(|share| lerp(low, high, share)[0])
            } else {
                [low[0], high[0]]
            };
            self.visit_row(row, 0.0, part, (from, to), &mut best);
            if best <= 0.0 {
                return 0.0;
            }
        }
        let ends = |point: Point| if high[1] > low[1] { [point[0]; 2] } else { [low[0], high[0]] };
        for row in (0..first).rev() {
            let gap = low[1] - (row + 1) as f64;
            if gap >= best {
                break;
            }
            self.visit_row(row, gap, ends(low), (from, to), &mut best);
        }
        for row in last + 1..=last_row {
            let gap = row as f64 - high[1];
            if gap >= best {
                break;
            }
            self.visit_row(row, gap, ends(high), (from, to), &mut best);
        }
        best
    }

    /// Takes the occupied cells of one row into account. `gap` is the row's distance from the segment, and `part` where
    /// the part of the segment nearest to the row begins and ends, in columns. The distance of a box from a segment is
    /// convex along a row: only the nearest cells to either side of that part count.
    fn visit_row(&self, row: usize, gap: f64, part: [f64; 2], (from, to): (Point, Point), best: &mut f64) {
        let last_column = self.geometry().width - 1;
        let column = |u: f64| (u.max(0.0) as usize).min(last_column);
        let (left, right) = (part[0].min(part[1]), part[0].max(part[1]));
        let (first, last) = (column(left), column(right));
        let (leftmost, rightmost) = (from[0].min(to[0]), from[0].max(to[0]));
        let right_of = self.occupied.first_from(row, first, column(rightmost + *best));
        if right_of.is_some_and(|column| column <= last) {
            *best = best.min(gap.max(0.0));
            return;
        }
        let exact = |column: usize| {
            let corner = [column as f64, row as f64];
            Aabb { low: corner, high: corner.map(|value| value + 1.0) }.distance_to_segment(from, to)
        };
        if let Some(column) = right_of
            && column as f64 - rightmost < *best
        {
            *best = best.min(exact(column));
        }
        if first > 0
            && let Some(column) = self.occupied.last_until(row, column(leftmost - *best).min(first - 1), first - 1)
            && leftmost - (column + 1) as f64 <= *best
        {
            *best = best.min(exact(column));
        }
    }
}
