//! Fills a manifest from a checkpoint and its data.

use super::rows::Row;
use super::{ExportError, ExportOptions};
use crate::dataset::{COLUMNS, Limits};
use crate::fit::{Batch, Checkpoint, FitRecipe};
use planwright::model::{
    Column, DenoiserSpec, DiffusionSpec, Family, Golden, Manifest, ManifestBuilder, Normaliser, Prediction, Provenance,
    QuantitySpec, WorldSpec,
};
use planwright::quantity::path_length_m;
use planwright::world::{Layout, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, RADIUS_M, STEP_SECS};
use std::collections::BTreeMap;

/// Frame of positions, velocities and commands.
const FRAME: &str = "maze";
/// Name, unit.
const COLUMN_MEANINGS: [(&str, &str); COLUMNS] =
    [("action_x", "1"), ("action_y", "1"), ("x", "m"), ("y", "m"), ("vx", "m/s"), ("vy", "m/s")];
/// tch is bound to exactly this libtorch, which has no call that tells its version.
const LIBTORCH: &str = "2.11.0";
const TCH: &str = "0.24.0";
const ONNX_PROTOBUF: &str = "0.2.3";

/// The manifest without parity figures. `windows` are clean windows to measure the quantity on.
pub(super) fn manifest(
    checkpoint: &Checkpoint,
    options: &ExportOptions,
    layout: &Layout,
    limits: &Limits,
    windows: &Batch,
    golden: Vec<Golden>,
    data_sha256: String,
) -> Result<Manifest, ExportError> {
    let recipe = &checkpoint.recipe;
    let horizon = recipe.windows.horizon;
    let mut solver = options.solver;
    solver.steps = solver.steps.min(recipe.diffusion.steps);
    let diffusion = DiffusionSpec {
        schedule: recipe.diffusion.schedule,
        steps: recipe.diffusion.steps,
        prediction: Prediction::CleanSample,
    };
    let world = WorldSpec {
        layout: layout.name().to_owned(),
        layout_text: layout.to_text(),
        radius_m: RADIUS_M,
        max_speed_mps: MAX_SPEED_MPS,
        max_acceleration_mps2: MAX_ACCELERATION_MPS2,
    };
    let builder = ManifestBuilder {
        name: recipe.name.clone(),
        family: Family::MazeDiffusion { denoiser: DenoiserSpec { diffusion, solver }, world },
        columns: COLUMN_MEANINGS
            .map(|(name, unit)| Column { name: name.to_owned(), unit: unit.to_owned(), frame: FRAME.to_owned() })
            .to_vec(),
        normaliser: Normaliser { low: limits.low.clone(), high: limits.high.clone() },
        horizon,
        knot_secs: recipe.windows.stride as f64 * STEP_SECS,
        quantity: Some(path_length(windows, limits, horizon)),
        provenance: Provenance {
            recipe: serde_json::to_value(recipe).map_err(ExportError::Recipe)?,
            recipe_sha256: recipe.sha256(),
            seed: recipe.training.seed,
            training_steps: checkpoint.step,
            data_sha256,
            git_commit: options.git_commit.clone().unwrap_or_else(git_commit),
            libraries: libraries(),
        },
        tolerance: super::TOLERANCE,
        golden,
        licence: options.licence.clone(),
    };
    Ok(builder.build())
}

/// Two test vectors, at the lowest and the highest noise among the rows.
pub(super) fn golden_rows(rows: &[Row]) -> Vec<Row> {
    let by_noise = |a: &&Row, b: &&Row| a.timestep().total_cmp(&b.timestep());
    let ends = [rows.iter().min_by(by_noise), rows.iter().max_by(by_noise)];
    ends.into_iter().flatten().cloned().collect()
}

fn path_length(windows: &Batch, limits: &Limits, horizon: usize) -> QuantitySpec {
    let metres = |knot: &[f32], column: usize| {
        let (low, high) = (f64::from(limits.low[column]), f64::from(limits.high[column]));
        low + (f64::from(knot[column]) + 1.0) / 2.0 * (high - low)
    };
    let mut lengths: Vec<f64> = windows
        .clean
        .chunks(horizon * COLUMNS)
        .map(|window| path_length_m(window.chunks(COLUMNS).map(|knot| [metres(knot, 2), metres(knot, 3)])))
        .collect();
    lengths.sort_by(f64::total_cmp);
    QuantitySpec {
        name: "path_length".to_owned(),
        unit: "m".to_owned(),
        mean: lengths.iter().sum::<f64>() / lengths.len().max(1) as f64,
        low: quantile(&lengths, 0.05),
        high: quantile(&lengths, 0.95),
        intended: None,
    }
}

/// Linear interpolation between order statistics, as numpy does.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    at(rank.floor()) + (rank - rank.floor()) * (at(rank.ceil()) - at(rank.floor()))
}

pub(super) fn libraries() -> BTreeMap<String, String> {
    [("planwright", env!("CARGO_PKG_VERSION")), ("libtorch", LIBTORCH), ("tch", TCH), ("onnx-protobuf", ONNX_PROTOBUF)]
        .into_iter()
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// The commit of the working folder, marked if files differ from it; `unknown` outside a repository.
pub(super) fn git_commit() -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "HEAD"]) {
        Some(commit) if git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| text.is_empty()) => {
            commit
        }
        Some(commit) => format!("{commit}-modified"),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_lengths_are_in_metres() {
        // Two knots: from x = -1 to x = 1 (normalised), that is from 0.5 m to 2.5 m.
        let clean = vec![0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let windows = Batch { clean, ..Batch::default() };
        let limits = Limits { low: vec![-1.0, -1.0, 0.5, 0.5, -5.0, -5.0], high: vec![1.0, 1.0, 2.5, 3.5, 5.0, 5.0] };
        let length = path_length(&windows, &limits, 2);
        assert_eq!((length.mean, length.low, length.high), (2.0, 2.0, 2.0));
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[0.0, 1.0, 2.0], 0.25), 0.5);
        assert_eq!(quantile(&[7.0], 0.95), 7.0);
    }
}
