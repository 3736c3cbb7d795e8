//! Validation of received messages: every input passes one of these checks first.
//!
//! An error names the field, what was expected and what was there. NaN fails every check of a number that is used;
//! what is not used is not checked. What ROS's own nodes accept is normalised and noted in [`Oddities`].
//! Whether a sound message makes sense (too old, jumped, outside the map) is checked elsewhere.

// Input validation must not panic.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod error;
mod geometry;
mod header;
mod map;
mod oddity;

pub use error::InvalidMessage;
pub(crate) use geometry::is_rounding;
pub use geometry::{
    LEAST_LEVEL, PlanarOdometry, check_odometry, check_orientation, check_place, check_planar_position,
    check_planar_velocity,
};
pub use header::without_slash;
pub use map::{MAX_MAP_CELLS, check_map};
pub use oddity::{Oddities, Oddity};
