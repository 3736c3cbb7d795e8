//! What a mitigation must not spoil (appendix A.3.3): typical step, nearness to the data, coverage of the maze.
//!
//! Published for data / baseline / transform: median step .034/.034/.034, nearest-data distance .053/.047/.054,
//! occupancy .728/.153/.792, all without units. What we take them for:
//! * the step in metres: whatever lengths are chosen the median is about .032 m, or .023 in normalised coordinates;
//! * the distance as the root of the mean square over all coordinates, metres: .056 among 4000 segments (each without
//!   itself), .055 among 5000, .049 among 10000, .045 among 20000. Points' distances in normalised coordinates give the
//!   same figures (.055 among 5000), in metres higher ones (.078). Compare only figures with equally many data;
//! * occupancy by cells that are a sixth of a metre: .77 to .78 for 4000 segments, .75 for 1000, .77 for 10000. With
//!   sevenths it would be .65; the published figure lies between.

use planwright::quantity::median;
use planwright::world::{Layout, Point, PointMass, Sweep};
use planwright_training::dataset::Trajectories;
use planwright_training::transform::SystemError;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use std::collections::BTreeSet;

/// Coordinates compared before a look at whether the trajectory can still be the nearest.
const BLOCK: usize = 32;

/// Median distance between successive points over all trajectories, in the unit of the coordinates. NaN if there are
/// no steps, or if most of them are NaN.
pub fn median_step(trajectories: &Trajectories) -> f64 {
    let columns = trajectories.columns.max(1);
    let mut steps: Vec<f64> = trajectories
        .iter()
        .flat_map(|trajectory| trajectory.chunks_exact(columns).zip(trajectory.chunks_exact(columns).skip(1)))
        .map(|(from, to)| from.iter().zip(to).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt())
        .collect();
    median(&mut steps)
}

/// Median over the samples of the distance to the nearest trajectory of the data. The distance is the root of the mean
/// squared difference over all coordinates, in their unit. It shrinks with the number of data, so compare only
/// figures with equally many.
///
/// # Errors
/// If shapes differ, something is not finite, or there is nothing to compare.
pub fn nearest_distance(samples: &Trajectories, data: &Trajectories) -> Result<f64, SystemError> {
    nearest(samples, data, false)
}

/// The same among the data: each trajectory to the nearest of the others.
///
/// # Errors
/// If something is not finite, or there are fewer than two.
pub fn nearest_distance_within(data: &Trajectories) -> Result<f64, SystemError> {
    nearest(data, data, true)
}

fn nearest(samples: &Trajectories, data: &Trajectories, leave_out: bool) -> Result<f64, SystemError> {
    samples.check(data.horizon, data.columns)?;
    data.check(data.horizon, data.columns)?;
    if samples.is_empty() || data.len() <= usize::from(leave_out) {
        return Err(planwright::quantity::QuantityError::NoSamples.into());
    }
    let mut distances: Vec<f64> = (0..samples.len())
        .into_par_iter()
        .map(|index| {
            let others = data.iter().enumerate().filter(|(other, _)| !(leave_out && *other == index));
            let least = others.fold(f32::INFINITY, |least, (_, other)| squared_below(samples.get(index), other, least));
            (f64::from(least) / data.size() as f64).sqrt()
        })
        .collect();
    Ok(median(&mut distances))
}

/// The smaller of `limit` and the squared distance; gives up as soon as that is above the limit.
fn squared_below(left: &[f32], right: &[f32], limit: f32) -> f32 {
    let mut sum = 0.0;
    for (left, right) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
        sum += left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
        if !(sum < limit) {
            return limit;
        }
    }
    sum
}

/// Small square cells of a maze whose centres are free for the ball's centre.
pub struct Occupancy {
    cells: BTreeSet<(i64, i64)>,
}

impl Occupancy {
    /// Side of a cell, metres; six of them make a cell of the layout.
    pub const CELL_M: f64 = 1.0 / 6.0;

    /// The cells of a maze.
    pub fn of(layout: &Layout) -> Self {
        let sweep = Sweep::new(layout, PointMass::FOOTPRINT);
        let per_side = (1.0 / Self::CELL_M).round() as i64;
        let (rows, columns) = (layout.rows() as i64 * per_side, layout.columns() as i64 * per_side);
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let centre = |(row, column): (i64, i64)| [row, column].map(|index| (index as f64 + 0.5) * Self::CELL_M - 0.7);
        let free = |cell: &(i64, i64)| sweep.segment(centre(*cell), centre(*cell)) >= 0.0;
        Self { cells: all.filter(free).collect() }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Share of the cells that hold a point of a trajectory, 0 to 1; points elsewhere do not count.
    ///
    /// # Errors
    /// If the trajectories are not of x and y, or not finite.
    pub fn share(&self, trajectories: &Trajectories) -> Result<f64, SystemError> {
        trajectories.check(trajectories.horizon, 2)?;
        let cell = |point: Point| point.map(|value| ((value + 0.7) / Self::CELL_M).floor() as i64);
        let visited: BTreeSet<(i64, i64)> = trajectories
            .values
            .as_chunks::<2>()
            .0
            .iter()
            .map(|point| cell(point.map(f64::from)))
            .map(|[row, column]| (row, column))
            .filter(|cell| self.cells.contains(cell))
            .collect();
        Ok(visited.len() as f64 / self.cells.len().max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_training::dataset::TrajectoryError;

    fn trajectories(values: &[f32], horizon: usize) -> Trajectories {
        Trajectories { horizon, columns: 2, values: values.to_vec() }
    }

    #[test]
    fn steps_are_counted_within_trajectories_only() {
        // Steps 5, 1 and 2, 3; the jump from one trajectory to the next does not count.
        let two = trajectories(&[0., 0., 3., 4., 3., 5., 90., 90., 90., 92., 90., 95.], 3);
        assert_eq!(median_step(&two), 2.5);
        assert!(median_step(&trajectories(&[], 3)).is_nan());
        assert!(median_step(&trajectories(&[f32::NAN, 0., 0., 0.], 2)).is_nan());
    }

    #[test]
    fn nearest_distances_by_hand() {
        let data = trajectories(&[0., 0., 0., 0., 2., 2., 2., 2., 9., 9., 9., 9.], 2);
        // Differences 1 in all coordinates, and 1, 1, 1, 3 to the first.
        let samples = trajectories(&[1., 1., 1., 1., -1., -1., -1., -3.], 2);
        let expected = 0.5 * (1.0 + 3.0_f64.sqrt());
        assert!((nearest_distance(&samples, &data).expect("one shape") - expected).abs() < 1e-6);
        // 2, 2 and 7: each leaves itself out.
        assert_eq!(nearest_distance_within(&data).expect("three"), 2.0);
        assert_eq!(nearest_distance(&data, &data).expect("three"), 0.0);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let data = trajectories(&[0., 0., 1., 1.], 2);
        assert!(matches!(
            nearest_distance(&trajectories(&[0., 0.], 1), &data),
            Err(SystemError::Trajectories(TrajectoryError::Shape { .. }))
        ));
        assert!(matches!(nearest_distance_within(&data), Err(SystemError::Quantity(_))));
        let bad = trajectories(&[0., f32::NAN, 1., 1.], 2);
        assert!(matches!(
            nearest_distance(&bad, &data),
            Err(SystemError::Trajectories(TrajectoryError::NotFinite { .. }))
        ));
        assert!(matches!(
            Occupancy::of(&Layout::umaze()).share(&bad),
            Err(SystemError::Trajectories(TrajectoryError::NotFinite { .. }))
        ));
    }

    #[test]
    fn giving_up_early_changes_nothing() {
        let left: Vec<f32> = (0..100).map(|n| (n as f32 * 0.3).sin()).collect();
        let right: Vec<f32> = (0..100).map(|n| (n as f32 * 0.4).cos()).collect();
        let full: f32 = left
            .chunks(BLOCK)
            .zip(right.chunks(BLOCK))
            .fold(0.0, |sum, (a, b)| sum + a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>());
        assert_eq!(squared_below(&left, &right, f32::INFINITY), full);
        assert_eq!(squared_below(&left, &right, 0.5 * full), 0.5 * full);
    }

    #[test]
    fn cells_of_the_maze_are_counted_once() {
        // 7 cells of 6 x 6; the ball's radius takes a row at each wall, and one cell at each of the two inner corners.
        let occupancy = Occupancy::of(&Layout::umaze());
        assert_eq!(occupancy.cells(), 162);
        let still = trajectories(&[1.0, 1.0, 1.0, 1.0, 1.01, 1.01, 7.0, 7.0], 4);
        assert_eq!(occupancy.share(&still).expect("finite"), 1.0 / 162.0);
        let wall = trajectories(&[2.0, 1.0], 1);
        assert_eq!(occupancy.share(&wall).expect("finite"), 0.0);
    }
}
