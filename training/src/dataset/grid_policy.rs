//! The way through the grid: hard Q-iteration and its greedy roll-out, as D4RL's controller plans.

use planwright::world::Layout;

/// noop, then one cell down and up in y, then in x: ties go to the first.
const MOVES: [(i64, i64); 5] = [(0, 0), (0, -1), (0, 1), (-1, 0), (1, 0)];
const SWEEPS: usize = 50;
const DISCOUNT: f64 = 0.99;
const MAX_MOVES: usize = 100;
/// Values that differ by less, relatively, lead equally fast to the goal; a step more costs 1%.
const TIE: f64 = 1e-9;

/// Values of every cell and move for one goal cell.
pub(super) struct GridPolicy<'a> {
    layout: &'a Layout,
    goal: (i64, i64),
    values: Vec<[f64; 5]>,
}

impl<'a> GridPolicy<'a> {
    pub(super) fn solve(layout: &'a Layout, goal: (i64, i64)) -> Self {
        let (rows, columns) = (layout.rows(), layout.columns());
        let mut policy = Self { layout, goal, values: vec![[0.0; 5]; rows * columns] };
        let mut best = vec![0.0; rows * columns];
        for _ in 0..SWEEPS {
            for row in 0..rows as i64 {
                for column in 0..columns as i64 {
                    let here = policy.index((row, column));
                    let reward = if (row, column) == goal { 1.0 } else { 0.0 };
                    for (index, step) in MOVES.iter().enumerate() {
                        let next = policy.index(policy.moved((row, column), *step));
                        policy.values[here][index] = reward + DISCOUNT * best[next];
                    }
                }
            }
            for (value, moves) in best.iter_mut().zip(&policy.values) {
                *value = moves.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            }
        }
        policy
    }

    fn index(&self, cell: (i64, i64)) -> usize {
        cell.0 as usize * self.layout.columns() + cell.1 as usize
    }

    /// A move into a wall or off the grid stays.
    fn moved(&self, cell: (i64, i64), step: (i64, i64)) -> (i64, i64) {
        let next = (cell.0 + step.0, cell.1 + step.1);
        if self.layout.is_wall_signed(next.0, next.1) { cell } else { next }
    }

    /// Cells from `start` (excluded) to the goal; empty if they are the same or there is no way.
    pub(super) fn route(&self, start: (i64, i64)) -> Vec<(i64, i64)> {
        self.route_by(start, |_| 0)
    }

    /// The same where `pick` chooses among equally good moves.
    pub(super) fn route_by(&self, start: (i64, i64), mut pick: impl FnMut(usize) -> usize) -> Vec<(i64, i64)> {
        let clamp = |value: i64, count: usize| value.clamp(0, count as i64 - 1);
        let mut cell = (clamp(start.0, self.layout.rows()), clamp(start.1, self.layout.columns()));
        let mut route = Vec::new();
        for _ in 0..MAX_MOVES {
            if cell == self.goal {
                break;
            }
            let moves = &self.values[self.index(cell)];
            let best = moves.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let equal = || (0..MOVES.len()).filter(|index| best - moves[*index] <= TIE * best);
            let best = equal().nth(pick(equal().count())).unwrap_or_default();
            let next = self.moved(cell, MOVES[best]);
            if next == cell {
                return Vec::new();
            }
            route.push(next);
            cell = next;
        }
        route
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_round_a_block_are_found() {
        let layout = Layout::parse("ring", "#####\n#OOO#\n#O#O#\n#OOO#\n#####").unwrap();
        let policy = GridPolicy::solve(&layout, (3, 2));
        let [first, last] = [policy.route_by((1, 2), |_| 0), policy.route_by((1, 2), |count| count - 1)];
        assert_eq!(first, [(1, 1), (2, 1), (3, 1), (3, 2)]);
        assert_eq!(last, [(1, 3), (2, 3), (3, 3), (3, 2)]);
    }

    #[test]
    fn the_umaze_route_goes_round_the_wall() {
        let layout = Layout::umaze();
        let route = GridPolicy::solve(&layout, (1, 1)).route((3, 1));
        assert_eq!(route, [(3, 2), (3, 3), (2, 3), (1, 3), (1, 2), (1, 1)]);
        assert!(GridPolicy::solve(&layout, (1, 1)).route((1, 1)).is_empty());
    }
}
