//! Places of bodies between the frames of a motion.

use crate::world::scene::{FRAME_SECS, FRAMES, Placement, Tracks};
use planwright_ros2::tf::Quaternion;

/// Length of a motion, seconds.
pub const MOTION_SECS: f64 = FRAMES as f64 * FRAME_SECS;

/// Fills `placements`, by body, with the places `secs` after the push: between two frames centres move linearly, and
/// turns take the shorter arc. Before the first frame and after the last one bodies stand still.
pub fn place_at(tracks: &Tracks, secs: f64, placements: &mut Vec<Placement>) {
    let secs = if secs.is_finite() { secs } else { 0.0 };
    let frames = (secs / FRAME_SECS).clamp(0.0, FRAMES as f64);
    let (frame, share) = (frames as usize, frames.fract());
    placements.clear();
    placements.extend(tracks.bodies.iter().zip(&tracks.rotations).map(|(centres, turns)| {
        let (from, to) = (around(centres, frame), around(turns, frame));
        let centre_m = [0, 1, 2].map(|axis| {
            let [from, to] = from.map(|centre: [f32; 3]| f64::from(centre[axis]));
            from + share * (to - from)
        });
        let [from, to] = to.map(|turn: [f32; 4]| {
            let [x, y, z, w] = turn.map(f64::from);
            // Written with the digits of an f32.
            Quaternion { x, y, z, w }.normalized().unwrap_or_default()
        });
        Placement { centre_m, world_from_body: from.slerp(to, share).to_matrix() }
    }));
}

/// What a track has at a frame and the next; the last one where it has ended.
fn around<const N: usize>(track: &[[f32; N]], frame: usize) -> [[f32; N]; 2] {
    let at = |frame: usize| track.get(frame).or(track.last()).copied().unwrap_or([0.0; N]);
    [at(frame), at(frame + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracks() -> Tracks {
        let centre = |frame: usize| [0.1 * frame as f32, 0.5, 0.05];
        let turn = |frame: usize| {
            let half = 0.1 * frame as f32;
            [0.0, 0.0, half.sin(), half.cos()]
        };
        Tracks {
            bodies: vec![(0..=FRAMES).map(centre).collect(), vec![[0.3, 0.0, 0.1]]],
            rotations: vec![(0..=FRAMES).map(turn).collect(), vec![[0.0, 0.0, 0.0, 1.0]]],
            ..Tracks::default()
        }
    }

    #[test]
    fn bodies_move_evenly_between_frames_and_stand_still_outside_them() {
        let (tracks, mut placements) = (tracks(), Vec::new());
        for (secs, frames) in
            [(-1.0, 0.0), (0.0, 0.0), (0.15, 0.5), (0.3, 1.0), (1.0, 10.0 / 3.0), (4.8, 16.0), (99.0, 16.0)]
        {
            place_at(&tracks, secs, &mut placements);
            assert_eq!(placements.len(), 2);
            let [x, y, z] = placements[0].centre_m;
            assert!((x - 0.1 * frames).abs() < 1e-6 && y == 0.5 && (z - 0.05).abs() < 1e-7, "{secs} s: {x}");
            let [[cos, ..], [sin, ..], _] = placements[0].world_from_body;
            assert!((sin.atan2(cos) - (0.2_f64 * frames).sin().atan2((0.2 * frames).cos())).abs() < 1e-6, "{secs} s");
            assert!((placements[1].centre_m[0] - 0.3).abs() < 1e-7, "a track of one frame");
        }
    }

    #[test]
    fn times_that_are_no_numbers_and_empty_tracks_place_nothing_wrong() {
        let mut placements = Vec::new();
        place_at(&tracks(), f64::NAN, &mut placements);
        assert!(placements[0].centre_m[0].abs() < 0.11);
        let empty = Tracks { bodies: vec![vec![]], rotations: vec![vec![]], ..Tracks::default() };
        place_at(&empty, 1.0, &mut placements);
        assert_eq!(placements[0].centre_m, [0.0; 3]);
    }
}
