//! Arms over seeds: least, mean and most.

use super::arm::Arm;
use super::cell::{ArmResult, Chosen};
use crate::goal_force::table::{number, range, spread};
use crate::goal_force::{DirectRow, MotionSource};
use planwright_training::study::{Column, Table};
use serde::Serialize;

/// An arm over its seeds; shares of all scenes, each as least, mean and most of the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmRow {
    /// The arm.
    pub arm: Arm,
    /// Seeds of training.
    pub seeds: usize,
    /// Parameters of the network.
    pub parameters: usize,
    /// Loss over the last steps, on the arm's own data.
    pub loss: [f64; 3],
    /// Balls alone, then obstacles: the first proposal pushes an object that can cause the goal.
    pub initiator: [[f64; 3]; 2],
    /// The target sets off by itself in the first motion.
    pub spontaneous: [[f64; 3]; 2],
    /// The first proposal meets the goal as it is.
    pub raw: [[f64; 3]; 2],
    /// The goal is met after correction.
    pub corrected: [[f64; 3]; 2],
    /// Direct force: the pushed object sets off, and no other before it.
    pub sets_off: [f64; 3],
    /// Angle of its start to the simulated one, degrees; `None` where nothing sets off.
    pub angle_deg: Option<[f64; 3]>,
    /// Its place after all frames, off by, px.
    pub off_px: [f64; 3],
    /// Share of the scenes in which an object moves that the simulation leaves where it is.
    pub others_move: [f64; 3],
    /// Mean way of the cells without an object, px.
    pub ground_px: [f64; 3],
}

/// All arms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmTable {
    /// The command that makes it.
    pub command: String,
    /// By arm.
    pub rows: Vec<ArmRow>,
}

impl ArmTable {
    /// Of cells in any order.
    pub fn of(command: &str, results: &[ArmResult]) -> Self {
        let rows = Arm::ALL.into_iter().filter_map(|arm| row(arm, results)).collect();
        Self { command: command.to_owned(), rows }
    }

    /// For people.
    pub fn text(&self) -> String {
        format!("{}\n{}", self.command, Table::of(&COLUMNS, &self.rows).text())
    }

    /// For a report.
    pub fn markdown(&self) -> String {
        Table::of(&COLUMNS, &self.rows).markdown()
    }
}

fn row(arm: Arm, results: &[ArmResult]) -> Option<ArmRow> {
    let all: Vec<&ArmResult> = results.iter().filter(|result| result.arm == arm).collect();
    let first = all.first()?;
    let share = |of: fn(&Chosen) -> usize| {
        [0, 1].map(|kind| {
            let values: Vec<f64> = all
                .iter()
                .map(|result| of(&result.chosen[kind]) as f64 / result.chosen[kind].scenes.max(1) as f64)
                .collect();
            spread(&values)
        })
    };
    let rows: Vec<&DirectRow> =
        all.iter().filter_map(|result| result.direct.rows.iter().find(|row| row.arm == MotionSource::Model)).collect();
    let direct = |of: fn(&DirectRow) -> f64| spread(&rows.iter().map(|row| of(row)).collect::<Vec<_>>());
    let angles: Vec<f64> = rows.iter().filter_map(|row| row.angle_deg).collect();
    Some(ArmRow {
        arm,
        seeds: all.len(),
        parameters: first.parameters,
        loss: spread(&all.iter().filter_map(|result| result.loss).collect::<Vec<_>>()),
        initiator: share(|chosen| chosen.initiator),
        spontaneous: share(|chosen| chosen.spontaneous),
        raw: share(|chosen| chosen.raw),
        corrected: share(|chosen| chosen.corrected),
        sets_off: direct(|row| row.sets_off),
        angle_deg: (!angles.is_empty()).then(|| spread(&angles)),
        off_px: direct(|row| row.pushed_off_px[2]),
        others_move: direct(|row| row.others_move),
        ground_px: direct(|row| row.ground_px),
    })
}

fn both(shares: [[f64; 3]; 2]) -> String {
    shares.map(range).join("; ")
}

const COLUMNS: [Column<ArmRow>; 13] = [
    ("arm", |row| row.arm.name()),
    ("seeds", |row| row.seeds.to_string()),
    ("parameters", |row| row.parameters.to_string()),
    ("loss", |row| number(row.loss, 4)),
    ("initiator: balls; obstacles", |row| both(row.initiator)),
    ("spontaneous", |row| both(row.spontaneous)),
    ("raw", |row| both(row.raw)),
    ("corrected", |row| both(row.corrected)),
    ("direct: sets off", |row| range(row.sets_off)),
    ("angle, deg", |row| row.angle_deg.map_or(String::new(), |angle| number(angle, 1))),
    ("off by, px", |row| number(row.off_px, 1)),
    ("others move", |row| range(row.others_move)),
    ("ground moves, px", |row| number(row.ground_px, 2)),
];
