//! A planar lidar: ranges to the first occupied cell of a map along each beam.

use crate::geometry::Point;
use crate::world::map::GridMap;
use rand::Rng;
use rand_distr::{Distribution, Normal};

/// Beams and noise of a lidar at the robot's centre, turned with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lidar {
    /// Angle between the first and the last beam, radians; symmetric about the heading.
    pub field_of_view_rad: f64,
    /// Number of beams.
    pub beams: usize,
    /// Largest range, metres; reported where nothing is nearer.
    pub range_m: f64,
    /// Standard deviation of a range, metres.
    pub noise_m: f64,
}

impl Default for Lidar {
    /// The BARN challenge's: 270 degrees, 720 beams, 30 m; 1 cm of noise.
    fn default() -> Self {
        Self { field_of_view_rad: 1.5 * std::f64::consts::PI, beams: 720, range_m: 30.0, noise_m: 0.01 }
    }
}

impl Lidar {
    /// Direction of a beam relative to the heading, radians, counter-clockwise.
    pub fn angle(&self, beam: usize) -> f64 {
        self.field_of_view_rad * (beam as f64 / (self.beams.max(2) - 1) as f64 - 0.5)
    }

    /// Fills `ranges` (metres, one per beam) as seen from a pose in the map.
    pub fn scan(&self, map: &GridMap, position: Point, heading_rad: f64, rng: &mut impl Rng, ranges: &mut Vec<f64>) {
        let noise = Normal::new(0.0, self.noise_m.max(0.0)).ok();
        ranges.clear();
        for beam in 0..self.beams {
            let (sin, cos) = (heading_rad + self.angle(beam)).sin_cos();
            let range_m = first_hit(map, position, [cos, sin], self.range_m).unwrap_or(self.range_m);
            let error_m = noise.map_or(0.0, |noise| noise.sample(rng));
            ranges.push(if range_m < self.range_m { (range_m + error_m).clamp(0.0, self.range_m) } else { range_m });
        }
    }
}

/// Distance along a direction at which a ray enters an occupied cell, at most `range_m` away. Steps as far as the distance
/// field allows, and by half a cell near obstacles.
fn first_hit(map: &GridMap, from: Point, direction: Point, range_m: f64) -> Option<f64> {
    let resolution_m = map.geometry().resolution_m;
    let mut passed_m = 0.0;
    while passed_m < range_m {
        let here = [from[0] + passed_m * direction[0], from[1] + passed_m * direction[1]];
        // The edge of the map is where it is no longer known, not an obstacle.
        let (column, row) = map.cell_of(here)?;
        if map.is_occupied(column, row) {
            return Some(refine(map, from, direction, passed_m, resolution_m));
        }
        let centre = map.centre_of((column, row));
        let off_m = (here[0] - centre[0]).hypot(here[1] - centre[1]);
        passed_m += (f64::from(map.field().at(column, row)) - off_m).max(0.25 * resolution_m);
    }
    None
}

/// Where the ray entered the cell, by bisection over the last step.
fn refine(map: &GridMap, from: Point, direction: Point, hit_m: f64, resolution_m: f64) -> f64 {
    let is_occupied = |passed_m: f64| {
        let here = [from[0] + passed_m * direction[0], from[1] + passed_m * direction[1]];
        map.cell_of(here).is_some_and(|(column, row)| map.is_occupied(column, row))
    };
    let (mut free_m, mut hit_m) = ((hit_m - 0.25 * resolution_m).max(0.0), hit_m);
    for _ in 0..10 {
        let middle_m = 0.5 * (free_m + hit_m);
        if is_occupied(middle_m) { hit_m = middle_m } else { free_m = middle_m }
    }
    hit_m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Aabb;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn ranges_are_those_of_the_walls() {
        let bounds = Aabb { low: [0.0, 0.0], high: [8.0, 6.0] };
        let wall = Aabb { low: [6.0, 0.0], high: [6.2, 6.0] };
        let map = GridMap::from_boxes("wall", bounds, 0.05, std::iter::once(wall)).expect("a grid");
        let lidar = Lidar { field_of_view_rad: std::f64::consts::PI, beams: 181, range_m: 30.0, noise_m: 0.0 };
        let (mut rng, mut ranges) = (ChaCha8Rng::seed_from_u64(0), Vec::new());
        lidar.scan(&map, [2.0, 3.0], 0.0, &mut rng, &mut ranges);
        assert!((ranges[90] - 4.0).abs() < 0.01, "{}", ranges[90]);
        assert!((ranges[60] - 4.0 / 30_f64.to_radians().cos()).abs() < 0.02, "{}", ranges[60]);
        // Out of the map's edge nothing is seen.
        assert_eq!(ranges[0], 30.0);
        let noisy = Lidar { noise_m: 0.02, ..lidar };
        let mean = (0..200)
            .map(|_| {
                noisy.scan(&map, [2.0, 3.0], 0.0, &mut rng, &mut ranges);
                ranges[90]
            })
            .sum::<f64>()
            / 200.0;
        assert!((mean - 4.0).abs() < 0.01, "{mean}");
    }
}
