//! From the motion of cells to a push: where every object goes, which of them sets off first, and how.

use crate::world::scene::FRAMES;

/// An object moves once it is farther from its start than this, pixels of a picture 64 pixels wide.
pub(super) const MOVES_PX: f64 = 1.3;
/// The initiator may be seen to move so many frames after the target: a fast one strikes within its first frame.
const LATE_FRAMES: usize = 1;

/// The cells of a detected object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectCells {
    /// Cells of which at least half belongs to the object; of small and thin ones a single cell.
    pub cells: Vec<usize>,
    /// Its middle in the first picture, pixels.
    pub centre_px: [f64; 2],
}

/// What a motion says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The object that sets off first.
    pub initiator: usize,
    /// Its place in the first picture, pixels.
    pub from_px: [f64; 2],
    /// Its place in the last frame before the target moves, pixels.
    pub to_px: [f64; 2],
    /// Frames between both.
    pub frames: usize,
    /// The target's velocity in its first frames, pixels per frame; zero if it does not move.
    pub target_px: [f64; 2],
}

/// Why a motion is no push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// A number is not finite.
    #[error("the predicted motion is not finite")]
    NotFinite,
    /// Nothing moves.
    #[error("in the predicted motion nothing moves")]
    NothingMoves,
    /// The target moves before anything has reached it.
    #[error("in the predicted motion the target sets off by itself")]
    Spontaneous,
    /// Something moves, but the target does not.
    #[error("in the predicted motion the target does not move")]
    TargetStill,
}

impl ReadFault {
    /// Its name in diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFinite => "motion_not_finite",
            Self::NothingMoves => "nothing_moves",
            Self::Spontaneous => "spontaneous",
            Self::TargetStill => "target_still",
        }
    }
}

/// Where every object is in every frame, pixels: the median velocity of its cells, added up. `motion` is frames x (u, v) x
/// cells in pixels per frame. By object, [`FRAMES`] + 1 places each.
pub fn tracks(motion: &[f32], cells: usize, objects: &[ObjectCells]) -> Vec<[[f64; 2]; FRAMES + 1]> {
    let mut values = Vec::new();
    let mut median = |channel: usize, of: &[usize]| -> f64 {
        values.clear();
        values.extend(of.iter().filter_map(|cell| motion.get(channel * cells + cell)).map(|value| f64::from(*value)));
        values.sort_by(f64::total_cmp);
        match values.len() {
            0 => 0.0,
            count => 0.5 * (values[(count - 1) / 2] + values[count / 2]),
        }
    };
    let track = |object: &ObjectCells| {
        let mut places = [object.centre_px; FRAMES + 1];
        for frame in 0..FRAMES {
            let velocity = [median(2 * frame, &object.cells), median(2 * frame + 1, &object.cells)];
            places[frame + 1] = [0, 1].map(|axis| places[frame][axis] + velocity[axis]);
        }
        places
    };
    objects.iter().map(track).collect()
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// The first frame in which an object is away from its start.
fn start_frame(track: &[[f64; 2]; FRAMES + 1], moves_px: f64) -> Option<usize> {
    track.iter().position(|place| distance(*place, track[0]) > moves_px)
}

/// Reads the push from the tracks of all objects: the initiator is the first object other than the target to move, and it
/// moves before the target does. `width_px` is the picture's width. `can_start` says of every object whether it can be
/// pushed at all: obstacles cannot, and what a model moves of them is not looked at.
///
/// # Errors
/// See [`ReadFault`].
pub fn read_push(
    tracks: &[[[f64; 2]; FRAMES + 1]],
    target: usize,
    width_px: f64,
    can_start: impl Fn(usize) -> bool,
) -> Result<Reading, ReadFault> {
    if tracks.iter().flatten().flatten().any(|value| !value.is_finite()) {
        return Err(ReadFault::NotFinite);
    }
    let moves_px = MOVES_PX * width_px / 64.0;
    let starts: Vec<Option<usize>> = tracks.iter().map(|track| start_frame(track, moves_px)).collect();
    let target_start = starts.get(target).copied().flatten();
    // Two that start in one frame: the faster one has gone farther.
    let gone = |object: usize, frame: usize| distance(tracks[object][frame], tracks[object][0]);
    let first = (0..tracks.len())
        .filter(|object| *object != target && can_start(*object))
        .filter_map(|object| starts[object].map(|frame| (frame, object)))
        .min_by(|a, b| a.0.cmp(&b.0).then(gone(b.1, b.0).total_cmp(&gone(a.1, a.0))));
    let (frame, initiator) = match (first, target_start) {
        (None, None) => return Err(ReadFault::NothingMoves),
        (None, Some(_)) => return Err(ReadFault::Spontaneous),
        (Some((frame, _)), Some(target)) if frame > target + LATE_FRAMES => return Err(ReadFault::Spontaneous),
        (Some(_), None) => return Err(ReadFault::TargetStill),
        (Some(first), Some(_)) => first,
    };
    let struck = target_start.unwrap_or(FRAMES);
    // The frame in which the target is first seen away from its place ends after the contact.
    let last = struck.saturating_sub(1).max(frame).min(FRAMES);
    let target_last = (struck + 2).min(FRAMES);
    let target_frames = (target_last + 1 - struck) as f64;
    let before = tracks[target][struck - 1];
    Ok(Reading {
        initiator,
        from_px: tracks[initiator][0],
        to_px: tracks[initiator][last],
        frames: last,
        target_px: [0, 1].map(|axis| (tracks[target][target_last][axis] - before[axis]) / target_frames),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A straight track that sets off after a frame, at a velocity per frame.
    fn track(from: [f64; 2], after: usize, velocity: [f64; 2]) -> [[f64; 2]; FRAMES + 1] {
        let mut places = [from; FRAMES + 1];
        for (frame, place) in places.iter_mut().enumerate() {
            let moved = frame.saturating_sub(after) as f64;
            *place = [from[0] + moved * velocity[0], from[1] + moved * velocity[1]];
        }
        places
    }

    #[test]
    fn the_object_that_sets_off_first_is_the_initiator() {
        let all = [
            track([40.0, 32.0], 6, [2.0, 0.5]),
            track([20.0, 32.0], 0, [2.0, 0.0]),
            track([10.0, 10.0], 8, [3.0, 0.0]),
        ];
        let reading = read_push(&all, 0, 64.0, |_| true).expect("a push");
        assert_eq!((reading.initiator, reading.from_px, reading.frames), (1, [20.0, 32.0], 6));
        assert_eq!(reading.to_px, [32.0, 32.0]);
        assert!((reading.target_px[0] - 2.0).abs() < 1e-12 && (reading.target_px[1] - 0.5).abs() < 1e-12);
    }

    #[test]
    fn each_fault_has_its_name() {
        let still = |x: f64| track([x, 5.0], FRAMES, [0.0; 2]);
        let moving = |after: usize| track([30.0, 30.0], after, [2.0, 0.0]);
        let read = |all: &[[[f64; 2]; FRAMES + 1]]| read_push(all, 0, 64.0, |_| true);
        assert_eq!(read(&[still(1.0), still(30.0)]), Err(ReadFault::NothingMoves));
        assert_eq!(read(&[moving(0), still(30.0)]), Err(ReadFault::Spontaneous));
        assert_eq!(read(&[moving(0), moving(5)]), Err(ReadFault::Spontaneous));
        assert_eq!(read(&[still(1.0), moving(5)]), Err(ReadFault::TargetStill));
        let mut nan = still(3.0);
        nan[4][1] = f64::NAN;
        assert_eq!(read(&[still(1.0), nan]), Err(ReadFault::NotFinite));
        // An obstacle that a model moves is no initiator.
        let barred = read_push(&[moving(4), moving(0)], 0, 64.0, |object| object == 0);
        assert_eq!(barred, Err(ReadFault::Spontaneous));
        assert_eq!(read(&[]), Err(ReadFault::NothingMoves));
    }

    #[test]
    fn a_track_is_the_median_of_its_cells() {
        let cells = 9;
        let mut motion = vec![0.0; 2 * FRAMES * cells];
        for frame in 0..FRAMES {
            for (cell, u) in [(3, 1.0), (4, 2.0), (5, 40.0)] {
                motion[2 * frame * cells + cell] = u;
            }
        }
        let object = ObjectCells { cells: vec![3, 4, 5], centre_px: [5.0, 5.0] };
        let all = tracks(&motion, cells, &[object, ObjectCells::default()]);
        assert_eq!(all[0][16], [37.0, 5.0]);
        assert_eq!(all[1][16], [0.0, 0.0]);
    }
}
