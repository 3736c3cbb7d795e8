//! How far the quantity mixtures around all codes are from the intended distribution, and what a swap would change.

use super::{CoarsePosteriors, SparseRows};

/// sum_i |m_i - p*|^2 with m_i = sum_j W_ij P(.|x_pi(j)) (eqs. 24-25), kept up to date under swaps, and optionally
/// one more term: N w |sum_j u_j P(.|x_pi(j)) - p*|^2, the distance of the whole mixture when codes are used by u.
pub(super) struct Objective<'a> {
    posteriors: &'a CoarsePosteriors,
    by_code: SparseRows,
    bins: usize,
    /// m_i - p*, N x B, and one more row for the whole mixture.
    misses: Vec<f64>,
    usage: &'a [f64],
    /// N w.
    usage_factor: f64,
    pairing: Vec<u32>,
    value: f64,
    changed: Vec<(u32, f64)>,
    step: Vec<(u32, f64)>,
}

impl<'a> Objective<'a> {
    pub(super) fn new(
        matrix: &SparseRows,
        posteriors: &'a CoarsePosteriors,
        intended: &[f64],
        usage: &'a [f64],
        usage_weight: f64,
        pairing: Vec<u32>,
    ) -> Self {
        let bins = posteriors.grid().cells();
        let mut misses = vec![0.0; (matrix.rows() + 1) * bins];
        let whole: Vec<(u32, f64)> = (0..).zip(usage.iter().copied()).collect();
        let rows = matrix.iter().map(|row| row.iter().map(|(code, weight)| (*code, f64::from(*weight))).collect());
        for (miss, row) in misses.chunks_exact_mut(bins).zip(rows.chain([whole])) {
            for (value, target) in miss.iter_mut().zip(intended) {
                *value = -target;
            }
            let row: Vec<(u32, f64)> = row;
            for (code, weight) in row {
                let paired = pairing.get(code as usize).copied();
                for (value, mass) in miss.iter_mut().zip(masses(posteriors, paired)) {
                    *value += weight * f64::from(*mass);
                }
            }
        }
        let usage_factor = usage_weight * matrix.rows() as f64;
        let by_code = matrix.transposed();
        let (changed, step) = (Vec::new(), Vec::new());
        let mut objective =
            Self { posteriors, by_code, bins, misses, usage, usage_factor, pairing, value: 0.0, changed, step };
        objective.value = objective.summed();
        objective
    }

    /// The value that the accepted swaps have led to.
    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// The pairing as it is.
    pub(super) fn pairing(&self) -> &[u32] {
        &self.pairing
    }

    fn summed(&self) -> f64 {
        let rows = self.by_code.columns();
        let squares = |miss: &[f64]| miss.iter().map(|value| value * value).sum::<f64>();
        let rows = self.misses.chunks_exact(self.bins).enumerate().map(|(row, miss)| (row == rows, squares(miss)));
        rows.map(|(whole, square)| if whole { self.usage_factor * square } else { square }).sum()
    }

    /// Exchanges what two codes are paired with if that lowers the value; says whether it did.
    pub(super) fn improve(&mut self, left: usize, right: usize) -> bool {
        let (Some(of_left), Some(of_right)) = (self.pairing.get(left).copied(), self.pairing.get(right).copied())
        else {
            return false;
        };
        self.prepare(left, right, of_left, of_right);
        let whole = self.usage_change(left, right);
        let length: f64 = self.step.iter().map(|(_, value)| value * value).sum();
        let mut change = 0.0;
        for (row, weight) in &self.changed {
            change += weight * (2.0 * self.along(*row as usize) + weight * length);
        }
        if self.usage_factor > 0.0 {
            let row = self.by_code.columns();
            change += self.usage_factor * whole * (2.0 * self.along(row) + whole * length);
        }
        // Below the rounding of the sum a swap gains nothing.
        if !(change < -1e-12 * self.value) {
            return false;
        }
        self.changed.push((self.by_code.columns() as u32, whole));
        for (row, weight) in &self.changed {
            let start = *row as usize * self.bins;
            if let Some(miss) = self.misses.get_mut(start..start + self.bins) {
                for (bin, value) in &self.step {
                    if let Some(miss) = miss.get_mut(*bin as usize) {
                        *miss += weight * value;
                    }
                }
            }
        }
        self.pairing.swap(left, right);
        self.value += change;
        true
    }

    /// Rows that a swap touches with W_i,left - W_i,right, and the difference of the two posteriors.
    fn prepare(&mut self, left: usize, right: usize, of_left: u32, of_right: u32) {
        self.step.clear();
        let pairs = masses(self.posteriors, Some(of_right)).iter().zip(masses(self.posteriors, Some(of_left)));
        let differences = pairs.map(|(right, left)| f64::from(*right) - f64::from(*left));
        self.step.extend((0..).zip(differences).filter(|(_, difference)| *difference != 0.0));
        self.changed.clear();
        let (mut lefts, mut rights) = (self.by_code.row(left), self.by_code.row(right));
        loop {
            match (lefts.split_first(), rights.split_first()) {
                (Some(((row, weight), rest)), other) if other.is_none_or(|((other, _), _)| row < other) => {
                    self.changed.push((*row, f64::from(*weight)));
                    lefts = rest;
                }
                (Some(((row, weight), rest)), Some(((other, minus), others))) if row == other => {
                    self.changed.push((*row, f64::from(*weight) - f64::from(*minus)));
                    (lefts, rights) = (rest, others);
                }
                (_, Some(((row, minus), rest))) => {
                    self.changed.push((*row, -f64::from(*minus)));
                    rights = rest;
                }
                _ => return,
            }
        }
    }

    fn usage_change(&self, left: usize, right: usize) -> f64 {
        let usage = |code: usize| self.usage.get(code).copied().unwrap_or_default();
        usage(left) - usage(right)
    }

    /// Inner product of a row's miss and the prepared step.
    fn along(&self, row: usize) -> f64 {
        let start = row * self.bins;
        let Some(miss) = self.misses.get(start..start + self.bins) else { return 0.0 };
        if self.step.len() == self.bins {
            return miss.iter().zip(&self.step).map(|(miss, (_, value))| miss * value).sum();
        }
        self.step.iter().filter_map(|(bin, value)| miss.get(*bin as usize).map(|miss| miss * value)).sum()
    }
}

fn masses(posteriors: &CoarsePosteriors, trajectory: Option<u32>) -> &[f32] {
    let bins = posteriors.grid().cells();
    let start = trajectory.map_or(usize::MAX - bins, |trajectory| trajectory as usize * bins);
    posteriors.rows().get(start..start + bins).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::Recovered;
    use planwright::quantity::QuantityGrid;

    fn matrix() -> SparseRows {
        let row = |code: u32| (0..5).map(|step| ((code * 7 + step * step * 3) % 40, f64::from(1 + step))).collect();
        SparseRows::stochastic(40, (0..40).map(row).collect()).expect("rows")
    }

    fn broad() -> CoarsePosteriors {
        let grid = QuantityGrid::new(0.0, 1.0, 8).expect("a range");
        let rows: Vec<f32> = (0..40)
            .flat_map(|row| {
                let raw: Vec<f32> = (0..8).map(|bin| ((row * 5 + bin * 3) % 11) as f32).collect();
                let sum: f32 = raw.iter().sum();
                raw.into_iter().map(move |mass| mass / sum)
            })
            .collect();
        CoarsePosteriors::new(&Recovered::Posterior { rows, grid }, grid).expect("masses")
    }

    fn one_hot() -> CoarsePosteriors {
        let grid = QuantityGrid::new(0.0, 1.0, 8).expect("a range");
        CoarsePosteriors::new(&Recovered::Values((0..40).map(|row| f64::from(row) / 40.0).collect()), grid)
            .expect("values")
    }

    #[test]
    fn a_hand_computed_value() {
        let grid = QuantityGrid::new(0.0, 2.0, 2).expect("a range");
        let posteriors = CoarsePosteriors::new(&Recovered::Values(vec![0.5, 1.5]), grid).expect("values");
        let matrix = SparseRows::stochastic(2, vec![vec![(0, 1.0)], vec![(0, 0.5), (1, 0.5)]]).expect("rows");
        // m_0 = (1, 0): 1/4 + 1/4; m_1 = (1/2, 1/2): 0; whole with usage (3/4, 1/4): 2 x 1/8 x N w = 1/4 for w = 1.
        let usage = matrix.usage();
        let plain = Objective::new(&matrix, &posteriors, &[0.5, 0.5], &usage, 0.0, vec![0, 1]);
        assert!((plain.value() - 0.5).abs() < 1e-12, "{}", plain.value());
        let whole = Objective::new(&matrix, &posteriors, &[0.5, 0.5], &usage, 1.0, vec![0, 1]);
        assert!((whole.value() - 0.75).abs() < 1e-12, "{}", whole.value());
    }

    #[test]
    fn it_never_rises_and_equals_the_recomputed_one() {
        let matrix = matrix();
        let usage = matrix.usage();
        let intended = [0.125; 8];
        for (posteriors, weight) in [(broad(), 0.0), (broad(), 2.0), (one_hot(), 0.0), (one_hot(), 2.0)] {
            let start: Vec<u32> = (0..40).map(|code| (code * 13) % 40).collect();
            let mut objective = Objective::new(&matrix, &posteriors, &intended, &usage, weight, start);
            let (first, mut accepted) = (objective.value(), 0);
            for swap in 0..2000 {
                let before = objective.value();
                accepted += usize::from(objective.improve(swap % 40, (swap + swap / 40 * 7) % 40));
                assert!(objective.value() <= before);
            }
            let again = Objective::new(&matrix, &posteriors, &intended, &usage, weight, objective.pairing().to_vec());
            assert!(accepted > 5, "{accepted}");
            assert!(objective.value() < first);
            assert!(
                (again.value() - objective.value()).abs() < 1e-9 * first,
                "{} {}",
                again.value(),
                objective.value()
            );
        }
    }

    #[test]
    fn a_code_swapped_with_itself_or_nobody_changes_nothing() {
        let (matrix, posteriors) = (matrix(), one_hot());
        let usage = matrix.usage();
        let mut objective = Objective::new(&matrix, &posteriors, &[0.125; 8], &usage, 1.0, (0..40).collect());
        assert!(!objective.improve(3, 3));
        assert!(!objective.improve(3, 99));
        assert_eq!(objective.pairing(), (0..40).collect::<Vec<u32>>());
    }
}
