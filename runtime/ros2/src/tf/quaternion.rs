//! Rotations as unit quaternions.

use crate::messages::geometry_msgs;
use serde::{Deserialize, Serialize};
use std::ops::Mul;

/// Above this cosine of half the angle between two rotations, slerp would divide by almost nothing.
const NEARLY_EQUAL: f64 = 0.999_999_5;

/// How far the axes of a rotation matrix may be from orthonormal: rounding of numbers written with six digits.
const MATRIX_TOLERANCE: f64 = 1e-5;

/// A rotation, if its norm is 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quaternion {
    /// Imaginary part along x.
    pub x: f64,
    /// Imaginary part along y.
    pub y: f64,
    /// Imaginary part along z.
    pub z: f64,
    /// Real part.
    pub w: f64,
}

impl Quaternion {
    /// No rotation.
    pub const IDENTITY: Self = Self { x: 0.0, y: 0.0, z: 0.0, w: 1.0 };

    /// About z, radians.
    pub fn from_yaw(yaw_rad: f64) -> Self {
        let (sin, cos) = (0.5 * yaw_rad).sin_cos();
        Self { x: 0.0, y: 0.0, z: sin, w: cos }
    }

    /// Of a rotation matrix `a_from_b`, given by rows: its columns are the axes of `b` in `a`. Of the two quaternions of a
    /// rotation, the one whose largest component is positive. None if the columns are not orthonormal to 1e-5, or
    /// mirrored.
    ///
    /// The largest component is computed first and the others are divided by it, so that no digits are lost at any angle
    /// (Journal of Guidance and Control 1(3), 1978, "Quaternion from rotation matrix").
    pub fn from_matrix(rows: [[f64; 3]; 3]) -> Option<Self> {
        let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = rows;
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let (x, y, z) = ([xx, yx, zx], [xy, yy, zy], [xz, yz, zz]);
        let is_unit = |axis: [f64; 3]| (dot(axis, axis) - 1.0).abs() <= MATRIX_TOLERANCE;
        let cross = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
        let right_handed = (0..3).all(|axis| (cross[axis] - z[axis]).abs() <= MATRIX_TOLERANCE);
        if !(is_unit(x) && is_unit(y) && is_unit(z) && right_handed) {
            return None;
        }
        // Each row is the quaternion times four times its component on the diagonal.
        let products = [
            [1.0 + xx - yy - zz, xy + yx, xz + zx, zy - yz],
            [xy + yx, 1.0 - xx + yy - zz, yz + zy, xz - zx],
            [xz + zx, yz + zy, 1.0 - xx - yy + zz, yx - xy],
            [zy - yz, xz - zx, yx - xy, 1.0 + xx + yy + zz],
        ];
        let largest = (0..4).max_by(|a, b| products[*a][*a].total_cmp(&products[*b][*b]))?;
        let [x, y, z, w] = products[largest];
        Self { x, y, z, w }.normalized()
    }

    /// The rotation matrix, by rows. The norm has to be 1.
    pub fn to_matrix(self) -> [[f64; 3]; 3] {
        let [x, y, z] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|axis| self.rotate(axis));
        [[x[0], y[0], z[0]], [x[1], y[1], z[1]], [x[2], y[2], z[2]]]
    }

    /// Rotation about z, radians in -pi..=pi, when roll and pitch are taken off (order yaw, pitch, roll).
    pub fn yaw(self) -> f64 {
        (2.0 * (self.w * self.z + self.x * self.y)).atan2(1.0 - 2.0 * (self.y * self.y + self.z * self.z))
    }

    /// Cosine of the pitch, if the norm is 1: 0 if the x axis points up or down, and there is no yaw.
    pub fn level(self) -> f64 {
        (1.0 - 2.0 * (self.y * self.y + self.z * self.z)).hypot(2.0 * (self.w * self.z + self.x * self.y))
    }

    /// Length as a vector of four; infinite if a square overflows.
    pub fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// With norm 1. None if the norm is zero, NaN or infinite.
    pub fn normalized(self) -> Option<Self> {
        let norm = self.norm();
        (norm > f64::MIN_POSITIVE && norm.is_finite()).then(|| self.scaled(1.0 / norm))
    }

    /// The opposite rotation, if the norm is 1.
    pub fn conjugate(self) -> Self {
        Self { x: -self.x, y: -self.y, z: -self.z, w: self.w }
    }

    /// A vector, rotated. The norm has to be 1.
    pub fn rotate(self, vector: [f64; 3]) -> [f64; 3] {
        let [vx, vy, vz] = vector;
        let Self { x, y, z, w } = self;
        let (tx, ty, tz) = (2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx));
        [vx + w * tx + (y * tz - z * ty), vy + w * ty + (z * tx - x * tz), vz + w * tz + (x * ty - y * tx)]
    }

    /// The rotation at a share of the way to another, along the shorter arc at constant speed. Both ends are exact:
    /// a share of 0 or less gives this one, 1 or more the other. Both norms have to be 1.
    pub fn slerp(self, other: Self, share: f64) -> Self {
        if share <= 0.0 {
            return self;
        }
        if share >= 1.0 {
            return other;
        }
        let dot = self.dot(other);
        // q and -q are the same rotation: take the nearer one.
        let (cos, sign) = if dot < 0.0 { (-dot, -1.0) } else { (dot, 1.0) };
        let (own, others) = if cos > NEARLY_EQUAL {
            (1.0 - share, share)
        } else {
            let angle = cos.acos();
            (((1.0 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin())
        };
        let sum = self.scaled(own).plus(other.scaled(sign * others));
        sum.normalized().unwrap_or(self)
    }

    /// Angle of the rotation between this and another, radians in 0..=pi. Both norms have to be 1.
    pub fn angle_to(self, other: Self) -> f64 {
        let between = self.conjugate() * other;
        let imaginary = between.x.hypot(between.y).hypot(between.z);
        2.0 * imaginary.atan2(between.w.abs())
    }

    /// True if no component is NaN or infinite.
    pub fn is_finite(self) -> bool {
        [self.x, self.y, self.z, self.w].iter().all(|component| component.is_finite())
    }

    fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z + self.w * other.w
    }

    fn scaled(self, factor: f64) -> Self {
        Self { x: factor * self.x, y: factor * self.y, z: factor * self.z, w: factor * self.w }
    }

    fn plus(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z, w: self.w + other.w }
    }
}

impl Default for Quaternion {
    fn default() -> Self {
        Self::IDENTITY
    }
}

impl Mul for Quaternion {
    type Output = Self;

    /// `a_from_b * b_from_c = a_from_c`.
    fn mul(self, right: Self) -> Self {
        Self {
            x: self.w * right.x + self.x * right.w + self.y * right.z - self.z * right.y,
            y: self.w * right.y - self.x * right.z + self.y * right.w + self.z * right.x,
            z: self.w * right.z + self.x * right.y - self.y * right.x + self.z * right.w,
            w: self.w * right.w - self.x * right.x - self.y * right.y - self.z * right.z,
        }
    }
}

impl From<&geometry_msgs::Quaternion> for Quaternion {
    /// As it came: neither checked nor normalised.
    fn from(message: &geometry_msgs::Quaternion) -> Self {
        Self { x: message.x, y: message.y, z: message.z, w: message.w }
    }
}

impl From<Quaternion> for geometry_msgs::Quaternion {
    fn from(rotation: Quaternion) -> Self {
        Self { x: rotation.x, y: rotation.y, z: rotation.z, w: rotation.w }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::{FRAC_PI_2, PI};

    #[test]
    fn a_quarter_turn_takes_x_to_y() {
        let [x, y, z] = Quaternion::from_yaw(FRAC_PI_2).rotate([1.0, 0.0, 5.0]);
        assert!(x.abs() < 1e-15 && (y - 1.0).abs() < 1e-15 && z == 5.0);
        // A third of a turn about the diagonal permutes the axes.
        let diagonal = Quaternion { x: 0.5, y: 0.5, z: 0.5, w: 0.5 };
        assert_eq!(diagonal.rotate([1.0, 2.0, 3.0]), [3.0, 1.0, 2.0]);
    }

    #[test]
    fn yaw_comes_back_and_ignores_roll_and_pitch() {
        for yaw in [-PI + 1e-9, -2.0, 0.0, 0.3, 3.1] {
            assert!((Quaternion::from_yaw(yaw).yaw() - yaw).abs() < 1e-12);
            let pitch = Quaternion { x: 0.0, y: 0.2_f64.sin(), z: 0.0, w: 0.2_f64.cos() };
            let roll = Quaternion { x: 0.1_f64.sin(), y: 0.0, z: 0.0, w: 0.1_f64.cos() };
            assert!(((Quaternion::from_yaw(yaw) * pitch * roll).yaw() - yaw).abs() < 1e-12);
        }
    }

    #[test]
    fn halfway_is_half_the_angle_whatever_the_sign() {
        let (from, to) = (Quaternion::from_yaw(0.2), Quaternion::from_yaw(1.6));
        for to in [to, to.scaled(-1.0)] {
            assert!((from.slerp(to, 0.5).yaw() - 0.9).abs() < 1e-12);
            assert!((from.slerp(to, 0.25).yaw() - 0.55).abs() < 1e-12);
            assert_eq!((from.slerp(to, 0.0), from.slerp(to, 1.0)), (from, to));
        }
        let near = from.slerp(Quaternion::from_yaw(0.2 + 1e-9), 0.5);
        assert!((near.yaw() - (0.2 + 5e-10)).abs() < 1e-15);
        // Across the seam of yaw, and half a turn apart.
        assert!(Quaternion::from_yaw(3.1).slerp(Quaternion::from_yaw(-3.1), 0.5).yaw().abs() > PI - 1e-9);
        assert!((Quaternion::IDENTITY.slerp(Quaternion::from_yaw(PI), 0.5).norm() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_normalised_is_none() {
        let zero = Quaternion { x: 0.0, y: 0.0, z: 0.0, w: 0.0 };
        for w in [0.0, f64::NAN, f64::INFINITY, 1e200, 1e-200] {
            assert_eq!(Quaternion { w, ..zero }.normalized(), None, "{w}");
        }
        assert_eq!(Quaternion { w: 3.0, ..zero }.normalized(), Some(Quaternion::IDENTITY));
    }

    #[test]
    fn the_matrix_of_an_optical_frame_that_looks_ahead_is_the_usual_rotation() {
        // x right, y down, z ahead, in a frame with x ahead, y left, z up: REP 103's -0.5, 0.5, -0.5, 0.5.
        let rows = [[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]];
        let rotation = Quaternion::from_matrix(rows).expect("a rotation");
        let usual = Quaternion { x: -0.5, y: 0.5, z: -0.5, w: 0.5 };
        assert!(rotation.angle_to(usual) < 1e-12, "{rotation:?}");
        // Half turns, whose real part is 0.
        for axis in 0..3 {
            let half = std::array::from_fn(|row| {
                std::array::from_fn(|column| f64::from(u8::from(row == column)) * if row == axis { 1.0 } else { -1.0 })
            });
            let Some(Quaternion { x, y, z, w }) = Quaternion::from_matrix(half) else { panic!("{half:?}") };
            assert!([x, y, z][axis] == 1.0 && w == 0.0, "{half:?}");
        }
    }

    #[test]
    fn a_matrix_that_is_no_rotation_has_no_quaternion() {
        let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(Quaternion::from_matrix(identity), Some(Quaternion::IDENTITY));
        for (row, column, value) in [(2, 2, -1.0), (0, 0, 1.01), (0, 1, 0.01), (1, 1, f64::NAN), (2, 0, f64::INFINITY)]
        {
            let mut rows = identity;
            rows[row][column] = value;
            assert_eq!(Quaternion::from_matrix(rows), None, "{rows:?}");
        }
        assert_eq!(Quaternion::from_matrix([[0.0; 3]; 3]), None);
    }

    proptest! {
        #[test]
        fn a_rotation_comes_back_from_its_matrix(
            x in -1.0..1.0_f64, y in -1.0..1.0_f64, z in -1.0..1.0_f64, w in -1.0..1.0_f64,
        ) {
            let Some(rotation) = Quaternion { x, y, z, w }.normalized() else { return Ok(()) };
            let rows = rotation.to_matrix();
            let back = Quaternion::from_matrix(rows).expect("a rotation");
            prop_assert!(back.angle_to(rotation) < 1e-7 && (back.norm() - 1.0).abs() < 1e-12, "{:?} {:?}", back, rotation);
            let vector = [0.3, -1.2, 2.0];
            let (turned, expected) = (back.rotate(vector), rows.map(|row| (0..3).map(|k| row[k] * vector[k]).sum::<f64>()));
            prop_assert!((0..3).all(|axis| (turned[axis] - expected[axis]).abs() < 1e-12), "{:?} {:?}", turned, expected);
        }
    }
}
