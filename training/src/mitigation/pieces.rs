//! Local pieces of codes: the states of all codes at one time step, found by place.

use super::Codes;

/// For every time step, the codes' states ordered by their first coordinate.
pub(super) struct Pieces {
    columns: usize,
    steps: Vec<Vec<Piece>>,
}

#[derive(Clone)]
struct Piece {
    code: u32,
    state: Vec<f32>,
}

impl Pieces {
    /// Codes of H x `columns` coordinates.
    pub(super) fn new(codes: &Codes, columns: usize) -> Self {
        let horizon = codes.dims() / columns.max(1);
        let steps = (0..horizon).map(|step| {
            let state = |code: &[f32]| code.iter().skip(step * columns).take(columns).copied().collect();
            let rows = codes.values().chunks_exact(codes.dims()).zip(0..);
            let mut pieces: Vec<Piece> =
                rows.map(|(code, number)| Piece { code: number, state: state(code) }).collect();
            pieces.sort_by(|left, right| left.first().total_cmp(&right.first()));
            pieces
        });
        Self { columns, steps: steps.collect() }
    }

    /// The code whose state at `step` is nearest to `state`.
    pub(super) fn nearest(&self, step: usize, state: &[f32]) -> Option<u32> {
        let pieces = self.steps.get(step)?;
        let first = state.first().copied()?;
        let middle = pieces.partition_point(|piece| piece.first() < first);
        let mut best = (f32::INFINITY, None);
        // Outward from the middle; a side is done when its first coordinate alone is farther than the best.
        let (below, above) = (pieces.get(..middle)?, pieces.get(middle..)?);
        let (mut below, mut above) = (below.iter().rev(), above.iter());
        let (mut low, mut high) = (below.next(), above.next());
        loop {
            let gap = |piece: Option<&Piece>| piece.map_or(f32::INFINITY, |piece| (piece.first() - first).abs());
            let take_low = gap(low) < gap(high);
            let Some(piece) = (if take_low { low } else { high }) else { return best.1 };
            let gap = (piece.first() - first).abs();
            if !(gap * gap < best.0) {
                return best.1;
            }
            let square = squared(&piece.state, state);
            if square < best.0 {
                best = (square, Some(piece.code));
            }
            if take_low {
                low = below.next();
            } else {
                high = above.next();
            }
        }
    }

    /// Median over about 256 places of the number of pieces within `scale` sqrt(C) of a piece, itself included
    /// (eq. 27 with m = 1). A Latin hypercube is evenly dense, so that one number serves everywhere.
    pub(super) fn median_count(&self, scale: f32) -> usize {
        let squared_radius = scale * scale * self.columns as f32;
        let radius = squared_radius.sqrt();
        let count = |pieces: &[Piece], place: usize| {
            let centre = pieces.get(place)?;
            let start = pieces.partition_point(|piece| piece.first() < centre.first() - radius);
            let end = pieces.partition_point(|piece| piece.first() <= centre.first() + radius);
            let near = pieces.get(start..end)?.iter();
            Some(near.filter(|piece| squared(&piece.state, &centre.state) <= squared_radius).count())
        };
        let mut counts: Vec<usize> = (0..256)
            .filter_map(|number| {
                let pieces = self.steps.get(number % self.steps.len().max(1))?;
                count(pieces, number * pieces.len() / 256)
            })
            .collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied().unwrap_or_default()
    }
}

impl Piece {
    fn first(&self) -> f32 {
        self.state.first().copied().unwrap_or_default()
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
