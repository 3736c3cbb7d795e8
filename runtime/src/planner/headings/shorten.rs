//! A way of the lattice made shorter: joins past its pieces where they take less time, and arcs for turns at corners.

use super::join::Join;
use super::motion::{Gait, Piece};
use super::search::Problem;
use super::vehicle::Target;
use crate::planner::is_past;
use crate::world::State;
use std::time::Instant;

/// Passes over a way at most.
const PASSES: usize = 3;
/// Pieces that a join replaces at most.
const REACH: usize = 24;
/// A join takes less time by at least this, seconds.
const GAIN_SECS: f64 = 0.01;
/// Shares of the room before and behind a corner that its arc takes, the widest first, and the most room, metres.
const CORNER_SHARES: [f64; 3] = [1.0, 0.5, 0.25];
const CORNER_M: f64 = 1.0;
/// Least radius of such an arc, metres, and the largest turn that it replaces, rad.
const LEAST_RADIUS_M: f64 = 0.1;
const LARGEST_TURN_RAD: f64 = 2.4;

/// Buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct Shortener {
    poses: Vec<State>,
    out: Vec<Piece>,
}

impl Shortener {
    /// Shortens pieces that lead from `start` to the problem's target and are clear, as far as time allows.
    pub(super) fn shorten(
        &mut self,
        problem: &Problem<'_>,
        start: &State,
        pieces: &mut Vec<Piece>,
        deadline: Option<Instant>,
    ) {
        for _ in 0..PASSES {
            self.merge(pieces);
            if !self.pass(problem, start, pieces, deadline) {
                break;
            }
        }
        self.merge(pieces);
        self.round_corners(problem, start, pieces, deadline);
    }

    fn merge(&mut self, pieces: &mut Vec<Piece>) {
        self.out.clear();
        for piece in pieces.iter() {
            let joined = self.out.last().and_then(|last| last.joined(*piece));
            match (self.out.last_mut(), joined) {
                (Some(last), Some(joined)) => *last = joined,
                _ => self.out.push(*piece),
            }
        }
        std::mem::swap(&mut self.out, pieces);
    }

    fn load(&mut self, start: &State, pieces: &[Piece]) {
        self.poses.clear();
        let mut pose = *start;
        self.poses.push(pose);
        for piece in pieces {
            pose = piece.after(&pose, 1.0);
            self.poses.push(pose);
        }
    }

    /// Whether anything became shorter.
    fn pass(
        &mut self,
        problem: &Problem<'_>,
        start: &State,
        pieces: &mut Vec<Piece>,
        deadline: Option<Instant>,
    ) -> bool {
        self.load(start, pieces);
        self.out.clear();
        let (count, mut index, mut changed) = (pieces.len(), 0, false);
        while index < count {
            let before = self.out.last().map(|piece| piece.gait());
            let join = (index + 2..=(index + REACH).min(count)).rev().find_map(|end| {
                let late = is_past(deadline);
                (!late).then(|| self.join(problem, before, pieces, index, end)).flatten().map(|join| (end, join))
            });
            match join {
                Some((end, join)) => {
                    self.out.extend_from_slice(join.pieces());
                    (index, changed) = (end, true);
                }
                None => {
                    self.out.push(pieces[index]);
                    index += 1;
                }
            }
        }
        std::mem::swap(&mut self.out, pieces);
        changed
    }

    /// The quickest clear join past pieces `index` to `end`, if it is quicker than they are.
    fn join(
        &self,
        problem: &Problem<'_>,
        before: Option<Gait>,
        pieces: &[Piece],
        index: usize,
        end: usize,
    ) -> Option<Join> {
        let (from, to, vehicle) = (self.poses[index], self.poses[end], problem.vehicle);
        let next = pieces.get(end);
        let secs_of = |section: &[Piece]| {
            let gait = section.last().map_or(before, |piece| Some(piece.gait()));
            vehicle.secs_of(before, section) + next.map_or(0.0, |piece| vehicle.secs(gait, *piece))
        };
        let section = &pieces[index..end];
        let own_secs = secs_of(section) - GAIN_SECS;
        let is_free = end == pieces.len() && problem.target.heading_rad.is_none();
        let heading_rad = Some(to.heading_rad).filter(|_| vehicle.turns() && !is_free);
        let target = Target { position: to.position, heading_rad };
        let mut best = (own_secs, None);
        let mut own_m = None;
        vehicle.visit_joins(&from, &target, &mut |join| {
            let secs = secs_of(join);
            if !(secs < best.0) || !problem.may_be_clear(&from, join) {
                return;
            }
            let clearance_m = problem.clearance_m(&from, join);
            let enough_m = || problem.clearance_m(&from, section);
            if clearance_m >= problem.wanted_m() || clearance_m >= *own_m.get_or_insert_with(enough_m) {
                best = (secs, Some(join.into()));
            }
        });
        best.1
    }

    /// Replaces turns in place between two straight pieces by arcs, where there is room.
    fn round_corners(
        &mut self,
        problem: &Problem<'_>,
        start: &State,
        pieces: &mut Vec<Piece>,
        deadline: Option<Instant>,
    ) {
        self.load(start, pieces);
        self.out.clear();
        let mut index = 0;
        // What the arc before has taken of the next piece.
        let mut taken_m = 0.0;
        while index < pieces.len() {
            let rest = shortened(pieces[index], taken_m);
            let arc = match pieces[index..] {
                [
                    Piece::Arc { length_m, curvature: 0.0 },
                    Piece::Turn { by_rad },
                    Piece::Arc { length_m: next_m, curvature: 0.0 },
                    ..,
                ] if length_m * next_m > 0.0 && by_rad.abs() < LARGEST_TURN_RAD && !is_past(deadline) => {
                    let from = rest_begin(&self.poses[index], pieces[index], taken_m);
                    corner(problem, &from, [rest.length_m(), next_m.abs()], length_m.signum(), by_rad)
                }
                _ => None,
            };
            match arc {
                Some((arc, before_m)) => {
                    self.out.push(shortened(rest, before_m));
                    self.out.push(arc);
                    (index, taken_m) = (index + 2, before_m);
                }
                None => {
                    self.out.push(rest);
                    (index, taken_m) = (index + 1, 0.0);
                }
            }
        }
        std::mem::swap(&mut self.out, pieces);
    }
}

/// A straight piece less its beginning or end.
fn shortened(piece: Piece, by_m: f64) -> Piece {
    let length_m = piece.length_m();
    if by_m > 0.0 && length_m > by_m { piece.scaled((length_m - by_m) / length_m) } else { piece }
}

/// Where a piece begins that has lost its first metres.
fn rest_begin(pose: &State, piece: Piece, taken_m: f64) -> State {
    let length_m = piece.length_m();
    if length_m > 0.0 { piece.after(pose, taken_m / length_m) } else { *pose }
}

/// The widest clear arc at a corner, and what it takes of the straight pieces, metres.
fn corner(
    problem: &Problem<'_>,
    from: &State,
    [before_m, after_m]: [f64; 2],
    sign: f64,
    by_rad: f64,
) -> Option<(Piece, f64)> {
    let (room_m, tan) = ((0.5 * before_m.min(after_m)).min(CORNER_M), (0.5 * by_rad.abs()).tan());
    let straight = |length_m: f64| Piece::Arc { length_m: sign * length_m, curvature: 0.0 };
    CORNER_SHARES.into_iter().find_map(|share| {
        let taken_m = share * room_m;
        let radius_m = taken_m / tan;
        if !(radius_m >= LEAST_RADIUS_M) {
            return None;
        }
        let length_m = sign * radius_m * by_rad.abs();
        let arc = Piece::Arc { length_m, curvature: by_rad / length_m };
        let begin = straight(before_m - taken_m).after(from, 1.0);
        let clearance_m = problem.clearance_m(&begin, &[arc]);
        let enough = clearance_m >= problem.wanted_m() || {
            let old = [straight(taken_m), Piece::Turn { by_rad }, straight(taken_m)];
            clearance_m >= problem.clearance_m(&begin, &old)
        };
        enough.then_some((arc, taken_m))
    })
}
