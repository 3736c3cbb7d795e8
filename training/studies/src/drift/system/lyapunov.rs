//! How fast nearby trajectories part (appendix D): measured, and in closed form.

use super::maps::Rule;

/// Separation at which two orbits are followed.
const SEPARATION: f64 = 1e-9;

/// A measured exponent per step: two orbits, `1e-9` apart, are run side by side and brought back to that distance
/// after every step. The mean logarithm of the growth is the exponent (eqs. 33-34). Knows nothing but the map.
/// Steps in which the orbits merge, or of which one is on the other side of a fold, spoil it by their share only.
pub fn measured_exponent(map: impl Fn(f64) -> f64, start: f64, transient: usize, steps: usize) -> f64 {
    let mut state = (0..transient).fold(start, |state, _| map(state));
    let mut sum = 0.0;
    for _ in 0..steps {
        let next = map(state);
        let growth = (map(state + SEPARATION) - next).abs() / SEPARATION;
        sum += growth.max(f64::MIN_POSITIVE).ln();
        state = next;
    }
    sum / steps as f64
}

/// Measured exponent of the tent map of a slope, states not quantised (quantised ones have no tangent).
pub fn measured_tent_exponent(mu: f64, start: f64, steps: usize) -> f64 {
    measured_exponent(|state| Rule::Tent.next(mu, state), start, 0, steps)
}

/// Measured exponent of the logistic map after `transient` steps.
pub fn measured_logistic_exponent(r: f64, start: f64, transient: usize, steps: usize) -> f64 {
    measured_exponent(|state| Rule::Logistic.next(r, state), start, transient, steps)
}

/// Measured exponent of the sinusoid, whose step turns a phase by `2 pi / T`.
pub fn measured_sinusoid_exponent(period: f64, start: f64, steps: usize) -> f64 {
    let turn = std::f64::consts::TAU / period;
    measured_exponent(|phase| phase + turn, start, 0, steps)
}

/// Eq. 32: a sinusoid neither stretches nor shrinks.
pub fn sinusoid_exponent() -> f64 {
    0.0
}

/// Eq. 35: both branches of the tent have slope `mu`.
pub fn tent_exponent(mu: f64) -> f64 {
    mu.ln()
}

/// Eq. 36: the mean of `ln |r (1 - 2 x)|` along the orbit.
pub fn logistic_orbit_exponent(r: f64, start: f64, transient: usize, steps: usize) -> f64 {
    let mut state = (0..transient).fold(start, |state, _| Rule::Logistic.next(r, state));
    let mut sum = 0.0;
    for _ in 0..steps {
        sum += (r * (1.0 - 2.0 * state)).abs().max(f64::MIN_POSITIVE).ln();
        state = Rule::Logistic.next(r, state);
    }
    sum / steps as f64
}

/// Eq. 37: the exponent at the attracting fixed point `1 - 1/r`; `None` outside `1 < r < 3`, where it attracts none.
pub fn logistic_fixed_point_exponent(r: f64) -> Option<f64> {
    (r > 1.0 && r < 3.0).then(|| (2.0 - r).abs().ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinusoid_has_no_growth() {
        for period in [16.0, 31.4, 64.0] {
            assert!((measured_sinusoid_exponent(period, 0.3, 100) - sinusoid_exponent()).abs() < 1e-5);
        }
    }

    #[test]
    fn tent_grows_by_its_slope() {
        for mu in [0.5, 0.8, 1.0, 1.3, 1.7, 1.95] {
            let measured = measured_tent_exponent(mu, 0.4, 128);
            assert!((measured - tent_exponent(mu)).abs() < 1e-5, "{mu}: {measured}");
        }
        assert!(tent_exponent(0.9) < 0.0 && tent_exponent(1.1) > 0.0);
    }

    #[test]
    fn logistic_orbits_agree_with_the_product_of_slopes() {
        for r in [2.6, 3.2, 3.5, 3.7, 3.9] {
            let orbit = logistic_orbit_exponent(r, 0.4, 200, 4000);
            assert!((measured_logistic_exponent(r, 0.4, 200, 4000) - orbit).abs() < 1e-3, "{r}: {orbit}");
        }
        // Eq. 36 at r = 4, where the exponent is known to be ln 2.
        assert!((logistic_orbit_exponent(4.0, 0.4, 100, 200_000) - 2.0_f64.ln()).abs() < 0.01);
    }

    #[test]
    fn logistic_fixed_points_agree_with_the_closed_form() {
        for r in [1.5, 2.5, 2.8] {
            let closed = logistic_fixed_point_exponent(r).expect("attracting");
            assert!((measured_logistic_exponent(r, 0.4, 2000, 500) - closed).abs() < 1e-5, "{r}: {closed}");
        }
        assert_eq!([0.9, 3.0, 3.5, f64::NAN].map(logistic_fixed_point_exponent), [None; 4]);
    }
}
