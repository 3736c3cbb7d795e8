//! The data deviation kernel (Definition 2): trajectories as a model of a given error would distort them.

use super::error::DeviationError;
use super::neighbourhood::{Density, Pieces};
use crate::dataset::Trajectories;
use crate::transform::System;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
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
    /// Pieces within one scale that make a neighbourhood dense. Without it a 256th of the trajectories, rounded down
    /// to a power of two: see [`common_cutoff`](super::common_cutoff).
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
    pub(super) system: Option<&'a dyn System>,
    pub(super) data: &'a Trajectories,
    half_range: Vec<f32>,
    pub(super) pieces: Arc<Pieces>,
    pub(super) settings: KernelSettings,
    pub(super) density: Density,
    noise: Vec<f64>,
}

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
        let assembled = self.assemble(index, &mut rng);
        let columns = self.data.columns;
        let mut deviated = Vec::with_capacity(own.len());
        for (step, source) in assembled.sources.into_iter().enumerate() {
            deviated.extend_from_slice(&self.data.get(source)[step * columns..(step + 1) * columns]);
        }
        for ((value, noise), half) in deviated.iter_mut().zip(assembled.noise).zip(self.half_range.iter().cycle()) {
            *value += noise * half;
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

    /// Mean squared deviation per value of one deviated trajectory from its source, in [-1, 1] coordinates.
    pub fn squared_deviation(&self, index: usize, deviated: &[f32]) -> f64 {
        let pairs = deviated.iter().zip(self.data.get(index)).zip(self.half_range.iter().cycle());
        let sum: f64 =
            pairs.map(|((deviated, own), half)| (f64::from(deviated - own) / f64::from(*half)).powi(2)).sum();
        sum / deviated.len().max(1) as f64
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

    pub(super) fn stream(&self, index: usize, draw: u32) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        rng.set_stream((u64::from(draw) << 32) | index as u64);
        rng
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Tent, Walk};
    use super::*;

    fn at(scale: f64) -> KernelSettings {
        KernelSettings { scale, ..KernelSettings::default() }
    }

    #[test]
    fn scale_zero_is_the_identity() {
        let (tent, walk) = (Tent.generate(50, 1).expect("data"), Walk { columns: 2 }.generate(50, 1).expect("data"));
        let kernel = DeviationKernel::new(&Tent, &tent, at(0.0)).expect("a kernel");
        assert_eq!(kernel.deviate_all(1).expect("deviations"), tent);
        let kernel = DeviationKernel::new(&Walk { columns: 2 }, &walk, at(0.0)).expect("a kernel");
        assert_eq!(kernel.deviate_all(1).expect("deviations"), walk);
        assert_eq!(DeviationKernel::free(&walk, at(0.0)).and_then(|free| free.deviate_all(1)).expect("same"), walk);
    }

    #[test]
    fn quantised_states_stay_on_states_seen_at_their_step() {
        let data = Tent.generate(300, 1).expect("data");
        let kernel = DeviationKernel::new(&Tent, &data, at(0.03)).expect("a kernel");
        let deviated = kernel.deviate_all(2).expect("deviations");
        assert_eq!(deviated.len(), 600);
        let mut changed = 0;
        for (place, row) in deviated.iter().enumerate() {
            for (step, state) in row.iter().enumerate() {
                assert!(data.iter().any(|other| other[step] == *state), "{state} at {step} is of no trajectory");
            }
            changed += usize::from(row != data.get(place / 2));
        }
        assert!(changed > 300, "{changed}");
        assert_eq!(kernel.residual_std(), [0.0]);
    }

    #[test]
    fn offsets_below_half_a_bin_change_nothing() {
        let data = Tent.generate(300, 1).expect("data");
        let kernel = DeviationKernel::new(&Tent, &data, at(0.0052)).expect("a kernel");
        assert_eq!(kernel.deviate_all(1).expect("deviations"), data);
    }

    #[test]
    fn endpoints_are_kept_and_no_step_is_a_jump() {
        let walk = Walk { columns: 2 };
        let data = walk.generate(400, 1).expect("data");
        for scale in [0.002, 0.02, 0.3_f64] {
            let kernel = DeviationKernel::new(&walk, &data, at(scale)).expect("a kernel");
            let limits = walk.limits();
            let deviated = kernel.deviate_all(1).expect("deviations");
            for (row, own) in deviated.iter().zip(data.iter()) {
                assert_eq!((&row[..2], &row[62..]), (&own[..2], &own[62..]));
                assert!(row.iter().all(|value| (limits.low[0]..=limits.high[0]).contains(value)));
            }
            let normalised = deviated.normalised(&limits);
            for row in normalised.iter() {
                for (from, to) in row.chunks(2).zip(row.chunks(2).skip(1)) {
                    let step = super::super::kd_tree::squared_distance(from, to).sqrt();
                    assert!(step <= kernel.pieces().longest_step() + 1e-6, "{step} at scale {scale}");
                }
            }
            assert_ne!(deviated, data);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_on_one_thread_and_on_many() {
        let walk = Walk { columns: 1 };
        let data = walk.generate(100, 1).expect("data");
        let all = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let settings = KernelSettings { seed, ..at(0.02) };
                DeviationKernel::new(&walk, &data, settings).and_then(|kernel| kernel.deviate_all(2)).expect("rows")
            })
        };
        assert_eq!(all(1, 7), all(4, 7));
        assert_ne!(all(1, 7), all(1, 8));
        let kernel = DeviationKernel::new(&walk, &data, KernelSettings { seed: 7, ..at(0.02) }).expect("a kernel");
        assert_eq!(kernel.deviate(31, 1).expect("a row"), all(2, 7).get(63));
        let rescaled = kernel.at_scale(0.5).and_then(|other| other.at_scale(0.02)).expect("a kernel");
        assert_eq!(rescaled.deviate_all(2).expect("rows"), all(2, 7));
    }

    #[test]
    fn points_in_many_coordinates_deviate_within_their_cube() {
        let walk = Walk { columns: 3 };
        let points = walk.generate(200, 1).expect("data").normalised(&walk.limits());
        let kernel = DeviationKernel::free(&points, at(0.5)).expect("a kernel");
        let deviated = kernel.deviate_all(1).expect("rows");
        assert!(deviated.values.iter().all(|value| (-1.0..=1.0).contains(value)));
        assert!(deviated.check(Walk::STEPS, 3).is_ok());
    }

    #[test]
    fn settings_and_data_without_sense_are_refused() {
        let data = Tent.generate(20, 1).expect("data");
        let fails = |data: &Trajectories, settings: KernelSettings| match DeviationKernel::new(&Tent, data, settings) {
            Ok(_) => panic!("must not pass"),
            Err(error) => error.to_string(),
        };
        for scale in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(fails(&data, at(scale)).contains("deviation scale"));
        }
        for kernel_size in [0.0, 0.5, f64::NAN] {
            assert!(fails(&data, KernelSettings { kernel_size, ..at(0.1) }).contains("kernel size"));
        }
        assert!(fails(&data.chosen(&[3]), at(0.1)).contains("at least 2 trajectories"));
        let mut broken = data.clone();
        broken.values[200] = f32::NAN;
        assert!(fails(&broken, at(0.1)).contains("trajectory 1 at step 72"));
        assert!(fails(&Trajectories::empty(64, 1), at(0.1)).contains("128 steps"));
        let kernel = DeviationKernel::new(&Tent, &data, at(0.1)).expect("a kernel");
        assert!(matches!(kernel.deviate(20, 0), Err(DeviationError::Index { count: 20, index: 20 })));
        assert!(matches!(kernel.deviate_all(0), Err(DeviationError::Draws)));
    }
}
