//! Arms and classes over seeds: least, mean and most.

use super::arm::PromptArm;
use super::cell::PromptResult;
use super::measure::{Moved, Prompt, PromptCounts};
use crate::goal_force::table::{number, range, spread};
use planwright_training::study::{Column, Table};
use serde::Serialize;

/// An arm on a class with a prompt, over its seeds, each as least, mean and most.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptRow {
    /// The arm.
    pub arm: PromptArm,
    /// Seeds of training.
    pub seeds: usize,
    /// Scenes of each seed.
    pub scenes: usize,
    /// What is moved.
    pub moved: Moved,
    /// What the network is given.
    pub prompt: Prompt,
    /// Share of the scenes in which nothing moves that should.
    pub still: [f64; 3],
    /// Share in which it moves within 45 degrees of the true direction.
    pub near: [f64; 3],
    /// Of those that move: median angle to the true way, degrees; `None` where nothing moves.
    pub angle_deg: Option<[f64; 3]>,
    /// Median length of the way over that of the true one.
    pub way_ratio: Option<[f64; 3]>,
    /// Median correlation with the true way over the frames.
    pub correlation: Option<[f64; 3]>,
    /// Mean way of what does not truly move, px.
    pub others_px: Option<[f64; 3]>,
}

/// All arms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptTable {
    /// The command that makes it.
    pub command: String,
    /// By arm, class and prompt.
    pub rows: Vec<PromptRow>,
}

impl PromptTable {
    /// Of cells in any order.
    pub fn of(command: &str, results: &[PromptResult]) -> Self {
        let mut rows = Vec::new();
        for arm in PromptArm::ALL {
            for moved in Moved::ALL {
                rows.extend(Prompt::ALL.into_iter().filter_map(|prompt| row(arm, moved, prompt, results)));
            }
        }
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

fn row(arm: PromptArm, moved: Moved, prompt: Prompt, results: &[PromptResult]) -> Option<PromptRow> {
    let of_arm = results.iter().filter(|result| result.arm == arm);
    let all: Vec<&PromptCounts> = of_arm
        .flat_map(|result| &result.counts)
        .filter(|counts| counts.moved == moved && counts.prompt == prompt)
        .collect();
    let first = all.first()?;
    let share = |of: fn(&PromptCounts) -> usize| {
        spread(&all.iter().map(|counts| of(counts) as f64 / counts.scenes.max(1) as f64).collect::<Vec<_>>())
    };
    let some = |of: fn(&PromptCounts) -> Option<f64>| {
        let values: Vec<f64> = all.iter().filter_map(|counts| of(counts)).collect();
        (!values.is_empty()).then(|| spread(&values))
    };
    Some(PromptRow {
        arm,
        seeds: all.len(),
        scenes: first.scenes,
        moved,
        prompt,
        still: share(|counts| counts.still),
        near: share(|counts| counts.near),
        angle_deg: some(|counts| counts.angle_deg),
        way_ratio: some(|counts| counts.way_ratio),
        correlation: some(|counts| counts.correlation),
        others_px: some(|counts| counts.others_px),
    })
}

fn given(values: Option<[f64; 3]>, decimals: usize) -> String {
    values.map_or(String::new(), |values| number(values, decimals))
}

const COLUMNS: [Column<PromptRow>; 10] = [
    ("trained on", |row| row.arm.name()),
    ("seeds", |row| row.seeds.to_string()),
    ("moved", |row| row.moved.name().to_owned()),
    ("given", |row| row.prompt.name().to_owned()),
    ("still", |row| range(row.still)),
    ("within 45 degrees", |row| range(row.near)),
    ("of those that move: angle, deg", |row| given(row.angle_deg, 1)),
    ("way / true way", |row| given(row.way_ratio, 2)),
    ("correlation over frames", |row| given(row.correlation, 2)),
    ("others move, px", |row| given(row.others_px, 2)),
];
