//! The planning data of Neural A* (Yonetani et al. 2021): 32 x 32 cells, a goal, and moves to it from every cell.

use super::super::grid::{GridGeometry, GridMap};
use super::{ArrayFile, FieldFault, NamedMap, Query, grid_fault};
use crate::geometry::distance;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Cells along a side.
const SIDE: usize = 32;
/// Side of a drawn cell.
const RESOLUTION_M: f64 = 0.05;
/// Drawn cells along one of the data's, which is 0.5 m.
const DRAWN: usize = 10;
/// Least distance of start and goal.
const APART_M: f64 = 3.0;
/// What stands for no way to the goal.
const NO_WAY: f64 = -1024.0;

/// `count` maps, evenly over the archive, each with `queries` starts drawn among the cells that a way connects to the goal
/// and that are at least 3 m away. Row 0 is the highest, as in an image.
pub(super) fn maps(
    name: &str,
    mut archive: ArrayFile,
    count: usize,
    queries: usize,
    seed: u64,
) -> Result<Vec<NamedMap>, FieldFault> {
    let side = Some(SIDE);
    let free = archive.shaped("free", &[None, side, side])?;
    let all = free.shape[0];
    let goals = archive.shaped("goal", &[Some(all), Some(2)])?;
    let moves = archive.shaped("distance", &[Some(all), side, side])?;
    let mut maps = Vec::new();
    for index in (0..count.min(all)).map(|map| map * all / count.min(all)) {
        let cells = index * SIDE * SIDE..(index + 1) * SIDE * SIDE;
        let (free, moves) = (&free.values[cells.clone()], &moves.values[cells]);
        let [goal_row, goal_column] = [0, 1].map(|axis| goals.values[2 * index + axis]);
        let is_cell = |value: f64| value >= 0.0 && value < SIDE as f64;
        if !is_cell(goal_row) || !is_cell(goal_column) {
            let got = format!("{goal_row}, {goal_column} of map {index}");
            return Err(FieldFault::new("goal", format!("row and column below {SIDE}"), got));
        }
        let name = format!("{name}/{index}");
        let map = draw(&name, free).map_err(|source| grid_fault("free", source))?;
        let centre = |cell: usize| {
            let (row, column) = (cell / SIDE, cell % SIDE);
            [(column as f64 + 0.5) * 0.5, ((SIDE - 1 - row) as f64 + 0.5) * 0.5]
        };
        let goal = centre(goal_row as usize * SIDE + goal_column as usize);
        let is_start = |cell: &usize| {
            free[*cell] > 0.0
                && moves[*cell] > NO_WAY
                && moves[*cell] <= 0.0
                && distance(centre(*cell), goal) >= APART_M
        };
        let starts: Vec<usize> = (0..SIDE * SIDE).filter(is_start).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index as u64);
        let drawn = if starts.is_empty() { 0 } else { queries };
        let query = |_| Query { start: centre(starts[rng.random_range(0..starts.len())]), goal, reference_m: None };
        let queries: Vec<Query> = (0..drawn).map(query).collect();
        maps.push(NamedMap { name, map, queries, warnings: Vec::new() });
    }
    Ok(maps)
}

/// The cells of one map.
fn draw(name: &str, free: &[f64]) -> Result<GridMap, super::GridError> {
    let side = SIDE * DRAWN;
    let geometry =
        GridGeometry { origin: [0.0; 2], yaw_rad: 0.0, resolution_m: RESOLUTION_M, width: side, height: side };
    let is_free = |cell: usize| {
        let (row, column) = (cell / side / DRAWN, cell % side / DRAWN);
        free[(SIDE - 1 - row) * SIDE + column] > 0.0
    };
    GridMap::new(name, geometry, (0..side * side).map(|cell| !is_free(cell)).collect())
}
