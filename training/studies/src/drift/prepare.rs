//! Rows, description and initial parameters of each method's fit.

use super::cell::UnitCell;
use super::mitigation::{InverseWeights, QuantityCondition};
use super::report::Method;
use planwright::model::ConditionSpec;
use planwright::quantity::{Marginal, QuantityGrid};
use planwright_training::dataset::Trajectories;
use planwright_training::fit::{Checkpoint, SequenceData, SequenceDescription};
use planwright_training::study::{Bench, StudyError};
use planwright_training::transform::{PairingReport, System, paired_codes};

/// Bins of the inverse reweighting, and of the values that condition a conditional model's samples.
pub(super) const REWEIGHT_BINS: usize = 32;

/// Rows and description of a fit.
pub(crate) struct Prepared {
    pub(super) rows: SequenceData,
    pub(super) description: SequenceDescription,
    pub(super) condition: Option<QuantityCondition>,
    pub(super) pairing: Option<PairingReport>,
    /// Parameters to start from.
    pub(super) initial: Option<Vec<f32>>,
    /// SHA-256 of the recipe that they were fitted by.
    pub(super) starts_from: Option<String>,
}

pub(super) fn prepare(
    cell: &UnitCell,
    system: &dyn System,
    data: &Trajectories,
    bench: &Bench<'_>,
) -> Result<Prepared, StudyError> {
    let UnitCell { inputs, plan, seed, method } = cell;
    let mut prepared = plain(system, data);
    match method {
        Method::Baseline | Method::TransformNoNetwork => {}
        Method::Reweight => {
            let cell = cell.baseline();
            let baseline = bench.require(&cell)?;
            let folder = bench.store.folder().join(cell.folder());
            let checkpoint = Checkpoint::read(&folder.join("checkpoint.safetensors"))?;
            prepared.initial = Some(checkpoint.averaged().to_vec());
            prepared.starts_from = Some(checkpoint.recipe.sha256());
            let recovered = system.recover(data)?;
            let [low, high] = system.range();
            let grid = QuantityGrid::new(low, high, REWEIGHT_BINS)?;
            let intended = Marginal::uniform(grid, low, high)?;
            let found = regrouped(&baseline.marginal(system.grid())?, grid)?;
            let weights = InverseWeights::new(&intended, &found, plan.reweight_epsilon)?;
            prepared.rows.weights = weights.of_trajectories(&recovered.values())?;
        }
        Method::Conditional => {
            let [low, high] = system.range();
            let condition = QuantityCondition::new(low, high, plan.base_channels)?;
            for value in system.recover(data)?.values() {
                prepared.rows.conditions.extend(condition.label(value)?);
            }
            let guidance = inputs.recipe.fit.guidance;
            prepared.description.condition = Some(ConditionSpec { width: condition.width(), low, high, guidance });
            prepared.condition = Some(condition);
        }
        Method::Transform | Method::TransformOneStep => {
            let codes = paired_codes(&inputs.recipe.transform, system, data, *seed)?;
            prepared.description = prepared.description.with_codes(&codes);
            prepared.rows.rows = codes.rows;
            prepared.pairing = Some(codes.report);
        }
    }
    Ok(prepared)
}

/// A fit to the data as they are.
pub(crate) fn plain(system: &dyn System, data: &Trajectories) -> Prepared {
    Prepared {
        rows: SequenceData { rows: data.normalised(&system.limits()), ..SequenceData::default() },
        description: SequenceDescription::of_system(system),
        condition: None,
        pairing: None,
        initial: None,
        starts_from: None,
    }
}

/// The same mass over other, coarser cells; what lies outside counts at the ends.
fn regrouped(fine: &Marginal, grid: QuantityGrid) -> Result<Marginal, StudyError> {
    let mut sums = vec![0.0; grid.cells()];
    for (cell, mass) in fine.mass().iter().enumerate() {
        let centre = fine.grid().centre(cell).clamp(grid.low(), grid.high());
        if let Some(sum) = grid.cell_of(centre).and_then(|cell| sums.get_mut(cell)) {
            *sum += mass;
        }
    }
    Ok(Marginal::from_weights(grid, sums)?)
}
