//! One fit: its recipe, and what its model does.

use super::arm::Arm;
use crate::goal_force::{Direct, Fitted, fitted, measure_direct};
use planwright::evaluate::{PushCase, PushChooser, PushEvaluation};
use planwright::planner::goal_force::{GoalForcePlanner, READING_VERSION};
use planwright::world::scene::{Kind, MAX_TILT_RAD, SCENES_VERSION};
use planwright_training::recipe::{GoalForceRecipe, content_sha256};
use planwright_training::study::{Bench, Cell, StudyError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::PathBuf;

/// Seed of the evaluated scenes, the same for all arms and seeds of training.
const SCENES_SEED: u64 = 77;

/// One arm with one seed.
#[derive(Clone, Debug)]
pub struct ArmCell {
    /// The arm.
    pub arm: Arm,
    /// Seed of data and fit.
    pub seed: u64,
    /// The recipe.
    pub recipe: GoalForceRecipe,
    /// Evaluated scenes of each kind.
    pub evaluated: usize,
    /// ONNX Runtime's library; no result depends on it.
    pub library: Option<PathBuf>,
}

/// Result of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmResult {
    /// The arm.
    pub arm: Arm,
    /// Seed of data and fit.
    pub seed: u64,
    /// SHA-256 of everything that determines it, hex.
    pub settings_sha256: String,
    /// Parameters of the network.
    pub parameters: usize,
    /// Loss over the last steps.
    pub loss: Option<f64>,
    /// Scenes with balls alone, and with obstacles.
    pub chosen: [Chosen; 2],
    /// The direct force.
    pub direct: Direct,
    /// The exported file's hash.
    pub model_sha256: String,
}

/// Which objects are pushed: counts of scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// Scenes.
    pub scenes: usize,
    /// With a proposal.
    pub proposed: usize,
    /// Whose first motion has the target set off by itself.
    pub spontaneous: usize,
    /// Whose first proposal pushes an object that can cause the goal.
    pub initiator: usize,
    /// That meet the goal with the first proposal as it is.
    pub raw: usize,
    /// That meet the goal after correction.
    pub corrected: usize,
}

impl Cell for ArmCell {
    type Output = ArmResult;

    fn path(&self) -> String {
        format!("{}/cell", self.recipe.name)
    }

    fn sha256(&self) -> String {
        content_sha256(&(&self.recipe, self.evaluated, SCENES_SEED, SCENES_VERSION, READING_VERSION))
    }

    fn sha256_of(output: &ArmResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    /// A fit that was cut off continues from its last checkpoint.
    fn run(&self, bench: &Bench<'_>) -> Result<ArmResult, StudyError> {
        let Fitted { mut planner, parameters, loss, model_sha256 } =
            fitted(&self.recipe, &bench.store.folder().join(&self.recipe.name), self.library.as_ref())?;
        let mut chosen = |kind| self.chosen(kind, &mut planner);
        let chosen = [chosen(Kind::Balls)?, chosen(Kind::Blocked)?];
        Ok(ArmResult {
            arm: self.arm,
            seed: self.seed,
            settings_sha256: self.sha256(),
            parameters,
            loss,
            chosen,
            direct: measure_direct(SCENES_SEED, self.evaluated, &mut planner)?,
            model_sha256,
        })
    }
}

impl ArmCell {
    fn chosen(&self, kind: Kind, planner: &mut GoalForcePlanner) -> Result<Chosen, StudyError> {
        let size = planner.spec().picture_px;
        let cases = PushCase::draw(kind, false, MAX_TILT_RAD, size, SCENES_SEED, self.evaluated);
        let mut evaluation = PushEvaluation::new(planner.spec().clone(), planner.candidates());
        let summary = evaluation.run(PushChooser::Model, &cases, Some(planner), || ()).map_err(StudyError::failed)?;
        let outcomes = &summary.outcomes;
        Ok(Chosen {
            scenes: cases.len(),
            proposed: outcomes.iter().filter(|outcome| outcome.proposed).count(),
            spontaneous: (summary.spontaneous * cases.len() as f64).round() as usize,
            initiator: outcomes.iter().filter(|outcome| outcome.initiator).count(),
            raw: outcomes.iter().filter(|outcome| outcome.raw).count(),
            corrected: outcomes.iter().filter(|outcome| outcome.corrected).count(),
        })
    }
}
