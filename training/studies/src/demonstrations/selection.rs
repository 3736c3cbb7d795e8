//! The transform in the corridor's frame: which of its drawn paths each query gets, so that the demonstrated quantity keeps
//! its distribution.
//!
//! The quantity of a path is the free space that it uses as a share of what there is, which maps have in common. Each query
//! gets a value of it, and of its draws the one nearest to that value is taken. Values come in two ways:
//!
//! * *transform*: queries are codes, places in a space of what their corridors look like; the pairing gives each a drive's
//!   value such that every neighbourhood of codes, as the kernel blurs it, holds the mixture of all drives;
//! * *kernel*: a quantile of the values of the drives in the most similar corridors, so that the intended distribution is one
//!   per corridor.

use super::foreign::Query;
use super::rows::Recorded;
use planwright::quantity::{Marginal, QuantityGrid};
use planwright_training::dataset::corridors::CorridorProblem;
use planwright_training::study::StudyError;
use planwright_training::transform::{CoarsePosteriors, CodeKernel, CodeSpace, Codes, PairingPlan, Recovered};

/// Bins of the quantity.
const BINS: usize = 10;
/// Coordinates of a code.
const AXES: usize = 3;
/// Rooms below this are narrow, metres.
const NARROW_M: f64 = 0.3;
/// Neighbours of a code.
const NEIGHBOURS: usize = 8;
/// Scale of the kernel in code space, where every coordinate is even over -1 to 1.
const SCALE: f32 = 0.1;
const SWAPS: usize = 50_000;

/// The cells of the quantity.
///
/// # Errors
/// None.
pub(super) fn grid() -> Result<QuantityGrid, StudyError> {
    Ok(QuantityGrid::new(0.0, 1.0, BINS)?)
}

/// What a corridor looks like: mean room, share of narrow knots, mean curvature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corridor([f64; AXES]);

impl Corridor {
    pub(super) fn of(room: &[f64], problem: &CorridorProblem) -> Self {
        let count = room.len().max(1) as f64;
        let narrow = room.iter().filter(|room| **room < NARROW_M).count() as f64;
        let bends = problem.reference.curvatures.iter().map(|curvature| curvature.abs()).sum::<f64>();
        Self([room.iter().sum::<f64>() / count, narrow / count, bends / count])
    }

    /// Its place among others: every coordinate of theirs is even over -1 to 1.
    fn code(&self, others: &[Self]) -> [f32; AXES] {
        std::array::from_fn(|axis| {
            let (mut below, mut equal) = (0.0, 0.0);
            for Self(other) in others {
                below += f64::from(u8::from(other[axis] < self.0[axis]));
                equal += f64::from(u8::from(other[axis] == self.0[axis]));
            }
            (2.0 * (below + 0.5 * equal) / others.len().max(1) as f64 - 1.0) as f32
        })
    }
}

fn codes(corridors: &[Corridor], others: &[Corridor]) -> Vec<f32> {
    corridors.iter().flat_map(|corridor| corridor.code(others)).collect()
}

fn corridors(queries: &[Query]) -> Vec<Corridor> {
    queries.iter().map(|query| Corridor::of(&query.room, &query.problem)).collect()
}

/// The value that each query's path should have, by pairing: every neighbourhood of queries holds the drives' mixture.
///
/// # Errors
/// If there is no query or no drive.
pub(super) fn paired(queries: &[Query], shares: &[f64], seed: u64) -> Result<Vec<f64>, StudyError> {
    let corridors = corridors(queries);
    let codes = Codes::from_values(codes(&corridors, &corridors), AXES)?;
    let space = CodeSpace::new(codes, NEIGHBOURS.min(queries.len()))?;
    let matrix = CodeKernel::new(SCALE, AXES).transition(&space, seed)?;
    let posteriors = CoarsePosteriors::new(&Recovered::Values(shares.to_vec()), grid()?)?;
    let intended = Marginal::from_values(grid()?, shares)?;
    let plan = PairingPlan { swaps: SWAPS, seed, ..PairingPlan::default() };
    let pairing = plan.pair(&matrix, &posteriors, &intended, None)?;
    Ok(pairing.trajectories.iter().map(|drive| shares.get(*drive as usize).copied().unwrap_or(0.5)).collect())
}

/// The same by the kernel: a quantile of the values of the drives whose corridors are nearest, weighted as by a decoder; the
/// levels of the quantiles are even over all queries.
///
/// # Errors
/// If there is no query or no drive.
pub(super) fn by_kernel(queries: &[Query], recorded: &[Recorded], seed: u64) -> Result<Vec<f64>, StudyError> {
    let driven: Vec<Corridor> = recorded.iter().map(|one| one.corridor).collect();
    let space = CodeSpace::new(Codes::from_values(codes(&driven, &driven), AXES)?, NEIGHBOURS.min(driven.len()))?;
    let (found, weights) = space.weights(&codes(&corridors(queries), &driven))?;
    let levels = Codes::latin_hypercube(queries.len(), 1, seed)?;
    let near = found.codes.chunks_exact(space.k).zip(weights.chunks_exact(space.k));
    let target = |((drives, weights), level): ((&[u32], &[f64]), &f32)| {
        let mut values: Vec<(f64, f64)> = drives
            .iter()
            .zip(weights)
            .map(|(drive, weight)| (recorded.get(*drive as usize).map_or(0.5, |one| one.room_share), *weight))
            .collect();
        values.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut rest = 0.5 * (f64::from(*level) + 1.0);
        let reached = values.iter().find(|(_, weight)| {
            rest -= weight;
            rest <= 0.0
        });
        reached.or(values.last()).map_or(0.5, |(share, _)| *share)
    };
    Ok(near.zip(levels.values()).map(target).collect())
}

/// The place of the value nearest to a target.
pub(super) fn nearest(values: &[f64], target: f64) -> usize {
    let far = |place: &usize| (values[*place] - target).abs();
    (0..values.len()).min_by(|one, other| far(one).total_cmp(&far(other))).unwrap_or(0)
}
