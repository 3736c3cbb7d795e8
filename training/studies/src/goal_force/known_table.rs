//! What is known, over seeds.

use super::choice::Family;
use super::known::{KnownArms, KnownCount};
use super::table::{percent, range, spread};
use super::{GoalForceResult, Measure};
use planwright_training::statistics::sign_test;
use planwright_training::study::Column;
use serde::Serialize;

/// A chooser with some parts of the truth known, over all seeds of a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KnownRow {
    /// Family of scenes.
    pub family: Family,
    /// The chooser.
    pub chooser: String,
    /// Names of the parts.
    pub known: Vec<String>,
    /// Seeds.
    pub seeds: usize,
    /// Scenes in all, and those whose goal is beyond the speeds of training.
    pub scenes: [usize; 2],
    /// Share of all scenes whose first proposal pushes an object that can cause the goal.
    pub initiator: f64,
    /// Share of all scenes with a push that passed the gate.
    pub checked: f64,
    /// Share of all scenes that meet the goal after correction: least, mean and most of the seeds.
    pub corrected: [f64; 3],
    /// The same as a share of the scenes with a push that passed the gate.
    pub corrected_of_checked: f64,
    /// Two-sided sign test against the row with one part less, on the same scenes; `None` where nothing is known.
    pub p_against_before: Option<f64>,
    /// Pushes that break the gate's promise.
    pub pushes_unsafe: usize,
    /// Pushes on obstacles, or on nothing.
    pub pushes_misidentified: usize,
}

pub(super) const COLUMNS: [Column<KnownRow>; 9] = [
    ("scenes", |row| format!("{} {}", row.scenes[0], row.family.name())),
    ("chooser", |row| row.chooser.clone()),
    ("known", |row| if row.known.is_empty() { "nothing".to_owned() } else { row.known.join(", ") }),
    ("initiator", |row| percent(row.initiator)),
    ("checked", |row| percent(row.checked)),
    ("corrected", |row| range(row.corrected)),
    ("of checked", |row| percent(row.corrected_of_checked)),
    ("p", |row| row.p_against_before.map_or(String::new(), |p| format!("{p:.2e}"))),
    ("unsafe / on obstacles", |row| format!("{} / {}", row.pushes_unsafe, row.pushes_misidentified)),
];

/// By chooser and arm.
pub(super) fn rows(family: Family, results: &[GoalForceResult]) -> Vec<KnownRow> {
    let of_family = |result: &&GoalForceResult| result.measure == Measure::Known(family);
    let all: Vec<&KnownArms> = results.iter().filter(of_family).filter_map(|result| result.known.as_ref()).collect();
    let Some(first) = all.first() else { return Vec::new() };
    let sum_of = |of: fn(&KnownArms) -> usize| all.iter().map(|arms| of(arms)).sum::<usize>();
    let scenes = [sum_of(|arms| arms.scenes), sum_of(|arms| arms.clamped)];
    let share = |count: usize, all: usize| count as f64 / all.max(1) as f64;
    let row = |arm: &KnownCount| {
        let is_same = |other: &&KnownCount| other.chooser == arm.chooser && other.known == arm.known;
        let counts: Vec<(&KnownCount, usize)> =
            all.iter().filter_map(|arms| Some((arms.rows.iter().find(is_same)?, arms.scenes))).collect();
        let sum = |of: fn(&KnownCount) -> usize| counts.iter().map(|(count, _)| of(count)).sum::<usize>();
        let corrected: Vec<f64> = counts.iter().map(|(count, scenes)| share(count.corrected, *scenes)).collect();
        KnownRow {
            family,
            chooser: arm.chooser.clone(),
            known: arm.known.clone(),
            seeds: counts.len(),
            scenes,
            initiator: share(sum(|count| count.initiator), scenes[0]),
            checked: share(sum(|count| count.checked), scenes[0]),
            corrected: spread(&corrected),
            corrected_of_checked: share(sum(|count| count.corrected), sum(|count| count.checked)),
            p_against_before: (!arm.known.is_empty())
                .then(|| sign_test(sum(|count| count.against_before[0]), sum(|count| count.against_before[1]))),
            pushes_unsafe: sum(|count| count.pushes_unsafe),
            pushes_misidentified: sum(|count| count.pushes_misidentified),
        }
    };
    let mut rows: Vec<KnownRow> = first.rows.iter().map(row).collect();
    // A chooser's arms below one another.
    let place = |row: &KnownRow| first.rows.iter().position(|other| other.chooser == row.chooser);
    rows.sort_by_key(place);
    rows
}
