//! Systems from their settings.

use super::family::FamilySystem;
use super::maps::{QuantisedMap, Rule};
use super::pendulum::Pendulum;
use super::sinusoid::Sinusoid;
use super::{SystemName, SystemSettings};
use planwright_training::transform::{MazeSegments, SegmentSettings, System, SystemError};

impl SystemSettings {
    /// The system.
    ///
    /// # Errors
    /// If the constants have no sense.
    pub fn build(&self) -> Result<Box<dyn System>, SystemError> {
        self.check()?;
        let map = |rule: Rule, bins: usize| QuantisedMap {
            rule,
            bins: self.state_bins.unwrap_or(bins),
            start: self.start.unwrap_or(0.4),
        };
        Ok(match self.name {
            SystemName::Sinusoid => Box::new(FamilySystem::new(Box::new(Sinusoid), self)?),
            SystemName::Tent => Box::new(FamilySystem::new(Box::new(map(Rule::Tent, 64)), self)?),
            SystemName::Logistic => Box::new(FamilySystem::new(Box::new(map(Rule::Logistic, 100)), self)?),
            SystemName::Pendulum => Box::new(Pendulum::new(self)?),
            SystemName::Maze2d => Box::new(MazeSegments::new(&self.segments())?),
        })
    }

    fn segments(&self) -> SegmentSettings {
        let usual = SegmentSettings::default();
        SegmentSettings {
            horizon: self.horizon,
            range: self.range,
            grid_range: self.grid_range.unwrap_or(self.range),
            grid_cells: self.grid_cells,
            bandwidth_share: self.bandwidth_share,
            quantity_bins: self.quantity_bins.unwrap_or(usual.quantity_bins),
            recording_steps: self.recording_steps.unwrap_or(usual.recording_steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_the_system_does_not_know_is_refused() {
        let settings = SystemSettings { range: [1.0, 2.5], ..SystemSettings::named("tent").expect("a system") };
        let Err(error) = settings.build() else { panic!("a slope of 2.5 leaves the unit interval") };
        assert_eq!(error.to_string(), "tent: expected parameter between 0 and 2, got 2.5");
    }

    #[test]
    fn every_power_of_two_is_a_horizon() {
        for horizon in [16, 32, 64, 256] {
            let system = SystemSettings { horizon, ..SystemSettings::named("logistic").expect("a system") }.build();
            let data = system.and_then(|system| system.generate(5, 1)).expect("data");
            assert_eq!((data.horizon, data.len()), (horizon, 5));
        }
    }
}
