//! What is met after correction when parts of the truth are known: what each of them costs where it is not.

use super::choice::Family;
use planwright::evaluate::{KnownPart, PushChooser, PushEvaluation, PushOutcome};
use planwright::planner::goal_force::GoalForcePlanner;
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// Choosers that are compared.
const CHOOSERS: [PushChooser; 3] = [PushChooser::Model, PushChooser::Random, PushChooser::Search];

/// All arms on the same scenes: nothing known beside the picture; the surface; masses too; objects too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownArms {
    /// Scenes.
    pub scenes: usize,
    /// Scenes whose goal is beyond the speeds of training: the request has the nearest speed that is not.
    pub clamped: usize,
    /// By arm and chooser.
    pub rows: Vec<KnownCount>,
}

/// A chooser with some parts known: counts of scenes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownCount {
    /// Names of the parts that are known.
    pub known: Vec<String>,
    /// The chooser.
    pub chooser: String,
    /// With a proposal.
    pub proposed: usize,
    /// Whose first proposal pushes an object that can cause the goal.
    pub initiator: usize,
    /// With a push that passed the gate.
    pub checked: usize,
    /// That meet the goal with it.
    pub corrected: usize,
    /// Whose push breaks the gate's promise.
    pub pushes_unsafe: usize,
    /// Whose push is on an obstacle, or on nothing.
    pub pushes_misidentified: usize,
    /// Scenes whose goal this chooser meets here and not in the arm with one part less, and the other way round.
    pub against_before: [usize; 2],
}

/// Runs all arms.
///
/// # Errors
/// If the engine fails.
pub(super) fn measure(
    family: Family,
    seed: u64,
    scenes: usize,
    planner: &mut GoalForcePlanner,
) -> Result<KnownArms, StudyError> {
    let spec = planner.spec().clone();
    let cases = family.cases(spec.picture_px, seed, scenes);
    let in_range = |mps: f64| (spec.goal_mps[0]..=spec.goal_mps[1]).contains(&mps);
    let clamped = cases.iter().filter(|case| !in_range(case.goal.speed_mps)).count();
    let mut rows = Vec::new();
    let mut before: [Vec<PushOutcome>; CHOOSERS.len()] = Default::default();
    for count in 0..=KnownPart::ALL.len() {
        let known = &KnownPart::ALL[..count];
        let mut evaluation = PushEvaluation::new(spec.clone(), planner.candidates()).knowing(known);
        for (chooser, before) in CHOOSERS.into_iter().zip(&mut before) {
            let summary = evaluation.run(chooser, &cases, Some(planner), || ()).map_err(StudyError::failed)?;
            let outcomes = summary.outcomes;
            let count = |of: fn(&PushOutcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count();
            let pairs = || outcomes.iter().zip(before.iter());
            rows.push(KnownCount {
                known: known.iter().map(|part| part.name().to_owned()).collect(),
                chooser: chooser.name().to_owned(),
                proposed: count(|outcome| outcome.proposed),
                initiator: count(|outcome| outcome.initiator),
                checked: count(|outcome| outcome.checked),
                corrected: count(|outcome| outcome.corrected),
                pushes_unsafe: summary.pushes_unsafe,
                pushes_misidentified: summary.pushes_misidentified,
                against_before: [
                    pairs().filter(|(here, before)| here.corrected && !before.corrected).count(),
                    pairs().filter(|(here, before)| !here.corrected && before.corrected).count(),
                ],
            });
            *before = outcomes;
        }
    }
    Ok(KnownArms { scenes: cases.len(), clamped, rows })
}
