//! What a family of planners must say to become a node. Planners themselves know nothing of ROS.

use crate::model::{Artefact, EngineChoice};
use crate::planner::{Planner, PlannerSettings, load};
use crate::quantity::Intended;
use crate::world::Layout;
use planwright_ros2::parameter::{Descriptor, Values};
use std::path::PathBuf;

/// A family of planners.
pub trait PlannerFamily: 'static {
    /// Its name: the node is `planwright node NAME` and `planwright_NAME`.
    const NAME: &'static str;
    /// The model that is loaded unless another is named.
    const DEFAULT_MODEL: &'static str;

    /// Parameters of its own, beside those of every planner's node.
    fn parameters() -> Vec<Descriptor>;

    /// Loads a model with the settings that the parameters give.
    ///
    /// # Errors
    /// What is wrong with them, in a line.
    fn load(request: &LoadRequest, parameters: &Values) -> Result<Box<dyn Planner>, String>;
}

/// Which model to load, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRequest {
    /// The model's file.
    pub model: PathBuf,
    /// The engine.
    pub engine: EngineChoice,
    /// Seed of all randomness.
    pub seed: u64,
}

impl LoadRequest {
    /// Opens the model, of any family.
    pub(super) fn load(&self, settings: &PlannerSettings) -> Result<Box<dyn Planner>, String> {
        let artefact = Artefact::open(&self.model).map_err(|error| error.to_string())?;
        load(&artefact, &self.engine, settings).map_err(|error| error.to_string())
    }
}

/// What a load brought, for diagnostics.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The engine, in words.
    pub engine: String,
    /// The model's file.
    pub model: PathBuf,
    /// How long it took, seconds.
    pub secs: f64,
    /// The map for which the model was trained.
    pub layout: Layout,
    /// The model's own intended distribution of the plans' lengths, if it has one.
    pub intended: Option<Intended>,
    /// Network calls per plan, horizon and the like, as the manifest says.
    pub summary: String,
}
