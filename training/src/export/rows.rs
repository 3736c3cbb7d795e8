//! The inputs on which engines are compared with libtorch.

use crate::fit::Row;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const RANDOM_INPUTS: usize = 6;

/// Sizes of synthetic rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowShape {
    /// Time steps, H.
    pub(super) horizon: usize,
    /// Columns, C.
    pub(super) columns: usize,
    /// Training timesteps of a denoiser; `None` for a network without that input.
    pub(super) timesteps: Option<usize>,
    /// Values of the condition, 0 without one.
    pub(super) condition: usize,
}

impl RowShape {
    fn size(self) -> usize {
        self.horizon * self.columns
    }

    fn row(self, sample: Vec<f32>, timestep: f32, condition: Vec<f32>) -> Row {
        let mut inputs = vec![sample];
        if self.timesteps.is_some() {
            inputs.push(vec![timestep]);
        }
        if self.condition > 0 {
            inputs.push(condition);
        }
        Row { inputs }
    }
}

/// Standard Gaussian samples.
pub(super) fn random(shape: RowShape, seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..RANDOM_INPUTS)
        .map(|_| {
            let sample = (0..shape.size()).map(|_| rng.sample(StandardNormal)).collect();
            let timestep = shape.timesteps.map_or(0.0, |timesteps| rng.random_range(0..timesteps) as f32);
            let condition = (0..shape.condition).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
            shape.row(sample, timestep, condition)
        })
        .collect()
}

/// Magnitudes far outside the training, nothing at all, constants, the fastest alternation; each at the first
/// and the last timestep.
pub(super) fn extreme(shape: RowShape) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::MAX);
    let size = shape.size();
    let mut noise = |scale: f32| (0..size).map(|_| scale * rng.sample::<f32, _>(StandardNormal)).collect::<Vec<f32>>();
    let alternating =
        |period: usize| (0..size).map(|index| if (index / period).is_multiple_of(2) { 1.0 } else { -1.0 }).collect();
    let samples: [Vec<f32>; 9] = [
        noise(1e3),
        noise(1e-6),
        vec![0.0; size],
        vec![1.0; size],
        vec![-1.0; size],
        vec![1e3; size],
        vec![1e-6; size],
        alternating(1),
        alternating(shape.columns),
    ];
    let last = shape.timesteps.map(|timesteps| timesteps.saturating_sub(1) as f32);
    let timesteps: Vec<f32> = std::iter::once(0.0).chain(last).collect();
    samples
        .iter()
        .flat_map(|sample| {
            timesteps
                .iter()
                .map(|timestep| shape.row(sample.clone(), *timestep, vec![timestep.min(1.0); shape.condition]))
        })
        .collect()
}
