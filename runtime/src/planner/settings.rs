//! Run-time settings of every planner family, declared once: command line, configuration files and ROS parameters take
//! names, ranges and descriptions from these types.
//!
//! `None` is the model's own value, or the family's default where the model has none. Settings of other families than
//! the loaded model's have no effect.

use super::{PlannerError, schedule_of};
use crate::diffusion::{SamplerSettings, Solver};
use crate::figures::Figure;
use crate::model::{MAX_CANDIDATES, Manifest};
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a planner of any family.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlannerSettings {
    /// Of planners that sample a denoiser.
    #[command(flatten)]
    #[serde(flatten)]
    pub denoiser: DenoiserSettings,
    /// Of policies that are rolled out through the world.
    #[command(flatten)]
    #[serde(flatten)]
    pub rollout: RolloutSettings,
    /// Seed of all randomness
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    pub seed: u64,
}

/// How a denoiser is sampled.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DenoiserSettings {
    /// Solver: ddim, ddpm or dpm-solver++ (default: the model's)
    #[arg(long, value_name = "NAME")]
    pub solver: Option<Solver>,
    /// Network calls per plan (default: the model's)
    #[arg(long = "steps", value_name = "N")]
    #[schemars(range(min = 1, max = 1000))]
    pub denoising_steps: Option<usize>,
    /// Plans drawn at once, of which the best is taken (default: the model's)
    #[arg(long, value_name = "N")]
    #[schemars(range(min = 1, max = 1024))]
    pub candidates: Option<usize>,
    /// Start a replan from the previous plan, noised to this share of the noise range, 0 to 1 (default: from pure noise)
    #[arg(long, value_name = "SHARE")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub warm_start: Option<f64>,
}

/// How a policy is rolled out.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RolloutSettings {
    /// Roll-outs of a policy per plan, one batch; the first that arrives is taken (default: 4)
    #[arg(long, value_name = "N")]
    #[schemars(range(min = 1, max = 256), extend("default" = RolloutSettings::ROLLOUTS))]
    pub rollouts: Option<usize>,
    /// Temperature of a policy's actions: 1 samples the density, 0 takes its mode (default: 0.5)
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    #[schemars(range(min = 0.0, max = 100.0), extend("default" = RolloutSettings::TEMPERATURE))]
    pub temperature: Option<f64>,
    /// Return to go that conditions a policy, steps at the goal (default: the model's, down to half of it over the roll-outs)
    #[arg(long, value_name = "RETURN", allow_hyphen_values = true)]
    #[schemars(range(min = 0.0, max = 1e6))]
    pub target_return: Option<f64>,
}

/// A denoiser's sampler with its batch size, checked against the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct SamplerChoice {
    pub(super) sampler: SamplerSettings,
    pub(super) candidates: usize,
}

impl DenoiserSettings {
    /// The settings over the model's own.
    ///
    /// # Errors
    /// Expected and got, for the first value out of range.
    pub(super) fn resolve(&self, manifest: &Manifest) -> Result<SamplerChoice, PlannerError> {
        let wrong = |problem: String| Err(PlannerError::Setting(problem));
        let trained = schedule_of(manifest)?.steps();
        let own = manifest.denoiser().map_err(PlannerError::Setting)?.solver;
        let steps = self.denoising_steps.unwrap_or(own.steps);
        if !(1..=trained).contains(&steps) {
            return wrong(format!(
                "expected between 1 and {trained} denoising steps, got {steps}\nhint: the model was trained with {trained} steps; 1 to 5 are the usual choice"
            ));
        }
        let candidates = self.candidates.unwrap_or(own.candidates);
        if !(1..=MAX_CANDIDATES).contains(&candidates) {
            return wrong(format!("expected between 1 and {MAX_CANDIDATES} candidates, got {candidates}"));
        }
        if let Some(share) = self.warm_start.filter(|share| !(0.0..=1.0).contains(share)) {
            return wrong(format!("expected a warm start between 0 and 1, got {}", Figure(share)));
        }
        let sampler = SamplerSettings { solver: self.solver.unwrap_or(own.solver), steps };
        Ok(SamplerChoice { sampler, candidates })
    }
}

impl RolloutSettings {
    /// Roll-outs by default.
    pub const ROLLOUTS: usize = 4;
    /// Temperature by default.
    pub const TEMPERATURE: f64 = 0.5;

    /// # Errors
    /// Expected and got, for the first value out of range.
    pub(crate) fn check(&self) -> Result<(), PlannerError> {
        let wrong = |problem: String| Err(PlannerError::Setting(problem));
        if !(1..=256).contains(&self.rollouts()) {
            return wrong(format!("expected 1 to 256 roll-outs, got {}", self.rollouts()));
        }
        if !(0.0..=100.0).contains(&self.temperature()) {
            return wrong(format!("expected a temperature from 0 to 100, got {}", Figure(self.temperature())));
        }
        if let Some(target) = self.target_return.filter(|target| !target.is_finite()) {
            return wrong(format!("expected a finite target return, got {target}"));
        }
        Ok(())
    }

    /// Roll-outs per plan.
    pub fn rollouts(&self) -> usize {
        self.rollouts.unwrap_or(Self::ROLLOUTS)
    }

    /// Temperature of the actions.
    pub fn temperature(&self) -> f64 {
        self.temperature.unwrap_or(Self::TEMPERATURE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_holds_range_default_and_description_of_every_setting() {
        let schema = schemars::schema_for!(PlannerSettings).to_value();
        let of = |name: &str| &schema["properties"][name];
        let names = [
            "solver",
            "denoising_steps",
            "candidates",
            "warm_start",
            "rollouts",
            "temperature",
            "target_return",
            "seed",
        ];
        for name in names {
            assert!(of(name)["description"].is_string(), "{name}: {schema}");
        }
        assert_eq!(of("candidates")["maximum"], MAX_CANDIDATES);
        assert_eq!((&of("rollouts")["default"], &of("temperature")["default"]), (&4.into(), &0.5.into()));
        assert_eq!(of("temperature")["maximum"], 100.0);
    }

    #[test]
    fn values_out_of_range_are_refused_with_what_was_given() {
        let refused = |settings: RolloutSettings| settings.check().expect_err("out of range").to_string();
        let own = RolloutSettings::default();
        assert_eq!(refused(RolloutSettings { rollouts: Some(0), ..own }), "expected 1 to 256 roll-outs, got 0");
        let temperature = refused(RolloutSettings { temperature: Some(f64::NAN), ..own });
        assert_eq!(temperature, "expected a temperature from 0 to 100, got NaN");
        let target = refused(RolloutSettings { target_return: Some(f64::INFINITY), ..own });
        assert_eq!(target, "expected a finite target return, got inf");
    }
}
