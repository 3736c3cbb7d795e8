//! Walls as lines: rerun fills no areas in two dimensions.

use crate::world::Aabb;

const WALL_LINES: usize = 16;

/// Walls that touch along x and span the same y, as one.
pub(super) fn joined(walls: &[Aabb]) -> Vec<Aabb> {
    let mut sorted = walls.to_vec();
    let key = |wall: &Aabb| [wall.low[1], wall.high[1], wall.low[0]];
    sorted.sort_by(|one, other| key(one).partial_cmp(&key(other)).unwrap_or(std::cmp::Ordering::Equal));
    let mut runs: Vec<Aabb> = Vec::with_capacity(sorted.len());
    for wall in sorted {
        match runs.last_mut() {
            Some(run)
                if [run.low[1], run.high[1]] == [wall.low[1], wall.high[1]] && wall.low[0] <= run.high[0] + 1e-9 =>
            {
                run.high[0] = run.high[0].max(wall.high[0]);
            }
            _ => runs.push(wall),
        }
    }
    runs
}

/// A wall is filled with lines along x; their ends are round, so they are thin. Returns the lines, all of the same radius, metres.
pub(super) fn wall_lines(wall: &Aabb) -> impl Iterator<Item = (Vec<[f32; 2]>, f32)> {
    let [low, high] = [wall.low, wall.high];
    let radius = (high[1] - low[1]) / (2 * WALL_LINES) as f64;
    (0..WALL_LINES).map(move |line| {
        let y = low[1] + radius * (2 * line + 1) as f64;
        let ends = [[low[0] + radius, y], [high[0] - radius, y]];
        // A little wider than their distance, so that no seam shows.
        (ends.map(|point| point.map(|coordinate| coordinate as f32)).to_vec(), 1.1 * radius as f32)
    })
}
