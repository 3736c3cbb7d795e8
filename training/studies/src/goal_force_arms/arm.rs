//! What an arm changes of the base recipe.

use clap::ValueEnum;
use planwright_training::network::ControlPath;
use planwright_training::recipe::{GoalForceRecipe, Recipe};
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

const BASE: &str = include_str!("../../../recipes/goal-force-balls.toml");

/// One change of the training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// Nothing: recipe goal-force-balls, with fewer scenes and steps
    Base,
    /// The control enters through a copy of the encoder and projections that start at zero, not as channels
    Branch,
    /// No goals, only direct forces (figure 4.4: such a model moves the target itself)
    DirectOnly,
    /// No direct forces, only goals
    GoalOnly,
    /// Masses are never shown
    NoMasses,
    /// Half of the scenes
    HalfData,
    /// Scenes have only what the push sets in motion, and obstacles
    NoDistractors,
    /// Every table is grey
    OneGround,
    /// Balls alone, no obstacles
    BallsOnly,
    /// Dominos, tools, and scenes in which obstacles alone decide, beside balls (recipe goal-force-rooms)
    Rooms,
}

impl Arm {
    /// All of them, in the table's order.
    pub const ALL: [Self; 10] = [
        Self::Base,
        Self::Branch,
        Self::DirectOnly,
        Self::GoalOnly,
        Self::NoMasses,
        Self::HalfData,
        Self::NoDistractors,
        Self::OneGround,
        Self::BallsOnly,
        Self::Rooms,
    ];

    /// Its name.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The recipe of this arm with a seed: data, first values and noise.
    ///
    /// # Errors
    /// If the base recipe cannot be read.
    pub fn recipe(self, seed: u64, scenes: usize, steps: u64) -> Result<GoalForceRecipe, StudyError> {
        let recipe =
            Recipe::parse(BASE, "training/recipes/goal-force-balls.toml".as_ref()).map_err(StudyError::input)?;
        let Recipe::GoalForce(mut recipe) = recipe else {
            return Err(StudyError::setting("recipe", "of family goal-force", "another one"));
        };
        recipe.name = format!("{}-s{seed}", self.name());
        (recipe.data.scenes, recipe.data.seed) = (scenes, seed);
        (recipe.training.steps, recipe.training.seed) = (steps, seed);
        let data = &mut recipe.data;
        match self {
            Self::Base => {}
            Self::Branch => recipe.network.control = ControlPath::Branch,
            Self::DirectOnly => data.goal_shown = 0.0,
            Self::GoalOnly => (data.goal_shown, data.direct_shown) = (1.0, false),
            Self::NoMasses => data.masses_shown = 0.0,
            Self::HalfData => data.scenes = scenes / 2,
            Self::NoDistractors => data.distractors = false,
            Self::OneGround => data.one_ground = true,
            Self::BallsOnly => data.blocked = 0.0,
            Self::Rooms => (data.blocked, data.dominos, data.tools, data.around) = (0.25, 0.1, 0.1, 0.4),
        }
        Ok(recipe)
    }
}
