//! Data and loss of a corridor network: of recorded drives the offsets, their bends, and clearance; of generated maps see
//! `corridor_paths`.

use super::corridor_paths;
use super::data_summary::{DataSummary, REAL_ROWS, REAL_STREAM, Row};
use super::error::FitError;
use super::task::StepLoss;
use crate::dataset::corridors::{CorridorBatch, CorridorWindows, recorded, sha256};
use crate::network::TorchGraph;
use crate::recipe::{CorridorLoss, CorridorRecipe};
use planwright::model::{CORRIDOR_COLUMNS, Column, Normaliser};
use planwright::planner::corridor::{CHANNELS, KNOT_M, LATERAL_STEP_M, LATERALS, OFFSET_UNIT_M, WINDOW};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Speed at which the manifest's time between knots is stated, m/s.
const SPEED_MPS: f64 = 1.0;

/// Generates or reads the data and returns what export needs of them, and the loss of a step.
pub(super) fn data_and_loss(recipe: &CorridorRecipe) -> Result<(DataSummary, StepLoss<'static>), FitError> {
    match &recipe.data.drives {
        None => corridor_paths::data_and_loss(recipe),
        Some(file) => of_drives(recipe, file),
    }
}

fn of_drives(recipe: &CorridorRecipe, file: &Path) -> Result<(DataSummary, StepLoss<'static>), FitError> {
    let found = recorded(&recipe.data, file)?;
    if found.left_out > 0 {
        let all = found.paths.len() + found.left_out;
        eprintln!("warning: {}: {} of {all} drives leave the shortest route", file.display(), found.left_out);
    }
    let hash = sha256(&found.paths);
    let windows = CorridorWindows::new(found.paths).as_driven();
    let seed = recipe.training.seed;
    let fill = move |windows: &CorridorWindows, step: u64, count: usize, batch: &mut CorridorBatch| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step.wrapping_add(1));
        batch.clear();
        for _ in 0..count {
            windows.draw(&mut rng, batch);
        }
    };
    let mut batch = CorridorBatch::default();
    fill(&windows, REAL_STREAM, REAL_ROWS, &mut batch);
    let summary = summary(hash, &batch.features);
    let (network, weights, count) = (recipe.network, recipe.loss, recipe.training.batch);
    let loss: StepLoss<'static> = Box::new(move |step, views, device| {
        fill(&windows, step, count, &mut batch);
        let features = tensor(&batch.features, &[count, CHANNELS, WINDOW], device);
        let output = network.forward(&mut TorchGraph::new(views, device), CHANNELS, &features);
        loss_of(&output.reshape([count as i64, WINDOW as i64]), &features, &batch, weights, device)
    });
    Ok((summary, loss))
}

fn tensor(values: &[f32], shape: &[usize], device: Device) -> Tensor {
    let shape: Vec<i64> = shape.iter().map(|size| *size as i64).collect();
    Tensor::from_slice(values).view(shape.as_slice()).to_device(device)
}

/// Mean over the known knots of: squared error of the offset, weighted squared error of its second difference, weighted
/// squared lack of clearance. `output` is batch x knots.
fn loss_of(output: &Tensor, features: &Tensor, batch: &CorridorBatch, weights: CorridorLoss, device: Device) -> Tensor {
    let place = |values: &[f32]| tensor(values, &[batch.count, WINDOW], device);
    let (targets, shares, known) = (place(&batch.offsets), place(&batch.shares), place(&batch.known));
    let offsets = output * shares;
    let error = (&offsets - targets) * &known;
    let knots = known.sum(Kind::Float);
    let inner = WINDOW as i64 - 2;
    let bend = error.narrow(1, 0, inner) - error.narrow(1, 1, inner) * 2.0 + error.narrow(1, 2, inner);
    // Of three knots the last is the first to lie beyond the path's end.
    let bend = bend * known.narrow(1, 2, inner);
    let lack = lack_of_clearance(&offsets, features) * known;
    let squares = error.square().sum(Kind::Float) * weights.offsets
        + bend.square().sum(Kind::Float) * weights.bend
        + lack.square().sum(Kind::Float) * weights.clearance;
    squares / knots
}

/// By how much the lateral distance at an offset falls below zero, in the offsets' unit: the distance is piecewise linear
/// between the samples, so that it has a slope. Batch x knots.
fn lack_of_clearance(offsets: &Tensor, features: &Tensor) -> Tensor {
    let (middle, last) = ((LATERALS / 2) as f64, (LATERALS - 1) as f64);
    let place = (offsets * (OFFSET_UNIT_M / LATERAL_STEP_M) + middle).clamp(0.0, last);
    let mut distance = Tensor::zeros_like(offsets);
    for lateral in 0..LATERALS as i64 {
        let weight = ((&place - lateral as f64).abs() * -1.0 + 1.0).relu();
        distance += features.select(1, lateral) * weight;
    }
    (distance * (-1.0 / OFFSET_UNIT_M)).relu()
}

/// The network takes features as they are: the normaliser changes nothing.
pub(super) fn summary(sha256: String, real: &[f32]) -> DataSummary {
    let columns = CORRIDOR_COLUMNS.iter().map(|name| {
        let unit = match *name {
            distance if distance.starts_with("distance") => "m",
            "curvature" => "1/m",
            _ => "1",
        };
        Column { name: (*name).to_owned(), unit: unit.to_owned(), frame: String::new() }
    });
    let normaliser = Normaliser { low: vec![-1.0; CHANNELS], high: vec![1.0; CHANNELS] };
    let real = real.chunks(CHANNELS * WINDOW).take(REAL_ROWS).map(|row| Row { inputs: vec![row.to_vec()] });
    DataSummary::plain(sha256, columns.collect(), normaliser, KNOT_M / SPEED_MPS, real.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One window of a corridor whose wall on the left begins 0.1 m beside the reference.
    fn window(offset: f32) -> CorridorBatch {
        let mut features = vec![0.0; CHANNELS * WINDOW];
        for lateral in 0..LATERALS {
            let left_m = (lateral as f64 - (LATERALS / 2) as f64) * LATERAL_STEP_M;
            features[lateral * WINDOW..][..WINDOW].fill((0.1 - left_m) as f32);
        }
        let known = (0..WINDOW).map(|knot| if knot < 40 { 1.0 } else { 0.0 }).collect();
        CorridorBatch { features, offsets: vec![offset; WINDOW], shares: vec![1.0; WINDOW], known, count: 1 }
    }

    fn loss(output: &[f32], batch: &CorridorBatch, bend: f64, clearance: f64) -> f64 {
        let features = tensor(&batch.features, &[1, CHANNELS, WINDOW], Device::Cpu);
        let output = tensor(output, &[1, WINDOW], Device::Cpu);
        loss_of(&output, &features, batch, CorridorLoss { offsets: 1.0, bend, clearance, time: 0.0 }, Device::Cpu)
            .double_value(&[])
    }

    #[test]
    fn each_part_of_the_loss_by_hand() {
        let batch = window(-0.2);
        let expert = vec![-0.2; WINDOW];
        assert!(loss(&expert, &batch, 6.0, 6.0).abs() < 1e-9);
        // Constant errors have no second difference.
        let constant = vec![0.1; WINDOW];
        assert!((loss(&constant, &batch, 6.0, 0.0) - 0.09).abs() < 1e-6);
        // 0.2 m to the left the path lies 0.1 m in the wall: a third of the unit.
        let inside = vec![(0.2 / OFFSET_UNIT_M) as f32; WINDOW];
        let lack = loss(&inside, &batch, 0.0, 1.0) - loss(&inside, &batch, 0.0, 0.0);
        assert!((lack - 1.0 / 9.0).abs() < 1e-4, "{lack}");
        // One knot out of line: second differences 1, -2 and 1.
        let mut spike = expert.clone();
        spike[20] += 0.3;
        let bend = loss(&spike, &batch, 1.0, 0.0) - loss(&spike, &batch, 0.0, 0.0);
        assert!((bend - 6.0 * 0.09 / 40.0).abs() < 1e-6, "{bend}");
        // Beyond the path's end nothing counts.
        let mut beyond = expert;
        beyond[40..].fill(5.0);
        assert!(loss(&beyond, &batch, 6.0, 6.0).abs() < 1e-9);
    }

    #[test]
    fn clearance_pushes_an_offset_away_from_the_wall() {
        let batch = window(0.0);
        let features = tensor(&batch.features, &[1, CHANNELS, WINDOW], Device::Cpu);
        let output = Tensor::full([1, WINDOW as i64], 0.6, (Kind::Float, Device::Cpu)).set_requires_grad(true);
        lack_of_clearance(&output, &features).square().sum(Kind::Float).backward();
        assert!(output.grad().min().double_value(&[]) > 0.0);
    }
}
