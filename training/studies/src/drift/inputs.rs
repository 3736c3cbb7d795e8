//! The size of a drift study and the engine that samples: what all of its cells share.

use super::cell::{UnitCell, UnitResult};
use super::recipe::{DriftRecipe, SystemPlan};
use planwright::model::{EngineChoice, EngineKind};
use planwright_training::study::{Common, RunOptions, Shard, Store, StudyError, run_cells};
use std::path::Path;
use std::sync::Arc;

/// Sizes in `training/recipes`, the usual one first.
pub(crate) const SIZES: &[&str] = &["reduced", "quick", "paper"];

/// What all cells of a study share.
#[derive(Debug)]
pub struct Inputs {
    /// The size's recipe.
    pub recipe: DriftRecipe,
    /// The size as `--size` takes it: a name or a file.
    pub size: String,
    /// The engine that samples; results depend on its kind alone.
    pub engine: EngineChoice,
    /// Show the progress of each fit on stderr.
    pub progress: bool,
}

impl Inputs {
    /// Of a command's arguments.
    ///
    /// # Errors
    /// If the size's recipe cannot be read.
    pub fn of(common: &Common) -> Result<Arc<Self>, StudyError> {
        let size = common.size.as_deref().or(SIZES.first().copied()).unwrap_or_default().to_owned();
        let engine = EngineChoice {
            kind: EngineKind::OnnxRuntime,
            library: common.onnxruntime.clone(),
            threads: common.threads,
            ..EngineChoice::default()
        };
        Ok(Arc::new(Self { recipe: DriftRecipe::of_size(&size)?, size, engine, progress: !common.json }))
    }

    /// Name of the folder of results below `runs`.
    pub fn folder(&self) -> String {
        format!("drift-{}", self.recipe.name)
    }

    /// The systems of these names, or all.
    ///
    /// # Errors
    /// If the recipe has no system of a name.
    pub fn plans(&self, names: &[String]) -> Result<Vec<SystemPlan>, StudyError> {
        if names.is_empty() {
            return Ok(self.recipe.systems.clone());
        }
        names.iter().map(|name| self.plan(name).cloned()).collect()
    }

    /// The system of this name.
    ///
    /// # Errors
    /// If the recipe has none.
    pub fn plan(&self, name: &str) -> Result<&SystemPlan, StudyError> {
        let systems = &self.recipe.systems;
        systems.iter().find(|plan| plan.system.name.as_str() == name).ok_or_else(|| {
            let known: Vec<&str> = systems.iter().map(|plan| plan.system.name.as_str()).collect();
            StudyError::setting("one of the recipe's systems", format!("({})", known.join(", ")), name)
        })
    }

    /// The result of one fit, which is made if it is not there, and its store.
    pub(super) fn unit(&self, common: &Common, cell: UnitCell) -> Result<(UnitResult, Store), StudyError> {
        let store = Store::new(common.out.clone().unwrap_or_else(|| Path::new("runs").join(self.folder())));
        let options = RunOptions { store: store.clone(), batch: 1, shard: Shard::default(), progress: self.progress };
        let made = run_cells(std::slice::from_ref(&cell), &options)?.results.pop();
        Ok((made.ok_or_else(|| StudyError::setting("a result", "of the fit", "none"))?, store))
    }
}

/// Hides the shared arguments that choose among many fits, in a command on a single one.
pub(super) fn of_one_fit(command: clap::Command) -> clap::Command {
    ["seeds", "shard", "batch"].into_iter().fold(command, |command, name| command.mut_arg(name, |arg| arg.hide(true)))
}
