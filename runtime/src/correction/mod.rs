//! Projects a sampled trajectory onto the robot's dynamics: the physics-correction loop.
//!
//! A proposal is tracked in the simulated world by a bounded controller. The simulated trajectory replaces the sampled
//! one, and the planner re-samples from there, until both agree or the budget is spent. The strength gamma is that of self-correcting loops (Gillman et al. 2024): the corrected plan is
//! `(proposal + gamma * simulated) / (1 + gamma)`, so 0 leaves the proposal and infinity is the simulated
//! path. Before tracking, the loop may parameterise time anew: the path is then the proposal's, and its speed the
//! fastest that the actuators allow.

mod corrector;
mod path_smoother;
mod push;
mod time_parameterization;
mod tracker;
mod way_out;

pub use corrector::{Corrected, CorrectionError, CorrectionSettings, Corrector, Resample, Strength};
pub use path_smoother::PathSettings;
pub use push::{CorrectedPush, PushFault, PushLimits, correct_push, goal_error};
pub(crate) use time_parameterization::CURVE_RAD;
pub use time_parameterization::{TimeParameterizationError, TimeParameterizer};
pub use tracker::{Tracker, TrackingReport};
pub(crate) use way_out::{STANDING_MPS, WayOut};
