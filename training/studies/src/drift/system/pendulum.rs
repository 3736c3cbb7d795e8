//! Double pendulum seen by its two angles; the quantity is the median energy.
//!
//! Angles are kept as they are, neither wrapped nor as sine and cosine: the outer rod can point up only with 19.62 J
//! (2 m2 g l2), the inner one with 39.24 J, and all data lie below. No arm ever turns over, so the angles stay within
//! bounds that the energy sets, and a smooth motion is a smooth sequence that a network can learn.

use super::SystemSettings;
use planwright::quantity::{QuantityGrid, median_energy_j};
use planwright::world::{DoublePendulum, PendulumState};
use planwright_training::dataset::{Limits, Trajectories};
use planwright_training::transform::{Quotas, Recovered, System, SystemError};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

const NAME: &str = "pendulum";
/// Runge-Kutta steps between two time steps of a trajectory.
const SUBSTEPS: usize = 10;
/// Motions that are simulated at once.
const BATCH: u64 = 1024;
/// Give up after this many motions per wanted one.
const PATIENCE: u64 = 50;

/// The system; see the module's text.
pub(super) struct Pendulum {
    pendulum: DoublePendulum,
    horizon: usize,
    step_secs: f64,
    range: [f64; 2],
    grid: QuantityGrid,
    bandwidth: f64,
    bins: QuantityGrid,
    /// Largest energy of a simulated motion, J. Central differences measure a little less than there is, so this
    /// lies above the range.
    highest_j: f64,
}

impl Pendulum {
    pub(super) fn new(settings: &SystemSettings) -> Result<Self, SystemError> {
        let pendulum = DoublePendulum::default();
        let [low, high] = settings.range;
        let turns_over_j = 2.0 * pendulum.mass_kg[1] * pendulum.gravity_mps2 * pendulum.length_m[1];
        let wrong =
            |got: f64| SystemError::OutOfRange { system: NAME, quantity: "energy", low: 0.0, high: turns_over_j, got };
        if !(low >= 0.0) {
            return Err(wrong(low));
        }
        if !(high < turns_over_j) {
            return Err(wrong(high));
        }
        let step_secs = settings.step_secs.unwrap_or(0.05);
        Ok(Self {
            pendulum,
            horizon: settings.horizon,
            step_secs,
            range: settings.range,
            grid: settings.grid()?,
            bandwidth: settings.bandwidth(),
            bins: settings.bins()?,
            highest_j: 0.5 * (high + turns_over_j),
        })
    }

    /// A state with an energy drawn evenly up to the highest, shared at random between height and motion, height
    /// between the two rods, motion between the two directions that the masses weigh equally.
    fn start(&self, rng: &mut impl Rng) -> PendulumState {
        let ([m1, m2], [l1, l2], g) = (self.pendulum.mass_kg, self.pendulum.length_m, self.pendulum.gravity_mps2);
        let lowest_j = 0.9 * self.range[0];
        let energy_j = lowest_j + (self.highest_j - lowest_j) * rng.random::<f64>();
        let potential_j = energy_j * rng.random::<f64>();
        let inner_j = potential_j * rng.random::<f64>();
        let mut angle = |part_j: f64, full_j: f64| {
            let angle = (1.0 - part_j / full_j).acos();
            if rng.random::<bool>() { angle } else { -angle }
        };
        let angle_rad = [angle(inner_j, (m1 + m2) * g * l1), angle(potential_j - inner_j, m2 * g * l2)];
        // Kinetic energy is half of |L^T w|^2 with L the Cholesky factor of the mass matrix.
        let across = m2 * l1 * l2 * (angle_rad[0] - angle_rad[1]).cos();
        let l11 = (m1 + m2).sqrt() * l1;
        let l21 = across / l11;
        let l22 = (m2 * l2 * l2 - l21 * l21).sqrt();
        let speed = (2.0 * (energy_j - potential_j)).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * rng.random::<f64>()).sin_cos();
        let outer = speed * sin / l22;
        PendulumState { angle_rad, rate_radps: [(speed * cos - l21 * outer) / l11, outer] }
    }

    /// One motion, H x 2 angles.
    fn motion(&self, rng: &mut impl Rng) -> Vec<f32> {
        let mut state = self.start(rng);
        let mut angles = Vec::with_capacity(2 * self.horizon);
        for _ in 0..self.horizon {
            angles.extend(state.angle_rad.map(|angle| angle as f32));
            state = self.pendulum.advance(&state, self.step_secs, SUBSTEPS);
        }
        angles
    }

    fn measure(&self, angles: &[f32]) -> f64 {
        median_energy_j(&self.pendulum, angles.as_chunks::<2>().0, self.step_secs)
    }
}

impl System for Pendulum {
    fn name(&self) -> &'static str {
        NAME
    }

    fn quantity(&self) -> (&'static str, &'static str) {
        ("energy", "J")
    }

    fn horizon(&self) -> usize {
        self.horizon
    }

    fn columns(&self) -> usize {
        2
    }

    fn coordinates(&self) -> Vec<(&'static str, &'static str)> {
        vec![("theta_1", "rad"), ("theta_2", "rad")]
    }

    fn step_secs(&self) -> f64 {
        self.step_secs
    }

    fn range(&self) -> [f64; 2] {
        self.range
    }

    fn grid(&self) -> QuantityGrid {
        self.grid
    }

    fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// The angles that the highest energy reaches with the whole pendulum at rest in one rod's height.
    fn limits(&self) -> Limits {
        let ([m1, m2], [l1, l2], g) = (self.pendulum.mass_kg, self.pendulum.length_m, self.pendulum.gravity_mps2);
        let reach = |full_j: f64| (1.0 - self.highest_j / full_j).max(-1.0).acos() as f32;
        let high = vec![reach((m1 + m2) * g * l1), reach(m2 * g * l2)];
        Limits { low: high.iter().map(|angle| -angle).collect(), high }
    }

    fn generate(&self, count: usize, seed: u64) -> Result<Trajectories, SystemError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut quotas = Quotas::new(self.bins, count, &mut rng);
        let mut kept = Trajectories::empty(self.horizon, 2);
        kept.values.reserve(count * kept.size());
        let mut first = 0;
        while !quotas.are_full() {
            if first > PATIENCE * count as u64 + 20 * BATCH {
                quotas.unfilled(NAME, self.quantity().0)?;
            }
            let motions: Vec<(Vec<f32>, f64)> = (first..first + BATCH)
                .into_par_iter()
                .map(|index| {
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    // Stream 0 is that of the quotas.
                    rng.set_stream(index + 1);
                    let angles = self.motion(&mut rng);
                    let energy_j = self.measure(&angles);
                    (angles, energy_j)
                })
                .collect();
            for (angles, energy_j) in motions {
                if quotas.take(energy_j) {
                    kept.values.extend(angles);
                }
            }
            first += BATCH;
        }
        // The bins that fill last would otherwise stand at the end.
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.shuffle(&mut rng);
        Ok(kept.chosen(&order))
    }

    fn recover(&self, trajectories: &Trajectories) -> Result<Recovered, SystemError> {
        trajectories.check(self.horizon, 2)?;
        Ok(Recovered::Values(trajectories.iter().map(|angles| self.measure(angles)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::quantity::Marginal;

    fn pendulum() -> Pendulum {
        SystemSettings::named(NAME).and_then(|settings| Pendulum::new(&settings)).expect("defaults are valid")
    }

    #[test]
    fn starts_have_the_energies_that_were_drawn() {
        let pendulum = pendulum();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let energies: Vec<f64> = (0..2000).map(|_| pendulum.pendulum.energy_j(&pendulum.start(&mut rng))).collect();
        let range = [1.8, pendulum.highest_j];
        assert!(energies.iter().all(|energy| (range[0] - 1e-9..=range[1] + 1e-9).contains(energy)));
        let mean = energies.iter().sum::<f64>() / 2000.0;
        assert!((mean - 0.5 * (range[0] + range[1])).abs() < 0.5, "{mean}");
    }

    #[test]
    fn data_are_uniform_in_energy_bounded_and_the_same_for_a_seed() {
        let pendulum = pendulum();
        let data = pendulum.generate(650, 3).expect("data");
        assert_eq!(data.len(), 650);
        assert_eq!(data, pendulum.generate(650, 3).expect("data"));
        assert_ne!(data, pendulum.generate(650, 4).expect("data"));
        let limits = pendulum.limits();
        assert!((limits.high[0] - 1.53).abs() < 0.01 && (limits.high[1] - 2.73).abs() < 0.01, "{limits:?}");
        for step in data.values.chunks(2) {
            assert!(step[0].abs() <= limits.high[0] && step[1].abs() <= limits.high[1], "{step:?}");
        }
        let found = pendulum.recover(&data).expect("finite");
        let counts = Marginal::from_values(pendulum.bins, &found.values()).expect("values");
        assert!(counts.mass().iter().all(|mass| (mass * 650.0 - 20.0).abs() < 1.5), "{counts:?}");
    }

    #[test]
    fn energies_that_turn_a_rod_over_are_refused() {
        let settings = SystemSettings { range: [2.0, 25.0], ..SystemSettings::named(NAME).expect("a system") };
        let Err(error) = Pendulum::new(&settings) else { panic!("25 J turn the outer rod over") };
        assert_eq!(error.to_string(), "pendulum: expected energy between 0 and 19.62, got 25");
    }

    #[test]
    fn a_bin_that_cannot_be_filled_is_named() {
        let settings = SystemSettings { horizon: 16, ..SystemSettings::named(NAME).expect("a system") };
        let pendulum = Pendulum { highest_j: 10.0, ..Pendulum::new(&settings).expect("valid") };
        assert!(matches!(pendulum.generate(32, 0), Err(SystemError::EmptyBin { low, .. }) if low > 9.0));
    }
}
