//! How much of the signal is left after each noising step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The family of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Nichol and Dhariwal's cosine, s = 0.008, betas clipped at 0.999, on Diffuser's slightly stretched grid
    /// `linspace(0, T + 1, T + 1)`.
    Cosine,
    /// A straight line between data and noise, `x = (1 - s) x_0 + s epsilon` (rectified flow), divided by its standard
    /// deviation for data of variance one, on the shifted grid `s = 1.5 u / (1 + 0.5 u)` with u from 0 to 1: much noise is
    /// trained more often than little (Esser et al. 2024, eq. 23).
    ShiftedFlow,
    /// The same with shift 6, `s = 6 u / (1 + 5 u)`: samples of many values that tell the same, as the pixels of an object do,
    /// are recognised through more noise.
    #[serde(rename = "shifted-flow-6")]
    ShiftedFlow6,
}

/// Shift of [`ScheduleKind::ShiftedFlow`].
const FLOW_SHIFT: f64 = 1.5;
/// Shift of [`ScheduleKind::ShiftedFlow6`].
const FAR_FLOW_SHIFT: f64 = 6.0;

/// Why a schedule cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected between 1 and {max} diffusion steps, got {got}", max = NoiseSchedule::MAX_STEPS)]
pub struct ScheduleError {
    /// Requested steps.
    pub got: usize,
}

/// `alpha_bar[t]` for t in 0..T: the share of signal power left at training step t.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseSchedule {
    kind: ScheduleKind,
    alpha_bar: Vec<f64>,
}

impl NoiseSchedule {
    /// More steps than this are a mistake in a manifest rather than a wish.
    pub const MAX_STEPS: usize = 10_000;

    /// A schedule of `steps` training steps.
    ///
    /// # Errors
    /// If `steps` is 0 or absurdly large.
    pub fn new(kind: ScheduleKind, steps: usize) -> Result<Self, ScheduleError> {
        if steps == 0 || steps > Self::MAX_STEPS {
            return Err(ScheduleError { got: steps });
        }
        let alpha_bar = match kind {
            ScheduleKind::Cosine => Self::cosine(steps),
            ScheduleKind::ShiftedFlow => Self::shifted_flow(steps, FLOW_SHIFT),
            ScheduleKind::ShiftedFlow6 => Self::shifted_flow(steps, FAR_FLOW_SHIFT),
        };
        Ok(Self { kind, alpha_bar })
    }

    fn shifted_flow(steps: usize, shift: f64) -> Vec<f64> {
        let level = |t: usize| {
            // The middle of each interval: neither end is pure, so that every ratio is finite.
            let u = (t as f64 + 0.5) / steps as f64;
            let noise = shift * u / (1.0 + (shift - 1.0) * u);
            let signal = 1.0 - noise;
            signal * signal / (signal * signal + noise * noise)
        };
        (0..steps).map(level).collect()
    }

    fn cosine(steps: usize) -> Vec<f64> {
        let grid = (steps + 1) as f64;
        let signal = |k: usize| {
            // linspace(0, steps + 1, steps + 1): the spacing is a little more than one.
            let x = k as f64 * grid / steps as f64;
            let angle = (x / grid + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2;
            angle.cos().powi(2)
        };
        let mut product = 1.0;
        (0..steps)
            .map(|t| {
                let beta = (1.0 - signal(t + 1) / signal(t)).clamp(0.0, 0.999);
                product *= 1.0 - beta;
                product
            })
            .collect()
    }

    /// The family.
    pub fn kind(&self) -> ScheduleKind {
        self.kind
    }

    /// Number of training steps T.
    pub fn steps(&self) -> usize {
        self.alpha_bar.len()
    }

    /// Share of signal power left at step `t`; 1 for the clean end (`t = None`).
    pub fn alpha_bar(&self, t: Option<usize>) -> f64 {
        t.and_then(|t| self.alpha_bar.get(t)).copied().unwrap_or(1.0)
    }

    /// Scales of signal and noise at step `t`: `x_t = signal * x_0 + noise * epsilon`.
    pub fn scales(&self, t: Option<usize>) -> (f64, f64) {
        let alpha_bar = self.alpha_bar(t);
        (alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt())
    }

    /// Turns predicted noise into the clean values it means at step `t`, in place:
    /// `x_0 = (x_t - noise * epsilon) / signal`.
    pub fn clean_from_noise(&self, t: usize, noisy: &[f32], predicted: &mut [f32]) {
        let (signal, noise) = self.scales(Some(t));
        let (gain, noise) = ((1.0 / signal) as f32, noise as f32);
        for (predicted, noisy) in predicted.iter_mut().zip(noisy) {
            *predicted = gain * (*noisy - noise * *predicted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_taken_out_as_it_was_put_in() {
        let Ok(schedule) = NoiseSchedule::new(ScheduleKind::Cosine, 50) else { panic!("50 steps are valid") };
        let (signal, noise) = schedule.scales(Some(20));
        let (clean, epsilon) = ([0.5_f32, -0.25], [1.5_f32, -0.75]);
        let noisy = [0, 1].map(|k| signal as f32 * clean[k] + noise as f32 * epsilon[k]);
        let mut predicted = epsilon;
        schedule.clean_from_noise(20, &noisy, &mut predicted);
        assert!(predicted.iter().zip(clean).all(|(got, clean)| (got - clean).abs() < 1e-6), "{predicted:?}");
    }

    #[test]
    fn the_cosine_schedule_matches_diffusers_numpy() {
        // numpy 1.26 on the formula of the module docs, T = 64.
        let schedule = NoiseSchedule::new(ScheduleKind::Cosine, 64);
        let Ok(schedule) = schedule else { panic!("64 steps are valid") };
        assert!((schedule.alpha_bar(Some(0)) - 0.999_019_6).abs() < 1e-3);
        assert!(schedule.alpha_bar(Some(63)) < 1e-5);
        let all: Vec<f64> = (0..64).map(|t| schedule.alpha_bar(Some(t))).collect();
        assert!(all.windows(2).all(|pair| pair[1] < pair[0]), "strictly less signal at every step");
        assert_eq!(schedule.alpha_bar(None), 1.0);
    }

    #[test]
    fn the_flow_schedules_are_straight_lines_of_unit_variance() {
        for (kind, shift) in [(ScheduleKind::ShiftedFlow, 1.5), (ScheduleKind::ShiftedFlow6, 6.0)] {
            let Ok(schedule) = NoiseSchedule::new(kind, 1000) else { panic!("1000 steps are valid") };
            for t in [0, 400, 999] {
                let (signal, noise) = schedule.scales(Some(t));
                assert!((signal * signal + noise * noise - 1.0).abs() < 1e-12);
                // Noise over noise plus signal is the place on the line.
                let u = (t as f64 + 0.5) / 1000.0;
                assert!((noise / (noise + signal) - shift * u / (1.0 + (shift - 1.0) * u)).abs() < 1e-12);
            }
            let all: Vec<f64> = (0..1000).map(|t| schedule.alpha_bar(Some(t))).collect();
            assert!(all.windows(2).all(|pair| pair[1] < pair[0]) && all[999] > 0.0);
        }
    }

    #[test]
    fn no_steps_and_absurd_steps_are_refused() {
        for got in [0, NoiseSchedule::MAX_STEPS + 1, usize::MAX] {
            assert_eq!(NoiseSchedule::new(ScheduleKind::Cosine, got), Err(ScheduleError { got }));
        }
    }
}
