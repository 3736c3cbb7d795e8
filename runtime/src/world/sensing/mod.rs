//! Range sensing: a planar lidar in a map, and the map that its scans build.

mod lidar;
mod sensed_map;

pub use lidar::Lidar;
pub use sensed_map::SensedMap;
