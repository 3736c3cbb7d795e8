//! The transform in the corridor's frame: which of its drawn paths each query gets, so that the demonstrated quantity keeps
//! its distribution.
//!
//! The quantity of a path is the free space that it uses as a share of what there is, which maps have in common; its
//! intended distribution is that of the drives. Queries are codes: places in a space of what their corridors look like. The
//! transform's pairing gives each a drive's value such that every neighbourhood of codes, as the kernel blurs it, holds the
//! intended mixture; of a query's draws the one nearest to its value is taken.

use super::foreign::Query;
use planwright::quantity::{Marginal, QuantityGrid};
use planwright_training::study::StudyError;
use planwright_training::transform::{CoarsePosteriors, CodeKernel, CodeSpace, Codes, PairingPlan, Recovered};

/// Bins of the quantity.
const BINS: usize = 10;
/// Neighbours of a code.
const NEIGHBOURS: usize = 8;
/// Scale of the kernel in code space, where every coordinate is even over -1 to 1.
const SCALE: f32 = 0.1;
const SWAPS: usize = 50_000;

/// The cells of the quantity.
///
/// # Errors
/// Never: its bounds are constants in order.
pub(super) fn grid() -> Result<QuantityGrid, StudyError> {
    Ok(QuantityGrid::new(0.0, 1.0, BINS)?)
}

/// The value that each query's path should have.
///
/// # Errors
/// If there are fewer queries than neighbours, or no drive.
pub(super) fn targets(queries: &[Query], shares: &[f64], seed: u64) -> Result<Vec<f64>, StudyError> {
    let codes = Codes::from_values(codes_of(queries), 3)?;
    let space = CodeSpace::new(codes, NEIGHBOURS.min(queries.len()))?;
    let matrix = CodeKernel::new(SCALE, 3).transition(&space, seed)?;
    let posteriors = CoarsePosteriors::new(&Recovered::Values(shares.to_vec()), grid()?)?;
    let intended = Marginal::from_values(grid()?, shares)?;
    let plan = PairingPlan { swaps: SWAPS, seed, ..PairingPlan::default() };
    let pairing = plan.pair(&matrix, &posteriors, &intended, None)?;
    Ok(pairing.trajectories.iter().map(|drive| shares.get(*drive as usize).copied().unwrap_or(0.5)).collect())
}

/// Three coordinates per query, each even over -1 to 1: mean room, share of narrow knots, mean curvature.
fn codes_of(queries: &[Query]) -> Vec<f32> {
    let describe = |query: &Query| {
        let count = query.room.len().max(1) as f64;
        let narrow = query.room.iter().filter(|room| **room < 0.3).count() as f64;
        let bends = query.problem.reference.curvatures.iter().map(|curvature| curvature.abs()).sum::<f64>();
        [query.room.iter().sum::<f64>() / count, narrow / count, bends / count]
    };
    let raw: Vec<[f64; 3]> = queries.iter().map(describe).collect();
    let mut codes = vec![0.0; 3 * raw.len()];
    for axis in 0..3 {
        let mut order: Vec<usize> = (0..raw.len()).collect();
        order.sort_by(|one, other| raw[*one][axis].total_cmp(&raw[*other][axis]));
        for (rank, place) in order.into_iter().enumerate() {
            codes[3 * place + axis] = (2.0 * (rank as f64 + 0.5) / raw.len() as f64 - 1.0) as f32;
        }
    }
    codes
}

/// The place of the value nearest to a target.
pub(super) fn nearest(values: &[f64], target: f64) -> usize {
    let far = |place: &usize| (values[*place] - target).abs();
    (0..values.len()).min_by(|one, other| far(one).total_cmp(&far(other))).unwrap_or(0)
}
