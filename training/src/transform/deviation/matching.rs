//! Choosing the scale by a model's error (section 5.1), without its samples.

use super::error::DeviationError;
use super::kernel::DeviationKernel;
use crate::dataset::Trajectories;
use rayon::prelude::*;

/// Smallest and largest scale that is tried.
const SCALES: [f64; 2] = [1e-5, 1.0];

/// Trajectories the deviation is estimated over.
const TRAJECTORIES: usize = 512;

/// Halvings between two scales of which one is twice the other.
const HALVINGS: usize = 12;

/// Median length of a step in [-1, 1] coordinates.
///
/// # Errors
/// If there is no step, or one is not finite.
pub fn median_displacement(normalised: &Trajectories) -> Result<f64, DeviationError> {
    let columns = normalised.columns.max(1);
    let mut lengths: Vec<f64> = normalised
        .iter()
        .flat_map(|row| row.chunks(columns).zip(row.chunks(columns).skip(1)))
        .map(|(from, to)| from.iter().zip(to).map(|(from, to)| f64::from(to - from).powi(2)).sum::<f64>().sqrt())
        .collect();
    let wrong = |problem: String| DeviationError::Level { problem };
    if lengths.iter().any(|length| !length.is_finite()) {
        return Err(wrong("a step that is not finite".to_owned()));
    }
    let middle = lengths.len() / 2;
    if lengths.is_empty() {
        return Err(wrong("trajectories without steps".to_owned()));
    }
    Ok(*lengths.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// The diffusion level whose noise is nearest to a displacement: there the model's error is read. `noise_stds` holds
/// sqrt(1 - abar_t) for every level t.
///
/// # Errors
/// If there is no level, or a number is not finite.
pub fn matching_level(noise_stds: &[f64], displacement: f64) -> Result<usize, DeviationError> {
    let wrong = |problem: String| Err(DeviationError::Level { problem });
    if !displacement.is_finite() {
        return wrong(format!("a displacement of {displacement}"));
    }
    if let Some(std) = noise_stds.iter().find(|std| !std.is_finite()) {
        return wrong(format!("a level of {std}"));
    }
    let distance = |std: &f64| (std - displacement).abs();
    match noise_stds.iter().enumerate().min_by(|left, right| distance(left.1).total_cmp(&distance(right.1))) {
        Some((level, _)) => Ok(level),
        None => wrong("no level".to_owned()),
    }
}

/// Mean squared deviation per value, in [-1, 1] coordinates: E ||x~ - x||^2 / (H C). One draw for each of up to 512
/// trajectories from all over the data.
///
/// # Errors
/// If a trajectory cannot be deviated.
pub fn mean_squared_deviation(kernel: &DeviationKernel<'_>) -> Result<f64, DeviationError> {
    let data = kernel.data();
    let count = data.len().min(TRAJECTORIES);
    let squares: Result<Vec<f64>, DeviationError> = (0..count)
        .into_par_iter()
        .map(|place| {
            let index = place * data.len() / count;
            Ok(kernel.squared_deviation(index, &kernel.deviate(index, 0)?))
        })
        .collect();
    Ok(squares?.iter().sum::<f64>() / count as f64)
}

/// The kernel at the scale whose mean squared deviation is `target`, a model's mean squared error per value in
/// [-1, 1] coordinates. Where the deviation grows in jumps (quantised states), at the smallest scale that reaches it.
///
/// # Errors
/// If the target is none, or lies outside what scales of 1e-5 to 1 reach.
pub fn matched<'a>(kernel: &DeviationKernel<'a>, target: f64) -> Result<DeviationKernel<'a>, DeviationError> {
    if !(target > 0.0 && target.is_finite()) {
        return Err(DeviationError::Target(target));
    }
    // Every scale uses the same draws, so that the estimate hardly wavers between neighbouring scales. It need not
    // grow for ever: on a path, draws from far away do not connect and are not made. So the first crossing counts.
    let deviation = |scale: f64| mean_squared_deviation(&kernel.at_scale(scale)?);
    let [scale_low, scale_high] = SCALES;
    let (mut low, mut high) = (scale_low, scale_low);
    let reachable_low = deviation(scale_low)?;
    let mut reached = reachable_low;
    while reached < target && high < scale_high {
        low = high;
        high = (2.0 * high).min(scale_high);
        reached = reached.max(deviation(high)?);
    }
    if !(reachable_low <= target && target <= reached) {
        let reachable_high = reached;
        return Err(DeviationError::Unreachable { target, reachable_low, reachable_high, scale_low, scale_high });
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if deviation(middle)? < target { low = middle } else { high = middle }
    }
    kernel.at_scale(high)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Tent, Walk};
    use super::super::{DeviationKernel, KernelSettings};
    use super::*;
    use crate::transform::System;

    #[test]
    fn the_level_is_the_one_with_the_nearest_noise() {
        let stds = [0.01, 0.1, 0.3, 0.9];
        assert_eq!(matching_level(&stds, 0.18).expect("levels"), 1);
        assert_eq!(matching_level(&stds, 0.21).expect("levels"), 2);
        assert_eq!(matching_level(&stds, 5.0).expect("levels"), 3);
        for (stds, displacement, got) in [
            (&[][..], 0.1, "got no level"),
            (&stds, f64::NAN, "got a displacement of NaN"),
            (&[f64::INFINITY], 0.1, "got a level of inf"),
        ] {
            let error = matching_level(stds, displacement).expect_err("no level").to_string();
            assert!(error.ends_with(got), "{error}");
        }
    }

    #[test]
    fn the_median_displacement_of_a_hand_computed_case() {
        let values = vec![0.0, 0.0, 0.3, 0.4, 0.3, 0.5, 0.3, 0.6];
        let steps = Trajectories { horizon: 4, columns: 2, values };
        assert!((median_displacement(&steps).expect("steps") - 0.1).abs() < 1e-6);
        let broken = Trajectories { horizon: 2, columns: 1, values: vec![0.0, f32::NAN] };
        for (steps, got) in
            [(Trajectories::empty(4, 2), "got trajectories without steps"), (broken, "got a step that is not finite")]
        {
            let error = median_displacement(&steps).expect_err("no median").to_string();
            assert!(error.ends_with(got), "{error}");
        }
    }

    #[test]
    fn a_matched_scale_deviates_as_far_as_asked() {
        let walk = Walk { columns: 2 };
        let data = walk.generate(300, 1).expect("data");
        let kernel = DeviationKernel::new(&walk, &data, KernelSettings::default()).expect("a kernel");
        for target in [1e-8, 1e-6, 2e-5] {
            let found = matched(&kernel, target).expect("reachable");
            let got = mean_squared_deviation(&found).expect("deviations");
            assert!((got / target - 1.0).abs() < 0.1, "{target} {got} at {}", found.settings().scale);
        }
        // Endpoints are given and steps are short: no path of this length is that far from its source.
        assert!(matches!(matched(&kernel, 0.1), Err(DeviationError::Unreachable { .. })));
    }

    #[test]
    fn errors_outside_what_the_kernel_reaches_are_refused() {
        let data = Tent.generate(200, 1).expect("data");
        let kernel = DeviationKernel::new(&Tent, &data, KernelSettings::default()).expect("a kernel");
        let Err(error) = matched(&kernel, 3.0) else { panic!("states differ by 2 at most") };
        assert!(error.to_string().contains("hint: give the scale"), "{error}");
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(matched(&kernel, bad), Err(DeviationError::Target(_))));
        }
    }
}
