//! Validation of occupancy grids.

use super::geometry::{position_at, rotation_at};
use super::header::frame_at;
use super::{InvalidMessage, Oddities};
use crate::messages::nav_msgs::OccupancyGrid;
use crate::tf::Quaternion;

/// Largest map that is accepted, cells: 8192 x 8192, or 410 m square at 5 cm.
pub const MAX_MAP_CELLS: usize = 1 << 26;

/// A map this much out of level is refused, radians.
const MAX_TILT_RAD: f64 = 1e-3;

/// Frame, size, resolution, origin (any rotation about z, but level; zeros are none) and every cell. Gives frame and yaw
/// of the origin, radians.
///
/// What passes has exactly `width * height` cells, all of them in -1..=100, and at most [`MAX_MAP_CELLS`].
pub fn check_map<'a>(map: &'a OccupancyGrid, odd: &mut Oddities) -> Result<(&'a str, f64), InvalidMessage> {
    let frame = frame_at("header.frame_id", &map.header.frame_id, odd)?;
    let info = &map.info;
    if !(info.resolution > 0.0 && info.resolution.is_finite()) {
        return Err(InvalidMessage::Resolution { got: info.resolution });
    }
    let (width, height) = (info.width, info.height);
    if width == 0 || height == 0 {
        return Err(InvalidMessage::EmptyMap { width, height });
    }
    let cells = usize::try_from(width).ok().zip(usize::try_from(height).ok());
    let cells = cells.and_then(|(width, height)| width.checked_mul(height)).filter(|&cells| cells <= MAX_MAP_CELLS);
    let Some(expected) = cells else {
        return Err(InvalidMessage::MapTooLarge { width, height, limit: MAX_MAP_CELLS });
    };
    if map.data.len() != expected {
        return Err(InvalidMessage::MapLength { expected, got: map.data.len() });
    }
    position_at("info.origin.position", &info.origin.position)?;
    let rotation = rotation_at("info.origin.orientation", &info.origin.orientation, odd)?.unwrap_or_default();
    let Quaternion { x, y, z, w } = rotation;
    let tilt_rad = 2.0 * x.hypot(y).atan2(z.hypot(w));
    if !(tilt_rad <= MAX_TILT_RAD) {
        return Err(InvalidMessage::TiltedMap { tilt_rad });
    }
    match map.data.iter().enumerate().find(|(_, cell)| !(-1..=100).contains(*cell)) {
        Some((index, &got)) => Err(InvalidMessage::Cell { index, got }),
        None => Ok((frame, rotation.yaw())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oddity;
    use super::*;
    use proptest::prelude::*;

    fn map(width: u32, height: u32) -> OccupancyGrid {
        let mut map = OccupancyGrid::default();
        map.header.frame_id = "map".to_owned();
        (map.info.width, map.info.height, map.info.resolution) = (width, height, 0.05);
        map.info.origin.orientation.w = 1.0;
        map.data = vec![0; 12];
        map
    }

    fn fault(change: impl FnOnce(&mut OccupancyGrid)) -> InvalidMessage {
        let mut map = map(4, 3);
        change(&mut map);
        check_map(&map, &mut Oddities::default()).expect_err("a fault")
    }

    #[test]
    fn a_sound_map_passes_in_any_direction() {
        let mut map = map(4, 3);
        map.data = vec![-1, 0, 1, 50, 99, 100, 0, 0, 0, 0, 0, 0];
        for yaw in [0.0, 1.0, 3.1, -2.0] {
            map.info.origin.orientation = Quaternion::from_yaw(yaw).into();
            let (frame, yaw_rad) = check_map(&map, &mut Oddities::default()).expect("a map");
            assert!(frame == "map" && (yaw_rad - yaw).abs() < 1e-12);
        }
    }

    #[test]
    fn sizes_that_overflow_or_disagree_are_refused() {
        let too_large = |width, height| InvalidMessage::MapTooLarge { width, height, limit: MAX_MAP_CELLS };
        for (width, height) in [(u32::MAX, u32::MAX), (65_536, 65_536), (8192, 8193)] {
            let error = fault(|map| (map.info.width, map.info.height) = (width, height));
            assert_eq!(error, too_large(width, height));
        }
        // At the limit the size is fine, and only the data is missing.
        let error = fault(|map| (map.info.width, map.info.height) = (8192, 8192));
        assert_eq!(error, InvalidMessage::MapLength { expected: MAX_MAP_CELLS, got: 12 });
        for data in [vec![], vec![0; 11], vec![0; 13]] {
            let got = data.len();
            assert_eq!(fault(|map| map.data = data), InvalidMessage::MapLength { expected: 12, got });
        }
        assert_eq!(fault(|map| map.info.width = 0), InvalidMessage::EmptyMap { width: 0, height: 3 });
        assert_eq!(fault(|map| map.info.height = 0), InvalidMessage::EmptyMap { width: 4, height: 0 });
    }

    #[test]
    fn a_resolution_is_a_length() {
        for got in [0.0, -0.05, f32::NAN, f32::INFINITY] {
            assert_eq!(fault(|map| map.info.resolution = got).name(), "map_resolution", "{got}");
        }
    }

    #[test]
    fn an_origin_is_finite_and_level() {
        let error = fault(|map| map.info.origin.position.x = f64::NAN);
        assert!(error.to_string().contains("`info.origin.position.x`"), "{error}");
        let error = fault(|map| map.info.origin.orientation.w = f64::NAN);
        assert!(error.to_string().contains("`info.origin.orientation.w`"), "{error}");
        for axis in 0..2 {
            let error = fault(|map| {
                let (sin, cos) = 0.05_f64.sin_cos();
                let rotation = &mut map.info.origin.orientation;
                *(if axis == 0 { &mut rotation.x } else { &mut rotation.y }) = sin;
                rotation.w = cos;
            });
            let InvalidMessage::TiltedMap { tilt_rad } = error else { panic!("{error}") };
            assert!((tilt_rad - 0.1).abs() < 1e-12);
        }
    }

    #[test]
    fn cells_and_header_are_checked() {
        for got in [-2, 101, i8::MIN, i8::MAX] {
            assert_eq!(fault(|map| map.data[11] = got), InvalidMessage::Cell { index: 11, got });
        }
        assert_eq!(fault(|map| map.header.frame_id.clear()).name(), "empty_frame");
    }

    #[test]
    fn what_a_map_server_leaves_unset_or_writes_as_ros_1_did_is_taken() {
        let mut map = map(4, 3);
        map.header.frame_id = "/map".to_owned();
        (map.header.stamp.nanosec, map.info.map_load_time.sec) = (u32::MAX, -1);
        map.info.origin.orientation.w = 1e-310;
        map.info.origin.position.z = f64::NAN;
        let mut odd = Oddities::default();
        assert_eq!(check_map(&map, &mut odd), Ok(("map", 0.0)));
        assert_eq!(odd.iter().collect::<Vec<_>>(), [Oddity::FrameSlash, Oddity::NoRotation]);
    }

    proptest! {
        #[test]
        fn what_passes_can_be_indexed_and_nothing_panics(
            width in prop_oneof![0..5_u32, any::<u32>()],
            height in prop_oneof![0..5_u32, any::<u32>()],
            resolution in prop_oneof![Just(0.05_f32), prop::num::f32::ANY],
            numbers in prop::array::uniform7(prop_oneof![Just(0.0), Just(1.0), prop::num::f64::ANY]),
            mut data in prop::collection::vec(prop_oneof![8 => -1..=100_i8, 1 => any::<i8>()], 0..20),
            fits in any::<bool>(),
            level in any::<bool>(),
        ) {
            if fits {
                data.resize((width.min(5) * height.min(5)) as usize, 0);
            }
            let mut map = map(width, height);
            (map.info.resolution, map.data) = (resolution, data);
            let [x, y, z, qx, qy, qz, qw] = if level { [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0] } else { numbers };
            let origin = &mut map.info.origin;
            (origin.position.x, origin.position.y, origin.position.z) = (x, y, z);
            origin.orientation = Quaternion { x: qx, y: qy, z: qz, w: qw }.into();
            match check_map(&map, &mut Oddities::default()) {
                Ok((_, yaw_rad)) => {
                    prop_assert_eq!(map.data.len() as u64, u64::from(width) * u64::from(height));
                    prop_assert!(resolution > 0.0 && map.data.iter().all(|cell| (-1..=100).contains(cell)));
                    prop_assert!([x, y, yaw_rad].iter().all(|number| number.is_finite()));
                }
                Err(error) => prop_assert!(!error.name().is_empty() && error.to_string().contains("expected")),
            }
        }
    }
}
