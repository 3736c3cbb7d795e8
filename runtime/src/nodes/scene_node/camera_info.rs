//! A camera as `sensor_msgs/CameraInfo`.

use crate::world::scene::Camera;
use planwright_ros2::messages::sensor_msgs::CameraInfo;
use planwright_ros2::messages::std_msgs::Header;

/// The camera without distortion. [`Camera`] has the first pixel's centre at (0.5, 0.5), `CameraInfo` at (0, 0).
pub fn camera_info(camera: &Camera, header: Header) -> CameraInfo {
    let ([fx, fy], [cx, cy]) = (camera.focal_px(), camera.principal_px().map(|part| part - 0.5));
    // A camera has at most 8192 pixels a side.
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    CameraInfo {
        header,
        width: side(camera.width()),
        height: side(camera.height()),
        distortion_model: "plumb_bob".to_owned(),
        d: vec![0.0; 5],
        k: [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p: [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
        ..CameraInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::MAX_TILT_RAD;

    #[test]
    fn a_camera_comes_back_from_its_camera_info() {
        for seed in 0..20 {
            let camera = Camera::random(0.5, MAX_TILT_RAD, [64, 48], seed).expect("a camera");
            let info = camera_info(&camera, Header::default());
            assert_eq!((info.width, info.height), (64, 48));
            let size = [info.width as usize, info.height as usize];
            let back = Camera::from_intrinsics(size, info.k, camera.position_m(), camera.world_from_camera());
            let back = back.expect("a camera");
            let point = [0.1, -0.2, 0.05];
            let (own, others) = (camera.project(point).expect("seen"), back.project(point).expect("seen"));
            assert!((0..2).all(|axis| (own[axis] - others[axis]).abs() < 1e-9), "{own:?} {others:?}");
            // P without its last column is K.
            let left: Vec<f64> = info.p.chunks(4).flat_map(|row| &row[..3]).copied().collect();
            assert_eq!(left, info.k);
        }
    }

    #[test]
    fn the_optical_axis_of_an_even_picture_passes_between_its_middle_pixels() {
        let camera = Camera::over_table(0.5, 0.0, 0.0, [64, 64]).expect("a camera");
        let info = camera_info(&camera, Header::default());
        assert_eq!((info.k[2], info.k[5], info.d.len()), (31.5, 31.5, 5));
    }
}
