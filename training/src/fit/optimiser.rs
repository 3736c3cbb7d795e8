//! AdamW on one flat parameter tensor, with global-norm clipping and a learning-rate schedule, and Muon for its matrices.

use super::muon::{self, MatrixRange};
use crate::recipe::OptimiserSettings;
use tch::{Device, Kind, Tensor};

const FIRST_DECAY: f64 = 0.9;
const SECOND_DECAY: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Learning rate of step `step` (from 0) of `total`.
pub fn learning_rate(settings: &OptimiserSettings, step: u64, total: u64) -> f64 {
    if step < settings.warmup_steps {
        return settings.learning_rate * (step + 1) as f64 / settings.warmup_steps as f64;
    }
    let rest = total.saturating_sub(settings.warmup_steps).max(1) as f64;
    let progress = ((step - settings.warmup_steps) as f64 / rest).min(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
    settings.learning_rate * (settings.final_share + (1.0 - settings.final_share) * cosine)
}

/// Adam's moments of a flat parameter tensor.
pub struct Moments {
    /// First moment.
    pub first: Tensor,
    /// Second moment.
    pub second: Tensor,
}

impl Moments {
    /// Before the first step.
    pub fn zeros(len: usize, device: Device) -> Self {
        let zeros = || Tensor::zeros([len as i64], (Kind::Float, device));
        Self { first: zeros(), second: zeros() }
    }

    /// One update of `parameters` in place, all of them by AdamW. `step` counts from 0. Returns the gradient's norm before
    /// clipping.
    pub fn update(
        &mut self,
        parameters: &mut Tensor,
        gradient: &Tensor,
        settings: &OptimiserSettings,
        step: u64,
        total: u64,
    ) -> f64 {
        self.update_with_matrices(parameters, gradient, settings, &[], step, total)
    }

    /// The same with `matrices`, in flat order, by Muon if the settings have it: their momentum is the first moment, and
    /// their second moment stays as it is.
    pub fn update_with_matrices(
        &mut self,
        parameters: &mut Tensor,
        gradient: &Tensor,
        settings: &OptimiserSettings,
        matrices: &[MatrixRange],
        step: u64,
        total: u64,
    ) -> f64 {
        tch::no_grad(|| {
            let norm = gradient.norm().double_value(&[]);
            let mut gradient = gradient.shallow_clone();
            if norm > settings.clip_norm {
                let _ = gradient.g_mul_scalar_(settings.clip_norm / norm);
            }
            let rate = learning_rate(settings, step, total);
            let Some(muon) = settings.muon.filter(|_| !matrices.is_empty()) else {
                adamw(parameters, &mut self.first, &mut self.second, &gradient, settings, rate, step);
                return norm;
            };
            for (start, len) in muon::between(matrices, parameters.size1().unwrap_or(0)) {
                let part = |flat: &Tensor| flat.narrow(0, start, len);
                let (mut first, mut second) = (part(&self.first), part(&self.second));
                adamw(&mut part(parameters), &mut first, &mut second, &part(&gradient), settings, rate, step);
            }
            let rate = rate * muon.learning_rate / settings.learning_rate;
            muon::update(parameters, &mut self.first, &gradient, matrices, muon.momentum, rate, settings.weight_decay);
            norm
        })
    }
}

fn adamw(
    parameters: &mut Tensor,
    first: &mut Tensor,
    second: &mut Tensor,
    gradient: &Tensor,
    settings: &OptimiserSettings,
    rate: f64,
    step: u64,
) {
    let count = (step + 1) as i32;
    let first_correction = 1.0 - FIRST_DECAY.powi(count);
    let second_correction = 1.0 - SECOND_DECAY.powi(count);
    let _ = first.lerp_(gradient, 1.0 - FIRST_DECAY);
    let _ = second.g_mul_scalar_(SECOND_DECAY);
    let square = gradient * gradient;
    let _ = second.g_add_(&(square * (1.0 - SECOND_DECAY)));
    let denominator = (&*second * (1.0 / second_correction)).sqrt_().g_add_scalar_(EPSILON);
    if settings.weight_decay > 0.0 {
        let _ = parameters.g_mul_scalar_(1.0 - rate * settings.weight_decay);
    }
    let update = (&*first / denominator) * (rate / first_correction);
    let _ = parameters.g_sub_(&update);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> OptimiserSettings {
        OptimiserSettings {
            learning_rate: 0.1,
            warmup_steps: 10,
            final_share: 0.1,
            weight_decay: 0.0,
            clip_norm: 1.0,
            muon: None,
        }
    }

    #[test]
    fn the_learning_rate_rises_then_falls_to_its_share() {
        let rate = |step| learning_rate(&settings(), step, 110);
        assert!((rate(0) - 0.01).abs() < 1e-12 && (rate(9) - 0.1).abs() < 1e-12);
        assert!((rate(60) - 0.055).abs() < 1e-12 && (rate(110) - 0.01).abs() < 1e-12);
    }

    #[test]
    fn one_update_equals_adam_by_hand() {
        let mut parameters = Tensor::from_slice(&[1.0_f32, -2.0]);
        let gradient = Tensor::from_slice(&[0.3_f32, -0.4]);
        let mut moments = Moments::zeros(2, Device::Cpu);
        let plain = OptimiserSettings { warmup_steps: 0, final_share: 1.0, ..settings() };
        let norm = moments.update(&mut parameters, &gradient, &plain, 0, 10);
        assert!((norm - 0.5).abs() < 1e-6);
        // After the first step Adam moves every parameter by the learning rate, against its gradient's sign.
        let Ok(values) = Vec::<f32>::try_from(&parameters) else { panic!("two floats") };
        assert!((values[0] - 0.9).abs() < 1e-5 && (values[1] + 1.9).abs() < 1e-5, "{values:?}");
    }
}
