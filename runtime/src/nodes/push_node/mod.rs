//! The goal-force planner as a node.

pub mod camera;
