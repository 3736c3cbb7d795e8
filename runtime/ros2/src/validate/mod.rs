//! Validation of received messages: every input passes one of these checks first.
//!
//! An error names the field, what was expected and what was there. NaN fails every check of a number.
//! Whether a sound message makes sense (too old, jumped, outside the map) is checked elsewhere.

// Input validation must not panic.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod error;
mod geometry;
mod header;
mod map;

pub use error::InvalidMessage;
pub use geometry::{
    check_odometry, check_pose, check_pose_stamped, check_transform, check_twist, check_twist_covariance,
};
pub use header::{check_frame, check_header, check_stamp};
pub use map::{MAX_MAP_CELLS, check_map};
