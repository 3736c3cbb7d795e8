//! Planners from arguments: whatever a model is, what plans with it.

use super::common::{CliError, EngineArguments, SamplerArguments};
use crate::model::{Artefact, Family};
use crate::planner::{
    AnyMazePlanner, MazePlanner, PathPlanner, PathPlannerSettings, PolicyPlanner, PolicyPlannerSettings,
};
use clap::Args;

/// How a policy acts.
#[derive(Args, Clone, Debug)]
pub(super) struct PolicyArguments {
    /// Futures that a policy imagines at once; the first that arrives is taken
    #[arg(long, default_value_t = PolicyPlannerSettings::default().rollouts, value_name = "N")]
    rollouts: usize,
    /// Sharpness of a policy's actions: 1 draws from its density, 0 takes the mode
    #[arg(long, default_value_t = PolicyPlannerSettings::default().temperature, value_name = "T")]
    pub(super) temperature: f64,
    /// Return that a policy is asked for (default: the model's)
    #[arg(long, value_name = "RETURN")]
    pub(super) target_return: Option<f64>,
}

impl PolicyArguments {
    /// The settings of a planner.
    pub(super) fn settings(&self, seed: u64) -> PolicyPlannerSettings {
        PolicyPlannerSettings {
            rollouts: self.rollouts,
            temperature: self.temperature,
            target_return: self.target_return,
            seed,
            ..PolicyPlannerSettings::default()
        }
    }
}

/// The planner of a model with the given choices.
pub(super) fn any_planner(
    artefact: &Artefact,
    engine: &EngineArguments,
    sampler: &SamplerArguments,
    policy: &PolicyArguments,
    seed: u64,
) -> Result<AnyMazePlanner, CliError> {
    let (manifest, choice) = (artefact.manifest(), engine.choice()?);
    let planner = if manifest.family == Family::MazePolicy {
        PolicyPlanner::new(artefact, &choice, policy.settings(seed)).map(AnyMazePlanner::Policy)
    } else if manifest.plans_paths() {
        let settings = PathPlannerSettings { seed, ..PathPlannerSettings::of(manifest) };
        PathPlanner::new(artefact, &choice, settings).map(AnyMazePlanner::Paths)
    } else {
        MazePlanner::new(artefact, &choice, sampler.settings(artefact, seed)?).map(AnyMazePlanner::Knots)
    };
    planner.map_err(CliError::input)
}
