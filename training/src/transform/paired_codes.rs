//! Codes paired with trajectories: what a transform's denoiser is fitted to, and the tables of its decoder.

use super::{CoarsePosteriors, CodeKernel, CodeSpace, Codes, PairingPlan, PairingReport, System, TransformError};
use crate::dataset::Trajectories;
use planwright::model::TransformSpec;
use planwright::quantity::{Marginal, QuantityGrid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sizes of a transform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformSettings {
    /// Codes and trajectories, N.
    pub support: usize,
    /// Neighbours that decode.
    pub neighbours: usize,
    /// Scale of the kernel in code space.
    pub scale: f32,
    /// Perturbed codes per code.
    pub draws: usize,
    /// Bins of the quantity that the pairing balances.
    pub bins: usize,
    /// Swaps proposed.
    pub swaps: usize,
}

/// A code space with its decoder, as an exported graph holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct DecoderTables {
    /// N x (H C) codes in [-1, 1].
    pub codes: Vec<f32>,
    /// N x H x C trajectories in physical units, the one paired with each code.
    pub support: Vec<f32>,
    /// Neighbours that a code is decoded by.
    pub neighbours: usize,
    /// Squared bandwidth of their weights.
    pub bandwidth_squared: f64,
}

/// A code space that is paired with trajectories.
#[derive(Clone, Debug)]
pub struct PairedCodes {
    /// The codes as rows for a fit, N x H x C like the trajectories, in [-1, 1].
    pub rows: Trajectories,
    /// For the exported file.
    pub tables: DecoderTables,
    /// For its manifest.
    pub spec: TransformSpec,
    /// Figures of the pairing.
    pub report: PairingReport,
}

/// Draws codes and pairs them with the first `support` trajectories of the data (physical units). The intended
/// distribution is uniform over the system's range.
///
/// # Errors
/// If there are fewer data than neighbours, a setting makes no sense, or a trajectory cannot be measured.
pub fn paired_codes(
    settings: &TransformSettings,
    system: &dyn System,
    data: &Trajectories,
    seed: u64,
) -> Result<PairedCodes, TransformError> {
    let support = data.chosen(&(0..settings.support.min(data.len())).collect::<Vec<_>>());
    // At equal lengths no code lies nearer to everything than the others, whatever the generator's spread.
    let codes = Codes::latin_hypercube(support.len(), support.size(), seed)?.at_equal_lengths();
    let space = CodeSpace::new(codes, settings.neighbours)?;
    let kernel = CodeKernel { draws: settings.draws, ..CodeKernel::new(settings.scale, system.columns()) };
    let matrix = kernel.transition(&space, seed)?;
    let [low, high] = system.range();
    let grid = QuantityGrid::new(low, high, settings.bins)?;
    let posteriors = CoarsePosteriors::new(&system.recover(&support)?, grid)?;
    let intended = Marginal::uniform(grid, low, high)?;
    let plan = PairingPlan { swaps: settings.swaps, seed, ..PairingPlan::default() };
    let pairing = plan.pair(&matrix, &posteriors, &intended, None)?;
    let places: Vec<usize> = pairing.trajectories.iter().map(|place| *place as usize).collect();
    let bandwidth_squared = f64::from(space.bandwidth_squared);
    Ok(PairedCodes {
        rows: Trajectories {
            values: space.codes.values().to_vec(),
            ..Trajectories::empty(support.horizon, support.columns)
        },
        spec: TransformSpec {
            support: support.len(),
            neighbours: settings.neighbours,
            bandwidth_squared,
            objective: pairing.report.objective_after,
            seed,
        },
        tables: DecoderTables {
            codes: space.codes.values().to_vec(),
            support: support.chosen(&places).values,
            neighbours: settings.neighbours,
            bandwidth_squared,
        },
        report: pairing.report,
    })
}
