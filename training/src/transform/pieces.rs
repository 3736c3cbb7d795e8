//! Local pieces of codes: the states of all codes at one time step, found by place.

use super::Codes;
use std::cmp::Ordering;

/// For every time step, the codes' states ordered by their first coordinate.
pub(super) struct Pieces {
    columns: usize,
    steps: Vec<Step>,
}

/// The states of all codes at one time step.
struct Step {
    /// First coordinates, rising.
    firsts: Vec<f32>,
    /// Whole states in the same order, N x C.
    states: Vec<f32>,
    /// Whose they are.
    codes: Vec<u32>,
}

impl Pieces {
    /// Codes of H x `columns` coordinates.
    pub(super) fn new(codes: &Codes, columns: usize) -> Self {
        let horizon = codes.dims() / columns.max(1);
        let steps = (0..horizon).map(|step| {
            let rows = codes.values().chunks_exact(codes.dims());
            let states = rows.map(|code| code.get(step * columns..(step + 1) * columns).unwrap_or_default());
            let mut ordered: Vec<(u32, &[f32])> = (0..).zip(states).collect();
            ordered.sort_by(|left, right| left.1.first().partial_cmp(&right.1.first()).unwrap_or(Ordering::Equal));
            Step {
                firsts: ordered.iter().filter_map(|(_, state)| state.first().copied()).collect(),
                states: ordered.iter().flat_map(|(_, state)| state.iter().copied()).collect(),
                codes: ordered.into_iter().map(|(code, _)| code).collect(),
            }
        });
        Self { columns, steps: steps.collect() }
    }

    /// The code whose state at `step` is nearest to `state`.
    pub(super) fn nearest(&self, step: usize, state: &[f32]) -> Option<u32> {
        let step = self.steps.get(step)?;
        let first = state.first().copied()?;
        let mut best = (f32::INFINITY, None);
        // Outward from the middle on both sides; a side is done when its first coordinate alone is farther than the
        // best found.
        let mut above = step.firsts.partition_point(|other| *other < first);
        let mut below = above.checked_sub(1);
        loop {
            let gap = |place: Option<usize>| {
                place.and_then(|place| step.firsts.get(place)).map_or(f32::INFINITY, |other| (other - first).abs())
            };
            let (low, high) = (gap(below), gap(Some(above)));
            let (place, gap) = if low < high { (below.unwrap_or(0), low) } else { (above, high) };
            if !(gap * gap < best.0) {
                return best.1;
            }
            let square = squared(self.state(step, place), state);
            if square < best.0 {
                best = (square, step.codes.get(place).copied());
            }
            if low < high {
                below = place.checked_sub(1);
            } else {
                above += 1;
            }
        }
    }

    fn state<'a>(&self, step: &'a Step, place: usize) -> &'a [f32] {
        step.states.get(place * self.columns..(place + 1) * self.columns).unwrap_or_default()
    }

    /// Median over about 256 places of the number of pieces within `scale` sqrt(C) of a piece, itself included
    /// (eq. 27 with m = 1). A Latin hypercube is evenly dense, so that one number serves everywhere.
    pub(super) fn median_count(&self, scale: f32) -> usize {
        let squared_radius = scale * scale * self.columns as f32;
        let radius = squared_radius.sqrt();
        let count = |step: &Step, place: usize| {
            let centre = self.state(step, place);
            let first = centre.first()?;
            let start = step.firsts.partition_point(|other| *other < first - radius);
            let end = step.firsts.partition_point(|other| *other <= first + radius);
            Some((start..end).filter(|place| squared(self.state(step, *place), centre) <= squared_radius).count())
        };
        let mut counts: Vec<usize> = (0..256)
            .filter_map(|number| {
                let step = self.steps.get(number % self.steps.len().max(1))?;
                count(step, number * step.codes.len() / 256)
            })
            .collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied().unwrap_or_default()
    }
}

fn squared(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| (left - right) * (left - right)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_piece_is_that_of_a_plain_search() {
        let codes = Codes::latin_hypercube(200, 6, 1).expect("a size");
        for columns in [1, 2, 3] {
            let pieces = Pieces::new(&codes, columns);
            let queries = Codes::latin_hypercube(100, columns, 2).expect("a size");
            for query in queries.values().chunks(columns) {
                let step = 1;
                let plain = codes
                    .values()
                    .chunks(6)
                    .enumerate()
                    .min_by(|a, b| squared(&a.1[columns..], query).total_cmp(&squared(&b.1[columns..], query)))
                    .map(|(code, _)| code as u32);
                assert_eq!(pieces.nearest(step, query), plain, "{columns} columns");
            }
        }
    }

    #[test]
    fn counts_agree_with_the_density() {
        let codes = Codes::latin_hypercube(4000, 4, 1).expect("a size");
        let along_a_line = Pieces::new(&codes, 1).median_count(0.01);
        assert!((38..=42).contains(&along_a_line), "{along_a_line}");
        // 4000 / 4 per unit of area, radius 0.05 sqrt 2.
        let in_a_plane = Pieces::new(&codes, 2).median_count(0.05);
        assert!((12..=19).contains(&in_a_plane), "{in_a_plane}");
    }
}
