//! Reasons why a message is invalid.

use crate::time::StampError;

/// The first fault found. Fields are named by their path in the message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidMessage {
    /// The time stamp is none.
    #[error("`{field}`: {fault}")]
    Stamp {
        /// Path of the field.
        field: String,
        /// What is wrong with it.
        fault: StampError,
    },
    /// No frame is named.
    #[error("`{field}`: expected the name of a frame, got an empty one\nhint: set frame_id in the publisher")]
    EmptyFrame {
        /// Path of the field.
        field: String,
    },
    /// NaN or infinite.
    #[error("`{field}`: expected a finite number, got {got}")]
    NotFinite {
        /// Path of the field.
        field: String,
        /// What was there.
        got: f64,
    },
    /// The orientation is not a rotation.
    #[error(
        "`{field}`: expected a norm of 1, or of 0.5 to 2 where it is rounded, got {norm}\nhint: no rotation is x 0, y 0, z 0, w 1"
    )]
    Rotation {
        /// Path of the field.
        field: String,
        /// Norm that was there.
        norm: f64,
    },
    /// The robot's x axis points up or down: it has no direction in the plane.
    #[error(
        "`{field}`: expected a robot pitched by at most 1.56 rad, got {pitch_rad:.3} rad: it has no direction in the plane"
    )]
    NoYaw {
        /// Path of the field.
        field: String,
        /// Angle between the robot's x axis and the plane, radians.
        pitch_rad: f64,
    },
    /// The map's resolution is no length.
    #[error("`info.resolution`: expected more than 0 m, got {got}")]
    Resolution {
        /// What was there, metres.
        got: f32,
    },
    /// The map has no cells.
    #[error("`info`: expected at least 1 x 1 cells, got {width} x {height}")]
    EmptyMap {
        /// Cells along x.
        width: u32,
        /// Cells along y.
        height: u32,
    },
    /// The map has more cells than are accepted, or than can be counted.
    #[error("`info`: expected at most {limit} cells, got {width} x {height}")]
    MapTooLarge {
        /// Cells along x.
        width: u32,
        /// Cells along y.
        height: u32,
        /// Limit.
        limit: usize,
    },
    /// The map's size and data disagree.
    #[error("`data`: expected {expected} cells (width x height), got {got}")]
    MapLength {
        /// Width times height.
        expected: usize,
        /// Cells that were there.
        got: usize,
    },
    /// The map does not lie flat.
    #[error("`info.origin.orientation`: expected a rotation about z alone, got a tilt of {tilt_rad} rad")]
    TiltedMap {
        /// Angle between the map's z and its frame's, radians.
        tilt_rad: f64,
    },
    /// A cell is neither unknown (-1) nor a share of 100.
    #[error("`data[{index}]`: expected -1 to 100, got {got}")]
    Cell {
        /// Position in the data.
        index: usize,
        /// What was there.
        got: i8,
    },
}

impl InvalidMessage {
    /// Name for diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stamp { fault, .. } => fault.name(),
            Self::EmptyFrame { .. } => "empty_frame",
            Self::NotFinite { .. } => "not_finite",
            Self::Rotation { .. } => "bad_rotation",
            Self::NoYaw { .. } => "no_yaw",
            Self::Resolution { .. } => "map_resolution",
            Self::EmptyMap { .. } => "map_empty",
            Self::MapTooLarge { .. } => "map_too_large",
            Self::MapLength { .. } => "map_length",
            Self::TiltedMap { .. } => "map_tilted",
            Self::Cell { .. } => "map_cell",
        }
    }

    /// The same fault of a field that lies deeper in a message.
    pub fn below(mut self, path: &str) -> Self {
        match &mut self {
            Self::Stamp { field, .. }
            | Self::EmptyFrame { field }
            | Self::NotFinite { field, .. }
            | Self::Rotation { field, .. }
            | Self::NoYaw { field, .. } => field.insert_str(0, &format!("{path}.")),
            // Faults of a map name their field themselves.
            _ => {}
        }
        self
    }
}
