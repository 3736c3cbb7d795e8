//! The map that scans build: beams clear the cells that they pass and mark the cell where they end, as the obstacle layer
//! of Nav2's costmap does.

use super::Lidar;
use crate::geometry::Point;
use crate::world::map::grid::{GridError, GridGeometry, GridMap};
use std::sync::Arc;

/// A grid that fills up with what is sensed. What was never seen counts as free.
#[derive(Clone, Debug)]
pub struct SensedMap {
    geometry: GridGeometry,
    occupied: Vec<bool>,
    /// Beams are followed this far, metres.
    reach_m: f64,
    map: Arc<GridMap>,
    changed: bool,
}

impl SensedMap {
    /// Nothing has been seen yet.
    ///
    /// # Errors
    /// If the geometry is no grid's.
    pub fn new(geometry: GridGeometry, reach_m: f64) -> Result<Self, GridError> {
        let occupied = vec![false; geometry.width * geometry.height];
        let map = Arc::new(GridMap::new("sensed", geometry, occupied.clone())?);
        Ok(Self { geometry, occupied, reach_m, map, changed: false })
    }

    /// Adds a scan from a pose: first clears along the beams, then marks their ends.
    pub fn add(&mut self, lidar: &Lidar, position: Point, heading_rad: f64, ranges: &[f64]) {
        let piece_m = 0.5 * self.geometry.resolution_m;
        let map = Arc::clone(&self.map);
        let index_of = |point: Point| map.cell_of(point).map(|(column, row)| row * self.geometry.width + column);
        let direction = |beam: usize| {
            let (sin, cos) = (heading_rad + lidar.angle(beam)).sin_cos();
            [cos, sin]
        };
        let end = |[cos, sin]: Point, length_m: f64| [position[0] + length_m * cos, position[1] + length_m * sin];
        for (beam, range_m) in ranges.iter().enumerate().filter(|(_, range_m)| range_m.is_finite()) {
            // The cell before the end is left alone: noise would clear what another beam has marked.
            let clear_m = range_m.min(self.reach_m) - 2.0 * self.geometry.resolution_m;
            let along = direction(beam);
            for piece in 0..(clear_m / piece_m).max(0.0) as usize {
                let Some(index) = index_of(end(along, piece as f64 * piece_m)) else { break };
                self.changed |= std::mem::take(&mut self.occupied[index]);
            }
        }
        for (beam, range_m) in ranges.iter().enumerate() {
            if !(*range_m < lidar.range_m && *range_m <= self.reach_m) {
                continue;
            }
            if let Some(index) = index_of(end(direction(beam), *range_m)) {
                self.changed |= !std::mem::replace(&mut self.occupied[index], true);
            }
        }
    }

    /// The map as it is known now; the same one as before where nothing has changed.
    pub fn map(&mut self) -> Arc<GridMap> {
        if std::mem::take(&mut self.changed)
            && let Ok(map) = GridMap::new("sensed", self.geometry, self.occupied.clone())
        {
            self.map = Arc::new(map);
        }
        Arc::clone(&self.map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Aabb;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_wall_that_is_seen_is_in_the_map_and_what_lies_behind_is_not() {
        let bounds = Aabb { low: [0.0, 0.0], high: [8.0, 6.0] };
        let walls = [[4.0, 1.0, 4.2, 5.0], [6.0, 1.0, 6.2, 5.0]].map(|[a, b, c, d]| Aabb { low: [a, b], high: [c, d] });
        let truth = GridMap::from_boxes("walls", bounds, 0.05, walls.into_iter()).expect("a grid");
        let mut sensed = SensedMap::new(*truth.geometry(), 10.0).expect("a grid");
        let (lidar, mut ranges) = (Lidar { noise_m: 0.0, ..Lidar::default() }, Vec::new());
        lidar.scan(&truth, [2.0, 3.0], 0.0, &mut ChaCha8Rng::seed_from_u64(0), &mut ranges);
        sensed.add(&lidar, [2.0, 3.0], 0.0, &ranges);
        let map = sensed.map();
        assert!((map.distance([3.0, 3.0]) - 1.0).abs() < 0.1, "{}", map.distance([3.0, 3.0]));
        assert!(map.distance([5.5, 3.0]) > 0.4, "the second wall is hidden");
        assert!(Arc::ptr_eq(&map, &sensed.map()), "nothing has changed");
    }

    #[test]
    fn what_has_gone_is_cleared() {
        let bounds = Aabb { low: [0.0, 0.0], high: [8.0, 6.0] };
        let post = Aabb { low: [4.0, 2.9], high: [4.1, 3.1] };
        let empty = GridMap::from_boxes("empty", bounds, 0.05, std::iter::empty()).expect("a grid");
        let truth = GridMap::from_boxes("post", bounds, 0.05, std::iter::once(post)).expect("a grid");
        let mut sensed = SensedMap::new(*truth.geometry(), 10.0).expect("a grid");
        let (lidar, mut ranges, mut rng) = (Lidar::default(), Vec::new(), ChaCha8Rng::seed_from_u64(0));
        for (map, expected) in [(&truth, true), (&empty, false)] {
            lidar.scan(map, [2.0, 3.0], 0.0, &mut rng, &mut ranges);
            sensed.add(&lidar, [2.0, 3.0], 0.0, &ranges);
            assert_eq!(sensed.map().distance([3.9, 3.0]) < 0.3, expected);
        }
    }
}
