//! The benchmark systems: sinusoids, tent and logistic map, double pendulum, and the maze's segments.

mod build;
mod family;
pub mod lyapunov;
mod maps;
mod pendulum;
mod settings;
mod sinusoid;
mod strata;
pub mod validity;

pub use settings::{Draw, RecoverySettings, Summary, SystemName, SystemSettings};
