//! Entries of a manifest that belong to its family, as they lie in the file: each is optional.

use super::manifest_entries::{ConditionSpec, DenoiserSpec, DiffusionSpec, SolverDefaults, TransformSpec, WorldSpec};
use super::manifest_error::{ManifestError, ensure};
use super::policy_spec::PolicySpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FamilyName {
    /// A denoiser of maze trajectories: inputs noisy trajectory and timestep, output the clean trajectory.
    MazeDiffusion,
    /// A denoiser of a system's trajectories: inputs noisy trajectory, timestep and, if it is conditioned, the
    /// condition vector; output what `diffusion.prediction` names.
    SequenceDiffusion,
    /// A denoiser of codes and their decoder: inputs noisy code, timestep and a code to decode; outputs what
    /// `diffusion.prediction` names, the decoder's weights, and the trajectories they belong to.
    MazeTransform,
    /// A policy: input the last steps, output of its head for the next action, per coordinate.
    MazePolicy,
}

/// Entries of the families, taken by the one that the manifest names; what is left over is refused.
pub(super) struct Entries {
    pub(super) family: FamilyName,
    pub(super) diffusion: Option<DiffusionSpec>,
    pub(super) solver: Option<SolverDefaults>,
    pub(super) world: Option<WorldSpec>,
    pub(super) condition: Option<ConditionSpec>,
    pub(super) transform: Option<TransformSpec>,
    pub(super) policy: Option<PolicySpec>,
}

impl Entries {
    pub(super) fn denoiser(&mut self) -> Result<DenoiserSpec, ManifestError> {
        match (self.diffusion.take(), self.solver.take()) {
            (Some(diffusion), Some(solver)) => Ok(DenoiserSpec { diffusion, solver }),
            (diffusion, _) => {
                let got = if diffusion.is_some() { "no solver" } else { "no noise" };
                Err(missing("diffusion", format!("noise and sampler for {:?}", self.family), got))
            }
        }
    }

    pub(super) fn world(&mut self) -> Result<WorldSpec, ManifestError> {
        self.world.take().ok_or_else(|| missing("world", "the world that a planner is for", "none"))
    }

    pub(super) fn transform(&mut self) -> Result<TransformSpec, ManifestError> {
        self.transform.take().ok_or_else(|| missing("transform", "codes and their decoder", "none"))
    }

    pub(super) fn policy(&mut self) -> Result<PolicySpec, ManifestError> {
        let expected = "context, head, returns and the bins of every action";
        self.policy.take().ok_or_else(|| missing("policy", expected, "none"))
    }

    /// Refuses entries that the family has not taken; a world may stay.
    pub(super) fn check_left_over(&self) -> Result<(), ManifestError> {
        let left_over = [
            ("diffusion", self.diffusion.is_some()),
            ("solver", self.solver.is_some()),
            ("condition", self.condition.is_some()),
            ("transform", self.transform.is_some()),
            ("policy", self.policy.is_some()),
        ];
        for (entry, is_there) in left_over {
            ensure(!is_there, entry, format!("none for {:?}", self.family), "one")?;
        }
        Ok(())
    }
}

fn missing(entry: &str, expected: impl Into<String>, got: &str) -> ManifestError {
    ManifestError::Entry { entry: entry.to_owned(), expected: expected.into(), got: got.to_owned() }
}
