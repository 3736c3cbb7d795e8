//! Queries drawn from a seed, for maps that come with none, and scenarios drawn from many.

use super::super::grid::GridMap;
use super::Query;
use crate::geometry::distance;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Least distance from obstacles at both ends.
const CLEARANCE_M: f64 = 0.27;
/// Least distance of start and goal, where the map is large enough for it.
const APART_M: f64 = 3.0;
/// Least distance from the rim in the protocol of Nav2's planner benchmark.
const BENCHMARK_RIM_CELLS: usize = 100;
/// What the names of its maps begin with.
const BENCHMARK_PREFIX: &str = "100by100_";
/// Pairs that are drawn for one query before it is given up.
const TRIES: usize = 1000;

/// Random pairs of cells' centres at least 3 m apart, or a quarter of the map's longer side where that is less, with a
/// clearance of at least 0.27 m; fewer than `count` where the map has no room. On maps of Nav2's planner benchmark the ends
/// lie 100 cells from the rim, as in its protocol. Whether a way connects them is left open.
pub(super) fn random_pairs(map: &GridMap, name: &str, count: usize, seed: u64) -> Vec<Query> {
    let (width, height) = (map.geometry().width, map.geometry().height);
    let longer_m = width.max(height) as f64 * map.geometry().resolution_m;
    let apart_m = APART_M.min(0.25 * longer_m);
    let rim = if name.starts_with(BENCHMARK_PREFIX) { BENCHMARK_RIM_CELLS } else { 0 };
    let is_open = |column: usize, row: usize| {
        column.min(row) >= rim
            && column + rim < width
            && row + rim < height
            && f64::from(map.field().at(column, row)) >= CLEARANCE_M
    };
    let cells: Vec<u32> =
        (0..width * height).filter(|cell| is_open(cell % width, cell / width)).map(|cell| cell as u32).collect();
    if cells.is_empty() {
        return Vec::new();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut end = || {
        let cell = cells[rng.random_range(0..cells.len())] as usize;
        map.centre_of((cell % width, cell / width))
    };
    let mut pair = |_| {
        let pairs = (0..TRIES).map(|_| [end(), end()]);
        pairs.into_iter().find(|[start, goal]| distance(*start, *goal) >= apart_m)
    };
    let pairs = (0..count).map_while(&mut pair);
    pairs.map(|[start, goal]| Query { start, goal, reference_m: None }).collect()
}

/// `count` scenarios, one from each of as many equal parts of the list in the order of lengths.
pub(super) fn evenly_by_length(mut scenarios: Vec<Query>, count: usize, seed: u64) -> Vec<Query> {
    let length = |query: &Query| query.reference_m.unwrap_or(f64::INFINITY);
    scenarios.sort_by(|one, other| length(one).total_cmp(&length(other)));
    let (all, count) = (scenarios.len(), count.min(scenarios.len()));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|part| scenarios[rng.random_range(part * all / count..(part + 1) * all / count)]).collect()
}
