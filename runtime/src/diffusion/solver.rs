//! One step of a solver: from the sample at noise level t and the predicted clean sample to level s < t.

use super::schedule::NoiseSchedule;

/// How the sampler walks from noise to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum Solver {
    /// Ancestral sampling (Ho et al. 2020), generalised to subsets of the training steps.
    #[serde(rename = "ddpm")]
    Ddpm,
    /// Deterministic DDIM, eta = 0 (Song et al. 2021).
    #[serde(rename = "ddim")]
    Ddim,
    /// DPM-Solver++(2M) (Lu et al. 2022): second order from the last two predictions.
    #[serde(rename = "dpm-solver++")]
    DpmSolverPlusPlus,
}

/// A name that is no solver.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected one of {names}, got '{0}'", names = Solver::ALL.map(Solver::name).join(", "))]
pub struct SolverNameError(pub String);

impl Solver {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ddpm, Self::Ddim, Self::DpmSolverPlusPlus];

    /// Its name on the command line, in manifests and in ROS parameters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ddpm => "ddpm",
            Self::Ddim => "ddim",
            Self::DpmSolverPlusPlus => "dpm-solver++",
        }
    }
}

impl std::str::FromStr for Solver {
    type Err = SolverNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|solver| solver.name() == name).ok_or_else(|| SolverNameError(name.to_owned()))
    }
}

impl std::fmt::Display for Solver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Weights of a step: `x_s = x * x_t + clean * clean_t + previous * clean_(t before) + noise * epsilon`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weights {
    pub(super) x: f32,
    pub(super) clean: f32,
    pub(super) previous: f32,
    pub(super) noise: f32,
}

impl Solver {
    /// Weights of the step from `t` to `s`; `s = None` is the clean end. `before` is the level of the step
    /// before this one, if there was one.
    pub(super) fn weights(
        self,
        schedule: &NoiseSchedule,
        before: Option<usize>,
        t: usize,
        s: Option<usize>,
    ) -> Weights {
        if s.is_none() {
            // At the clean end all three agree: the predicted clean sample itself.
            return Weights { x: 0.0, clean: 1.0, previous: 0.0, noise: 0.0 };
        }
        let (signal_t, noise_t) = schedule.scales(Some(t));
        let (signal_s, noise_s) = schedule.scales(s);
        let weights = |x: f64, clean: f64, previous: f64, noise: f64| Weights {
            x: x as f32,
            clean: clean as f32,
            previous: previous as f32,
            noise: noise as f32,
        };
        match self {
            Self::Ddpm => {
                let (bar_t, bar_s) = (signal_t * signal_t, signal_s * signal_s);
                let alpha = bar_t / bar_s;
                let variance = (1.0 - bar_s) / (1.0 - bar_t) * (1.0 - alpha);
                let clean = signal_s * (1.0 - alpha) / (1.0 - bar_t);
                let x = alpha.sqrt() * (1.0 - bar_s) / (1.0 - bar_t);
                weights(x, clean, 0.0, variance.max(0.0).sqrt())
            }
            Self::Ddim => {
                let x = noise_s / noise_t;
                weights(x, signal_s - x * signal_t, 0.0, 0.0)
            }
            Self::DpmSolverPlusPlus => {
                let lambda = |signal: f64, noise: f64| (signal / noise).ln();
                let h = lambda(signal_s, noise_s) - lambda(signal_t, noise_t);
                let gain = -signal_s * (-h).exp_m1();
                let x = noise_s / noise_t;
                let Some(before) = before else {
                    return weights(x, gain, 0.0, 0.0);
                };
                let (signal_b, noise_b) = schedule.scales(Some(before));
                let ratio = (lambda(signal_t, noise_t) - lambda(signal_b, noise_b)) / h;
                let extrapolated = gain / (2.0 * ratio);
                weights(x, gain + extrapolated, -extrapolated, 0.0)
            }
        }
    }
}
