//! Adherence, realism and quality over seeds: least, mean and most of the seeds' medians.

use super::GoalForceResult;
use super::adherence::{Adherence, AdherenceArm, GoalClass, Told};
use super::table::{number, percent, spread};
use planwright_training::study::Column;
use serde::Serialize;

/// An arm on a class over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AdherenceRow {
    /// The class.
    pub class: GoalClass,
    /// What the network is given.
    pub told: Told,
    /// Scenes in all.
    pub scenes: usize,
    /// Share of the motions from which a push is read.
    pub read: f64,
    /// Share in which the cells of one thing part.
    pub parted: f64,
    /// Angle to the goal, degrees.
    pub angle_deg: Option<[f64; 3]>,
    /// Speed over the goal's.
    pub speed_ratio: Option<[f64; 3]>,
    /// Distance from the simulation after 8 and 16 frames, px.
    pub off_px: Option<[[f64; 3]; 2]>,
}

pub(super) const ADHERENCE: [Column<AdherenceRow>; 8] = [
    ("scenes", |row| format!("{} {}", row.scenes, row.class.name())),
    ("given", |row| row.told.name().to_owned()),
    ("read", |row| percent(row.read)),
    ("parted", |row| percent(row.parted)),
    ("target: angle to the goal, deg", |row| row.angle_deg.map_or(String::new(), |angle| number(angle, 1))),
    ("speed / goal", |row| row.speed_ratio.map_or(String::new(), |ratio| number(ratio, 2))),
    ("off simulation, px (8 frames)", |row| row.off_px.map_or(String::new(), |off| number(off[0], 1))),
    ("(16 frames)", |row| row.off_px.map_or(String::new(), |off| number(off[1], 1))),
];

pub(super) fn rows(results: &[GoalForceResult]) -> Vec<AdherenceRow> {
    let all: Vec<&Adherence> = results.iter().filter_map(|result| result.adherence.as_ref()).collect();
    let row = |class: GoalClass, told: Told| {
        let of_class: Vec<&&Adherence> = all.iter().filter(|one| one.class == class).collect();
        let arms: Vec<&AdherenceArm> =
            of_class.iter().filter_map(|one| one.arms.iter().find(|arm| arm.told == told)).collect();
        let scenes: usize = of_class.iter().map(|one| one.scenes).sum();
        let share = |of: fn(&AdherenceArm) -> usize| {
            arms.iter().map(|arm| of(arm)).sum::<usize>() as f64 / scenes.max(1) as f64
        };
        let known = |of: &dyn Fn(&AdherenceArm) -> Option<f64>| {
            let values: Vec<f64> = arms.iter().filter_map(|arm| of(arm)).collect();
            (!values.is_empty()).then(|| spread(&values))
        };
        let off = |index: usize| known(&|arm| arm.off_px.map(|off| off[index]));
        (scenes > 0).then(|| AdherenceRow {
            class,
            told,
            scenes,
            read: share(|arm| arm.read),
            parted: share(|arm| arm.parted),
            angle_deg: known(&|arm| arm.angle_deg),
            speed_ratio: known(&|arm| arm.speed_ratio),
            off_px: off(0).zip(off(1)).map(|(early, late)| [early, late]),
        })
    };
    GoalClass::ALL
        .into_iter()
        .flat_map(|class| Told::ALL.into_iter().filter_map(move |told| row(class, told)))
        .collect()
}
