//! `planwright eval goal-force`

use super::arguments::{open_artefact, shipped, within};
use super::output::{CliError, print_json, print_text};
use crate::evaluate::{PushCase, PushChooser, PushEvaluation, PushSummary};
use crate::model::{EngineSettings, load_engine};
use crate::planner::goal_force::{GoalForcePlanner, GoalForceSettings};
use crate::world::scene::Kind;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Example: planwright eval goal-force --scenes 200 --seed 0 --json

Simulated tables with at least three objects beside the target, of which some can cause the goal and some cannot. The planner
sees the picture, the goal and in half of the scenes the masses; neither friction nor restitution. Its push is executed in the
true scene: the goal is met within 15 degrees and 30% of the speed. `initiator`: the object that is pushed can cause the goal.
`raw`: the push as it is read meets the goal. `corrected`: after correction by simulation and the gate. The choosers without a
network go through the same correction and gate.")]
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
    /// A model of family goal-force (default: the shipped one)
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Network calls per motion (default: the model's)
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Motions drawn at once, of which the first that the gate passes counts (default: the model's)
    #[arg(long, value_name = "N")]
    candidates: Option<usize>,
    #[command(flatten)]
    engine: EngineSettings,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl EvalGoalForce {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let choosers = if self.choosers.is_empty() { &PushChooser::ALL[..] } else { &self.choosers };
        let path = match &self.model {
            Some(path) => path.clone(),
            None => shipped("goal-force")?,
        };
        let artefact = open_artefact(&path)?;
        let choice = self.engine.choice().map_err(CliError::input)?;
        let settings = GoalForceSettings { steps: self.steps, candidates: self.candidates };
        let manifest = artefact.manifest();
        let planner = GoalForcePlanner::open(manifest, settings, |batch| load_engine(&artefact, &choice, batch));
        let mut planner = planner.map_err(CliError::input)?;
        let spec = planner.spec().clone();
        let bar =
            ProgressBar::with_draw_target(Some((self.scenes * choosers.len()) as u64), ProgressDrawTarget::stderr());
        let tilt = self.max_tilt.to_radians();
        let cases = PushCase::draw(self.kind, self.held_out, tilt, spec.picture_px, self.seed, self.scenes);
        let mut evaluation = PushEvaluation::default();
        let mut results = Vec::new();
        for chooser in choosers {
            let done = evaluation.run(*chooser, &cases, &spec, Some(&mut planner), || bar.inc(1));
            results.push(done.map_err(CliError::failed)?);
        }
        bar.finish_and_clear();
        let chance = chance(&cases);
        if self.json {
            return print_json(&serde_json::json!({
                "model": path,
                "model_sha256": artefact.sha256(),
                "scenes": cases.len(),
                "seed": self.seed,
                "chance": chance,
                "choosers": results,
            }));
        }
        let mut text = format!("{} scenes, seed {}, chance {:.3}", cases.len(), self.seed, chance);
        results.iter().for_each(|result| text += &line(result));
        print_text(&text)
    }
}

/// Mean share of the objects beside the target that can cause the goal.
fn chance(cases: &[PushCase]) -> f64 {
    let share = |case: &PushCase| {
        let bodies = &case.truth.scene.bodies;
        let others = || (0..bodies.len()).filter(|body| *body != case.goal.body && bodies[*body].moves);
        others().filter(|body| case.feasible[*body].is_some()).count() as f64 / others().count().max(1) as f64
    };
    cases.iter().map(share).sum::<f64>() / cases.len().max(1) as f64
}

fn line(result: &PushSummary) -> String {
    format!(
        "\n{:<10} seen {:>5.1}%  proposed {:>5.1}%  spontaneous {:>5.1}%  initiator {:>5.1}% ({:>5.1}% of proposed)  raw {:>5.1}%  checked {:>5.1}%  corrected {:>5.1}%",
        result.chooser.name(),
        100.0 * result.seen,
        100.0 * result.proposed,
        100.0 * result.spontaneous,
        100.0 * result.initiator,
        100.0 * result.initiator_of_proposed,
        100.0 * result.raw,
        100.0 * result.checked,
        100.0 * result.corrected,
    )
}
