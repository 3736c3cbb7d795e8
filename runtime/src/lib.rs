//! Runs learned planners on robots, and lets no plan out that physics has not seen.
pub mod diffusion;
pub mod files;
pub mod model;
pub mod quantity;
pub mod world;
