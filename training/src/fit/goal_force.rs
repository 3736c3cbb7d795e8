//! Data and loss of a goal-force planner: scenes simulated ahead, drawn as samples at every step, noised motions or pixels.

use super::ahead::Ahead;
use super::data_summary::{DataSummary, REAL_ROWS, REAL_STREAM};
use super::denoising::Batch;
use super::error::FitError;
use super::goal_force_batch::Samples;
use super::task::StepLoss;
use crate::console::Progress;
use crate::dataset::goal_force::{SceneSet, UNIT_RESIDUAL, moving_value};
use crate::network::{SampleKind, TorchGraph};
use crate::recipe::GoalForceRecipe;
use planwright::diffusion::NoiseSchedule;
use planwright::model::{Column, MOTION_COLUMNS, Normaliser};
use planwright::planner::goal_force::UNIT_MOTION_PX;
use planwright::world::scene::FRAME_SECS;
use std::io::IsTerminal as _;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// Least place on the line between data and noise in the weight of a sample's loss.
const LEAST_NOISE: f64 = 0.15;

/// Simulates the scenes and returns what export needs of them, and the loss of a step.
pub(super) fn data_and_loss(recipe: &GoalForceRecipe) -> Result<(DataSummary, StepLoss<'static>), FitError> {
    let bar = Progress::new(recipe.data.scenes as u64, "scenes", std::io::stderr().is_terminal());
    let set = SceneSet::simulate(&recipe.data, &|| bar.advance(1));
    drop(bar);
    let sha256 = set.sha256();
    let samples = Arc::new(Samples::new(set, recipe)?);
    let summary = summary(sha256, &samples.draw(REAL_STREAM, REAL_ROWS), recipe.network.sample);
    let (network, count, moving_weight) = (recipe.network.clone(), recipe.training.batch, recipe.moving_weight);
    let cells = recipe.goal_force.cells() as i64;
    let convolutions = recipe.convolutions.kind();
    let mut batches = {
        let samples = Arc::clone(&samples);
        Ahead::new(move |step| samples.draw(step, count))
    };
    let loss: StepLoss<'static> = Box::new(move |step, views, device| {
        // On the processor the fit itself uses the threads.
        let batch = batches.take(step, device != Device::Cpu);
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let shape = [count as i64, -1, cells];
        let noisy = place(&batch.noisy).view(shape);
        let scene = place(&batch.conditions).view(shape);
        let mut graph = TorchGraph::new(views, device).with_convolutions(convolutions);
        let predicted = network.forward(&mut graph, &noisy, &place(&batch.timesteps), &scene);
        let clean = place(&batch.clean).view(shape);
        let mut squares = (predicted - &clean).square();
        if moving_weight != 1.0 {
            squares *= pixel_weights(&clean, moving_weight);
        }
        let weights = Tensor::from_slice(&weights(samples.schedule(), &batch.timesteps)).to_device(device);
        (squares.mean_dim([1, 2].as_slice(), false, Kind::Float) * weights).mean(Kind::Float)
    });
    Ok((summary, loss))
}

/// By sample: 1 / s^2 with s the place on the line between data (0) and noise (1): the error of the clean sample then counts as
/// that of the flow's velocity does.
fn weights(schedule: &NoiseSchedule, timesteps: &[f32]) -> Vec<f32> {
    let weight = |timestep: &f32| {
        let (signal, noise) = schedule.scales(Some(*timestep as usize));
        (noise / (noise + signal)).max(LEAST_NOISE).powi(-2) as f32
    };
    timesteps.iter().map(weight).collect()
}

/// By value of clean pixels, batch x channels x cells: the given weight for the colours of a pixel that moves, 1 for those of one
/// that rests. Without it the loss is that of resting pixels, of which there are thirty to fifty times as many.
fn pixel_weights(clean: &Tensor, moving: f64) -> Tensor {
    let size = clean.size();
    let largest = clean.view([size[0], -1, 3, size[2]]).abs().amax([2].as_slice(), true);
    let weights = largest.gt(moving_value()).to_kind(Kind::Float) * (moving - 1.0) + 1.0;
    weights.expand([-1, -1, 3, -1], false).reshape(&size)
}

fn summary(sha256: String, real: &Batch, sample: SampleKind) -> DataSummary {
    let (columns, unit) = match sample {
        SampleKind::Motion => (MOTION_COLUMNS.map(|name| column(name, "px per frame")).to_vec(), UNIT_MOTION_PX as f32),
        SampleKind::Pixels => {
            (["red", "green", "blue"].map(|name| column(name, "sRGB from 0 to 1")).to_vec(), UNIT_RESIDUAL as f32)
        }
    };
    let normaliser = Normaliser { low: vec![-unit; columns.len()], high: vec![unit; columns.len()] };
    DataSummary::plain(sha256, columns, normaliser, FRAME_SECS, real.rows())
}

fn column(name: &str, unit: &str) -> Column {
    Column { name: name.to_owned(), unit: unit.to_owned(), frame: "image".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_colours_of_a_moving_pixel_have_its_weight() {
        // Two pixels in two cells; the second pixel moves in green of the first cell alone.
        let mut clean = vec![0.0_f32; 2 * 3 * 2];
        clean[(3 + 1) * 2] = -1.0;
        clean[1] = 0.9 * moving_value() as f32;
        let weights = pixel_weights(&Tensor::from_slice(&clean).view([1, 6, 2]), 20.0);
        let expected: Vec<f32> = (0..12).map(|index| if index >= 6 && index % 2 == 0 { 20.0 } else { 1.0 }).collect();
        assert_eq!(Vec::<f32>::try_from(weights.view([-1])).expect("values"), expected);
    }
}
