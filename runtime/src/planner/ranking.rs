//! Choice among candidates: the one whose bin of the quantity lags most behind the intended distribution.

use crate::quantity::Marginal;

/// Counts the choices, and prefers the bins with the largest deficit. Over many plans the choices follow the intended
/// distribution as closely as the candidates allow; counts decay slowly, so that a change of the tasks is followed. No
/// allocation after construction.
#[derive(Clone, Debug)]
pub(super) struct Ranking {
    intended: Marginal,
    chosen: Vec<f64>,
    total: f64,
}

/// Decay of the counts with every choice: a memory of about a thousand plans.
const DECAY: f64 = 0.999;

impl Ranking {
    /// Without choices.
    pub(super) fn new(intended: Marginal) -> Self {
        let chosen = vec![0.0; intended.mass().len()];
        Self { intended, chosen, total: 0.0 }
    }

    /// Deficit of a quantity's bin, in plans; minus infinity outside the intended range.
    pub(super) fn deficit(&self, quantity: f64) -> f64 {
        match self.intended.grid().cell_of(quantity) {
            Some(cell) => (self.total + 1.0) * self.intended.mass()[cell] - self.chosen[cell],
            None => f64::NEG_INFINITY,
        }
    }

    /// Counts a choice.
    pub(super) fn count(&mut self, quantity: f64) {
        for count in &mut self.chosen {
            *count *= DECAY;
        }
        self.total = self.total * DECAY + 1.0;
        if let Some(cell) = self.intended.grid().cell_of(quantity) {
            self.chosen[cell] += 1.0;
        }
    }

    /// Forgets all choices.
    pub(super) fn reset(&mut self) {
        self.chosen.fill(0.0);
        self.total = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::QuantityGrid;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn skewed_candidates_are_chosen_evenly() {
        let grid = QuantityGrid::new(0.0, 1.0, 10).expect("a range");
        let intended = Marginal::uniform(grid, 0.0, 1.0).expect("mass");
        let mut ranking = Ranking::new(intended.clone());
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut values = Vec::new();
        for _ in 0..1000 {
            // Candidates crowd at the lower end.
            let candidates: Vec<f64> = (0..20).map(|_| rng.random::<f64>().powi(2)).collect();
            let best = candidates.iter().copied().max_by(|a, b| ranking.deficit(*a).total_cmp(&ranking.deficit(*b)));
            let best = best.expect("candidates");
            ranking.count(best);
            values.push(best);
        }
        let found = Marginal::from_values(grid, &values).expect("values");
        assert!(found.total_variation(&intended).expect("cells") < 0.03);
        assert_eq!(ranking.deficit(f64::NAN), f64::NEG_INFINITY);
        assert_eq!(ranking.deficit(1.1), f64::NEG_INFINITY);
    }
}
