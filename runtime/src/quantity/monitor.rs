//! Drift of published plans from the intended distribution, over a window.

use super::drift::{DriftFigures, DriftSettings, DriftState, DriftStatus};
use super::sampling::{Sampling, SamplingInterval};

/// Drift ends below this share of the bound at which it began, so that the state does not flicker.
const RELEASE: f64 = 0.9;

/// A sliding histogram of a quantity, held against its intended distribution. Adding a plan takes time in the
/// number of bins and allocates nothing; the memory is bounded by window and bins.
#[derive(Clone, Debug)]
pub struct DriftMonitor {
    settings: DriftSettings,
    sampling: Sampling,
    /// The bin of each plan of the window, the oldest at `next` once it is full. The two numbers behind the last
    /// bin mean below and above the range.
    ring: Vec<u16>,
    next: usize,
    plans: usize,
    /// Plans of the window per bin, below and above.
    counts: Vec<u32>,
    plans_seen: u64,
    not_finite: u64,
    crossings: u64,
    state: DriftState,
    total_variation: f64,
    interval: SamplingInterval,
    /// Plans that the interval is for.
    interval_plans: usize,
}

impl DriftMonitor {
    /// A monitor that has seen nothing.
    pub fn new(settings: DriftSettings) -> Self {
        let marginal = settings.intended().marginal();
        let sampling = Sampling::new(marginal, settings.window());
        Self {
            interval: sampling.interval(0),
            ring: vec![0; settings.window()],
            counts: vec![0; marginal.grid().cells() + 2],
            sampling,
            settings,
            next: 0,
            plans: 0,
            plans_seen: 0,
            not_finite: 0,
            crossings: 0,
            state: DriftState::Collecting,
            total_variation: 0.0,
            interval_plans: 0,
        }
    }

    /// The settings.
    pub fn settings(&self) -> &DriftSettings {
        &self.settings
    }

    /// Other settings from now on. What was seen stays, as far as the window holds it; for another intended
    /// distribution everything begins anew.
    pub fn configure(&mut self, settings: DriftSettings) {
        if self.settings == settings {
            return;
        }
        if self.settings.intended() != settings.intended() {
            *self = Self::new(settings);
            return;
        }
        if self.settings.window() == settings.window() {
            self.settings = settings;
        } else {
            let old = std::mem::replace(self, Self::new(settings));
            (self.plans_seen, self.not_finite, self.crossings) = (old.plans_seen, old.not_finite, old.crossings);
            self.state = old.state;
            let (newest, oldest) = old.ring.split_at(old.next.min(old.ring.len()));
            let kept = old.plans.min(self.ring.len());
            let in_order = oldest.iter().chain(newest).skip(old.ring.len() - kept);
            in_order.for_each(|slot| self.slide(*slot));
        }
        self.judge();
    }

    /// Forgets every plan and every count.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        (self.next, self.plans) = (0, 0);
        (self.plans_seen, self.not_finite, self.crossings) = (0, 0, 0);
        self.state = DriftState::Collecting;
        self.judge();
    }

    /// Adds a plan's quantity. A value that is no finite number is counted apart and enters no bin.
    pub fn push(&mut self, value: f64) -> DriftState {
        self.plans_seen += 1;
        if !value.is_finite() {
            self.not_finite += 1;
            return self.state;
        }
        let grid = self.settings.intended().grid();
        let slot = match grid.cell_of(value) {
            Some(cell) => cell,
            None if value < grid.low() => grid.cells(),
            None => grid.cells() + 1,
        };
        // Bins are few: see `Intended::MAX_BINS`.
        self.slide(slot as u16);
        self.judge();
        self.state
    }

    fn slide(&mut self, slot: u16) {
        let Some(place) = self.ring.get_mut(self.next) else { return };
        let oldest = std::mem::replace(place, slot);
        if self.plans == self.ring.len() {
            if let Some(count) = self.counts.get_mut(usize::from(oldest)) {
                *count -= 1;
            }
        } else {
            self.plans += 1;
        }
        if let Some(count) = self.counts.get_mut(usize::from(slot)) {
            *count += 1;
        }
        self.next = (self.next + 1) % self.ring.len();
    }

    fn judge(&mut self) {
        if self.interval_plans != self.plans {
            self.interval_plans = self.plans;
            self.interval = self.sampling.interval(self.plans);
        }
        let outside = f64::from(self.outside(0)) + f64::from(self.outside(1));
        let share = if self.plans == 0 { 0.0 } else { outside / self.plans as f64 };
        self.total_variation = 0.5 * (self.drift().map(f64::abs).sum::<f64>() + share);
        let bound = self.settings.threshold().max(self.interval.high);
        let was_drifting = self.state == DriftState::Drifting;
        self.state = if self.plans < self.settings.needed() {
            DriftState::Collecting
        } else if self.total_variation > bound || (was_drifting && self.total_variation > RELEASE * bound) {
            DriftState::Drifting
        } else {
            DriftState::Within
        };
        self.crossings += u64::from(self.state == DriftState::Drifting && !was_drifting);
    }

    /// Plans of the window below (0) and above (1) the range.
    fn outside(&self, side: usize) -> u32 {
        self.counts.get(self.settings.intended().grid().cells() + side).copied().unwrap_or(0)
    }

    /// Signed drift per bin: the window's mass less the intended.
    fn drift(&self) -> impl Iterator<Item = f64> + '_ {
        let plans = self.plans.max(1) as f64;
        let intended = self.settings.intended().marginal().mass();
        self.counts.iter().zip(intended).map(move |(count, mass)| f64::from(*count) / plans - mass)
    }

    /// How plans stand.
    pub fn state(&self) -> DriftState {
        self.state
    }

    /// A bin's centre with the window's mass and the intended mass in it; zeros behind the last bin.
    pub fn bar(&self, bin: usize) -> (f64, f64, f64) {
        let intended = self.settings.intended();
        let (Some(count), Some(mass)) = (self.counts.get(bin), intended.marginal().mass().get(bin)) else {
            return (0.0, 0.0, 0.0);
        };
        (intended.grid().centre(bin), f64::from(*count) / self.plans.max(1) as f64, *mass)
    }

    /// The figures.
    pub fn figures(&self) -> DriftFigures {
        let (below, above) = (self.outside(0) as usize, self.outside(1) as usize);
        DriftFigures {
            state: self.state,
            plans: self.plans,
            window: self.ring.len(),
            plans_seen: self.plans_seen,
            total_variation: (self.plans > 0).then_some(self.total_variation),
            interval: self.interval,
            threshold: self.settings.threshold(),
            outside: below + above,
            below,
            above,
            not_finite: self.not_finite,
            crossings: self.crossings,
        }
    }

    /// Figures and bins. Allocates.
    pub fn status(&self) -> DriftStatus {
        let intended = self.settings.intended();
        DriftStatus {
            figures: self.figures(),
            grid: intended.grid(),
            intended: intended.marginal().mass().to_vec(),
            drift: if self.plans == 0 { Vec::new() } else { self.drift().collect() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::intended::Intended;
    use super::super::marginal::Marginal;
    use super::*;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn settings(bins: usize, window: usize, threshold: f64) -> DriftSettings {
        let even = Intended::uniform(2.0, 6.0, bins).expect("a range");
        DriftSettings::new(even, window, threshold).expect("settings")
    }

    fn feed(monitor: &mut DriftMonitor, values: impl IntoIterator<Item = f64>) {
        for value in values {
            monitor.push(value);
        }
    }

    /// The window counted anew: total variation over the bins and one bin more for everything outside.
    fn recounted(settings: &DriftSettings, values: &[f64]) -> (usize, f64, usize) {
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let window = &finite[finite.len().saturating_sub(settings.window())..];
        let grid = settings.intended().grid();
        let mut distance = 0.0;
        let mut inside = 0;
        for (cell, mass) in settings.intended().marginal().mass().iter().enumerate() {
            let (low, high) = (grid.centre(cell) - 0.5 * grid.width(), grid.centre(cell) + 0.5 * grid.width());
            let last = cell + 1 == grid.cells();
            let count =
                window.iter().filter(|value| **value >= low && (**value < high || (last && **value == high))).count();
            inside += count;
            distance += (count as f64 / window.len() as f64 - mass).abs();
        }
        let outside = window.len() - inside;
        (window.len(), 0.5 * (distance + outside as f64 / window.len() as f64), outside)
    }

    fn value() -> impl Strategy<Value = f64> {
        // On halves of bins, so that the ends of bins are hit too.
        let place = (0_i32..40).prop_map(|step| 1.0 + 0.15625 * f64::from(step));
        prop_oneof![
            16 => place,
            2 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
            1 => Just(2.0),
            1 => Just(6.0),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn the_window_is_what_a_recount_finds(
            values in prop::collection::vec(value(), 1..200),
            window in 10_usize..60,
            resized in 10_usize..60,
        ) {
            let first = settings(16, window, 0.2);
            let mut monitor = DriftMonitor::new(first.clone());
            for (index, value) in values.iter().enumerate() {
                monitor.push(*value);
                let figures = monitor.figures();
                let (plans, total_variation, outside) = recounted(&first, &values[..=index]);
                prop_assert_eq!((figures.plans, figures.outside), (plans, outside));
                prop_assert_eq!(figures.plans_seen, index as u64 + 1);
                let unseen = values[..=index].iter().filter(|value| !value.is_finite()).count();
                prop_assert_eq!(figures.not_finite, unseen as u64);
                match figures.total_variation {
                    Some(got) => prop_assert!((got - total_variation).abs() < 1e-12, "{} {}", got, total_variation),
                    None => prop_assert_eq!(plans, 0),
                }
                let sum: f64 = monitor.status().drift.iter().sum();
                prop_assert!(plans == 0 || (sum + outside as f64 / plans as f64).abs() < 1e-12);
            }
            // A smaller window keeps the newest; a larger one what there was.
            let second = settings(16, resized, 0.2);
            monitor.configure(second.clone());
            let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            let held = &finite[finite.len().saturating_sub(window)..];
            let (plans, total_variation, _) = recounted(&second, held);
            prop_assert_eq!(monitor.figures().plans, plans);
            let same = monitor.figures().total_variation.is_none_or(|got| (got - total_variation).abs() < 1e-12);
            prop_assert!(same);
        }
    }

    #[test]
    fn the_total_variation_is_that_of_the_marginals() {
        let settings = settings(8, 1000, 0.2);
        let mut monitor = DriftMonitor::new(settings.clone());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let values: Vec<f64> = (0..700).map(|_| 2.0 + 4.0 * rng.random::<f64>().powi(2)).collect();
        feed(&mut monitor, values.iter().copied());
        let intended = settings.intended().marginal();
        let counted = Marginal::from_values(intended.grid(), &values).expect("values");
        let offline = counted.total_variation(intended).expect("the same cells");
        let status = monitor.status();
        assert!(status.figures.total_variation.is_some_and(|got| (got - offline).abs() < 1e-12));
        let drift = counted.drift_from(intended).expect("the same cells");
        assert!(drift.iter().zip(&status.drift).all(|(one, other)| (one - other).abs() < 1e-12));
    }

    #[test]
    fn plans_as_intended_stay_within_and_others_drift() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut monitor = DriftMonitor::new(settings(16, 200, 0.25));
        for plan in 1..=1000 {
            let state = monitor.push(2.0 + 4.0 * rng.random::<f64>());
            assert_eq!(state, if plan < 20 { DriftState::Collecting } else { DriftState::Within }, "{plan}");
        }
        let found = (1..=200).find(|_| monitor.push(2.0 + 2.0 * rng.random::<f64>()) == DriftState::Drifting);
        assert!(found.is_some_and(|plans| (50..150).contains(&plans)), "{found:?}");
        assert_eq!(monitor.figures().crossings, 1);
        let healed = (1..=400).find(|_| monitor.push(2.0 + 4.0 * rng.random::<f64>()) == DriftState::Within);
        assert!(healed.is_some(), "{:?}", monitor.figures());
    }

    #[test]
    fn few_plans_above_the_threshold_are_not_yet_drift() {
        // By chance alone, 20 plans over 16 bins are .35 off: far above the threshold, and no drift.
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut monitor = DriftMonitor::new(settings(16, 500, 0.05));
        let (mut above, mut drifting) = (0, 0);
        for _ in 0..500 {
            monitor.clear();
            feed(&mut monitor, (0..20).map(|_| 2.0 + 4.0 * rng.random::<f64>()));
            let figures = monitor.figures();
            above += usize::from(figures.total_variation.is_some_and(|got| got > figures.threshold));
            drifting += usize::from(figures.state == DriftState::Drifting);
        }
        // 2.5 of 100 lie above the interval.
        assert!(above == 500 && drifting < 25, "{above} {drifting}");
    }

    #[test]
    fn between_release_and_threshold_the_state_stays_as_it_was() {
        // Two bins of which the first holds k of 100: the total variation is |k/100 - 1/2|.
        // Drift begins above .305 and ends at .2745.
        let mut monitor = DriftMonitor::new(settings(2, 100, 0.305));
        let hold = |monitor: &mut DriftMonitor, first: usize| {
            feed(monitor, (0..100).map(|plan| if plan < first { 3.0 } else { 5.0 }));
            monitor.state()
        };
        for first in [50, 79, 80, 78, 80] {
            assert_eq!(hold(&mut monitor, first), DriftState::Within, "{first}");
        }
        assert_eq!(hold(&mut monitor, 81), DriftState::Drifting);
        for first in [79, 80, 78, 80, 79] {
            assert_eq!(hold(&mut monitor, first), DriftState::Drifting, "{first}");
        }
        for first in [77, 78, 80] {
            assert_eq!(hold(&mut monitor, first), DriftState::Within, "{first}");
        }
    }

    #[test]
    fn what_is_outside_is_elsewhere_and_nan_is_nowhere() {
        let mut monitor = DriftMonitor::new(settings(4, 100, 0.2));
        feed(&mut monitor, [2.5, 3.5, 4.5, 5.5].repeat(25));
        assert_eq!(monitor.figures().total_variation, Some(0.0));
        feed(&mut monitor, [f64::NAN; 10]);
        let figures = monitor.figures();
        assert_eq!((figures.plans, figures.not_finite, figures.plans_seen), (100, 10, 110));
        assert_eq!(figures.total_variation, Some(0.0));
        feed(&mut monitor, [1.0; 20]);
        feed(&mut monitor, [7.0; 20]);
        let figures = monitor.figures();
        assert_eq!((figures.below, figures.above, figures.outside), (20, 20, 40));
        assert!(figures.total_variation.is_some_and(|got| (got - 0.4).abs() < 1e-12), "{figures:?}");
        monitor.clear();
        let figures = monitor.figures();
        assert_eq!((figures.plans, figures.plans_seen, figures.not_finite, figures.outside), (0, 0, 0, 0));
        assert_eq!((figures.total_variation, figures.state), (None, DriftState::Collecting));
    }

    #[test]
    fn another_threshold_keeps_the_window_and_another_distribution_does_not() {
        let mut monitor = DriftMonitor::new(settings(4, 100, 0.9));
        feed(&mut monitor, [2.5; 100]);
        assert_eq!(monitor.state(), DriftState::Within);
        monitor.configure(settings(4, 100, 0.5));
        assert_eq!((monitor.state(), monitor.figures().plans), (DriftState::Drifting, 100));
        monitor.configure(settings(8, 100, 0.5));
        assert_eq!((monitor.state(), monitor.figures().plans_seen), (DriftState::Collecting, 0));
    }
}
