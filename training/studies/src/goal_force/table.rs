//! Over seeds: shares with their ranges, paired tests against the model, relations of masses.

use super::adherence_table::{self, AdherenceRow};
use super::choice::{ChooserRow, Family};
use super::direct_table::{self, DirectArmRow, LinearityArmRow, SeveralRow};
use super::known_table::{self, KnownRow};
use super::masses::{MassRelations, MassTest};
use super::rooms_table::{self, DiversityRow, RoomRow};
use super::{GoalForceResult, Measure};
use planwright_training::statistics::sign_test;
use planwright_training::study::{Column, Table};
use serde::Serialize;

/// A chooser over all seeds of a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChoiceRow {
    /// Family of scenes.
    pub family: Family,
    /// The chooser.
    pub chooser: String,
    /// Seeds and scenes in all.
    pub seeds: usize,
    /// Scenes in all.
    pub scenes: usize,
    /// Share of the objects that can cause the goal.
    pub chance: f64,
    /// Share of all scenes with a proposal.
    pub proposed: f64,
    /// Share of all scenes whose first proposal pushes an object that can cause the goal: least, mean and most of the seeds.
    pub initiator: [f64; 3],
    /// The same as a share of those with a proposal: the published denominator.
    pub initiator_of_proposed: f64,
    /// Of the scenes that obstacles decide, the share that is decided well; and what choosing among these at random gives.
    pub decided_well: Option<[f64; 2]>,
    /// Share of all scenes that meet the goal as proposed.
    pub raw: f64,
    /// Share of all scenes that meet the goal after correction: least, mean and most of the seeds.
    pub corrected: [f64; 3],
    /// Two-sided sign test of that against the model, on the same scenes; `None` of the model.
    pub p_against_model: Option<f64>,
    /// Pushes that break the gate's promise.
    pub pushes_unsafe: usize,
    /// Pushes on obstacles that were seen as balls.
    pub pushes_misidentified: usize,
}

/// A relation of masses over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MassRow {
    /// Which masses.
    pub test: MassTest,
    /// The relation.
    pub relation: &'static str,
    /// Scenes in which it holds, of all.
    pub holds: [usize; 2],
    /// Two-sided sign test.
    pub p: f64,
    /// Speeds as read that are compared, means, m/s: the first is to be the faster.
    pub read_mps: [f64; 2],
    /// The same as the goal needs them.
    pub true_mps: [f64; 2],
}

/// All results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoalForceTable {
    /// The command that makes it.
    pub command: String,
    /// By family and chooser.
    pub choices: Vec<ChoiceRow>,
    /// By family, chooser and what is known.
    pub known: Vec<KnownRow>,
    /// By test and relation.
    pub masses: Vec<MassRow>,
    /// Relations that hold in more than half of the scenes with p below 0.05, of all.
    pub relations: [usize; 2],
    /// The direct force by arm.
    pub direct: Vec<DirectArmRow>,
    /// Force and distance by mass.
    pub linearity: Vec<LinearityArmRow>,
    /// Two direct forces at once.
    pub several: Vec<SeveralRow>,
    /// Rooms, then their means.
    pub rooms: Vec<RoomRow>,
    /// Which of five dominos sets off.
    pub diversity: Vec<DiversityRow>,
    /// Adherence, realism and quality by class.
    pub adherence: Vec<AdherenceRow>,
}

const RELATIONS: [(&str, [usize; 2]); 4] = [
    ("heavier target, light ball: faster", [1, 0]),
    ("heavier target, heavy ball: faster", [3, 2]),
    ("heavier ball, light target: slower", [0, 2]),
    ("heavier ball, heavy target: slower", [1, 3]),
];

impl GoalForceTable {
    /// Of cells in any order.
    pub fn of(command: &str, results: &[GoalForceResult]) -> Self {
        let choices = Family::ALL.into_iter().flat_map(|family| choices(family, results)).collect();
        let masses: Vec<MassRow> = MassTest::ALL.into_iter().flat_map(|test| relations(test, results)).collect();
        let known = Family::ALL.into_iter().flat_map(|family| known_table::rows(family, results)).collect();
        let hold = |row: &&MassRow| 2 * row.holds[0] > row.holds[1] && row.p < 0.05;
        let relations = [masses.iter().filter(hold).count(), masses.len()];
        let (direct, linearity, several) = direct_table::rows(results);
        Self {
            command: command.to_owned(),
            choices,
            known,
            masses,
            relations,
            direct,
            linearity,
            several,
            rooms: rooms_table::rooms(results),
            diversity: rooms_table::diversity(results),
            adherence: adherence_table::rows(results),
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n{}\n{} of {} relations of masses hold\n\n{}\n{}\n{}\n{}\n{}\n{}",
            self.command,
            Table::of(&CHOICES, &self.choices).text(),
            Table::of(&known_table::COLUMNS, &self.known).text(),
            Table::of(&MASSES, &self.masses).text(),
            self.relations[0],
            self.relations[1],
            Table::of(&direct_table::DIRECT, &self.direct).text(),
            Table::of(&direct_table::LINEARITY, &self.linearity).text(),
            Table::of(&direct_table::SEVERAL, &self.several).text(),
            Table::of(&rooms_table::ROOMS, &self.rooms).text(),
            Table::of(&rooms_table::DIVERSITY, &self.diversity).text(),
            Table::of(&adherence_table::ADHERENCE, &self.adherence).text(),
        )
    }

    /// For a report.
    pub fn markdown(&self) -> String {
        [
            Table::of(&CHOICES, &self.choices).markdown(),
            Table::of(&known_table::COLUMNS, &self.known).markdown(),
            Table::of(&MASSES, &self.masses).markdown(),
            Table::of(&direct_table::DIRECT, &self.direct).markdown(),
            Table::of(&direct_table::LINEARITY, &self.linearity).markdown(),
            Table::of(&direct_table::SEVERAL, &self.several).markdown(),
            Table::of(&rooms_table::ROOMS, &self.rooms).markdown(),
            Table::of(&rooms_table::DIVERSITY, &self.diversity).markdown(),
            Table::of(&adherence_table::ADHERENCE, &self.adherence).markdown(),
        ]
        .join("\n")
    }
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

pub(crate) fn number([least, mean, most]: [f64; 3], decimals: usize) -> String {
    format!("{mean:.decimals$} ({least:.decimals$} to {most:.decimals$})")
}

pub(crate) fn range([least, mean, most]: [f64; 3]) -> String {
    format!("{} ({} to {})", percent(mean), percent(least), percent(most))
}

const CHOICES: [Column<ChoiceRow>; 11] = [
    ("scenes", |row| format!("{} {}", row.scenes, row.family.name())),
    ("chooser", |row| row.chooser.clone()),
    ("chance", |row| percent(row.chance)),
    ("proposed", |row| percent(row.proposed)),
    ("initiator", |row| range(row.initiator)),
    ("of proposed", |row| percent(row.initiator_of_proposed)),
    ("decided by obstacles", |row| {
        row.decided_well.map_or(String::new(), |[well, chance]| format!("{} ({})", percent(well), percent(chance)))
    }),
    ("raw", |row| percent(row.raw)),
    ("corrected", |row| range(row.corrected)),
    ("p", |row| row.p_against_model.map_or(String::new(), |p| format!("{p:.2e}"))),
    ("unsafe / on obstacles", |row| format!("{} / {}", row.pushes_unsafe, row.pushes_misidentified)),
];

const MASSES: [Column<MassRow>; 6] = [
    ("masses", |row| row.test.name().to_owned()),
    ("relation", |row| row.relation.to_owned()),
    ("holds", |row| format!("{} of {}", row.holds[0], row.holds[1])),
    ("p", |row| format!("{:.2e}", row.p)),
    ("read, m/s", |row| format!("{:.3} and {:.3}", row.read_mps[0], row.read_mps[1])),
    ("needed, m/s", |row| format!("{:.3} and {:.3}", row.true_mps[0], row.true_mps[1])),
];

pub(crate) fn spread(values: &[f64]) -> [f64; 3] {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    [least, mean, values.iter().copied().fold(f64::NEG_INFINITY, f64::max)]
}

fn choices(family: Family, results: &[GoalForceResult]) -> Vec<ChoiceRow> {
    let of_family = |result: &&GoalForceResult| result.measure == Measure::Choice(family);
    let all: Vec<_> = results.iter().filter(of_family).filter_map(|result| result.choice.as_ref()).collect();
    let Some(first) = all.first() else { return Vec::new() };
    let scenes: usize = all.iter().map(|choice| choice.scenes).sum();
    let count = scenes.max(1) as f64;
    let row = |name: &String| {
        let rows: Vec<(&ChooserRow, usize)> = all
            .iter()
            .filter_map(|choice| Some((choice.choosers.iter().find(|row| row.chooser == *name)?, choice.scenes)))
            .collect();
        let sum = |of: fn(&ChooserRow) -> usize| rows.iter().map(|(row, _)| of(row)).sum::<usize>();
        let shares = |of: fn(&ChooserRow) -> usize| {
            spread(&rows.iter().map(|(row, scenes)| of(row) as f64 / (*scenes).max(1) as f64).collect::<Vec<_>>())
        };
        let decided = sum(|row| row.decided);
        let chances: Vec<f64> = all.iter().filter_map(|choice| choice.chance_of_decided).collect();
        ChoiceRow {
            family,
            chooser: name.clone(),
            seeds: rows.len(),
            scenes,
            chance: all.iter().map(|choice| choice.chance).sum::<f64>() / all.len() as f64,
            proposed: sum(|row| row.proposed) as f64 / count,
            initiator: shares(|row| row.initiator),
            initiator_of_proposed: sum(|row| row.initiator) as f64 / sum(|row| row.proposed).max(1) as f64,
            decided_well: (decided > 0 && !chances.is_empty())
                .then(|| [sum(|row| row.decided_well) as f64 / decided as f64, spread(&chances)[1]]),
            raw: sum(|row| row.raw) as f64 / count,
            corrected: shares(|row| row.corrected),
            p_against_model: (name != "model")
                .then(|| sign_test(sum(|row| row.against_model[0]), sum(|row| row.against_model[1]))),
            pushes_unsafe: sum(|row| row.pushes_unsafe),
            pushes_misidentified: sum(|row| row.pushes_misidentified),
        }
    };
    first.choosers.iter().map(|chooser| row(&chooser.chooser)).collect()
}

fn relations(test: MassTest, results: &[GoalForceResult]) -> Vec<MassRow> {
    let of_test = |result: &&GoalForceResult| result.measure == Measure::Masses(test);
    let all: Vec<&MassRelations> = results.iter().filter(of_test).filter_map(|result| result.masses.as_ref()).collect();
    let scenes: usize = all.iter().map(|one| one.scenes).sum();
    if scenes == 0 {
        return Vec::new();
    }
    let mean = |cell: usize, of: fn(&super::MassCell) -> f64| {
        all.iter().filter_map(|one| Some(of(one.cells.get(cell)?) * one.scenes as f64)).sum::<f64>() / scenes as f64
    };
    let row = |(index, (relation, [faster, slower])): (usize, (&'static str, [usize; 2]))| {
        let holds: usize = all.iter().map(|one| one.holds[index]).sum();
        MassRow {
            test,
            relation,
            holds: [holds, scenes],
            p: sign_test(holds, scenes - holds),
            read_mps: [mean(faster, |cell| cell.read_mps), mean(slower, |cell| cell.read_mps)],
            true_mps: [mean(faster, |cell| cell.true_mps), mean(slower, |cell| cell.true_mps)],
        }
    };
    RELATIONS.into_iter().enumerate().map(row).collect()
}
