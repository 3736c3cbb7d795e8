//! Scores: many episodes under a stated protocol, with intervals, beside what is possible at all.

mod audit;
mod barn;
mod diffuser;
mod feasibility;
mod goal_force;
mod map;
mod moving;
mod policy;
mod report;

pub use audit::Audit;
pub use barn::{BarnDriver, BarnResult, BarnRun, BarnWorld, barn_has_way, barn_score, run_barn};
pub use diffuser::{DiffuserError, run_diffuser_episode};
pub use feasibility::Feasibility;
pub use goal_force::{KnownPart, PushCase, PushChooser, PushEvaluation, PushOutcome, PushSummary, feasible};
pub use map::{MapCase, MapSetEvaluation, MethodOnMaps, Unsolved, UnsolvedQuery, evaluate_maps};
pub use moving::{MovingDriver, MovingEnd, MovingResult, MovingRun, MovingScene, run_moving};
pub use policy::{DrivenEpisode, PolicyDriveError, PolicyDriveSettings, PolicySummary, drive_policy, policy_episodes};
pub(crate) use report::Scores;
pub use report::{Evaluation, ScoreSummary};

use crate::world::{Episode, Layout};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// How a planner is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// One open-loop plan, PD control to the planned states, as published for Diffuser: no correction, no gate
    Diffuser,
    /// The whole loop: corrected, checked, replanned
    Pilot,
}

impl Protocol {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diffuser => "diffuser",
            Self::Pilot => "pilot",
        }
    }
}

/// The episodes of a seed: the same starts for every protocol, model and engine.
pub fn episodes(layout: &Layout, count: usize, seed: u64) -> Vec<Episode> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| Episode::reset(layout, &mut rng)).collect()
}
