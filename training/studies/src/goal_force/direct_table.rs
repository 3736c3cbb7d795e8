//! The direct force over seeds: arms beside the simulation, and force against distance.

use super::GoalForceResult;
use super::direct::{Arm, Direct, DirectRow, LinearityRow};
use super::table::{number, range, spread};
use planwright_training::study::Column;
use serde::Serialize;

/// The direct force by arm, over all seeds: least, mean and most of the seeds' medians.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DirectArmRow {
    /// The arm.
    pub arm: Arm,
    /// Scenes in all.
    pub scenes: usize,
    /// Share of the scenes in which the pushed object sets off first.
    pub sets_off: [f64; 3],
    /// Angle between start and push, degrees; `None` where nothing sets off.
    pub angle_deg: Option<[f64; 3]>,
    /// Speed of the start over the simulated one.
    pub speed_ratio: Option<[f64; 3]>,
    /// Distance of the pushed object from its simulated place after 4, 8 and 16 frames, px.
    pub pushed_off_px: [[f64; 3]; 3],
    /// The same of the object that it strikes.
    pub struck_off_px: [[f64; 3]; 3],
    /// Share of the scenes in which an object moves that the simulation leaves where it is.
    pub others_move: [f64; 3],
    /// Mean way of the cells without an object, px.
    pub ground_px: [f64; 3],
}

/// Force and distance by mass, over all seeds: least, mean and most of the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinearityArmRow {
    /// Mass of the ball, kg.
    pub mass_kg: f64,
    /// Motions in all.
    pub motions: usize,
    /// Squared correlation of force and distance over all motions.
    pub r_squared: [f64; 3],
    /// The same over the means by force.
    pub r_squared_of_means: [f64; 3],
    /// That of the simulation.
    pub simulated_r_squared: [f64; 3],
    /// Mean distance at the smallest and the largest force in predicted motions, m.
    pub predicted_m: [f64; 2],
    /// The same in simulation, m.
    pub simulated_m: [f64; 2],
}

/// Two forces at once, over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeveralRow {
    /// Scenes in all, two balls each.
    pub scenes: usize,
    /// Share of the balls that set off with both forces in one signal, and with their own alone.
    pub sets_off: [f64; 2],
    /// Share of the scenes in which both do.
    pub both: f64,
    /// Share of the balls that set off though only the other one is pushed.
    pub by_the_other: f64,
    /// Angle of the start to the force, with both and alone, degrees: least, mean and most of the seeds' medians.
    pub angle_deg: [Option<[f64; 3]>; 2],
}

pub(super) const SEVERAL: [Column<SeveralRow>; 5] = [
    ("two forces at once: scenes", |row| row.scenes.to_string()),
    ("balls set off: both forces; own alone", |row| {
        row.sets_off.map(|share| format!("{:.1}%", 100.0 * share)).join("; ")
    }),
    ("both balls", |row| format!("{:.1}%", 100.0 * row.both)),
    ("set off by the other's force", |row| format!("{:.1}%", 100.0 * row.by_the_other)),
    ("angle, deg: both; alone", |row| {
        row.angle_deg.map(|angle| angle.map_or(String::new(), |angle| number(angle, 1))).join("; ")
    }),
];

fn several_rows(all: &[&Direct]) -> Vec<SeveralRow> {
    let scenes: usize = all.iter().map(|one| one.several.scenes).sum();
    if scenes == 0 {
        return Vec::new();
    }
    let sum = |of: fn(&Direct) -> usize| all.iter().map(|one| of(one)).sum::<usize>() as f64;
    let angle = |index: usize| {
        let values: Vec<f64> = all.iter().filter_map(|one| one.several.angle_deg[index]).collect();
        (!values.is_empty()).then(|| spread(&values))
    };
    let balls = 2.0 * scenes as f64;
    vec![SeveralRow {
        scenes,
        sets_off: [sum(|one| one.several.both) / balls, sum(|one| one.several.alone) / balls],
        both: sum(|one| one.several.scenes_both) / scenes as f64,
        by_the_other: sum(|one| one.several.by_the_other) / balls,
        angle_deg: [angle(0), angle(1)],
    }]
}

pub(super) const DIRECT: [Column<DirectArmRow>; 9] = [
    ("direct force", |row| row.arm.name().to_owned()),
    ("scenes", |row| row.scenes.to_string()),
    ("sets off", |row| range(row.sets_off)),
    ("angle, deg", |row| row.angle_deg.map_or(String::new(), |angle| number(angle, 1))),
    ("speed / simulated", |row| row.speed_ratio.map_or(String::new(), |ratio| number(ratio, 2))),
    ("pushed off by, px (4, 8, 16 frames)", |row| row.pushed_off_px.map(|off| number(off, 1)).join("; ")),
    ("struck off by, px", |row| row.struck_off_px.map(|off| number(off, 1)).join("; ")),
    ("others move", |row| range(row.others_move)),
    ("ground moves, px", |row| number(row.ground_px, 2)),
];

pub(super) const LINEARITY: [Column<LinearityArmRow>; 6] = [
    ("mass, kg", |row| format!("{}", row.mass_kg)),
    ("motions", |row| row.motions.to_string()),
    ("r^2", |row| number(row.r_squared, 3)),
    ("r^2 of means", |row| number(row.r_squared_of_means, 3)),
    ("r^2 of simulation", |row| number(row.simulated_r_squared, 3)),
    ("least to most force, m: predicted; simulated", |row| {
        let [[a, b], [c, d]] = [row.predicted_m, row.simulated_m];
        format!("{a:.3} to {b:.3}; {c:.3} to {d:.3}")
    }),
];

fn direct_rows(all: &[&Direct]) -> Vec<DirectArmRow> {
    let row = |arm: Arm| {
        let rows: Vec<&DirectRow> = all.iter().flat_map(|one| &one.rows).filter(|row| row.arm == arm).collect();
        let of = |value: fn(&DirectRow) -> f64| spread(&rows.iter().map(|row| value(row)).collect::<Vec<_>>());
        let known = |value: fn(&DirectRow) -> Option<f64>| {
            let values: Vec<f64> = rows.iter().filter_map(|row| value(row)).collect();
            (!values.is_empty()).then(|| spread(&values))
        };
        DirectArmRow {
            arm,
            scenes: all.iter().map(|one| one.scenes).sum(),
            sets_off: of(|row| row.sets_off),
            angle_deg: known(|row| row.angle_deg),
            speed_ratio: known(|row| row.speed_ratio),
            pushed_off_px: [
                of(|row| row.pushed_off_px[0]),
                of(|row| row.pushed_off_px[1]),
                of(|row| row.pushed_off_px[2]),
            ],
            struck_off_px: [
                of(|row| row.struck_off_px[0]),
                of(|row| row.struck_off_px[1]),
                of(|row| row.struck_off_px[2]),
            ],
            others_move: of(|row| row.others_move),
            ground_px: of(|row| row.ground_px),
        }
    };
    if all.is_empty() { Vec::new() } else { Arm::ALL.into_iter().map(row).collect() }
}

fn linearity_rows(all: &[&Direct]) -> Vec<LinearityArmRow> {
    let count = all.iter().map(|one| one.linearity.len()).min().unwrap_or(0);
    let row = |index: usize| {
        let rows: Vec<&LinearityRow> = all.iter().map(|one| &one.linearity[index]).collect();
        let of = |value: fn(&LinearityRow) -> f64| spread(&rows.iter().map(|row| value(row)).collect::<Vec<_>>());
        let ends = |values: fn(&LinearityRow) -> &Vec<f64>| {
            let mean = |end: fn(&Vec<f64>) -> Option<f64>| {
                let sum: f64 = rows.iter().filter_map(|row| end(values(row))).sum();
                sum / rows.len().max(1) as f64
            };
            [mean(|values| values.first().copied()), mean(|values| values.last().copied())]
        };
        LinearityArmRow {
            mass_kg: rows[0].mass_kg,
            motions: all.iter().zip(&rows).map(|(one, row)| one.balls * row.predicted_m.len()).sum(),
            r_squared: of(|row| row.r_squared),
            r_squared_of_means: of(|row| row.r_squared_of_means),
            simulated_r_squared: of(|row| row.simulated_r_squared),
            predicted_m: ends(|row| &row.predicted_m),
            simulated_m: ends(|row| &row.simulated_m),
        }
    };
    (0..count).map(row).collect()
}

/// Rows of all three tables, of cells in any order.
pub(super) fn rows(results: &[GoalForceResult]) -> (Vec<DirectArmRow>, Vec<LinearityArmRow>, Vec<SeveralRow>) {
    let direct: Vec<&Direct> = results.iter().filter_map(|result| result.direct.as_ref()).collect();
    (direct_rows(&direct), linearity_rows(&direct), several_rows(&direct))
}
