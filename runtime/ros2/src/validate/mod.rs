//! Whether a message that arrived can be believed at all. Everything that comes in passes one of these first.
//!
//! A check says which field is broken, what was expected and what was there. NaN fails every check of a number.
//! Whether a sound message makes sense (too old, jumped, outside the map) is asked elsewhere.

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
