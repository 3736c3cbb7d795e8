//! A goal-force planner that a study fits itself.

use planwright::model::{Artefact, EngineChoice, load_engine};
use planwright::planner::goal_force::{GoalForcePlanner, GoalForceSettings};
use planwright_training::export::{ExportOptions, export};
use planwright_training::fit::{Checkpoint, FitOptions, fit};
use planwright_training::network::Parameters;
use planwright_training::recipe::{GoalForceRecipe, Recipe};
use planwright_training::study::{StudyError, resumable};
use std::path::{Path, PathBuf};

/// A planner that was fitted for a cell.
pub(crate) struct Fitted {
    /// Its exported model, opened.
    pub planner: GoalForcePlanner,
    /// Parameters of the network.
    pub parameters: usize,
    /// Loss over the last steps.
    pub loss: Option<f64>,
    /// The exported file's hash.
    pub model_sha256: String,
}

/// Fits a recipe in a folder, from its last checkpoint if there is one, exports the model and opens it.
pub(crate) fn fitted(recipe: &GoalForceRecipe, folder: &Path, library: Option<&PathBuf>) -> Result<Fitted, StudyError> {
    let resume = resumable(&folder.join("checkpoint.safetensors"))?;
    let options =
        FitOptions { folder: folder.to_owned(), resume, until: None, device: None, progress: false, initial: None };
    let recipe = Recipe::GoalForce(recipe.clone());
    let parameters = Parameters::new(recipe.network().parameters()).len();
    let fitted = fit(&recipe, &options).map_err(StudyError::failed)?;
    let checkpoint = Checkpoint::read(&fitted.checkpoint).map_err(StudyError::input)?;
    let model = folder.join("model.onnx");
    let options = ExportOptions { library: library.cloned(), ..ExportOptions::to(&model) };
    let exported = export(&checkpoint, &options).map_err(StudyError::failed)?;
    let planner = opened(&model, library)?;
    Ok(Fitted { planner, parameters, loss: fitted.loss, model_sha256: exported.sha256 })
}

/// The planner of an exported model, with its usual settings.
pub(super) fn opened(model: &Path, library: Option<&PathBuf>) -> Result<GoalForcePlanner, StudyError> {
    let artefact = Artefact::open(model).map_err(StudyError::input)?;
    let choice = EngineChoice { library: library.cloned(), ..EngineChoice::default() };
    let engine = |batch| load_engine(&artefact, &choice, batch);
    GoalForcePlanner::open(artefact.manifest(), GoalForceSettings::default(), engine).map_err(StudyError::input)
}
