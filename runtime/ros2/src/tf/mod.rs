//! The transform tree: poses of frames relative to each other over time, from `/tf` and `/tf_static`.
//!
//! `a_from_b` maps coordinates in frame `b` to coordinates in frame `a`, and is also the pose of `b` in `a`; so
//! `a_from_c = a_from_b * b_from_c`. A message of `/tf` holds `parent_from_child`.
//!
//! Everything is bounded: samples, frames, length of names. Frames that are [requested](TransformBuffer::request), and those
//! between them, are kept however many others come. Every failure has a type and a name.

mod buffer;
mod error;
mod frames;
mod history;
mod lookup;
mod quaternion;
#[cfg(test)]
mod tests;
mod transform;

pub use buffer::{EdgeInfo, Inserted, TransformBuffer, TransformCounts, TransformSettings};
pub use error::TransformError;
pub use lookup::{LookupTime, StampedTransform};
pub use quaternion::Quaternion;
pub use transform::Transform;
