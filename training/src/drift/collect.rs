//! Gathers what is done into one structure of results.

use super::measure::prior;
use super::predict::{PredictOptions, Prediction, baseline_of, predict};
use super::recipe::{DriftRecipe, SystemPlan};
use super::report::{
    CommandRun, Curves, DriftResults, Method, Mitigation, SeedResult, Source, Sweep, SystemResult, TTests, Validity,
    ValidityRow, published,
};
use super::samples::read_samples;
use super::system::{SystemName, validity};
use super::unit::{UnitOptions, UnitResult, done, unit_folder};
use super::{AblationOptions, DriftError, ablations};
use crate::transform::System;
use planwright::world::Layout;

/// Which parts are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectOptions {
    /// Predictions, which take seconds each.
    pub predictions: bool,
    /// The ablations that are done.
    pub ablations: bool,
}

/// Everything that is done in a study's folder. What is not done is left out, never zero.
///
/// # Errors
/// If a file of a unit cannot be read, or a prediction fails.
pub fn collect(
    recipe: &DriftRecipe,
    systems: &[SystemName],
    options: &UnitOptions,
    wanted: CollectOptions,
) -> Result<DriftResults, DriftError> {
    let mut results = DriftResults::new(&recipe.name);
    for system in systems {
        if let Some(plan) = recipe.plan(*system) {
            let found = system_result(recipe, plan, options, wanted, &mut results.commands)?;
            results.systems.push(found);
        }
    }
    if wanted.ablations && recipe.ablations.is_some() && systems.contains(&SystemName::Tent) {
        let done_only = AblationOptions { done_only: true, ..AblationOptions::default() };
        results.ablations = ablations(recipe, options, &done_only)?;
    }
    Ok(results)
}

fn system_result(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    options: &UnitOptions,
    wanted: CollectOptions,
    commands: &mut Vec<CommandRun>,
) -> Result<SystemResult, DriftError> {
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
    for seed in &plan.seeds {
        let units: Vec<UnitResult> = Method::ALL
            .iter()
            .filter_map(|method| done(recipe, plan, *seed, *method, &options.folder).transpose())
            .collect::<Result<_, _>>()?;
        let Some(baseline) = baseline_of(recipe, plan, *seed, &options.folder)? else { continue };
        let prediction = if wanted.predictions {
            let asked = PredictOptions { seed: *seed, scales: None, model: Some(baseline.clone()) };
            Some(predict(recipe, plan, &asked)?)
        } else {
            None
        };
        for unit in &units {
            commands.push(CommandRun {
                command: unit.command.clone(),
                seed: Some(*seed),
                steps: Some(unit.steps),
                wall_secs: Some(unit.wall_secs),
                device: Some("cpu".to_owned()),
            });
        }
        if plan.system.name == SystemName::Maze2d {
            rows.extend(validity_rows(plan, system.as_ref(), *seed, &units, options)?);
        }
        result.seeds.push(seed_result(system.as_ref(), *seed, &baseline, &units, prediction.as_ref())?);
        if let Some(prediction) = prediction {
            result.sweeps.push(sweep(*seed, &prediction));
        }
    }
    result.t_tests = TTests::of(&result.seeds);
    result.validity = (!rows.is_empty()).then_some(rows);
    Ok(result)
}

fn seed_result(
    system: &dyn System,
    seed: u64,
    baseline: &UnitResult,
    units: &[UnitResult],
    prediction: Option<&Prediction>,
) -> Result<SeedResult, DriftError> {
    let matched = prediction.and_then(|prediction| prediction.matched.as_ref());
    let by_trajectory = prediction.and_then(|prediction| prediction.matched_by_trajectory.as_ref());
    let best = prediction.and_then(Prediction::best);
    Ok(SeedResult {
        seed,
        command: baseline.command.clone(),
        curves: Curves {
            prior: Some(prior(system)?.mass().to_vec()),
            data: prediction.map(|prediction| prediction.data.clone()),
            prediction: matched.map(|matched| matched.mass.clone()),
            model: Some(baseline.mass.clone()),
        },
        tv_data_prior: prediction.map(|prediction| prediction.tv_data_prior),
        tv_model_prior: Some(baseline.tv_prior),
        tv_prediction_prior: matched.map(|matched| matched.tv_prediction_prior),
        tv_prediction_model: matched.map(|matched| matched.tv_prediction_model),
        matched_scale: matched.map(|matched| matched.scale),
        trajectory_scale: by_trajectory.map(|matched| matched.scale),
        tv_prediction_model_by_trajectory: by_trajectory.map(|matched| matched.tv_prediction_model),
        tv_prediction_model_best: best.map(|(_, distance)| distance),
        best_scale: best.map(|(scale, _)| scale),
        model_error: baseline.model_error,
        generated: Some(baseline.generated),
        dropped: Some(baseline.dropped),
        steps: Some(baseline.steps),
        mitigations: units
            .iter()
            .map(|unit| Mitigation {
                method: unit.method,
                command: unit.command.clone(),
                curve: Some(unit.mass.clone()),
                tv_prior: Some(unit.tv_prior),
                generated: Some(unit.generated),
                dropped: Some(unit.dropped),
                steps: Some(unit.steps),
            })
            .collect(),
    })
}

fn sweep(seed: u64, prediction: &Prediction) -> Sweep {
    Sweep { seed, command: prediction.command.clone(), scales: prediction.sweep.scales.clone() }
}

/// Median step, nearest-data distance and occupancy of data, baseline and transform.
fn validity_rows(
    plan: &SystemPlan,
    system: &dyn System,
    seed: u64,
    units: &[UnitResult],
    options: &UnitOptions,
) -> Result<Vec<ValidityRow>, DriftError> {
    let data = system.generate(plan.data, seed)?;
    let mut rows = Vec::new();
    for source in Source::ALL {
        let method = match source {
            Source::Data => None,
            Source::Baseline => Some(Method::Baseline),
            Source::Transform => Some(Method::Transform),
        };
        let checked = match method {
            None => data.clone(),
            Some(method) if units.iter().any(|unit| unit.method == method) => {
                let folder = unit_folder(&options.folder, plan.system.name, seed, method);
                read_samples(&folder.join("samples.npy"))?
            }
            Some(_) => continue,
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
            command: "planwright-train drift report".to_owned(),
        });
    }
    Ok(rows)
}
