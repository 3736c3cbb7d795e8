//! From samples to a distribution.

use planwright::quantity::{Marginal, QuantityError};
use planwright_training::dataset::Trajectories;
use planwright_training::study::StudyError;
use planwright_training::transform::{Recovered, System};

/// The intended distribution, seen through the same Gaussian as every other curve.
pub(crate) fn prior(system: &dyn System) -> Result<Marginal, StudyError> {
    let [low, high] = system.range();
    Ok(Marginal::uniform(system.grid(), low, high)?.smoothed(system.bandwidth()))
}

/// The distribution of the quantity over trajectories.
pub(crate) fn marginal(system: &dyn System, trajectories: &Trajectories) -> Result<Marginal, StudyError> {
    Ok(system.recover(trajectories)?.marginal(system.grid(), system.bandwidth())?)
}

/// The same where every trajectory counts with a weight of its own.
pub(crate) fn weighted_marginal(
    system: &dyn System,
    trajectories: &Trajectories,
    weights: &[f64],
) -> Result<Marginal, StudyError> {
    let grid = system.grid();
    let mut sums = vec![0.0; grid.cells()];
    match system.recover(trajectories)? {
        Recovered::Posterior { rows, grid: own } => {
            if own != grid {
                return Err(QuantityError::Cells { left: own, right: grid }.into());
            }
            for (row, weight) in rows.chunks_exact(grid.cells()).zip(weights) {
                for (sum, mass) in sums.iter_mut().zip(row) {
                    *sum += weight * f64::from(*mass);
                }
            }
        }
        Recovered::Values(values) => {
            for (index, (value, weight)) in values.iter().zip(weights).enumerate() {
                let cell = grid.cell_of(value.clamp(grid.low(), grid.high()));
                let cell = cell.ok_or(QuantityError::NotFinite { index, value: *value })?;
                if let Some(sum) = sums.get_mut(cell) {
                    *sum += weight;
                }
            }
        }
    }
    Ok(Marginal::from_weights(grid, sums)?.smoothed(system.bandwidth()))
}

/// The trajectories that count, and how many were dropped. Coordinates that are not finite count as dropped.
pub(crate) fn admissible(system: &dyn System, trajectories: &Trajectories) -> (Trajectories, usize) {
    let kept: Vec<usize> = trajectories
        .iter()
        .enumerate()
        .filter(|(_, trajectory)| trajectory.iter().all(|value| value.is_finite()) && system.is_admissible(trajectory))
        .map(|(index, _)| index)
        .collect();
    let dropped = trajectories.len() - kept.len();
    (trajectories.chosen(&kept), dropped)
}
