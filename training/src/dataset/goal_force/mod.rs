//! Samples of goal-force planners: simulated scenes, seen by random cameras, with what of the control signal is shown.

mod sample;
mod scenes;

pub use sample::{MotionBatch, Shown, shown_signal};
pub use scenes::{SceneSet, SceneSettings};
