//! Conversion between mazes and occupancy grids.
//!
//! The map's frame is the maze's own (`qpos`): the cell of row r and column c covers
//! `[r - 0.7, r + 0.3] x [c - 0.7, c + 0.3]` metres.

use crate::figures::{Figure, Place};
use crate::world::{Layout, LayoutError, Robot, World};
use planwright_ros2::messages::nav_msgs::{MapMetaData, OccupancyGrid};
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::tf::Quaternion;
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::{Oddities, check_orientation};
use std::sync::Arc;

/// Occupancy in percent from which a cell is a wall, Nav2's usual threshold.
const OCCUPIED: i8 = 65;
/// A turned map counts as one that is not if that displaces its far corner by no more than this, metres: the clearance
/// that the gate keeps from walls by default.
const MAX_TURN_M: f64 = 0.005;
/// From the index of a maze cell to its lower corner.
const CORNER_M: f64 = 0.7;
/// Side of a cell of a map that is written.
pub const RESOLUTION_M: f64 = 0.1;

/// Why a map is no maze.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MapError {
    /// The grid is turned against the maze.
    #[error(
        "expected a map along the axes of its frame, its far corner within {MAX_TURN_M} m, got one turned by {yaw_rad} rad, or {far_corner_m:.3} m there"
    )]
    Turned {
        /// By this angle, radians.
        yaw_rad: f64,
        /// What that displaces the corner opposite the origin by, metres.
        far_corner_m: f64,
    },
    /// Cells larger than the maze's.
    #[error("expected a resolution of at most 1 m, got {0}")]
    Coarse(String),
    /// Free space below the maze's first row or column.
    #[error(
        "expected free space at coordinates above -0.7 m only, got some outside\nhint: the map's frame must be the maze's"
    )]
    Outside,
    /// More than a maze may have.
    #[error(
        "expected a map of at most {max} m along each axis from -0.7 m on, got {size}, which ends at {end} m\nhint: crop the map to what the robot uses, or move its origin", max = MAX_SIDE
    )]
    TooLarge {
        /// In metres and in cells of the grid.
        size: String,
        /// Where it ends, in the frame of the map.
        end: String,
    },
    /// The cells make no maze.
    #[error("expected a map that is walled in: {0}")]
    Layout(#[from] LayoutError),
}

/// Largest side of a maze in a node, cells of 1 m: its grid goes over the network, and it is searched while a robot drives.
const MAX_SIDE: usize = 64;

/// Whether a maze is small enough for a node.
///
/// # Errors
/// [`LayoutError::TooLarge`].
pub fn check_side(rows: usize, columns: usize) -> Result<(), LayoutError> {
    if rows.max(columns) <= MAX_SIDE {
        return Ok(());
    }
    Err(LayoutError::TooLarge { max: MAX_SIDE, rows, columns })
}

/// The maze as a grid of 0.1 m cells.
pub fn grid_of(layout: &Layout, frame: &str, stamp: RosTime) -> OccupancyGrid {
    let per_cell = (1.0 / RESOLUTION_M).round() as usize;
    let (width, height) = (layout.rows() * per_cell, layout.columns() * per_cell);
    let mut data = Vec::with_capacity(width * height);
    for y in 0..height {
        data.extend((0..width).map(|x| if layout.is_wall(x / per_cell, y / per_cell) { 100 } else { 0 }));
    }
    let mut info = MapMetaData {
        map_load_time: stamp.into(),
        resolution: RESOLUTION_M as f32,
        width: width as u32,
        height: height as u32,
        ..MapMetaData::default()
    };
    info.origin.position.x = -CORNER_M;
    info.origin.position.y = -CORNER_M;
    info.origin.orientation.w = 1.0;
    OccupancyGrid { header: Header { stamp: stamp.into(), frame_id: frame.to_owned() }, info, data }
}

/// The maze that a grid shows, on the side of caution: a maze cell is free only if every grid cell that touches
/// it by more than a hair is known to be free. The grid must have passed [`planwright_ros2::validate::check_map`].
///
/// # Errors
/// If the grid is turned, coarse, open, or free where no maze can be.
pub fn layout_of(grid: &OccupancyGrid) -> Result<Layout, MapError> {
    let resolution = f64::from(grid.info.resolution);
    let rotation = check_orientation(&grid.info.origin.orientation, &mut Oddities::default()).unwrap_or_default();
    let yaw_rad = rotation.map_or(0.0, Quaternion::yaw);
    let far_corner_m = yaw_rad.abs() * resolution * f64::from(grid.info.width).hypot(f64::from(grid.info.height));
    if !(far_corner_m <= MAX_TURN_M) {
        return Err(MapError::Turned { yaw_rad, far_corner_m });
    }
    if !(resolution <= 1.0 + 1e-6) {
        return Err(MapError::Coarse(Figure(resolution).to_string()));
    }
    let (width, height) = (grid.info.width as usize, grid.info.height as usize);
    let origin = [grid.info.origin.position.x, grid.info.origin.position.y];
    let is_free = |x: usize, y: usize| {
        let value = y.checked_mul(width).and_then(|at| at.checked_add(x)).and_then(|at| grid.data.get(at));
        value.is_some_and(|value| (0..OCCUPIED).contains(value))
    };
    // A free cell below the first row would be a place the planner cannot name.
    let low = |axis: usize| ((-CORNER_M - origin[axis]) / resolution + 1e-3).floor().clamp(0.0, 1e9) as usize;
    let (skip_x, skip_y) = (low(0).min(width), low(1).min(height));
    for y in 0..height {
        let margin = if y < skip_y { width } else { skip_x };
        if (0..margin).any(|x| is_free(x, y)) {
            return Err(MapError::Outside);
        }
    }
    let cells = |axis: usize, count: usize| {
        let end = origin[axis] + resolution * count as f64 + CORNER_M;
        (end - 1e-3).ceil().clamp(0.0, 1e6) as usize
    };
    let (rows, columns) = (cells(0, width), cells(1, height));
    if check_side(rows, columns).is_err() {
        let [x, y] = [width, height].map(|cells| resolution * cells as f64);
        let cells = format!("{width} x {height} cells of {} m", Figure(resolution));
        return Err(MapError::TooLarge {
            size: format!("one of {} m x {} m ({cells})", Figure(x), Figure(y)),
            end: Place([origin[0] + x, origin[1] + y]).to_string(),
        });
    }
    // Grid cells that a maze cell touches by more than a hundredth of a grid cell; outside counts as wall.
    let span = |axis: usize, index: usize, count: usize| {
        let from = (index as f64 - CORNER_M - origin[axis]) / resolution;
        let to = from + 1.0 / resolution;
        let (first, last) = ((from + 0.01).floor(), (to - 0.01).ceil());
        (first >= 0.0 && last <= count as f64).then_some(first as usize..last as usize)
    };
    let mut text = String::with_capacity(rows * (columns + 1));
    for row in 0..rows {
        for column in 0..columns {
            let free = match (span(0, row, width), span(1, column, height)) {
                (Some(mut xs), Some(ys)) => xs.all(|x| ys.clone().all(|y| is_free(x, y))),
                _ => false,
            };
            text.push(if free { 'O' } else { '#' });
        }
        text.push('\n');
    }
    Ok(Layout::parse("map", &text)?)
}

/// A map, and the world of a robot on it. Cloning shares the world.
#[derive(Clone, Debug)]
pub struct MappedWorld {
    /// Where it is a maze.
    layout: Option<Layout>,
    world: Arc<World>,
}

impl MappedWorld {
    /// This robot in this maze.
    pub fn new(robot: Arc<dyn Robot>, layout: Layout) -> Self {
        let world = Arc::new(World::new(robot, Arc::new(layout.clone())));
        Self { layout: Some(layout), world }
    }

    /// A world on a map that is no maze.
    pub fn on_grid(world: Arc<World>) -> Self {
        Self { layout: None, world }
    }

    /// The maze, to compare it; `None` for another map.
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// The world, to plan in it.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Rows and columns of a maze, columns and rows of a grid.
    pub fn cells(&self) -> String {
        let grid = self.world.map().as_grid().map(|grid| (grid.geometry().width, grid.geometry().height));
        let maze = self.layout.as_ref().map(|layout| (layout.rows(), layout.columns()));
        maze.or(grid).map_or_else(String::new, |(first, second)| format!("{first} x {second}"))
    }
}

/// Whether two mazes have the same walls.
pub fn same_walls(a: &Layout, b: &Layout) -> bool {
    let (rows, columns) = (a.rows().max(b.rows()), a.columns().max(b.columns()));
    (0..rows).all(|row| (0..columns).all(|column| a.is_wall(row, column) == b.is_wall(row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> RosTime {
        RosTime::from_nanos(0)
    }

    #[test]
    fn a_maze_survives_the_way_over_a_map() {
        for layout in [Layout::umaze(), Layout::medium(), Layout::large()] {
            let grid = grid_of(&layout, "map", stamp());
            assert_eq!(grid.data.len(), (grid.info.width * grid.info.height) as usize);
            let back = layout_of(&grid).expect("a maze");
            assert!(same_walls(&layout, &back), "{}", back.to_text());
        }
    }

    #[test]
    fn an_obstacle_or_unknown_space_in_a_corner_closes_the_cell() {
        let layout = Layout::umaze();
        for value in [100, 65, -1] {
            let mut grid = grid_of(&layout, "map", stamp());
            // Cell (3, 2) covers x in [2.3, 3.3], y in [1.3, 2.3]: its lower corner is grid cell (30, 20).
            grid.data[20 * 50 + 30] = value;
            let back = layout_of(&grid).expect("a maze");
            assert!(back.is_wall(3, 2) && !layout.is_wall(3, 2));
            assert!(!same_walls(&layout, &back));
        }
    }

    #[test]
    fn a_map_turned_by_rounding_is_not_turned_and_one_really_turned_is_named_by_its_angle() {
        let mut grid = grid_of(&Layout::umaze(), "map", stamp());
        let diagonal_m = 5.0_f64.hypot(5.0);
        for yaw_rad in [2e-5, -2e-5, 1e-300, 0.99 * MAX_TURN_M / diagonal_m] {
            grid.info.origin.orientation = Quaternion::from_yaw(yaw_rad).into();
            let back = layout_of(&grid).unwrap_or_else(|error| panic!("{yaw_rad}: {error}"));
            assert!(same_walls(&Layout::umaze(), &back));
        }
        // As rounded in a file: x and y too, and a norm that is not quite 1; the other sign; never set.
        for [x, y, z, w] in [[1e-5, -2e-5, 1e-5, 0.99], [0.0, 0.0, 0.0, -1.0], [0.0; 4]] {
            grid.info.origin.orientation = planwright_ros2::messages::geometry_msgs::Quaternion { x, y, z, w };
            assert!(layout_of(&grid).is_ok(), "{x} {y} {z} {w}");
        }
        for yaw_rad in [1.01 * MAX_TURN_M / diagonal_m, 0.1, -1.0, 3.1] {
            grid.info.origin.orientation = Quaternion::from_yaw(yaw_rad).into();
            let error = layout_of(&grid).expect_err("turned");
            let MapError::Turned { far_corner_m, .. } = error else { panic!("{error}") };
            assert!((far_corner_m - yaw_rad.abs() * diagonal_m).abs() < 1e-6);
        }
    }

    #[test]
    fn maps_that_are_no_maze_are_refused() {
        let mut turned = grid_of(&Layout::umaze(), "map", stamp());
        turned.info.origin.orientation.z = 0.7;
        assert!(matches!(layout_of(&turned), Err(MapError::Turned { .. })));
        let mut coarse = grid_of(&Layout::umaze(), "map", stamp());
        coarse.info.resolution = 2.0;
        assert!(matches!(layout_of(&coarse), Err(MapError::Coarse(_))));
        let mut open = grid_of(&Layout::umaze(), "map", stamp());
        open.data.fill(0);
        assert!(matches!(layout_of(&open), Err(MapError::Layout(_))));
        let mut shifted = grid_of(&Layout::umaze(), "map", stamp());
        shifted.info.origin.position.x = -3.7;
        assert_eq!(layout_of(&shifted), Err(MapError::Outside));
        let mut huge = grid_of(&Layout::umaze(), "map", stamp());
        huge.info.origin.position.x = 1e12;
        assert!(matches!(layout_of(&huge), Err(MapError::TooLarge { .. })));
    }

    #[test]
    fn a_map_of_100_m_is_refused_by_its_size_in_metres_and_cells() {
        let mut large = grid_of(&Layout::umaze(), "map", stamp());
        (large.info.width, large.info.height, large.info.resolution) = (2000, 2000, 0.05);
        large.data = vec![100; 2000 * 2000];
        let text = layout_of(&large).expect_err("a map that is too large").to_string();
        assert!(text.contains("at most 64 m"), "{text}");
        assert!(text.contains("100 m x 100 m (2000 x 2000 cells of 0.05 m), which ends at 99.3, 99.3 m"), "{text}");
    }
}
