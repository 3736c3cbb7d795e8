//! Noise on odometry: normal and independent from message to message.

use crate::world::State;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

/// Source of the noise, the same in every run.
pub(super) struct OdometryNoise {
    rng: ChaCha8Rng,
}

impl Default for OdometryNoise {
    fn default() -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(0) }
    }
}

impl OdometryNoise {
    /// The state with noise of these standard deviations on each coordinate, metres, and on the heading, radians.
    pub(super) fn added(&mut self, state: State, noise_m: f64, noise_rad: f64) -> State {
        let mut draw = |deviation: f64| {
            let normal = Normal::new(0.0, deviation).ok().filter(|_| deviation > 0.0);
            normal.map_or(0.0, |normal| normal.sample(&mut self.rng))
        };
        let position = state.position.map(|value| value + draw(noise_m));
        State { position, heading_rad: state.heading_rad + draw(noise_rad), ..state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_noise_nothing_changes_and_with_it_the_mean_does_not() {
        let (mut noise, state) = (OdometryNoise::default(), State::driving([1.0, 2.0], 0.3, 0.5, 0.1));
        assert_eq!(noise.added(state, 0.0, 0.0), state);
        let noisy: Vec<State> = (0..2000).map(|_| noise.added(state, 0.02, 0.05)).collect();
        let mean = |of: fn(&State) -> f64| noisy.iter().map(of).sum::<f64>() / 2000.0;
        assert!((mean(|state| state.position[0]) - 1.0).abs() < 2e-3);
        assert!((mean(|state| (state.position[1] - 2.0).powi(2)).sqrt() - 0.02).abs() < 2e-3);
        assert!((mean(|state| (state.heading_rad - 0.3).powi(2)).sqrt() - 0.05).abs() < 5e-3);
    }
}
