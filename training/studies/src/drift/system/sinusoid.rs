//! Sinusoids of one period each (eq. 12): the family whose trajectories do not stretch errors.

use super::family::Family;
use planwright_training::dataset::Limits;

/// `x_t = sin(2 pi t / T)`; the quantity is the period T in steps.
pub(super) struct Sinusoid;

impl Family for Sinusoid {
    fn name(&self) -> &'static str {
        "sinusoid"
    }

    fn quantity(&self) -> (&'static str, &'static str) {
        ("period", "steps")
    }

    /// Below two steps the samples do not determine the period.
    fn valid(&self) -> [f64; 2] {
        [2.0, f64::INFINITY]
    }

    fn limits(&self) -> Limits {
        Limits { low: vec![-1.0], high: vec![1.0] }
    }

    fn run(&self, value: f64, horizon: usize, out: &mut Vec<f32>) {
        out.extend((0..horizon).map(|step| (std::f64::consts::TAU * step as f64 / value).sin() as f32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_four_steps_visits_the_four_quarters() {
        let mut steps = Vec::new();
        Sinusoid.run(4.0, 8, &mut steps);
        for (got, want) in steps.iter().zip([0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0]) {
            assert!((got - want).abs() < 1e-6, "{steps:?}");
        }
    }
}
