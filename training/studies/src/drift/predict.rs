//! The kernel's prediction for a system, with its scale given, swept, or matched to a model's error.

use super::cell::{UnitCell, UnitResult};
use super::inputs::Inputs;
use super::measure::prior;
use super::recipe::SystemPlan;
use super::report::Method;
use super::system::SystemSettings;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use planwright::quantity::Marginal;
use planwright_training::study::{Common, Shown, StudyError, Table, Tool};
use planwright_training::transform::deviation::{
    DeviationError, DeviationKernel, Predictor, ScaleSweep, matched, published_scales,
};
use serde::Serialize;

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
    fn text(&self) -> String {
        let mut lines = vec![format!("{}: TV(data, prior) {:.3}", self.sweep.system, self.tv_data_prior)];
        let mut table = Table::new(["scale", "TV(prediction, data)", "TV(prediction, model)", "mass by fifth"]);
        for row in &self.sweep.scales {
            let fifths: Vec<String> = row.mass_by_fifth.iter().map(|mass| format!("{mass:.3}")).collect();
            table.row([
                format!("{:.4}", row.scale),
                format!("{:.3}", row.tv_prediction_data),
                row.tv_prediction_model.map_or("-".to_owned(), |value| format!("{value:.3}")),
                fifths.join(" "),
            ]);
        }
        lines.push(table.text());
        if let Some(matched) = &self.matched {
            lines.push(format!(
                "matched  scale {:.4} to the model's error {:.2e}: TV(prediction, model) {:.3}, TV(data, model) {:.3}",
                matched.scale, matched.model_error, matched.tv_prediction_model, matched.tv_data_model
            ));
        }
        lines.join("\n")
    }

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

/// Predicts from data alone, at these scales or the published ones; a model is only compared with, but for its scalar
/// error, which sets the matched scale.
///
/// # Errors
/// If data cannot be made or measured, or a scale is none.
pub(super) fn predict(
    inputs: &Inputs,
    plan: &SystemPlan,
    seed: u64,
    scales: Option<&[f64]>,
    unit: Option<&UnitResult>,
) -> Result<Prediction, StudyError> {
    let recipe = &inputs.recipe;
    let system = plan.system.build()?;
    let data = system.generate(recipe.kernel.trajectories, seed)?;
    let predictor = Predictor::new(system.as_ref(), &data)?;
    let kernel = DeviationKernel::new(system.as_ref(), &data, recipe.kernel_settings(plan, seed))?;
    let intended = prior(system.as_ref())?;
    let model = unit.map(|unit| unit.marginal(system.grid())).transpose()?;
    let published = published_scales();
    let sweep = predictor.sweep(&kernel, scales.unwrap_or(&published), recipe.kernel.draws, model.as_ref())?;
    let (mut by_piece, mut by_trajectory) = (None, None);
    if let (Some(model), Some(error)) = (&model, unit.and_then(|unit| unit.model_error)) {
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
            "planwright-study predict --size {} --system {} --seed {seed}{}",
            inputs.size,
            plan.system.name.as_str(),
            // Without a model a system has its own constants, with one those of the study.
            if unit.is_some() { " --with-model" } else { "" }
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
    fn with(&self, kernel: &DeviationKernel<'_>) -> Result<Matched, StudyError> {
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

#[derive(Args)]
#[command(after_help = "Example: planwright-study predict --system tent")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Which system: sinusoid, tent, logistic, pendulum or maze2d
    #[arg(long, value_name = "NAME")]
    system: String,
    /// Seed of data and kernel
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Scales, separated by commas (default: the published ones)
    #[arg(long, value_delimiter = ',', value_name = "X")]
    scale: Vec<f64>,
    /// Compare with the study's own baseline of this seed, and match the scale to its error
    #[arg(long)]
    with_model: bool,
}

impl Arguments {
    /// Without a model a system is taken with its own constants; with one, as the study has it.
    fn plan(&self, inputs: &Inputs) -> Result<SystemPlan, StudyError> {
        let system = SystemSettings::named(&self.system)?;
        let planned = inputs.plan(&self.system)?.clone();
        Ok(if self.with_model { planned } else { SystemPlan { system, ..planned } })
    }
}

/// `planwright-study predict`: from data alone, where a quantity drifts to (table C.2).
pub struct Predict;

impl Tool for Predict {
    fn command(&self) -> Command {
        let command = Command::new("predict").about("Predict the drift of a quantity from data alone (table C.2)");
        super::inputs::of_one_fit(Arguments::augment_args(command))
    }

    fn run(&self, matches: &ArgMatches) -> Result<Shown, StudyError> {
        let asked = Arguments::from_arg_matches(matches).map_err(StudyError::input)?;
        let inputs = Inputs::of(&asked.common)?;
        let (plan, seed, method) = (asked.plan(&inputs)?, asked.seed, Method::Baseline);
        let cell = UnitCell { inputs: inputs.clone(), plan: plan.clone(), seed, method };
        let unit = asked.with_model.then(|| inputs.unit(&asked.common, cell)).transpose()?.map(|(unit, _)| unit);
        let scales = (!asked.scale.is_empty()).then_some(asked.scale.as_slice());
        let found = predict(&inputs, &plan, seed, scales, unit.as_ref())?;
        Shown::of(&found, found.text())
    }
}
