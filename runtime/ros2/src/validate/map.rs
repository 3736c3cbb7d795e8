//! Validation of occupancy grids.

use super::InvalidMessage;
use super::geometry::pose_at;
use super::header::{check_header, stamp_at};
use crate::messages::nav_msgs::OccupancyGrid;
use crate::tf::Quaternion;
use crate::time::RosTime;

/// Largest map that is accepted, cells: 8192 x 8192, or 410 m square at 5 cm.
pub const MAX_MAP_CELLS: usize = 1 << 26;

/// A map this much out of level is refused, radians.
const MAX_TILT_RAD: f64 = 1e-3;

/// Header, size, resolution, origin (any rotation about z, but level) and every cell. Gives the stamp.
///
/// What passes has exactly `width * height` cells, all of them in -1..=100, and at most [`MAX_MAP_CELLS`].
pub fn check_map(map: &OccupancyGrid) -> Result<RosTime, InvalidMessage> {
    let stamp = check_header(&map.header)?;
    let info = &map.info;
    stamp_at("info.map_load_time", &info.map_load_time)?;
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
    pose_at("info.origin", &info.origin)?;
    let Quaternion { x, y, z, w } = Quaternion::from(&info.origin.orientation);
    let tilt_rad = 2.0 * x.hypot(y).atan2(z.hypot(w));
    if !(tilt_rad <= MAX_TILT_RAD) {
        return Err(InvalidMessage::TiltedMap { tilt_rad });
    }
    match map.data.iter().enumerate().find(|(_, cell)| !(-1..=100).contains(*cell)) {
        Some((index, &got)) => Err(InvalidMessage::Cell { index, got }),
        None => Ok(stamp),
    }
}

#[cfg(test)]
mod tests {
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
        check_map(&map).expect_err("a fault")
    }

    #[test]
    fn a_sound_map_passes_in_any_direction() {
        let mut map = map(4, 3);
        map.data = vec![-1, 0, 1, 50, 99, 100, 0, 0, 0, 0, 0, 0];
        for yaw in [0.0, 1.0, 3.1, -2.0] {
            map.info.origin.orientation = Quaternion::from_yaw(yaw).into();
            assert_eq!(check_map(&map), Ok(RosTime::ZERO));
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
        let error = fault(|map| map.info.origin.orientation.w = 0.0);
        assert!(matches!(&error, InvalidMessage::Rotation { field, .. } if field == "info.origin.orientation"));
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
        assert_eq!(fault(|map| map.header.stamp.nanosec = u32::MAX).name(), "stamp_nanoseconds");
        let error = fault(|map| map.info.map_load_time.nanosec = u32::MAX);
        assert!(error.to_string().contains("info.map_load_time"), "{error}");
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
            match check_map(&map) {
                Ok(_) => {
                    prop_assert_eq!(map.data.len() as u64, u64::from(width) * u64::from(height));
                    prop_assert!(resolution > 0.0 && map.data.iter().all(|cell| (-1..=100).contains(cell)));
                    prop_assert!([x, y, z, qx, qy, qz, qw].iter().all(|number| number.is_finite()));
                }
                Err(error) => prop_assert!(!error.name().is_empty() && error.to_string().contains("expected")),
            }
        }
    }
}
