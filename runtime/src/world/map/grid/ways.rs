//! Which cells a way connects that keeps a distance from all obstacles: runs of cells, joined row by row (union-find).

use super::DistanceField;

/// Half a cell's diagonal, rounded up: what a way in a cell may be farther from an obstacle than the cell's centre.
const WITHIN_CELL: f64 = 0.7072;

/// Parts of a grid between which no way keeps a distance.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ways {
    distance_m: f64,
    /// Where the runs of each row begin, and their number.
    rows: Vec<u32>,
    /// First and last column.
    runs: Vec<(u16, u16)>,
    /// The part that a run belongs to.
    parts: Vec<u32>,
}

impl Ways {
    /// For ways that keep `distance_m` or more. Cells are kept whose centre could be near such a way, so that what is apart
    /// here is apart in truth.
    pub(super) fn new(field: &DistanceField, resolution_m: f64, distance_m: f64) -> Self {
        let needed_m = (distance_m - WITHIN_CELL * resolution_m) as f32;
        let mut ways = Self { distance_m, rows: vec![0], runs: Vec::new(), parts: Vec::new() };
        for row in field.values().chunks_exact(field.width()) {
            let before = ways.rows.iter().rev().nth(1).map_or(0, |first| *first as usize)..ways.runs.len();
            let mut above = before.clone();
            let mut column = 0;
            while column < row.len() {
                let is_open = |value: &f32| *value > 0.0 && *value >= needed_m;
                let Some(first) = row[column..].iter().position(is_open).map(|open| column + open) else { break };
                let past = row[first..].iter().position(|value| !is_open(value)).map_or(row.len(), |shut| first + shut);
                let run = ways.runs.len();
                ways.runs.push((first as u16, past as u16 - 1));
                ways.parts.push(run as u32);
                // Runs of the row before that touch this one, at corners too.
                while above.start < above.end && usize::from(ways.runs[above.start].1) + 1 < first {
                    above.start += 1;
                }
                for other in above.clone() {
                    if usize::from(ways.runs[other].0) > past {
                        break;
                    }
                    let (one, other) = (ways.root(run), ways.root(other));
                    ways.parts[one.max(other)] = one.min(other) as u32;
                }
                column = past;
            }
            ways.rows.push(ways.runs.len() as u32);
        }
        for run in 0..ways.runs.len() {
            ways.parts[run] = ways.root(run) as u32;
        }
        ways
    }

    /// The run that stands for its part.
    fn root(&mut self, mut run: usize) -> usize {
        while self.parts[run] as usize != run {
            self.parts[run] = self.parts[self.parts[run] as usize];
            run = self.parts[run] as usize;
        }
        run
    }

    fn part_of(&self, (column, row): (usize, usize)) -> Option<u32> {
        let (first, past) = (*self.rows.get(row)? as usize, *self.rows.get(row + 1)? as usize);
        let run = first + self.runs[first..past].partition_point(|run| usize::from(run.1) < column);
        (run < past && usize::from(self.runs[run].0) <= column).then(|| self.parts[run])
    }

    /// Whether no way between two cells keeps `distance_m`. Cells too near to an obstacle are apart from nothing: a robot in
    /// contact may still get out.
    pub(super) fn are_apart(&self, distance_m: f64, from: (usize, usize), to: (usize, usize)) -> bool {
        let parts = self.part_of(from).zip(self.part_of(to));
        distance_m >= self.distance_m && parts.is_some_and(|(one, other)| one != other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{GridGeometry, GridMap};
    use super::*;
    use crate::world::map::Map;
    use crate::world::map::grid::field::tests::grid;
    use proptest::prelude::*;

    proptest! {
        /// A flood over neighbours gives the same parts.
        #[test]
        fn parts_are_what_a_flood_gives((width, height, occupied) in grid(), distance_m in 0.0..3.0_f64) {
            let field = DistanceField::new(width, height, 1.0, &occupied);
            let ways = Ways::new(&field, 1.0, distance_m);
            let is_open = |column: usize, row: usize| {
                let value = field.at(column, row);
                value > 0.0 && f64::from(value) >= distance_m - WITHIN_CELL - 1e-6
            };
            let mut parts = vec![0; width * height];
            for first in 0..width * height {
                let mut frontier = vec![(first % width, first / width)];
                while let Some((column, row)) = frontier.pop() {
                    if parts[row * width + column] == 0 && is_open(column, row) {
                        parts[row * width + column] = first + 1;
                        for beside in 0..9 {
                            let next = (column + beside % 3, row + beside / 3);
                            if (1..=width).contains(&next.0) && (1..=height).contains(&next.1) {
                                frontier.push((next.0 - 1, next.1 - 1));
                            }
                        }
                    }
                }
            }
            for one in 0..width * height {
                for other in 0..width * height {
                    let cell = |index: usize| (index % width, index / width);
                    let expected = parts[one] > 0 && parts[other] > 0 && parts[one] != parts[other];
                    prop_assert_eq!(ways.are_apart(distance_m, cell(one), cell(other)), expected);
                }
            }
        }
    }

    #[test]
    fn a_wall_with_a_gap_parts_only_what_is_wider_than_the_gap() {
        // A wall in column 30 with a gap of 8 cells of 0.1 m.
        let occupied = (0..60 * 40).map(|cell| cell % 60 == 30 && !(16..24).contains(&(cell / 60))).collect();
        let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.3, resolution_m: 0.1, width: 60, height: 40 };
        let mut map = GridMap::new("gap", geometry, occupied).expect("a grid");
        let ends = [map.centre_of((10, 20)), map.centre_of((50, 20))];
        let may_connect = |map: &GridMap, distance_m: f64| map.may_connect(distance_m, ends[0], ends[1]);
        assert!(may_connect(&map, 5.0), "not computed: cannot tell");
        map.compute_ways(0.3);
        assert!(may_connect(&map, 0.3) && may_connect(&map, 0.39) && may_connect(&map, 0.6));
        map.compute_ways(0.6);
        assert!(!may_connect(&map, 0.6) && !may_connect(&map, 0.7) && may_connect(&map, 0.5));
        assert!(map.may_connect(0.6, [f64::NAN; 2], ends[0]) && map.may_connect(0.6, ends[0], [99.0; 2]));
    }
}
