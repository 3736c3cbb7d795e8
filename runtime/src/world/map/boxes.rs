//! A maze as a map: every wall cell is a box of 1 m.

use super::{CLEARANCE_CAP_M, Layout, Map, Surface};
use crate::geometry::{Aabb, Footprint, Point};

impl Map for Layout {
    fn name(&self) -> &str {
        Layout::name(self)
    }

    fn bounds(&self) -> Aabb {
        let last = Self::cell_box(self.rows() as i64 - 1, self.columns() as i64 - 1);
        Aabb { low: Self::cell_box(0, 0).low, high: last.high }
    }

    fn is_free(&self, point: Point) -> bool {
        Layout::is_free(self, point)
    }

    fn swept_clearance(&self, footprint: Footprint, from: Point, to: Point) -> f64 {
        if !from.iter().chain(&to).all(|value| value.is_finite()) {
            return f64::NAN;
        }
        let radius_m = footprint.circumscribed_radius_m();
        let reach = radius_m + CLEARANCE_CAP_M;
        let cell = |value: f64| (value.clamp(-4.0, 1e3) + 0.2).round() as i64;
        let (low_row, high_row) = (cell(from[0].min(to[0]) - reach), cell(from[0].max(to[0]) + reach));
        let (low_column, high_column) = (cell(from[1].min(to[1]) - reach), cell(from[1].max(to[1]) + reach));
        // Beyond the grid everything is wall, and one ring of it suffices: a point farther out is inside it.
        let (rows, columns) = (self.rows() as i64, self.columns() as i64);
        let outside = |point: Point| {
            let (row, column) = (cell(point[0]), cell(point[1]));
            row < 0 || column < 0 || row >= rows || column >= columns
        };
        if outside(from) || outside(to) {
            return -radius_m;
        }
        let mut clearance = CLEARANCE_CAP_M;
        for row in low_row.max(-1)..=high_row.min(rows) {
            for column in low_column.max(-1)..=high_column.min(columns) {
                if self.is_wall_signed(row, column) {
                    let distance = Self::cell_box(row, column).distance_to_segment(from, to);
                    clearance = clearance.min(distance - radius_m);
                }
            }
        }
        clearance
    }

    fn visit_surfaces(&self, point: Point, visit: &mut dyn FnMut(Surface)) {
        let (row, column) = Self::cell_of(point);
        for i in row.saturating_sub(1)..=row.saturating_add(1) {
            for j in column.saturating_sub(1)..=column.saturating_add(1) {
                // Outside the grid there is no geometry; the border cells are walls by construction.
                let inside = i >= 0 && j >= 0 && (i as usize) < self.rows() && (j as usize) < self.columns();
                if inside && self.is_wall_signed(i, j) {
                    visit(Surface::of_box(&Self::cell_box(i, j), point));
                }
            }
        }
    }

    fn push_out(&self, point: Point, distance_m: f64) -> Point {
        if !(point[0].is_finite() && point[1].is_finite()) {
            return point;
        }
        let mut out = point;
        // Two rounds: the second mends what pushing out of one wall did at another.
        for _ in 0..2 {
            let (row, column) = Self::cell_of(out);
            let mut moved = false;
            for i in row.saturating_sub(1)..=row.saturating_add(1) {
                for j in column.saturating_sub(1)..=column.saturating_add(1) {
                    if !self.is_wall_signed(i, j) {
                        continue;
                    }
                    let nearest = Self::cell_box(i, j).nearest(out);
                    let offset = [out[0] - nearest[0], out[1] - nearest[1]];
                    let distance = offset[0].hypot(offset[1]);
                    if distance >= distance_m {
                        continue;
                    }
                    moved = true;
                    if distance > 1e-9 {
                        let by = (distance_m - distance) / distance;
                        out = [out[0] + by * offset[0], out[1] + by * offset[1]];
                    } else {
                        out = through_open_face(self, (i, j), out, distance_m);
                    }
                }
            }
            if !moved {
                break;
            }
        }
        out
    }

    /// Exact for distances below half a cell, which every way through the sides of cells can keep; wider robots find
    /// ways in fewer places than this finds.
    fn may_connect(&self, _distance_m: f64, from: Point, to: Point) -> bool {
        self.is_connected(from, to)
    }

    fn obstacles(&self) -> Vec<Aabb> {
        self.wall_boxes().collect()
    }
}

/// From inside a wall: out through the nearest face behind which there is no other wall.
fn through_open_face(layout: &Layout, (row, column): (i64, i64), point: Point, keep: f64) -> Point {
    let wall = Layout::cell_box(row, column);
    let faces = [
        (point[0] - wall.low[0], (row - 1, column), [wall.low[0] - keep, point[1]]),
        (wall.high[0] - point[0], (row + 1, column), [wall.high[0] + keep, point[1]]),
        (point[1] - wall.low[1], (row, column - 1), [point[0], wall.low[1] - keep]),
        (wall.high[1] - point[1], (row, column + 1), [point[0], wall.high[1] + keep]),
    ];
    let mut best = (f64::INFINITY, point);
    for (depth, (i, j), target) in faces {
        if !layout.is_wall_signed(i, j) && depth < best.0 {
            best = (depth, target);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_all_cells_and_space_outside_is_occupied() {
        let layout = Layout::umaze();
        let map: &dyn Map = &layout;
        let bounds = map.bounds();
        assert!((bounds.low[0] + 0.7).abs() < 1e-12 && (bounds.high[1] - 4.3).abs() < 1e-12, "{bounds:?}");
        assert!(map.obstacles().iter().all(|wall| bounds.nearest(wall.low) == wall.low));
        assert!(!map.is_free([5.0, 5.0]) && map.clearance(Footprint::Circle { radius_m: 0.2 }, [9.0, 1.0]) == -0.2);
    }

    #[test]
    fn a_point_pushed_out_keeps_its_distance() {
        let map = Layout::umaze();
        for point in [[1.0, 1.25], [0.75, 0.35], [2.0, 1.2], [1.31, 2.0]] {
            let out = map.push_out(point, 0.15);
            assert!(map.clearance(Footprint::Circle { radius_m: 0.15 }, out) >= -1e-12, "{point:?} to {out:?}");
        }
        assert!(map.push_out([f64::NAN, 1.0], 0.1)[0].is_nan());
    }
}
