//! What an arm changes of the recipe.

use clap::ValueEnum;
use planwright_training::recipe::{GoalForceRecipe, Recipe};
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

const RECIPE: &str = include_str!("../../../recipes/force-prompting.toml");

/// What a model is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptArm {
    /// Pokes and winds: a third each of plants, balls, and flags, confetti and smoke
    Unified,
    /// Pokes alone: half plants, half balls
    Point,
    /// Winds alone: flags, confetti and smoke
    Wind,
    /// Winds alone: one to four flags and windsocks (the published training data have 1 to 64 flags)
    Flags,
    /// Winds alone: one flag (published: does not transfer to smoke and confetti)
    OneFlag,
    /// As unified, with half of the scenes
    HalfData,
}

impl PromptArm {
    /// All of them, in the table's order.
    pub const ALL: [Self; 6] = [Self::Unified, Self::Point, Self::Wind, Self::Flags, Self::OneFlag, Self::HalfData];

    /// Its name.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The recipe of this arm with a seed: data, first values and noise.
    ///
    /// # Errors
    /// If the recipe cannot be read.
    pub fn recipe(self, seed: u64, scenes: usize, steps: u64) -> Result<GoalForceRecipe, StudyError> {
        let path = "training/recipes/force-prompting.toml";
        let Recipe::GoalForce(mut recipe) = Recipe::parse(RECIPE, path.as_ref()).map_err(StudyError::input)? else {
            return Err(StudyError::setting("recipe", "of family goal-force", "another one"));
        };
        recipe.name = format!("{}-s{seed}", self.name());
        (recipe.data.scenes, recipe.data.seed) = (scenes, seed);
        (recipe.training.steps, recipe.training.seed) = (steps, seed);
        let data = &mut recipe.data;
        let shares = [&mut data.plants, &mut data.wind, &mut data.flags, &mut data.one_flag];
        let set = |to: [f64; 4]| shares.into_iter().zip(to).for_each(|(share, to)| *share = to);
        match self {
            Self::Unified => {}
            Self::Point => set([0.5, 0.0, 0.0, 0.0]),
            Self::Wind => set([0.0, 1.0, 0.0, 0.0]),
            Self::Flags => set([0.0, 0.0, 1.0, 0.0]),
            Self::OneFlag => set([0.0, 0.0, 0.0, 1.0]),
            Self::HalfData => data.scenes = scenes / 2,
        }
        Ok(recipe)
    }
}
