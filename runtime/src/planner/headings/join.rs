//! A few pieces in a row, which need no memory of their own.

use super::motion::Piece;

/// Pieces at most: those of Dubins's words, and of turn, straight, turn.
const MOST_PIECES: usize = 3;

/// The pieces that lead from a pose to another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Join {
    pieces: [Piece; MOST_PIECES],
    count: u8,
}

impl Join {
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces[..usize::from(self.count)]
    }
}

/// Of at most [`MOST_PIECES`]; what comes after them is left out.
impl FromIterator<Piece> for Join {
    fn from_iter<T: IntoIterator<Item = Piece>>(all: T) -> Self {
        let mut join = Self { pieces: [Piece::Turn { by_rad: 0.0 }; MOST_PIECES], count: 0 };
        for (place, piece) in join.pieces.iter_mut().zip(all) {
            *place = piece;
            join.count += 1;
        }
        join
    }
}

impl From<&[Piece]> for Join {
    fn from(pieces: &[Piece]) -> Self {
        pieces.iter().copied().collect()
    }
}
