//! `sensor_msgs/CameraInfo` as the intrinsics of the picture that was taken: binning and region of interest applied.

use super::{CameraRefusal, Distortion};
use crate::world::scene::MAX_SIDE_PX;
use planwright_ros2::messages::sensor_msgs::CameraInfo;

/// A camera without its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intrinsics {
    /// Width and height of its pictures, px.
    pub size: [usize; 2],
    /// Focal lengths along u and v, px.
    pub focal_px: [f64; 2],
    /// Where the optical axis meets the picture, px; the first pixel's centre is at (0.5, 0.5).
    pub principal_px: [f64; 2],
    /// The lens's, unless it is none or removed.
    pub distortion: Option<Distortion>,
}

/// The intrinsics of a camera's pictures: of the raw ones from K and D, of `rectified` ones (image_rect) from P, or from K
/// where P is all zero. R and the fourth column of P, which stereo cameras have, are not used.
///
/// A pixel of a picture with binning b covers b x b pixels of the sensor, so that the point at c px of the sensor is seen
/// at (c - offset) / b, both measured from the corner of the first pixel. image_geometry divides the coordinates measured
/// from its centre instead, up to half a pixel off.
///
/// # Errors
/// See [`CameraRefusal`].
pub fn pinhole(info: &CameraInfo, rectified: bool) -> Result<Intrinsics, CameraRefusal> {
    let Window { size, offset, binning } = Window::of(info)?;
    let is_projected = rectified && info.p.iter().any(|value| *value != 0.0);
    let (matrix, [focal_u, focal_v, centre_u, centre_v]) = if is_projected {
        ("P", [info.p[0], info.p[5], info.p[2], info.p[6]])
    } else {
        ("K", [info.k[0], info.k[4], info.k[2], info.k[5]])
    };
    let focal = [focal_u, focal_v];
    let is_focal = focal.iter().all(|focal| focal.is_finite() && *focal > 0.0);
    if !is_focal || !centre_u.is_finite() || !centre_v.is_finite() {
        let got = format!("fx {focal_u}, fy {focal_v}, cx {centre_u}, cy {centre_v}");
        return Err(CameraRefusal::Uncalibrated { matrix, got });
    }
    let distortion = if rectified { None } else { Distortion::new(&info.distortion_model, &info.d)? };
    let (scale, offset) = (binning.map(f64::from), offset.map(f64::from));
    let focal_px = [0, 1].map(|axis| focal[axis] / scale[axis]);
    let principal_px = [0, 1].map(|axis| ([centre_u, centre_v][axis] + 0.5 - offset[axis]) / scale[axis]);
    Ok(Intrinsics { size, focal_px, principal_px, distortion })
}

/// What part of the sensor a picture shows.
struct Window {
    /// Of the picture, px.
    size: [usize; 2],
    /// Its left upper corner, px of the sensor.
    offset: [u32; 2],
    /// Pixels of the sensor per pixel, along both axes.
    binning: [u32; 2],
}

impl Window {
    fn of(info: &CameraInfo) -> Result<Self, CameraRefusal> {
        let binning = [info.binning_x, info.binning_y].map(|binning| binning.max(1));
        let sensor = [info.width, info.height];
        if sensor.contains(&0) {
            return Err(CameraRefusal::Size { got: sensor, binning });
        }
        let roi = &info.roi;
        let (offset, mut seen) = ([roi.x_offset, roi.y_offset], [roi.width, roi.height]);
        if seen == [0, 0] && offset == [0, 0] {
            seen = sensor;
        }
        let end = |axis: usize| u64::from(offset[axis]) + u64::from(seen[axis]);
        if ![0, 1].into_iter().all(|axis| seen[axis] > 0 && end(axis) <= u64::from(sensor[axis])) {
            return Err(CameraRefusal::Region { sensor, got: [offset[0], offset[1], seen[0], seen[1]] });
        }
        let size = [0, 1].map(|axis| (seen[axis] / binning[axis]) as usize);
        if !size.iter().all(|side| (1..=MAX_SIDE_PX).contains(side)) {
            return Err(CameraRefusal::Size { got: seen, binning });
        }
        Ok(Self { size, offset, binning })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_ros2::messages::sensor_msgs::RegionOfInterest;
    use proptest::prelude::*;

    const K: [f64; 9] = [500.0, 0.0, 319.5, 0.0, 510.0, 239.5, 0.0, 0.0, 1.0];
    const P: [f64; 12] = [450.0, 0.0, 310.5, -9.0, 0.0, 460.0, 229.5, 0.0, 0.0, 0.0, 1.0, 0.0];

    fn info() -> CameraInfo {
        let distortion_model = "plumb_bob".to_owned();
        let d = vec![-0.1, 0.01, 0.0, 0.0, 0.0];
        CameraInfo { width: 640, height: 480, k: K, p: P, d, distortion_model, ..CameraInfo::default() }
    }

    fn refused(change: impl FnOnce(&mut CameraInfo), rectified: bool) -> CameraRefusal {
        let mut info = info();
        change(&mut info);
        pinhole(&info, rectified).expect_err("no camera")
    }

    #[test]
    fn raw_pictures_have_k_and_d_and_rectified_ones_p() {
        let raw = pinhole(&info(), false).expect("a camera");
        let distortion =
            Some(Distortion::Polynomial { radial: [-0.1, 0.01, 0.0, 0.0, 0.0, 0.0], tangential: [0.0; 2] });
        let expected =
            Intrinsics { size: [640, 480], focal_px: [500.0, 510.0], principal_px: [320.0, 240.0], distortion };
        assert_eq!(raw, expected);
        let rectified = pinhole(&info(), true).expect("a camera");
        let (focal_px, principal_px) = ([450.0, 460.0], [311.0, 230.0]);
        assert_eq!(rectified, Intrinsics { size: [640, 480], focal_px, principal_px, distortion: None });
        let without = pinhole(&CameraInfo { p: [0.0; 12], ..info() }, true).expect("a camera");
        assert_eq!(without, Intrinsics { distortion: None, ..expected });
        // Whatever the model of a lens that is no more seen.
        assert!(pinhole(&CameraInfo { distortion_model: "ftheta".to_owned(), ..info() }, true).is_ok());
    }

    #[test]
    fn binning_and_region_move_and_scale_the_principal_point() {
        let roi = RegionOfInterest { x_offset: 100, y_offset: 40, width: 401, height: 300, do_rectify: false };
        let info = CameraInfo { binning_x: 2, binning_y: 4, roi, ..info() };
        let got = pinhole(&info, false).expect("a camera");
        assert_eq!((got.size, got.focal_px, got.principal_px), ([200, 75], [250.0, 127.5], [110.0, 50.0]));
    }

    #[test]
    fn what_is_not_calibrated_is_refused_with_the_way_to_calibrate() {
        for (index, value) in [(0, 0.0), (0, f64::NAN), (0, -500.0), (4, f64::INFINITY), (2, f64::NAN), (5, f64::NAN)] {
            let refusal = refused(|info| info.k[index] = value, false);
            assert_eq!(refusal.name(), "camera_uncalibrated");
            assert!(refusal.to_string().contains("camera_calibration"), "{refusal}");
        }
        assert_eq!(refused(|info| (info.k, info.p) = ([0.0; 9], [0.0; 12]), true).name(), "camera_uncalibrated");
        assert_eq!(refused(|info| info.p[5] = 0.0, true).name(), "camera_uncalibrated");
    }

    #[test]
    fn sizes_and_regions_that_are_none_are_refused() {
        assert_eq!(refused(|info| info.width = 0, false).name(), "camera_size");
        assert_eq!(refused(|info| info.height = 0, true).name(), "camera_size");
        assert_eq!(refused(|info| info.width = 8193, false).name(), "camera_size");
        assert_eq!(refused(|info| info.binning_x = 641, false).name(), "camera_size");
        for roi in [[0, 0, 641, 480], [1, 0, 640, 480], [u32::MAX, 0, 2, 2], [0, 0, 0, 480], [4, 4, 0, 0]] {
            let [x_offset, y_offset, width, height] = roi;
            let region = RegionOfInterest { x_offset, y_offset, width, height, do_rectify: false };
            assert_eq!(refused(|info| info.roi = region, false).name(), "camera_roi", "{roi:?}");
        }
        assert_eq!(refused(|info| info.distortion_model = "ftheta".to_owned(), false).name(), "camera_distortion");
    }

    proptest! {
        #[test]
        fn any_fields_give_a_refusal_or_a_finite_camera(
            size: [u16; 2], k: [f64; 9], p: [f64; 12], d in prop::collection::vec(any::<f64>(), 0..15),
            binning in prop::array::uniform2(0_u32..5), roi in prop::array::uniform4(prop_oneof![0_u32..700, any::<u32>()]),
            rectified: bool, model in prop::sample::select(vec!["plumb_bob", "equidistant", "rational_polynomial", "x"]),
        ) {
            let [x_offset, y_offset, width, height] = roi;
            let info = CameraInfo {
                width: size[0].into(), height: size[1].into(), k, p, d, distortion_model: model.to_owned(),
                binning_x: binning[0], binning_y: binning[1],
                roi: RegionOfInterest { x_offset, y_offset, width, height, do_rectify: false },
                ..CameraInfo::default()
            };
            match pinhole(&info, rectified) {
                Ok(got) => {
                    prop_assert!(got.size.iter().all(|side| (1..=MAX_SIDE_PX).contains(side)));
                    prop_assert!(got.focal_px.iter().all(|focal| focal.is_finite() && *focal >= 0.0));
                    prop_assert!(got.principal_px.iter().all(|value| value.is_finite()));
                }
                Err(refusal) => prop_assert!(refusal.to_string().contains("\nhint: "), "{refusal}"),
            }
        }
    }
}
