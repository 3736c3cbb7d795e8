//! Mazes and maps in characters, with a plan.

use crate::geometry::Footprint;
use crate::world::{Layout, MovingDisc, Point, World};
use std::f64::consts::TAU;

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

/// The map with `#` where a character's area holds an obstacle, y upwards; discs that move are circles of `o`, with `+` where
/// they come within a second.
pub(super) fn draw_map(world: &World, start: Point, goal: Point, path: impl Iterator<Item = Point>) -> String {
    let (map, bounds) = (world.map(), world.map().bounds());
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
    let discs = world.moving().map_or(&[][..], |moving| moving.discs());
    let discs = discs.iter().flat_map(|disc| disc_points(disc, 0.5 * across_m));
    let inside = |point: &Point| (0..2).all(|axis| (bounds.low[axis]..=bounds.high[axis]).contains(&point[axis]));
    let path = path.map(|point| (point, '.'));
    for (point, letter) in discs.filter(|(point, _)| inside(point)).chain(path).chain([(start, 'S'), (goal, 'G')]) {
        let (row, column) = place(point);
        drawn[row][column] = letter;
    }
    cropped(&drawn).join("\n")
}

/// Points of a disc's way within a second, then of its circle, no farther apart than this, metres, as far as a drawing can
/// show them.
fn disc_points(disc: &MovingDisc, spacing_m: f64) -> impl Iterator<Item = (Point, char)> + use<> {
    const MOST: f64 = 1000.0;
    let count = |length_m: f64| (length_m / spacing_m).ceil().clamp(1.0, MOST) as u32;
    let (disc, speed_mps) = (*disc, disc.velocity[0].hypot(disc.velocity[1]));
    let (along, around) = (count(speed_mps), count(TAU * disc.radius_m));
    let way = (0..=along).map(move |step| (disc.after(f64::from(step) / f64::from(along)), '+'));
    let circle = (0..around).map(move |step| {
        let (sin, cos) = (TAU * f64::from(step) / f64::from(around)).sin_cos();
        ([disc.position[0] + disc.radius_m * cos, disc.position[1] + disc.radius_m * sin], 'o')
    });
    way.chain(circle)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::map::GridMap;
    use crate::world::{Aabb, MovingObstacles, Omni};
    use std::sync::Arc;

    #[test]
    fn a_disc_is_drawn_as_a_circle_with_its_way_and_one_off_the_map_is_not() {
        let bounds = Aabb { low: [0.0; 2], high: [10.0, 8.0] };
        let map = GridMap::from_boxes("hall", bounds, 0.1, std::iter::empty()).expect("a grid");
        let near = MovingDisc { position: [5.0, 4.0], velocity: [2.0, 0.0], radius_m: 0.5 };
        let far = MovingDisc { position: [-300.0, 4.0], ..near };
        let world = World::new(Arc::new(Omni::default()), Arc::new(map));
        let drawing = |discs: Vec<MovingDisc>| {
            let moving = MovingObstacles::new(discs, 0.0, 4.0).expect("sound discs");
            draw_map(&world.clone().with_moving(Arc::new(moving)), [1.0, 1.0], [9.0, 7.0], std::iter::empty())
        };
        let (with, without) = (drawing(vec![near]), drawing(vec![far]));
        assert!(without.contains(['S']) && !without.contains(['o', '+']), "{without}");
        let row = with.lines().find(|line| line.contains('+')).expect("a row through its centre");
        // A column is 0.1 m: the circle's sides at 4.5 m and 5.5 m, the way from 5 m to 7 m.
        let places = |letter: char| row.match_indices(letter).map(|(at, _)| at).collect::<Vec<_>>();
        let (sides, way) = (places('o'), places('+'));
        assert!(
            sides.first().zip(sides.last()).is_some_and(|(first, last)| (8..=12).contains(&(last - first))),
            "{with}"
        );
        assert!(way.first().zip(way.last()).is_some_and(|(first, last)| (18..=22).contains(&(last - first))), "{with}");
    }
}
