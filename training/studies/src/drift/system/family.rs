//! Systems with one trajectory per value of the quantity: what they share.

use super::SystemSettings;
use super::settings::{Draw, Summary};
use super::strata::stratified;
use planwright::quantity::{PosteriorRule, QuantityGrid, posterior_means, posterior_modes};
use planwright_training::dataset::{Limits, Trajectories};
use planwright_training::transform::{Recovered, System, SystemError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One scalar per step, determined by the quantity.
pub(super) trait Family: Send + Sync {
    fn name(&self) -> &'static str;

    /// Name and unit.
    fn quantity(&self) -> (&'static str, &'static str);

    /// The values for which there is a trajectory.
    fn valid(&self) -> [f64; 2];

    fn limits(&self) -> Limits;

    /// Width of a state bin in normalised coordinates.
    fn state_bin(&self) -> Option<f32> {
        None
    }

    /// Appends the trajectory of a value.
    fn run(&self, value: f64, horizon: usize, out: &mut Vec<f32>);
}

/// A family with its intended distribution and its recovery rule.
pub(super) struct FamilySystem {
    family: Box<dyn Family>,
    horizon: usize,
    range: [f64; 2],
    bandwidth: f64,
    draw: Draw,
    summary: Summary,
    rule: PosteriorRule,
}

impl FamilySystem {
    pub(super) fn new(family: Box<dyn Family>, settings: &SystemSettings) -> Result<Self, SystemError> {
        let (range, valid) = (settings.range, family.valid());
        let grid = settings.grid()?;
        for value in [range[0], range[1], grid.low(), grid.high()] {
            if !(value >= valid[0] && value <= valid[1]) {
                let (system, quantity) = (family.name(), family.quantity().0);
                return Err(SystemError::OutOfRange { system, quantity, low: valid[0], high: valid[1], got: value });
            }
        }
        let recovery = settings.recovery.clone().unwrap_or_default();
        let mut references = Vec::with_capacity(grid.cells() * settings.horizon);
        for centre in grid.centres() {
            family.run(centre, settings.horizon, &mut references);
        }
        let rule = PosteriorRule::new(grid, references, recovery.bandwidth, recovery.discrepancy)?;
        let bandwidth = settings.bandwidth();
        let (horizon, draw) = (settings.horizon, settings.draw);
        Ok(Self { family, horizon, range, bandwidth, draw, summary: recovery.summary, rule })
    }
}

impl System for FamilySystem {
    fn name(&self) -> &'static str {
        self.family.name()
    }

    fn quantity(&self) -> (&'static str, &'static str) {
        self.family.quantity()
    }

    fn horizon(&self) -> usize {
        self.horizon
    }

    fn columns(&self) -> usize {
        1
    }

    fn step_secs(&self) -> f64 {
        1.0
    }

    fn range(&self) -> [f64; 2] {
        self.range
    }

    fn grid(&self) -> QuantityGrid {
        self.rule.grid()
    }

    fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    fn limits(&self) -> Limits {
        self.family.limits()
    }

    fn generate(&self, count: usize, seed: u64) -> Result<Trajectories, SystemError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let values = match self.draw {
            Draw::Stratified => stratified(self.range, count, &mut rng),
            Draw::Independent => {
                let [low, high] = self.range;
                (0..count).map(|_| low + (high - low) * rng.random::<f64>()).collect()
            }
        };
        self.trajectories_at(&values)
    }

    fn trajectories_at(&self, values: &[f64]) -> Result<Trajectories, SystemError> {
        let [low, high] = self.family.valid();
        let mut trajectories = Trajectories::empty(self.horizon, 1);
        trajectories.values.reserve(values.len() * self.horizon);
        for value in values {
            if !(*value >= low && *value <= high) {
                let (system, quantity) = (self.name(), self.quantity().0);
                return Err(SystemError::OutOfRange { system, quantity, low, high, got: *value });
            }
            self.family.run(*value, self.horizon, &mut trajectories.values);
        }
        Ok(trajectories)
    }

    fn recover(&self, trajectories: &Trajectories) -> Result<Recovered, SystemError> {
        trajectories.check(self.horizon, 1)?;
        let (rows, grid) = (self.rule.posteriors(&trajectories.values)?, self.grid());
        Ok(match self.summary {
            Summary::Posterior => Recovered::Posterior { rows, grid },
            Summary::Mode => Recovered::Values(posterior_modes(&rows, grid)),
            Summary::Mean => Recovered::Values(posterior_means(&rows, grid)),
        })
    }

    fn state_bin(&self) -> Option<f32> {
        self.family.state_bin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::quantity::Marginal;
    use planwright_training::dataset::TrajectoryError;

    fn system(name: &str) -> Box<dyn System> {
        SystemSettings::named(name).and_then(|settings| settings.build()).expect("defaults are valid")
    }

    #[test]
    fn data_have_the_intended_distribution_and_are_the_same_for_a_seed() {
        for name in ["sinusoid", "tent", "logistic"] {
            let system = system(name);
            let data = system.generate(2000, 7).expect("data");
            assert_eq!(data, system.generate(2000, 7).expect("data"));
            assert_ne!(data, system.generate(2000, 8).expect("data"));
            assert_eq!((data.len(), data.horizon, data.columns), (2000, 128, 1));
            let [low, high] = system.range();
            let prior = Marginal::uniform(system.grid(), low, high).expect("mass").smoothed(system.bandwidth());
            let found = system.recover(&data).and_then(|found| Ok(found.marginal(system.grid(), system.bandwidth())?));
            let distance = found.expect("finite data").total_variation(&prior).expect("one grid");
            assert!(distance <= 0.02, "{name}: {distance}");
        }
    }

    #[test]
    fn references_are_recovered_as_themselves() {
        let system = system("sinusoid");
        let centres = system.grid().centres();
        let data = system.trajectories_at(&centres).expect("inside the range");
        assert_eq!(system.recover(&data).expect("finite").values(), centres);
    }

    #[test]
    fn values_without_a_trajectory_and_foreign_trajectories_are_refused() {
        let system = system("tent");
        for bad in [2.1, -0.1, f64::NAN] {
            assert!(matches!(system.trajectories_at(&[1.0, bad]), Err(SystemError::OutOfRange { .. })));
        }
        let mut data = system.generate(3, 0).expect("data");
        data.values[200] = f32::NAN;
        assert!(matches!(
            system.recover(&data),
            Err(SystemError::Trajectories(TrajectoryError::NotFinite { trajectory: 1, step: 72 }))
        ));
        let short = Trajectories { horizon: 64, columns: 1, values: vec![0.5; 64] };
        assert!(matches!(system.recover(&short), Err(SystemError::Trajectories(TrajectoryError::Shape { .. }))));
    }

    #[test]
    fn a_summary_gives_one_value_per_trajectory() {
        for (summary, slack) in [(Summary::Mode, 0.05), (Summary::Mean, 0.3)] {
            let mut settings = SystemSettings::named("sinusoid").expect("a system");
            settings.recovery = Some(crate::drift::system::RecoverySettings { summary, ..Default::default() });
            let system = settings.build().expect("valid");
            let data = system.trajectories_at(&[20.0, 40.0, 60.0]).expect("inside");
            let Ok(Recovered::Values(values)) = system.recover(&data) else { panic!("values") };
            for (value, period) in values.iter().zip([20.0, 40.0, 60.0]) {
                assert!((value - period).abs() < slack * period, "{summary:?} {values:?}");
            }
        }
    }
}
