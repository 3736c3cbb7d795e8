//! Planners from arguments: whatever a model is, what plans with it.

use super::common::{CliError, EngineArguments, SamplerArguments};
use crate::model::{Artefact, load_engine};
use crate::planner::{AnyMazePlanner, AnyMazeSettings, PathPlannerSettings, PolicyPlannerSettings};
use clap::Args;

/// How a policy acts.
#[derive(Args, Clone, Debug)]
pub(super) struct PolicyArguments {
    /// Futures that a policy imagines at once; the first that arrives is taken
    #[arg(long, default_value_t = PolicyPlannerSettings::default().rollouts, value_name = "N")]
    rollouts: usize,
    /// Sharpness of a policy's actions: 1 draws from its density, 0 takes the mode
    #[arg(long, default_value_t = PolicyPlannerSettings::default().temperature, value_name = "T", allow_hyphen_values = true)]
    pub(super) temperature: f64,
    /// Return that a policy is asked for (default: the model's)
    #[arg(long, value_name = "RETURN", allow_hyphen_values = true)]
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

/// What a model's planner is asked for.
pub(super) fn any_settings(
    artefact: &Artefact,
    sampler: &SamplerArguments,
    policy: &PolicyArguments,
    seed: u64,
) -> Result<AnyMazeSettings, CliError> {
    let settings = match AnyMazeSettings::of(artefact.manifest()) {
        AnyMazeSettings::Knots(_) => AnyMazeSettings::Knots(sampler.settings(artefact, seed)?),
        AnyMazeSettings::Paths(own) => AnyMazeSettings::Paths(PathPlannerSettings { seed, ..own }),
        AnyMazeSettings::Policy(_) => AnyMazeSettings::Policy(policy.settings(seed)),
    };
    settings.check(artefact.manifest()).map_err(CliError::input)?;
    Ok(settings)
}

/// The planner of a model with the given choices.
pub(super) fn any_planner(
    artefact: &Artefact,
    engine: &EngineArguments,
    sampler: &SamplerArguments,
    policy: &PolicyArguments,
    seed: u64,
) -> Result<AnyMazePlanner, CliError> {
    let settings = any_settings(artefact, sampler, policy, seed)?;
    let engine = load_engine(artefact, &engine.choice()?, settings.rows()).map_err(CliError::input)?;
    AnyMazePlanner::on_engine(artefact.manifest(), engine, settings).map_err(CliError::input)
}
