//! The area that a robot covers, in its own frame.

/// Outline of a robot, centred on its position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Footprint {
    /// A disc; the heading does not matter.
    Circle {
        /// Radius, metres.
        radius_m: f64,
    },
}

impl Footprint {
    /// Radius of the smallest circle around the position that holds the footprint, metres.
    pub const fn circumscribed_radius_m(self) -> f64 {
        let Self::Circle { radius_m } = self;
        radius_m
    }
}
