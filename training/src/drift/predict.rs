//! The kernel's prediction for a system, with its scale given, swept, or matched to a model's error.

use super::DriftError;
use super::measure::prior;
use super::recipe::{DriftRecipe, SystemPlan};
use super::report::Method;
use super::unit::UnitResult;
use crate::transform::deviation::{DeviationError, DeviationKernel, Predictor, ScaleSweep, matched, published_scales};
use planwright::quantity::Marginal;
use serde::Serialize;
use std::path::Path;

/// What is predicted.
#[derive(Clone, Debug)]
pub struct PredictOptions {
    /// Seed of data and kernel.
    pub seed: u64,
    /// Scales to sweep; the published ones if `None`.
    pub scales: Option<Vec<f64>>,
    /// The model to compare with, and whose error sets the matched scale.
    pub model: Option<UnitResult>,
}

/// Predictions for one system and seed.
#[derive(Clone, Debug, Serialize)]
pub struct Prediction {
    /// The line that makes it again.
    pub command: String,
    /// Total variation of the data to the intended distribution.
    pub tv_data_prior: f64,
    /// One row per scale.
    #[serde(flatten)]
    pub sweep: ScaleSweep,
    /// At the scale whose target variance of a piece is the model's error: the scale is the error's root.
    pub matched: Option<Matched>,
    /// At the scale whose deviated trajectories have the model's error as a whole. Runs carry a deviation farther than
    /// the scale, so that this scale is smaller.
    pub matched_by_trajectory: Option<Matched>,
    /// Intended mass per cell.
    pub prior: Vec<f64>,
    /// The data's mass per cell.
    pub data: Vec<f64>,
}

impl Prediction {
    /// The scale among those swept and matched at which the prediction is nearest to the model, and how near.
    pub fn best(&self) -> Option<(f64, f64)> {
        let swept = self.sweep.scales.iter().filter_map(|row| Some((row.scale, row.tv_prediction_model?)));
        let matched = self
            .matched
            .iter()
            .chain(&self.matched_by_trajectory)
            .map(|matched| (matched.scale, matched.tv_prediction_model));
        swept.chain(matched).min_by(|left, right| left.1.total_cmp(&right.1))
    }
}

/// The prediction at the matched scale.
#[derive(Clone, Debug, Serialize)]
pub struct Matched {
    /// Standard deviation in normalised coordinates.
    pub scale: f64,
    /// The model's mean squared error per coordinate that it was matched to.
    pub model_error: f64,
    /// Total variation to the intended distribution.
    pub tv_prediction_prior: f64,
    /// Total variation to the model's distribution.
    pub tv_prediction_model: f64,
    /// Total variation of the data to the model's distribution.
    pub tv_data_model: f64,
    /// Mass per cell.
    pub mass: Vec<f64>,
}

/// Predicts from data alone; a model is only compared with, but for its scalar error.
///
/// # Errors
/// If data cannot be made or measured, or a scale is none.
pub fn predict(recipe: &DriftRecipe, plan: &SystemPlan, options: &PredictOptions) -> Result<Prediction, DriftError> {
    let system = plan.system.build()?;
    let data = system.generate(recipe.kernel.trajectories, options.seed)?;
    let predictor = Predictor::new(system.as_ref(), &data)?;
    let kernel = DeviationKernel::new(system.as_ref(), &data, recipe.kernel_settings(plan, options.seed))?;
    let intended = prior(system.as_ref())?;
    let model = options.model.as_ref().map(|unit| unit.marginal(system.grid())).transpose()?;
    let scales = options.scales.clone().unwrap_or_else(|| published_scales().to_vec());
    let sweep = predictor.sweep(&kernel, &scales, recipe.kernel.draws, model.as_ref())?;
    let (mut by_piece, mut by_trajectory) = (None, None);
    if let (Some(model), Some(error)) = (&model, options.model.as_ref().and_then(|unit| unit.model_error)) {
        let matching =
            Matching { predictor: &predictor, draws: recipe.kernel.draws, model, error, intended: &intended };
        by_piece = Some(matching.with(&kernel.at_scale(error.sqrt())?)?);
        // No scale need deviate as much as the model errs.
        by_trajectory = match matched(&kernel, error) {
            Ok(found) => Some(matching.with(&found)?),
            Err(DeviationError::Unreachable { .. }) => None,
            Err(other) => return Err(other.into()),
        };
    }
    Ok(Prediction {
        command: format!(
            "planwright-train drift predict --size {} --system {} --seed {}{}",
            recipe.name,
            plan.system.name.as_str(),
            options.seed,
            // Without a model a system has its own constants, with one those of the study.
            if options.model.is_some() { " --with-model" } else { "" }
        ),
        tv_data_prior: predictor.data_marginal().total_variation(&intended)?,
        sweep,
        matched: by_piece,
        matched_by_trajectory: by_trajectory,
        prior: intended.mass().to_vec(),
        data: predictor.data_marginal().mass().to_vec(),
    })
}

/// What predictions at a matched scale are compared with.
struct Matching<'a> {
    predictor: &'a Predictor<'a>,
    draws: u32,
    model: &'a Marginal,
    error: f64,
    intended: &'a Marginal,
}

impl Matching<'_> {
    fn with(&self, kernel: &DeviationKernel<'_>) -> Result<Matched, DriftError> {
        let prediction = self.predictor.predict(kernel, self.draws)?;
        Ok(Matched {
            scale: kernel.settings().scale,
            model_error: self.error,
            tv_prediction_prior: prediction.marginal.total_variation(self.intended)?,
            tv_prediction_model: prediction.marginal.total_variation(self.model)?,
            tv_data_model: self.predictor.data_marginal().total_variation(self.model)?,
            mass: prediction.marginal.mass().to_vec(),
        })
    }
}

/// The baseline of a system and seed, if its unit is done.
pub(super) fn baseline_of(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    seed: u64,
    runs: &Path,
) -> Result<Option<UnitResult>, DriftError> {
    super::unit::done(recipe, plan, seed, Method::Baseline, runs)
}
