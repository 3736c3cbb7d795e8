//! Random maps of seven kinds, for training and for tests: mazes, rooms, forests, bug traps, corridors, gaps.
//!
//! ```
//! use planwright::world::map::generate::{GeneratedMap, MapKind};
//!
//! let map = GeneratedMap::draw(MapKind::Rooms, 3);
//! assert_eq!(map, GeneratedMap::draw(MapKind::Rooms, 3));
//! assert!((0.2..0.95).contains(&map.free_share()));
//! ```

mod corridors;
mod gaps;
mod map_server;
mod maze;
mod narrow;
mod raster;
mod rooms;
mod scattered;

pub use narrow::narrow_passages;

use super::grid::{GridError, GridGeometry, GridMap};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use raster::Raster;
use serde::{Deserialize, Serialize};

/// Side of a cell of every generated map, metres.
pub const RESOLUTION_M: f64 = 0.1;

/// Sides of generated maps, metres.
const SIDES_M: std::ops::Range<f64> = 10.0..20.0;
/// Share of free cells of an accepted map.
const FREE_SHARES: std::ops::RangeInclusive<f64> = 0.2..=0.95;
/// Smallest share of the free cells of an accepted map that hang together.
const LARGEST_PART: f64 = 0.7;
/// Draws until a map is accepted, at most; the last is taken as it is.
const DRAWS: u64 = 32;

/// What stands on a generated map. Mazes, doors, corridors and gaps leave 0.7 m or more; scattered obstacles may leave less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MapKind {
    /// A maze with one way between any two places, its walls of random thickness.
    PerfectMaze,
    /// A maze whose dead ends have been opened.
    BraidedMaze,
    /// Rooms with doors and furniture.
    Rooms,
    /// Discs and boxes at random places.
    Forest,
    /// Open boxes with narrow mouths.
    BugTraps,
    /// Straight corridors between halls, in solid ground.
    Corridors,
    /// Walls across the whole map, each with one or two gaps.
    Gaps,
}

impl MapKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::PerfectMaze, Self::BraidedMaze, Self::Rooms, Self::Forest, Self::BugTraps, Self::Corridors, Self::Gaps];

    /// Its name on the command line and in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerfectMaze => "perfect-maze",
            Self::BraidedMaze => "braided-maze",
            Self::Rooms => "rooms",
            Self::Forest => "forest",
            Self::BugTraps => "bug-traps",
            Self::Corridors => "corridors",
            Self::Gaps => "gaps",
        }
    }

    fn paint(self, rng: &mut ChaCha8Rng, raster: &mut Raster) {
        match self {
            Self::PerfectMaze => maze::paint(rng, raster, 0.0),
            Self::BraidedMaze => maze::paint(rng, raster, 1.0),
            Self::Rooms => rooms::paint(rng, raster),
            Self::Forest => scattered::forest(rng, raster),
            Self::BugTraps => scattered::bug_traps(rng, raster),
            Self::Corridors => corridors::paint(rng, raster),
            Self::Gaps => gaps::paint(rng, raster),
        }
    }
}

/// A random map as cells of [`RESOLUTION_M`], its lower left corner in the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedMap {
    /// Kind and seed, as `rooms-3`.
    pub name: String,
    /// Columns, along x.
    pub width: usize,
    /// Rows, along y.
    pub height: usize,
    /// Row after row from the lowest, true for occupied cells.
    pub occupied: Vec<bool>,
}

impl GeneratedMap {
    /// The map of a kind and a seed, 10 to 20 m wide and high. Equal seeds give equal maps.
    pub fn draw(kind: MapKind, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = 0;
        loop {
            rng.set_stream(draw * MapKind::ALL.len() as u64 + kind as u64);
            let mut raster = Raster::new([0, 1].map(|_| cells(rng.random_range(SIDES_M))));
            kind.paint(&mut rng, &mut raster);
            raster.close_border();
            let Raster { width, height, occupied } = raster;
            let map = Self { name: format!("{}-{seed}", kind.name()), width, height, occupied };
            draw += 1;
            let fits = FREE_SHARES.contains(&map.free_share()) && map.largest_part() >= LARGEST_PART;
            if fits || draw == DRAWS {
                return map;
            }
        }
    }

    /// As a grid with its distance field.
    ///
    /// # Errors
    /// None for a map that was drawn.
    pub fn grid(&self) -> Result<GridMap, GridError> {
        let Self { width, height, .. } = *self;
        let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.0, resolution_m: RESOLUTION_M, width, height };
        GridMap::new(&self.name, geometry, self.occupied.clone())
    }

    /// Share of the cells that are free.
    pub fn free_share(&self) -> f64 {
        self.occupied.iter().filter(|occupied| !**occupied).count() as f64 / self.occupied.len() as f64
    }

    /// Share of the free cells that belong to the largest part connected through sides of cells.
    pub fn largest_part(&self) -> f64 {
        let mut open: Vec<bool> = self.occupied.iter().map(|occupied| !occupied).collect();
        let (mut largest, mut free) = (0_usize, 0_usize);
        let mut stack = Vec::new();
        for first in 0..open.len() {
            let mut part = 0;
            if std::mem::take(&mut open[first]) {
                stack.push(first);
            }
            while let Some(cell) = stack.pop() {
                part += 1;
                // The border is closed, so that every free cell has four neighbours.
                for neighbour in [cell - 1, cell + 1, cell - self.width, cell + self.width] {
                    if std::mem::take(&mut open[neighbour]) {
                        stack.push(neighbour);
                    }
                }
            }
            (largest, free) = (largest.max(part), free + part);
        }
        largest as f64 / free.max(1) as f64
    }
}

/// Cells along a length.
fn cells(length_m: f64) -> usize {
    (length_m / RESOLUTION_M).round() as usize
}

/// One of two, with the given chance of the first.
fn chance(rng: &mut impl Rng, share: f64) -> bool {
    rng.random::<f64>() < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_maps_that_are_neither_full_nor_empty_nor_torn() {
        for kind in MapKind::ALL {
            for seed in 0..60 {
                let map = GeneratedMap::draw(kind, seed);
                assert_eq!(map, GeneratedMap::draw(kind, seed));
                assert!([map.width, map.height].iter().all(|cells| (100..=200).contains(cells)), "{}", map.name);
                assert_eq!(map.occupied.len(), map.width * map.height);
                let shares = (map.free_share(), map.largest_part());
                assert!(FREE_SHARES.contains(&shares.0) && shares.1 >= LARGEST_PART, "{}: {shares:?}", map.name);
            }
            assert_ne!(GeneratedMap::draw(kind, 0).occupied, GeneratedMap::draw(kind, 1).occupied);
        }
    }

    #[test]
    fn kinds_are_named_alike_everywhere() {
        for kind in MapKind::ALL {
            assert_eq!(<MapKind as clap::ValueEnum>::from_str(kind.name(), false), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn mazes_hang_together_and_the_perfect_one_has_no_loop() {
        for seed in 0..20 {
            for kind in [MapKind::PerfectMaze, MapKind::BraidedMaze] {
                assert!((GeneratedMap::draw(kind, seed).largest_part() - 1.0).abs() < 1e-12);
            }
            // Euler: cells less pairs of neighbours plus squares of four is one for a region without holes.
            let map = GeneratedMap::draw(MapKind::PerfectMaze, seed);
            let free = |cell: usize| i64::from(!map.occupied[cell]);
            let inner = (0..map.height - 1).flat_map(|row| (0..map.width - 1).map(move |column| (row, column)));
            let euler: i64 = inner
                .map(|(row, column)| {
                    let cell = row * map.width + column;
                    let (right, up) = (free(cell) * free(cell + 1), free(cell) * free(cell + map.width));
                    free(cell) - right - up + right * free(cell + map.width) * free(cell + map.width + 1)
                })
                .sum();
            assert_eq!(euler, 1, "{}", map.name);
        }
    }
}
