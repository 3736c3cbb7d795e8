//! Simulated worlds: robots, maps, and the D4RL mazes made of both.
//!
//! A [`World`] is a [`Robot`] on a [`Map`]: dynamics, contacts and clearance, all that correction, gate and pilot know.
//! [`MazeWorld`] is D4RL's Maze2D: the [`PointMass`] in a grid of soft walls ([`Layout`]). [`Episode`] is the task
//! there, and [`TimeOptimalBound`] the least time to the goal.
//!
//! Everything is in SI units, in the frame of the observation (`qpos`): a cell's index pair is the point
//! where D4RL puts resets and goals, and the cell's centre lies 0.2 m below it on both axes.

pub mod conformance;
pub(crate) mod contract;
mod double_pendulum;
mod episode;
pub mod map;
mod maze;
mod moving;
pub mod robot;
pub mod rollouts;
pub mod scene;
pub mod sensing;
mod state;
mod time_optimal;

pub use crate::geometry::{Aabb, Footprint, Point};
pub use contract::BrokenContract;
pub use double_pendulum::{DoublePendulum, PendulumState};
pub use episode::{Episode, EpisodeRules, GOAL_RADIUS_M};
pub use map::{GridMap, Layout, LayoutError, Map, Surface, Sweep, SweptPath, check_map};
pub use maze::MazeWorld;
pub use moving::{MAX_DISCS, MovingDisc, MovingError, MovingObstacles};
pub use robot::{
    Ackermann, Actuation, AxisLimits, ContactLaw, Differential, DriveLimits, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS,
    MotionLimits, Omni, PlanRoom, PointMass, RADIUS_M, Robot, RobotError, RobotFile, STEP_SECS, StepReport,
    VELOCITY_CLIP_MPS,
};
pub use state::{Command, State, saturated};
pub use time_optimal::{BoundError, TimeOptimalBound};

use std::sync::Arc;

/// A robot on a map, and what moves there besides. Cloning shares all of it.
#[derive(Clone, Debug)]
pub struct World {
    robot: Arc<dyn Robot>,
    map: Arc<dyn Map>,
    moving: Option<Arc<MovingObstacles>>,
}

impl World {
    /// This robot on this map.
    pub fn new(robot: Arc<dyn Robot>, map: Arc<dyn Map>) -> Self {
        Self { robot, map, moving: None }
    }

    /// The same with moving obstacles. Plans keep clear of their predictions; [`Self::step`] and [`Self::sweep`] are those of
    /// the map alone.
    #[must_use]
    pub fn with_moving(self, moving: Arc<MovingObstacles>) -> Self {
        Self { moving: Some(moving), ..self }
    }

    /// Moving obstacles, where any are known.
    pub fn moving(&self) -> Option<&MovingObstacles> {
        self.moving.as_deref()
    }

    /// The robot.
    pub fn robot(&self) -> &dyn Robot {
        &*self.robot
    }

    /// The map.
    pub fn map(&self) -> &dyn Map {
        &*self.map
    }

    /// Whether robot and map are the very ones of another world, whatever moves in them.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.robot, &other.robot) && Arc::ptr_eq(&self.map, &other.map)
    }

    /// Simulation and control period of the robot, seconds.
    pub fn step_secs(&self) -> f64 {
        self.robot.step_secs()
    }

    /// One step, contacts included: a pure function of state and command.
    pub fn step(&self, state: &State, command: Command) -> (State, StepReport) {
        self.robot.step(&*self.map, state, command)
    }

    /// Clearance of the robot's footprint along paths.
    pub fn sweep(&self) -> Sweep<'_> {
        Sweep::new(&*self.map, self.robot.footprint())
    }
}
