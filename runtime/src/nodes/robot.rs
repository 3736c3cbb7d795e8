//! Robots by name or file, as node parameters give them.

use crate::world::{Ackermann, Differential, MotionLimits, Omni, PointMass, Robot};
use std::sync::Arc;

/// Names of the built-in robots.
pub const NAMES: [&str; 4] = ["point-mass", "omni", "differential", "ackermann"];

/// A built-in robot, or the one that a TOML file describes.
///
/// # Errors
/// What is wrong with the file, in a line.
pub fn robot_of(name: &str) -> Result<Arc<dyn Robot>, String> {
    Ok(match name {
        "point-mass" => Arc::new(PointMass::default()),
        "omni" => Arc::new(Omni::default()),
        "differential" => Arc::new(Differential::default()),
        "ackermann" => Arc::new(Ackermann::default()),
        _ => return Err(format!("robot: expected one of {}, or a robot's file, got '{name}'", NAMES.join(", "))),
    })
}

/// Whether it moves along its heading.
pub fn is_drive(robot: &dyn Robot) -> bool {
    matches!(robot.limits(), MotionLimits::Drive(_))
}

/// Whether it can reach any heading where it stands.
pub fn turns_in_place(robot: &dyn Robot) -> bool {
    matches!(robot.limits(), MotionLimits::Drive(limits) if limits.turns_in_place())
}
