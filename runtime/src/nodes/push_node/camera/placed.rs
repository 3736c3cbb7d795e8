//! A camera at its place in the world.

use super::{CameraRefusal, Intrinsics};
use crate::world::scene::Camera;
use planwright_ros2::tf::{Quaternion, Transform};

/// The planner's camera from intrinsics without distortion and the optical frame (x right, y down, z forward) in the
/// planner's world.
///
/// # Errors
/// If there is distortion, the rotation has no norm, the camera is not above the table, or the numbers make no camera.
pub fn camera_of(intrinsics: &Intrinsics, world_from_camera: Transform) -> Result<Camera, CameraRefusal> {
    if let Some(distortion) = intrinsics.distortion {
        return Err(CameraRefusal::Distorted(distortion));
    }
    let height_m = world_from_camera.translation[2];
    if !(height_m > 0.0) {
        return Err(CameraRefusal::Below { height_m });
    }
    let Quaternion { x, y, z, w } = world_from_camera.rotation;
    let refused = || CameraRefusal::Rotation(format!("x {x}, y {y}, z {z}, w {w}"));
    let rotation = world_from_camera.rotation.normalized().ok_or_else(refused)?;
    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|axis| rotation.rotate(axis));
    // Its columns are the camera's axes.
    let matrix = [0, 1, 2].map(|row| axes.map(|axis| axis[row]));
    let Intrinsics { size, focal_px, principal_px, .. } = *intrinsics;
    Ok(Camera::new(size, focal_px, principal_px, world_from_camera.translation, matrix)?)
}

#[cfg(test)]
mod tests {
    use super::super::Distortion;
    use super::*;

    const PINHOLE: Intrinsics =
        Intrinsics { size: [640, 480], focal_px: [500.0; 2], principal_px: [320.0, 240.0], distortion: None };
    const UP: [f64; 3] = [0.0, 0.0, 1.0];
    /// Half a turn about x: looks down, x to the right and y up on the table.
    const DOWN: Quaternion = Quaternion { x: 1.0, y: 0.0, z: 0.0, w: 0.0 };

    #[test]
    fn a_camera_that_looks_down_sees_a_point_where_it_is() {
        let from_above = Transform { translation: [0.1, 0.2, 1.0], rotation: DOWN };
        let camera = camera_of(&PINHOLE, from_above).expect("a camera");
        assert_eq!((camera.position_m(), camera.forward()), ([0.1, 0.2, 1.0], [0.0, 0.0, -1.0]));
        let [u, v] = camera.project([0.2, 0.4, 0.0]).expect("in front");
        assert!((u - 370.0).abs() < 1e-9 && (v - 140.0).abs() < 1e-9, "{u} {v}");
    }

    #[test]
    fn the_camera_projects_as_the_transform_turns() {
        let rotation = Quaternion { x: 0.6, y: -0.2, z: 0.3, w: 0.5 };
        let rotation = rotation.normalized().expect("a rotation");
        let world_from_camera = Transform { translation: [0.3, -0.2, 0.9], rotation };
        let camera = camera_of(&PINHOLE, world_from_camera).expect("a camera");
        let [u, v] = camera.project(world_from_camera.apply_to_point([0.1, -0.05, 2.0])).expect("in front");
        assert!((u - 345.0).abs() < 1e-9 && (v - 227.5).abs() < 1e-9, "{u} {v}");
    }

    #[test]
    fn a_camera_below_the_table_is_refused_by_name() {
        for height_m in [0.0, -2.0, f64::NAN] {
            let below = Transform { translation: [0.1, 0.2, height_m], rotation: DOWN };
            assert_eq!(camera_of(&PINHOLE, below).map_err(|refusal| refusal.name()).map(|_| ()), Err("camera_below"));
        }
    }

    #[test]
    fn what_has_no_place_or_a_distorted_picture_is_refused_by_name() {
        let name = |intrinsics: Intrinsics, translation, rotation| {
            camera_of(&intrinsics, Transform { translation, rotation }).map_err(|refusal| refusal.name()).map(|_| ())
        };
        let zero = Quaternion { x: 0.0, y: 0.0, z: 0.0, w: 0.0 };
        let distortion = Some(Distortion::Equidistant { radial: [0.1; 4] });
        assert_eq!(name(PINHOLE, UP, DOWN), Ok(()));
        assert_eq!(name(PINHOLE, UP, zero), Err("camera_rotation"));
        assert_eq!(name(PINHOLE, UP, Quaternion { w: f64::NAN, ..zero }), Err("camera_rotation"));
        assert_eq!(name(PINHOLE, [f64::NAN, 0.0, 1.0], DOWN), Err("camera_value"));
        assert_eq!(name(Intrinsics { size: [0, 480], ..PINHOLE }, UP, DOWN), Err("camera_value"));
        assert_eq!(name(Intrinsics { distortion, ..PINHOLE }, UP, DOWN), Err("camera_distortion"));
    }
}
