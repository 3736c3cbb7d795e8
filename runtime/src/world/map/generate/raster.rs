//! Painting of boxes and strokes on cells.

use super::RESOLUTION_M;
use crate::geometry::{Aabb, Point, distance_to_segment};

/// Cells to paint on, all free at first.
pub(super) struct Raster {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) occupied: Vec<bool>,
}

impl Raster {
    pub(super) fn new([width, height]: [usize; 2]) -> Self {
        Self { width, height, occupied: vec![false; width * height] }
    }

    /// Width and height, metres.
    pub(super) fn size_m(&self) -> Point {
        [self.width as f64 * RESOLUTION_M, self.height as f64 * RESOLUTION_M]
    }

    /// Every cell.
    pub(super) fn fill(&mut self, occupied: bool) {
        self.occupied.fill(occupied);
    }

    /// Cells whose centre lies in a box.
    pub(super) fn paint_box(&mut self, area: Aabb, occupied: bool) {
        self.paint(area, occupied, |_| true);
    }

    /// Cells whose centre lies within `radius_m` of a segment: a disc where its ends are one.
    pub(super) fn paint_stroke(&mut self, from: Point, to: Point, radius_m: f64, occupied: bool) {
        let low = [0, 1].map(|axis| from[axis].min(to[axis]) - radius_m);
        let high = [0, 1].map(|axis| from[axis].max(to[axis]) + radius_m);
        self.paint(Aabb { low, high }, occupied, |centre| distance_to_segment(centre, from, to) <= radius_m);
    }

    /// Occupies the outermost cells.
    pub(super) fn close_border(&mut self) {
        let (width, height) = (self.width, self.height);
        for (index, cell) in self.occupied.iter_mut().enumerate() {
            let (row, column) = (index / width, index % width);
            *cell |= row == 0 || column == 0 || row + 1 == height || column + 1 == width;
        }
    }

    fn paint(&mut self, area: Aabb, occupied: bool, holds: impl Fn(Point) -> bool) {
        // The first cell whose centre lies at or above a coordinate.
        let first = |value: f64| (value / RESOLUTION_M - 0.5).ceil().max(0.0) as usize;
        let columns = first(area.low[0])..first(area.high[0]).min(self.width);
        for row in first(area.low[1])..first(area.high[1]).min(self.height) {
            for column in columns.clone() {
                let centre = [column, row].map(|cell| (cell as f64 + 0.5) * RESOLUTION_M);
                if holds(centre) {
                    self.occupied[row * self.width + column] = occupied;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_painted_by_their_centres_and_nothing_outside() {
        let mut raster = Raster::new([10, 5]);
        raster.paint_box(Aabb { low: [0.14, -3.0], high: [0.36, 0.26] }, true);
        let cells = |raster: &Raster| (0..50).filter(|cell| raster.occupied[*cell]).collect::<Vec<_>>();
        assert_eq!(cells(&raster), [1, 2, 3, 11, 12, 13, 21, 22, 23]);
        raster.fill(false);
        raster.paint_stroke([0.45, 0.25], [0.45, 0.25], 0.11, true);
        assert_eq!(cells(&raster), [14, 23, 24, 25, 34]);
        raster.paint_stroke([0.0, 0.25], [9.0, 0.25], 0.2, false);
        assert!(cells(&raster).is_empty());
    }
}
