//! Pinhole camera: points of the world to pixels, pixels to rays and to points on the table.

use super::MAX_SIDE_PX;
use super::vector::{Matrix3, Vector3, add, cross, dot, norm, scaled, sub, times, times_transposed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Largest tilt of a camera over the table, rad: 60 degrees from the top view.
pub const MAX_TILT_RAD: f64 = std::f64::consts::PI / 3.0;
/// Half of the angle of view along the shorter side of the picture, rad.
const HALF_VIEW_RAD: f64 = 0.35;
/// Nearest depth that is projected, metres.
const NEAR_M: f64 = 1e-3;

/// Why there is no camera.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CameraError {
    /// A number is not finite, or a size, focal length or rotation is none.
    #[error("camera: expected {expected}, got {got}\nhint: check the CameraInfo's K and the pose in TF")]
    Value {
        /// What the number must be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// A picture without pixels, or too large.
    #[error(
        "camera: expected a picture of 1 to {MAX_SIDE_PX} px a side, got {} x {}\nhint: check the CameraInfo's width and height", .got[0], .got[1]
    )]
    Size {
        /// Width and height, px.
        got: [usize; 2],
    },
}

/// A pinhole camera without distortion.
///
/// Pixels: u to the right, v down, the first pixel's centre at (0.5, 0.5). Camera frame: x right, y down, z forward, as
/// ROS's optical frames. `sensor_msgs/CameraInfo` puts the first pixel's centre at (0, 0): its principal point is moved
/// by half a pixel in [`Self::from_intrinsics`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Camera {
    width: usize,
    height: usize,
    focal_px: [f64; 2],
    principal_px: [f64; 2],
    position_m: Vector3,
    /// Its columns are the camera's axes in the world.
    world_from_camera: Matrix3,
}

/// A camera as it is written: [`Camera::new`]'s arguments.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    width: usize,
    height: usize,
    focal_px: [f64; 2],
    principal_px: [f64; 2],
    position_m: Vector3,
    world_from_camera: Matrix3,
}

impl TryFrom<Parts> for Camera {
    type Error = CameraError;

    fn try_from(parts: Parts) -> Result<Self, CameraError> {
        let size = [parts.width, parts.height];
        Self::new(size, parts.focal_px, parts.principal_px, parts.position_m, parts.world_from_camera)
    }
}

/// A half-line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Where it begins, metres.
    pub origin_m: Vector3,
    /// Unit vector.
    pub direction: Vector3,
}

/// Where a camera over the table stands.
#[derive(Clone, Copy, Debug)]
struct Stand {
    target_m: [f64; 2],
    tilt_rad: f64,
    azimuth_rad: f64,
    roll_rad: f64,
    half_view_rad: f64,
    /// Distance over the least one that shows the whole square.
    distance_share: f64,
}

impl Camera {
    /// A camera of `[width, height]` pixels at `position_m`, whose axes are the columns of `world_from_camera`.
    ///
    /// # Errors
    /// If a number is not finite, a focal length or size is not positive (at most [`MAX_SIDE_PX`]), or the rotation is none.
    pub fn new(
        [width, height]: [usize; 2],
        focal_px: [f64; 2],
        principal_px: [f64; 2],
        position_m: Vector3,
        world_from_camera: Matrix3,
    ) -> Result<Self, CameraError> {
        let refused = |expected, got: String| Err(CameraError::Value { expected, got });
        if ![width, height].iter().all(|side| (1..=MAX_SIDE_PX).contains(side)) {
            return Err(CameraError::Size { got: [width, height] });
        }
        if !focal_px.iter().all(|focal| focal.is_finite() && *focal > 0.0) {
            return refused("positive focal lengths in px", format!("{focal_px:?}"));
        }
        if !principal_px.iter().chain(&position_m).all(|value| value.is_finite()) {
            return refused("a finite principal point and position", format!("{principal_px:?}, {position_m:?}"));
        }
        let column = |axis: usize| std::array::from_fn(|row| world_from_camera[row][axis]);
        let (x, y, z): (Vector3, Vector3, Vector3) = (column(0), column(1), column(2));
        let unit = [x, y, z].iter().all(|axis| (norm(*axis) - 1.0).abs() < 1e-6);
        if !unit || !(norm(sub(cross(x, y), z)) < 1e-6) {
            return refused("a rotation matrix", format!("{world_from_camera:?}"));
        }
        Ok(Self { width, height, focal_px, principal_px, position_m, world_from_camera })
    }

    /// From a `CameraInfo`'s `K` (row-major, first pixel's centre at (0, 0)) and the optical frame's pose.
    ///
    /// # Errors
    /// As [`Self::new`]; all zero, as an uncalibrated camera has it, is no focal length.
    pub fn from_intrinsics(
        size: [usize; 2],
        k: [f64; 9],
        position_m: Vector3,
        world_from_camera: Matrix3,
    ) -> Result<Self, CameraError> {
        Self::new(size, [k[0], k[4]], [k[2] + 0.5, k[5] + 0.5], position_m, world_from_camera)
    }

    /// The camera of a square part of the picture that begins at `offset_px`, of `side_px` pixels of `scale` of this
    /// camera's pixels each.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_square(&self, offset_px: [f64; 2], scale: f64, side_px: usize) -> Result<Self, CameraError> {
        let focal_px = self.focal_px.map(|focal| focal / scale);
        let principal_px = [0, 1].map(|axis| (self.principal_px[axis] - offset_px[axis]) / scale);
        Self::new([side_px; 2], focal_px, principal_px, self.position_m, self.world_from_camera)
    }

    /// A camera that looks at the table's centre and whose picture just holds the square of `half_m`. Tilt 0 is the top
    /// view with world x to the right and y up; the camera then moves towards -y, and with the azimuth about z.
    ///
    /// # Errors
    /// If `half_m` is not positive, the tilt is outside 0 to 60 degrees, or the size is none.
    pub fn over_table(half_m: f64, tilt_rad: f64, azimuth_rad: f64, size: [usize; 2]) -> Result<Self, CameraError> {
        let (roll_rad, half_view_rad) = (0.0, HALF_VIEW_RAD);
        let stand = Stand { target_m: [0.0; 2], tilt_rad, azimuth_rad, roll_rad, half_view_rad, distance_share: 1.0 };
        Self::at(half_m, stand, size)
    }

    /// A camera drawn from a seed: any azimuth, a tilt of at most `max_tilt_rad`, and small offsets of the aim, roll,
    /// angle of view and distance. The square of `half_m` is in the picture but for its corners.
    ///
    /// # Errors
    /// As [`Self::over_table`].
    pub fn random(half_m: f64, max_tilt_rad: f64, size: [usize; 2], seed: u64) -> Result<Self, CameraError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
        let stand = Stand {
            target_m: [draw(-0.05, 0.05) * half_m, draw(-0.05, 0.05) * half_m],
            tilt_rad: draw(0.0, max_tilt_rad),
            azimuth_rad: draw(-std::f64::consts::PI, std::f64::consts::PI),
            roll_rad: draw(-0.05, 0.05),
            half_view_rad: draw(0.28, 0.42),
            distance_share: draw(1.0, 1.12),
        };
        Self::at(half_m, stand, size)
    }

    fn at(half_m: f64, stand: Stand, size: [usize; 2]) -> Result<Self, CameraError> {
        let refused = |expected, got: f64| Err(CameraError::Value { expected, got: got.to_string() });
        if !(half_m.is_finite() && half_m > 0.0) {
            return refused("half of the table's side above 0 m", half_m);
        }
        if !(-1e-9..=MAX_TILT_RAD + 1e-9).contains(&stand.tilt_rad) {
            return refused("a tilt between 0 and 60 degrees, in rad", stand.tilt_rad);
        }
        if !stand.azimuth_rad.is_finite() {
            return refused("a finite azimuth", stand.azimuth_rad);
        }
        let ((sin, cos), (turn_sin, turn_cos)) = (stand.tilt_rad.sin_cos(), stand.azimuth_rad.sin_cos());
        let turned = |[x, y, z]: Vector3| [turn_cos * x - turn_sin * y, turn_sin * x + turn_cos * y, z];
        let (level, steep, forward) = (turned([1.0, 0.0, 0.0]), turned([0.0, -cos, -sin]), turned([0.0, sin, -cos]));
        let (roll_sin, roll_cos) = stand.roll_rad.sin_cos();
        let right = add(scaled(level, roll_cos), scaled(steep, roll_sin));
        let down = sub(scaled(steep, roll_cos), scaled(level, roll_sin));

        let shorter_px = size[0].min(size[1]) as f64;
        let focal_px = 0.5 * shorter_px / stand.half_view_rad.tan();
        let half_px = [0.5 * size[0] as f64, 0.5 * size[1] as f64];
        // A corner c is in the picture if |right c| <= (distance + forward c) half / focal, and alike downwards.
        let corners = [[-half_m, -half_m, 0.0], [half_m, -half_m, 0.0], [half_m, half_m, 0.0], [-half_m, half_m, 0.0]];
        let distance_m = corners.iter().fold(0.0_f64, |most, corner| {
            let least = |axis: Vector3, half: f64| dot(axis, *corner).abs() * focal_px / half - dot(forward, *corner);
            most.max(least(right, half_px[0])).max(least(down, half_px[1]))
        });
        let target_m = [stand.target_m[0], stand.target_m[1], 0.0];
        let position_m = sub(target_m, scaled(forward, distance_m * stand.distance_share));
        let world_from_camera = std::array::from_fn(|row| [right[row], down[row], forward[row]]);
        Self::new(size, [focal_px; 2], half_px, position_m, world_from_camera)
    }

    /// Pixels a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Focal lengths along u and v, px.
    pub fn focal_px(&self) -> [f64; 2] {
        self.focal_px
    }

    /// Its centre of projection in the world, metres.
    pub fn position_m(&self) -> Vector3 {
        self.position_m
    }

    /// Its orientation, by rows: the columns are the camera's axes in the world.
    pub fn world_from_camera(&self) -> Matrix3 {
        self.world_from_camera
    }

    /// Direction in which it looks: unit vector in the world.
    pub fn forward(&self) -> Vector3 {
        std::array::from_fn(|row| self.world_from_camera[row][2])
    }

    /// Where the optical axis meets the picture, px.
    pub fn principal_px(&self) -> [f64; 2] {
        self.principal_px
    }

    /// A point of the world in the camera's frame, metres.
    pub fn from_world(&self, point_m: Vector3) -> Vector3 {
        times_transposed(&self.world_from_camera, sub(point_m, self.position_m))
    }

    /// Pixel of a point of the world; `None` behind the camera. It may lie outside the picture.
    pub fn project(&self, point_m: Vector3) -> Option<[f64; 2]> {
        let [x, y, depth_m] = self.from_world(point_m);
        let pixel = |axis: usize, off_m: f64| self.principal_px[axis] + self.focal_px[axis] * off_m / depth_m;
        (depth_m > NEAR_M).then(|| [pixel(0, x), pixel(1, y)])
    }

    /// Centre of a ball's outline, and radius of the disc of the same area, px; `None` if it reaches behind the camera.
    ///
    /// A ball is seen within a cone; at angle a off the axis and with half-angle h, the outline is an ellipse from
    /// tan(a - h) to tan(a + h).
    pub fn outline_of_ball(&self, centre_m: Vector3, radius_m: f64) -> Option<([f64; 2], f64)> {
        let [x, y, depth_m] = self.from_world(centre_m);
        let (off_m, range_m) = (x.hypot(y), x.hypot(y).hypot(depth_m));
        let (angle, half) = (off_m.atan2(depth_m), (radius_m / range_m).asin());
        if !(angle + half < 1.5) {
            return None;
        }
        let (near, far) = ((angle - half).tan(), (angle + half).tan());
        let long = 0.5 * (far - near);
        let short = half.sin() / (angle.cos().powi(2) - half.sin().powi(2)).sqrt();
        let middle = if off_m > 0.0 { 0.5 * (far + near) / off_m } else { 0.0 };
        let centre = [x, y].map(|part| part * middle);
        let pixel = |axis: usize| self.principal_px[axis] + self.focal_px[axis] * centre[axis];
        Some(([pixel(0), pixel(1)], (long * short * self.focal_px[0] * self.focal_px[1]).sqrt()))
    }

    /// Whether a pixel lies in the picture.
    pub fn holds(&self, pixel: [f64; 2]) -> bool {
        (0.0..self.width as f64).contains(&pixel[0]) && (0.0..self.height as f64).contains(&pixel[1])
    }

    /// The ray of a pixel.
    pub fn ray(&self, pixel: [f64; 2]) -> Ray {
        let [x, y] = std::array::from_fn(|axis| (pixel[axis] - self.principal_px[axis]) / self.focal_px[axis]);
        let toward = times(&self.world_from_camera, [x, y, 1.0]);
        Ray { origin_m: self.position_m, direction: scaled(toward, 1.0 / norm(toward)) }
    }

    /// Where a point is seen, pixels, and in which direction of the picture something there moves that moves on the table in
    /// `direction_rad` from the x axis: counter-clockwise from the right, rad.
    pub fn direction_px(&self, point_m: Vector3, direction_rad: f64) -> Option<([f64; 2], f64)> {
        /// Metres that the direction is measured over.
        const STEP_M: f64 = 1e-3;
        let (sin, cos) = direction_rad.sin_cos();
        let from = self.project(point_m)?;
        let to = self.project([point_m[0] + STEP_M * cos, point_m[1] + STEP_M * sin, point_m[2]])?;
        let direction = (from[1] - to[1]).atan2(to[0] - from[0]);
        direction.is_finite().then_some((from, direction))
    }

    /// Where a pixel's ray meets the plane z = `z_m`; `None` if it does not in front of the camera.
    pub fn on_plane(&self, pixel: [f64; 2], z_m: f64) -> Option<[f64; 2]> {
        let Ray { origin_m, direction } = self.ray(pixel);
        let range_m = (z_m - origin_m[2]) / direction[2];
        let there = range_m.is_finite() && range_m > NEAR_M;
        there.then(|| [origin_m[0] + range_m * direction[0], origin_m[1] + range_m * direction[1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_top_view_has_x_to_the_right_and_y_up_and_holds_the_square() {
        let camera = Camera::over_table(0.5, 0.0, 0.0, [64, 64]).unwrap();
        let close = |point, pixel: [f64; 2]| {
            let got = camera.project(point).unwrap();
            assert!((got[0] - pixel[0]).abs() < 1e-9 && (got[1] - pixel[1]).abs() < 1e-9, "{got:?} {pixel:?}");
        };
        close([0.0, 0.0, 0.0], [32.0, 32.0]);
        close([0.5, 0.0, 0.0], [64.0, 32.0]);
        close([-0.5, 0.5, 0.0], [0.0, 0.0]);
    }

    #[test]
    fn a_tilted_camera_holds_the_square_and_touches_it() {
        for step in 0..40 {
            let (tilt, azimuth) = (MAX_TILT_RAD * f64::from(step % 5) / 4.0, 0.4 * f64::from(step));
            let camera = Camera::over_table(0.4, tilt, azimuth, [64, 48]).unwrap();
            let mut least = f64::INFINITY;
            for corner in [[-0.4, -0.4], [0.4, -0.4], [0.4, 0.4], [-0.4, 0.4]] {
                let [u, v] = camera.project([corner[0], corner[1], 0.0]).unwrap();
                least = least.min(u).min(64.0 - u).min(v).min(48.0 - v);
            }
            assert!(least.abs() < 1e-9, "{least} px at {tilt}, {azimuth}");
        }
    }

    #[test]
    fn what_is_no_camera_is_refused() {
        let refused = |result: Result<Camera, CameraError>, text: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        refused(Camera::over_table(0.5, 1.2, 0.0, [64, 64]), "60 degrees");
        refused(Camera::over_table(f64::NAN, 0.0, 0.0, [64, 64]), "table's side");
        refused(Camera::over_table(0.5, 0.0, f64::INFINITY, [64, 64]), "azimuth");
        refused(Camera::over_table(0.5, 0.0, 0.0, [0, 64]), "px a side");
        let turn = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        refused(Camera::from_intrinsics([64, 64], [0.0; 9], [0.0; 3], turn), "focal");
        let mirror = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]];
        refused(Camera::new([64, 64], [60.0; 2], [32.0; 2], [0.0; 3], mirror), "rotation");
    }

    #[test]
    fn a_camera_that_is_none_is_not_read() {
        let camera = Camera::over_table(0.5, 0.3, 1.0, [64, 64]).unwrap();
        let text = serde_json::to_string(&camera).unwrap();
        assert_eq!(serde_json::from_str::<Camera>(&text).unwrap(), camera);
        let broken = text.replacen("\"width\":64", "\"width\":0", 1);
        assert!(serde_json::from_str::<Camera>(&broken).unwrap_err().to_string().contains("px a side"));
    }

    #[test]
    fn a_pixel_above_the_horizon_is_not_on_the_table() {
        let turn = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]];
        let camera = Camera::new([64, 64], [60.0; 2], [32.0; 2], [0.0, 0.0, 1.0], turn).unwrap();
        assert_eq!(camera.on_plane([32.0, 10.0], 0.0), None);
        assert!(camera.on_plane([32.0, 50.0], 0.0).unwrap()[1] > 0.0);
    }

    proptest! {
        #[test]
        fn a_point_comes_back_from_its_pixel(seed in 0_u64..1000, x in -0.5..0.5, y in -0.5..0.5, z in 0.0..0.1) {
            let camera = Camera::random(0.5, MAX_TILT_RAD, [64, 64], seed).unwrap();
            let pixel = camera.project([x, y, z]).unwrap();
            let back = camera.on_plane(pixel, z).unwrap();
            prop_assert!((back[0] - x).abs() < 1e-9 && (back[1] - y).abs() < 1e-9, "{:?}", back);
        }
    }
}
