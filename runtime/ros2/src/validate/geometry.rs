//! Validation of poses, velocities and odometry, reduced to what planning in the plane uses.
//!
//! What is not used is not looked at: a covariance, a height or a roll rate that is NaN (PX4 and mavros write it for
//! "not known") takes nothing from a position.

use super::header::{frame_at, stamp_at, without_slash};
use super::{InvalidMessage, Oddities, Oddity};
use crate::messages::geometry_msgs::{Point, Pose, PoseStamped, Quaternion, Twist};
use crate::messages::nav_msgs::Odometry;
use crate::tf;
use crate::time::RosTime;
use std::ops::RangeInclusive;

/// A norm this near to 1 is rounding, and not worth a word.
const NORM_TOLERANCE: f64 = 1e-3;
/// Norms that can come of rounding. Farther away the numbers are no orientation of a robot.
const ROUNDED_NORMS: RangeInclusive<f64> = 0.5..=2.0;
/// Below this norm an orientation was never set.
const UNSET_NORM: f64 = 1e-3;
/// Least cosine of the pitch with which a direction in the plane is defined.
pub const LEAST_LEVEL: f64 = 1e-2;

/// Odometry, as planning uses it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanarOdometry<'a> {
    /// When it was measured.
    pub stamp: RosTime,
    /// The frame that it was measured in.
    pub frame: &'a str,
    /// The robot's frame; empty if it is not named.
    pub base_frame: &'a str,
    /// In `frame`, metres; the height is 0 if it is not known.
    pub position: [f64; 3],
    /// About z of `frame`, radians.
    pub yaw_rad: f64,
    /// In the robot's frame, m/s.
    pub velocity: [f64; 2],
    /// About z of the robot's frame, rad/s; 0 if it is not known.
    pub turn_rate_radps: f64,
}

/// Frames, stamp, position, a defined yaw, and the velocity in the plane.
pub fn check_odometry<'a>(message: &'a Odometry, odd: &mut Oddities) -> Result<PlanarOdometry<'a>, InvalidMessage> {
    let frame = frame_at("header.frame_id", &message.header.frame_id, odd)?;
    let stamp = stamp_at("header.stamp", &message.header.stamp)?;
    let base_frame = without_slash(&message.child_frame_id);
    odd.note_if(base_frame.is_empty(), Oddity::NoChildFrame);
    odd.note_if(!base_frame.is_empty() && base_frame.len() < message.child_frame_id.len(), Oddity::FrameSlash);
    let pose = &message.pose.pose;
    let position = position_at("pose.pose.position", &pose.position)?;
    let path = "pose.pose.orientation";
    let rotation = finite_rotation(path, &pose.orientation)?;
    let norm = rotation.norm();
    if !ROUNDED_NORMS.contains(&norm) {
        return Err(InvalidMessage::Rotation { field: path.to_owned(), norm });
    }
    odd.note_if(!is_rounding(norm), Oddity::NotNormalised);
    let rotation = rotation.normalized().unwrap_or_default();
    let level = rotation.level();
    if !(level >= LEAST_LEVEL) {
        return Err(InvalidMessage::NoYaw { field: path.to_owned(), pitch_rad: level.acos() });
    }
    let velocity = check_planar_velocity(&message.twist.twist).map_err(|error| error.below("twist"))?;
    let turn_rate_radps = Some(message.twist.twist.angular.z).filter(|rate| rate.is_finite()).unwrap_or_default();
    Ok(PlanarOdometry { stamp, frame, base_frame, position, yaw_rad: rotation.yaw(), velocity, turn_rate_radps })
}

/// Frame and position of a pose, in metres; the height is 0 if it is not known. Neither stamp nor orientation is used.
pub fn check_place<'a>(message: &'a PoseStamped, odd: &mut Oddities) -> Result<(&'a str, [f64; 3]), InvalidMessage> {
    let frame = frame_at("header.frame_id", &message.header.frame_id, odd)?;
    Ok((frame, position_at("pose.position", &message.pose.position)?))
}

/// The orientation of a goal; none if all of it is zero: it was never set. Any other norm is normalised, as tf2's
/// `getYaw` does.
pub fn check_orientation(rotation: &Quaternion, odd: &mut Oddities) -> Result<Option<tf::Quaternion>, InvalidMessage> {
    rotation_at("pose.orientation", rotation, odd)
}

/// The position of a pose in the plane, metres.
pub fn check_planar_position(pose: &Pose) -> Result<[f64; 2], InvalidMessage> {
    position_at("pose.position", &pose.position).map(|[x, y, _]| [x, y])
}

/// The linear velocity in the plane, m/s.
pub fn check_planar_velocity(twist: &Twist) -> Result<[f64; 2], InvalidMessage> {
    named_at("twist.linear", [("x", twist.linear.x), ("y", twist.linear.y)])?;
    Ok([twist.linear.x, twist.linear.y])
}

pub(super) fn position_at(path: &str, position: &Point) -> Result<[f64; 3], InvalidMessage> {
    let Point { x, y, z } = *position;
    named_at(path, [("x", x), ("y", y)])?;
    Ok([x, y, if z.is_finite() { z } else { 0.0 }])
}

pub(super) fn rotation_at(
    path: &str,
    from: &Quaternion,
    odd: &mut Oddities,
) -> Result<Option<tf::Quaternion>, InvalidMessage> {
    let rotation = finite_rotation(path, from)?;
    let norm = rotation.norm();
    if norm < UNSET_NORM {
        odd.note(Oddity::NoRotation);
        return Ok(None);
    }
    odd.note_if(!is_rounding(norm), Oddity::NotNormalised);
    rotation.normalized().map(Some).ok_or_else(|| InvalidMessage::Rotation { field: path.to_owned(), norm })
}

/// Whether a norm is 1 but for rounding.
pub(crate) fn is_rounding(norm: f64) -> bool {
    (norm - 1.0).abs() <= NORM_TOLERANCE
}

fn finite_rotation(path: &str, rotation: &Quaternion) -> Result<tf::Quaternion, InvalidMessage> {
    let Quaternion { x, y, z, w } = *rotation;
    named_at(path, [("x", x), ("y", y), ("z", z), ("w", w)])?;
    Ok(tf::Quaternion { x, y, z, w })
}

fn named_at<const N: usize>(path: &str, numbers: [(&str, f64); N]) -> Result<(), InvalidMessage> {
    match numbers.into_iter().find(|(_, number)| !number.is_finite()) {
        Some((name, got)) => Err(InvalidMessage::NotFinite { field: format!("{path}.{name}"), got }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::FRAC_PI_2;

    const NOT_FINITE: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    type Slot = fn(&mut Odometry) -> &mut f64;

    fn odometry() -> Odometry {
        let mut message = Odometry::default();
        message.header.frame_id = "odom".to_owned();
        message.header.stamp.sec = 5;
        message.child_frame_id = "base".to_owned();
        message.pose.pose.orientation.w = 1.0;
        message
    }

    fn checked(message: &Odometry) -> Result<(PlanarOdometry<'_>, Vec<Oddity>), InvalidMessage> {
        let mut odd = Oddities::default();
        check_odometry(message, &mut odd).map(|odometry| (odometry, odd.iter().collect()))
    }

    #[test]
    fn a_number_that_is_used_has_to_be_finite() {
        let slots: [(&str, Slot); 8] = [
            ("pose.pose.position.x", |m| &mut m.pose.pose.position.x),
            ("pose.pose.position.y", |m| &mut m.pose.pose.position.y),
            ("pose.pose.orientation.x", |m| &mut m.pose.pose.orientation.x),
            ("pose.pose.orientation.y", |m| &mut m.pose.pose.orientation.y),
            ("pose.pose.orientation.z", |m| &mut m.pose.pose.orientation.z),
            ("pose.pose.orientation.w", |m| &mut m.pose.pose.orientation.w),
            ("twist.twist.linear.x", |m| &mut m.twist.twist.linear.x),
            ("twist.twist.linear.y", |m| &mut m.twist.twist.linear.y),
        ];
        for (path, slot) in slots {
            for number in NOT_FINITE {
                let mut message = odometry();
                *slot(&mut message) = number;
                let Err(InvalidMessage::NotFinite { field, .. }) = checked(&message) else { panic!("{path} {number}") };
                assert_eq!(field, path);
            }
        }
    }

    #[test]
    fn odometry_whose_covariance_is_nan_is_not_refused() {
        let slots: [Slot; 8] = [
            |m| &mut m.pose.pose.position.z,
            |m| &mut m.pose.covariance[0],
            |m| &mut m.pose.covariance[35],
            |m| &mut m.twist.twist.linear.z,
            |m| &mut m.twist.twist.angular.x,
            |m| &mut m.twist.twist.angular.y,
            |m| &mut m.twist.twist.angular.z,
            |m| &mut m.twist.covariance[0],
        ];
        let original = odometry();
        let (expected, _) = checked(&original).expect("good");
        for slot in slots {
            for number in NOT_FINITE {
                let mut message = odometry();
                *slot(&mut message) = number;
                assert_eq!(checked(&message), Ok((expected, vec![])));
            }
        }
    }

    #[test]
    fn odometry_without_a_child_frame_or_with_slashes_is_taken() {
        let mut message = odometry();
        message.child_frame_id.clear();
        let (odometry, odd) = checked(&message).expect("taken");
        assert_eq!((odometry.base_frame, odd), ("", vec![Oddity::NoChildFrame]));
        (message.header.frame_id, message.child_frame_id) = ("/odom".to_owned(), "/base".to_owned());
        let (odometry, odd) = checked(&message).expect("taken");
        assert_eq!((odometry.frame, odometry.base_frame, odd), ("odom", "base", vec![Oddity::FrameSlash]));
        message.header.frame_id = "/".to_owned();
        assert_eq!(checked(&message).map_err(|error| error.name()), Err("empty_frame"));
    }

    #[test]
    fn a_rounded_orientation_is_normalised_and_one_without_a_yaw_refused() {
        let turned = |x: f64, y: f64, z: f64, w: f64| {
            let mut message = odometry();
            message.pose.pose.orientation = Quaternion { x, y, z, w };
            checked(&message).map(|(odometry, odd)| (odometry.yaw_rad, odd)).map_err(|error| error.name())
        };
        for (half, odd) in [(0.707, vec![]), (0.71, vec![Oddity::NotNormalised]), (1.0, vec![Oddity::NotNormalised])] {
            let (yaw_rad, found) = turned(0.0, 0.0, half, half).expect("a quarter turn");
            assert!((yaw_rad - FRAC_PI_2).abs() < 1e-12 && found == odd, "{half}");
        }
        for w in [0.0, 1e-320, 0.4, 3.0, 1e300] {
            assert_eq!(turned(0.0, 0.0, 0.0, w), Err("bad_rotation"), "{w}");
        }
        let half = 0.5_f64.sqrt();
        assert_eq!(turned(0.0, half, 0.0, half), Err("no_yaw"), "on its nose");
        assert!(turned(0.4_f64.sin(), 0.0, 0.0, 0.4_f64.cos()).is_ok(), "rolled");
    }

    #[test]
    fn a_goals_orientation_of_zeros_is_no_rotation() {
        let of = |z: f64, w: f64| {
            let mut odd = Oddities::default();
            let rotation = check_orientation(&Quaternion { x: 0.0, y: 0.0, z, w }, &mut odd)?;
            Ok::<_, InvalidMessage>((rotation.map(tf::Quaternion::yaw), odd.iter().collect::<Vec<_>>()))
        };
        for w in [0.0, -0.0, 1e-320, 1e-200] {
            assert_eq!(of(0.0, w), Ok((None, vec![Oddity::NoRotation])));
        }
        assert_eq!(of(0.0, 1.0), Ok((Some(0.0), vec![])));
        for half in [0.1, 1.0, 50.0] {
            let (yaw_rad, odd) = of(half, half).expect("a quarter turn");
            assert!((yaw_rad.expect("a direction") - FRAC_PI_2).abs() < 1e-12);
            assert_eq!(odd, [Oddity::NotNormalised]);
        }
        let error = of(0.0, 1e300).expect_err("too long");
        assert_eq!(error, InvalidMessage::Rotation { field: "pose.orientation".to_owned(), norm: f64::INFINITY });
        for number in NOT_FINITE {
            assert!(of(0.0, number).expect_err("no number").to_string().contains("`pose.orientation.w`"));
        }
    }

    #[test]
    fn of_a_place_only_frame_and_position_are_used() {
        let mut message = PoseStamped::default();
        message.header.frame_id = "/map".to_owned();
        message.header.stamp.nanosec = u32::MAX;
        (message.pose.position.x, message.pose.position.z) = (1.0, f64::NAN);
        message.pose.orientation.w = f64::NAN;
        let mut odd = Oddities::default();
        assert_eq!(check_place(&message, &mut odd), Ok(("map", [1.0, 0.0, 0.0])));
        assert_eq!(odd.iter().collect::<Vec<_>>(), [Oddity::FrameSlash]);
        assert_eq!(check_planar_position(&message.pose), Ok([1.0, 0.0]));
        message.pose.position.y = f64::INFINITY;
        let error = check_place(&message, &mut odd).expect_err("no place").to_string();
        assert!(error.contains("`pose.position.y`") && error.contains("inf"), "{error}");
        let mut twist = Twist::default();
        (twist.linear.z, twist.angular.z) = (f64::NAN, f64::NAN);
        assert_eq!(check_planar_velocity(&twist), Ok([0.0, 0.0]));
        twist.linear.y = f64::NAN;
        assert_eq!(check_planar_velocity(&twist).map_err(|error| error.name()), Err("not_finite"));
    }

    proptest! {
        #[test]
        fn what_passes_is_finite_and_nothing_panics(
            numbers in prop::collection::vec(prop_oneof![prop::num::f64::ANY, -1.0..1.0_f64], 13),
            sec: i32,
            nanosec: u32,
            frame in "/?[a-z]{0,2}",
        ) {
            let mut message = odometry();
            (message.header.stamp.sec, message.header.stamp.nanosec) = (sec, nanosec);
            message.header.frame_id = frame;
            let (pose, twist) = (&mut message.pose.pose, &mut message.twist.twist);
            let slots = [
                &mut pose.position.x, &mut pose.position.y, &mut pose.position.z,
                &mut pose.orientation.x, &mut pose.orientation.y, &mut pose.orientation.z, &mut pose.orientation.w,
                &mut twist.linear.x, &mut twist.linear.y, &mut twist.linear.z,
                &mut twist.angular.x, &mut twist.angular.y, &mut twist.angular.z,
            ];
            for (slot, number) in slots.into_iter().zip(&numbers) {
                *slot = *number;
            }
            match checked(&message) {
                Ok((odometry, _)) => {
                    let used = odometry.position.iter().chain(&odometry.velocity).chain([&odometry.yaw_rad]);
                    prop_assert!(used.clone().all(|number| number.is_finite()));
                    prop_assert!(nanosec < 1_000_000_000 && sec >= 0 && !odometry.frame.is_empty());
                }
                Err(error) => prop_assert!(!error.name().is_empty() && error.to_string().contains("expected")),
            }
        }
    }
}
