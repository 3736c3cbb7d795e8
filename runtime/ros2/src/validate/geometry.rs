//! Validation of poses, velocities and transforms.

use super::InvalidMessage;
use super::header::{check_header, frame_at};
use crate::messages::geometry_msgs::{
    Point, Pose, PoseStamped, Quaternion, TransformStamped, Twist, TwistWithCovariance, Vector3,
};
use crate::messages::nav_msgs::Odometry;
use crate::tf;
use crate::time::RosTime;

/// How far the norm of an orientation may be from 1.
const NORM_TOLERANCE: f64 = 1e-2;

/// A finite position and a rotation.
pub fn check_pose(pose: &Pose) -> Result<(), InvalidMessage> {
    pose_at("pose", pose)
}

/// Header and pose. Gives the stamp.
pub fn check_pose_stamped(message: &PoseStamped) -> Result<RosTime, InvalidMessage> {
    let stamp = check_header(&message.header)?;
    pose_at("pose", &message.pose)?;
    Ok(stamp)
}

/// Finite velocities.
pub fn check_twist(twist: &Twist) -> Result<(), InvalidMessage> {
    twist_at("twist", twist)
}

/// Finite velocities and covariance.
pub fn check_twist_covariance(message: &TwistWithCovariance) -> Result<(), InvalidMessage> {
    twist_at("twist", &message.twist)?;
    numbers_at("covariance", &message.covariance)
}

/// Header, both frames, pose, velocities and both covariances (which may hold any finite numbers: publishers write
/// zeros and -1 for "not known"). Gives the stamp.
pub fn check_odometry(message: &Odometry) -> Result<RosTime, InvalidMessage> {
    let stamp = check_header(&message.header)?;
    frame_at("child_frame_id", &message.child_frame_id)?;
    pose_at("pose.pose", &message.pose.pose)?;
    numbers_at("pose.covariance", &message.pose.covariance)?;
    twist_at("twist.twist", &message.twist.twist)?;
    numbers_at("twist.covariance", &message.twist.covariance)?;
    Ok(stamp)
}

/// Header, child frame, finite translation and a rotation. Gives the stamp.
pub fn check_transform(message: &TransformStamped) -> Result<RosTime, InvalidMessage> {
    let stamp = check_header(&message.header)?;
    frame_at("child_frame_id", &message.child_frame_id)?;
    vector_at("transform.translation", &message.transform.translation)?;
    rotation_at("transform.rotation", &message.transform.rotation)?;
    Ok(stamp)
}

pub(super) fn pose_at(path: &str, pose: &Pose) -> Result<(), InvalidMessage> {
    let Point { x, y, z } = pose.position;
    named_at(path, [("position.x", x), ("position.y", y), ("position.z", z)])?;
    // The path is put together only for a fault: messages are checked at the rate at which they come.
    rotation_at("orientation", &pose.orientation).map_err(|error| error.below(path))
}

fn twist_at(path: &str, twist: &Twist) -> Result<(), InvalidMessage> {
    vector_at("linear", &twist.linear).map_err(|error| error.below(path))?;
    vector_at("angular", &twist.angular).map_err(|error| error.below(path))
}

fn vector_at(path: &str, vector: &Vector3) -> Result<(), InvalidMessage> {
    named_at(path, [("x", vector.x), ("y", vector.y), ("z", vector.z)])
}

fn rotation_at(path: &str, rotation: &Quaternion) -> Result<(), InvalidMessage> {
    let Quaternion { x, y, z, w } = *rotation;
    named_at(path, [("x", x), ("y", y), ("z", z), ("w", w)])?;
    let norm = tf::Quaternion { x, y, z, w }.norm();
    if !((norm - 1.0).abs() <= NORM_TOLERANCE) {
        return Err(InvalidMessage::Rotation { field: path.to_owned(), norm });
    }
    Ok(())
}

fn named_at<const N: usize>(path: &str, numbers: [(&str, f64); N]) -> Result<(), InvalidMessage> {
    match numbers.into_iter().find(|(_, number)| !number.is_finite()) {
        Some((name, got)) => Err(InvalidMessage::NotFinite { field: format!("{path}.{name}"), got }),
        None => Ok(()),
    }
}

fn numbers_at(path: &str, numbers: &[f64]) -> Result<(), InvalidMessage> {
    match numbers.iter().enumerate().find(|(_, number)| !number.is_finite()) {
        Some((index, &got)) => Err(InvalidMessage::NotFinite { field: format!("{path}[{index}]"), got }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOT_FINITE: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

    fn odometry() -> Odometry {
        let mut message = Odometry::default();
        message.header.frame_id = "odom".to_owned();
        message.header.stamp.sec = 5;
        message.child_frame_id = "base".to_owned();
        message.pose.pose.orientation.w = 1.0;
        message
    }

    /// The field a fault is reported for.
    fn field(result: Result<RosTime, InvalidMessage>) -> String {
        match result.expect_err("a fault") {
            InvalidMessage::NotFinite { field, .. }
            | InvalidMessage::EmptyFrame { field }
            | InvalidMessage::Stamp { field, .. }
            | InvalidMessage::Rotation { field, .. } => field,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_number_of_odometry_is_looked_at() {
        type Slot = fn(&mut Odometry) -> &mut f64;
        let slots: [(&str, Slot); 17] = [
            ("pose.pose.position.x", |m| &mut m.pose.pose.position.x),
            ("pose.pose.position.y", |m| &mut m.pose.pose.position.y),
            ("pose.pose.position.z", |m| &mut m.pose.pose.position.z),
            ("pose.pose.orientation.x", |m| &mut m.pose.pose.orientation.x),
            ("pose.pose.orientation.y", |m| &mut m.pose.pose.orientation.y),
            ("pose.pose.orientation.z", |m| &mut m.pose.pose.orientation.z),
            ("pose.pose.orientation.w", |m| &mut m.pose.pose.orientation.w),
            ("pose.covariance[0]", |m| &mut m.pose.covariance[0]),
            ("pose.covariance[35]", |m| &mut m.pose.covariance[35]),
            ("twist.twist.linear.x", |m| &mut m.twist.twist.linear.x),
            ("twist.twist.linear.y", |m| &mut m.twist.twist.linear.y),
            ("twist.twist.linear.z", |m| &mut m.twist.twist.linear.z),
            ("twist.twist.angular.x", |m| &mut m.twist.twist.angular.x),
            ("twist.twist.angular.y", |m| &mut m.twist.twist.angular.y),
            ("twist.twist.angular.z", |m| &mut m.twist.twist.angular.z),
            ("twist.covariance[0]", |m| &mut m.twist.covariance[0]),
            ("twist.covariance[35]", |m| &mut m.twist.covariance[35]),
        ];
        assert_eq!(check_odometry(&odometry()), Ok(RosTime::from_nanos(5_000_000_000)));
        for (path, slot) in slots {
            for number in NOT_FINITE {
                let mut message = odometry();
                *slot(&mut message) = number;
                assert_eq!(field(check_odometry(&message)), path);
            }
        }
        let mut message = odometry();
        message.pose.covariance[0] = -1.0;
        assert!(check_odometry(&message).is_ok());
        message.child_frame_id.clear();
        assert_eq!(field(check_odometry(&message)), "child_frame_id");
    }

    #[test]
    fn orientations_have_to_be_rotations() {
        let mut message = PoseStamped::default();
        message.header.frame_id = "map".to_owned();
        for (w, ok) in [(1.0, true), (0.9901, true), (1.0099, true), (0.989, false), (0.0, false), (1e300, false)] {
            message.pose.orientation.w = w;
            assert_eq!(check_pose(&message.pose).is_ok(), ok, "{w}");
            assert_eq!(check_pose_stamped(&message).is_ok(), ok, "{w}");
        }
        let error = check_pose(&message.pose).expect_err("too long");
        assert_eq!(error, InvalidMessage::Rotation { field: "pose.orientation".to_owned(), norm: f64::INFINITY });
        message.pose.orientation.w = f64::NAN;
        assert_eq!(field(check_pose_stamped(&message)), "pose.orientation.w");
        message.header.frame_id.clear();
        assert_eq!(field(check_pose_stamped(&message)), "header.frame_id");
    }

    #[test]
    fn twists_and_transforms_are_checked() {
        for number in NOT_FINITE {
            let mut twist = TwistWithCovariance::default();
            assert_eq!(check_twist_covariance(&twist), Ok(()));
            twist.covariance[7] = number;
            assert_eq!(check_twist_covariance(&twist).map_err(|error| error.name()), Err("not_finite"));
            twist.twist.angular.z = number;
            let error = check_twist(&twist.twist).expect_err("not finite").to_string();
            assert!(error.contains("`twist.angular.z`") && error.contains(&number.to_string()), "{error}");

            let mut transform = TransformStamped::default();
            (transform.header.frame_id, transform.child_frame_id) = ("odom".to_owned(), "/".to_owned());
            transform.transform.rotation.w = 1.0;
            assert_eq!(field(check_transform(&transform)), "child_frame_id");
            transform.child_frame_id = "base".to_owned();
            assert_eq!(check_transform(&transform), Ok(RosTime::ZERO));
            transform.transform.translation.y = number;
            assert_eq!(field(check_transform(&transform)), "transform.translation.y");
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_finite_and_nothing_panics(
            numbers in prop::collection::vec(prop_oneof![prop::num::f64::ANY, -1.0..1.0_f64], 13),
            covariance in prop_oneof![prop::num::f64::ANY, Just(0.0)],
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
            message.twist.covariance[3] = covariance;
            let all_finite = covariance.is_finite() && numbers.iter().all(|number| number.is_finite());
            let outcome = check_odometry(&message);
            prop_assert!(outcome.is_err() || (all_finite && nanosec < 1_000_000_000 && sec >= 0));
            prop_assert!(check_pose(&message.pose.pose).is_err() || numbers[..7].iter().all(|number| number.is_finite()));
            prop_assert_eq!(check_twist(&message.twist.twist).is_ok(), numbers[7..].iter().all(|number| number.is_finite()));
            if let Err(error) = outcome {
                prop_assert!(!error.name().is_empty() && error.to_string().contains("expected"));
            }
        }
    }
}
