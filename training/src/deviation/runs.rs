//! How pieces are put together: runs that keep the trajectory they were drawn from.

use super::kernel::DeviationKernel;
use crate::system::System;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Trajectories that the variance of the draws is estimated over.
const VARIANCE_TRAJECTORIES: usize = 256;

/// A run over continuous states ends where its source is this many scales away.
const LOCAL: f64 = 3.0;

/// Draws that are tried for a piece before the trajectory's own state stands.
const ATTEMPTS: usize = 8;

impl DeviationKernel<'_> {
    /// Whether states lie on a lattice, which no deviation may leave.
    fn quantised(&self) -> bool {
        self.system.is_some_and(|system| system.state_bin().is_some())
    }

    /// Whether `piece` may follow `before` and leave the way back to the own `after` open.
    fn fits(&self, before: Option<&[f32]>, piece: &[f32], after: Option<&[f32]>) -> bool {
        self.system.is_none_or(|system| {
            before.is_none_or(|before| system.continues(before, piece))
                && after.is_none_or(|after| system.continues(piece, after))
        })
    }

    /// Which trajectory each step is copied from: geometric runs that keep their source.
    pub(super) fn sources(&self, index: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let horizon = self.data.horizon;
        let fixed = self.system.is_some_and(System::endpoints_fixed);
        let radius = self.pieces.radius(self.settings.scale, LOCAL);
        let quantised = self.quantised();
        let mut sources: Vec<usize> = Vec::with_capacity(horizon);
        let mut source = index;
        for step in 0..horizon {
            let redraw = step == 0 || rng.random::<f64>() * self.settings.kernel_size < 1.0;
            let before = sources.last().map(|source| self.pieces.piece(*source, step - 1));
            let after = (step + 1 < horizon).then(|| self.pieces.piece(index, step + 1));
            let fits = |piece: &[f32]| self.fits(before, piece, after);
            let goes_on = |source: usize| {
                source == index
                    || quantised
                    || self.pieces.are_near((source, index), step, radius) && fits(self.pieces.piece(source, step))
            };
            source = if fixed && (step == 0 || step + 1 == horizon) {
                index
            } else if redraw || !goes_on(source) {
                (0..ATTEMPTS)
                    .find_map(|_| self.pieces.draw((index, step), self.settings.scale, self.density, rng, fits))
                    .unwrap_or(index)
            } else {
                source
            };
            sources.push(source);
        }
        sources
    }

    /// What the draws leave of the scale's variance (eqs. 29 and 30). On a lattice there is no residual: it would
    /// leave the lattice.
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
                let mut sums = vec![0.0; columns];
                for (step, source) in self.sources(index, &mut self.stream(index, u32::MAX)).into_iter().enumerate() {
                    let pair = self.pieces.piece(source, step).iter().zip(self.pieces.piece(index, step));
                    for (sum, (drawn, own)) in sums.iter_mut().zip(pair) {
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
