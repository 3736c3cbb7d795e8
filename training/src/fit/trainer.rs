//! One training step of any network: loss, gradient, AdamW update, exponential moving average.

use super::muon::{MatrixRange, matrices};
use super::optimiser::Moments;
use crate::network::{ParameterSpec, Parameters};
use crate::recipe::{DeviceName, TrainingSettings};
use tch::{Device, Kind, Tensor};

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// The loss before the step.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
}

/// Parameters, their average and the optimiser's state. All of it goes into a checkpoint.
pub struct Trainer {
    pub(super) layout: Parameters,
    pub(super) parameters: Tensor,
    pub(super) average: Tensor,
    pub(super) moments: Moments,
    pub(super) step: u64,
    settings: TrainingSettings,
    /// What Muon updates, if the settings have it.
    matrices: Vec<MatrixRange>,
    device: Device,
}

impl Trainer {
    /// At step 0, with initial values from the settings' seed.
    pub fn new(parameters: Vec<ParameterSpec>, settings: &TrainingSettings, device: DeviceName) -> Self {
        let layout = Parameters::new(parameters);
        let initial = layout.initial(settings.seed);
        Self::at(layout, settings, device, [&initial, &initial], None, 0)
    }

    /// At step 0 with given values in flat order; `None` if they are not as many as the parameters.
    pub(super) fn starting_from(
        parameters: Vec<ParameterSpec>,
        settings: &TrainingSettings,
        device: DeviceName,
        values: &[f32],
    ) -> Option<Self> {
        let layout = Parameters::new(parameters);
        (values.len() == layout.len()).then(|| Self::at(layout, settings, device, [values, values], None, 0))
    }

    /// At any step. `values` are parameters and average, `moments` Adam's (zeros if `None`).
    pub(super) fn at(
        layout: Parameters,
        settings: &TrainingSettings,
        device: DeviceName,
        [parameters, average]: [&[f32]; 2],
        moments: Option<[&[f32]; 2]>,
        step: u64,
    ) -> Self {
        let device = match device {
            DeviceName::Cpu => Device::Cpu,
            DeviceName::Cuda => Device::Cuda(0),
        };
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let moments = match moments {
            Some([first, second]) => Moments { first: place(first), second: place(second) },
            None => Moments::zeros(layout.len(), device),
        };
        Self {
            parameters: place(parameters).set_requires_grad(true),
            average: place(average),
            moments,
            step,
            device,
            matrices: matrices(layout.specs()),
            layout,
            settings: settings.clone(),
        }
    }

    /// Steps done.
    pub fn step_count(&self) -> u64 {
        self.step
    }

    /// The averaged parameters in flat order: what is exported.
    pub fn averaged(&self) -> Vec<f32> {
        to_vec(&self.average)
    }

    /// The averaged parameters as tensors in the order of their declaration.
    pub fn averaged_views(&self) -> Vec<Tensor> {
        self.layout.views(&self.average)
    }

    /// One optimiser step on the loss that `loss` computes from views of the parameters.
    pub fn step(&mut self, loss: impl FnOnce(&[Tensor], Device) -> Tensor) -> StepReport {
        let views = self.layout.views(&self.parameters);
        let loss = loss(&views, self.device);
        self.parameters.zero_grad();
        loss.backward();
        let gradient = self.parameters.grad();
        let TrainingSettings { optimiser, steps, average_decay, .. } = &self.settings;
        let mut parameters = self.parameters.detach();
        let gradient_norm =
            self.moments.update_with_matrices(&mut parameters, &gradient, optimiser, &self.matrices, self.step, *steps);
        // The average follows closely at first: its window never exceeds the steps done.
        let decay = average_decay.min((1.0 + self.step as f64) / (10.0 + self.step as f64));
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
