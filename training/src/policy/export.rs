//! A policy's checkpoint as one ONNX file that has proven itself.

use super::batch::{PolicyBatch, PolicyData};
use super::fit::{PolicyError, action_bins};
use super::recipe::{DIMENSIONS, PolicyRecipe};
use crate::dataset::episodes::RecordedEpisode;
use crate::export::{ExportError, ExportOptions, ExportReport, PolicyExport, export_policy_network};
use crate::fit::{Checkpoint, FitRecipe};
use crate::head::HeadSpec as FittedHead;
use planwright::model::{ActionSpec, HeadSpec, PolicySpec, ReturnSpec, WorldSpec};
use planwright::world::{MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, RADIUS_M, STEP_SECS};

/// Real windows that the gate compares engines on.
const REAL_WINDOWS: usize = 8;
/// A stream of randomness that no training step reaches.
const REAL_STREAM: u64 = u64::MAX - 1;

/// Exports the averaged parameters of a checkpoint; `episodes` are those that it was fitted to.
///
/// # Errors
/// If an engine is missing or differs from libtorch; the output file is untouched then.
pub fn export_policy(
    checkpoint: &Checkpoint<PolicyRecipe>,
    episodes: &[RecordedEpisode],
    options: &ExportOptions,
) -> Result<ExportReport, PolicyError> {
    let recipe = &checkpoint.recipe;
    let data = PolicyData::new(recipe, episodes, action_bins(recipe)?)?;
    let mut real = PolicyBatch::default();
    data.draw(REAL_STREAM, REAL_WINDOWS, &mut real);
    let layout = recipe.data.maze()?;
    let returns: Vec<f64> = episodes.iter().map(RecordedEpisode::total_return).collect();
    let high = returns.iter().copied().fold(0.0, f64::max);
    let target = usual_good_return(returns);
    let head = match recipe.head {
        FittedHead::Fourier { frequencies, .. } => HeadSpec::Fourier { frequencies },
        _ => HeadSpec::Categorical {},
    };
    let names: [&str; DIMENSIONS] = ["action_x", "action_y"];
    let actions = names.iter().zip(data.bins()).map(|(name, bins)| ActionSpec {
        name: (*name).to_owned(),
        unit: "1".to_owned(),
        bins: bins.clone(),
    });
    let export = PolicyExport {
        name: recipe.name.clone(),
        network: recipe.network(),
        values: checkpoint.averaged(),
        normaliser: data.normaliser().clone(),
        policy: PolicySpec {
            context: recipe.network.context,
            head,
            actions: actions.collect(),
            returns: ReturnSpec { low: 0.0, high, target },
            control_steps: recipe.data.control_steps,
        },
        horizon: recipe.horizon,
        knot_secs: recipe.data.control_steps as f64 * STEP_SECS,
        world: WorldSpec {
            layout: layout.name().to_owned(),
            layout_text: layout.to_text(),
            radius_m: RADIUS_M,
            max_speed_mps: MAX_SPEED_MPS,
            max_acceleration_mps2: MAX_ACCELERATION_MPS2,
        },
        recipe: serde_json::to_value(recipe).map_err(ExportError::Recipe)?,
        recipe_sha256: recipe.sha256(),
        seed: recipe.training.seed,
        training_steps: checkpoint.step,
        data_sha256: recipe.data_sha256.clone(),
        real: real.history.chunks(recipe.network.context * recipe.network().features).map(<[f32]>::to_vec).collect(),
    };
    Ok(export_policy_network(&export, options)?)
}

/// The return that a policy is asked for unless told otherwise: the upper quartile of the episodes that earned anything.
/// The largest return belongs to episodes that began at their goal; asked for it from afar, a policy does what it saw
/// there.
fn usual_good_return(mut returns: Vec<f64>) -> f64 {
    returns.retain(|value| *value > 0.0);
    returns.sort_by(f64::total_cmp);
    returns.get(returns.len() * 3 / 4).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::usual_good_return;

    #[test]
    fn a_policy_is_asked_for_what_good_episodes_earned() {
        assert_eq!(usual_good_return(vec![0.0, 4.0, 1.0, 0.0, 2.0, 3.0]), 4.0);
        assert_eq!(usual_good_return((0..=100).map(f64::from).collect()), 76.0);
        assert_eq!(usual_good_return(vec![0.0]), 0.0);
    }
}
