//! The denoising objective: noised samples of a step, and the mean squared error of the predicted sample or noise.

use crate::network::{NetworkSpec, TorchGraph};
use planwright::diffusion::NoiseSchedule;
use planwright::model::Prediction;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use std::ops::Range;
use tch::{Device, Kind, Tensor};

use super::data_summary::Row;

/// One batch in plain memory, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Clean samples, B x H x C.
    pub clean: Vec<f32>,
    /// The noise that was added to them, B x H x C.
    pub noise: Vec<f32>,
    /// Noised samples with the given values written in, B x H x C.
    pub noisy: Vec<f32>,
    /// Noise level of each sample, B.
    pub timesteps: Vec<f32>,
    /// Condition vectors, B x width; empty if the network takes none.
    pub conditions: Vec<f32>,
    /// Samples.
    pub count: usize,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        for part in [&mut self.clean, &mut self.noise, &mut self.noisy, &mut self.timesteps, &mut self.conditions] {
            part.clear();
        }
        self.count = 0;
    }

    /// Noises a clean sample at a random timestep; the values of `given` stay clean. The sample itself is not added.
    pub(super) fn push_noised(
        &mut self,
        clean: &[f32],
        schedule: &NoiseSchedule,
        given: &[Range<usize>],
        rng: &mut impl Rng,
    ) {
        let timestep = rng.random_range(0..schedule.steps());
        let (signal, noise) = schedule.scales(Some(timestep));
        let (signal, noise) = (signal as f32, noise as f32);
        self.count += 1;
        self.timesteps.push(timestep as f32);
        let start = self.noisy.len();
        for value in clean {
            let epsilon: f32 = rng.sample(StandardNormal);
            self.noise.push(epsilon);
            self.noisy.push(signal * value + noise * epsilon);
        }
        for range in given {
            self.noisy[start..][range.clone()].copy_from_slice(&clean[range.clone()]);
        }
    }

    /// The noised samples as rows of a network's inputs.
    pub(super) fn rows(&self) -> Vec<Row> {
        let size = self.noisy.len() / self.count.max(1);
        let width = self.conditions.len() / self.count.max(1);
        let rows = self.noisy.chunks(size.max(1)).zip(&self.timesteps).enumerate();
        rows.map(|(row, (sample, timestep))| {
            let mut inputs = vec![sample.to_vec(), vec![*timestep]];
            if width > 0 {
                inputs.push(self.conditions[row * width..(row + 1) * width].to_vec());
            }
            Row { inputs }
        })
        .collect()
    }
}

/// The objective of a denoiser.
pub(super) struct Denoising {
    network: NetworkSpec,
    horizon: usize,
    prediction: Prediction,
    /// 0 where a sample's value is given, for there the output is not used; 1 elsewhere. H x C.
    free: Vec<f32>,
}

impl Denoising {
    /// `given` are the values of a sample that are never noised.
    pub(super) fn new(network: &NetworkSpec, horizon: usize, prediction: Prediction, given: &[Range<usize>]) -> Self {
        let is_given = |index: usize| given.iter().any(|range| range.contains(&index));
        let free = (0..horizon * network.columns).map(|index| f32::from(!is_given(index))).collect();
        Self { network: network.clone(), horizon, prediction, free }
    }

    /// Mean squared error over the values that are not given, a scalar.
    pub(super) fn loss(&self, views: &[Tensor], batch: &Batch, device: Device) -> Tensor {
        let network = &self.network;
        let shape = [batch.count as i64, self.horizon as i64, network.columns as i64];
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let target = match self.prediction {
            Prediction::CleanSample => &batch.clean,
            Prediction::Noise => &batch.noise,
        };
        let target = place(target).view(shape);
        let noisy = place(&batch.noisy).view(shape);
        let timesteps = place(&batch.timesteps);
        let condition = network.condition.map(|spec| place(&batch.conditions).view([shape[0], spec.width as i64]));
        let mut graph = TorchGraph::new(views, device);
        let predicted = network.forward(&mut graph, self.horizon, &noisy, &timesteps, condition.as_ref());
        let error = (predicted - target) * place(&self.free).view([1, shape[1], shape[2]]);
        error.square().mean(Kind::Float)
    }
}
