//! Samples of goal-force planners: simulated scenes, seen by random cameras, with what of the control signal is shown.

mod frames;
mod residual;
mod sample;
mod scenes;
mod shown;
mod view;

pub use frames::FrameRenderer;
pub use residual::{MAX_RESIDUAL, MOVING_LEVELS, UNIT_RESIDUAL, frame_of, is_moving, moving_value, residual};
pub use sample::{Sample, SampleMaker, scene_channels};
pub use scenes::{SceneSet, SceneSettings};
pub(crate) use scenes::{is_one, one};
pub use shown::{Shown, shown_signal};
pub use view::SceneView;

#[cfg(test)]
pub(crate) mod tests {
    use super::SceneSettings;

    /// A few scenes of the usual kinds.
    pub(crate) fn settings() -> SceneSettings {
        SceneSettings {
            scenes: 20,
            blocked: 0.5,
            dominos: 0.1,
            tools: 0.1,
            around: 0.0,
            speeds: 0.0,
            pendulums: 0.0,
            plants: 0.0,
            wind: 0.0,
            flags: 0.0,
            one_flag: 0.0,
            max_tilt_deg: 60.0,
            goal_shown: 0.7,
            masses_shown: 0.5,
            force_shown: 1.0,
            direct_shown: true,
            distractors: true,
            one_ground: false,
            seed: 1,
        }
    }
}
