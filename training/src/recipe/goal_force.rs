//! Recipe of a goal-force planner: simulated scenes, pictures, control signal, denoiser of motions.

use super::{DiffusionSettings, FieldError, TrainingSettings};
use crate::dataset::goal_force::{SceneSettings, is_one, one};
use crate::network::{MOTION_SIDE, MotionNetworkSpec, SampleKind};
use planwright::model::{DiffusionSpec, GoalForceSpec};
use planwright::world::scene::CELL_PX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Precision in which operands are multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single.
    #[default]
    Float32,
    /// Eight bits of mantissa: 1.27 times as many steps a second on a processor that multiplies it (`avx512_bf16`).
    Bfloat16,
}

impl Precision {
    /// As libtorch has it.
    pub fn kind(self) -> tch::Kind {
        match self {
            Self::Float32 => tch::Kind::Float,
            Self::Bfloat16 => tch::Kind::BFloat16,
        }
    }
}

/// Largest weight of moving pixels.
const MOST_MOVING_WEIGHT: f64 = 1000.0;

/// Everything that determines a goal-force planner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalForceRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// Scenes, cameras, and what of the control signal is shown.
    pub data: SceneSettings,
    /// Picture, cells, and scales of the control signal.
    pub goal_force: GoalForceSpec,
    /// The denoiser.
    pub network: MotionNetworkSpec,
    /// Precision of its convolutions during the fit.
    #[serde(default)]
    pub convolutions: Precision,
    /// Weight of moving pixels in the loss against 1 of those that rest; for `network.sample = "pixels"` alone.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(extend("default" = 1.0))]
    pub moving_weight: f64,
    /// The noise; the network predicts the clean sample.
    pub diffusion: DiffusionSettings,
    /// The fit.
    pub training: TrainingSettings,
    /// SHA-256 of the scenes, hex; filled in by the fit.
    #[serde(default)]
    pub data_sha256: String,
}

impl GoalForceRecipe {
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        self.data.check().map_err(|problem| FieldError::new("data", problem))?;
        self.network.check().map_err(|problem| FieldError::new("network", problem))?;
        self.diffusion.check()?;
        // What network and scenes are built for.
        let GoalForceSpec { picture_px, cell_px, .. } = self.goal_force;
        if (picture_px, cell_px) != (MOTION_SIDE * CELL_PX, CELL_PX) {
            let expected = MOTION_SIDE * CELL_PX;
            let problem =
                format!("expected pictures of {expected} px in cells of {CELL_PX} px, got {picture_px} and {cell_px}");
            return Err(FieldError::new("goal_force", problem));
        }
        let got = (self.network.wind, self.goal_force.wind_mps.is_some());
        if got.0 != got.1 {
            let problem =
                format!("expected wind = true with goal_force.wind_mps and false without, got {} and {}", got.0, got.1);
            return Err(FieldError::new("network", problem));
        }
        let (sample, weight) = (self.network.sample, self.moving_weight);
        if !(weight > 0.0 && weight <= MOST_MOVING_WEIGHT) {
            let problem = format!("expected a weight above 0, {MOST_MOVING_WEIGHT} at most, got {weight}");
            return Err(FieldError::new("moving_weight", problem));
        }
        if sample == SampleKind::Motion && weight != 1.0 {
            let problem = format!("expected 1 with network.sample = \"motion\", got {weight}");
            return Err(FieldError::new("moving_weight", problem));
        }
        Ok(())
    }

    /// The noise, and what the network predicts of it.
    pub fn diffusion(&self) -> DiffusionSpec {
        self.diffusion.of_clean_sample()
    }

    pub(super) fn set_seed(&mut self, seed: u64) {
        self.training.seed = seed;
        self.data.seed = seed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::MOTION_CELLS;
    use crate::recipe::Recipe;
    use planwright::world::scene::FRAMES;

    #[test]
    fn the_recipe_has_the_usual_scales_and_the_networks_sizes() {
        let text = include_str!("../../recipes/force-prompting.toml");
        let Ok(Recipe::GoalForce(windy)) = Recipe::parse(text, "force-prompting.toml".as_ref()) else {
            panic!("a recipe of a model with wind");
        };
        assert_eq!(windy.goal_force.scene_channels(FRAMES), windy.network.scene_channels());
        let wrong = GoalForceSpec { wind_mps: None, ..windy.goal_force.clone() };
        assert!(GoalForceRecipe { goal_force: wrong, ..windy }.check().is_err());
        let text = include_str!("../../recipes/goal-force-balls.toml");
        let Ok(Recipe::GoalForce(recipe)) = Recipe::parse(text, "goal-force-balls.toml".as_ref()) else {
            panic!("a recipe of a goal-force planner");
        };
        assert_eq!(recipe.goal_force, GoalForceSpec::default());
        assert_eq!(recipe.network, MotionNetworkSpec::full());
        assert_eq!(recipe.goal_force.cells(), MOTION_CELLS);
        assert_eq!(recipe.goal_force.scene_channels(FRAMES), recipe.network.scene_channels());
        // What is at its default is not written, so that a new setting leaves the hash of a recipe as it was.
        let written = serde_json::to_string(&recipe).expect("JSON");
        let settings =
            ["wind", "flag", "plants", "pendulums", "speeds", "force_shown", "starts_from", "sample", "moving_weight"];
        assert!(settings.iter().all(|name| !written.contains(name)), "{written}");
    }

    #[test]
    fn a_weight_of_moving_pixels_is_for_pixels_alone() {
        let text = include_str!("../../recipes/goal-force-pixels.toml");
        let Ok(Recipe::GoalForce(recipe)) = Recipe::parse(text, "goal-force-pixels.toml".as_ref()) else {
            panic!("a recipe of a pixel network");
        };
        assert!(recipe.moving_weight > 1.0 && recipe.network.sample == SampleKind::Pixels);
        let refused = |recipe: &GoalForceRecipe| recipe.check().expect_err("refused").to_string();
        let network = MotionNetworkSpec { sample: SampleKind::Motion, ..recipe.network.clone() };
        let motion = GoalForceRecipe { network, ..recipe.clone() };
        assert!(refused(&motion).contains("expected 1 with network.sample"), "{}", refused(&motion));
        for moving_weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let wrong = GoalForceRecipe { moving_weight, ..recipe.clone() };
            assert!(refused(&wrong).contains("expected a weight above 0"), "{}", refused(&wrong));
        }
    }
}
