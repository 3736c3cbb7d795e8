//! Why numbers make no grid.

use super::geometry::MAX_SIDE_CELLS;
use crate::figures::Figure;

/// What is wrong with a grid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GridError {
    /// No cells, or more than are searched in useful time.
    #[error(
        "expected a map of 1 x 1 to {max} x {max} cells, got {width} x {height}\nhint: crop the map, or draw it with larger cells", max = MAX_SIDE_CELLS
    )]
    Size {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Fewer or more values than cells.
    #[error("expected {expected} cells, as width and height state, got {got}")]
    Cells {
        /// Width times height.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// Not the side of a cell.
    #[error("expected a resolution of 0.0001 to 1000 m per cell, got {}", Figure(*.0))]
    Resolution(f64),
    /// Not finite, or so far away that the digits of a coordinate do not suffice.
    #[error(
        "expected an origin within 10000 km and a finite yaw, got {}, {} m and {} rad", Figure(*.x), Figure(*.y), Figure(*.yaw_rad)
    )]
    Origin {
        /// Of cell (0, 0), metres.
        x: f64,
        /// Of cell (0, 0), metres.
        y: f64,
        /// Of the grid's x axis.
        yaw_rad: f64,
    },
    /// A rectangle of an update that does not lie in the grid.
    #[error(
        "expected an update within {width} x {height} cells, got {columns} x {rows} cells from column {column}, row {row}"
    )]
    Update {
        /// Columns of the grid.
        width: usize,
        /// Rows of the grid.
        height: usize,
        /// First column of the update.
        column: usize,
        /// First row of the update.
        row: usize,
        /// Columns of the update.
        columns: usize,
        /// Rows of the update.
        rows: usize,
    },
    /// An OccupancyGrid's value.
    #[error("expected occupancies from -1 to 100, got {got} in cell {index}")]
    Occupancy {
        /// Index of the cell.
        index: usize,
        /// Its value.
        got: i8,
    },
    /// Thresholds that leave no order.
    #[error("expected 0 <= free < occupied <= 100 percent as thresholds, got free {free} and occupied {occupied}")]
    Thresholds {
        /// At most this is free.
        free: i8,
        /// From this on it is occupied.
        occupied: i8,
    },
}
