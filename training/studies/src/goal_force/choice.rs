//! Which object is pushed, by the model and by controls.

use planwright::evaluate::{PushCase, PushChooser, PushEvaluation, PushOutcome};
use planwright::planner::goal_force::GoalForcePlanner;
use planwright::world::scene::{Kind, MAX_TILT_RAD};
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// A family of scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Balls alone.
    Balls,
    /// With obstacles as in training.
    Blocked,
    /// With obstacles of other shapes and hues.
    HeldOut,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Balls, Self::Blocked, Self::HeldOut];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Balls => "balls",
            Self::Blocked => "blocked",
            Self::HeldOut => "held-out",
        }
    }

    /// Its first scenes from a seed on.
    pub(super) fn cases(self, picture_px: usize, seed: u64, scenes: usize) -> Vec<PushCase> {
        let (kind, held_out) = match self {
            Self::Balls => (Kind::Balls, false),
            Self::Blocked => (Kind::Blocked, false),
            Self::HeldOut => (Kind::Blocked, true),
        };
        PushCase::draw(kind, held_out, MAX_TILT_RAD, picture_px, seed, scenes)
    }
}

/// All choosers on the same scenes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Scenes.
    pub scenes: usize,
    /// Share of the objects that can cause the goal.
    pub chance: f64,
    /// The same of the objects that can or that obstacles alone keep from it, where there are such.
    pub chance_of_decided: Option<f64>,
    /// By chooser, the model first.
    pub choosers: Vec<ChooserRow>,
}

/// A chooser: counts of scenes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChooserRow {
    /// Its name.
    pub chooser: String,
    /// With a proposal.
    pub proposed: usize,
    /// Whose first motion has the target set off by itself, as a share of all scenes.
    pub spontaneous: f64,
    /// Whose first proposal pushes an object that can cause the goal.
    pub initiator: usize,
    /// In which an object is barred, and the first proposal's can cause the goal or is barred.
    pub decided: usize,
    /// Of these, whose object can.
    pub decided_well: usize,
    /// That meet the goal with the first proposal as it is.
    pub raw: usize,
    /// With a push that passed the gate.
    pub checked: usize,
    /// That meet the goal with it.
    pub corrected: usize,
    /// Whose push breaks the gate's promise.
    pub pushes_unsafe: usize,
    /// Whose push is on an obstacle, or on nothing.
    pub pushes_misidentified: usize,
    /// Scenes whose goal the model meets after correction and this one does not, and the other way round.
    pub against_model: [usize; 2],
}

/// Runs all choosers.
///
/// # Errors
/// If the engine fails.
pub(super) fn measure(
    family: Family,
    seed: u64,
    scenes: usize,
    planner: &mut GoalForcePlanner,
) -> Result<Choice, StudyError> {
    let cases = family.cases(planner.spec().picture_px, seed, scenes);
    let mut evaluation = PushEvaluation::new(planner.spec().clone(), planner.candidates());
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let barred: Vec<f64> = cases.iter().filter_map(PushCase::chance_barred).collect();
    let mut choosers: Vec<ChooserRow> = Vec::new();
    let mut of_model: Vec<PushOutcome> = Vec::new();
    for chooser in PushChooser::ALL {
        let summary = evaluation.run(chooser, &cases, Some(planner), || ()).map_err(StudyError::failed)?;
        let outcomes = &summary.outcomes;
        if chooser == PushChooser::Model {
            of_model.clone_from(outcomes);
        }
        let count = |of: fn(&PushOutcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count();
        let pairs = || of_model.iter().zip(outcomes);
        choosers.push(ChooserRow {
            chooser: chooser.name().to_owned(),
            proposed: count(|outcome| outcome.proposed),
            spontaneous: summary.spontaneous,
            initiator: count(|outcome| outcome.initiator),
            decided: count(|outcome| outcome.has_barred && (outcome.initiator || outcome.barred)),
            decided_well: count(|outcome| outcome.has_barred && outcome.initiator),
            raw: count(|outcome| outcome.raw),
            checked: count(|outcome| outcome.checked),
            corrected: count(|outcome| outcome.corrected),
            pushes_unsafe: summary.pushes_unsafe,
            pushes_misidentified: summary.pushes_misidentified,
            against_model: [
                pairs().filter(|(model, other)| model.corrected && !other.corrected).count(),
                pairs().filter(|(model, other)| !model.corrected && other.corrected).count(),
            ],
        });
    }
    Ok(Choice {
        scenes: cases.len(),
        chance: mean(cases.iter().map(PushCase::chance).collect()),
        chance_of_decided: (!barred.is_empty()).then(|| 1.0 - mean(barred)),
        choosers,
    })
}
