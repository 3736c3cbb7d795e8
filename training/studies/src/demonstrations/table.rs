//! Tables: every arm by preference and minutes of driving, and arms compared query by query.

use super::measure::ArmFigures;
use super::run::DemonstrationResult;
use planwright_training::dataset::corridors::Preference;
use planwright_training::statistics::{Summary, TTest};
use planwright_training::study::{Column, Table, distinct};
use serde::Serialize;

/// Pairs that are compared: an arm, and what it is held against.
const PAIRS: [[&str; 2]; 7] = [
    ["regression", "time-optimal"],
    ["regression", "tuned-clearance"],
    ["regression", "tuned-offset"],
    ["diffusion", "regression"],
    ["diffusion", "tuned-offset"],
    ["diffusion+transform", "diffusion"],
    ["diffusion+transform", "random+transform"],
];

/// The whole table.
#[derive(Clone, Debug, Serialize)]
pub struct DemonstrationTable {
    /// The command that makes the same numbers.
    pub command: String,
    /// Arms.
    pub rows: Vec<DemonstrationRow>,
    /// Comparisons.
    pub pairs: Vec<DemonstrationPair>,
}

/// One arm: mean and deviation over the seeds.
#[derive(Clone, Debug, Serialize)]
pub struct DemonstrationRow {
    /// What the demonstrator prefers.
    pub preference: Preference,
    /// Minutes of driving.
    pub minutes: u32,
    /// The arm.
    pub arm: String,
    /// Seeds.
    pub seeds: usize,
    /// Queries.
    pub queries: usize,
    /// Drives, mean over the seeds.
    pub drives: f64,
    /// [`ArmFigures`] of the same names.
    pub mean_cm: Summary,
    /// Root mean square.
    pub rms_cm: Summary,
    /// Energy distance.
    pub energy_cm: Option<Summary>,
    /// Share between the styles.
    pub between: Option<Summary>,
    /// Drift of the clearance.
    pub clearance_tv: Summary,
    /// Drift of the share of free space, from the drives.
    pub room_tv: Summary,
    /// Error of the speed.
    pub speed_rms: Option<Summary>,
    /// Drift of the speed.
    pub speed_tv: Option<Summary>,
    /// Clear before the repair.
    pub clear_raw: Summary,
    /// Replaced by the route.
    pub route: Summary,
}

/// Two arms on the same queries.
#[derive(Clone, Debug, Serialize)]
pub struct DemonstrationPair {
    /// What the demonstrator prefers.
    pub preference: Preference,
    /// Minutes of driving.
    pub minutes: u32,
    /// The arm.
    pub arm: String,
    /// What it is held against.
    pub against: String,
    /// By how much the arm is nearer to the demonstrator, cm: mean over queries, each the mean over seeds.
    pub nearer_cm: f64,
    /// Seeds in which it is nearer in the mean.
    pub seeds_nearer: usize,
    /// Seeds.
    pub seeds: usize,
    /// Share of the queries in which it is nearer.
    pub queries_nearer: f64,
    /// One-sided paired t-test over queries: probability of as much if the arms were alike. Queries share maps, so that
    /// it is rather too small.
    pub p: Option<f64>,
}

type Place = (Preference, u32);

impl DemonstrationTable {
    pub(super) fn of(command: &str, results: &[DemonstrationResult]) -> Self {
        let places: Vec<Place> = distinct(results.iter().map(|one| (one.settings.preference, one.settings.minutes)));
        let (mut rows, mut pairs) = (Vec::new(), Vec::new());
        for place in places {
            let here: Vec<&DemonstrationResult> =
                results.iter().filter(|one| (one.settings.preference, one.settings.minutes) == place).collect();
            let arms = distinct(here.iter().flat_map(|one| &one.arms).map(|arm| arm.arm.clone()));
            rows.extend(arms.iter().filter_map(|arm| row(place, arm, &here)));
            pairs.extend(PAIRS.iter().filter_map(|pair| compare(place, *pair, &here)));
        }
        Self { command: command.to_owned(), rows, pairs }
    }

    /// For people: two tables.
    pub(super) fn text(&self) -> String {
        format!("{}\n\n{}", Table::of(&ROWS, &self.rows).text(), Table::of(&COMPARED, &self.pairs).text())
    }

    /// For a report.
    pub(super) fn markdown(&self) -> String {
        format!("{}\n{}", Table::of(&ROWS, &self.rows).markdown(), Table::of(&COMPARED, &self.pairs).markdown())
    }
}

/// Results of an arm with their seeds.
fn of_arm<'r>(arm: &str, here: &[&'r DemonstrationResult]) -> Vec<(&'r DemonstrationResult, &'r ArmFigures)> {
    let figures = |one: &&'r DemonstrationResult| Some((*one, one.arms.iter().find(|found| found.arm == arm)?));
    here.iter().filter_map(figures).collect()
}

fn row((preference, minutes): Place, arm: &str, here: &[&DemonstrationResult]) -> Option<DemonstrationRow> {
    let all = of_arm(arm, here);
    let over = |of: fn(&ArmFigures) -> Option<f64>| {
        Summary::of(&all.iter().filter_map(|(_, figures)| of(figures)).collect::<Vec<_>>())
    };
    Some(DemonstrationRow {
        preference,
        minutes,
        arm: arm.to_owned(),
        seeds: all.len(),
        queries: all.first()?.0.queries,
        drives: all.iter().map(|(result, _)| result.drives as f64).sum::<f64>() / all.len() as f64,
        mean_cm: over(|arm| Some(arm.mean_cm))?,
        rms_cm: over(|arm| Some(arm.rms_cm))?,
        energy_cm: over(|arm| arm.energy_cm),
        between: over(|arm| arm.between),
        clearance_tv: over(|arm| Some(arm.clearance_tv))?,
        room_tv: over(|arm| Some(arm.room_tv))?,
        speed_rms: over(|arm| arm.speed_rms),
        speed_tv: over(|arm| arm.speed_tv),
        clear_raw: over(|arm| Some(arm.clear_raw))?,
        route: over(|arm| Some(arm.route))?,
    })
}

fn compare(
    (preference, minutes): Place,
    [arm, against]: [&str; 2],
    here: &[&DemonstrationResult],
) -> Option<DemonstrationPair> {
    let others = of_arm(against, here);
    let pairs: Vec<(&ArmFigures, &ArmFigures)> = of_arm(arm, here)
        .into_iter()
        .filter_map(|(result, own)| {
            let same = |(other, _): &&(&DemonstrationResult, &ArmFigures)| other.settings.seed == result.settings.seed;
            Some((own, others.iter().find(same)?.1))
        })
        .collect();
    let queries = pairs.iter().map(|(own, other)| own.errors_cm.len().min(other.errors_cm.len())).min()?;
    let nearer = |query: usize| {
        let one = |(own, other): &(&ArmFigures, &ArmFigures)| other.errors_cm[query] - own.errors_cm[query];
        pairs.iter().map(one).sum::<f64>() / pairs.len() as f64
    };
    let differences: Vec<f64> = (0..queries).map(nearer).collect();
    Some(DemonstrationPair {
        preference,
        minutes,
        arm: arm.to_owned(),
        against: against.to_owned(),
        nearer_cm: Summary::of(&differences)?.mean,
        seeds_nearer: pairs.iter().filter(|(own, other)| own.mean_cm < other.mean_cm).count(),
        seeds: pairs.len(),
        queries_nearer: differences.iter().filter(|by| **by > 0.0).count() as f64 / queries.max(1) as f64,
        // The tail is a difference of two numbers: it may round to less than nothing.
        p: TTest::one_sided(&differences).map(|test| test.p.max(0.0)),
    })
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

/// Probabilities below what the tail's rounding leaves are stated as a bound.
fn p_text(p: f64) -> String {
    if p < 1e-9 { "< 1e-9".to_owned() } else { format!("{p:.1e}") }
}

const ROWS: [Column<DemonstrationRow>; 13] = [
    ("preference", |row| row.preference.name().to_owned()),
    ("minutes", |row| row.minutes.to_string()),
    ("arm", |row| row.arm.clone()),
    ("seeds", |row| row.seeds.to_string()),
    ("mean, cm", |row| row.mean_cm.text(1)),
    ("rms, cm", |row| row.rms_cm.text(1)),
    ("energy, cm", |row| row.energy_cm.map_or(String::new(), |energy| energy.text(1))),
    ("between", |row| row.between.map_or(String::new(), |share| percent(share.mean))),
    ("clearance TV", |row| row.clearance_tv.text(3)),
    ("room TV", |row| row.room_tv.text(3)),
    ("speed rms", |row| row.speed_rms.map_or(String::new(), |speed| speed.text(3))),
    ("speed TV", |row| row.speed_tv.map_or(String::new(), |speed| speed.text(3))),
    ("raw clear", |row| percent(row.clear_raw.mean)),
];

const COMPARED: [Column<DemonstrationPair>; 8] = [
    ("preference", |pair| pair.preference.name().to_owned()),
    ("minutes", |pair| pair.minutes.to_string()),
    ("arm", |pair| pair.arm.clone()),
    ("against", |pair| pair.against.clone()),
    ("nearer by, cm", |pair| format!("{:+.1}", pair.nearer_cm)),
    ("seeds", |pair| format!("{} of {}", pair.seeds_nearer, pair.seeds)),
    ("queries", |pair| percent(pair.queries_nearer)),
    ("p", |pair| pair.p.map_or(String::new(), p_text)),
];
