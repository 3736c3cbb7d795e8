//! What a policy's manifest says beyond a denoiser's: its history, its head, its actions.

use crate::density::Binning;
use crate::world::STEP_SECS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one step of a policy's history holds, in order. `known` is 1 for a step that was, 0 before the first; the values
/// of an unknown step are those that the normaliser maps to 0, and its `known` is the low end.
pub const POLICY_COLUMNS: [&str; 10] =
    ["x", "y", "vx", "vy", "goal_x", "goal_y", "return_to_go", "action_x", "action_y", "known"];

const MAX_CONTEXT: usize = 1024;
const MAX_CONTROL_STEPS: usize = 1000;
const ACTIONS: [&str; 2] = ["action_x", "action_y"];

/// How the outputs of a policy become actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Steps of history that the network sees: a fixed window, the newest step last; there is no cache between calls.
    pub context: usize,
    /// What the outputs of a coordinate are.
    pub head: HeadSpec,
    /// One entry per action coordinate, with its bins.
    pub actions: Vec<ActionSpec>,
    /// The returns of the data.
    pub returns: ReturnSpec,
    /// Steps of the world for which an action is held.
    pub control_steps: usize,
}

/// What a head says about one coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HeadSpec {
    /// 2 (N + 1) activations: real parts, then imaginary parts, of the coefficients whose autocorrelation is the
    /// Fourier series of the density.
    Fourier {
        /// Frequencies N.
        frequencies: usize,
    },
    /// One logit per bin.
    Categorical {},
}

impl std::fmt::Display for HeadSpec {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fourier { frequencies } => write!(out, "Fourier head with {frequencies} frequencies"),
            Self::Categorical {} => write!(out, "linear head"),
        }
    }
}

/// One action coordinate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    /// `action_x`, `action_y`.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Its range and bins.
    pub bins: Binning,
}

/// The returns that a policy can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnSpec {
    /// Smallest return to go in the data.
    pub low: f64,
    /// Largest return to go in the data.
    pub high: f64,
    /// What is asked for at the start of an episode unless told otherwise.
    pub target: f64,
}

impl PolicySpec {
    /// Values that the head says per coordinate.
    pub fn outputs(&self) -> usize {
        match self.head {
            HeadSpec::Fourier { frequencies } => 2 * (frequencies + 1),
            HeadSpec::Categorical {} => self.actions.first().map_or(0, |action| action.bins.bins()),
        }
    }

    /// The first entry without sense: its name, expected, got.
    pub(super) fn check(&self, knot_secs: f64) -> Result<(), (&'static str, String, String)> {
        let wrong = |entry, expected: String, got: String| Err((entry, expected, got));
        if !(1..=MAX_CONTEXT).contains(&self.context) {
            return wrong("policy.context", format!("1 to {MAX_CONTEXT} steps"), self.context.to_string());
        }
        let names: Vec<&str> = self.actions.iter().map(|action| action.name.as_str()).collect();
        if names != ACTIONS {
            return wrong("policy.actions", format!("{ACTIONS:?}"), format!("{names:?}"));
        }
        let bins: Vec<usize> = self.actions.iter().map(|action| action.bins.bins()).collect();
        let fewest = bins.iter().copied().min().unwrap_or(0);
        match self.head {
            HeadSpec::Fourier { frequencies } if !(1..=fewest / 2).contains(&frequencies) => {
                let expected = format!("1 to {} frequencies, half of the bins", fewest / 2);
                return wrong("policy.head", expected, frequencies.to_string());
            }
            HeadSpec::Categorical {} if bins.iter().any(|count| *count != fewest) => {
                return wrong("policy.actions", "as many bins for every action".to_owned(), format!("{bins:?}"));
            }
            _ => {}
        }
        let ReturnSpec { low, high, target } = self.returns;
        if !([low, high, target].iter().all(|value| value.is_finite()) && low <= high) {
            return wrong(
                "policy.returns",
                "finite figures with low <= high".to_owned(),
                format!("{:?}", self.returns),
            );
        }
        let period_secs = self.control_steps as f64 * STEP_SECS;
        if !((1..=MAX_CONTROL_STEPS).contains(&self.control_steps) && (knot_secs - period_secs).abs() < 1e-9) {
            let expected = format!("knot_secs / {STEP_SECS}");
            return wrong("policy.control_steps", expected, self.control_steps.to_string());
        }
        Ok(())
    }
}
