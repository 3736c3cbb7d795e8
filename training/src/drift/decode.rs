//! The transform of a unit: code space, pairing, and what samples decode to.

use super::DriftError;
use super::recipe::DriftRecipe;
use crate::fit::DecoderTables;
use crate::mitigation::{CoarsePosteriors, CodeKernel, CodeSpace, Codes, PairingPlan, PairingReport};
use crate::system::{System, Trajectories};
use planwright::model::TransformSpec;
use planwright::planner::SequenceGenerator;
use planwright::quantity::{Marginal, QuantityGrid};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A code space that is paired with trajectories.
pub(super) struct PairedCodes {
    /// The codes as rows for a fit, H x C like the trajectories.
    pub(super) rows: Trajectories,
    /// For the exported file.
    pub(super) tables: DecoderTables,
    /// For its manifest.
    pub(super) spec: TransformSpec,
    /// How the pairing came about.
    pub(super) report: PairingReport,
}

/// Draws codes and pairs them with the first `support` trajectories of the data.
pub(super) fn pair(
    recipe: &DriftRecipe,
    system: &dyn System,
    data: &Trajectories,
    seed: u64,
) -> Result<PairedCodes, DriftError> {
    let plan = &recipe.transform;
    let support = data.chosen(&(0..plan.support.min(data.len())).collect::<Vec<_>>());
    // At equal lengths no code lies nearer to everything than the others, whatever the generator's spread.
    let codes = Codes::latin_hypercube(support.len(), support.size(), seed)?.at_equal_lengths();
    let space = CodeSpace::new(codes, plan.neighbours)?;
    let kernel = CodeKernel { draws: plan.draws, ..CodeKernel::new(plan.scale, system.columns()) };
    let matrix = kernel.transition(&space, seed)?;
    let [low, high] = system.range();
    let grid = QuantityGrid::new(low, high, plan.bins)?;
    let posteriors = CoarsePosteriors::new(&system.recover(&support)?, grid)?;
    let intended = Marginal::uniform(grid, low, high)?;
    let pairing = PairingPlan { swaps: plan.swaps, seed, ..PairingPlan::default() }.pair(
        &matrix,
        &posteriors,
        &intended,
        None,
    )?;
    let places: Vec<usize> = pairing.trajectories.iter().map(|place| *place as usize).collect();
    let bandwidth_squared = f64::from(space.bandwidth_squared);
    Ok(PairedCodes {
        rows: Trajectories {
            values: space.codes.values().to_vec(),
            ..Trajectories::empty(support.horizon, support.columns)
        },
        spec: TransformSpec {
            support: support.len(),
            neighbours: plan.neighbours,
            bandwidth_squared,
            objective: pairing.report.objective_after,
            seed,
        },
        tables: DecoderTables {
            codes: space.codes.values().to_vec(),
            support: support.chosen(&places).values,
            neighbours: plan.neighbours,
            bandwidth_squared,
        },
        report: pairing.report,
    })
}

/// What the samples of a transform decode to.
pub(super) struct DecodedSamples {
    /// Every neighbour's trajectory, samples x k.
    pub(super) neighbours: Trajectories,
    /// Their weights; those of one sample sum to one.
    pub(super) weights: Vec<f64>,
    /// One trajectory per sample, drawn by its weights.
    pub(super) drawn: Trajectories,
}

/// Decodes normalised codes with the exported file's own decoder.
pub(super) fn decode(
    generator: &mut SequenceGenerator,
    batch: usize,
    codes: &Trajectories,
    seed: u64,
) -> Result<DecodedSamples, DriftError> {
    let (horizon, columns, size) = (codes.horizon, codes.columns, codes.size());
    let mut done = DecodedSamples {
        neighbours: Trajectories::empty(horizon, columns),
        weights: Vec::new(),
        drawn: Trajectories::empty(horizon, columns),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for chunk in codes.values.chunks(batch * size) {
        let rows = chunk.len() / size;
        let mut padded = chunk.to_vec();
        padded.resize(batch * size, 0.0);
        let decoded = generator.denoiser().decode(&padded).map_err(planwright::planner::PlanError::from)?;
        let Some(decoded) = decoded else { continue };
        let neighbours = decoded.weights.len() / batch;
        for row in 0..rows {
            let weights = &decoded.weights[row * neighbours..(row + 1) * neighbours];
            let trajectories = &decoded.trajectories[row * neighbours * size..(row + 1) * neighbours * size];
            done.weights.extend(weights.iter().map(|weight| f64::from(*weight)));
            done.neighbours.values.extend_from_slice(trajectories);
            let mut left = rng.random::<f32>();
            let mut chosen = 0;
            for (place, weight) in weights.iter().enumerate() {
                chosen = place;
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
            done.drawn.values.extend_from_slice(&trajectories[chosen * size..(chosen + 1) * size]);
        }
    }
    Ok(done)
}
