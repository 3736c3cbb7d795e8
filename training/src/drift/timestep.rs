//! At which noise level a model's error in data space is measured.

use crate::system::Trajectories;
use planwright::diffusion::NoiseSchedule;

/// Median over all trajectories and steps of the displacement from one step to the next, per coordinate (root mean
/// square over the coordinates). 0 without steps.
pub(super) fn median_step(rows: &Trajectories) -> f64 {
    let columns = rows.columns.max(1);
    let mut steps: Vec<f32> = rows
        .iter()
        .flat_map(|row| {
            let later = row.chunks_exact(columns).skip(1);
            row.chunks_exact(columns).zip(later).map(|(from, to)| {
                let squares: f32 = from.iter().zip(to).map(|(from, to)| (to - from).powi(2)).sum();
                (squares / columns as f32).sqrt()
            })
        })
        .collect();
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    let (_, median, _) = steps.select_nth_unstable_by(middle, f32::total_cmp);
    f64::from(*median)
}

/// The training timestep whose noise is nearest to a displacement.
pub(super) fn error_timestep(schedule: &NoiseSchedule, displacement: f64) -> usize {
    let distance = |timestep: usize| (schedule.scales(Some(timestep)).1 - displacement).abs();
    (0..schedule.steps()).min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::diffusion::ScheduleKind;

    #[test]
    fn the_median_step_of_a_hand_computed_case() {
        let rows = Trajectories { horizon: 3, columns: 2, values: vec![0.0, 0.0, 3.0, 4.0, 3.0, 4.0] };
        // Steps of 5 / sqrt 2 and 0; the upper of two medians.
        assert!((median_step(&rows) - 12.5_f64.sqrt()).abs() < 1e-6);
        assert_eq!(median_step(&Trajectories::empty(3, 2)), 0.0);
    }

    #[test]
    fn the_timestep_is_the_nearest_in_noise() {
        let schedule = NoiseSchedule::new(ScheduleKind::Cosine, 50).expect("steps");
        assert_eq!(error_timestep(&schedule, 0.0), 0);
        assert_eq!(error_timestep(&schedule, 5.0), 49);
        let noise = schedule.scales(Some(20)).1;
        assert_eq!(error_timestep(&schedule, noise), 20);
    }
}
