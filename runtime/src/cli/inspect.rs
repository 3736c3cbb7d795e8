//! `planwright inspect`

use super::arguments::open_artefact;
use super::output::{CliError, print_json, print_text};
use crate::model::{DenoiserSpec, Manifest, SolverDefaults};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Example: planwright inspect models/maze-umaze.onnx --json")]
pub(super) struct Inspect {
    /// The model
    #[arg(required_unless_present = "schema")]
    model: Option<PathBuf>,
    /// Print the JSON schema of the manifest instead
    #[arg(long)]
    schema: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let Some(path) = self.model.as_ref().filter(|_| !self.schema) else {
            return print_json(&Manifest::json_schema());
        };
        let artefact = open_artefact(path)?;
        let manifest = artefact.manifest();
        if self.json {
            return print_json(&serde_json::json!({
                "model": path,
                "sha256": artefact.sha256(),
                "bytes": artefact.bytes().len(),
                "parity": manifest.parity,
                "measured": manifest.measured,
                "manifest": manifest,
            }));
        }
        let mut lines = vec![
            format!("{}  ({:?})", manifest.name, manifest.family.name()),
            format!("  file        {} bytes, sha256 {}", artefact.bytes().len(), artefact.sha256()),
            format!("  horizon     {} knots of {} s", manifest.horizon, manifest.knot_secs),
            format!("  world       {}", manifest.family.world().map_or("none", |world| world.layout.as_str())),
            format!(
                "  trained     {} steps, seed {}, recipe {:.12}, data {:.12}",
                manifest.provenance.training_steps,
                manifest.provenance.seed,
                manifest.provenance.recipe_sha256,
                manifest.provenance.data_sha256
            ),
            format!("  licence     {}", manifest.licence),
            format!("  parity      at most {:e} relative to libtorch", manifest.parity.tolerance),
        ];
        if let Some(DenoiserSpec { diffusion, solver }) = manifest.family.denoiser() {
            let SolverDefaults { solver, steps, candidates } = solver;
            lines.push(format!(
                "  sampler     {solver:?}, {steps} of {} steps, {candidates} candidates",
                diffusion.steps
            ));
        }
        if let Some(policy) = manifest.family.policy() {
            lines.push(format!(
                "  policy      {} steps of history, {}, actions {}",
                policy.context,
                policy.head,
                policy.actions.iter().map(|action| action.name.as_str()).collect::<Vec<_>>().join(" ")
            ));
        }
        for (engine, kinds) in &manifest.parity.largest {
            let kinds: Vec<String> = kinds.iter().map(|(kind, value)| format!("{kind} {value:.1e}")).collect();
            lines.push(format!("    {engine:<11} {}", kinds.join(", ")));
        }
        if !manifest.measured.is_empty() {
            lines.push("  measured".to_owned());
        }
        for (name, value) in &manifest.measured {
            lines.push(format!("    {name}: {value}"));
        }
        print_text(&lines.join("\n"))
    }
}
