//! The walk from noise to a batch of samples.

use super::schedule::NoiseSchedule;
use super::solver::Solver;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Predicts the clean sample. All slices are batch x size, row by row.
pub trait Denoiser {
    /// What can go wrong in the engine.
    type Error;

    /// Fills `clean` with the prediction for `noisy` at training step `timestep` (0 is the least noise).
    /// Contract: no randomness, the same input gives the same output; the time it takes is what a deadline
    /// is planned with. Values may be anything, NaN included; the caller checks the samples.
    ///
    /// # Errors
    /// Whatever the engine reports; the walk ends there.
    fn denoise(&mut self, noisy: &[f32], timestep: usize, clean: &mut [f32]) -> Result<(), Self::Error>;
}

/// Solver and step count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplerSettings {
    /// The rule of each step.
    pub solver: Solver,
    /// Network calls, 1 to the number of training steps.
    pub steps: usize,
}

/// A stretch of the sample that is known: written over every candidate at every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition<'a> {
    offset: usize,
    len: usize,
    values: &'a [f32],
}

impl<'a> Condition<'a> {
    /// The same values in every sample of the batch. `offset` is the index of the first within a sample.
    pub fn same(offset: usize, values: &'a [f32]) -> Self {
        Self { offset, len: values.len(), values }
    }

    /// `len` values of its own for every sample: batch x `len`, row by row.
    pub fn each(offset: usize, len: usize, values: &'a [f32]) -> Self {
        Self { offset, len, values }
    }

    fn of_row(&self, row: usize) -> &'a [f32] {
        if self.values.len() == self.len { self.values } else { &self.values[row * self.len..(row + 1) * self.len] }
    }
}

/// Where the walk begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start<'a> {
    /// Pure noise at the highest level.
    Noise,
    /// A known sample (batch x size, or one sample for all), noised to training step `level`.
    Warm {
        /// The sample to begin from.
        samples: &'a [f32],
        /// Training step to which it is noised; fewer levels are left to walk.
        level: usize,
    },
}

/// The state of the walk after a step.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Network calls done.
    pub index: usize,
    /// Network calls wanted.
    pub steps: usize,
    /// Predicted clean samples, batch x size.
    pub clean: &'a [f32],
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Network calls made.
    pub steps: usize,
    /// Whether the observer stopped it before the last: the samples are the last clean prediction.
    pub cut_short: bool,
}

/// Why a walk failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamplingError<E> {
    /// A step count that the schedule cannot give.
    #[error(
        "expected between 1 and {trained} denoising steps, got {got}\nhint: the model was trained with {trained}; few steps (1 to 5) are the usual choice"
    )]
    Steps {
        /// Steps of the schedule.
        trained: usize,
        /// Requested steps.
        got: usize,
    },
    /// A start or a condition that does not fit the sample.
    #[error("expected {expected} values, got {got}")]
    Size {
        /// Values of a sample or batch.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// The network failed.
    #[error("{0}")]
    Denoiser(E),
}

/// Buffers and rule of a walk. After [`Sampler::new`] nothing is allocated.
#[derive(Clone, Debug)]
pub struct Sampler {
    schedule: NoiseSchedule,
    size: usize,
    batch: usize,
    largest: f32,
    x: Vec<f32>,
    clean: Vec<f32>,
    previous: Vec<f32>,
}

impl Sampler {
    /// For batches of `batch` samples of `size` values.
    pub fn new(schedule: NoiseSchedule, size: usize, batch: usize) -> Self {
        let zeros = || vec![0.0; size * batch];
        Self { schedule, size, batch, largest: 1.0, x: zeros(), clean: zeros(), previous: zeros() }
    }

    /// The same for data of which a value may be as large as this on either side; 1 without.
    #[must_use]
    pub fn with_largest(mut self, largest: f32) -> Self {
        self.largest = largest;
        self
    }

    /// The schedule.
    pub fn schedule(&self) -> &NoiseSchedule {
        &self.schedule
    }

    /// The samples of the last walk, batch x size.
    pub fn samples(&self) -> &[f32] {
        &self.x
    }

    /// The training step that a share of the noise range means: 0 is almost clean, 1 pure noise.
    pub fn level_of(&self, share: f64) -> usize {
        let top = (self.schedule.steps() - 1) as f64;
        (share.clamp(0.0, 1.0) * top).round() as usize
    }

    /// Walks down. Predictions are clipped to [-1, 1] (normalised data) and conditions written at every
    /// step. `observe` sees every step and may end the walk by returning false: the last clean prediction
    /// then stands as the result (an anytime algorithm). The same seed gives the same samples.
    ///
    /// # Errors
    /// If the settings do not fit the schedule, or the denoiser fails.
    pub fn sample<D: Denoiser>(
        &mut self,
        settings: SamplerSettings,
        denoiser: &mut D,
        conditions: &[Condition<'_>],
        start: Start<'_>,
        seed: u64,
        mut observe: impl FnMut(Step<'_>) -> bool,
    ) -> Result<Sampled, SamplingError<D::Error>> {
        let trained = self.schedule.steps();
        if settings.steps == 0 || settings.steps > trained {
            return Err(SamplingError::Steps { trained, got: settings.steps });
        }
        for condition in conditions {
            let end = condition.offset + condition.len;
            if end > self.size {
                return Err(SamplingError::Size { expected: self.size, got: end });
            }
            let got = condition.values.len();
            if got != condition.len && got != condition.len * self.batch {
                return Err(SamplingError::Size { expected: condition.len * self.batch, got });
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let top = self.begin(start, &mut rng)?;
        // Fewer levels than steps are left below a warm start's level.
        let steps = settings.steps.min(top + 1);
        let level =
            |index: usize| if steps == 1 { top } else { (top * (steps - 1 - index) + (steps - 1) / 2) / (steps - 1) };
        let mut before = None;
        let largest = self.largest;
        self.condition(conditions);
        for index in 0..steps {
            let t = level(index);
            let s = (index + 1 < steps).then(|| level(index + 1));
            std::mem::swap(&mut self.clean, &mut self.previous);
            denoiser.denoise(&self.x, t, &mut self.clean).map_err(SamplingError::Denoiser)?;
            for value in &mut self.clean {
                // NaN stays NaN, so that the gate refuses the plan.
                *value = value.clamp(-largest, largest);
            }
            let going_on = observe(Step { index: index + 1, steps, clean: &self.clean });
            if !going_on && s.is_some() {
                self.x.copy_from_slice(&self.clean);
                self.condition(conditions);
                return Ok(Sampled { steps: index + 1, cut_short: true });
            }
            let weights = settings.solver.weights(&self.schedule, before, t, s);
            for ((x, clean), previous) in self.x.iter_mut().zip(&self.clean).zip(&self.previous) {
                let mut next = weights.x * *x + weights.clean * clean;
                if weights.previous != 0.0 {
                    next += weights.previous * previous;
                }
                *x = next;
            }
            if weights.noise > 0.0 {
                for x in &mut self.x {
                    let epsilon: f32 = rng.sample(StandardNormal);
                    *x += weights.noise * epsilon;
                }
            }
            self.condition(conditions);
            before = Some(t);
        }
        Ok(Sampled { steps, cut_short: false })
    }

    /// Fills `x` and returns the level at which the walk begins.
    fn begin<E>(&mut self, start: Start<'_>, rng: &mut ChaCha8Rng) -> Result<usize, SamplingError<E>> {
        let top = self.schedule.steps() - 1;
        match start {
            Start::Noise => {
                for x in &mut self.x {
                    *x = rng.sample(StandardNormal);
                }
                Ok(top)
            }
            Start::Warm { samples, level } => {
                if samples.len() != self.size && samples.len() != self.size * self.batch {
                    return Err(SamplingError::Size { expected: self.size * self.batch, got: samples.len() });
                }
                let level = level.min(top);
                let (signal, noise) = self.schedule.scales(Some(level));
                for (x, sample) in self.x.iter_mut().zip(samples.iter().cycle()) {
                    let epsilon: f32 = rng.sample(StandardNormal);
                    *x = signal as f32 * sample + noise as f32 * epsilon;
                }
                Ok(level)
            }
        }
    }

    fn condition(&mut self, conditions: &[Condition<'_>]) {
        for (row, sample) in self.x.chunks_mut(self.size).enumerate() {
            for condition in conditions {
                sample[condition.offset..condition.offset + condition.len].copy_from_slice(condition.of_row(row));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::ScheduleKind;
    use std::convert::Infallible;

    /// The exact denoiser of N(mean, deviation^2), each value on its own.
    struct Gaussian {
        schedule: NoiseSchedule,
        mean: f64,
        deviation: f64,
    }

    impl Denoiser for Gaussian {
        type Error = Infallible;

        fn denoise(&mut self, noisy: &[f32], timestep: usize, clean: &mut [f32]) -> Result<(), Infallible> {
            let (signal, noise) = self.schedule.scales(Some(timestep));
            let variance = self.deviation * self.deviation;
            let gain = signal * variance / (signal * signal * variance + noise * noise);
            for (clean, noisy) in clean.iter_mut().zip(noisy) {
                *clean = (self.mean + gain * (f64::from(*noisy) - signal * self.mean)) as f32;
            }
            Ok(())
        }
    }

    const COUNT: usize = 20_000;

    fn moments(trained: usize, solver: Solver, steps: usize) -> (f64, f64) {
        let Ok(schedule) = NoiseSchedule::new(ScheduleKind::Cosine, trained) else { panic!("a valid schedule") };
        let mut denoiser = Gaussian { schedule: schedule.clone(), mean: 0.1, deviation: 0.15 };
        let mut sampler = Sampler::new(schedule, COUNT, 1);
        let settings = SamplerSettings { solver, steps };
        let done = sampler.sample(settings, &mut denoiser, &[], Start::Noise, 5, |_| true);
        assert_eq!(done, Ok(Sampled { steps, cut_short: false }));
        let values: Vec<f64> = sampler.samples().iter().map(|value| f64::from(*value)).collect();
        let mean = values.iter().sum::<f64>() / COUNT as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / COUNT as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn every_solver_finds_the_gaussian_it_denoises() {
        // DDPM's posterior variance leaves out what the data themselves vary: right only in the limit of
        // many steps (it gives 0.133 with 64). The deterministic solvers are there sooner.
        for (solver, trained, tolerance) in
            [(Solver::Ddpm, 1000, 0.006), (Solver::Ddim, 1000, 0.004), (Solver::DpmSolverPlusPlus, 64, 0.004)]
        {
            let (mean, deviation) = moments(trained, solver, trained);
            assert!((mean - 0.1).abs() < 0.005, "{solver}: mean {mean}");
            assert!((deviation - 0.15).abs() < tolerance, "{solver}: deviation {deviation}");
        }
    }

    #[test]
    fn ddpm_with_few_steps_has_the_variance_that_theory_gives() {
        // The recursion of Ho et al. (2020), eq. 7, for a Gaussian: textbook form, not the sampler's code.
        let Ok(schedule) = NoiseSchedule::new(ScheduleKind::Cosine, 64) else { panic!("64 steps") };
        let mut variance = 1.0;
        for t in (1..64).rev() {
            let (bar, before) = (schedule.alpha_bar(Some(t)), schedule.alpha_bar(Some(t - 1)));
            let (alpha, beta) = (bar / before, 1.0 - bar / before);
            let gain = bar.sqrt() * 0.0225 / (bar * 0.0225 + 1.0 - bar);
            let scale = (before.sqrt() * beta * gain + alpha.sqrt() * (1.0 - before)) / (1.0 - bar);
            variance = scale * scale * variance + (1.0 - before) / (1.0 - bar) * beta;
        }
        let bar = schedule.alpha_bar(Some(0));
        let gain = bar.sqrt() * 0.0225 / (bar * 0.0225 + 1.0 - bar);
        let expected = (gain * gain * variance).sqrt();
        let (_, deviation) = moments(64, Solver::Ddpm, 64);
        assert!((deviation - expected).abs() < 0.003, "{deviation} against {expected}");
    }

    #[test]
    fn the_second_order_solver_needs_fewer_steps() {
        let error = |solver, steps| (moments(64, solver, steps).1 - 0.15).abs();
        assert!(error(Solver::DpmSolverPlusPlus, 12) < 0.5 * error(Solver::Ddim, 12));
    }

    #[test]
    fn one_step_gives_the_mean_and_many_seeds_give_many_samples() {
        let (mean, deviation) = moments(64, Solver::Ddim, 1);
        assert!((mean - 0.1).abs() < 1e-3 && deviation < 0.01, "{mean} {deviation}");
    }

    fn small() -> (Sampler, Gaussian) {
        let Ok(schedule) = NoiseSchedule::new(ScheduleKind::Cosine, 64) else { panic!("64 steps") };
        (Sampler::new(schedule.clone(), 6, 3), Gaussian { schedule, mean: 0.0, deviation: 0.3 })
    }

    #[test]
    fn conditions_stand_in_every_candidate_and_seeds_repeat() {
        let (mut sampler, mut denoiser) = small();
        let condition = [Condition::same(2, &[0.5, -0.5])];
        let settings = SamplerSettings { solver: Solver::Ddpm, steps: 10 };
        let mut run = |seed| {
            let done = sampler.sample(settings, &mut denoiser, &condition, Start::Noise, seed, |_| true);
            assert!(done.is_ok());
            sampler.samples().to_vec()
        };
        let first = run(1);
        assert!(first.chunks(6).all(|sample| sample[2..4] == [0.5, -0.5]));
        assert_eq!(first, run(1));
        assert_ne!(first, run(2));
    }

    #[test]
    fn rows_can_have_conditions_of_their_own() {
        let (mut sampler, mut denoiser) = small();
        let rows = sampler.samples().len() / 6;
        let values: Vec<f32> = (0..rows).map(|row| row as f32 / rows as f32).collect();
        let settings = SamplerSettings { solver: Solver::Ddim, steps: 4 };
        let each = [Condition::each(5, 1, &values)];
        assert!(sampler.sample(settings, &mut denoiser, &each, Start::Noise, 1, |_| true).is_ok());
        let got: Vec<f32> = sampler.samples().chunks(6).map(|sample| sample[5]).collect();
        assert_eq!(got, values);
        let short = [Condition::each(4, 2, &values)];
        let refused = sampler.sample(settings, &mut denoiser, &short, Start::Noise, 1, |_| true);
        assert!(rows == 2 || matches!(refused, Err(SamplingError::Size { .. })), "{refused:?}");
    }

    #[test]
    fn a_walk_cut_short_keeps_its_conditions_and_says_so() {
        let (mut sampler, mut denoiser) = small();
        let condition = [Condition::same(0, &[0.25])];
        let settings = SamplerSettings { solver: Solver::Ddim, steps: 10 };
        let done = sampler.sample(settings, &mut denoiser, &condition, Start::Noise, 1, |step| step.index < 3);
        assert_eq!(done, Ok(Sampled { steps: 3, cut_short: true }));
        assert!(sampler.samples().chunks(6).all(|sample| sample[0] == 0.25));
    }

    #[test]
    fn a_warm_start_stays_near_where_it_began() {
        let (mut sampler, mut denoiser) = small();
        let settings = SamplerSettings { solver: Solver::Ddim, steps: 4 };
        let begin = [0.3, -0.3, 0.2, -0.2, 0.1, -0.1];
        let level = sampler.level_of(0.1);
        let start = Start::Warm { samples: &begin, level };
        let done = sampler.sample(settings, &mut denoiser, &[], start, 1, |_| true);
        assert!(done.is_ok());
        let far = sampler.samples().iter().zip(begin.iter().cycle()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 0.5, "{far}");
        let wrong = Start::Warm { samples: &begin[..5], level };
        let refused = sampler.sample(settings, &mut denoiser, &[], wrong, 1, |_| true);
        assert_eq!(refused, Err(SamplingError::Size { expected: sampler.samples().len(), got: 5 }));
    }

    #[test]
    fn no_steps_or_more_than_trained_are_refused() {
        let (mut sampler, mut denoiser) = small();
        for steps in [0, 65, usize::MAX] {
            let settings = SamplerSettings { solver: Solver::Ddim, steps };
            let refused = sampler.sample(settings, &mut denoiser, &[], Start::Noise, 1, |_| true);
            assert_eq!(refused, Err(SamplingError::Steps { trained: 64, got: steps }));
        }
    }

    #[test]
    fn a_network_that_says_nan_is_not_hidden() {
        struct Broken;
        impl Denoiser for Broken {
            type Error = Infallible;
            fn denoise(&mut self, _: &[f32], _: usize, clean: &mut [f32]) -> Result<(), Infallible> {
                clean.fill(f32::NAN);
                Ok(())
            }
        }
        let (mut sampler, _) = small();
        let settings = SamplerSettings { solver: Solver::Ddim, steps: 2 };
        assert!(sampler.sample(settings, &mut Broken, &[], Start::Noise, 1, |_| true).is_ok());
        assert!(sampler.samples().iter().all(|value| value.is_nan()));
    }
}
