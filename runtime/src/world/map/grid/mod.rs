//! Occupancy grids: cells that are free, occupied or unknown, with their exact distance field.

mod as_map;
mod cells;
mod classes;
mod error;
mod field;
mod geometry;
mod nearest;
mod update;
mod ways;

pub use classes::{CellClass, Thresholds, UnknownSpace};
pub use error::GridError;
pub use field::DistanceField;
pub use geometry::{GridGeometry, MAX_SIDE_CELLS, check_sides};

use crate::geometry::{Aabb, Point};
use cells::Cells;
use geometry::Frame;
use std::fmt;
use ways::Ways;

/// Share of a cell's side by which a box may overlap a cell that stays free.
const HAIR: f64 = 1e-3;

/// Largest side of a cell for which the distance between centres of cells may be interpolated everywhere, metres: near
/// walls of wider cells it is centimetres too large.
const FINE_M: f64 = 0.1 + 1e-9;

/// A grid of free and occupied cells. Occupied cells are closed boxes, and space outside the grid is occupied.
#[derive(Clone, PartialEq)]
pub struct GridMap {
    name: String,
    frame: Frame,
    occupied: Cells,
    /// Cells of unknown space, where a map has any.
    unknown: Option<Cells>,
    thresholds: Thresholds,
    unknown_space: UnknownSpace,
    field: DistanceField,
    ways: Option<Ways>,
}

impl GridMap {
    /// Of flags in row order, `true` for occupied.
    ///
    /// # Errors
    /// If the numbers make no grid, or there are more or fewer flags than cells.
    pub fn new(name: &str, geometry: GridGeometry, occupied: Vec<bool>) -> Result<Self, GridError> {
        geometry.check()?;
        let GridGeometry { width, height, resolution_m, .. } = geometry;
        if occupied.len() != geometry.cells() {
            return Err(GridError::Cells { expected: geometry.cells(), got: occupied.len() });
        }
        let field = DistanceField::new(width, height, resolution_m, &occupied);
        let occupied = Cells::new(width, height, &occupied);
        Ok(Self {
            name: name.to_owned(),
            frame: Frame::new(geometry),
            occupied,
            unknown: None,
            thresholds: Thresholds::default(),
            unknown_space: UnknownSpace::default(),
            field,
            ways: None,
        })
    }

    /// Of an OccupancyGrid's values in row order: -1 for unknown space, else percent.
    ///
    /// # Errors
    /// As [`Self::new`]; if the thresholds have no order; if a value is no occupancy.
    pub fn from_occupancy(
        name: &str,
        geometry: GridGeometry,
        values: &[i8],
        thresholds: Thresholds,
        unknown_space: UnknownSpace,
    ) -> Result<Self, GridError> {
        geometry.check()?;
        if values.len() != geometry.cells() {
            return Err(GridError::Cells { expected: geometry.cells(), got: values.len() });
        }
        let (occupied, unknown) = thresholds.check()?.read(values, unknown_space)?;
        let unknown = unknown.contains(&true).then(|| Cells::new(geometry.width, geometry.height, &unknown));
        Ok(Self { unknown, thresholds, unknown_space, ..Self::new(name, geometry, occupied)? })
    }

    /// Boxes drawn as cells: every cell that a box overlaps by more than a hair is occupied, and so is every cell that
    /// does not lie within the bounds.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_boxes(
        name: &str,
        bounds: Aabb,
        resolution_m: f64,
        boxes: impl Iterator<Item = Aabb>,
    ) -> Result<Self, GridError> {
        let sides = [0, 1].map(|axis| ((bounds.high[axis] - bounds.low[axis]) / resolution_m - HAIR).ceil());
        // A conversion to an integer saturates, and turns NaN into 0: both are refused as sizes.
        let [width, height] = sides.map(|side| side as usize);
        let geometry = GridGeometry { origin: bounds.low, yaw_rad: 0.0, resolution_m, width, height };
        geometry.check()?;
        let mut occupied = vec![false; geometry.cells()];
        let Aabb { low, high } = bounds;
        let far = 2.0 * (high[0] - low[0] + high[1] - low[1]);
        let beyond = [
            Aabb { low: [high[0], low[1]], high: [high[0] + far, high[1] + far] },
            Aabb { low: [low[0], high[1]], high: [high[0] + far, high[1] + far] },
        ];
        for Aabb { low: from, high: to } in boxes.chain(beyond) {
            let cells = |axis: usize, count: usize| {
                let first = ((from[axis] - low[axis]) / resolution_m + HAIR).floor().max(0.0) as usize;
                let last = ((to[axis] - low[axis]) / resolution_m - HAIR).ceil().max(0.0) as usize;
                first..last.min(count)
            };
            for row in cells(1, height) {
                for column in cells(0, width) {
                    occupied[row * width + column] = true;
                }
            }
        }
        Self::new(name, geometry, occupied)
    }

    /// Where its cells lie.
    pub fn geometry(&self) -> &GridGeometry {
        &self.frame.geometry
    }

    /// Whether a cell is occupied; true outside.
    pub fn is_occupied(&self, column: usize, row: usize) -> bool {
        self.occupied.get(column, row)
    }

    /// What a cell is; unknown outside. Unknown cells may be occupied, as [`Self::is_occupied`] says.
    pub fn class_of(&self, column: usize, row: usize) -> CellClass {
        let is_outside = column >= self.geometry().width || row >= self.geometry().height;
        if is_outside || self.unknown.as_ref().is_some_and(|unknown| unknown.get(column, row)) {
            CellClass::Unknown
        } else if self.is_occupied(column, row) {
            CellClass::Occupied
        } else {
            CellClass::Free
        }
    }

    /// Whether a way through a cell is free but should cost the search more.
    pub fn is_costly(&self, column: usize, row: usize) -> bool {
        self.unknown_space == UnknownSpace::Costly && self.class_of(column, row) == CellClass::Unknown
    }

    /// Computes which cells a way connects that keeps `distance_m`, for [`Map::may_connect`](super::Map::may_connect) of
    /// this distance and larger ones; until then, and after an update, all cells count as connected.
    pub fn compute_ways(&mut self, distance_m: f64) {
        self.ways = Some(Ways::new(&self.field, self.geometry().resolution_m, distance_m));
    }

    /// Its distance field.
    pub fn field(&self) -> &DistanceField {
        &self.field
    }

    /// Distance from the nearest occupied cell, metres: the field between the centres of cells (bilinear), and exact within
    /// two cells of obstacles where cells are wider than 0.1 m; 0 outside, NaN for NaN.
    pub fn distance(&self, point: Point) -> f64 {
        if point[0].is_nan() || point[1].is_nan() {
            return f64::NAN;
        }
        let Some((column, row)) = self.cell_of(point) else { return 0.0 };
        let (at, side_m) = (self.frame.cells_from_map(point), self.geometry().resolution_m);
        if self.is_exact_near() && f64::from(self.field.at(column, row)) < 2.0 * side_m {
            return side_m * self.nearest(at, at, f64::INFINITY);
        }
        let [u, v] = at.map(|value| value - 0.5);
        // Below 0 lies the ring of cells outside, whose distance is 0.
        let (column, row) = (u.floor(), v.floor());
        let (across, along) = (u - column, v - row);
        let at = |du: f64, dv: f64| {
            let (column, row) = (column + du, row + dv);
            let outside = column < 0.0 || row < 0.0;
            if outside { 0.0 } else { f64::from(self.field.at(column as usize, row as usize)) }
        };
        let of_row = |dv: f64| (1.0 - across) * at(0.0, dv) + across * at(1.0, dv);
        (1.0 - along) * of_row(0.0) + along * of_row(1.0)
    }

    /// Whether [`Self::distance`] is exact near obstacles: cells are wider than 0.1 m.
    pub fn is_exact_near(&self) -> bool {
        self.geometry().resolution_m > FINE_M
    }

    /// Column and row of the cell that holds a point.
    pub fn cell_of(&self, point: Point) -> Option<(usize, usize)> {
        let [u, v] = self.frame.cells_from_map(point);
        let GridGeometry { width, height, .. } = *self.geometry();
        let inside = u >= 0.0 && v >= 0.0 && u < width as f64 && v < height as f64;
        inside.then_some((u as usize, v as usize))
    }

    /// The centre of a cell of this column and row.
    pub fn centre_of(&self, (column, row): (usize, usize)) -> Point {
        self.frame.map_from_cells([column as f64 + 0.5, row as f64 + 0.5])
    }
}

impl fmt::Debug for GridMap {
    /// Without its cells.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GridMap").field("name", &self.name).field("geometry", self.geometry()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
