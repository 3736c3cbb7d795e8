//! Passages for robots that are no discs: walls across a hall, each with one gap between two widths.

use crate::geometry::Point;
use crate::world::map::grid::{GridError, GridGeometry, GridMap};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Width and height, metres, and side of a cell.
const SIZE_M: Point = [8.0, 6.0];
const CELL_M: f64 = 0.02;
/// Where the walls stand at half the height, metres.
const WALLS_M: [Range<f64>; 2] = [2.8..3.2, 4.8..5.2];
/// Slope of a wall, and half its thickness, metres.
const SLOPES: Range<f64> = -0.15..0.15;
const HALF_THICKNESSES_M: Range<f64> = 0.04..0.25;
/// Height of a gap's middle, metres.
const MIDDLES_M: Range<f64> = 1.2..4.8;
/// Where queries begin and end, metres.
const STARTS_M: [Range<f64>; 2] = [0.7..1.8, 0.8..5.2];
const GOALS_M: [Range<f64>; 2] = [6.2..7.3, 0.8..5.2];

/// A wall: a point of it, its direction, half its thickness, and the gap along it.
struct Wall {
    at: Point,
    along: Point,
    half_m: f64,
    gap_m: f64,
}

impl Wall {
    fn holds(&self, [x, y]: Point) -> bool {
        let off = [x - self.at[0], y - self.at[1]];
        let along_m = off[0] * self.along[0] + off[1] * self.along[1];
        let across_m = off[0] * self.along[1] - off[1] * self.along[0];
        across_m.abs() <= self.half_m && along_m.abs() > 0.5 * self.gap_m
    }
}

/// A map of two walls with a gap each, of widths within `gaps_m`, and pairs of start and goal on both sides. Equal seeds give
/// equal maps.
///
/// # Errors
/// None for widths that fit the map.
pub fn narrow_passages(seed: u64, gaps_m: Range<f64>, queries: usize) -> Result<(GridMap, Vec<[Point; 2]>), GridError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let walls = WALLS_M.map(|at_m| {
        let (slope, middle_m, at_m) = (rng.random_range(SLOPES), rng.random_range(MIDDLES_M), rng.random_range(at_m));
        let length = (1.0 + slope * slope).sqrt();
        Wall {
            at: [at_m + slope * (middle_m - 0.5 * SIZE_M[1]), middle_m],
            along: [slope / length, 1.0 / length],
            half_m: rng.random_range(HALF_THICKNESSES_M),
            gap_m: rng.random_range(gaps_m.clone()),
        }
    });
    let [width, height] = SIZE_M.map(|side_m| (side_m / CELL_M).round() as usize);
    let centre = |cell: usize| [cell % width, cell / width].map(|index| (index as f64 + 0.5) * CELL_M);
    let occupied = (0..width * height).map(|cell| walls.iter().any(|wall| wall.holds(centre(cell)))).collect();
    let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.0, resolution_m: CELL_M, width, height };
    let map = GridMap::new(&format!("narrow-{seed}"), geometry, occupied)?;
    let mut drawn = |[x, y]: [Range<f64>; 2]| [rng.random_range(x), rng.random_range(y)];
    let queries = (0..queries).map(|_| [drawn(STARTS_M), drawn(GOALS_M)]).collect();
    Ok((map, queries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Footprint;
    use crate::world::Map;

    #[test]
    fn a_disc_as_wide_as_the_least_gap_passes_and_one_as_wide_as_the_largest_does_not() {
        for seed in 0..20 {
            let (mut map, queries) = narrow_passages(seed, 0.5..0.7, 4).expect("a map");
            map.compute_ways(0.2);
            for [start, goal] in &queries {
                assert!(map.clearance(Footprint::Circle { radius_m: 0.4 }, *start) > 0.0);
                assert!(map.may_connect(0.22, *start, *goal), "seed {seed}");
            }
            let (mut wide, _) = narrow_passages(seed, 0.5..0.7, 4).expect("a map");
            wide.compute_ways(0.36);
            assert!(queries.iter().all(|[start, goal]| !wide.may_connect(0.36, *start, *goal)), "seed {seed}");
        }
    }
}
