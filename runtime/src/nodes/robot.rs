//! Robots by name or file, as node parameters give them.

use crate::world::robot::RobotFile;
use crate::world::{MotionLimits, PointMass, Robot};
use std::sync::Arc;

/// Name of the robot of the mazes.
pub const POINT_MASS: &str = "point-mass";

/// A built-in robot, or the one that a TOML file describes, here or beside the command.
///
/// # Errors
/// What is wrong with the file, in a line.
pub fn robot_of(name: &str) -> Result<Arc<dyn Robot>, String> {
    if name == POINT_MASS {
        return Ok(Arc::new(PointMass::default()));
    }
    let found = crate::files::find(name.as_ref()).map(|path| path.display().to_string());
    let name = if RobotFile::names().contains(&name) { name.to_owned() } else { found.unwrap_or(name.to_owned()) };
    RobotFile::find(&name).map(|file| file.robot).map_err(|error| format!("robot: {error}"))
}

/// Whether it moves along its heading.
pub fn is_drive(robot: &dyn Robot) -> bool {
    matches!(robot.limits(), MotionLimits::Drive(_))
}

/// Whether it can reach any heading where it stands.
pub fn turns_in_place(robot: &dyn Robot) -> bool {
    matches!(robot.limits(), MotionLimits::Drive(limits) if limits.turns_in_place())
}
