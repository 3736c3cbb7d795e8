//! A ROS 2 client library on RustDDS; needs no ROS installation.
//!
//! ```text
//! messages, names, qos, time, tf, validate, parameter      data: wire types, names, clocks, transforms, parameters
//! network                                                   which computers a node meets, by the environment
//! node, executor, kept, logger, diagnostics                 one node and its event loop
//! base, lifecycle, bond, action                             services of every node, of managed nodes, of action servers
//! odometry                                                  plausibility of a stream of odometry
//! ```

pub mod action;
pub mod arguments;
pub mod base;
pub mod bond;
pub mod diagnostics;
pub mod dispose;
pub mod executor;
pub mod kept;
pub mod lifecycle;
pub mod logger;
pub mod messages;
pub mod names;
pub mod network;
mod network_file;
pub mod node;
pub mod odometry;
pub mod parameter;
pub mod qos;
pub mod start;
pub mod tf;
pub mod time;
pub mod validate;
