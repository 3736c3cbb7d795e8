//! Energy of a double pendulum of which only the angles are known.

use crate::world::{DoublePendulum, PendulumState};
use std::f64::consts::{PI, TAU};

/// The same angle between -pi and pi, rad. NaN stays NaN.
pub fn wrapped_rad(angle_rad: f64) -> f64 {
    let turned = (angle_rad + PI).rem_euclid(TAU) - PI;
    // Rounding may give pi for what is -pi.
    if turned >= PI { turned - TAU } else { turned }
}

/// Angular rates at the interior steps by central differences (eq. 17), rad/s; the differences are wrapped, so that
/// angles may be given modulo a turn. One entry fewer than steps at each end.
pub fn angular_rates_radps(angles_rad: &[[f32; 2]], step_secs: f64) -> impl Iterator<Item = [f64; 2]> + '_ {
    angles_rad.windows(3).map(move |window| {
        let rate = |axis: usize| {
            let difference = f64::from(window[2][axis]) - f64::from(window[0][axis]);
            wrapped_rad(difference) / (2.0 * step_secs)
        };
        [rate(0), rate(1)]
    })
}

/// Median over the interior steps of the energy above the lowest equilibrium, J (eq. 18). The median suppresses the
/// spikes that single wrong angles make. NaN if any angle is not finite, or with fewer than three steps.
pub fn median_energy_j(pendulum: &DoublePendulum, angles_rad: &[[f32; 2]], step_secs: f64) -> f64 {
    if angles_rad.as_flattened().iter().any(|angle| !angle.is_finite()) {
        return f64::NAN;
    }
    let interior = angles_rad.get(1..).unwrap_or_default();
    let mut energies: Vec<f64> = angular_rates_radps(angles_rad, step_secs)
        .zip(interior)
        .map(|(rate_radps, angles)| pendulum.energy_j(&PendulumState { angle_rad: angles.map(f64::from), rate_radps }))
        .collect();
    median(&mut energies)
}

/// The middle value, or the mean of the two in the middle; NaN for none. Sorts the values, NaN last: a few
/// move the median, more than half make it NaN.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), middle.checked_sub(1).and_then(|below| values.get(below))) {
        (Some(upper), Some(lower)) if values.len().is_multiple_of(2) => 0.5 * (lower + upper),
        (Some(upper), _) => *upper,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_wrap_to_half_a_turn() {
        for (angle, wrapped) in
            [(0.5, 0.5), (TAU + 0.5, 0.5), (-PI - 0.5, PI - 0.5), (3.5, 3.5 - TAU), (-7.0, TAU - 7.0)]
        {
            assert!((wrapped_rad(angle) - wrapped).abs() < 1e-12, "{angle}");
        }
        for turns in -3..=3 {
            let wrapped = wrapped_rad(PI + TAU * f64::from(turns));
            assert!((-PI..PI).contains(&wrapped), "{turns}: {wrapped}");
        }
        assert!(wrapped_rad(f64::NAN).is_nan());
    }

    #[test]
    fn rates_across_the_turn_by_hand() {
        let angles = [[3.0, 0.0], [3.1, 0.1], [-3.0, 0.4]];
        let rates: Vec<[f64; 2]> = angular_rates_radps(&angles, 0.1).collect();
        assert_eq!(rates.len(), 1);
        // From 3 to -3 is TAU - 6 forward.
        assert!((rates[0][0] - (TAU - 6.0) / 0.2).abs() < 1e-6 && (rates[0][1] - 2.0).abs() < 1e-6, "{rates:?}");
    }

    #[test]
    fn energy_of_a_pendulum_that_turns_as_one_by_hand() {
        let pendulum = DoublePendulum { gravity_mps2: 0.0, ..DoublePendulum::default() };
        // 2 rad/s without gravity: speeds 2 and 4 m/s, 2 + 8 J; one wrong angle is outvoted.
        let mut angles: Vec<[f32; 2]> = (0..21).map(|step| [0.2 * step as f32; 2]).collect();
        assert!((median_energy_j(&pendulum, &angles, 0.1) - 10.0).abs() < 1e-4);
        angles[7][1] += 1.0;
        assert!((median_energy_j(&pendulum, &angles, 0.1) - 10.0).abs() < 1e-4);
    }

    #[test]
    fn the_energy_of_a_motion_is_found_from_its_angles() {
        let pendulum = DoublePendulum::default();
        let mut state = PendulumState::from_array([1.0, -0.5, 0.5, 2.0]);
        let energy = pendulum.energy_j(&state);
        let mut angles = Vec::new();
        for _ in 0..64 {
            angles.push(state.angle_rad.map(|angle| angle as f32));
            state = pendulum.advance(&state, 0.01, 1);
        }
        assert!((median_energy_j(&pendulum, &angles, 0.01) / energy - 1.0).abs() < 0.01);
    }

    #[test]
    fn what_is_no_number_gives_none() {
        let pendulum = DoublePendulum::default();
        let mut angles = vec![[0.1_f32; 2]; 64];
        assert!(median_energy_j(&pendulum, &angles, 0.05).is_finite());
        angles[63][1] = f32::NAN;
        assert!(median_energy_j(&pendulum, &angles, 0.05).is_nan());
        assert!(median_energy_j(&pendulum, &angles[..2], 0.05).is_nan());
        assert!(median_energy_j(&pendulum, &[], 0.05).is_nan());
    }

    #[test]
    fn medians_by_hand() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&mut []).is_nan() && median(&mut [f64::NAN, 1.0, f64::NAN]).is_nan());
    }
}
