//! Occupancy grids on the wire as maps of any kind, and back.

use crate::world::GridMap;
use crate::world::map::grid::{CellClass, GridError, GridGeometry, Thresholds, UnknownSpace};
use planwright_ros2::messages::map_msgs::OccupancyGridUpdate;
use planwright_ros2::messages::nav_msgs::{MapMetaData, OccupancyGrid};
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::tf::Quaternion;
use planwright_ros2::time::RosTime;

/// How the values of a grid are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridReading {
    /// Where occupancies become free and occupied.
    pub thresholds: Thresholds,
    /// What unknown space counts as.
    pub unknown_space: UnknownSpace,
}

/// The map that a grid shows, its origin turned by `yaw_rad`. The grid must have passed
/// [`planwright_ros2::validate::check_map`].
///
/// # Errors
/// If it is larger than maps may be, or too far away.
pub fn map_of(grid: &OccupancyGrid, yaw_rad: f64, reading: GridReading) -> Result<GridMap, GridError> {
    let info = &grid.info;
    // What was written as a decimal number is read as one: 0.05 is no f32.
    let resolution_m = info.resolution.to_string().parse().unwrap_or_else(|_| f64::from(info.resolution));
    let geometry = GridGeometry {
        origin: [info.origin.position.x, info.origin.position.y],
        yaw_rad,
        resolution_m,
        width: info.width as usize,
        height: info.height as usize,
    };
    GridMap::from_occupancy("map", geometry, &grid.data, reading.thresholds, reading.unknown_space)
}

/// The rectangle of an update: its first column and row, then its columns and rows.
///
/// # Errors
/// If it does not lie in the grid.
pub fn rectangle_of(update: &OccupancyGridUpdate, map: &GridMap) -> Result<([usize; 2], [usize; 2]), GridError> {
    let (columns, rows) = (update.width as usize, update.height as usize);
    let first = usize::try_from(update.x).ok().zip(usize::try_from(update.y).ok());
    match first {
        Some((column, row)) => Ok(([column, row], [columns, rows])),
        None => {
            let GridGeometry { width, height, .. } = *map.geometry();
            let at = |value: i32| usize::try_from(value).unwrap_or(usize::MAX);
            Err(GridError::Update { width, height, column: at(update.x), row: at(update.y), columns, rows })
        }
    }
}

/// A map as a grid: 0 for free, 100 for occupied, -1 for unknown cells.
pub fn grid_of(map: &GridMap, frame: &str, stamp: RosTime) -> OccupancyGrid {
    let GridGeometry { origin, yaw_rad, resolution_m, width, height } = *map.geometry();
    let mut data = Vec::with_capacity(width * height);
    for row in 0..height {
        data.extend((0..width).map(|column| match map.class_of(column, row) {
            CellClass::Free => 0,
            CellClass::Occupied => 100,
            CellClass::Unknown => -1,
        }));
    }
    let mut info = MapMetaData {
        map_load_time: stamp.into(),
        resolution: resolution_m as f32,
        width: width as u32,
        height: height as u32,
        ..MapMetaData::default()
    };
    (info.origin.position.x, info.origin.position.y) = (origin[0], origin[1]);
    info.origin.orientation = Quaternion::from_yaw(yaw_rad).into();
    OccupancyGrid { header: Header { stamp: stamp.into(), frame_id: frame.to_owned() }, info, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_ros2::validate::{Oddities, check_map};

    fn reading() -> GridReading {
        GridReading { thresholds: Thresholds::default(), unknown_space: UnknownSpace::Free }
    }

    #[test]
    fn a_turned_map_survives_the_way_over_the_wire() {
        let geometry = GridGeometry { origin: [2.0, 3.0], yaw_rad: 1.0, resolution_m: 0.05, width: 4, height: 3 };
        let values = [0, 100, -1, 0, 0, 0, 100, 0, -1, 0, 0, 100];
        let GridReading { thresholds, unknown_space } = reading();
        let map = GridMap::from_occupancy("map", geometry, &values, thresholds, unknown_space).expect("a map");
        let grid = grid_of(&map, "map", RosTime::ZERO);
        assert_eq!(grid.data, values);
        let (_, yaw_rad) = check_map(&grid, &mut Oddities::default()).expect("sound");
        let back = map_of(&grid, yaw_rad, reading()).expect("a map");
        assert!((back.geometry().yaw_rad - 1.0).abs() < 1e-12);
        assert_eq!(GridGeometry { yaw_rad: 1.0, ..*back.geometry() }, geometry);
    }

    #[test]
    fn an_update_left_of_the_map_is_refused_by_its_rectangle() {
        let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.0, resolution_m: 1.0, width: 2, height: 2 };
        let mut map = GridMap::new("map", geometry, vec![false; 4]).expect("a map");
        let mut update = OccupancyGridUpdate { x: 1, width: 1, height: 2, data: vec![100; 2], ..Default::default() };
        let (first, size) = rectangle_of(&update, &map).expect("inside");
        map.update(first, size, &update.data).expect("inside");
        assert!(map.is_occupied(1, 0) && map.is_occupied(1, 1) && !map.is_occupied(0, 0));
        update.x = -1;
        assert!(matches!(rectangle_of(&update, &map), Err(GridError::Update { .. })));
        (update.x, update.width) = (1, 2);
        let (first, size) = rectangle_of(&update, &map).expect("a rectangle");
        assert!(matches!(map.update(first, size, &update.data), Err(GridError::Update { .. })));
    }
}
