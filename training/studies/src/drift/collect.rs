//! Gathers results of cells, predictions and checks of validity into one structure.

use super::cell::UnitResult;
use super::inputs::Inputs;
use super::measure::prior;
use super::predict::{Prediction, predict};
use super::recipe::SystemPlan;
use super::report::{
    CommandRun, Curves, DriftResults, Method, Mitigation, SeedResult, Source, Sweep, SystemResult, TTests, Validity,
    ValidityRow, published,
};
use super::samples::read_samples;
use super::system::{SystemName, validity};
use planwright::world::Layout;
use planwright_training::study::{Store, StudyError, distinct};
use planwright_training::transform::System;

/// Everything that is done. What is not done is left out, never zero; a seed without its baseline has no
/// prediction and no distances of a model.
///
/// # Errors
/// If samples cannot be read, or a prediction fails.
pub(super) fn collect(
    inputs: &Inputs,
    plans: &[SystemPlan],
    units: &[UnitResult],
    store: &Store,
) -> Result<DriftResults, StudyError> {
    let mut results = DriftResults::new(&inputs.recipe.name);
    for plan in plans {
        let units: Vec<&UnitResult> = units.iter().filter(|unit| unit.system == plan.system.name).collect();
        results.systems.push(system_result(inputs, plan, &units, store, &mut results.commands)?);
    }
    Ok(results)
}

fn system_result(
    inputs: &Inputs,
    plan: &SystemPlan,
    units: &[&UnitResult],
    store: &Store,
    commands: &mut Vec<CommandRun>,
) -> Result<SystemResult, StudyError> {
    let system = plan.system.build()?;
    let (quantity, unit) = system.quantity();
    let mut result = SystemResult {
        system: system.name().to_owned(),
        quantity: quantity.to_owned(),
        unit: unit.to_owned(),
        grid: system.grid(),
        seeds: Vec::new(),
        sweeps: Vec::new(),
        validity: None,
        t_tests: TTests::default(),
    };
    let mut rows = Vec::new();
    for seed in distinct(units.iter().map(|unit| unit.seed)) {
        let units: Vec<&UnitResult> = units.iter().copied().filter(|unit| unit.seed == seed).collect();
        let baseline = units.iter().copied().find(|unit| unit.method == Method::Baseline);
        let prediction = baseline.map(|unit| predict(inputs, plan, seed, None, Some(unit))).transpose()?;
        commands.extend(units.iter().map(|unit| CommandRun {
            command: unit.command(&inputs.size),
            seed: Some(seed),
            steps: Some(unit.steps),
            wall_secs: Some(unit.wall_secs),
            device: Some("cpu".to_owned()),
        }));
        if plan.system.name == SystemName::Maze2d && baseline.is_some() {
            rows.extend(validity_rows(inputs, plan, system.as_ref(), seed, &units, store)?);
        }
        result.seeds.push(seed_result(inputs, system.as_ref(), seed, &units, prediction.as_ref())?);
        let sweep = |found: Prediction| Sweep { seed, command: found.command, scales: found.sweep.scales };
        result.sweeps.extend(prediction.map(sweep));
    }
    result.t_tests = TTests::of(&result.seeds);
    result.validity = (!rows.is_empty()).then_some(rows);
    Ok(result)
}

fn seed_result(
    inputs: &Inputs,
    system: &dyn System,
    seed: u64,
    units: &[&UnitResult],
    prediction: Option<&Prediction>,
) -> Result<SeedResult, StudyError> {
    let baseline = units.iter().find(|unit| unit.method == Method::Baseline);
    let matched = prediction.and_then(|found| found.matched.as_ref());
    let by_trajectory = prediction.and_then(|found| found.matched_by_trajectory.as_ref());
    let best = prediction.and_then(Prediction::best);
    let mitigation = |unit: &&UnitResult| Mitigation {
        method: unit.method,
        command: unit.command(&inputs.size),
        curve: Some(unit.mass.clone()),
        tv_prior: Some(unit.tv_prior),
        generated: Some(unit.generated),
        dropped: Some(unit.dropped),
        steps: Some(unit.steps),
    };
    Ok(SeedResult {
        seed,
        command: baseline.or(units.first()).map_or(String::new(), |unit| unit.command(&inputs.size)),
        curves: Curves {
            prior: Some(prior(system)?.mass().to_vec()),
            data: prediction.map(|found| found.data.clone()),
            prediction: matched.map(|matched| matched.mass.clone()),
            model: baseline.map(|unit| unit.mass.clone()),
        },
        tv_data_prior: prediction.map(|found| found.tv_data_prior),
        tv_model_prior: baseline.map(|unit| unit.tv_prior),
        tv_prediction_prior: matched.map(|matched| matched.tv_prediction_prior),
        tv_prediction_model: matched.map(|matched| matched.tv_prediction_model),
        matched_scale: matched.map(|matched| matched.scale),
        trajectory_scale: by_trajectory.map(|matched| matched.scale),
        tv_prediction_model_by_trajectory: by_trajectory.map(|matched| matched.tv_prediction_model),
        tv_prediction_model_best: best.map(|(_, distance)| distance),
        best_scale: best.map(|(scale, _)| scale),
        model_error: baseline.and_then(|unit| unit.model_error),
        generated: baseline.map(|unit| unit.generated),
        dropped: baseline.map(|unit| unit.dropped),
        steps: baseline.map(|unit| unit.steps),
        mitigations: units.iter().map(mitigation).collect(),
    })
}

/// Median step, nearest-data distance and occupancy of data, baseline and transform.
fn validity_rows(
    inputs: &Inputs,
    plan: &SystemPlan,
    system: &dyn System,
    seed: u64,
    units: &[&UnitResult],
    store: &Store,
) -> Result<Vec<ValidityRow>, StudyError> {
    let data = system.generate(plan.data, seed)?;
    let mut rows = Vec::new();
    for source in Source::ALL {
        let method = match source {
            Source::Data => None,
            Source::Baseline => Some(Method::Baseline),
            Source::Transform => Some(Method::Transform),
        };
        let unit = units.iter().find(|unit| Some(unit.method) == method);
        let checked = match (method, unit) {
            (None, _) => data.clone(),
            (Some(_), Some(unit)) => read_samples(&store.folder().join(unit.folder()).join("samples.npy"))?,
            (Some(_), None) => continue,
        };
        let nearest = match source {
            Source::Data => validity::nearest_distance_within(&checked)?,
            _ => validity::nearest_distance(&checked, &data)?,
        };
        rows.push(ValidityRow {
            source,
            measured: Validity {
                median_step: Some(validity::median_step(&checked)),
                nearest_data_distance: Some(nearest),
                occupancy: Some(validity::Occupancy::of(&Layout::umaze()).share(&checked)?),
            },
            published: Some(published::validity(source)),
            seed,
            command: format!("planwright-study report drift --size {}", inputs.size),
        });
    }
    Ok(rows)
}
