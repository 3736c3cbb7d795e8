//! Where a plan is true or false: the simulated worlds and their maps.
//!
//! The maze of D4RL's Maze2D is a ball that two motors push along x and y through a grid of soft walls.
//! [`Layout`] is the map, [`MazeWorld`] the physics on it, [`Episode`] the task, [`Sweep`] the collision
//! check of a whole path, and [`TimeOptimalBound`] the time that no planner can beat.
//!
//! Everything is in SI units, in the frame of the observation (`qpos`): a cell's index pair is the point
//! where D4RL puts resets and goals, and the cell's centre lies 0.2 m below it on both axes.

pub mod conformance;
mod contact;
mod double_pendulum;
mod episode;
mod layout;
mod point_mass;
pub mod rollouts;
mod sweep;
mod time_optimal;

pub use double_pendulum::{DoublePendulum, PendulumState};
pub use episode::{Episode, EpisodeRules, GOAL_RADIUS_M};
pub use layout::{Layout, LayoutError, WallBox};
pub use point_mass::{
    Action, ContactLaw, DAMPING_NSPM, GEAR_N, MASS_KG, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, MazeWorld, Point,
    RADIUS_M, STEP_SECS, State, StepReport, VELOCITY_CLIP_MPS,
};
pub use sweep::{Sweep, SweptPath};
pub use time_optimal::TimeOptimalBound;
