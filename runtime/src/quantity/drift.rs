//! Drift monitor: settings, inputs and state.

use super::grid::QuantityGrid;
use super::intended::Intended;
use super::sampling::SamplingInterval;
use crate::figures::Figure;
use serde::Serialize;

/// What plans are held against, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftSettings {
    intended: Intended,
    window: usize,
    threshold: f64,
}

/// Why drift cannot be watched like this.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DriftError {
    /// A window that is too small to say anything, or too large to keep.
    #[error("expected a window of {min} to {max} plans, got {window}", min = DriftSettings::MIN_WINDOW, max = DriftSettings::MAX_WINDOW)]
    Window {
        /// The window.
        window: usize,
    },
    /// A threshold that cannot be crossed, or always is.
    #[error("expected a threshold above 0 and at most 1, got {}", Figure(*.threshold))]
    Threshold {
        /// The threshold.
        threshold: f64,
    },
}

impl DriftSettings {
    /// Fewest plans of a window.
    pub const MIN_WINDOW: usize = 10;
    /// Most plans of a window.
    pub const MAX_WINDOW: usize = 100_000;
    /// Plans of a window by default.
    pub const DEFAULT_WINDOW: usize = 500;
    /// Total variation above which it is drift, by default.
    pub const DEFAULT_THRESHOLD: f64 = 0.2;
    /// Fewest plans after which anything is called drift.
    pub const MIN_PLANS: usize = 20;

    /// The newest `window` plans are held against `intended`, and a total variation above `threshold` is drift.
    ///
    /// # Errors
    /// If window or threshold make no sense.
    pub fn new(intended: Intended, window: usize, threshold: f64) -> Result<Self, DriftError> {
        if !(Self::MIN_WINDOW..=Self::MAX_WINDOW).contains(&window) {
            return Err(DriftError::Window { window });
        }
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(DriftError::Threshold { threshold });
        }
        Ok(Self { intended, window, threshold })
    }

    /// With the usual window and threshold.
    pub fn of(intended: Intended) -> Self {
        Self { intended, window: Self::DEFAULT_WINDOW, threshold: Self::DEFAULT_THRESHOLD }
    }

    /// The intended distribution.
    pub fn intended(&self) -> &Intended {
        &self.intended
    }

    /// Plans of the window.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Total variation that is called drift.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Plans before a state is reported: one per bin, and no fewer than [`Self::MIN_PLANS`], if the window holds them.
    pub fn needed(&self) -> usize {
        self.intended.grid().cells().max(Self::MIN_PLANS).min(self.window)
    }
}

/// How plans stand to the intended distribution. The names are stable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftState {
    /// Too few plans to say.
    #[default]
    Collecting,
    /// Not above the threshold, or not further than chance explains.
    Within,
    /// Above the threshold, and further than chance explains.
    Drifting,
}

impl DriftState {
    /// `collecting`, `within` or `drifting`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collecting => "collecting",
            Self::Within => "within",
            Self::Drifting => "drifting",
        }
    }
}

/// The figures of the window; copying them allocates nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DriftFigures {
    /// How plans stand.
    pub state: DriftState,
    /// Plans in the window.
    pub plans: usize,
    /// Plans that the window holds.
    pub window: usize,
    /// Plans seen since the start, those that were not finite included.
    pub plans_seen: u64,
    /// Share of the mass that is elsewhere than intended, 0 to 1. `None` before the first plan.
    pub total_variation: Option<f64>,
    /// Where it lies by chance in 95 of 100 cases, for so many independent plans that do as intended.
    pub interval: SamplingInterval,
    /// Above this total variation it is drift, if it is above the interval too.
    pub threshold: f64,
    /// Plans of the window outside the intended range. Their mass counts as elsewhere.
    pub outside: usize,
    /// Of these, below the range.
    pub below: usize,
    /// Of these, above the range.
    pub above: usize,
    /// Plans since the start whose quantity was no finite number. They are in no window.
    pub not_finite: u64,
    /// How often it has begun to drift.
    pub crossings: u64,
}

/// Everything that the monitor has to say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftStatus {
    /// The figures.
    #[serde(flatten)]
    pub figures: DriftFigures,
    /// The bins.
    pub grid: QuantityGrid,
    /// Intended mass per bin.
    pub intended: Vec<f64>,
    /// Signed drift per bin: the window's mass less the intended. Empty before the first plan.
    pub drift: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_sense_are_refused() {
        let even = || Intended::uniform(2.0, 6.0, 16).expect("a range");
        for window in [0, 9, 100_001, usize::MAX] {
            assert_eq!(DriftSettings::new(even(), window, 0.2), Err(DriftError::Window { window }));
        }
        for threshold in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(DriftSettings::new(even(), 500, threshold), Err(DriftError::Threshold { .. })));
        }
        assert_eq!(DriftSettings::new(even(), 500, 0.2), Ok(DriftSettings::of(even())));
        assert_eq!(DriftSettings::of(even()).needed(), 20);
        assert_eq!(DriftSettings::new(even(), 10, 1.0).map(|settings| settings.needed()), Ok(10));
    }

    #[test]
    fn names_are_those_of_the_json() {
        for state in [DriftState::Collecting, DriftState::Within, DriftState::Drifting] {
            assert_eq!(serde_json::to_value(state).expect("a word"), serde_json::json!(state.name()));
        }
    }
}
