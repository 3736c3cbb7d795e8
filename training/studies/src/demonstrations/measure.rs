//! How far answers are from what the demonstrator does, query by query and as a distribution.

use super::controls::{Clearing, Outcome, mean_distance_m};
use super::foreign::{Driven, Query, room_share};
use super::selection;
use planwright::quantity::{Marginal, QuantityGrid};
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// Modes farther apart than this are two, metres.
const APART_M: f64 = 0.3;
/// Cells of clearance and speed, whose drift is measured knot by knot; clearances above a metre count as one.
const CELLS: usize = 20;

/// One arm's figures over all queries, after the repair that all share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmFigures {
    /// Its name.
    pub arm: String,
    /// Mean distance from the nearest style of the demonstrator, cm: mean over knots, then over queries.
    pub mean_cm: f64,
    /// Root of the mean squared distance from it, cm.
    pub rms_cm: f64,
    /// Energy distance between the arm's paths and the demonstrator's, cm, mean over queries; the distance of two paths is
    /// the root mean square over knots. `None` where draws were chosen by their quantity: they are no draws then.
    pub energy_cm: Option<f64>,
    /// Where the demonstrator's styles are more than 0.3 m apart: share of the knots in the middle half between them.
    pub between: Option<f64>,
    /// Total variation of the clearance over all knots between arm and demonstrator, on the same queries.
    pub clearance_tv: f64,
    /// Total variation of the share of free space that a path uses, between arm and drives.
    pub room_tv: f64,
    /// Root mean square distance from the demonstrator's speed, share of full speed.
    pub speed_rms: Option<f64>,
    /// Total variation of the speed over all knots between arm and demonstrator.
    pub speed_tv: Option<f64>,
    /// Share of the answers that were clear before the repair.
    pub clear_raw: f64,
    /// Share that could not be made clear: the route.
    pub route: f64,
    /// Mean distance of each query, cm.
    pub errors_cm: Vec<f64>,
}

/// Answers made clear: the first of each query is the one that is driven.
pub(super) struct Cleared {
    answers: Vec<Vec<Driven>>,
    outcomes: Vec<Outcome>,
    /// Whether the answers were chosen by their quantity.
    is_chosen: bool,
}

impl Cleared {
    pub(super) fn new(queries: &[Query], mut answers: Vec<Vec<Driven>>) -> Self {
        let mut clearing = Clearing::default();
        let mut outcomes = Vec::new();
        for (query, answers) in queries.iter().zip(&mut answers) {
            let all: Vec<Outcome> = answers.iter_mut().map(|answer| clearing.clear(query, answer)).collect();
            outcomes.extend(all.first());
        }
        Self { answers, outcomes, is_chosen: false }
    }

    /// Of each query's answers the one whose share of free space is nearest to the query's target.
    pub(super) fn chosen(&self, queries: &[Query], targets: &[f64]) -> Self {
        let choose = |((query, answers), target): ((&Query, &Vec<Driven>), &f64)| {
            let share = |answer: &Driven| room_share(&query.map, &query.problem, &query.room, &answer.offsets);
            let shares: Vec<f64> = answers.iter().map(share).collect();
            answers.get(selection::nearest(&shares, *target)).cloned().into_iter().collect()
        };
        let answers = queries.iter().zip(&self.answers).zip(targets).map(choose).collect();
        Self { answers, outcomes: self.outcomes.clone(), is_chosen: true }
    }
}

fn rms_m(one: &[f64], other: &[f64]) -> f64 {
    (one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / one.len().max(1) as f64).sqrt()
}

/// 2 E|X - Y| - E|X - X'| - E|Y - Y'| of draws X and the demonstrator's styles Y; X' is another draw, Y' any style.
fn energy_m(answers: &[Driven], modes: &[Driven]) -> f64 {
    let mean = |sum: f64, count: usize| sum / count.max(1) as f64;
    let across: f64 = answers.iter().flat_map(|x| modes.iter().map(|y| rms_m(&x.offsets, &y.offsets))).sum();
    let pairs = |all: &[Driven]| -> f64 {
        (0..all.len())
            .flat_map(|one| (0..one).map(move |other| (one, other)))
            .map(|(one, other)| 2.0 * rms_m(&all[one].offsets, &all[other].offsets))
            .sum()
    };
    let (draws, styles) = (answers.len(), modes.len());
    2.0 * mean(across, draws * styles)
        - mean(pairs(answers), draws * draws.saturating_sub(1))
        - mean(pairs(modes), styles * styles)
}

/// The figures of an arm. `shares` is the drives' distribution of the share of free space.
///
/// # Errors
/// If a value is not finite.
pub(super) fn figures(
    arm: &str,
    queries: &[Query],
    cleared: &Cleared,
    shares: &Marginal,
    has_speed: bool,
) -> Result<ArmFigures, StudyError> {
    let cells = QuantityGrid::new(0.0, 1.0, CELLS)?;
    let (mut errors_cm, mut square, mut energy) = (Vec::new(), 0.0, 0.0);
    let (mut split, mut between) = (0_usize, 0_usize);
    let (mut clearances, mut speeds) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let (mut used, mut speed_square, mut knots) = (Vec::new(), 0.0, 0_usize);
    for (query, answers) in queries.iter().zip(&cleared.answers) {
        let Some(answer) = answers.first() else {
            return Err(StudyError::setting(arm, "with an answer to every query", "none"));
        };
        let offsets = &answer.offsets;
        let far = |mode: &&Driven| mean_distance_m(offsets, &mode.offsets);
        let Some(nearest) = query.modes.iter().min_by(|one, other| far(one).total_cmp(&far(other))) else { continue };
        errors_cm.push(100.0 * far(&nearest));
        square += rms_m(offsets, &nearest.offsets).powi(2);
        energy += energy_m(answers, &query.modes);
        if let [right, left] = &query.modes[..] {
            for ((offset, right), left) in offsets.iter().zip(&right.offsets).zip(&left.offsets) {
                let apart_m = (left - right).abs();
                if apart_m > APART_M {
                    split += 1;
                    between += usize::from((offset - 0.5 * (left + right)).abs() < 0.25 * apart_m);
                }
            }
        }
        let clearance = |(knot, offset): (usize, &f64)| {
            query.map.distance(query.problem.reference.beside(knot, *offset)) - query.problem.radius_m
        };
        clearances[0].extend(offsets.iter().enumerate().map(clearance));
        speeds[0].extend(&answer.speeds);
        for mode in &query.modes {
            clearances[1].extend(mode.offsets.iter().enumerate().map(clearance));
            speeds[1].extend(&mode.speeds);
        }
        speed_square += answer.speeds.iter().zip(&nearest.speeds).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        knots += offsets.len();
        used.push(room_share(&query.map, &query.problem, &query.room, offsets));
    }
    let variation = |[own, wanted]: &[Vec<f64>; 2]| -> Result<f64, StudyError> {
        Ok(Marginal::from_values(cells, own)?.total_variation(&Marginal::from_values(cells, wanted)?)?)
    };
    let count = errors_cm.len().max(1) as f64;
    let share = |outcome: Outcome| cleared.outcomes.iter().filter(|one| **one == outcome).count() as f64 / count;
    Ok(ArmFigures {
        arm: arm.to_owned(),
        mean_cm: errors_cm.iter().sum::<f64>() / count,
        rms_cm: 100.0 * (square / count).sqrt(),
        energy_cm: (!cleared.is_chosen).then(|| 100.0 * energy / count),
        between: (split > 0).then(|| between as f64 / split as f64),
        clearance_tv: variation(&clearances)?,
        room_tv: Marginal::from_values(shares.grid(), &used)?.total_variation(shares)?,
        speed_rms: has_speed.then(|| (speed_square / knots.max(1) as f64).sqrt()),
        speed_tv: if has_speed { Some(variation(&speeds)?) } else { None },
        clear_raw: share(Outcome::Clear),
        route: share(Outcome::Route),
        errors_cm: errors_cm.iter().map(|error| (1e3 * error).round() / 1e3).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(offset: f64) -> Driven {
        Driven { offsets: vec![offset; 5], speeds: vec![1.0; 5] }
    }

    #[test]
    fn energy_distances_by_hand() {
        let modes = [path(-0.3), path(0.3)];
        // Halves of both styles: 2 * 0.3 - E|X - X'| - 0.3, and of two draws of different styles all pairs are 0.6 apart.
        assert!((energy_m(&modes, &modes) - (0.6 - 0.6 - 0.3)).abs() < 1e-12);
        let many: Vec<Driven> = (0..200).map(|draw| path(if draw % 2 == 0 { -0.3 } else { 0.3 })).collect();
        assert!(energy_m(&many, &modes).abs() < 0.01);
        // In the middle as at one of the styles alone: 2 * 0.3 - 0 - 0.3.
        assert!((energy_m(&[path(0.0)], &modes) - 0.3).abs() < 1e-12);
        assert!((energy_m(&[path(0.3)], &modes) - 0.3).abs() < 1e-12);
        assert_eq!(energy_m(&[path(0.1)], &[path(0.1)]), 0.0);
    }
}
