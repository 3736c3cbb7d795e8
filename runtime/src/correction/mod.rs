//! From what a network dreamt to what the world does: the physics-correction loop.
//!
//! A proposal is tracked in the simulated world by a bounded controller. What the world did replaces what
//! the network dreamt, and the network is asked again from there, until the two agree or the budget is
//! spent. The strength gamma is that of self-correcting loops (Gillman et al. 2024): the corrected plan is
//! `(proposal + gamma * simulated) / (1 + gamma)`, so 0 leaves the proposal and infinity is the simulated
//! path. Before tracking, the loop may retime: the proposal then says where to go and in which order, and
//! the actuators say how fast.

mod corrector;
mod path_smoother;
mod time_parameterization;
mod tracker;

pub use corrector::{Corrected, CorrectionError, CorrectionSettings, Corrector, Resample, Strength};
pub use path_smoother::PathSettings;
pub use time_parameterization::{TimeParameterizationError, TimeParameterizer};
pub use tracker::{Tracker, TrackingReport};
