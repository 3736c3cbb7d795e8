//! The data deviation kernel (Definition 2): trajectories as a model of a given error would distort them.

use super::error::DeviationError;
use super::neighbourhood::{Density, Pieces};
use crate::system::{System, Trajectories};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the kernel needs beside the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelSettings {
    /// Scale of the deviations: standard deviation per coordinate in [-1, 1] coordinates.
    pub scale: f64,
    /// Mean length of a run of copied states, time steps: the first layer's kernel size.
    #[serde(default = "five")]
    pub kernel_size: f64,
    /// The same seed gives the same deviations.
    #[serde(default)]
    pub seed: u64,
    /// Pieces within one scale that make a neighbourhood dense; without it, by the median of the data.
    #[serde(default)]
    pub cutoff: Option<usize>,
}

fn five() -> f64 {
    5.0
}

impl Default for KernelSettings {
    fn default() -> Self {
        Self { scale: 0.0, kernel_size: five(), seed: 0, cutoff: None }
    }
}

/// The kernel K(x~ | x) at one scale over given data.
pub struct DeviationKernel<'a> {
    system: Option<&'a dyn System>,
    data: &'a Trajectories,
    half_range: Vec<f32>,
    pieces: Arc<Pieces>,
    settings: KernelSettings,
    density: Density,
    noise: Vec<f64>,
}

/// Trajectories that the variance of the draws is estimated over.
const VARIANCE_TRAJECTORIES: usize = 256;

/// A run over continuous states ends where its source is this many scales away.
const LOCAL: f64 = 3.0;

/// Draws that are tried for a piece before the trajectory's own state stands.
const ATTEMPTS: usize = 8;

impl<'a> DeviationKernel<'a> {
    /// Over a system's data in physical units.
    ///
    /// # Errors
    /// If the data are too few, of another shape than the system's or not finite, or a setting is none.
    pub fn new(
        system: &'a dyn System,
        data: &'a Trajectories,
        settings: KernelSettings,
    ) -> Result<Self, DeviationError> {
        data.check(system.horizon(), system.columns())?;
        let limits = system.limits();
        let half_range = limits.low.iter().zip(&limits.high).map(|(low, high)| 0.5 * (high - low)).collect();
        let pieces = Arc::new(Pieces::new(data.normalised(&limits))?);
        Self::over(Some(system), data, half_range, pieces, settings)
    }

    /// Over any points in [-1, 1] coordinates, without a system's rules: deviations are clipped to [-1, 1].
    ///
    /// # Errors
    /// If the data are too few or not finite, or a setting is none.
    pub fn free(data: &'a Trajectories, settings: KernelSettings) -> Result<Self, DeviationError> {
        let pieces = Arc::new(Pieces::new(data.clone())?);
        Self::over(None, data, vec![1.0; data.columns], pieces, settings)
    }

    /// The same data at another scale; what was sorted stays sorted.
    ///
    /// # Errors
    /// If the scale is negative or not finite.
    pub fn at_scale(&self, scale: f64) -> Result<Self, DeviationError> {
        let settings = KernelSettings { scale, ..self.settings.clone() };
        Self::over(self.system, self.data, self.half_range.clone(), Arc::clone(&self.pieces), settings)
    }

    fn over(
        system: Option<&'a dyn System>,
        data: &'a Trajectories,
        half_range: Vec<f32>,
        pieces: Arc<Pieces>,
        settings: KernelSettings,
    ) -> Result<Self, DeviationError> {
        if !(settings.scale >= 0.0 && settings.scale.is_finite()) {
            return Err(DeviationError::Scale(settings.scale));
        }
        if !(settings.kernel_size >= 1.0 && settings.kernel_size.is_finite()) {
            return Err(DeviationError::KernelSize(settings.kernel_size));
        }
        let density = pieces.density(settings.scale, settings.cutoff);
        let noise = vec![0.0; data.columns];
        let mut kernel = Self { system, data, half_range, pieces, settings, density, noise };
        kernel.noise = kernel.residual();
        Ok(kernel)
    }

    /// Data, in physical units.
    pub fn data(&self) -> &Trajectories {
        self.data
    }

    /// The pieces it draws from.
    pub fn pieces(&self) -> &Pieces {
        &self.pieces
    }

    /// The density rule at this scale.
    pub fn density(&self) -> Density {
        self.density
    }

    /// Its settings.
    pub fn settings(&self) -> &KernelSettings {
        &self.settings
    }

    /// Standard deviation of the residual Gaussian per coordinate (eq. 30), in [-1, 1] coordinates.
    pub fn residual_std(&self) -> &[f64] {
        &self.noise
    }

    /// One deviated trajectory (eq. 31), H x C, physical units. The same place, draw and seed give the same, whatever
    /// else was drawn before.
    ///
    /// # Errors
    /// If there is no such trajectory.
    pub fn deviate(&self, index: usize, draw: u32) -> Result<Vec<f32>, DeviationError> {
        if index >= self.data.len() {
            return Err(DeviationError::Index { count: self.data.len(), index });
        }
        let own = self.data.get(index);
        if self.settings.scale == 0.0 {
            return Ok(own.to_vec());
        }
        let mut rng = self.stream(index, draw);
        let sources = self.sources(index, &mut rng);
        let columns = self.data.columns;
        let mut deviated = Vec::with_capacity(own.len());
        for (step, source) in sources.into_iter().enumerate() {
            deviated.extend_from_slice(&self.data.get(source)[step * columns..(step + 1) * columns]);
        }
        if self.noise.iter().any(|noise| *noise > 0.0) {
            for (place, value) in deviated.iter_mut().enumerate() {
                let noise: f64 = rng.sample(StandardNormal);
                *value += (noise * self.noise[place % columns]) as f32 * self.half_range[place % columns];
            }
        }
        self.admit(own, &mut deviated);
        Ok(deviated)
    }

    /// `draws` deviations of every trajectory, one after the other: first those of the first trajectory.
    ///
    /// # Errors
    /// If there is no draw.
    pub fn deviate_all(&self, draws: u32) -> Result<Trajectories, DeviationError> {
        if draws == 0 {
            return Err(DeviationError::Draws);
        }
        let rows: Result<Vec<Vec<f32>>, DeviationError> = (0..self.data.len() * draws as usize)
            .into_par_iter()
            .map(|place| self.deviate(place / draws as usize, (place % draws as usize) as u32))
            .collect();
        Ok(Trajectories { values: rows?.concat(), ..Trajectories::empty(self.data.horizon, self.data.columns) })
    }

    fn admit(&self, own: &[f32], deviated: &mut [f32]) {
        let Some(system) = self.system else {
            for value in deviated.iter_mut() {
                *value = value.clamp(-1.0, 1.0);
            }
            return;
        };
        system.admit(own, deviated);
        if system.endpoints_fixed() {
            let (columns, last) = (self.data.columns, own.len() - self.data.columns);
            deviated[..columns].copy_from_slice(&own[..columns]);
            deviated[last..].copy_from_slice(&own[last..]);
        }
    }

    fn stream(&self, index: usize, draw: u32) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        rng.set_stream((u64::from(draw) << 32) | index as u64);
        rng
    }

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
    fn sources(&self, index: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
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
    fn residual(&self) -> Vec<f64> {
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
