//! Places and turns of bodies in the frames of a motion, for pictures of them.

use super::vector::Matrix3;
use super::{Placement, Scene, Tracks};

impl Tracks {
    /// Fills `placements`, by body of the scene that moves so, with the places in a frame. A body that is where it was in frame
    /// 0, or has no place in the frame, is placed as at rest, without the rounding of tracks: its pixels are those of
    /// the first picture.
    pub fn placements(&self, scene: &Scene, frame: usize, placements: &mut Vec<Placement>) {
        placements.clear();
        placements.extend(scene.bodies.iter().enumerate().map(|(index, body)| {
            let moved = |centres: &[[f32; 3]], turns: &[[f32; 4]]| {
                let (centre, turn) = (centres.get(frame)?, turns.get(frame)?);
                let is_moved = Some(centre) != centres.first() || Some(turn) != turns.first();
                is_moved.then(|| Placement { centre_m: centre.map(f64::from), world_from_body: matrix(*turn) })
            };
            let tracks = self.bodies.get(index).zip(self.rotations.get(index));
            tracks.and_then(|(centres, turns)| moved(centres, turns)).unwrap_or_else(|| Placement::at_rest(body))
        }));
    }
}

/// The rotation of a quaternion x, y, z, w, which is of unit length but for the digits of an `f32`.
fn matrix(quaternion: [f32; 4]) -> Matrix3 {
    let [x, y, z, w] = quaternion.map(f64::from);
    let square = x * x + y * y + z * z + w * w;
    let twice = if square > 0.0 { 2.0 / square } else { 0.0 };
    [
        [1.0 - twice * (y * y + z * z), twice * (x * y - z * w), twice * (x * z + y * w)],
        [twice * (x * y + z * w), 1.0 - twice * (x * x + z * z), twice * (y * z - x * w)],
        [twice * (x * z - y * w), twice * (y * z + x * w), 1.0 - twice * (x * x + y * y)],
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{Body, FRAMES, Kind, Look, Shape, generate};
    use super::*;

    #[test]
    fn a_body_that_has_not_moved_is_as_at_rest_and_a_moved_one_is_where_its_track_is() {
        let (mut moved, mut still) = (0, 0);
        for seed in 0..6 {
            let made = generate(Kind::Dominos, seed, false);
            let mut placements = Vec::new();
            for frame in [0, 5, FRAMES] {
                made.tracks.placements(&made.scene, frame, &mut placements);
                assert_eq!(placements.len(), made.scene.bodies.len());
                for (index, (placement, body)) in placements.iter().zip(&made.scene.bodies).enumerate() {
                    let track = &made.tracks.bodies[index];
                    if *placement == Placement::at_rest(body) {
                        assert_eq!(track[frame], track[0]);
                        still += 1;
                    } else {
                        assert_eq!(placement.centre_m, track[frame].map(f64::from));
                        moved += usize::from(frame > 0);
                    }
                }
            }
        }
        assert!(moved > 10 && still > 10, "{moved} {still}");
    }

    #[test]
    fn a_turn_is_that_of_its_quaternion() {
        let shape = Shape::Box { half_m: [0.1; 3] };
        let look = Look::plain([0.5; 3]);
        let body = Body { shape, position_m: [0.0; 2], yaw_rad: 0.0, mass_kg: 1.0, moves: true, look, lift_m: 0.0 };
        let table = generate(Kind::Balls, 0, false).scene.table;
        let half = std::f32::consts::FRAC_PI_8;
        for (axis, sign) in [(0, 1.0), (1, -1.0), (2, 1.0)] {
            let mut turn = [0.0, 0.0, 0.0, half.cos()];
            turn[axis] = half.sin();
            let tracks = Tracks {
                bodies: vec![vec![[0.0; 3]; 2]],
                rotations: vec![vec![[0.0, 0.0, 0.0, 1.0], turn]],
                ..Tracks::default()
            };
            let mut placements = Vec::new();
            tracks.placements(&Scene { bodies: vec![body], table }, 1, &mut placements);
            // An eighth of a turn about one axis leads the next axis half of the way to the third.
            let matrix = placements[0].world_from_body;
            let [first, second] = [(axis + 1) % 3, (axis + 2) % 3];
            let (low, high) = (first.min(second), first.max(second));
            assert!((matrix[high][low] - sign * 0.5_f64.sqrt()).abs() < 1e-6, "{axis}: {matrix:?}");
            assert!(
                (matrix[low][high] + sign * 0.5_f64.sqrt()).abs() < 1e-6 && (matrix[axis][axis] - 1.0).abs() < 1e-6
            );
        }
    }

    #[test]
    fn tracks_that_end_early_and_turns_without_length_are_no_panic() {
        let scene = generate(Kind::Balls, 0, false).scene;
        let mut placements = Vec::new();
        Tracks::default().placements(&scene, 3, &mut placements);
        assert!(placements.iter().zip(&scene.bodies).all(|(at, body)| *at == Placement::at_rest(body)));
        assert!(matrix([0.0; 4]).iter().flatten().all(|value| value.is_finite()));
    }
}
