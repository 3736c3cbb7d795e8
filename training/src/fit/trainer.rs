//! One training step: denoise, compare, update, average.

use super::batch::Batch;
use super::optimiser::Moments;
use super::recipe::{DeviceName, FitRecipe, Recipe};
use crate::network::{Parameters, TorchGraph, declare};
use planwright::model::Prediction;
use tch::{Device, Kind, Tensor};

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Mean squared error of what the network says.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
}

/// The state of a fit. All of it goes into a checkpoint.
pub struct Trainer<R = Recipe> {
    pub(super) recipe: R,
    pub(super) layout: Parameters,
    pub(super) parameters: Tensor,
    pub(super) average: Tensor,
    pub(super) moments: Moments,
    pub(super) step: u64,
    device: Device,
    free_mask: Tensor,
}

impl<R: FitRecipe> Trainer<R> {
    /// At step 0.
    pub fn new(recipe: &R, device: DeviceName) -> Self {
        let layout = Parameters::new(declare(recipe.network()));
        let initial = layout.initial(recipe.training().seed);
        Self::at(recipe, device, layout, [initial.clone(), initial], None, 0)
    }

    /// At step 0 with given parameters; `None` if they are not as many as the network has.
    pub(super) fn starting_from(recipe: &R, device: DeviceName, values: &[f32]) -> Option<Self> {
        let layout = Parameters::new(declare(recipe.network()));
        let values = [values.to_vec(), values.to_vec()];
        (values[0].len() == layout.len()).then(|| Self::at(recipe, device, layout, values, None, 0))
    }

    /// At any step. `values` are parameters and average, `moments` Adam's (zeros if `None`).
    pub(super) fn at(
        recipe: &R,
        device: DeviceName,
        layout: Parameters,
        values: [Vec<f32>; 2],
        moments: Option<[Vec<f32>; 2]>,
        step: u64,
    ) -> Self {
        let device = match device {
            DeviceName::Cpu => Device::Cpu,
            DeviceName::Cuda => Device::Cuda(0),
        };
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let [parameters, average] = &values;
        let moments = match moments {
            Some([first, second]) => Moments { first: place(&first), second: place(&second) },
            None => Moments::zeros(layout.len(), device),
        };
        // 0 where a condition fixes the value: there the output is the truth and nothing is learnt.
        let (horizon, columns) = (recipe.horizon(), recipe.network().columns);
        let mask: Vec<f32> = (0..horizon * columns)
            .map(|index| if recipe.is_fixed(index / columns, index % columns) { 0.0 } else { 1.0 })
            .collect();
        Self {
            parameters: place(parameters).set_requires_grad(true),
            average: place(average),
            moments,
            step,
            device,
            free_mask: place(&mask).view([1, horizon as i64, columns as i64]),
            layout,
            recipe: recipe.clone(),
        }
    }

    /// Steps done.
    pub fn step_count(&self) -> u64 {
        self.step
    }

    /// The averaged parameters in flat order, what is exported.
    pub fn averaged(&self) -> Vec<f32> {
        to_vec(&self.average)
    }

    /// One optimiser step.
    pub fn step(&mut self, batch: &Batch) -> StepReport {
        let horizon = self.recipe.horizon();
        let network = self.recipe.network();
        let shape = [batch.count as i64, horizon as i64, network.columns as i64];
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(self.device);
        let target = match self.recipe.prediction() {
            Prediction::CleanSample => &batch.clean,
            Prediction::Noise => &batch.noise,
        };
        let target = place(target).view(shape);
        let noisy = place(&batch.noisy).view(shape);
        let timesteps = place(&batch.timesteps);
        let condition =
            network.condition.map(|spec| place(&batch.conditions).view([batch.count as i64, spec.width as i64]));
        let views = self.layout.views(&self.parameters);
        let mut graph = TorchGraph::new(&views, self.device);
        let predicted = network.forward(&mut graph, horizon, &noisy, &timesteps, condition.as_ref());
        let error = (predicted - target) * &self.free_mask;
        let loss = error.square().mean(Kind::Float);
        self.parameters.zero_grad();
        loss.backward();
        let gradient = self.parameters.grad();
        let training = self.recipe.training();
        let mut parameters = self.parameters.detach();
        let gradient_norm =
            self.moments.update(&mut parameters, &gradient, &training.optimiser, self.step, training.steps);
        // The average follows closely at first: its window never exceeds the steps done.
        let decay = training.average_decay.min((1.0 + self.step as f64) / (10.0 + self.step as f64));
        let _ = self.average.lerp_(&parameters, 1.0 - decay);
        self.step += 1;
        StepReport { loss: loss.double_value(&[]), gradient_norm }
    }
}

/// A flat tensor as plain numbers.
pub(super) fn to_vec(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view([-1]);
    let mut values = vec![0.0_f32; flat.size1().unwrap_or(0) as usize];
    let len = values.len();
    flat.copy_data(&mut values, len);
    values
}
