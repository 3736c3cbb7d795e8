//! What the networks of the goal-force family denoise.

use super::motion_unet::PICTURE_CHANNELS;
use planwright::world::scene::FRAMES;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The sample of a goal-force network, by cell of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SampleKind {
    /// The cell's velocity in every frame.
    #[default]
    Motion,
    /// The difference of the cell's pixels in every frame to those of the first picture. No planner reads a push from it.
    Pixels,
}

impl SampleKind {
    /// Values per cell, all frames together.
    pub fn channels(self) -> usize {
        match self {
            Self::Motion => 2 * FRAMES,
            Self::Pixels => PICTURE_CHANNELS * FRAMES,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn is_motion(&self) -> bool {
        *self == Self::Motion
    }
}
