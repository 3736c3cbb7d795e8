//! `planwright-train card`

use super::{CliError, print_json, print_text};
use clap::Args;
use planwright::files::{check_writable, write_atomically};
use planwright::model::Artefact;
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "\
Example:
  planwright eval maze --layout umaze --protocol pilot --json > pilot.json
  planwright-train card models/maze-umaze.onnx --evaluation pilot.json --note 'trained on two cores'

Rewrites the manifest's `measured` entries (the graph stays as it is), models/NAME.md and SHA256SUMS. The card is
written anew: a sentence that was added by hand is kept only where --note gives it again.")]
pub(super) struct Card {
    /// The model
    model: PathBuf,
    /// Output of `planwright eval --json`; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    evaluation: Vec<PathBuf>,
    /// A sentence about the machine
    #[arg(long, default_value = "not stated")]
    machine: String,
    /// A sentence for the card, good or bad news
    #[arg(long)]
    note: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What the manifest keeps of an evaluation.
const KEPT: [&str; 18] = [
    "layout",
    "protocol",
    "episodes",
    "seed",
    "score_mean",
    "score_low",
    "score_high",
    "score_bound",
    "return_mean",
    "reach_rate",
    "arrival_secs",
    "wall_contacts",
    "wall_episodes",
    "plans_unsafe",
    "solver",
    "denoising_steps",
    "candidates",
    "temperature",
];

impl Card {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let artefact = Artefact::open(&self.model).map_err(CliError::input)?;
        let mut manifest = artefact.manifest().clone();
        for path in &self.evaluation {
            let (name, figures) = read(path, &self.machine)?;
            manifest.measured.insert(name, Value::Object(figures));
        }
        let artefact = artefact.with_manifest(manifest).map_err(CliError::input)?;
        let card = card(&artefact, self.note.as_deref());
        let card_path = self.model.with_extension("md");
        // The list would be stale, and loading would refuse the model, if it were written last and failed.
        let sums = self.model.with_file_name("SHA256SUMS");
        let listed = sums_with(&sums, &self.model, artefact.sha256());
        for path in [&self.model, &sums, &card_path] {
            check_writable(path).map_err(|error| unwritable(path, &error))?;
        }
        artefact.write(&self.model).map_err(CliError::input)?;
        write(&sums, &listed)?;
        write(&card_path, &card)?;
        if self.json {
            return print_json(
                &serde_json::json!({ "model": self.model, "card": card_path, "sha256": artefact.sha256() }),
            );
        }
        print_text(&card)
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    write_atomically(path, |file| file.write_all(text.as_bytes())).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::input(anyhow::anyhow!("{}: {error}", path.display()))
}

fn read(path: &Path, machine: &str) -> Result<(String, Map<String, Value>), CliError> {
    let wrong = |problem: String| {
        CliError::input(anyhow::anyhow!(
            "{}: expected the output of `planwright eval --json`, got {problem}",
            path.display()
        ))
    };
    let text = planwright::text::read(path).map_err(|error| {
        let problem = error.to_string();
        wrong(problem.trim_start_matches("expected a text, got ").to_owned())
    })?;
    let json: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let word = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let (Some(protocol), Some(layout)) = (word("protocol"), word("layout")) else {
        return Err(wrong("no `protocol` or `layout`".to_owned()));
    };
    let mut figures: Map<String, Value> = KEPT
        .iter()
        .filter_map(|key| {
            json.get(*key).filter(|value| !value.is_null()).map(|value| ((*key).to_owned(), value.clone()))
        })
        .collect();
    if let Some(residual) = json.get("pilot").and_then(|pilot| pilot.get("residual_before")) {
        figures.insert("residual_before".to_owned(), residual.clone());
    }
    if let Some(residual) = json.get("pilot").and_then(|pilot| pilot.get("residual_after")) {
        figures.insert("residual_after".to_owned(), residual.clone());
    }
    // The shipped planner of a layout needs no name.
    let model = match word("model") {
        Some(model) if !model.ends_with(&format!("maze-{layout}.onnx")) => format!("--model {model}"),
        _ => format!("--layout {layout}"),
    };
    let command = format!(
        "planwright eval maze {model} --protocol {protocol} --episodes {} --seed {} --json",
        json.get("episodes").unwrap_or(&Value::Null),
        json.get("seed").unwrap_or(&Value::Null)
    );
    figures.insert("command".to_owned(), Value::String(command));
    figures.insert("machine".to_owned(), Value::String(machine.to_owned()));
    Ok((protocol, figures))
}

fn card(artefact: &Artefact, note: Option<&str>) -> String {
    let manifest = artefact.manifest();
    let provenance = &manifest.provenance;
    let layout = manifest.family.world().map_or("", |world| world.layout.as_str());
    let what = match manifest.family.policy() {
        Some(policy) => format!(
            "A policy for the {layout} maze: a {} per motor over {} bins, the last {} steps of {} s, one network call per decision.",
            policy.head,
            policy.actions.first().map_or(0, |action| action.bins.bins()),
            policy.context,
            manifest.knot_secs
        ),
        None => format!(
            "A diffusion planner for the {layout} maze: {} knots of {} s, one network call per denoising step.",
            manifest.horizon, manifest.knot_secs
        ),
    };
    let mut text = format!("# {}\n\n{what}\n", manifest.name);
    if let Some(note) = note {
        let _ = write!(text, "\n{note}\n");
    }
    text += "\n| measured | score (95%) | no planner exceeds | reached | wall contacts | unsafe plans | command |\n|---|---|---|---|---|---|---|\n";
    for (name, figures) in &manifest.measured {
        let number = |key: &str| figures.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let unsafe_plans = figures.get("plans_unsafe").map_or("not checked".to_owned(), Value::to_string);
        let command = figures.get("command").and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {name} | {:.1} ({:.1} to {:.1}) | {:.1} | {:.0}% | {} steps | {unsafe_plans} | `{command}` |",
            number("score_mean"),
            number("score_low"),
            number("score_high"),
            number("score_bound"),
            100.0 * number("reach_rate"),
            number("wall_contacts"),
        );
    }
    let _ = write!(
        text,
        "\nScores are D4RL-normalised. Trained for {} steps (seed {}) from the recipe `{:.12}` on data `{:.12}`; \
         parity with libtorch within {:e}. Licence {}.\n",
        provenance.training_steps,
        provenance.seed,
        provenance.recipe_sha256,
        provenance.data_sha256,
        manifest.parity.largest.values().flat_map(|kinds| kinds.values()).copied().fold(0.0, f64::max),
        manifest.licence
    );
    text
}

/// The list with this file's line renewed.
fn sums_with(sums: &Path, model: &Path, sha256: &str) -> String {
    let name = model.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let old = std::fs::read_to_string(sums).unwrap_or_default();
    let mut lines: Vec<String> =
        old.lines().filter(|line| !line.ends_with(&format!("  {name}"))).map(str::to_owned).collect();
    lines.push(format!("{sha256}  {name}"));
    lines.sort_by(|a, b| a[a.len().min(66)..].cmp(&b[b.len().min(66)..]));
    lines.join("\n") + "\n"
}
