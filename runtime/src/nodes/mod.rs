//! The ROS 2 nodes: a planner behind Nav2's actions, and the simulated robot.

pub mod grid;
pub mod map;
pub mod path;
pub mod planner_node;
pub mod push_node;
pub mod robot;
pub mod sim_node;
