//! Batches: windows, noise levels and noise, each step's from its own stream of randomness, so that a
//! resumed run sees what an uninterrupted one would have seen.

use crate::dataset::COLUMNS;
use crate::dataset::Windows;
use planwright::diffusion::NoiseSchedule;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// One batch in plain memory, row by row.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Clean samples, B x H x C.
    pub clean: Vec<f32>,
    /// The noise that was added to them, B x H x C; empty if the network is to say the clean sample.
    pub noise: Vec<f32>,
    /// Noised samples with the conditions written in, B x H x C.
    pub noisy: Vec<f32>,
    /// Noise level of each sample, B.
    pub timesteps: Vec<f32>,
    /// Condition vectors, B x width; empty if the network takes none.
    pub conditions: Vec<f32>,
    /// Samples.
    pub count: usize,
}

/// Makes batches.
pub struct BatchSource<'a> {
    windows: &'a Windows<'a>,
    schedule: NoiseSchedule,
    horizon: usize,
    seed: u64,
}

impl<'a> BatchSource<'a> {
    /// From windows of `horizon` knots.
    pub fn new(windows: &'a Windows<'a>, schedule: NoiseSchedule, horizon: usize, seed: u64) -> Self {
        Self { windows, schedule, horizon, seed }
    }

    /// The batch of a step.
    pub fn draw(&self, step: u64, count: usize, batch: &mut Batch) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step + 1);
        batch.clean.clear();
        batch.noisy.clear();
        batch.timesteps.clear();
        batch.count = count;
        for _ in 0..count {
            self.windows.draw(&mut rng, &mut batch.clean);
        }
        let size = self.horizon * COLUMNS;
        for window in batch.clean.chunks(size) {
            let timestep = rng.random_range(0..self.schedule.steps());
            let (signal, noise) = self.schedule.scales(Some(timestep));
            let (signal, noise) = (signal as f32, noise as f32);
            batch.timesteps.push(timestep as f32);
            let start = batch.noisy.len();
            batch.noisy.extend(window.iter().map(|value| {
                let epsilon: f32 = rng.sample(StandardNormal);
                signal * value + noise * epsilon
            }));
            // The conditions: the state (not the action) of the first and of the last knot.
            for knot in [0, self.horizon - 1] {
                let states = knot * COLUMNS + 2..(knot + 1) * COLUMNS;
                batch.noisy[start..][states.clone()].copy_from_slice(&window[states]);
            }
        }
    }
}
