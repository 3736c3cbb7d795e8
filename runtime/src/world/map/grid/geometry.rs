//! Where the cells of a grid lie: origin, yaw and resolution of an OccupancyGrid (nav_msgs/MapMetaData).

use super::GridError;
use crate::geometry::{Aabb, Point};

/// Largest side of a grid, cells.
pub const MAX_SIDE_CELLS: usize = 4000;
/// Coordinates beyond this have too few digits left for cells of a few centimetres, metres.
const MAX_ORIGIN_M: f64 = 1e7;

/// Refuses sizes before anything is allocated for them.
///
/// # Errors
/// [`GridError::Size`].
pub fn check_sides(width: usize, height: usize) -> Result<(), GridError> {
    let side = 1..=MAX_SIDE_CELLS;
    let fits = side.contains(&width) && side.contains(&height);
    if fits { Ok(()) } else { Err(GridError::Size { width, height }) }
}

/// Frame of a grid's cells. Columns count along the grid's x axis, rows along its y axis; the index of a cell is
/// `row * width + column`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridGeometry {
    /// Lower corner of cell (0, 0) in the map's frame, metres.
    pub origin: Point,
    /// Angle of the grid's x axis in the map's frame.
    pub yaw_rad: f64,
    /// Side of a cell.
    pub resolution_m: f64,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl GridGeometry {
    /// Checks sizes and numbers.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), GridError> {
        let Self { origin, yaw_rad, resolution_m, width, height } = *self;
        check_sides(width, height)?;
        if !(1e-4..=1e3).contains(&resolution_m) {
            return Err(GridError::Resolution(resolution_m));
        }
        let is_near = |value: &f64| value.abs() <= MAX_ORIGIN_M;
        if !(origin.iter().all(is_near) && is_near(&yaw_rad)) {
            return Err(GridError::Origin { x: origin[0], y: origin[1], yaw_rad });
        }
        Ok(())
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.width * self.height
    }
}

/// The same with sine and cosine of the yaw, which every look-up needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) geometry: GridGeometry,
    sin: f64,
    cos: f64,
}

impl Frame {
    pub(super) fn new(geometry: GridGeometry) -> Self {
        let (sin, cos) = geometry.yaw_rad.sin_cos();
        Self { geometry, sin, cos }
    }

    /// A point of the map's frame in cells: columns and rows from the lower corner of cell (0, 0).
    pub(super) fn cells_from_map(&self, point: Point) -> Point {
        let GridGeometry { origin, resolution_m, .. } = self.geometry;
        let [x, y] = [point[0] - origin[0], point[1] - origin[1]];
        [(self.cos * x + self.sin * y) / resolution_m, (self.cos * y - self.sin * x) / resolution_m]
    }

    /// The inverse.
    pub(super) fn map_from_cells(&self, [u, v]: Point) -> Point {
        let GridGeometry { origin, resolution_m, .. } = self.geometry;
        let [x, y] = self.turned([u * resolution_m, v * resolution_m]);
        [origin[0] + x, origin[1] + y]
    }

    /// A direction of the grid in the map's frame.
    pub(super) fn turned(&self, [x, y]: Point) -> Point {
        [self.cos * x - self.sin * y, self.sin * x + self.cos * y]
    }

    /// The box along the axes of the map's frame that holds all cells.
    pub(super) fn bounds(&self) -> Aabb {
        let (width, height) = (self.geometry.width as f64, self.geometry.height as f64);
        let corners = [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]].map(|at| self.map_from_cells(at));
        let over = |pick: fn(f64, f64) -> f64| {
            [0, 1].map(|axis| corners.iter().fold(corners[0][axis], |best, corner| pick(best, corner[axis])))
        };
        Aabb { low: over(f64::min), high: over(f64::max) }
    }
}
