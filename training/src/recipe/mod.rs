//! Training recipes: one TOML file determines a model. One enum of families, one reader, one error form.
//!
//! A new family is one variant of [`Recipe`] with its settings, its objective in [`crate::fit`] and its network's arm in
//! [`crate::export`].

mod corridor;
mod error;
mod goal_force;
mod maze_diffusion;
mod policy;
mod sequence;
mod training;

pub use corridor::{CorridorLoss, CorridorRecipe};
pub use error::{FieldError, RecipeError};
pub use goal_force::GoalForceRecipe;
pub use maze_diffusion::{DiffusionSettings, MazeDiffusionRecipe};
pub use policy::{ACTION_DIMENSIONS, PolicyRecipe, PolicySizes};
pub use sequence::{SequenceDiffusion, SequenceRecipe};
pub use training::{DeviceName, MuonSettings, OptimiserSettings, TrainingSettings};

use crate::network::{
    CorridorNetworkSpec, MotionNetworkSpec, NetworkSpec, ParameterSpec, PolicyNetworkSpec, declare, declare_corridor,
    declare_motion, declare_policy,
};
use planwright::model::{DiffusionSpec, FamilyName};
use planwright::planner::corridor::{CHANNELS, WINDOW};
use planwright::world::scene::FRAMES;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Everything that determines a model. In TOML, `family` chooses the variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "family", rename_all = "kebab-case")]
pub enum Recipe {
    /// A denoiser of maze trajectories with actions and states (Diffuser), fitted to windows of a recording.
    MazeDiffusion(MazeDiffusionRecipe),
    /// A return-conditioned policy with a density head, fitted to episodes of mixed quality.
    MazePolicy(PolicyRecipe),
    /// A denoiser of fixed-length sequences.
    SequenceDiffusion(SequenceRecipe),
    /// A denoiser of codes, each paired with a sequence of the data (coordinate transform).
    MazeTransform(SequenceRecipe),
    /// A regression of lateral offsets for any map, fitted to arrival time and clearance of its own paths on generated maps.
    Corridor(CorridorRecipe),
    /// A denoiser of the motion of a picture's cells under a goal force, fitted to simulated scenes.
    GoalForce(GoalForceRecipe),
}

/// The network that a recipe fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// A temporal U-Net for one denoising step.
    Denoiser(NetworkSpec),
    /// A causal transformer over a history.
    Policy(PolicyNetworkSpec),
    /// Convolutions along a corridor.
    Corridor(CorridorNetworkSpec),
    /// A U-Net over a picture's cells for one denoising step.
    Motion(MotionNetworkSpec),
}

/// The only places where the families' recipes differ.
macro_rules! each {
    ($recipe:expr, $inner:ident => $value:expr) => {
        match $recipe {
            Recipe::MazeDiffusion($inner) => $value,
            Recipe::MazePolicy($inner) => $value,
            Recipe::SequenceDiffusion($inner) | Recipe::MazeTransform($inner) => $value,
            Recipe::Corridor($inner) => $value,
            Recipe::GoalForce($inner) => $value,
        }
    };
}

impl Recipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and field.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        let text = planwright::text::read(path).map_err(|source| RecipeError::Io { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Parses and checks a recipe's text; `path` is for messages. A text without `family` is read as the family whose
    /// section it has: `[windows]` maze-diffusion, `head` maze-policy.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and field.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RecipeError> {
        let (family, content) = error::split_family(text, path)?;
        let recipe = match family.as_str() {
            "maze-diffusion" => Self::MazeDiffusion(content.read()?),
            "maze-policy" => Self::MazePolicy(content.read()?),
            "sequence-diffusion" => Self::SequenceDiffusion(content.read()?),
            "maze-transform" => Self::MazeTransform(content.read()?),
            "corridor" => Self::Corridor(content.read()?),
            "goal-force" => Self::GoalForce(content.read()?),
            other => {
                let problem = format!("expected one of {}, got '{other}'", FAMILIES.join(", "));
                return Err(RecipeError::value(path, FieldError::new("family", problem)));
            }
        };
        recipe.check().map_err(|error| RecipeError::value(path, error))?;
        Ok(recipe)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn check(&self) -> Result<(), FieldError> {
        let name = self.name();
        if !training::is_name(name) {
            return Err(FieldError::new("name", format!("expected letters, digits, '-' and '_', got '{name}'")));
        }
        each!(self, recipe => recipe.check())?;
        self.training().check()
    }

    /// Name of the model and of its run folder.
    pub fn name(&self) -> &str {
        each!(self, recipe => &recipe.name)
    }

    /// The fit.
    pub fn training(&self) -> &TrainingSettings {
        each!(self, recipe => &recipe.training)
    }

    /// Sets the seed of fit and data.
    pub fn set_seed(&mut self, seed: u64) {
        each!(self, recipe => recipe.set_seed(seed));
    }

    /// The planner family of the exported file.
    pub fn family(&self) -> FamilyName {
        match self {
            Self::MazeDiffusion(_) => FamilyName::MazeDiffusion,
            Self::MazePolicy(_) => FamilyName::MazePolicy,
            Self::SequenceDiffusion(_) => FamilyName::SequenceDiffusion,
            Self::MazeTransform(_) => FamilyName::MazeTransform,
            Self::Corridor(_) => FamilyName::Corridor,
            Self::GoalForce(_) => FamilyName::GoalForce,
        }
    }

    /// The network.
    pub fn network(&self) -> Network {
        match self {
            Self::MazeDiffusion(recipe) => Network::Denoiser(recipe.network.clone()),
            Self::MazePolicy(recipe) => Network::Policy(recipe.network()),
            Self::SequenceDiffusion(recipe) | Self::MazeTransform(recipe) => Network::Denoiser(recipe.network.clone()),
            Self::Corridor(recipe) => Network::Corridor(recipe.network),
            Self::GoalForce(recipe) => Network::Motion(recipe.network.clone()),
        }
    }

    /// Knots of a trajectory or of a window, H; of a policy, the steps of its longest roll-out.
    pub fn horizon(&self) -> usize {
        match self {
            Self::MazeDiffusion(recipe) => recipe.windows.horizon,
            Self::MazePolicy(recipe) => recipe.horizon,
            Self::SequenceDiffusion(recipe) | Self::MazeTransform(recipe) => recipe.horizon,
            Self::Corridor(_) => WINDOW,
            Self::GoalForce(_) => FRAMES,
        }
    }

    /// The noise, and what the network predicts of it; `None` for a policy and a corridor.
    pub fn diffusion(&self) -> Option<DiffusionSpec> {
        match self {
            Self::MazeDiffusion(recipe) => Some(recipe.diffusion()),
            Self::MazePolicy(_) | Self::Corridor(_) => None,
            Self::SequenceDiffusion(recipe) | Self::MazeTransform(recipe) => Some(recipe.diffusion.into()),
            Self::GoalForce(recipe) => Some(recipe.diffusion()),
        }
    }

    /// The recipe as provenance: JSON without the family, which the manifest has itself.
    ///
    /// # Errors
    /// If a number is not finite.
    pub fn content(&self) -> Result<serde_json::Value, serde_json::Error> {
        each!(self, recipe => serde_json::to_value(recipe))
    }

    /// SHA-256 of the content, hex. Family and device do not count, so that recipes without a `family` line keep their
    /// hash and a fit may go on on another device.
    pub fn sha256(&self) -> String {
        let mut recipe = self.clone();
        each!(&mut recipe, recipe => recipe.training.device = DeviceName::Cpu);
        each!(&recipe, recipe => content_sha256(recipe))
    }

    /// The same with the hash of its data filled in, where the recipe has a place for it.
    #[must_use]
    pub(crate) fn with_data_sha256(&self, sha256: &str) -> Self {
        let mut recipe = self.clone();
        match &mut recipe {
            Self::MazeDiffusion(_) => {}
            Self::MazePolicy(recipe) => sha256.clone_into(&mut recipe.data_sha256),
            Self::SequenceDiffusion(recipe) | Self::MazeTransform(recipe) => {
                sha256.clone_into(&mut recipe.data_sha256);
            }
            Self::Corridor(recipe) => sha256.clone_into(&mut recipe.data_sha256),
            Self::GoalForce(recipe) => sha256.clone_into(&mut recipe.data_sha256),
        }
        recipe
    }
}

/// Names of all families, as `family` takes them.
pub(crate) const FAMILIES: [&str; 6] =
    ["maze-diffusion", "maze-policy", "sequence-diffusion", "maze-transform", "corridor", "goal-force"];

impl Network {
    /// Its parameters in flat order.
    pub fn parameters(&self) -> Vec<ParameterSpec> {
        match self {
            Self::Denoiser(network) => declare(network),
            Self::Policy(network) => declare_policy(network),
            Self::Corridor(network) => declare_corridor(network, CHANNELS),
            Self::Motion(network) => declare_motion(network),
        }
    }

    /// # Errors
    /// Expected and got, for the first size out of its range.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Denoiser(network) => network.check().map_err(|error| error.to_string()),
            Self::Policy(network) => network.check(),
            Self::Corridor(network) => network.check(WINDOW),
            Self::Motion(network) => network.check(),
        }
    }
}

/// SHA-256 of any settings as JSON, hex.
pub fn content_sha256(settings: &impl Serialize) -> String {
    let json = serde_json::to_string(settings).unwrap_or_default();
    planwright::files::hex(&Sha256::digest(json.as_bytes()))
}
