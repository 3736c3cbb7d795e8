//! Adam on the members of a batched ensemble: one row of parameters per member, no allocation per step.

use tch::{Kind, Tensor};

const FIRST_DECAY: f64 = 0.9;
const SECOND_DECAY: f64 = 0.999;
const EPSILON: f64 = 1e-8;
/// As PyTorch's clipping has it.
const NORM_EPSILON: f64 = 1e-6;
/// Below this a moment moves no parameter. The moments of features that died fall for ever, and arithmetic on what lies
/// below the smallest normal number is slow.
const NEGLIGIBLE: f64 = 1e-30;
/// Fewer steps than a moment takes from there to the smallest normal number.
const SWEEP_STEPS: i32 = 100;

/// Moments of parameters that are members x values.
pub struct EnsembleAdam {
    first: Tensor,
    /// The second moment over (1 - its decay): saves a product per step.
    second: Tensor,
    root: Tensor,
    step: i32,
}

impl EnsembleAdam {
    /// Before the first step.
    pub fn new(parameters: &Tensor) -> Self {
        let zeros = || Tensor::zeros(parameters.size(), (Kind::Float, tch::Device::Cpu));
        Self { first: zeros(), second: zeros(), root: zeros(), step: 0 }
    }

    /// One update in place. Each member's gradient is clipped by its own norm.
    pub fn update(&mut self, parameters: &mut Tensor, gradient: &Tensor, rate: f64, clip_norm: Option<f64>) {
        tch::no_grad(|| {
            let mut gradient = gradient.shallow_clone();
            if let Some(limit) = clip_norm {
                let mut norm = gradient.norm_scalaropt_dim(2, [1], true).g_add_scalar(NORM_EPSILON);
                let factor = norm.reciprocal_().g_mul_scalar_(limit).clamp_max_(1.0);
                let _ = gradient.g_mul_(&factor);
            }
            self.step += 1;
            let first_correction = 1.0 - FIRST_DECAY.powi(self.step);
            let second_correction = 1.0 - SECOND_DECAY.powi(self.step);
            let _ = self.first.lerp_(&gradient, 1.0 - FIRST_DECAY);
            let _ = self.second.g_mul_scalar_(SECOND_DECAY).addcmul_(&gradient, &gradient);
            // The quotient below is the whole update: rate and corrections are in its denominator.
            let scale = -first_correction / rate;
            let root = ((1.0 - SECOND_DECAY) / second_correction).sqrt();
            let _ = self.second.sqrt_out(&self.root);
            let _ = self.root.g_mul_scalar_(scale * root).g_add_scalar_(scale * EPSILON);
            let _ = parameters.addcdiv_(&self.first, &self.root);
            if self.step % SWEEP_STEPS == 0 {
                for moment in [&mut self.first, &mut self.second] {
                    let keep = moment.abs().gt(NEGLIGIBLE);
                    let _ = moment.g_mul_(&keep);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adam as its authors wrote it, in double precision.
    fn by_hand(gradients: &[f64], rate: f64) -> f64 {
        let (mut value, mut first, mut second) = (0.0, 0.0, 0.0);
        for (step, gradient) in (1..).zip(gradients) {
            first = 0.9 * first + 0.1 * gradient;
            second = 0.999 * second + 0.001 * gradient * gradient;
            let (a, b): (f64, f64) = (first / (1.0 - 0.9_f64.powi(step)), second / (1.0 - 0.999_f64.powi(step)));
            value -= rate * a / (b.sqrt() + 1e-8);
        }
        value
    }

    #[test]
    fn updates_equal_adam_by_hand_in_every_member() {
        let gradients = [[0.3, -0.4], [0.1, 0.2], [-0.7, 0.05]];
        let mut parameters = Tensor::zeros([2, 1], (Kind::Float, tch::Device::Cpu));
        let mut adam = EnsembleAdam::new(&parameters);
        for pair in gradients {
            let gradient = Tensor::from_slice(&pair).to_kind(Kind::Float).view([2, 1]);
            adam.update(&mut parameters, &gradient, 0.01, None);
        }
        for member in 0..2 {
            let expected = by_hand(&gradients.map(|pair| pair[member]), 0.01);
            let got = parameters.double_value(&[member as i64, 0]);
            assert!((got - expected).abs() < 1e-6, "member {member}: {got} {expected}");
        }
    }

    /// A feature that died: its moments vanish without a number that is not normal, and it stays where it was.
    #[test]
    fn moments_of_dead_features_vanish_and_move_nothing() {
        let one = Tensor::from_slice(&[0.5_f32]).view([1, 1]);
        let mut parameters = Tensor::ones([1, 1], (Kind::Float, tch::Device::Cpu));
        let mut adam = EnsembleAdam::new(&parameters);
        adam.update(&mut parameters, &one, 1e-3, None);
        let mut places = Vec::new();
        for _ in 0..2000 {
            adam.update(&mut parameters, &one.zeros_like(), 1e-3, None);
            places.push(parameters.double_value(&[0, 0]));
            let first = adam.first.double_value(&[0, 0]) as f32;
            assert!(first == 0.0 || first.is_normal(), "{first:e}");
        }
        assert_eq!(adam.first.double_value(&[0, 0]), 0.0);
        assert!(adam.second.double_value(&[0, 0]) > 0.0);
        assert!(places.iter().skip(400).all(|place| *place == places[400] && *place < 1.0));
    }

    #[test]
    fn a_member_is_clipped_by_its_own_norm() {
        let gradient = Tensor::from_slice(&[3.0_f32, 4.0, 0.03, 0.04]).view([2, 2]);
        let mut parameters = Tensor::zeros([2, 2], (Kind::Float, tch::Device::Cpu));
        let mut adam = EnsembleAdam::new(&parameters);
        adam.update(&mut parameters, &gradient, 1e-3, Some(0.1));
        // The first moment is a tenth of what was left: (0.06, 0.08) of the long one, all of the short one.
        let first: Vec<f32> = Vec::try_from(adam.first.view([-1])).expect("four values");
        for (got, expected) in first.iter().zip([0.006, 0.008, 0.003, 0.004]) {
            assert!((got - expected).abs() < 1e-6, "{first:?}");
        }
    }
}
