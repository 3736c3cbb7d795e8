//! The objective of every denoiser: say what was noised, or the noise.

use super::batch::Batch;
use super::recipe::FitRecipe;
use crate::network::{NetworkSpec, TorchGraph};
use planwright::model::Prediction;
use tch::{Device, Kind, Tensor};

/// A recipe whose network denoises.
pub trait DenoiserRecipe: FitRecipe<Batch = Batch> {
    /// The denoiser.
    fn network(&self) -> &NetworkSpec;
    /// Time steps of a sample, H.
    fn horizon(&self) -> usize;
    /// What the network is to say.
    fn prediction(&self) -> Prediction;
    /// Whether a condition fixes this value of a sample: there nothing is learnt.
    fn is_fixed(&self, step: usize, column: usize) -> bool;
}

/// Mean squared error of what the network says, over the values that no condition fixes.
pub(super) fn loss<R: DenoiserRecipe>(recipe: &R, views: &[Tensor], batch: &Batch, device: Device) -> Tensor {
    let (horizon, network) = (recipe.horizon(), recipe.network());
    let shape = [batch.count as i64, horizon as i64, network.columns as i64];
    let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
    let target = match recipe.prediction() {
        Prediction::CleanSample => &batch.clean,
        Prediction::Noise => &batch.noise,
    };
    let target = place(target).view(shape);
    let noisy = place(&batch.noisy).view(shape);
    let timesteps = place(&batch.timesteps);
    let condition = network.condition.map(|spec| place(&batch.conditions).view([shape[0], spec.width as i64]));
    let mut graph = TorchGraph::new(views, device);
    let predicted = network.forward(&mut graph, horizon, &noisy, &timesteps, condition.as_ref());
    // 0 where a condition fixes the value: there the output is the truth.
    let free: Vec<f32> = (0..horizon * network.columns)
        .map(|index| f32::from(!recipe.is_fixed(index / network.columns, index % network.columns)))
        .collect();
    let error = (predicted - target) * place(&free).view([1, shape[1], shape[2]]);
    error.square().mean(Kind::Float)
}

/// The part of [`FitRecipe`] that all denoisers share, for a type with the fields `name` and `training`.
macro_rules! denoiser_fit {
    ($recipe:ty) => {
        impl $crate::fit::FitRecipe for $recipe {
            type Batch = $crate::fit::Batch;

            fn name(&self) -> &str {
                &self.name
            }

            fn training(&self) -> &$crate::fit::TrainingSettings {
                &self.training
            }

            fn parameters(&self) -> Vec<$crate::network::ParameterSpec> {
                $crate::network::declare(&self.network)
            }

            fn loss(&self, views: &[tch::Tensor], batch: &$crate::fit::Batch, device: tch::Device) -> tch::Tensor {
                $crate::fit::denoising::loss(self, views, batch, device)
            }

            fn check_network(&self) -> Result<(), String> {
                self.network.check().map_err(|error| error.to_string())
            }

            fn sha256(&self) -> String {
                let mut content = self.clone();
                content.training.device = $crate::fit::DeviceName::Cpu;
                $crate::fit::content_sha256(&content)
            }
        }
    };
}
pub(super) use denoiser_fit;
