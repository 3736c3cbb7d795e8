//! Diversity (thesis, table 4.3): six dominos in a row, the last is the target. Which of the other five sets off first, over 50
//! motions of one scene?
//!
//! `delta` is one less the Jensen-Shannon divergence, base 2, of the counts from the uniform distribution: 1 where all five are
//! as frequent, .39 where it is always the same one. It grows with the number of motions that can be read; a planner that is
//! uniform in truth has .985 in the mean of 50, and at least .963 in 95 of 100.

use planwright::evaluate::{KnownPart, PushCase};
use planwright::planner::goal_force::{ControlSignal, GoalForcePlanner, read_push, tracks};
use planwright::world::scene::MAX_TILT_RAD;
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// Motions of a scene.
pub const MOTIONS: usize = 50;
/// Dominos beside the target.
const CHOICES: usize = 5;

/// All scenes of one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diversity {
    /// Scenes.
    pub scenes: usize,
    /// By scene: how often each domino sets off first, the one farthest from the target first.
    pub counts: Vec<[usize; CHOICES]>,
    /// By scene: delta of these.
    pub delta: Vec<f64>,
    /// The same without the control signal.
    pub delta_without_control: Vec<f64>,
    /// Motions without control signal in which a domino sets off first and the target moves, of all.
    pub read_without_control: usize,
}

/// Runs all scenes.
///
/// # Errors
/// If the engine fails.
pub(super) fn measure(seed: u64, scenes: usize, planner: &mut GoalForcePlanner) -> Result<Diversity, StudyError> {
    let cases = PushCase::draw_rows(MAX_TILT_RAD, planner.spec().picture_px, seed, scenes);
    let mut counts = Vec::new();
    let mut without = Vec::new();
    for case in &cases {
        counts.push(initiators(case, true, planner)?);
        without.push(initiators(case, false, planner)?);
    }
    Ok(Diversity {
        scenes: cases.len(),
        delta: counts.iter().map(|counts| delta(counts)).collect(),
        delta_without_control: without.iter().map(|counts| delta(counts)).collect(),
        read_without_control: without.iter().flatten().sum(),
        counts,
    })
}

fn initiators(
    case: &PushCase,
    controlled: bool,
    planner: &mut GoalForcePlanner,
) -> Result<[usize; CHOICES], StudyError> {
    let seen = case.seen(planner.spec(), &[KnownPart::Objects]).map_err(StudyError::failed)?;
    let (cells, width) = (planner.spec().cells(), planner.spec().picture_px as f64);
    let (size, candidates) = (2 * planner.frames() * cells, planner.candidates());
    let goal = [seen.force];
    let control =
        if controlled { ControlSignal { goal: &goal, ..ControlSignal::default() } } else { ControlSignal::default() };
    let mut counts = [0; CHOICES];
    let mut drawn = 0;
    while drawn < MOTIONS {
        let seed = case.seed.wrapping_add((drawn as u64) << 40);
        let motions = planner.predict(&case.picture.rgb, control, seed).map_err(StudyError::failed)?;
        for motion in motions.chunks_exact(size).take(MOTIONS - drawn) {
            let all = tracks(motion, cells, &seen.cells);
            if let Ok(reading) = read_push(&all, seen.goal.body, width, |_| true)
                && let Some(count) = counts.get_mut(reading.initiator)
            {
                *count += 1;
            }
        }
        drawn += candidates;
    }
    Ok(counts)
}

/// One less the Jensen-Shannon divergence, base 2, of counts from the uniform distribution; 0 of no counts.
pub fn delta(counts: &[usize]) -> f64 {
    let sum: usize = counts.iter().sum();
    if sum == 0 {
        return 0.0;
    }
    let uniform = 1.0 / counts.len() as f64;
    let shares: Vec<f64> = counts.iter().map(|count| *count as f64 / sum as f64).collect();
    let entropy = |shares: &mut dyn Iterator<Item = f64>| -> f64 {
        shares.filter(|share| *share > 0.0).map(|share| -share * share.log2()).sum()
    };
    let mixed = entropy(&mut shares.iter().map(|share| 0.5 * (share + uniform)));
    let own = entropy(&mut shares.iter().copied());
    1.0 - (mixed - 0.5 * (own + (counts.len() as f64).log2()))
}

#[cfg(test)]
mod tests {
    use super::delta;

    #[test]
    fn delta_of_equally_frequent_outcomes_is_that_of_the_thesis() {
        for (outcomes, published) in [(1, 0.3900), (2, 0.6042), (3, 0.7635), (4, 0.8920), (5, 1.0)] {
            let mut counts = [0; 5];
            counts[..outcomes].fill(7);
            assert!((delta(&counts) - published).abs() < 5e-5, "{outcomes}: {}", delta(&counts));
        }
        // Counts that give the published .6577.
        assert!((delta(&[15, 6, 1, 0, 0]) - 0.6577).abs() < 5e-5);
        assert_eq!(delta(&[0; 5]), 0.0);
    }
}
