//! Data that planners learn from: who drives, what is recorded, how it is cut into windows.

mod generator;
mod grid_policy;
mod recording;
mod settings;
mod statistics;
mod trajectories;
mod waypoint;
mod windows;

pub mod corridors;
pub mod episodes;
pub mod goal_force;

pub use generator::generate;
pub use recording::{Recording, RecordingError};
pub use settings::GeneratorSettings;
pub use statistics::Statistics;
pub use trajectories::{Trajectories, TrajectoryError};
pub use windows::{COLUMNS, Limits, WindowError, WindowSettings, Windows};
