//! Data and loss of a maze denoiser: windows of a recording, noised.

use super::data_summary::{DataSummary, REAL_ROWS, REAL_STREAM, world_spec};
use super::denoising::{Batch, Denoising};
use super::error::FitError;
use super::task::StepLoss;
use crate::dataset::{COLUMNS, Limits, Windows, generate};
use crate::recipe::MazeDiffusionRecipe;
use crate::statistics::quantile;
use planwright::diffusion::NoiseSchedule;
use planwright::model::{Column, Normaliser, Prediction, QuantitySpec};
use planwright::quantity::path_length_m;
use planwright::world::{Layout, STEP_SECS};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Windows on which the distribution of the quantity is measured.
const QUANTITY_WINDOWS: usize = 4_000;
/// A stream of randomness that no training step reaches.
const QUANTITY_STREAM: u64 = u64::MAX - 2;
/// Name, unit.
const COLUMN_MEANINGS: [(&str, &str); COLUMNS] =
    [("action_x", "1"), ("action_y", "1"), ("x", "m"), ("y", "m"), ("vx", "m/s"), ("vy", "m/s")];

/// Generates the recording and returns what export needs of it, and the loss of a step.
pub(super) fn data_and_loss(recipe: &MazeDiffusionRecipe) -> Result<(DataSummary, StepLoss<'static>), FitError> {
    let layout = Layout::named_or_file(&recipe.data.layout)?;
    let recording = generate(&layout, &recipe.data);
    let sha256 = recording.sha256();
    let source = WindowBatches {
        windows: Windows::new(recording, recipe.windows.clone())?,
        schedule: NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?,
        horizon: recipe.windows.horizon,
        seed: recipe.training.seed,
    };
    let horizon = recipe.windows.horizon;
    let (mut real, mut measured) = (Batch::default(), Batch::default());
    source.draw(REAL_STREAM, REAL_ROWS, &mut real);
    source.draw(QUANTITY_STREAM, QUANTITY_WINDOWS, &mut measured);
    let limits = source.windows.limits();
    let column = |(name, unit): (&str, &str)| Column {
        name: name.to_owned(),
        unit: unit.to_owned(),
        frame: world_frame().to_owned(),
    };
    let normaliser = Normaliser { low: limits.low.clone(), high: limits.high.clone() };
    let step_secs = recipe.windows.stride as f64 * STEP_SECS;
    let data = DataSummary {
        world: Some(world_spec(&layout)),
        quantity: Some(path_length(&measured, limits, horizon)),
        ..DataSummary::plain(sha256, COLUMN_MEANINGS.map(column).to_vec(), normaliser, step_secs, real.rows())
    };
    let denoising = Denoising::new(&recipe.network, horizon, Prediction::CleanSample, &given(horizon));
    let (count, mut batch) = (recipe.training.batch, Batch::default());
    let loss: StepLoss<'static> = Box::new(move |step, views, device| {
        source.draw(step, count, &mut batch);
        denoising.loss(views, &batch, device)
    });
    Ok((data, loss))
}

/// Frame of positions, velocities and commands in a maze.
pub(super) fn world_frame() -> &'static str {
    "maze"
}

/// The state (not the action) of the first and of the last knot.
fn given(horizon: usize) -> [Range<usize>; 2] {
    [0, horizon - 1].map(|knot| knot * COLUMNS + 2..(knot + 1) * COLUMNS)
}

/// Batches of noised windows.
struct WindowBatches {
    windows: Windows,
    schedule: NoiseSchedule,
    horizon: usize,
    seed: u64,
}

impl WindowBatches {
    /// The batch of a step, from the step's own stream of randomness.
    fn draw(&self, step: u64, count: usize, batch: &mut Batch) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step + 1);
        batch.clear();
        let mut clean = std::mem::take(&mut batch.clean);
        for _ in 0..count {
            self.windows.draw(&mut rng, &mut clean);
        }
        for window in clean.chunks(self.horizon * COLUMNS) {
            batch.push_noised(window, &self.schedule, &given(self.horizon), &mut rng);
        }
        batch.clean = clean;
    }
}

fn path_length(windows: &Batch, limits: &Limits, horizon: usize) -> QuantitySpec {
    let metres = |knot: &[f32], column: usize| {
        let (low, high) = (f64::from(limits.low[column]), f64::from(limits.high[column]));
        low + (f64::from(knot[column]) + 1.0) / 2.0 * (high - low)
    };
    let mut lengths: Vec<f64> = windows
        .clean
        .chunks(horizon * COLUMNS)
        .map(|window| path_length_m(window.chunks(COLUMNS).map(|knot| [metres(knot, 2), metres(knot, 3)])))
        .collect();
    lengths.sort_by(f64::total_cmp);
    QuantitySpec {
        name: "path_length".to_owned(),
        unit: "m".to_owned(),
        mean: lengths.iter().sum::<f64>() / lengths.len().max(1) as f64,
        low: quantile(&lengths, 0.05),
        high: quantile(&lengths, 0.95),
        intended: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_lengths_are_in_metres() {
        // Two knots: from x = -1 to x = 1 (normalised), that is from 0.5 m to 2.5 m.
        let clean = vec![0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let windows = Batch { clean, ..Batch::default() };
        let limits = Limits { low: vec![-1.0, -1.0, 0.5, 0.5, -5.0, -5.0], high: vec![1.0, 1.0, 2.5, 3.5, 5.0, 5.0] };
        let length = path_length(&windows, &limits, 2);
        assert_eq!((length.mean, length.low, length.high), (2.0, 2.0, 2.0));
    }
}
