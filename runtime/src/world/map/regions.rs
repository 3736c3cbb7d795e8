//! Regions of free cells: which cells a way over shared sides connects.

/// The number of the region of each cell, in row order; 0 is a wall. `walls` are cells in row order.
pub(super) fn regions(walls: &[bool], columns: usize) -> Vec<u32> {
    let mut regions = vec![0; walls.len()];
    let mut frontier = Vec::new();
    let mut count = 0;
    for first in 0..walls.len() {
        if walls[first] || regions[first] != 0 {
            continue;
        }
        count += 1;
        regions[first] = count;
        frontier.push(first);
        while let Some(cell) = frontier.pop() {
            let column = cell % columns;
            let beside = [
                cell.checked_sub(columns),
                cell.checked_add(columns).filter(|next| *next < walls.len()),
                (column > 0).then(|| cell - 1),
                (column + 1 < columns).then(|| cell + 1),
            ];
            for next in beside.into_iter().flatten() {
                if !walls[next] && regions[next] == 0 {
                    regions[next] = count;
                    frontier.push(next);
                }
            }
        }
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_touch_at_a_corner_only_are_apart() {
        let walls: Vec<bool> = "#.#.##..#".chars().map(|cell| cell == '#').collect();
        assert_eq!(regions(&walls, 3), [0, 1, 0, 2, 0, 0, 2, 2, 0]);
        assert_eq!(regions(&[], 0), [0_u32; 0]);
        // The end of one row is no neighbour of the beginning of the next.
        let rows: Vec<bool> = "##..##".chars().map(|cell| cell == '#').collect();
        assert_eq!(regions(&rows, 3), [0, 0, 1, 2, 0, 0]);
    }
}
