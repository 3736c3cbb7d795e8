//! Obstacles by their size: distances to the small ones (people, pillars, crates) and to the large ones (walls, shelves).

use planwright::world::map::grid::{GridError, GridMap};
use planwright::world::{Map as _, Point};

/// A small obstacle is at most this wide and this high, metres.
pub const SMALL_M: f64 = 1.2;

/// A map's obstacles in two maps, by the extent of what hangs together through sides and corners of cells.
#[derive(Clone, Debug)]
pub struct ObstacleSizes {
    small: GridMap,
    large: GridMap,
}

impl ObstacleSizes {
    /// Everything that reaches the rim counts as large.
    ///
    /// # Errors
    /// None for a map that is one.
    pub fn new(map: &GridMap) -> Result<Self, GridError> {
        let geometry = *map.geometry();
        let (width, height) = (geometry.width, geometry.height);
        let mut open: Vec<bool> = (0..width * height).map(|cell| map.is_occupied(cell % width, cell / width)).collect();
        let mut flags = [vec![false; open.len()], open.clone()];
        let mut part = Vec::new();
        for first in 0..open.len() {
            if !std::mem::take(&mut open[first]) {
                continue;
            }
            part.clear();
            part.push(first);
            let (mut low, mut high, mut next) = ([width, height], [0, 0], 0);
            while let Some(cell) = part.get(next).copied() {
                next += 1;
                let at = [cell % width, cell / width];
                for axis in 0..2 {
                    (low[axis], high[axis]) = (low[axis].min(at[axis]), high[axis].max(at[axis]));
                }
                for row in at[1].saturating_sub(1)..(at[1] + 2).min(height) {
                    for column in at[0].saturating_sub(1)..(at[0] + 2).min(width) {
                        let other = row * width + column;
                        if std::mem::take(&mut open[other]) {
                            part.push(other);
                        }
                    }
                }
            }
            let extent_m = |axis: usize| (high[axis] + 1 - low[axis]) as f64 * geometry.resolution_m;
            let is_at_rim = low.contains(&0) || high[0] + 1 == width || high[1] + 1 == height;
            if !is_at_rim && extent_m(0).max(extent_m(1)) <= SMALL_M {
                for cell in &part {
                    (flags[0][*cell], flags[1][*cell]) = (true, false);
                }
            }
        }
        let [small, large] = flags.map(|cells| GridMap::new(map.name(), geometry, cells));
        Ok(Self { small: small?, large: large? })
    }

    /// Distance to the nearest small obstacle, metres; infinite where the rim of the map is nearer.
    pub fn small_m(&self, point: Point) -> f64 {
        let (map, distance_m) = (&self.small, self.small.distance(point));
        let Some((column, row)) = map.cell_of(point) else { return f64::INFINITY };
        let geometry = map.geometry();
        // Outside a map everything is occupied, but no obstacle of any size.
        let to_rim = column.min(row).min(geometry.width - 1 - column).min(geometry.height - 1 - row);
        if distance_m < (to_rim as f64 - 0.5) * geometry.resolution_m { distance_m } else { f64::INFINITY }
    }

    /// Distance to the nearest large obstacle, metres.
    pub fn large_m(&self, point: Point) -> f64 {
        self.large.distance(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::geometry::Aabb;

    #[test]
    fn a_wall_is_large_and_a_pillar_small() {
        let bounds = Aabb { low: [0.0, 0.0], high: [8.0, 6.0] };
        let wall = Aabb { low: [0.0, 0.0], high: [8.0, 0.5] };
        let pillar = Aabb { low: [4.0, 3.0], high: [4.5, 3.5] };
        let map = GridMap::from_boxes("hall", bounds, 0.05, [wall, pillar].into_iter()).expect("a grid");
        let sizes = ObstacleSizes::new(&map).expect("a grid");
        assert!((sizes.small_m([3.0, 3.25]) - 1.0).abs() < 0.06, "{}", sizes.small_m([3.0, 3.25]));
        assert!((sizes.large_m([2.0, 1.5]) - 1.0).abs() < 0.06, "{}", sizes.large_m([2.0, 1.5]));
        assert!(sizes.large_m([4.25, 2.9]) > 2.0);
        // The rim is no small obstacle.
        assert_eq!(sizes.small_m([7.9, 5.9]), f64::INFINITY);
    }
}
