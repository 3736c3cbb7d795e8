//! The sliding average of a motion over time: where the speed jumps it becomes a ramp, so that the acceleration is at most
//! the jump over the window's length, and no place is farther from the motion than an eighth of their product.

use super::lattice::LatticePath;
use crate::geometry::{Point, lerp};
use crate::world::State;

/// Adds the states every `dt_secs` of a motion along a path, averaged over a window. Before its first stop the motion comes
/// from `start`, `lead_secs` before (half a window, or more of a robot that stands) and at constant velocity, as if it had
/// always gone on like that; so the average begins at `start` with that velocity. It ends at rest at the last stop. At most
/// `max_states` are added.
pub(in crate::planner::corridor) fn average(
    start: Point,
    path: &LatticePath,
    [lead_secs, window_secs]: [f64; 2],
    dt_secs: f64,
    max_states: usize,
    states: &mut Vec<State>,
) {
    let half_secs = 0.5 * window_secs;
    let Some((last_secs, end)) = path.stops.last().copied() else { return };
    let (mut early, mut late) = (Cursor::new(start, lead_secs, path), Cursor::new(start, lead_secs, path));
    let whole_secs = lead_secs + last_secs + half_secs;
    for index in 0..max_states.saturating_sub(1) {
        let secs = dt_secs * index as f64;
        if secs >= whole_secs {
            break;
        }
        let ((from, before), (to, after)) = (early.at(secs - half_secs), late.at(secs + half_secs));
        let mean = |axis: usize| (after[axis] - before[axis]) / window_secs;
        let position = [mean(0), mean(1)];
        let velocity = [0, 1].map(|axis: usize| (to[axis] - from[axis]) / window_secs);
        states.push(State::moving(position, velocity));
    }
    states.push(State::at_rest(end));
}

/// A place on the motion that moves forward in time, with the integral of the places from time 0 on.
struct Cursor<'a> {
    path: &'a LatticePath,
    /// Of the path's first stop.
    offset_secs: f64,
    start: Point,
    /// The piece it is in: 0 before the first stop.
    piece: usize,
    /// Integral up to where the piece begins, m s.
    sum: Point,
}

impl<'a> Cursor<'a> {
    fn new(start: Point, offset_secs: f64, path: &'a LatticePath) -> Self {
        Self { path, offset_secs, start, piece: 0, sum: [0.0; 2] }
    }

    /// When and where a piece begins and ends; the last has no end and stands.
    fn piece(&self, index: usize) -> Option<[(f64, Point); 2]> {
        let stop = |index: usize| self.path.stops.get(index).map(|(secs, at)| (secs + self.offset_secs, *at));
        Some([if index == 0 { (0.0, self.start) } else { stop(index - 1)? }, stop(index)?])
    }

    /// Place and integral at a time, which must not fall from call to call.
    fn at(&mut self, secs: f64) -> (Point, Point) {
        while let Some([(begin, from), (end, to)]) = self.piece(self.piece) {
            if secs <= end {
                let span = end - begin;
                let place = if span > 0.0 { lerp(from, to, (secs - begin) / span) } else { from };
                return (place, self.sum_of(from, place, secs - begin));
            }
            self.sum = self.sum_of(from, to, end - begin);
            self.piece += 1;
        }
        let (last_secs, end) = self.path.stops.last().copied().unwrap_or((0.0, self.start));
        (end, self.sum_of(end, end, secs - last_secs - self.offset_secs))
    }

    fn sum_of(&self, from: Point, to: Point, secs: f64) -> Point {
        std::array::from_fn(|axis| self.sum[axis] + 0.5 * secs * (from[axis] + to[axis]))
    }
}
