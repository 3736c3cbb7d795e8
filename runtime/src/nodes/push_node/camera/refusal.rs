//! Why a picture or a camera is refused, by name, with what was expected and got.

use crate::world::scene::{CameraError, MAX_SIDE_PX};

/// Why a picture is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureRefusal {
    /// Pixels that are no colours, or in an order that is not read.
    #[error("expected a colour picture, such as rgb8 or bgr8, got {got}\nhint: {hint}")]
    Encoding {
        /// The encoding, shortened.
        got: String,
        /// What to publish or subscribe instead.
        hint: &'static str,
    },
    /// No pixels, or too many.
    #[error(
        "expected a picture of 1 to {MAX_SIDE_PX} px a side, got {} x {}\nhint: lower the resolution in the camera driver's parameters", .got[0], .got[1]
    )]
    Size {
        /// Width and height, px.
        got: [usize; 2],
    },
    /// Two pixels share their colour, and one has no partner.
    #[error(
        "expected an even width of a picture in {encoding}, got {got} px\nhint: set an even width in the camera driver's parameters"
    )]
    OddWidth {
        /// The encoding.
        encoding: String,
        /// Width, px.
        got: usize,
    },
    /// Rows that overlap.
    #[error(
        "expected rows of at least {least} bytes, got a step of {got}\nhint: step is the length of a row in bytes, padding included"
    )]
    Stride {
        /// Bytes of a row's pixels.
        least: usize,
        /// The message's step.
        got: usize,
    },
    /// Fewer bytes than the rows take.
    #[error("expected at least {least} bytes of pixels, got {got}\nhint: is the message cut off by its publisher?")]
    Bytes {
        /// For the size and step.
        least: usize,
        /// Those given.
        got: usize,
    },
    /// More compressed bytes than are decoded.
    #[error(
        "expected a compressed picture of at most {most} bytes, got {got}\nhint: lower the resolution or quality in the camera driver's parameters"
    )]
    EncodedBytes {
        /// The limit.
        most: usize,
        /// Those given.
        got: usize,
    },
    /// Compressed bytes of another format.
    #[error(
        "expected the bytes of a PNG or JPEG, got {got}\nhint: set the format of compressed_image_transport to jpeg or png"
    )]
    Format {
        /// What they are, and the message's format.
        got: String,
    },
    /// A PNG or JPEG that does not decode.
    #[error("expected a whole {format}, got {got}\nhint: is the message cut off by its publisher?")]
    Decode {
        /// `PNG` or `JPEG`.
        format: &'static str,
        /// The decoder's error, shortened.
        got: String,
    },
}

impl PictureRefusal {
    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Encoding { .. } => "picture_encoding",
            Self::Size { .. } | Self::OddWidth { .. } => "picture_size",
            Self::Stride { .. } => "picture_stride",
            Self::Bytes { .. } | Self::EncodedBytes { .. } => "picture_bytes",
            Self::Format { .. } => "picture_format",
            Self::Decode { .. } => "picture_decode",
        }
    }
}

/// Why a camera is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CameraRefusal {
    /// No focal length or principal point.
    #[error(
        "expected positive focal lengths and a principal point in {matrix}, got {got}\nhint: calibrate the camera: ros2 run camera_calibration cameracalibrator"
    )]
    Uncalibrated {
        /// `K` or `P`.
        matrix: &'static str,
        /// fx, fy, cx, cy.
        got: String,
    },
    /// A model of the lens that is not known.
    #[error(
        "expected distortion by plumb_bob, rational_polynomial or equidistant, got '{got}'\nhint: subscribe image_rect of image_proc and set rectified"
    )]
    DistortionModel {
        /// The model's name, shortened.
        got: String,
    },
    /// Coefficients that the model does not have.
    #[error(
        "expected {expected} of {model}, got {got}\nhint: calibrate the camera again, or subscribe image_rect of image_proc and set rectified"
    )]
    DistortionCoefficients {
        /// The model's name.
        model: &'static str,
        /// Which coefficients.
        expected: &'static str,
        /// Those given.
        got: String,
    },
    /// A picture with distortion where a pinhole's is needed.
    #[error("expected a camera without distortion, got {0:?}\nhint: rectify the picture first")]
    Distorted(super::Distortion),
    /// No pixels, or too many.
    #[error(
        "expected a camera of 1 to {MAX_SIDE_PX} px a side, got {} x {} of binning {} x {}\nhint: check width, height, binning and roi of the CameraInfo", .got[0], .got[1], .binning[0], .binning[1]
    )]
    Size {
        /// Width and height before binning, px.
        got: [u32; 2],
        /// Sensor pixels per pixel, along both axes.
        binning: [u32; 2],
    },
    /// A region that is not within the sensor.
    #[error(
        "expected a roi within the camera's {} x {} px, got {} x {} px at {}, {}\nhint: all zero stands for the whole picture", .sensor[0], .sensor[1], .got[2], .got[3], .got[0], .got[1]
    )]
    Region {
        /// Width and height of the sensor, px.
        sensor: [u32; 2],
        /// Left, top, width and height, px.
        got: [u32; 4],
    },
    /// The picture is another camera's.
    #[error(
        "expected a picture of the camera's {} x {} px, got {} x {} px\nhint: check that image and camera_info are of the same camera, and their binning and roi", .camera[0], .camera[1], .picture[0], .picture[1]
    )]
    PictureSize {
        /// The camera's width and height, px.
        camera: [usize; 2],
        /// The picture's, px.
        picture: [usize; 2],
    },
    /// It is below the table, or on it.
    #[error(
        "expected a camera above the table, got one at z {height_m:.3} m of its frame\nhint: z is 0 on the table and points away from it; check the transform"
    )]
    Below {
        /// Its height, m.
        height_m: f64,
    },
    /// A rotation that is none.
    #[error(
        "expected a rotation of the camera's optical frame, got the quaternion {0}\nhint: check the transform in /tf"
    )]
    Rotation(String),
    /// Numbers that make no camera.
    #[error(transparent)]
    Camera(#[from] CameraError),
}

impl CameraRefusal {
    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Uncalibrated { .. } => "camera_uncalibrated",
            Self::DistortionModel { .. } | Self::DistortionCoefficients { .. } | Self::Distorted(_) => {
                "camera_distortion"
            }
            Self::Size { .. } => "camera_size",
            Self::Region { .. } => "camera_roi",
            Self::PictureSize { .. } => "camera_picture_size",
            Self::Below { .. } => "camera_below",
            Self::Rotation(_) => "camera_rotation",
            Self::Camera(_) => "camera_value",
        }
    }
}

/// The first letters of a text from outside, on one line.
pub(super) fn shortened(text: &str) -> String {
    const KEPT: usize = 100;
    let short: String = text.chars().take(KEPT).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(KEPT).is_some() { format!("{short}...") } else { short }
}
