//! Where the ball's centre may be in a maze: the cells less what the walls' thickness and corners take.

use planwright::world::{Layout, Point, RADIUS_M};

/// Free space of one cell: a rectangle, less a disc at each inner corner of the maze.
struct FreeCell {
    low: Point,
    high: Point,
    corners: Vec<Point>,
}

/// Free space of a maze, metres.
pub(super) struct FreeSpace {
    cells: Vec<FreeCell>,
}

impl FreeSpace {
    pub(super) fn of(layout: &Layout) -> Self {
        let cells = layout.free_cells().map(|(row, column)| FreeCell::of(layout, row as i64, column as i64)).collect();
        Self { cells }
    }

    /// Corners of the smallest box that holds all of it.
    pub(super) fn bounds(&self) -> (Point, Point) {
        self.cells.iter().fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(low, high), cell| {
            let pick = |a: Point, b: Point, choose: fn(f64, f64) -> f64| [choose(a[0], b[0]), choose(a[1], b[1])];
            (pick(low, cell.low, f64::min), pick(high, cell.high, f64::max))
        })
    }

    /// The nearest place for the ball's centre; the point itself if it is one. A point that is not finite stays.
    pub(super) fn nearest(&self, point: Point) -> Point {
        if !point.iter().all(|value| value.is_finite()) {
            return point;
        }
        let mut best = (f64::INFINITY, point);
        for cell in &self.cells {
            let candidate = cell.nearest(point);
            let distance = (candidate[0] - point[0]).hypot(candidate[1] - point[1]);
            if distance < best.0 {
                best = (distance, candidate);
            }
        }
        best.1
    }
}

impl FreeCell {
    fn of(layout: &Layout, row: i64, column: i64) -> Self {
        let bounds = Layout::cell_box(row, column);
        let (mut low, mut high) = (bounds.low, bounds.high);
        let open = |dx: i64, dy: i64| !layout.is_wall_signed(row + dx, column + dy);
        for (axis, (below, above)) in [(open(-1, 0), open(1, 0)), (open(0, -1), open(0, 1))].into_iter().enumerate() {
            low[axis] += if below { 0.0 } else { RADIUS_M };
            high[axis] -= if above { 0.0 } else { RADIUS_M };
        }
        let corner = |dx: i64, dy: i64| {
            let side = |step: i64, axis: usize| if step > 0 { bounds.high[axis] } else { bounds.low[axis] };
            let inner = open(dx, 0) && open(0, dy) && !open(dx, dy);
            inner.then(|| [side(dx, 0), side(dy, 1)])
        };
        let corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)].into_iter().filter_map(|(dx, dy)| corner(dx, dy)).collect();
        Self { low, high, corners }
    }

    fn nearest(&self, point: Point) -> Point {
        let mut nearest: Point = std::array::from_fn(|axis| point[axis].clamp(self.low[axis], self.high[axis]));
        for corner in &self.corners {
            let mut away = [nearest[0] - corner[0], nearest[1] - corner[1]];
            let mut distance = away[0].hypot(away[1]);
            if distance >= RADIUS_M {
                continue;
            }
            if !(distance > 1e-9) {
                // On the corner itself every way out is as near; take the one into the cell.
                away = std::array::from_fn(|axis| if corner[axis] > self.low[axis] { -1.0 } else { 1.0 });
                distance = std::f64::consts::SQRT_2;
            }
            nearest = std::array::from_fn(|axis| corner[axis] + RADIUS_M * away[axis] / distance);
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::world::{PointMass, Sweep};

    #[test]
    fn points_in_walls_go_to_the_nearest_free_place() {
        let space = FreeSpace::of(&Layout::umaze());
        // Wall below the first row; the corridor's far end; inside the middle wall, nearer to its right.
        for (point, want) in
            [([0.1, 1.0], [0.4, 1.0]), ([3.0, 5.0], [3.0, 3.2]), ([2.0, 2.2], [2.0, 2.4]), ([1.0, 1.0], [1.0, 1.0])]
        {
            let got = space.nearest(point);
            assert!((got[0] - want[0]).abs() < 1e-12 && (got[1] - want[1]).abs() < 1e-12, "{point:?} {got:?}");
        }
        assert!(space.nearest([f64::NAN, 1.0])[0].is_nan());
        let (low, high) = space.bounds();
        for (got, want) in [(low[0], 0.4), (low[1], 0.4), (high[0], 3.2), (high[1], 3.2)] {
            assert!((got - want).abs() < 1e-12);
        }
    }

    #[test]
    fn inner_corners_are_round() {
        let space = FreeSpace::of(&Layout::umaze());
        // The wall of cell (2, 2) ends at (1.3, 2.3); 3-4-5 triangle from there.
        let got = space.nearest([1.3 - 0.03, 2.3 + 0.04]);
        assert!((got[0] - (1.3 - 0.06)).abs() < 1e-9 && (got[1] - (2.3 + 0.08)).abs() < 1e-9, "{got:?}");
    }

    #[test]
    fn every_place_found_is_free_and_stays() {
        for layout in [Layout::umaze(), Layout::medium(), Layout::large()] {
            let (space, sweep) = (FreeSpace::of(&layout), Sweep::new(&layout, PointMass::FOOTPRINT));
            for step in 0..20_000 {
                let point = [(f64::from(step) * 0.618).rem_euclid(9.0), (f64::from(step) * 0.414).rem_euclid(12.0)];
                let free = space.nearest(point);
                assert!(sweep.segment(free, free) >= -1e-9, "{point:?} {free:?}");
                let again = space.nearest(free);
                assert!((again[0] - free[0]).hypot(again[1] - free[1]) < 1e-9);
                if sweep.segment(point, point) >= 0.0 {
                    assert_eq!(free, point);
                }
            }
        }
    }
}
