//! A goal-force network's entries in the manifest: the picture that it sees, and the scales of its control signal.

use super::manifest_error::{ManifestError, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the network says of every cell in every frame: its velocity to the right and downwards, pixels per frame.
pub const MOTION_COLUMNS: [&str; 2] = ["u", "v"];
/// Colours of a pixel.
const COLOURS: usize = 3;
/// Channels of the direct and of the goal force.
const FORCES: usize = 2;
/// The mass channel keeps four values per cell: its smallest blob is narrower than a cell.
const MASS_PARTS: usize = 4;
/// Channels of the wind: its speed, and cosine and sine of its direction in the picture.
pub(crate) const WIND_PARTS: usize = 3;

/// What a goal-force network sees, and what its control signal means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalForceSpec {
    /// Side of the square picture, pixels.
    pub picture_px: usize,
    /// Side of a cell that moves as one, pixels.
    pub cell_px: usize,
    /// Speeds right after a push whose blob travels an eighth and half of the picture, m/s.
    pub direct_mps: [f64; 2],
    /// Speeds of a target right after it is struck whose blob travels an eighth and half of the picture, m/s.
    pub goal_mps: [f64; 2],
    /// Masses whose blobs have the smallest and the largest radius, kg.
    pub mass_kg: [f64; 2],
    /// Speeds of a wind that are the lower and the upper end of its scale, m/s; without it the model has no channels for wind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wind_mps: Option<[f64; 2]>,
}

impl Default for GoalForceSpec {
    /// That of the recipe: goals and pushes as the generated scenes have them.
    fn default() -> Self {
        Self {
            picture_px: 64,
            cell_px: 4,
            direct_mps: [0.1, 1.2],
            goal_mps: [0.05, 0.6],
            mass_kg: [1.0, 4.0],
            wind_mps: None,
        }
    }
}

impl GoalForceSpec {
    /// Cells along a side of the picture.
    pub fn side(&self) -> usize {
        self.picture_px / self.cell_px
    }

    /// Cells of the picture.
    pub fn cells(&self) -> usize {
        self.side() * self.side()
    }

    /// Channels of the picture: the colours of every pixel of a cell.
    pub fn picture_channels(&self) -> usize {
        COLOURS * self.cell_px * self.cell_px
    }

    /// Channels of picture and control signal for videos of `frames` frames.
    pub fn scene_channels(&self, frames: usize) -> usize {
        let wind = if self.wind_mps.is_some() { WIND_PARTS } else { 0 };
        self.picture_channels() + FORCES * frames + MASS_PARTS + wind
    }

    pub(super) fn check(&self) -> Result<(), ManifestError> {
        let Self { picture_px, cell_px, .. } = *self;
        let fits = (8..=1024).contains(&picture_px) && (2..=64).contains(&cell_px);
        let expected = "a picture of 8 to 1024 pixels in cells of an even 2 to 64 pixels that divide it";
        let fits = fits && cell_px.is_multiple_of(2) && picture_px.is_multiple_of(cell_px);
        ensure(fits, "goal_force.picture_px", expected, format!("{picture_px} and cells of {cell_px}"))?;
        let ranges = [
            ("goal_force.direct_mps", Some(self.direct_mps)),
            ("goal_force.goal_mps", Some(self.goal_mps)),
            ("goal_force.mass_kg", Some(self.mass_kg)),
            ("goal_force.wind_mps", self.wind_mps),
        ];
        for (entry, range) in ranges.into_iter().filter_map(|(entry, range)| Some((entry, range?))) {
            let fits = range[0] > 0.0 && range[0] < range[1] && range[1].is_finite();
            ensure(fits, entry, "a range above 0 with low < high", format!("{range:?}"))?;
        }
        Ok(())
    }
}
