//! `planwright eval goal-force`

use super::arguments::{open_artefact, shipped, within};
use super::output::{CliError, print_json, print_text};
use crate::evaluate::{KnownPart, PushCase, PushChooser, PushEvaluation, PushSummary};
use crate::model::{Artefact, EngineSettings, GoalForceSpec, load_engine};
use crate::planner::goal_force::{GoalForcePlanner, GoalForceSettings};
use crate::world::scene::Kind;
use clap::{Args, ValueEnum as _};
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright eval goal-force --model goal-force.onnx --scenes 200 --seed 0 --json
  planwright eval goal-force --choosers random,nearest,search --kind blocked --held-out
  planwright eval goal-force --known surface,masses --choosers model,search

Simulated tables with at least three objects beside the target, of which some can cause the goal and some cannot. The planner
sees the picture, the goal and in half of the scenes the masses; neither friction nor restitution. Its push is executed in the
true scene: the goal is met within 15 degrees and 30% of the speed. `initiator`: the object of the first proposal can cause the
goal. `raw`: the first proposal as it is meets the goal. `corrected`: the first proposal that passes the gate after correction by
simulation meets it. The choosers without a network have as many proposals and go through the same correction and gate. `--known`
gives all choosers parts of the truth beside the picture, on the same scenes with the same seeds.")]
pub(super) struct EvalGoalForce {
    /// Scenes
    #[arg(long, default_value_t = 200, value_parser = within(1..=100_000_usize), value_name = "N")]
    scenes: usize,
    /// Seed of the scenes
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Kind of the scenes
    #[arg(long, value_enum, default_value_t = Kind::Balls)]
    kind: Kind,
    /// Obstacles of shapes and colours that do not occur in training
    #[arg(long)]
    held_out: bool,
    /// Largest tilt of the camera against the vertical, degrees
    #[arg(long, default_value_t = 60.0, value_parser = within(0.0..=60.0_f64), value_name = "DEGREES")]
    max_tilt: f64,
    /// Who chooses, all if none is named
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    choosers: Vec<PushChooser>,
    /// Parts of the truth that every chooser is given beside the picture, none if none is named
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    known: Vec<KnownPart>,
    /// A model of family goal-force; the choosers random, nearest and search need none
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Network calls per motion (default: the model's)
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Proposals of every chooser but the search, of which the first that the gate passes counts (default: the model's, else 2)
    #[arg(long, value_name = "N")]
    candidates: Option<usize>,
    #[command(flatten)]
    engine: EngineSettings,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Proposals without a model.
const CANDIDATES: usize = 2;

impl EvalGoalForce {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let choosers = if self.choosers.is_empty() { &PushChooser::ALL[..] } else { &self.choosers };
        if !self.kind.has_goals() {
            let with =
                Kind::value_variants().iter().filter(|kind| kind.has_goals()).filter_map(Kind::to_possible_value);
            let with: Vec<String> = with.map(|value| value.get_name().to_owned()).collect();
            let got = self.kind.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
            return Err(CliError::wrong(format!(
                "--kind {got}: expected a kind of scenes with goals: {}\nhint: what forces without a goal do is measured by `planwright-study run force_prompting`",
                with.join(", ")
            )));
        }
        let model = match &self.model {
            Some(path) => Some(path.clone()),
            None if choosers.iter().any(|chooser| chooser.needs_model()) => Some(shipped("goal-force")?),
            None => None,
        };
        let artefact = model.as_deref().map(open_artefact).transpose()?;
        let mut planner = artefact.as_ref().map(|artefact| self.planner(artefact)).transpose()?;
        let spec = planner.as_ref().map_or_else(GoalForceSpec::default, |planner| planner.spec().clone());
        let candidates = planner.as_ref().map_or(self.candidates.unwrap_or(CANDIDATES), GoalForcePlanner::candidates);
        let runs = (self.scenes * choosers.len()) as u64;
        let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr());
        let tilt = self.max_tilt.to_radians();
        let cases = PushCase::draw(self.kind, self.held_out, tilt, spec.picture_px, self.seed, self.scenes);
        let chance = cases.iter().map(PushCase::chance).sum::<f64>() / cases.len().max(1) as f64;
        let of_decided: Vec<f64> = cases.iter().filter_map(PushCase::chance_barred).collect();
        let chance_of_decided = 1.0 - of_decided.iter().sum::<f64>() / of_decided.len().max(1) as f64;
        let mut evaluation = PushEvaluation::new(spec, candidates).knowing(&self.known);
        let run = |chooser: &PushChooser| evaluation.run(*chooser, &cases, planner.as_mut(), || bar.inc(1));
        let results = choosers.iter().map(run).collect::<Result<Vec<_>, _>>().map_err(CliError::failed)?;
        bar.finish_and_clear();
        if self.json {
            let mut out = serde_json::json!({
                "model": model,
                "model_sha256": artefact.as_ref().map(|artefact| artefact.sha256()),
                "scenes": cases.len(),
                "seed": self.seed,
                "candidates": candidates,
                "chance": chance,
                "chance_of_decided": (!of_decided.is_empty()).then_some(chance_of_decided),
                "choosers": results,
            });
            if !self.known.is_empty() {
                out["known"] = serde_json::json!(self.known);
            }
            return print_json(&out);
        }
        let mut text =
            format!("{} scenes, seed {}, chance {chance:.3}, {candidates} proposals", cases.len(), self.seed);
        if !of_decided.is_empty() {
            text += &format!("; chance of those that obstacles decide {chance_of_decided:.3}");
        }
        if !self.known.is_empty() {
            let names: Vec<&str> = self.known.iter().map(|part| part.name()).collect();
            text += &format!("; known: {}", names.join(", "));
        }
        results.iter().for_each(|result| text += &line(result));
        print_text(&text)
    }

    fn planner(&self, artefact: &Artefact) -> Result<GoalForcePlanner, CliError> {
        let choice = self.engine.choice().map_err(CliError::input)?;
        let settings = GoalForceSettings { steps: self.steps, candidates: self.candidates };
        let engine = |batch| load_engine(artefact, &choice, batch);
        GoalForcePlanner::open(artefact.manifest(), settings, engine).map_err(CliError::input)
    }
}

fn line(result: &PushSummary) -> String {
    let decided = match result.decided {
        0 => String::new(),
        count => format!(", {:>5.1}% of {count} decided by obstacles", 100.0 * result.initiator_of_decided),
    };
    format!(
        "\n{:<12} seen {:>5.1}%  proposed {:>5.1}%  spontaneous {:>5.1}%  initiator {:>5.1}% ({:>5.1}% of proposed{})  raw {:>5.1}%  checked {:>5.1}%  corrected {:>5.1}%  unsafe {}  on obstacles {}",
        result.chooser.name(),
        100.0 * result.seen,
        100.0 * result.proposed,
        100.0 * result.spontaneous,
        100.0 * result.initiator,
        100.0 * result.initiator_of_proposed,
        decided,
        100.0 * result.raw,
        100.0 * result.checked,
        100.0 * result.corrected,
        result.pushes_unsafe,
        result.pushes_misidentified,
    )
}
