//! A way of pieces as poses, close enough to one another for the correction to time it.

use super::motion::Piece;
use crate::world::State;

/// Distance between poses, metres, and between headings of a turn, rad.
const SPACING_M: f64 = 0.03;
const SPACING_RAD: f64 = 0.1;

/// Fills `poses` with the poses along pieces, both ends included: at most about `most`, then farther apart.
pub(super) fn fill(start: &State, pieces: &[Piece], most: usize, poses: &mut Vec<State>) {
    let (length_m, turns_rad) = pieces.iter().fold((0.0, 0.0), |(length_m, turns_rad), piece| match piece {
        Piece::Turn { by_rad } => (length_m, turns_rad + by_rad.abs()),
        piece => (length_m + piece.length_m(), turns_rad),
    });
    let wanted = length_m / SPACING_M + turns_rad / SPACING_RAD;
    let room = most.saturating_sub(2 * pieces.len() + 2).max(1) as f64;
    let stretch = (wanted / room).max(1.0);
    poses.clear();
    let mut pose = start.halted();
    poses.push(pose);
    for piece in pieces {
        let extent = match piece {
            Piece::Turn { by_rad } => by_rad.abs() / SPACING_RAD,
            piece => piece.length_m() / SPACING_M,
        };
        let steps = (extent / stretch).ceil().max(1.0) as usize;
        poses.extend((1..=steps).map(|step| piece.after(&pose, step as f64 / steps as f64)));
        pose = piece.after(&pose, 1.0);
    }
}
