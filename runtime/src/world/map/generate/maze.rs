//! Mazes carved by a depth-first walk, with walls of random thickness.

use super::chance;
use super::raster::Raster;
use crate::geometry::{Aabb, Point};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

/// Sides of a cell of the maze, metres.
const PITCHES_M: std::ops::Range<f64> = 1.1..2.2;
/// Thickness of walls, metres.
const WALLS_M: std::ops::Range<f64> = 0.1..0.4;

/// Walls of a maze on columns x rows cells: `right[cell]` between a cell and the next column, `upper[cell]` the next row.
struct Maze {
    columns: usize,
    rows: usize,
    right: Vec<bool>,
    upper: Vec<bool>,
}

/// Paints a maze; of its dead ends the share `opened` gets a second way.
pub(super) fn paint(rng: &mut impl Rng, raster: &mut Raster, opened: f64) {
    let size_m = raster.size_m();
    let pitch_m: f64 = rng.random_range(PITCHES_M);
    let [columns, rows] = size_m.map(|side_m| (side_m / pitch_m).floor() as usize);
    let pitch_m = [size_m[0] / columns as f64, size_m[1] / rows as f64];
    let mut maze = Maze::carve(rng, columns, rows);
    maze.open_dead_ends(rng, opened);
    for cell in 0..columns * rows {
        for (axis, walls) in [(0, &maze.right), (1, &maze.upper)] {
            if walls[cell] {
                let half_m = 0.5 * rng.random_range(WALLS_M);
                raster.paint_box(wall(axis, [cell % columns, cell / columns], pitch_m, half_m), true);
            }
        }
    }
}

/// The wall at the far side of a cell along `axis`, a little longer than the cell, so that corners are closed.
fn wall(axis: usize, cell: [usize; 2], pitch_m: Point, half_m: f64) -> Aabb {
    let mut wall = Aabb { low: [0.0; 2], high: [0.0; 2] };
    for side in 0..2 {
        let [start_m, end_m] = [0, 1].map(|step| (cell[side] + step) as f64 * pitch_m[side]);
        let longer_m = 0.5 * WALLS_M.start;
        (wall.low[side], wall.high[side]) =
            if side == axis { (end_m - half_m, end_m + half_m) } else { (start_m - longer_m, end_m + longer_m) };
    }
    wall
}

impl Maze {
    fn carve(rng: &mut impl Rng, columns: usize, rows: usize) -> Self {
        let count = columns * rows;
        let mut maze = Self { columns, rows, right: vec![true; count], upper: vec![true; count] };
        let mut visited = vec![false; count];
        let first = rng.random_range(0..count);
        visited[first] = true;
        let mut stack = vec![first];
        while let Some(cell) = stack.last().copied() {
            let mut next: Vec<usize> = maze.neighbours(cell).filter(|next| !visited[*next]).collect();
            next.shuffle(rng);
            match next.first() {
                Some(next) => {
                    visited[*next] = true;
                    *maze.wall(cell, *next) = false;
                    stack.push(*next);
                }
                None => drop(stack.pop()),
            }
        }
        maze
    }

    fn open_dead_ends(&mut self, rng: &mut impl Rng, share: f64) {
        for cell in 0..self.columns * self.rows {
            let mut closed: Vec<usize> = self.neighbours(cell).collect();
            let sides = closed.len();
            closed.retain(|next| *self.wall(cell, *next));
            if sides - closed.len() == 1 && chance(rng, share) {
                let next = closed[rng.random_range(0..closed.len())];
                *self.wall(cell, next) = false;
            }
        }
    }

    fn neighbours(&self, cell: usize) -> impl Iterator<Item = usize> + use<> {
        let (columns, rows) = (self.columns, self.rows);
        let (row, column) = (cell / columns, cell % columns);
        let sides = [
            (column > 0).then(|| cell - 1),
            (column + 1 < columns).then_some(cell + 1),
            (row > 0).then(|| cell - columns),
            (row + 1 < rows).then_some(cell + columns),
        ];
        sides.into_iter().flatten()
    }

    /// The wall between two neighbours.
    fn wall(&mut self, a: usize, b: usize) -> &mut bool {
        let (low, high) = (a.min(b), a.max(b));
        if high - low == self.columns { &mut self.upper[low] } else { &mut self.right[low] }
    }
}
