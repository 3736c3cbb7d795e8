//! State and command of a robot that moves in the plane.

use crate::geometry::{Point, distance};

/// Actuator commands for x and y; full power is 1, and robots clip to [-1, 1].
pub type Command = [f64; 2];

/// A command within [-1, 1]; what is NaN becomes zero, so that a broken command can stop a robot but not corrupt it.
pub fn saturated(command: Command) -> Command {
    command.map(|value| if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) })
}

/// Position and velocity in the observation frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Position, metres.
    pub position: Point,
    /// Velocity, metres per second.
    pub velocity: Point,
}

impl State {
    /// At rest at a point.
    pub const fn at_rest(position: Point) -> Self {
        Self { position, velocity: [0.0, 0.0] }
    }

    /// `[x, y, vx, vy]`, D4RL's observation.
    pub const fn to_array(self) -> [f64; 4] {
        [self.position[0], self.position[1], self.velocity[0], self.velocity[1]]
    }

    /// From D4RL's observation.
    pub const fn from_array(values: [f64; 4]) -> Self {
        Self { position: [values[0], values[1]], velocity: [values[2], values[3]] }
    }

    /// Position and velocity of each axis.
    pub const fn axes(&self) -> [(f64, f64); 2] {
        [(self.position[0], self.velocity[0]), (self.position[1], self.velocity[1])]
    }

    /// Whether all four numbers are finite.
    pub fn is_finite(&self) -> bool {
        self.to_array().iter().all(|value| value.is_finite())
    }

    /// Distance of the position from a point, metres.
    pub fn distance(&self, point: Point) -> f64 {
        distance(self.position, point)
    }

    /// Speed, metres per second.
    pub fn speed(&self) -> f64 {
        self.velocity[0].hypot(self.velocity[1])
    }

    /// The state at `share` of the way from this one to another, coordinate by coordinate.
    #[must_use]
    pub fn blend(&self, to: &Self, share: f64) -> Self {
        use crate::geometry::lerp;
        Self { position: lerp(self.position, to.position, share), velocity: lerp(self.velocity, to.velocity, share) }
    }
}
