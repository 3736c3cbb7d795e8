//! One training step: loss, gradient, update, average.

use super::optimiser::Moments;
use super::recipe::{DeviceName, FitRecipe, Recipe};
use crate::network::Parameters;
use tch::{Device, Kind, Tensor};

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// What is minimised.
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
}

impl<R: FitRecipe> Trainer<R> {
    /// At step 0.
    pub fn new(recipe: &R, device: DeviceName) -> Self {
        let layout = Parameters::new(recipe.parameters());
        let initial = layout.initial(recipe.training().seed);
        Self::at(recipe, device, layout, [initial.clone(), initial], None, 0)
    }

    /// At step 0 with given parameters; `None` if they are not as many as the network has.
    pub(super) fn starting_from(recipe: &R, device: DeviceName, values: &[f32]) -> Option<Self> {
        let layout = Parameters::new(recipe.parameters());
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
        Self {
            parameters: place(parameters).set_requires_grad(true),
            average: place(average),
            moments,
            step,
            device,
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
    pub fn step(&mut self, batch: &R::Batch) -> StepReport {
        let views = self.layout.views(&self.parameters);
        let loss = self.recipe.loss(&views, batch, self.device);
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
