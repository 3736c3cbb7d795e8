//! Plants as modal oscillators: a slender stem clamped at its foot (Euler and Bernoulli), of which two modes ring after a
//! poke.
//!
//! The lateral displacement at the share s of the length is the sum over modes of their shape at s times their amplitude. A poke
//! is an impulse at one place: it starts every mode in proportion to the mode's shape there. Damping is Kelvin-Voigt damping (stress
//! grows with the rate of strain): a mode's damping ratio is proportional to its frequency.

use std::f64::consts::TAU;

/// Solutions of cos x cosh x = -1: wave number times length of the first modes of a beam with one end clamped.
const WAVE: [f64; 2] = [1.875_104_068_711_961, 4.694_091_132_974_174];
/// How much lower a point gets, as a share of the square of its lateral displacement over its height: half of the integral of the
/// squared slope of the first mode, over the square of its value at the tip.
const LOWERED: f64 = 0.581;

/// Largest lateral displacement of the tip that a poke may cause, as a share of the length: the beam's equation is that of small
/// ones.
const MOST_LEAN: f64 = 0.5;

/// A stem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plant {
    /// From the clamp to the tip, metres.
    pub length_m: f64,
    /// Frequency of the first mode without damping, hertz.
    pub first_hz: f64,
    /// Damping ratio of the first mode, below 0.15, so that the second one is underdamped too.
    pub damping: f64,
}

/// The shape of a mode at a share of the length, scaled so that its square has the integral 1.
fn shape(mode: usize, share: f64) -> f64 {
    let (wave, at) = (WAVE[mode], WAVE[mode] * share.clamp(0.0, 1.0));
    let ratio = (wave.sinh() - wave.sin()) / (wave.cosh() + wave.cos());
    at.cosh() - at.cos() - ratio * (at.sinh() - at.sin())
}

impl Plant {
    /// Lateral displacement at the share `share` of the length, metres, at a time after a poke that gives the place `poked` a
    /// speed.
    pub fn offset_m(&self, poked: f64, speed_mps: f64, share: f64, secs: f64) -> f64 {
        let started: f64 = (0..WAVE.len()).map(|mode| shape(mode, poked).powi(2)).sum();
        if !(started > 1e-6) {
            return 0.0;
        }
        let way = |mode: usize| {
            let ratio = (WAVE[mode] / WAVE[0]).powi(2);
            let (natural, damping) = (TAU * self.first_hz * ratio, self.damping * ratio);
            let damped = natural * (1.0 - damping * damping).max(1e-6).sqrt();
            let amplitude = speed_mps * shape(mode, poked) / started / damped;
            shape(mode, share) * amplitude * (-damping * natural * secs).exp() * (damped * secs).sin()
        };
        (0..WAVE.len()).map(way).sum()
    }

    /// The fastest poke of a place after which the tip leans by [`MOST_LEAN`] of the length at most, m/s.
    pub fn fastest_poke_mps(&self, poked: f64) -> f64 {
        const SAMPLES: usize = 200;
        let at = |sample: usize| self.offset_m(poked, 1.0, 1.0, sample as f64 / SAMPLES as f64 / self.first_hz).abs();
        let farthest = (0..SAMPLES).map(at).fold(0.0, f64::max);
        MOST_LEAN * self.length_m / farthest.max(1e-9)
    }

    /// How much lower a point is that is this high over the clamp and this far aside, metres.
    pub fn lowered_m(height_m: f64, aside_m: f64) -> f64 {
        (LOWERED * aside_m * aside_m / height_m.max(1e-3)).min(0.8 * height_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plant() -> Plant {
        Plant { length_m: 0.7, first_hz: 0.5, damping: 0.08 }
    }

    fn integral(of: impl Fn(f64) -> f64) -> f64 {
        let steps = 20_000;
        (0..steps).map(|step| of((f64::from(step) + 0.5) / f64::from(steps)) / f64::from(steps)).sum()
    }

    #[test]
    fn modes_are_orthonormal_and_clamped_at_the_foot() {
        for (a, wave) in WAVE.into_iter().enumerate() {
            assert!((wave.cos() * wave.cosh() + 1.0).abs() < 1e-12);
            assert!(shape(a, 0.0).abs() < 1e-12 && shape(a, 1e-4).abs() < 1e-6);
            for b in 0..2 {
                let product = integral(|share| shape(a, share) * shape(b, share));
                assert!((product - f64::from(u8::from(a == b))).abs() < 1e-6, "{a} {b}: {product}");
            }
        }
        // Blevins, Formulas for natural frequency and mode shape, table 8-1: 22.034 / 3.516.
        assert!(((WAVE[1] / WAVE[0]).powi(2) - 6.267).abs() < 1e-3);
    }

    #[test]
    fn the_poked_place_sets_off_with_the_speed_of_the_poke() {
        for poked in [0.4, 0.7, 1.0] {
            let secs = 1e-5;
            let speed = plant().offset_m(poked, 0.8, poked, secs) / secs;
            assert!((speed - 0.8).abs() < 1e-3, "{poked}: {speed}");
        }
        assert_eq!(plant().offset_m(0.0, 0.8, 1.0, 0.3), 0.0);
    }

    /// Each mode solves q'' + 2 d w q' + w^2 q = 0: here by central differences, of the first mode alone, at its node of the
    /// second one.
    #[test]
    fn amplitudes_solve_the_oscillators_equation() {
        let node = 0.783_44;
        assert!(shape(1, node).abs() < 1e-3);
        let (natural, step) = (TAU * 0.5, 1e-4);
        let at = |secs: f64| plant().offset_m(1.0, 0.8, node, secs);
        for secs in [0.3, 1.0, 2.2] {
            let rate = (at(secs + step) - at(secs - step)) / (2.0 * step);
            let second = (at(secs + step) - 2.0 * at(secs) + at(secs - step)) / (step * step);
            let rest = second + 2.0 * 0.08 * natural * rate + natural * natural * at(secs);
            assert!(rest.abs() < 1e-3, "{secs}: {rest}");
        }
    }

    #[test]
    fn the_fastest_poke_leans_the_tip_by_half_of_the_length_and_keeps_the_stem_as_long_as_it_is() {
        for poked in [0.45, 0.7, 1.0] {
            let speed = plant().fastest_poke_mps(poked);
            let aside = |sample: u32| plant().offset_m(poked, speed, 1.0, f64::from(sample) * 0.005).abs();
            let farthest = (0..2000).map(aside).fold(0.0, f64::max);
            assert!((farthest / 0.35 - 1.0).abs() < 0.01, "{poked}: {farthest}");
            let tip = farthest.hypot(0.7 - Plant::lowered_m(0.7, farthest));
            assert!((tip / 0.7 - 1.0).abs() < 0.03, "{poked}: {tip}");
        }
    }

    #[test]
    fn the_top_goes_farther_and_all_comes_to_rest() {
        let peak =
            |share| (0..200).map(|k| plant().offset_m(1.0, 0.8, share, f64::from(k) * 0.02).abs()).fold(0.0, f64::max);
        assert!(peak(1.0) > 1.5 * peak(0.6) && peak(0.6) > 1.5 * peak(0.3));
        assert!(plant().offset_m(1.0, 0.8, 1.0, 40.0).abs() < 1e-4);
        assert!(
            (integral(|share| {
                let step = 1e-5;
                ((shape(0, share + step) - shape(0, share - step)) / (2.0 * step)).powi(2)
            }) / 8.0
                - LOWERED)
                .abs()
                < 0.002
        );
    }
}
