//! Small systems for tests.

use crate::dataset::{Limits, Trajectories};
use crate::transform::{Recovered, System, SystemError};
use planwright::quantity::QuantityGrid;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The calibrated tent map: slopes .5 to 2, 64 state bins, 128 steps from .4, posterior over 256 cells.
pub struct Tent;

impl Tent {
    const BINS: f64 = 64.0;

    fn quantised(state: f64) -> f64 {
        ((state * Self::BINS).floor().clamp(0.0, Self::BINS - 1.0) + 0.5) / Self::BINS
    }

    fn run(slope: f64) -> Vec<f32> {
        let mut state = Self::quantised(0.4);
        let step = |_| {
            let now = state as f32;
            state = Self::quantised(slope * state.min(1.0 - state));
            now
        };
        (0..128).map(step).collect()
    }
}

impl System for Tent {
    fn name(&self) -> &'static str {
        "tent"
    }

    fn quantity(&self) -> (&'static str, &'static str) {
        ("slope", "1")
    }

    fn horizon(&self) -> usize {
        128
    }

    fn columns(&self) -> usize {
        1
    }

    fn step_secs(&self) -> f64 {
        1.0
    }

    fn range(&self) -> [f64; 2] {
        [0.5, 2.0]
    }

    fn grid(&self) -> QuantityGrid {
        QuantityGrid::new(0.5, 2.0, 256).expect("a range")
    }

    fn bandwidth(&self) -> f64 {
        0.045
    }

    fn limits(&self) -> Limits {
        Limits { low: vec![0.0], high: vec![1.0] }
    }

    fn state_bin(&self) -> Option<f32> {
        Some((2.0 / Self::BINS) as f32)
    }

    fn generate(&self, count: usize, seed: u64) -> Result<Trajectories, SystemError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let slope = |part: usize| 0.5 + 1.5 * (part as f64 + rng.random::<f64>()) / count as f64;
        let values = (0..count).map(slope).flat_map(Self::run).collect();
        Ok(Trajectories { values, ..Trajectories::empty(128, 1) })
    }

    fn recover(&self, trajectories: &Trajectories) -> Result<Recovered, SystemError> {
        trajectories.check(128, 1)?;
        let references: Vec<Vec<f32>> = self.grid().centres().into_iter().map(Self::run).collect();
        let posterior = |row: &[f32]| {
            let distance = |reference: &Vec<f32>| {
                row.iter().zip(reference).map(|(left, right)| (left - right).powi(2)).sum::<f32>() / 128.0
            };
            let distances: Vec<f32> = references.iter().map(distance).collect();
            let least = distances.iter().copied().fold(f32::INFINITY, f32::min);
            let weights = distances.iter().map(|distance| (-0.5 * (distance - least) / least.max(1e-8)).exp());
            let weights: Vec<f32> = weights.collect();
            let sum: f32 = weights.iter().sum();
            weights.into_iter().map(|weight| weight / sum).collect::<Vec<f32>>()
        };
        let rows: Vec<Vec<f32>> = trajectories.values.par_chunks(128).map(posterior).collect();
        Ok(Recovered::Posterior { rows: rows.concat(), grid: self.grid() })
    }
}

/// Straight walks of even steps from one point: the quantity is the path length. Endpoints are fixed, and no step may
/// be longer than [`Walk::LONGEST`] in [-1, 1] coordinates.
pub struct Walk {
    /// Coordinates.
    pub columns: usize,
}

impl Walk {
    /// Steps.
    pub const STEPS: usize = 32;
    /// What a step may measure.
    pub const LONGEST: f32 = 0.1;
}

impl System for Walk {
    fn name(&self) -> &'static str {
        "maze2d"
    }

    fn quantity(&self) -> (&'static str, &'static str) {
        ("path length", "m")
    }

    fn horizon(&self) -> usize {
        Self::STEPS
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn step_secs(&self) -> f64 {
        0.1
    }

    fn range(&self) -> [f64; 2] {
        [0.6, 1.6]
    }

    fn grid(&self) -> QuantityGrid {
        QuantityGrid::new(0.0, 8.0, 128).expect("a range")
    }

    fn bandwidth(&self) -> f64 {
        0.03
    }

    fn limits(&self) -> Limits {
        Limits { low: vec![-2.0; self.columns], high: vec![2.0; self.columns] }
    }

    fn generate(&self, count: usize, seed: u64) -> Result<Trajectories, SystemError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut walks = Trajectories::empty(Self::STEPS, self.columns);
        for part in 0..count {
            let step = (0.6 + part as f32 / count as f32) / (Self::STEPS - 1) as f32;
            let mut heading: Vec<f32> = (0..self.columns).map(|_| rng.random_range(-1.0..1.0)).collect();
            let norm = heading.iter().map(|way| way * way).sum::<f32>().sqrt().max(1e-3);
            heading.iter_mut().for_each(|way| *way /= norm);
            for place in 0..Self::STEPS {
                walks.values.extend(heading.iter().map(|way| way * step * place as f32));
            }
        }
        Ok(walks)
    }

    fn recover(&self, trajectories: &Trajectories) -> Result<Recovered, SystemError> {
        trajectories.check(Self::STEPS, self.columns)?;
        let length = |row: &[f32]| {
            let steps = row.chunks(self.columns).zip(row.chunks(self.columns).skip(1));
            steps.map(|(from, to)| f64::from(super::kd_tree::squared_distance(from, to)).sqrt()).sum()
        };
        Ok(Recovered::Values(trajectories.iter().map(length).collect()))
    }

    fn endpoints_fixed(&self) -> bool {
        true
    }

    fn continues(&self, before: &[f32], piece: &[f32]) -> bool {
        super::kd_tree::squared_distance(before, piece) <= Self::LONGEST * Self::LONGEST
    }
}
