//! Fits a policy's recipe.

use super::batch::PolicyData;
use super::recipe::{DIMENSIONS, PolicyRecipe};
use crate::dataset::episodes::{RecordedEpisode, drive, sha256};
use crate::export::ExportError;
use crate::fit::{CheckpointError, FitError, FitOptions, FitReport, fit_by};
use planwright::density::{Binning, DensityError};
use planwright::world::LayoutError;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The recipe's layout.
    #[error("data.layout: {0}")]
    Layout(#[from] LayoutError),
    /// The bins of an action.
    #[error("head: {0}")]
    Bins(#[from] DensityError),
    /// An action that no bin holds.
    #[error("episode {episode}, step {step}, action_{}: {problem}", if *.axis == 0 { "x" } else { "y" })]
    Action {
        /// Which episode, from 0.
        episode: usize,
        /// Which of its steps, from 0.
        step: usize,
        /// Which coordinate, from 0.
        axis: usize,
        /// Expected and got.
        problem: DensityError,
    },
    /// The fit.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The export.
    #[error(transparent)]
    Export(#[from] ExportError),
}

/// Even bins over the motors' range and what lies beside it.
pub(super) fn action_bins(recipe: &PolicyRecipe) -> Result<[Binning; DIMENSIONS], DensityError> {
    let bins = Binning::uniform(-recipe.action_reach, recipe.action_reach, recipe.head.bins())?;
    Ok(std::array::from_fn(|_| bins.clone()))
}

/// Drives the episodes and fits; returns both, for the export wants to see the data again.
///
/// # Errors
/// See [`PolicyError`]; whatever happens, the last checkpoint on disk is whole.
pub fn fit_policy(
    recipe: &PolicyRecipe,
    options: &FitOptions,
) -> Result<(FitReport, Vec<RecordedEpisode>), PolicyError> {
    let episodes = drive(&recipe.data)?;
    let recipe = PolicyRecipe { data_sha256: sha256(&episodes), ..recipe.clone() };
    let data = PolicyData::new(&recipe, &episodes, action_bins(&recipe)?)?;
    let report = fit_by(&recipe, options, &recipe.data_sha256, |step, count, batch| data.draw(step, count, batch))?;
    Ok((report, episodes))
}
