//! Planar geometry: points, axis-aligned boxes, footprints, distances to swept segments, cubic Hermite interpolation.

mod footprint;
mod hermite;
mod segment;

pub use footprint::{Footprint, FootprintError, MAX_CORNERS, Polygon};
pub use hermite::Hermite;
pub use segment::{Aabb, distance, distance_to_segment, map_distance};

/// Position or direction in the observation frame, metres.
pub type Point = [f64; 2];

/// The point at `share` of the way from `from` to `to`.
pub fn lerp(from: Point, to: Point, share: f64) -> Point {
    std::array::from_fn(|axis| from[axis] + share * (to[axis] - from[axis]))
}

/// The same angle within [-pi, pi], radians.
pub fn wrapped(angle_rad: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    // What lies within stays to the last digit.
    if angle_rad.abs() <= PI { angle_rad } else { angle_rad - TAU * (angle_rad / TAU).round() }
}
