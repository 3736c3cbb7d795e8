//! What a recording looks like in numbers: the same that describe the published data.

use super::recording::Recording;
use planwright::geometry::distance;
use planwright::quantity::path_length_m;
use planwright::world::{GOAL_RADIUS_M, Layout, VELOCITY_CLIP_MPS};
use serde::Serialize;
use std::collections::BTreeMap;

/// Statistics of a recording. Quantiles come as value lists in the order of their names.
#[derive(Clone, Debug, Serialize)]
pub struct Statistics {
    /// Recorded steps.
    pub steps: usize,
    /// Reached targets.
    pub goals: usize,
    /// Targets given up because their time was over.
    pub time_ups: usize,
    /// Mean steps per target.
    pub steps_per_goal_mean: f64,
    /// 5, 25, 50, 75, 95% quantiles and maximum of the steps per target.
    pub steps_per_goal_quantiles: [f64; 6],
    /// 1, 10, 25, 50, 75, 90, 99% quantiles and maximum of the displacement per step, metres.
    pub displacement_quantiles_m: [f64; 8],
    /// Mean speed, m/s.
    pub speed_mean: f64,
    /// Standard deviation of the speed, m/s.
    pub speed_deviation: f64,
    /// 5, 25, 50, 75, 95, 99% quantiles and maximum of the speed, m/s.
    pub speed_quantiles: [f64; 7],
    /// Share of steps in which the velocity clip bites.
    pub velocity_clip_share: f64,
    /// Mean path length of windows of 128 states, metres.
    pub window_128_length_mean_m: f64,
    /// 5, 25, 50, 75, 95% quantiles and maximum of the same.
    pub window_128_length_quantiles_m: [f64; 6],
    /// Share of steps near a wall.
    pub wall_contact_share: f64,
    /// Share of steps within the goal radius of the layout's goal.
    pub sparse_reward_mean: f64,
    /// Share of steps per cell, `"row,column"`.
    pub occupancy: BTreeMap<String, f64>,
}

impl Statistics {
    /// Measures a recording, on the true states.
    pub fn measure(recording: &Recording, layout: &Layout) -> Self {
        let steps = recording.len();
        let positions: Vec<[f64; 2]> =
            recording.true_states.iter().map(|state| [f64::from(state[0]), f64::from(state[1])]).collect();
        let mut legs = Vec::new();
        let mut leg_start = 0;
        for (index, done) in recording.timeouts.iter().enumerate() {
            if *done {
                legs.push((index + 1 - leg_start) as f64);
                leg_start = index + 1;
            }
        }
        let displacements = sorted(positions.windows(2).map(|pair| distance(pair[0], pair[1])).collect());
        let speeds: Vec<f64> = recording.true_states.iter().map(|s| f64::from(s[2]).hypot(f64::from(s[3]))).collect();
        let clipped = recording
            .true_states
            .iter()
            .filter(|s| s[2..].iter().any(|speed| f64::from(speed.abs()) > VELOCITY_CLIP_MPS));
        let windows: Vec<f64> = (0..steps.saturating_sub(127))
            .step_by(16)
            .map(|start| path_length_m(positions[start..start + 128].iter().copied()))
            .collect();
        let (speed_mean, speed_deviation) = moments(&speeds);
        let mut occupancy = BTreeMap::new();
        for position in &positions {
            let (row, column) = Layout::cell_of(*position);
            let cell = format!("{row},{column}");
            *occupancy.entry(cell).or_insert(0.0) += 1.0 / steps as f64;
        }
        let rewarded = layout
            .goal()
            .map_or(0, |goal| positions.iter().filter(|position| distance(**position, goal) <= GOAL_RADIUS_M).count());
        let share = |count: usize| count as f64 / steps.max(1) as f64;
        Self {
            steps,
            goals: recording.timeouts.iter().zip(&recording.time_ups).filter(|(done, late)| **done && !**late).count(),
            time_ups: recording.time_ups.iter().filter(|late| **late).count(),
            steps_per_goal_mean: moments(&legs).0,
            steps_per_goal_quantiles: quantiles(&sorted(legs), [0.05, 0.25, 0.5, 0.75, 0.95, 1.0]),
            displacement_quantiles_m: quantiles(&displacements, [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]),
            speed_mean,
            speed_deviation,
            speed_quantiles: quantiles(&sorted(speeds), [0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0]),
            velocity_clip_share: share(clipped.count()),
            window_128_length_mean_m: moments(&windows).0,
            window_128_length_quantiles_m: quantiles(&sorted(windows), [0.05, 0.25, 0.5, 0.75, 0.95, 1.0]),
            wall_contact_share: share(recording.wall_contacts.iter().filter(|contact| **contact).count()),
            sparse_reward_mean: share(rewarded),
            occupancy,
        }
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn moments(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (f64::NAN, f64::NAN);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt())
}

/// Linear interpolation between order statistics, as numpy does.
fn quantiles<const N: usize>(sorted: &[f64], shares: [f64; N]) -> [f64; N] {
    shares.map(|share| {
        if sorted.is_empty() {
            return f64::NAN;
        }
        let rank = share * (sorted.len() - 1) as f64;
        let (low, high) = (rank.floor() as usize, rank.ceil() as usize);
        sorted[low] + (rank - low as f64) * (sorted[high] - sorted[low])
    })
}
