//! The ROS 2 nodes: a planner behind Nav2's actions, the goal-force planner behind its own, the simulated robot, and the
//! simulated table.

mod autostart;
pub mod grid;
mod managed;
pub mod map;
pub mod path;
pub mod planner_node;
pub mod push_node;
pub mod refusals;
pub mod robot;
pub mod scene_node;
mod settings_parameters;
pub mod sim_node;
