//! A fit's model as a file to release: another name and sampler, and the measured figures in its manifest.

use super::DriftError;
use super::cell::{UnitCell, UnitResult};
use super::inputs::Inputs;
use super::report::Method;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use planwright::diffusion::Solver;
use planwright::model::{Artefact, SolverDefaults};
use planwright_training::export::TOLERANCE;
use planwright_training::study::{Common, Shown, Store, StudyError, Tool};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct Released {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Total variation of the unit's samples to the intended distribution, all diffusion steps.
    pub tv_prior: f64,
}

#[derive(Args)]
#[command(after_help = "Example: planwright-study release --steps 2 --file models/maze-umaze-transform.onnx")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Which system
    #[arg(long, default_value = "maze2d", value_name = "NAME")]
    system: String,
    /// Which seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which method
    #[arg(long, value_enum, default_value = "transform")]
    method: Method,
    /// For comparison, not for robots: the study's tolerance of the parity gate is enough
    #[arg(long)]
    comparison: bool,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Denoising steps (DDIM) of a plan
    #[arg(long, default_value_t = 5, value_name = "N")]
    steps: usize,
    /// Codes or paths that are drawn at once
    #[arg(long, default_value_t = 8, value_name = "N")]
    candidates: usize,
}

/// `planwright-study release`: the model of one fit as a file for robots.
pub struct Release;

impl Tool for Release {
    fn command(&self) -> Command {
        let command = Command::new("release").about("Write the model of one fit as a file for robots");
        super::inputs::of_one_fit(Arguments::augment_args(command))
    }

    fn run(&self, matches: &ArgMatches) -> Result<Shown, StudyError> {
        let asked = Arguments::from_arg_matches(matches).map_err(|error| StudyError::Input(Box::new(error)))?;
        let inputs = Inputs::of(&asked.common)?;
        let Arguments { seed, method, steps, candidates, .. } = asked;
        let plan = inputs.plan(&asked.system)?.clone();
        if steps == 0 || candidates == 0 {
            return Err(StudyError::setting("steps and candidates", "above 0", format!("{steps} and {candidates}")));
        }
        if !method.has_network() {
            return Err(StudyError::setting("method", "with a network", method.name()));
        }
        planwright::files::check_writable(&asked.file)
            .map_err(|source| StudyError::Io { path: asked.file.clone(), source })?;
        let (unit, store) = inputs.unit(&asked.common, UnitCell { inputs: inputs.clone(), plan, seed, method })?;
        let solver = SolverDefaults { solver: Solver::Ddim, steps, candidates };
        let released = release(&inputs, &unit, &store, solver, !asked.comparison, &asked.file)?;
        let text = format!("{}: {} bytes, sha256 {}", released.path.display(), released.bytes, released.sha256);
        Shown::of(&released, text)
    }
}

/// Writes the model of a fit with `solver` as its default. The graph is untouched, so that the parity gate's result
/// holds; it is run again on its own test vectors wherever it is loaded.
///
/// `for_robots` holds the model to the gate's own limit; without it the file is for comparison and keeps the study's.
fn release(
    inputs: &Inputs,
    unit: &UnitResult,
    store: &Store,
    solver: SolverDefaults,
    for_robots: bool,
    out: &Path,
) -> Result<Released, DriftError> {
    let model = store.folder().join(unit.folder()).join("model.onnx");
    let artefact = Artefact::open(&model)?;
    let mut manifest = artefact.manifest().clone();
    let largest = manifest.parity.largest.values().flat_map(|kinds| kinds.values()).fold(0.0_f64, |a, b| a.max(*b));
    if for_robots && !(largest <= TOLERANCE) {
        return Err(DriftError::NotForRobots { path: model, expected: TOLERANCE, got: largest });
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
        "command": unit.command(&inputs.size),
        "size": inputs.recipe.name,
        "pairing": unit.pairing,
    });
    manifest.measured.insert("drift".to_owned(), figures);
    let artefact = artefact.with_manifest(manifest)?;
    artefact.write(out)?;
    Ok(Released {
        path: out.to_owned(),
        bytes: artefact.bytes().len(),
        sha256: artefact.sha256().to_owned(),
        tv_prior: unit.tv_prior,
    })
}
