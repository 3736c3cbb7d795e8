//! Pieces of a way: arcs, turns in place, shifts; where they lead, and whether the footprint is clear along them.

use crate::geometry::{Point, wrapped};
use crate::world::{State, Sweep};

/// A motion of constant kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    /// Along the heading, in reverse where the length is negative; 1/m, positive to the left of the heading.
    Arc { length_m: f64, curvature: f64 },
    /// Where it stands; positive to the left.
    Turn { by_rad: f64 },
    /// Without a turn, in any direction of the map's frame.
    Shift { by_m: Point },
}

/// Kind of a motion: between different kinds a robot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gait {
    Forward,
    Reverse,
    Turn,
    Shift,
}

/// The farthest point of the footprint moves by this much between two poses whose clearance is computed, metres.
const CHECK_M: f64 = 0.08;

impl Piece {
    pub(super) fn gait(self) -> Gait {
        match self {
            Self::Arc { length_m, .. } if length_m < 0.0 => Gait::Reverse,
            Self::Arc { .. } => Gait::Forward,
            Self::Turn { .. } => Gait::Turn,
            Self::Shift { .. } => Gait::Shift,
        }
    }

    /// Way of the position, metres.
    pub(super) fn length_m(self) -> f64 {
        match self {
            Self::Arc { length_m, .. } => length_m.abs(),
            Self::Turn { .. } => 0.0,
            Self::Shift { by_m } => by_m[0].hypot(by_m[1]),
        }
    }

    /// Change of the heading, rad.
    pub(super) fn turn_rad(self) -> f64 {
        match self {
            Self::Arc { length_m, curvature } => length_m * curvature,
            Self::Turn { by_rad } => by_rad,
            Self::Shift { .. } => 0.0,
        }
    }

    /// The pose after a share of it.
    pub(super) fn after(self, pose: &State, share: f64) -> State {
        match self {
            Self::Arc { length_m, curvature } => {
                let (length_m, half) = (share * length_m, 0.5 * share * length_m * curvature);
                let chord_m = if half.abs() < 1e-6 { length_m } else { length_m * half.sin() / half };
                let (sin, cos) = (pose.heading_rad + half).sin_cos();
                let position = [pose.position[0] + chord_m * cos, pose.position[1] + chord_m * sin];
                State::at_pose(position, wrapped(pose.heading_rad + 2.0 * half))
            }
            Self::Turn { by_rad } => State::at_pose(pose.position, wrapped(pose.heading_rad + share * by_rad)),
            Self::Shift { by_m: [x, y] } => {
                State::at_pose([pose.position[0] + share * x, pose.position[1] + share * y], pose.heading_rad)
            }
        }
    }

    /// A part of it.
    pub(super) fn scaled(self, share: f64) -> Self {
        match self {
            Self::Arc { length_m, curvature } => Self::Arc { length_m: share * length_m, curvature },
            Self::Turn { by_rad } => Self::Turn { by_rad: share * by_rad },
            Self::Shift { by_m } => Self::Shift { by_m: by_m.map(|value| share * value) },
        }
    }

    /// Both as one, where they are of one kind.
    pub(super) fn joined(self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Arc { length_m, curvature }, Self::Arc { length_m: more_m, curvature: next }) => {
                let alike = curvature == next && (length_m < 0.0) == (more_m < 0.0);
                alike.then_some(Self::Arc { length_m: length_m + more_m, curvature })
            }
            (Self::Turn { by_rad }, Self::Turn { by_rad: more_rad }) => Some(Self::Turn { by_rad: by_rad + more_rad }),
            _ => None,
        }
    }
}

/// The pose after pieces.
pub(super) fn end_of(pose: &State, pieces: &[Piece]) -> State {
    pieces.iter().fold(*pose, |pose, piece| piece.after(&pose, 1.0))
}

/// Least clearance of the footprint along pieces, metres; what is below `least_m` ends the computation. NaN counts as none.
pub(super) fn clearance_m(sweep: &Sweep<'_>, radius_m: f64, pose: &State, pieces: &[Piece], least_m: f64) -> f64 {
    let mut clearance_m = f64::INFINITY;
    let mut from = *pose;
    for piece in pieces {
        let moved_m = piece.length_m() + radius_m * piece.turn_rad().abs();
        let steps = (moved_m / CHECK_M).ceil().max(1.0) as usize;
        let begin = from;
        for step in 1..=steps {
            let to = piece.after(&begin, step as f64 / steps as f64);
            let here_m = sweep.motion(&from, &to);
            if !(here_m >= least_m) {
                return if here_m.is_nan() { f64::NEG_INFINITY } else { here_m };
            }
            clearance_m = clearance_m.min(here_m);
            from = to;
        }
    }
    clearance_m
}
