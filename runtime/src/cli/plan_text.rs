//! Mazes and maps in characters, with a plan.

use crate::geometry::Footprint;
use crate::world::{Layout, Map, Point};

/// The maze in characters, four by two to a cell.
pub(super) fn draw(layout: &Layout, start: Point, goal: Point, path: impl Iterator<Item = Point>) -> String {
    const ACROSS: usize = 4;
    const DOWN: usize = 2;
    let (rows, columns) = (layout.rows() * DOWN, layout.columns() * ACROSS);
    let mut canvas: Vec<Vec<char>> = (0..rows)
        .map(|row| {
            (0..columns).map(|column| if layout.is_wall(row / DOWN, column / ACROSS) { '#' } else { ' ' }).collect()
        })
        .collect();
    let mut put = |point: Point, mark: char| {
        let row = ((point[0] + 0.7) * DOWN as f64) as usize;
        let column = ((point[1] + 0.7) * ACROSS as f64) as usize;
        if let Some(cell) = canvas.get_mut(row).and_then(|line| line.get_mut(column)) {
            *cell = mark;
        }
    };
    path.for_each(|point| put(point, '.'));
    put(start, 'S');
    put(goal, 'G');
    canvas.into_iter().map(|line| line.into_iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// Characters across and down of a drawn map at most.
const DRAWN: [usize; 2] = [100, 40];

/// The map with `#` where a character's area holds an obstacle, y upwards.
pub(super) fn draw_map(map: &dyn Map, start: Point, goal: Point, path: impl Iterator<Item = Point>) -> String {
    let bounds = map.bounds();
    let size = [0, 1].map(|axis| bounds.high[axis] - bounds.low[axis]);
    // A character is about twice as high as wide.
    let across_m = (size[0] / DRAWN[0] as f64).max(size[1] / (2 * DRAWN[1]) as f64).max(1e-9);
    let cell_m = [across_m, 2.0 * across_m];
    let [columns, rows] = [0, 1].map(|axis: usize| ((size[axis] / cell_m[axis]).ceil() as usize).max(1));
    let mut drawn = vec![vec![' '; columns]; rows];
    let place = |point: Point| {
        let [column, row] = [0, 1].map(|axis: usize| {
            (((point[axis] - bounds.low[axis]) / cell_m[axis]).max(0.0) as usize).min([columns, rows][axis] - 1)
        });
        (rows - 1 - row, column)
    };
    let footprint = Footprint::Circle { radius_m: 0.5 * across_m };
    for (row, letters) in drawn.iter_mut().rev().enumerate() {
        for (column, letter) in letters.iter_mut().enumerate() {
            let x = bounds.low[0] + (column as f64 + 0.5) * cell_m[0];
            let middle = bounds.low[1] + (row as f64 + 0.5) * cell_m[1];
            let (from, to) = ([x, middle - 0.5 * across_m], [x, middle + 0.5 * across_m]);
            if !(map.swept_clearance(footprint, from, to) > 0.0) {
                *letter = '#';
            }
        }
    }
    for (point, letter) in path.map(|point| (point, '.')).chain([(start, 'S'), (goal, 'G')]) {
        let (row, column) = place(point);
        drawn[row][column] = letter;
    }
    cropped(&drawn).join("\n")
}

/// The rows and columns that hold anything but obstacles, and one around them.
fn cropped(drawn: &[Vec<char>]) -> Vec<String> {
    let holds = |row: &Vec<char>| row.iter().any(|letter| *letter != '#');
    let span = |of: &dyn Fn(usize) -> bool, count: usize| {
        let first = (0..count).find(|index| of(*index)).unwrap_or(0);
        let last = (0..count).rev().find(|index| of(*index)).unwrap_or(count - 1);
        first.saturating_sub(1)..(last + 2).min(count)
    };
    let columns = span(&|column| drawn.iter().any(|row| row[column] != '#'), drawn.first().map_or(0, Vec::len));
    let rows = span(&|row| holds(&drawn[row]), drawn.len());
    drawn[rows].iter().map(|row| row[columns.clone()].iter().collect()).collect()
}
