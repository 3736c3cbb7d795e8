//! Exports of policies.

use super::gate::{self, Reference};
use super::reference::plain;
use super::rows::{Row, RowShape, joined};
use super::{ExportError, ExportOptions, ExportReport, describe, finish, golden, onnx_graph};
use crate::network::{Parameters, PolicyNetworkSpec, TorchGraph, declare_policy};
use planwright::model::{
    Column, Family, HeadSpec, Manifest, ManifestBuilder, Normaliser, POLICY_COLUMNS, PolicySpec, Provenance, WorldSpec,
};
use tch::{Device, Tensor};

pub use planwright::model::tensors::{ACTIVATIONS, HISTORY, LOGITS};

/// Everything that a policy's file holds.
pub struct PolicyExport<'a> {
    /// Name of the model.
    pub name: String,
    /// The network.
    pub network: PolicyNetworkSpec,
    /// Its parameters in flat order.
    pub values: &'a [f32],
    /// What maps to -1 and 1, per column of the history.
    pub normaliser: Normaliser,
    /// History, head, actions, returns.
    pub policy: PolicySpec,
    /// Steps of the longest roll-out.
    pub horizon: usize,
    /// Seconds for which an action is held.
    pub knot_secs: f64,
    /// The maze.
    pub world: WorldSpec,
    /// The recipe, whole.
    pub recipe: serde_json::Value,
    /// Its hash.
    pub recipe_sha256: String,
    /// Seed of the fit.
    pub seed: u64,
    /// Optimiser steps done.
    pub training_steps: u64,
    /// Hash of the episodes.
    pub data_sha256: String,
    /// Histories of the data, context x columns each, on which engines are compared.
    pub real: Vec<Vec<f32>>,
}

/// Writes a policy as ONNX, if both engines agree with libtorch.
///
/// # Errors
/// As [`super::export`].
pub fn export_policy_network(export: &PolicyExport<'_>, options: &ExportOptions) -> Result<ExportReport, ExportError> {
    let path = &options.output;
    planwright::files::check_writable(path).map_err(|source| ExportError::Output { path: path.clone(), source })?;
    let network = &export.network;
    let parameters = Parameters::new(declare_policy(network));
    if parameters.len() != export.values.len() {
        return Err(ExportError::Parameters { expected: parameters.len(), got: export.values.len() });
    }
    let views = parameters.views(&Tensor::from_slice(export.values));
    let reference = PolicyReference { network, views };
    let real: Vec<Row> = export.real.iter().map(|history| Row { inputs: vec![history.clone()] }).collect();
    let ends: Vec<Row> = real.iter().take(2).cloned().collect();
    let golden = golden(&reference, &ends)?;
    let said = match export.policy.head {
        HeadSpec::Fourier { .. } => ACTIVATIONS,
        HeadSpec::Categorical {} => LOGITS,
    };
    let manifest = manifest(export, options, golden);
    let body = onnx_graph::serialise_policy(network, export.values, HISTORY, said)?;
    let shape = RowShape { horizon: network.context, columns: network.features, timesteps: None, condition: 0 };
    finish(&body, manifest, options, |artefact| {
        gate::pass(artefact, &reference, &real, shape, None, options, export.seed)
    })
}

struct PolicyReference<'a> {
    network: &'a PolicyNetworkSpec,
    views: Vec<Tensor>,
}

impl Reference for PolicyReference<'_> {
    fn run(&self, rows: &[Row]) -> Vec<f32> {
        tch::no_grad(|| {
            let values = joined(rows).into_iter().next().unwrap_or_default();
            let shape = [rows.len() as i64, self.network.context as i64, self.network.features as i64];
            let history = Tensor::from_slice(&values).view(shape);
            plain(&self.network.forward(&mut TorchGraph::new(&self.views, Device::Cpu), &history, true))
        })
    }

    fn parameters(&self) -> usize {
        self.views.iter().map(Tensor::numel).sum()
    }
}

fn manifest(export: &PolicyExport<'_>, options: &ExportOptions, golden: Vec<planwright::model::Golden>) -> Manifest {
    let unit = |name: &str| match name {
        "x" | "y" | "goal_x" | "goal_y" => "m",
        "vx" | "vy" => "m/s",
        _ => "1",
    };
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        unit: unit(name).to_owned(),
        frame: if unit(name) == "1" { String::new() } else { "maze".to_owned() },
    };
    let builder = ManifestBuilder {
        name: export.name.clone(),
        family: Family::MazePolicy { policy: export.policy.clone(), world: export.world.clone() },
        columns: POLICY_COLUMNS.iter().map(column).collect(),
        normaliser: export.normaliser.clone(),
        horizon: export.horizon,
        knot_secs: export.knot_secs,
        quantity: None,
        provenance: Provenance {
            recipe: export.recipe.clone(),
            recipe_sha256: export.recipe_sha256.clone(),
            seed: export.seed,
            training_steps: export.training_steps,
            data_sha256: export.data_sha256.clone(),
            git_commit: options.git_commit.clone().unwrap_or_else(describe::git_commit),
            libraries: describe::libraries(),
        },
        tolerance: options.tolerance,
        golden,
        licence: options.licence.clone(),
    };
    builder.build()
}
