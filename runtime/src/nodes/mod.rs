//! The ROS 2 nodes: a planner behind Nav2's actions, the simulated robot, and the simulated table.

pub mod grid;
pub mod map;
pub mod path;
pub mod planner_node;
pub mod robot;
pub mod scene_node;
pub mod sim_node;
