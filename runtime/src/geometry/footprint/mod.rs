//! The area that a robot covers, in its own frame.

mod polygon;

pub use polygon::{FootprintError, MAX_CORNERS, Polygon};

/// Outline of a robot, given round its position.
// A copy of some hundred bytes is cheaper than an allocation, and there is one per robot.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Footprint {
    /// A disc; the heading does not matter.
    Circle {
        /// Radius, metres.
        radius_m: f64,
    },
    /// A polygon in the robot's frame: x ahead, y to the left.
    Polygon(Polygon),
}

impl Footprint {
    /// Radius of the smallest circle around the position that holds the footprint, metres.
    pub const fn circumscribed_radius_m(self) -> f64 {
        match self {
            Self::Circle { radius_m } => radius_m,
            Self::Polygon(polygon) => polygon.circumscribed_radius_m(),
        }
    }

    /// Radius of the largest circle around the position that the footprint holds, metres: no pose is free whose position
    /// is nearer to an obstacle.
    pub const fn inscribed_radius_m(self) -> f64 {
        match self {
            Self::Circle { radius_m } => radius_m,
            Self::Polygon(polygon) => polygon.inscribed_radius_m(),
        }
    }

    /// Width of the narrowest straight gap that the footprint passes in some heading, metres.
    pub fn least_width_m(self) -> f64 {
        match self {
            Self::Circle { radius_m } => 2.0 * radius_m,
            Self::Polygon(polygon) => polygon.least_width_m(),
        }
    }
}
