//! Means and intervals over seeds, and Fourier heads against the linear one, seed by seed.

use super::run::{PolicyDrive, PolicyResult};
use planwright_training::statistics::{Interval, mean_at as mean};
use planwright_training::study::{Column, Table, distinct, paired};
use serde::Serialize;

/// One head on one task and variant, at one temperature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyRow {
    /// Task.
    pub task: String,
    /// `base`, or what differs from it.
    pub variant: String,
    /// Frequencies; `None` for the linear head.
    pub frequencies: Option<usize>,
    /// Sharpness of the actions.
    pub temperature: f64,
    /// Number of seeds.
    pub seeds: usize,
    /// Return: 0 is random motion, 100 the controller without noise.
    pub return_normalised: Interval,
    /// Share of the episodes that reached their goal.
    pub reach_rate: Interval,
    /// Share of the episodes with wall contact.
    pub wall_share: Interval,
    /// Root mean square jerk, m/s^3.
    pub jerk_mps3: Interval,
    /// Root mean square change between two actions.
    pub action_change: Interval,
    /// Mean smoothness of the actions' distributions.
    pub pmf_smoothness: Interval,
    /// Against the linear head with the same seeds; `None` for the linear head itself.
    pub against_linear: Option<AgainstLinear>,
}

/// A Fourier head against the linear one, seed by seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AgainstLinear {
    /// Seeds with both.
    pub seeds: usize,
    /// How much more normalised return, percent of the linear head's mean. `None` where that is not above zero.
    pub gain_percent: Option<Interval>,
    /// Difference of the normalised returns, in its points.
    pub gain_points: Interval,
    /// Seeds in which it earns more.
    pub better: usize,
    /// Its jerk as a share of the linear head's.
    pub jerk_ratio: Interval,
    /// Its change of action as a share of the linear head's.
    pub action_change_ratio: Interval,
    /// Seeds in which its motion has less jerk.
    pub smoother: usize,
}

/// A whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyTable {
    /// Name of the size.
    pub study: String,
    /// The command that makes it.
    pub command: String,
    /// Task by task, variant by variant, temperature by temperature, head by head.
    pub rows: Vec<PolicyRow>,
}

/// Task, variant, temperature.
type Place<'c> = (&'c str, &'c str, f64);

impl PolicyTable {
    /// Of cells in any order.
    pub fn of(study: &str, command: &str, cells: &[PolicyResult]) -> Self {
        let places = cells.iter().flat_map(|cell| {
            cell.driven.iter().map(|drive| (cell.task.as_str(), cell.variant.as_str(), drive.temperature))
        });
        let places: Vec<Place<'_>> = distinct(places);
        let mut heads = distinct(cells.iter().map(|cell| cell.frequencies));
        heads.sort();
        let rows = places.iter().flat_map(|place| heads.iter().filter_map(|head| row(cells, *place, *head)));
        Self { study: study.to_owned(), command: command.to_owned(), rows: rows.collect() }
    }

    /// The rows of a task and variant.
    pub fn of_task(&self, task: &str, variant: &str) -> Vec<&PolicyRow> {
        self.rows.iter().filter(|row| row.task == task && row.variant == variant).collect()
    }

    /// The temperature at which a head earns most on a task, with its row.
    pub fn best(&self, task: &str, variant: &str, frequencies: Option<usize>) -> Option<&PolicyRow> {
        let of_head = self.of_task(task, variant).into_iter().filter(|row| row.frequencies == frequencies);
        of_head.max_by(|left, right| left.return_normalised.mean.total_cmp(&right.return_normalised.mean))
    }
}

/// Seeds with what they drove.
fn drives<'c>(
    cells: &'c [PolicyResult],
    (task, variant, temperature): Place<'_>,
    head: Option<usize>,
) -> Vec<(u64, &'c PolicyDrive)> {
    let chosen = cells.iter().filter(|cell| (&*cell.task, &*cell.variant, cell.frequencies) == (task, variant, head));
    let drive = |cell: &'c PolicyResult| cell.driven.iter().find(|drive| drive.temperature == temperature);
    chosen.filter_map(|cell| Some((cell.seed, drive(cell)?))).collect()
}

fn row(cells: &[PolicyResult], place: Place<'_>, head: Option<usize>) -> Option<PolicyRow> {
    let own = drives(cells, place, head);
    let over = |of: fn(&PolicyDrive) -> f64| Interval::of(&own.iter().map(|(_, drive)| of(drive)).collect::<Vec<_>>());
    let against_linear = match head {
        Some(_) => against(&own, &drives(cells, place, None)),
        None => None,
    };
    Some(PolicyRow {
        task: place.0.to_owned(),
        variant: place.1.to_owned(),
        frequencies: head,
        temperature: place.2,
        seeds: own.len(),
        return_normalised: over(|drive| drive.return_normalised)?,
        reach_rate: over(|drive| drive.reach_rate)?,
        wall_share: over(|drive| drive.wall_share)?,
        jerk_mps3: over(|drive| drive.jerk_mps3)?,
        action_change: over(|drive| drive.action_change)?,
        pmf_smoothness: over(|drive| drive.pmf_smoothness)?,
        against_linear,
    })
}

fn against(own: &[(u64, &PolicyDrive)], linear: &[(u64, &PolicyDrive)]) -> Option<AgainstLinear> {
    let pairs = paired(own.iter().copied(), linear.iter().copied());
    let column = |of: fn(&PolicyDrive) -> f64| -> [Vec<f64>; 2] {
        [pairs.iter().map(|(own, _)| of(own)).collect(), pairs.iter().map(|(_, linear)| of(linear)).collect()]
    };
    let ratio = |of: fn(&PolicyDrive) -> f64| {
        let [own, linear] = column(of);
        Interval::bootstrap(pairs.len(), |places| mean(&own, places) / mean(&linear, places))
    };
    let [returns, linear_returns] = column(|drive| drive.return_normalised);
    let everything: Vec<usize> = (0..pairs.len()).collect();
    // A share of nothing, or of less than random motion, has no meaning.
    let gain_percent = (mean(&linear_returns, &everything) > 0.0).then(|| {
        Interval::bootstrap(pairs.len(), |places| {
            100.0 * (mean(&returns, places) / mean(&linear_returns, places) - 1.0)
        })
    });
    Some(AgainstLinear {
        seeds: pairs.len(),
        gain_percent: gain_percent.flatten(),
        gain_points: Interval::bootstrap(pairs.len(), |places| mean(&returns, places) - mean(&linear_returns, places))?,
        better: pairs.iter().filter(|(own, linear)| own.return_normalised > linear.return_normalised).count(),
        jerk_ratio: ratio(|drive| drive.jerk_mps3)?,
        action_change_ratio: ratio(|drive| drive.action_change)?,
        smoother: pairs.iter().filter(|(own, linear)| own.jerk_mps3 < linear.jerk_mps3).count(),
    })
}

/// Name of a head: `linear`, `Fourier 4`.
pub(super) fn head_name(frequencies: Option<usize>) -> String {
    frequencies.map_or("linear".to_owned(), |frequencies| format!("Fourier {frequencies}"))
}

/// `48.2 (37.5 to 58.3)` with so many decimals.
pub(super) fn interval(Interval { mean, low, high }: Interval, decimals: usize) -> String {
    format!("{mean:.decimals$} ({low:.decimals$} to {high:.decimals$})")
}

/// `+96% (+63 to +151)`.
pub(super) fn percent(Interval { mean, low, high }: Interval) -> String {
    format!("{mean:+.0}% ({low:+.0} to {high:+.0})")
}

const COLUMNS: [Column<PolicyRow>; 10] = [
    ("task", |row| row.task.clone()),
    ("variant", |row| row.variant.clone()),
    ("T", |row| row.temperature.to_string()),
    ("head", |row| head_name(row.frequencies)),
    ("seeds", |row| row.seeds.to_string()),
    ("return (95%)", |row| interval(row.return_normalised, 1)),
    ("gain (95%)", |row| row.against_linear.and_then(|one| one.gain_percent).map_or(String::new(), percent)),
    ("reached", reached),
    ("jerk, m/s^3", |row| format!("{:.0}", row.jerk_mps3.mean)),
    ("change", |row| format!("{:.2}", row.action_change.mean)),
];

/// `97%`.
pub(super) fn reached(row: &PolicyRow) -> String {
    format!("{:.0}%", 100.0 * row.reach_rate.mean)
}

/// The table for people.
pub(super) fn text(table: &PolicyTable) -> String {
    format!("{}\n{}", table.study, Table::of(&COLUMNS, &table.rows).text())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn result(
        frequencies: Option<usize>,
        seed: u64,
        returned: f64,
        jerk_mps3: f64,
    ) -> PolicyResult {
        let drive = PolicyDrive {
            temperature: 0.5,
            return_mean: returned,
            return_normalised: returned,
            reach_rate: 1.0,
            wall_share: 0.5,
            jerk_mps3,
            action_change: 1.0,
            pmf_smoothness: 0.1,
        };
        PolicyResult {
            task: "ring".to_owned(),
            variant: super::super::settings::BASE.to_owned(),
            frequencies,
            seed,
            plan_sha256: String::new(),
            loss: None,
            driven: vec![drive],
            model_sha256: String::new(),
        }
    }

    #[test]
    fn heads_are_compared_seed_by_seed() {
        let cells = [
            result(None, 1, 40.0, 10.0),
            result(None, 2, 60.0, 10.0),
            result(Some(8), 1, 70.0, 5.0),
            result(Some(8), 2, 50.0, 5.0),
            // Without its partner it is no pair.
            result(Some(8), 3, 90.0, 5.0),
        ];
        let table = PolicyTable::of("test", "command", &cells);
        assert_eq!(table.rows.len(), 2);
        let Some(against) = table.rows[1].against_linear else { panic!("both heads are there") };
        assert_eq!((against.seeds, against.better, against.smoother), (2, 1, 2));
        assert!((against.gain_percent.expect("linear is above zero").mean - 20.0).abs() < 1e-9);
        assert!((against.jerk_ratio.mean - 0.5).abs() < 1e-12);
        assert_eq!(table.rows[1].seeds, 3);
        assert_eq!(table.best("ring", "base", None).map(|row| row.temperature), Some(0.5));
        assert!(table.best("umaze", "base", None).is_none());
    }
}
