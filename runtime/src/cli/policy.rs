//! `planwright eval policy`

use super::arguments::{open_artefact, shipped, within};
use super::output::{CliError, print_json, print_text};
use crate::evaluate::{DrivenEpisode, PolicyDriveSettings, PolicySummary, drive_policy, policy_episodes};
use crate::model::EngineSettings;
use crate::planner::RolloutSettings;
use crate::world::{Layout, MazeWorld};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright eval policy --json
  planwright eval policy --model runs/policy/model.onnx --temperature 1 --episodes 200

No correction and no gate: this is the policy alone. Its plans are evaluated by `planwright demo policy` and `planwright eval maze --model`.")]
pub(super) struct EvalPolicy {
    /// The policy (default: the shipped one)
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Episodes, driven side by side
    #[arg(long, default_value_t = 100, value_parser = within(1..=4096_usize), value_name = "N")]
    episodes: usize,
    /// Actions per episode
    #[arg(long, default_value_t = 120, value_parser = within(1..=100_000_usize), value_name = "N")]
    steps: usize,
    /// Seed of starts, goals and draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policy: RolloutSettings,
    #[command(flatten)]
    engine: EngineSettings,
}

impl EvalPolicy {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let path = self.model.clone().map_or_else(|| shipped("maze-policy"), Ok)?;
        let artefact = open_artefact(&path)?;
        let layout = artefact.manifest().family.world().and_then(|world| {
            // A manifest that was read has a layout that can be parsed.
            Layout::parse(&world.layout, &world.layout_text).ok()
        });
        let Some(layout) = layout else {
            return Err(CliError::wrong(format!("{}: expected a model with a maze, got none", path.display())));
        };
        let world = MazeWorld::new(layout);
        let episodes = policy_episodes(world.layout(), self.episodes, self.seed);
        let settings = PolicyDriveSettings {
            steps: self.steps,
            temperature: self.policy.temperature(),
            target_return: self.policy.target_return,
            seed: self.seed,
        };
        let driven: Vec<DrivenEpisode> =
            drive_policy(&artefact, &self.engine.choice().map_err(CliError::input)?, &world, &episodes, &settings)
                .map_err(CliError::input)?;
        let summary = PolicySummary::of(&driven);
        if self.json {
            return print_json(&serde_json::json!({
                "model": path,
                "model_sha256": artefact.sha256(),
                "layout": world.layout().name(),
                "episodes": self.episodes,
                "seed": self.seed,
                "settings": settings,
                "summary": summary,
            }));
        }
        print_text(&format!(
            "{} {} episodes, seed {}\nreturn    {:.1}  (95% {:.1} to {:.1}) of {}\nreached   {:.1}%, wall contacts in {} steps of {} episodes\nmotion    jerk {:.0} m/s^3, change of action {:.3}, smoothness of its distribution {:.4}",
            world.layout().name(),
            self.episodes,
            self.seed,
            summary.return_mean,
            summary.return_low,
            summary.return_high,
            self.steps,
            100.0 * summary.reach_rate,
            summary.wall_steps,
            summary.wall_episodes,
            summary.jerk_mps3,
            summary.action_change,
            summary.pmf_smoothness,
        ))
    }
}
