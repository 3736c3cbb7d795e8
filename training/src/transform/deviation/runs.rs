//! How pieces are put together: runs that keep the trajectory they were drawn from.

use super::kd_tree::squared_distance;
use super::kernel::DeviationKernel;
use crate::transform::System;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// Trajectories that the variance of the draws is estimated over.
const VARIANCE_TRAJECTORIES: usize = 256;

/// A run over continuous states ends where its source is this many scales away, at the edge of eq. 27's widest
/// neighbourhood. Without an end a scale of .0005 already moves the sinusoid by .09, the published row by nothing.
const LOCAL: f64 = 3.0;

/// What a deviated trajectory is made of.
pub(super) struct Assembled {
    /// The trajectory each step is copied from.
    pub(super) sources: Vec<usize>,
    /// What is added to each value, in [-1, 1] coordinates.
    pub(super) noise: Vec<f32>,
}

impl DeviationKernel<'_> {
    /// Whether states lie on a lattice, which no deviation may leave.
    fn quantised(&self) -> bool {
        self.system.is_some_and(|system| system.state_bin().is_some())
    }

    /// Whether deviations must stay passable paths: systems whose endpoints are given.
    fn is_path(&self) -> bool {
        self.system.is_some_and(System::endpoints_fixed)
    }

    /// Whether a step may be made (local continuity): no longer than the longest in the data, and as the system says.
    fn connects(&self, from: &[f32], to: &[f32]) -> bool {
        (!self.is_path() || squared_distance(from, to) <= self.pieces.longest_step().powi(2))
            && self.system.is_none_or(|system| system.continues(from, to))
    }

    /// Puts a deviated trajectory together: geometric runs that keep the trajectory they copy. On a path every piece,
    /// its noise included, must connect to the one before and leave the way back to the own trajectory open, so that
    /// no join is a jump; and the noise is drawn once per run, for with one of its own at every step a path gets
    /// longer without bound as the scale grows, where the published row settles.
    pub(super) fn assemble(&self, index: usize, rng: &mut ChaCha8Rng) -> Assembled {
        let (horizon, columns) = (self.data.horizon, self.data.columns);
        let (path, quantised) = (self.is_path(), self.quantised());
        let radius = self.pieces.radius(self.settings.scale, LOCAL);
        let mut assembled = Assembled { sources: Vec::with_capacity(horizon), noise: vec![0.0; horizon * columns] };
        let mut before: Vec<f32> = Vec::new();
        let mut noise = vec![0.0; columns];
        let mut source = index;
        for step in 0..horizon {
            let redraw = step == 0 || rng.random::<f64>() * self.settings.kernel_size < 1.0;
            let after = (step + 1 < horizon).then(|| self.pieces.piece(index, step + 1));
            let fits = |piece: &[f32], noise: &[f32]| {
                let moved = sum(piece, noise);
                (before.is_empty() || self.connects(&before, &moved))
                    && after.is_none_or(|after| self.connects(&moved, after))
            };
            let goes_on = |source: usize, noise: &[f32]| {
                quantised
                    || (source == index || self.pieces.are_near((source, index), step, radius))
                        && fits(self.pieces.piece(source, step), noise)
            };
            if !path || redraw {
                self.sample_noise(&mut noise, rng);
            }
            if path && (step == 0 || step + 1 == horizon) {
                source = index;
                noise.fill(0.0);
            } else if redraw || !goes_on(source, &noise) {
                let drawn = self.draw(index, step, rng, |piece| fits(piece, &noise));
                source = drawn
                    .or_else(|| {
                        noise.fill(0.0);
                        self.draw(index, step, rng, |piece| fits(piece, &noise))
                    })
                    .unwrap_or(index);
            }
            before = sum(self.pieces.piece(source, step), &noise);
            assembled.sources.push(source);
            assembled.noise[step * columns..(step + 1) * columns].copy_from_slice(&noise);
        }
        assembled
    }

    fn draw(&self, index: usize, step: usize, rng: &mut ChaCha8Rng, fits: impl Fn(&[f32]) -> bool) -> Option<usize> {
        self.pieces.draw((index, step), self.settings.scale, self.density, rng, fits)
    }

    fn sample_noise(&self, noise: &mut [f32], rng: &mut ChaCha8Rng) {
        for (value, std) in noise.iter_mut().zip(self.residual_std()) {
            if *std > 0.0 {
                *value = (std * rng.sample::<f64, _>(StandardNormal)) as f32;
            }
        }
    }

    /// What draws from the neighbourhoods leave of the scale's variance (eqs. 29 and 30). On a lattice there is no
    /// residual: it would leave the lattice.
    pub(super) fn residual(&self) -> Vec<f64> {
        let columns = self.data.columns;
        if self.quantised() || self.settings.scale == 0.0 {
            return vec![0.0; columns];
        }
        let sampled = self.data.len().min(VARIANCE_TRAJECTORIES);
        let sums: Vec<Vec<f64>> = (0..sampled)
            .into_par_iter()
            .map(|place| {
                let index = place * self.data.len() / sampled;
                let mut rng = self.stream(index, u32::MAX);
                let mut sums = vec![0.0; columns];
                for step in 0..self.data.horizon {
                    let draw = self.draw(index, step, &mut rng, |_| true);
                    let drawn = self.pieces.piece(draw.unwrap_or(index), step);
                    for (sum, (drawn, own)) in sums.iter_mut().zip(drawn.iter().zip(self.pieces.piece(index, step))) {
                        *sum += f64::from(drawn - own).powi(2);
                    }
                }
                sums
            })
            .collect();
        (0..columns)
            .map(|column| {
                let sum: f64 = sums.iter().filter_map(|sums| sums.get(column)).sum();
                let variance = sum / (sampled * self.data.horizon) as f64;
                (self.settings.scale.powi(2) - variance).max(0.0).sqrt()
            })
            .collect()
    }
}

fn sum(piece: &[f32], noise: &[f32]) -> Vec<f32> {
    piece.iter().zip(noise).map(|(value, noise)| value + noise).collect()
}
