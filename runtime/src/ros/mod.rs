//! Planners and the maze robot as ROS 2 nodes, on RustDDS: no ROS installation is needed.
//!
//! ```text
//! messages, names, qos, time, tf, validate, parameter      what ROS is made of
//! node, executor, logger, diagnostics                       a node and its loop
//! base, lifecycle, bond, action                             what every node, every managed node has
//! planner_node, sim_node                                    ours
//! ```
//!
//! Planners know nothing of this module. A new family of planners says in [`planner_node::PlannerFamily`] how it is
//! loaded and which parameters it has; node, lifecycle, action and diagnostics are there already.

pub mod action;
pub mod arguments;
pub mod base;
pub mod bond;
pub mod diagnostics;
pub mod executor;
pub mod farewell;
pub mod lifecycle;
pub mod logger;
pub mod map;
pub mod messages;
pub mod names;
pub mod node;
pub mod odometry;
pub mod parameter;
pub mod path;
pub mod planner_node;
pub mod qos;
pub mod sim_node;
pub mod start;
pub mod tf;
pub mod time;
pub mod validate;
