//! A unit's model as a file to ship: another name and sampler, and the figures of the unit in its manifest.

use super::DriftError;
use super::recipe::{DriftRecipe, SystemPlan};
use super::report::Method;
use super::unit::{UnitOptions, run_unit};
use crate::export::TOLERANCE;
use planwright::model::{Artefact, SolverDefaults};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Shipped {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Total variation of the unit's samples to the intended distribution, all diffusion steps.
    pub tv_prior: f64,
}

/// Writes the model of a unit (which is run if it is not done) with `solver` as its default. The graph is untouched, so
/// that the parity gate's judgement stands; the graph is run again on its own test vectors by whoever loads it.
///
/// `for_robots` holds the model to the gate's own limit; without it the file is for comparison and keeps the study's.
///
/// # Errors
/// If the unit fails, its model is damaged or not fit for a robot, or the file cannot be written.
#[expect(clippy::too_many_arguments)] // a unit, where it lies, and how it is to leave
pub fn ship(
    recipe: &DriftRecipe,
    plan: &SystemPlan,
    seed: u64,
    method: Method,
    options: &UnitOptions,
    solver: SolverDefaults,
    for_robots: bool,
    out: &Path,
) -> Result<Shipped, DriftError> {
    let unit = run_unit(recipe, plan, seed, method, options)?;
    let artefact = Artefact::open(&unit.model)?;
    let mut manifest = artefact.manifest().clone();
    let largest = manifest.parity.largest.values().flat_map(|kinds| kinds.values()).fold(0.0_f64, |a, b| a.max(*b));
    if for_robots && !(largest <= TOLERANCE) {
        return Err(DriftError::NotForRobots { path: unit.model, expected: TOLERANCE, got: largest });
    }
    if for_robots {
        manifest.parity.tolerance = TOLERANCE;
    }
    if let Some(name) = out.file_stem().and_then(|stem| stem.to_str()) {
        name.clone_into(&mut manifest.name);
    }
    let trained = manifest.family.denoiser().map_or(1, |denoiser| denoiser.diffusion.steps);
    if let Some(denoiser) = manifest.family.denoiser_mut() {
        denoiser.solver = SolverDefaults { steps: solver.steps.min(trained), ..solver };
    }
    let figures = serde_json::json!({
        "total_variation": unit.tv_prior,
        "samples": unit.generated,
        "dropped": unit.dropped,
        "diffusion_steps": trained,
        "command": unit.command,
        "size": recipe.name,
        "pairing": unit.pairing,
    });
    manifest.measured.insert("drift".to_owned(), figures);
    let artefact = artefact.with_manifest(manifest)?;
    artefact.write(out)?;
    Ok(Shipped {
        path: out.to_owned(),
        bytes: artefact.bytes().len(),
        sha256: artefact.sha256().to_owned(),
        tv_prior: unit.tv_prior,
    })
}
