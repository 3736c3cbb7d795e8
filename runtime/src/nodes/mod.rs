//! The ROS 2 nodes: a planner behind Nav2's action, and the simulated maze robot.

pub mod map;
pub mod path;
pub mod planner_node;
pub mod sim_node;
