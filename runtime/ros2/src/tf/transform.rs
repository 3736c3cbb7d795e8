//! Rigid transforms.

use super::Quaternion;
use crate::messages::geometry_msgs;
use serde::{Deserialize, Serialize};
use std::ops::Mul;

const NORM_DRIFT: f64 = 1e-12;

/// Maps coordinates in one frame to another: rotate, then translate. Named `a_from_b`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    /// Where the origin of `b` is in `a`, metres.
    pub translation: [f64; 3],
    /// How the axes of `b` lie in `a`; its norm has to be 1.
    pub rotation: Quaternion,
}

impl Transform {
    /// Leaves everything where it is.
    pub const IDENTITY: Self = Self { translation: [0.0; 3], rotation: Quaternion::IDENTITY };

    /// In the plane: metres and radians.
    pub fn from_xy_yaw(x: f64, y: f64, yaw_rad: f64) -> Self {
        Self { translation: [x, y, 0.0], rotation: Quaternion::from_yaw(yaw_rad) }
    }

    /// `a_from_b.compose(b_from_c)` is `a_from_c`.
    pub fn compose(self, right: Self) -> Self {
        let rotation = self.rotation * right.rotation;
        // A product drifts off norm 1 along a chain; one that has not is left alone, so that samples stay exact.
        let drifted = !((rotation.norm() - 1.0).abs() <= NORM_DRIFT);
        let rotation = rotation.normalized().filter(|_| drifted).unwrap_or(rotation);
        Self { translation: self.apply_to_point(right.translation), rotation }
    }

    /// Of `a_from_b`: `b_from_a`.
    pub fn inverse(self) -> Self {
        let rotation = self.rotation.conjugate();
        let [x, y, z] = rotation.rotate(self.translation);
        Self { translation: [-x, -y, -z], rotation }
    }

    /// A point of `b` in coordinates of `a`, metres.
    pub fn apply_to_point(self, point: [f64; 3]) -> [f64; 3] {
        let [x, y, z] = self.rotation.rotate(point);
        let [tx, ty, tz] = self.translation;
        [x + tx, y + ty, z + tz]
    }

    /// A direction, velocity or force of `b` in coordinates of `a`: rotated only.
    pub fn apply_to_vector(self, vector: [f64; 3]) -> [f64; 3] {
        self.rotation.rotate(vector)
    }

    /// Rotation about z, radians in -pi..=pi.
    pub fn yaw(self) -> f64 {
        self.rotation.yaw()
    }

    /// The transform at a share of the way to another: translation linear, rotation by slerp, both ends exact.
    pub fn interpolate(self, other: Self, share: f64) -> Self {
        if share <= 0.0 {
            return self;
        }
        if share >= 1.0 {
            return other;
        }
        let between = |from: f64, to: f64| from * (1.0 - share) + to * share;
        let ([x, y, z], [to_x, to_y, to_z]) = (self.translation, other.translation);
        Self {
            translation: [between(x, to_x), between(y, to_y), between(z, to_z)],
            rotation: self.rotation.slerp(other.rotation, share),
        }
    }

    /// True if no number is NaN or infinite.
    pub fn is_finite(self) -> bool {
        self.translation.iter().all(|component| component.is_finite()) && self.rotation.is_finite()
    }
}

impl Mul for Transform {
    type Output = Self;

    /// [`Transform::compose`].
    fn mul(self, right: Self) -> Self {
        self.compose(right)
    }
}

impl From<&geometry_msgs::Transform> for Transform {
    /// As it came: neither checked nor normalised.
    fn from(message: &geometry_msgs::Transform) -> Self {
        let at = &message.translation;
        Self { translation: [at.x, at.y, at.z], rotation: Quaternion::from(&message.rotation) }
    }
}

impl From<Transform> for geometry_msgs::Transform {
    fn from(transform: Transform) -> Self {
        let [x, y, z] = transform.translation;
        Self { translation: geometry_msgs::Vector3 { x, y, z }, rotation: transform.rotation.into() }
    }
}

impl From<&geometry_msgs::Pose> for Transform {
    /// The pose of `b` in `a` as `a_from_b`; neither checked nor normalised.
    fn from(pose: &geometry_msgs::Pose) -> Self {
        let at = &pose.position;
        Self { translation: [at.x, at.y, at.z], rotation: Quaternion::from(&pose.orientation) }
    }
}

impl From<Transform> for geometry_msgs::Pose {
    fn from(transform: Transform) -> Self {
        let [x, y, z] = transform.translation;
        Self { position: geometry_msgs::Point { x, y, z }, orientation: transform.rotation.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    #[test]
    fn closed_form_in_the_plane() {
        let map_from_odom = Transform::from_xy_yaw(1.0, 2.0, FRAC_PI_2);
        let odom_from_base = Transform::from_xy_yaw(3.0, 0.0, FRAC_PI_2);
        let map_from_base = map_from_odom * odom_from_base;
        let [x, y, z] = map_from_base.translation;
        assert!((x - 1.0).abs() < 1e-15 && (y - 5.0).abs() < 1e-15 && z == 0.0);
        assert!((map_from_base.yaw().abs() - 2.0 * FRAC_PI_2).abs() < 1e-15);
        let [vx, vy, _] = map_from_odom.apply_to_vector([1.0, 0.0, 0.0]);
        assert!(vx.abs() < 1e-15 && (vy - 1.0).abs() < 1e-15, "a velocity is not moved");
        let [x, y, _] = map_from_odom.inverse().apply_to_point([1.0, 5.0, 0.0]);
        assert!((x - 3.0).abs() < 1e-15 && y.abs() < 1e-15);
    }

    #[test]
    fn messages_come_back() {
        let transform = Transform { translation: [1.0, -2.0, 0.5], rotation: Quaternion::from_yaw(0.7) };
        assert_eq!(Transform::from(&geometry_msgs::Transform::from(transform)), transform);
        assert_eq!(Transform::from(&geometry_msgs::Pose::from(transform)), transform);
    }
}
