//! What a fit of each method learns from, and how its exported file is described.

use super::DriftError;
use super::decode::{self, PairedCodes};
use super::recipe::{DriftRecipe, SystemPlan};
use super::unit::{UnitOptions, run_unit};
use crate::fit::{SequenceData, SequenceDescription};
use crate::mitigation::{InverseWeights, PairingReport, QuantityCondition};
use crate::report::Method;
use crate::system::{System, SystemName, Trajectories};
use planwright::model::{Column, ConditionSpec, Family, Normaliser, QuantitySpec, WorldSpec};
use planwright::quantity::{Intended, Marginal, QuantityGrid};
use planwright::world::{Layout, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, RADIUS_M};

/// Bins of the inverse reweighting, and of the quantities that are asked of a conditional model.
pub(super) const REWEIGHT_BINS: usize = 32;
/// Bins of the intended distribution that a robot's monitor counts in.
const MONITOR_BINS: usize = 16;

/// Rows and description of a fit.
pub(super) struct Prepared {
    pub(super) rows: SequenceData,
    pub(super) description: SequenceDescription,
    pub(super) condition: Option<QuantityCondition>,
    pub(super) pairing: Option<PairingReport>,
    /// Parameters to start from.
    pub(super) initial: Option<Vec<f32>>,
}

pub(super) fn prepare(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    system: &dyn System,
    data: &Trajectories,
    seed: u64,
    method: Method,
    options: &UnitOptions,
) -> Result<Prepared, DriftError> {
    let mut prepared = plain(system, data);
    match method {
        Method::Baseline => {}
        Method::Reweight => {
            let baseline = run_unit(recipe, plan, seed, Method::Baseline, options)?;
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
            let guidance = recipe.fit.guidance;
            prepared.description.condition = Some(ConditionSpec { width: condition.width(), low, high, guidance });
            prepared.condition = Some(condition);
        }
        Method::Transform => {
            let PairedCodes { rows, tables, spec, report } = decode::pair(recipe, system, data, seed)?;
            prepared.rows.rows = rows;
            if plan.system.name == SystemName::Maze2d {
                prepared.description.family = Family::MazeTransform;
            }
            // Codes live in [-1, 1] themselves; the decoder's trajectories are in physical units.
            let columns = system.columns();
            prepared.description.normaliser = Normaliser { low: vec![-1.0; columns], high: vec![1.0; columns] };
            prepared.description.transform = Some((spec, tables));
            prepared.pairing = Some(report);
        }
    }
    Ok(prepared)
}

/// A fit to the data as they are.
pub(super) fn plain(system: &dyn System, data: &Trajectories) -> Prepared {
    let limits = system.limits();
    let (quantity, unit) = system.quantity();
    let [low, high] = system.range();
    let names: &[&str] = match system.columns() {
        1 => &["state"],
        _ if system.name() == "pendulum" => &["theta_1", "theta_2"],
        _ => &["x", "y"],
    };
    let maze = system.name() == "maze2d";
    let state_unit = match system.name() {
        "pendulum" => "rad",
        "maze2d" => "m",
        _ => "1",
    };
    let column = |name: &&str| Column { name: (*name).to_owned(), unit: state_unit.to_owned(), frame: String::new() };
    Prepared {
        rows: SequenceData { rows: data.normalised(&limits), ..SequenceData::default() },
        description: SequenceDescription {
            family: Family::SequenceDiffusion,
            columns: names.iter().map(column).collect(),
            normaliser: Normaliser { low: limits.low, high: limits.high },
            step_secs: system.step_secs(),
            quantity: Some(QuantitySpec {
                name: quantity.replace(' ', "_"),
                unit: unit.to_owned(),
                mean: 0.5 * (low + high),
                low: low + 0.05 * (high - low),
                high: high - 0.05 * (high - low),
                intended: maze.then(|| Intended::uniform(low, high, MONITOR_BINS).ok()).flatten(),
            }),
            condition: None,
            transform: None,
            world: maze.then(umaze),
            recipe: serde_json::Value::Null,
        },
        condition: None,
        pairing: None,
        initial: None,
    }
}

fn umaze() -> WorldSpec {
    let layout = Layout::umaze();
    WorldSpec {
        layout: layout.name().to_owned(),
        layout_text: layout.to_text(),
        radius_m: RADIUS_M,
        max_speed_mps: MAX_SPEED_MPS,
        max_acceleration_mps2: MAX_ACCELERATION_MPS2,
    }
}

/// The same mass over other, coarser cells; what lies outside counts at the ends.
fn regrouped(fine: &Marginal, grid: QuantityGrid) -> Result<Marginal, DriftError> {
    let mut sums = vec![0.0; grid.cells()];
    for (cell, mass) in fine.mass().iter().enumerate() {
        let centre = fine.grid().centre(cell).clamp(grid.low(), grid.high());
        if let Some(sum) = grid.cell_of(centre).and_then(|cell| sums.get_mut(cell)) {
            *sum += mass;
        }
    }
    Ok(Marginal::from_weights(grid, sums)?)
}
