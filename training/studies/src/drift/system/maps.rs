//! Tent and logistic map (eqs. 13-14) on quantised states.

use super::family::Family;
use planwright_training::dataset::Limits;

/// Which map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// `mu min(x, 1 - x)`.
    Tent,
    /// `r x (1 - x)`.
    Logistic,
}

impl Rule {
    /// The next state, not quantised.
    pub(super) fn next(self, parameter: f64, state: f64) -> f64 {
        match self {
            Self::Tent => parameter * state.min(1.0 - state),
            Self::Logistic => parameter * state * (1.0 - state),
        }
    }
}

/// A map whose state is rounded to one of `bins` even levels from 0 to 1 at every step, inside the recurrence.
/// Data, references and everything else come from this one function, so that a value of the parameter always means the
/// same trajectory.
pub(super) struct QuantisedMap {
    pub(super) rule: Rule,
    pub(super) bins: usize,
    pub(super) start: f64,
}

impl QuantisedMap {
    fn quantised(&self, state: f64) -> f64 {
        let last = (self.bins - 1) as f64;
        (state * last).round().clamp(0.0, last) / last
    }
}

impl Family for QuantisedMap {
    fn name(&self) -> &'static str {
        match self.rule {
            Rule::Tent => "tent",
            Rule::Logistic => "logistic",
        }
    }

    fn quantity(&self) -> (&'static str, &'static str) {
        ("parameter", "1")
    }

    /// Beyond these the state leaves [0, 1].
    fn valid(&self) -> [f64; 2] {
        match self.rule {
            Rule::Tent => [0.0, 2.0],
            Rule::Logistic => [0.0, 4.0],
        }
    }

    fn limits(&self) -> Limits {
        Limits { low: vec![0.0], high: vec![1.0] }
    }

    fn state_bin(&self) -> Option<f32> {
        Some(2.0 / (self.bins - 1) as f32)
    }

    fn run(&self, value: f64, horizon: usize, out: &mut Vec<f32>) {
        let mut state = self.quantised(self.start);
        for _ in 0..horizon {
            out.push(state as f32);
            state = self.quantised(self.rule.next(value, state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(rule: Rule, bins: usize, start: f64, value: f64, horizon: usize) -> Vec<f32> {
        let mut out = Vec::new();
        QuantisedMap { rule, bins, start }.run(value, horizon, &mut out);
        out
    }

    #[test]
    fn five_levels_by_hand() {
        // Levels 0, .25, .5, .75, 1. From .3: .25 -> 1.5 x .25 = .375 -> .5 -> .75 -> 1.5 x .25 = .375 -> .5.
        assert_eq!(steps(Rule::Tent, 5, 0.3, 1.5, 5), [0.25, 0.5, 0.75, 0.5, 0.75]);
        // 3.5 x .25 x .75 = .656 -> .75 -> .656 -> .75.
        assert_eq!(steps(Rule::Logistic, 5, 0.3, 3.5, 3), [0.25, 0.75, 0.75]);
    }

    #[test]
    fn states_stay_on_the_levels() {
        for value in [0.5, 0.99, 1.3, 1.7, 2.0] {
            let states = steps(Rule::Tent, 64, 0.4, value, 200);
            assert_eq!(states.len(), 200);
            for state in states {
                let place = f64::from(state) * 63.0;
                assert!((place - place.round()).abs() < 1e-4 && (0.0..=63.001).contains(&place), "{value} {state}");
            }
        }
    }

    #[test]
    fn fine_bins_follow_the_map_itself() {
        let (mut state, mu) = (0.4, 1.2);
        let states = steps(Rule::Tent, 100_000_000, 0.4, mu, 20);
        assert_eq!(states.len(), 20);
        for got in states {
            assert!((f64::from(got) - state).abs() < 1e-5, "{got} {state}");
            state = Rule::Tent.next(mu, state);
        }
    }
}
