//! Recorded drives as rows of a fit: windows of features with standardised offsets and speeds.

use super::foreign::{room, room_share};
use planwright::planner::corridor::{CHANNELS, WINDOW, features, fill_window, window_starts};
use planwright_training::dataset::corridors::{Demonstration, Projected, project};
use planwright_training::statistics::Summary;
use planwright_training::study::StudyError;
use rand::{Rng, RngExt};

/// Least deviation by which values are scaled: metres, or shares of full speed.
const LEAST_DEVIATION: f64 = 0.02;

/// A drive in the frame of its route.
pub(super) struct Row {
    count: usize,
    features: Vec<f32>,
    /// Outputs x knots, standardised.
    targets: Vec<f32>,
}

/// All drives.
pub(super) struct Rows {
    rows: Vec<Row>,
    /// Index of the row of every window.
    owners: Vec<u32>,
    /// Mean and deviation of every output: offset, then speed where there is one.
    pub(super) scale: Vec<[f64; 2]>,
}

/// A drive with its projection.
pub(super) struct Recorded {
    pub(super) drive: Demonstration,
    pub(super) projected: Projected,
    pub(super) room_share: f64,
}

/// Drives that stay in their corridor, each projected onto the reference of its route.
pub(super) fn recorded(driven: Vec<Demonstration>) -> Vec<Recorded> {
    let one = |drive: Demonstration| {
        let projected = project(&drive.problem.reference, &drive.poses)?;
        let room = room(&drive.map, &drive.problem);
        let room_share = room_share(&drive.map, &drive.problem, &room, &projected.offsets);
        Some(Recorded { drive, projected, room_share })
    };
    driven.into_iter().filter_map(one).collect()
}

/// Windows of a step.
#[derive(Default)]
pub(super) struct Batch {
    /// B x channels x knots.
    pub(super) features: Vec<f32>,
    /// B x outputs x knots.
    pub(super) targets: Vec<f32>,
    /// B x 1 x knots: 1 for knots of the path.
    pub(super) known: Vec<f32>,
}

impl Rows {
    /// # Errors
    /// If there is no drive.
    pub(super) fn new(recorded: &[Recorded], has_speed: bool) -> Result<Self, StudyError> {
        let outputs = |one: &Recorded| -> Vec<Vec<f64>> {
            let Projected { offsets, speeds_mps } = &one.projected;
            if has_speed { vec![offsets.clone(), speeds_mps.clone()] } else { vec![offsets.clone()] }
        };
        let all: Vec<Vec<Vec<f64>>> = recorded.iter().map(outputs).collect();
        let count = if has_speed { 2 } else { 1 };
        let mut scale = Vec::with_capacity(count);
        for output in 0..count {
            let values: Vec<f64> = all.iter().flat_map(|row| row[output].iter().copied()).collect();
            let summary = Summary::of(&values)
                .ok_or_else(|| StudyError::setting("drives", "of at least one that stays in its corridor", "none"))?;
            scale.push([summary.mean, summary.sd.unwrap_or_default().max(LEAST_DEVIATION)]);
        }
        let row = |(one, values): (&Recorded, &Vec<Vec<f64>>)| {
            let problem = &one.drive.problem;
            let mut channels = Vec::new();
            let (feature_clearance_m, turning_m) = (problem.clearance_m, problem.turning_length_m);
            features(&one.drive.map, &problem.reference, problem.step_m, feature_clearance_m, turning_m, &mut channels);
            let standard = |(values, [mean, deviation]): (&Vec<f64>, &[f64; 2])| -> Vec<f32> {
                values.iter().map(|value| ((value - mean) / deviation) as f32).collect()
            };
            let targets = values.iter().zip(&scale).flat_map(standard).collect();
            Row { count: problem.reference.len(), features: channels, targets }
        };
        let rows: Vec<Row> = recorded.iter().zip(&all).map(row).collect();
        let owners = rows.iter().enumerate();
        let owners = owners.flat_map(|(index, row)| window_starts(row.count).map(move |_| index as u32)).collect();
        Ok(Self { rows, owners, scale })
    }

    /// Values that are learnt per knot.
    pub(super) fn outputs(&self) -> usize {
        self.scale.len()
    }

    /// Fills a batch with random windows, as they were driven.
    pub(super) fn draw(&self, count: usize, rng: &mut impl Rng, batch: &mut Batch) {
        batch.features.clear();
        batch.features.resize(count * CHANNELS * WINDOW, 0.0);
        batch.targets.clear();
        batch.known.clear();
        for window in batch.features.chunks_exact_mut(CHANNELS * WINDOW) {
            let row = &self.rows[self.owners[rng.random_range(0..self.owners.len())] as usize];
            let first = rng.random_range(0..=row.count.saturating_sub(WINDOW));
            fill_window(&row.features, row.count, first, window);
            for values in row.targets.chunks_exact(row.count) {
                batch.targets.extend((0..WINDOW).map(|index| values.get(first + index).copied().unwrap_or(0.0)));
            }
            batch.known.extend((0..WINDOW).map(|index| if first + index < row.count { 1.0 } else { 0.0 }));
        }
    }
}
