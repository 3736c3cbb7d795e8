//! Pictures and cameras as ROS 2 publishes them, as the goal-force planner takes them: 8-bit RGB and a pinhole.
//!
//! [`decode_image`] and [`decode_compressed`] make RGB of `sensor_msgs/Image` and `sensor_msgs/CompressedImage`,
//! [`pinhole`] reads a `sensor_msgs/CameraInfo`, [`Rectifier`] removes the lens's distortion, and [`camera_of`] places the
//! camera in the world. Pixels have the planner's convention, see [`Camera`](crate::world::scene::Camera): the first
//! pixel's centre at (0.5, 0.5).

mod compressed;
mod distortion;
mod encoding;
mod intrinsics;
mod placed;
mod rectify;
mod refusal;

pub use compressed::{MAX_ENCODED_BYTES, check_compressed, decode_compressed};
pub use distortion::Distortion;
pub use encoding::{check_image, decode_image};
pub use intrinsics::{Intrinsics, pinhole};
pub use placed::camera_of;
pub use rectify::{Rectifier, rectify};
pub use refusal::{CameraRefusal, PictureRefusal};

/// A picture in 8-bit sRGB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RgbPicture {
    /// height x width x 3, row by row from the top.
    pub rgb: Vec<u8>,
    /// Width and height, px.
    pub size: [usize; 2],
}
