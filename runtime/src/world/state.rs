//! State and command of a robot that moves in the plane.

use crate::geometry::{Point, distance, lerp, wrapped};

/// Actuator commands for x and y; full power is 1, and robots clip to [-1, 1].
pub type Command = [f64; 2];

/// A command within [-1, 1]; what is NaN becomes zero, so that a broken command can stop a robot but not corrupt it.
pub fn saturated(command: Command) -> Command {
    command.map(|value| if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) })
}

/// Pose and velocity in the observation frame.
///
/// Robots whose heading does not matter leave it and its rate at 0. A drive's velocity lies along its heading:
/// `v (cos heading, sin heading)` with `v` negative in reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Position, metres.
    pub position: Point,
    /// Velocity, metres per second.
    pub velocity: Point,
    /// Angle of the robot's x axis from the frame's, radians, counter-clockwise.
    pub heading_rad: f64,
    /// Rate of the heading, radians per second.
    pub turn_rate_radps: f64,
}

impl State {
    /// At rest at a point, heading along the frame's x axis.
    pub const fn at_rest(position: Point) -> Self {
        Self::moving(position, [0.0, 0.0])
    }

    /// At rest in a pose.
    pub const fn at_pose(position: Point, heading_rad: f64) -> Self {
        Self { heading_rad, ..Self::at_rest(position) }
    }

    /// Moving, with heading and turn rate 0.
    pub const fn moving(position: Point, velocity: Point) -> Self {
        Self { position, velocity, heading_rad: 0.0, turn_rate_radps: 0.0 }
    }

    /// A drive: its velocity lies along its heading.
    pub fn driving(position: Point, heading_rad: f64, speed_mps: f64, turn_rate_radps: f64) -> Self {
        let (sin, cos) = heading_rad.sin_cos();
        Self { position, velocity: [speed_mps * cos, speed_mps * sin], heading_rad, turn_rate_radps }
    }

    /// `[x, y, vx, vy]`, D4RL's observation.
    pub const fn to_array(self) -> [f64; 4] {
        [self.position[0], self.position[1], self.velocity[0], self.velocity[1]]
    }

    /// From D4RL's observation; heading and turn rate 0.
    pub const fn from_array(values: [f64; 4]) -> Self {
        Self::moving([values[0], values[1]], [values[2], values[3]])
    }

    /// Position and velocity of each axis.
    pub const fn axes(&self) -> [(f64, f64); 2] {
        [(self.position[0], self.velocity[0]), (self.position[1], self.velocity[1])]
    }

    /// Whether all six numbers are finite.
    pub fn is_finite(&self) -> bool {
        self.to_array().iter().all(|value| value.is_finite())
            && self.heading_rad.is_finite()
            && self.turn_rate_radps.is_finite()
    }

    /// Distance of the position from a point, metres.
    pub fn distance(&self, point: Point) -> f64 {
        distance(self.position, point)
    }

    /// Speed, metres per second.
    pub fn speed(&self) -> f64 {
        self.velocity[0].hypot(self.velocity[1])
    }

    /// Component of the velocity along the heading, metres per second; negative in reverse.
    pub fn forward_speed(&self) -> f64 {
        let (sin, cos) = self.heading_rad.sin_cos();
        self.velocity[0] * cos + self.velocity[1] * sin
    }

    /// A point of the robot's frame, in the observation frame.
    pub fn in_frame(&self, [x, y]: Point) -> Point {
        let (sin, cos) = self.heading_rad.sin_cos();
        [self.position[0] + x * cos - y * sin, self.position[1] + x * sin + y * cos]
    }

    /// At rest in the same pose.
    #[must_use]
    pub const fn halted(&self) -> Self {
        Self::at_pose(self.position, self.heading_rad)
    }

    /// The state at `share` of the way from this one to another, coordinate by coordinate; the heading takes its shortest
    /// arc.
    #[must_use]
    pub fn blend(&self, to: &Self, share: f64) -> Self {
        Self {
            position: lerp(self.position, to.position, share),
            velocity: lerp(self.velocity, to.velocity, share),
            heading_rad: self.heading_rad + share * wrapped(to.heading_rad - self.heading_rad),
            turn_rate_radps: self.turn_rate_radps + share * (to.turn_rate_radps - self.turn_rate_radps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn headings_blend_over_their_shortest_arc() {
        let (from, to) = (State::at_pose([0.0; 2], 3.0), State::at_pose([1.0, 0.0], -3.0));
        let half = from.blend(&to, 0.5);
        assert!((wrapped(half.heading_rad) - PI).abs() < 1e-12 || (wrapped(half.heading_rad) + PI).abs() < 1e-12);
        assert_eq!(half.position, [0.5, 0.0]);
        assert_eq!((from.blend(&to, 0.0), wrapped(from.blend(&to, 1.0).heading_rad)), (from, -3.0));
    }

    #[test]
    fn a_heading_that_is_nan_is_not_finite() {
        assert!(State::driving([0.0; 2], 1.0, -2.0, 0.3).is_finite());
        assert!(!State::at_pose([0.0; 2], f64::NAN).is_finite());
        assert!(!State { turn_rate_radps: f64::INFINITY, ..State::default() }.is_finite());
        assert!((State::driving([0.0; 2], 2.0, -2.0, 0.3).forward_speed() + 2.0).abs() < 1e-12);
    }
}
