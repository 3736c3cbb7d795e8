//! The collision check of a whole path: the ball is swept along it, not sampled.

use super::point_mass::{Point, RADIUS_M};
use super::{Layout, WallBox};

/// Clearances above this are reported as this: farther walls are not looked at.
const HORIZON_M: f64 = 0.5;

/// What a sweep found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweptPath {
    /// Smallest distance between the ball's surface and a wall, metres; negative where it enters one, at
    /// most 0.5. NaN if the path holds a number that is not finite.
    pub clearance_m: f64,
    /// Index of the segment (from 0) where the clearance is smallest.
    pub segment: usize,
}

impl SweptPath {
    /// Whether the ball stays at least `clearance_m` away from every wall. False for NaN.
    pub fn is_clear_by(&self, clearance_m: f64) -> bool {
        self.clearance_m >= clearance_m
    }
}

/// Sweeps a ball along polylines in a maze.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    layout: &'a Layout,
    radius_m: f64,
}

impl<'a> Sweep<'a> {
    /// For the maze's own ball.
    pub fn new(layout: &'a Layout) -> Self {
        Self { layout, radius_m: RADIUS_M }
    }

    /// Clearance of a polyline of ball centres. One point is a path of one spot; no point has the full
    /// clearance of nothing. Leaving the grid counts as entering a wall.
    pub fn path(&self, points: impl IntoIterator<Item = Point>) -> SweptPath {
        let mut result = SweptPath { clearance_m: HORIZON_M, segment: 0 };
        let mut previous: Option<Point> = None;
        for (index, point) in points.into_iter().enumerate() {
            let from = previous.unwrap_or(point);
            let clearance = self.segment(from, point);
            if clearance.is_nan() {
                return SweptPath { clearance_m: f64::NAN, segment: index.saturating_sub(1) };
            }
            if clearance < result.clearance_m {
                result = SweptPath { clearance_m: clearance, segment: index.saturating_sub(1) };
            }
            previous = Some(point);
        }
        result
    }

    /// Clearance of one straight segment, as in [`Self::path`].
    pub fn segment(&self, from: Point, to: Point) -> f64 {
        let finite = from.iter().chain(&to).all(|value| value.is_finite());
        if !finite {
            return f64::NAN;
        }
        let reach = self.radius_m + HORIZON_M;
        let cell = |value: f64| (value.clamp(-4.0, 1e3) + 0.2).round() as i64;
        let (low_row, high_row) = (cell(from[0].min(to[0]) - reach), cell(from[0].max(to[0]) + reach));
        let (low_column, high_column) = (cell(from[1].min(to[1]) - reach), cell(from[1].max(to[1]) + reach));
        // Beyond the grid everything is wall, one ring of it suffices: whoever is farther out is inside it.
        let (rows, columns) = (self.layout.rows() as i64, self.layout.columns() as i64);
        let outside = |point: Point| {
            let (row, column) = (cell(point[0]), cell(point[1]));
            row < 0 || column < 0 || row >= rows || column >= columns
        };
        if outside(from) || outside(to) {
            return -self.radius_m;
        }
        let mut clearance = HORIZON_M;
        for row in low_row.max(-1)..=high_row.min(rows) {
            for column in low_column.max(-1)..=high_column.min(columns) {
                if self.layout.is_wall_signed(row, column) {
                    let distance = segment_to_box(from, to, &Layout::wall_box(row, column));
                    clearance = clearance.min(distance - self.radius_m);
                }
            }
        }
        clearance
    }
}

/// Distance between a segment and a box; 0 where they touch or overlap.
fn segment_to_box(from: Point, to: Point, wall: &WallBox) -> f64 {
    if crosses(from, to, wall) {
        return 0.0;
    }
    let corners = [wall.low, wall.high, [wall.low[0], wall.high[1]], [wall.high[0], wall.low[1]]];
    let ends = distance(from, wall.nearest(from)).min(distance(to, wall.nearest(to)));
    corners.into_iter().fold(ends, |best, corner| best.min(point_to_segment(corner, from, to)))
}

fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn point_to_segment(point: Point, from: Point, to: Point) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length_squared = along[0] * along[0] + along[1] * along[1];
    if length_squared <= 0.0 {
        return distance(point, from);
    }
    let projected = ((point[0] - from[0]) * along[0] + (point[1] - from[1]) * along[1]) / length_squared;
    let t = projected.clamp(0.0, 1.0);
    distance(point, [from[0] + t * along[0], from[1] + t * along[1]])
}

/// Slab test: whether the segment meets the box.
fn crosses(from: Point, to: Point, wall: &WallBox) -> bool {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let along = to[axis] - from[axis];
        if along.abs() < 1e-300 {
            if from[axis] < wall.low[axis] || from[axis] > wall.high[axis] {
                return false;
            }
            continue;
        }
        let a = (wall.low[axis] - from[axis]) / along;
        let b = (wall.high[axis] - from[axis]) / along;
        enter = enter.max(a.min(b));
        leave = leave.min(a.max(b));
    }
    enter <= leave
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clearance_in_the_middle_of_a_corridor_is_what_the_geometry_says() {
        let layout = Layout::umaze();
        let sweep = Sweep::new(&layout);
        let swept = sweep.path([[0.8, 1.0], [0.8, 2.8]]);
        assert!((swept.clearance_m - 0.4).abs() < 1e-12, "{swept:?}");
        assert!(swept.is_clear_by(0.39) && !swept.is_clear_by(0.41));
    }

    #[test]
    fn a_long_step_through_a_wall_is_seen() {
        let layout = Layout::umaze();
        assert!((Sweep::new(&layout).path([[1.0, 1.0], [3.0, 1.0]]).clearance_m + 0.1).abs() < 1e-12);
    }

    #[test]
    fn nan_and_leaving_the_grid_are_never_clear() {
        let layout = Layout::umaze();
        let sweep = Sweep::new(&layout);
        for bad in [f64::NAN, f64::INFINITY, 1e12, -1e12] {
            assert!(!sweep.path([[1.0, 1.0], [bad, 1.0]]).is_clear_by(0.0), "{bad}");
            assert!(!sweep.path([[bad, 1.0]]).is_clear_by(0.0), "{bad}");
        }
    }

    proptest! {
        /// The swept check is never more generous than a dense sampling of the same segment.
        #[test]
        fn sweeping_is_at_least_as_strict_as_sampling(x in 0.3..3.3f64, y in 0.3..3.3f64, u in 0.3..3.3f64, v in 0.3..3.3f64) {
            let layout = Layout::umaze();
            let sweep = Sweep::new(&layout);
            let swept = sweep.segment([x, y], [u, v]);
            let sampled = (0..=400).map(|k| {
                let t = f64::from(k) / 400.0;
                let point = [x + t * (u - x), y + t * (v - y)];
                sweep.segment(point, point)
            }).fold(f64::INFINITY, f64::min);
            prop_assert!(swept <= sampled + 1e-12);
            prop_assert!(sampled - swept < 0.02);
        }
    }
}
