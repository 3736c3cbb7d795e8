//! Goal-force planners: from a picture and a wanted motion of one object to the push on another that causes it.

pub mod segment;
