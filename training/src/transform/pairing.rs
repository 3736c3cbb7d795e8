//! Which trajectory each code stands for, so that every neighbourhood of codes holds the intended mixture.

use super::coarse_posteriors::coarsened;
use super::objective::Objective;
use super::{CoarsePosteriors, SparseRows, TransformError};
use planwright::quantity::Marginal;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How a pairing is sought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairingPlan {
    /// Cross-bin swaps to propose.
    pub swaps: usize,
    /// Weight of the whole mixture beside the neighbourhoods' (0: eq. 25 alone). The whole mixture is what a fit shows
    /// in the end; neighbourhoods of few codes cannot follow a distribution over many bins, and swaps that repair them
    /// may leave the frequently used codes uneven.
    pub usage_weight: f64,
    /// The same seed gives the same pairing.
    pub seed: u64,
}

impl Default for PairingPlan {
    fn default() -> Self {
        Self { swaps: 200_000, usage_weight: 1.0, seed: 0 }
    }
}

/// A pairing and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairing {
    /// Support trajectory of every code.
    pub trajectories: Vec<u32>,
    /// Figures.
    pub report: PairingReport,
}

/// Figures of a pairing.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PairingReport {
    /// Seed.
    pub seed: u64,
    /// Value of the random start.
    pub objective_before: f64,
    /// Value reached.
    pub objective_after: f64,
    /// Total variation between the intended distribution and what all codes yield together by their usage, at the start.
    pub tv_before: f64,
    /// The same, at the end.
    pub tv_after: f64,
    /// Swaps proposed.
    pub swaps_tried: usize,
    /// Swaps that lowered the objective.
    pub swaps_accepted: usize,
    /// Codes per quantity bin; swaps do not change them.
    pub codes_per_bin: Vec<usize>,
}

impl PairingPlan {
    /// A seeded random start that keeps the data's counts per bin, then swaps between bins that lower the objective.
    ///
    /// `matrix` is W (rows: sources, columns: codes); `posteriors` holds a row per support trajectory; `intended` may
    /// have finer cells. Codes count in the whole mixture by `usage` (a share per code), or by W's own column means.
    ///
    /// # Errors
    /// If there is no code, or a usage does not fit the codes.
    pub fn pair(
        &self,
        matrix: &SparseRows,
        posteriors: &CoarsePosteriors,
        intended: &Marginal,
        usage: Option<&[f64]>,
    ) -> Result<Pairing, TransformError> {
        let codes = matrix.columns();
        if codes == 0 || matrix.rows() == 0 {
            return Err(TransformError::TooFew { what: "codes to pair", least: 1, got: 0 });
        }
        if !(self.usage_weight >= 0.0 && self.usage_weight.is_finite()) {
            let (expected, got) = ("a finite weight of at least 0".to_owned(), format!("{}", self.usage_weight));
            return Err(TransformError::Setting { what: "weight of the whole mixture", expected, got });
        }
        let own = matrix.usage();
        let usage = usage.unwrap_or(&own);
        check_usage(usage, codes)?;
        let bins = posteriors.bins();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let start = initial(&bins, posteriors.grid().cells(), codes, &mut rng);
        let intended = coarsened(intended, posteriors.grid())?;
        let drift = |pairing: &[u32]| -> Result<f64, TransformError> {
            Ok(mixture(posteriors, pairing, usage)?.total_variation(&intended)?)
        };
        let mut report = PairingReport {
            seed: self.seed,
            objective_before: 0.0,
            objective_after: 0.0,
            tv_before: drift(&start)?,
            tv_after: 0.0,
            swaps_tried: 0,
            swaps_accepted: 0,
            codes_per_bin: counts(&start, &bins, posteriors.grid().cells()),
        };
        let mut objective = Objective::new(matrix, posteriors, intended.mass(), usage, self.usage_weight, start);
        report.objective_before = objective.value();
        let bin_of = |objective: &Objective<'_>, code: usize| {
            objective.pairing().get(code).and_then(|trajectory| bins.get(*trajectory as usize)).copied()
        };
        // With all codes in one bin there is nothing to exchange.
        let several = report.codes_per_bin.iter().filter(|count| **count > 0).count() > 1;
        while several && report.swaps_tried < self.swaps {
            let (left, right) = (rng.random_range(0..codes), rng.random_range(0..codes));
            if bin_of(&objective, left) == bin_of(&objective, right) {
                continue;
            }
            report.swaps_tried += 1;
            report.swaps_accepted += usize::from(objective.improve(left, right));
        }
        report.objective_after = objective.value();
        report.tv_after = drift(objective.pairing())?;
        Ok(Pairing { trajectories: objective.pairing().to_vec(), report })
    }
}

/// What codes used by `usage` yield together.
fn mixture(posteriors: &CoarsePosteriors, pairing: &[u32], usage: &[f64]) -> Result<Marginal, TransformError> {
    let mut weights = vec![0.0; posteriors.len()];
    for (trajectory, share) in pairing.iter().zip(usage) {
        if let Some(weight) = weights.get_mut(*trajectory as usize) {
            *weight += share;
        }
    }
    posteriors.marginal(&weights)
}

fn check_usage(usage: &[f64], codes: usize) -> Result<(), TransformError> {
    if usage.len() != codes {
        return Err(TransformError::Count { what: "usage", of: "codes", count: codes, got: usage.len() });
    }
    let sum: f64 = usage.iter().sum();
    if usage.iter().all(|share| *share >= 0.0) && (sum - 1.0).abs() < 1e-3 {
        return Ok(());
    }
    let expected = "shares of at least 0 that sum to 1".to_owned();
    Err(TransformError::Setting { what: "usage of codes", expected, got: format!("a sum of {sum}") })
}

/// Codes per bin in the proportions of the data (largest remainders), each bin's trajectories in random order and, when
/// there are more codes than trajectories, again from the first; then dealt to the codes at random.
fn initial(bins: &[usize], bin_count: usize, codes: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); bin_count];
    for (trajectory, bin) in (0..).zip(bins) {
        if let Some(members) = members.get_mut(*bin) {
            members.push(trajectory);
        }
    }
    let share = |members: &Vec<u32>| codes * members.len() / bins.len();
    let rest = |members: &Vec<u32>| codes * members.len() % bins.len();
    let missing = codes - members.iter().map(share).sum::<usize>();
    let mut order: Vec<usize> = (0..bin_count).collect();
    order.sort_by_key(|bin| std::cmp::Reverse(members.get(*bin).map(rest)));
    let raised: Vec<usize> = order.into_iter().take(missing).collect();
    let mut chosen = Vec::with_capacity(codes);
    for (bin, members) in members.iter_mut().enumerate() {
        members.shuffle(rng);
        let count = share(members) + usize::from(raised.contains(&bin));
        chosen.extend(members.iter().cycle().take(count));
    }
    chosen.shuffle(rng);
    chosen
}

fn counts(pairing: &[u32], bins: &[usize], bin_count: usize) -> Vec<usize> {
    let mut counts = vec![0; bin_count];
    for bin in pairing.iter().filter_map(|trajectory| bins.get(*trajectory as usize)) {
        if let Some(count) = counts.get_mut(*bin) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::{CodeKernel, CodeSpace, Codes};
    use super::*;
    use crate::transform::Recovered;
    use planwright::quantity::QuantityGrid;

    fn values(count: usize) -> CoarsePosteriors {
        let grid = QuantityGrid::new(0.0, 1.0, 10).expect("a range");
        // More of the small values than of the great.
        let values = (0..count).map(|row| ((row as f64 + 0.5) / count as f64).powi(2)).collect();
        CoarsePosteriors::new(&Recovered::Values(values), grid).expect("values")
    }

    fn matrix() -> SparseRows {
        let space = CodeSpace::new(Codes::latin_hypercube(300, 16, 1).expect("a size"), 5).expect("enough codes");
        CodeKernel { draws: 8, ..CodeKernel::new(0.1, 1) }.transition(&space, 1).expect("settings")
    }

    fn intended(posteriors: &CoarsePosteriors) -> Marginal {
        posteriors.marginal(&vec![1.0; posteriors.len()]).expect("weights")
    }

    fn plan(usage_weight: f64) -> PairingPlan {
        PairingPlan { swaps: 5000, usage_weight, seed: 7 }
    }

    #[test]
    fn counts_per_bin_are_kept_and_the_objective_falls() {
        let (matrix, posteriors) = (matrix(), values(300));
        for weight in [0.0, 1.0] {
            let found = plan(weight).pair(&matrix, &posteriors, &intended(&posteriors), None).expect("a pairing");
            let mut all = found.trajectories.clone();
            all.sort_unstable();
            assert_eq!(all, (0..300).collect::<Vec<u32>>(), "as many trajectories as codes: a permutation");
            let data = counts(&(0..300).collect::<Vec<u32>>(), &posteriors.bins(), 10);
            assert_eq!((&found.report.codes_per_bin, found.report.swaps_tried), (&data, 5000));
            assert_eq!(counts(&found.trajectories, &posteriors.bins(), 10), data);
            assert!(found.report.swaps_accepted > 100, "{:?}", found.report);
            assert!(found.report.objective_after < found.report.objective_before, "{:?}", found.report);
            assert!(found.report.tv_after < found.report.tv_before, "{:?}", found.report);
        }
    }

    #[test]
    fn other_numbers_of_trajectories_keep_the_proportions() {
        let (matrix, intended) = (matrix(), intended(&values(300)));
        for count in [37, 900] {
            let posteriors = values(count);
            let found = plan(0.0).pair(&matrix, &posteriors, &intended, None).expect("a pairing");
            let data = counts(&(0..count as u32).collect::<Vec<_>>(), &posteriors.bins(), 10);
            for (codes, data) in found.report.codes_per_bin.iter().zip(data) {
                let share = data as f64 * 300.0 / count as f64;
                assert!((*codes as f64 - share).abs() < 1.0, "{codes} {share}");
            }
            assert_eq!(found.trajectories.len(), 300);
        }
    }

    #[test]
    fn a_seed_names_the_pairing() {
        let (matrix, posteriors) = (matrix(), values(300));
        let found = plan(1.0).pair(&matrix, &posteriors, &intended(&posteriors), None);
        assert_eq!(found, plan(1.0).pair(&matrix, &posteriors, &intended(&posteriors), None));
        let other = PairingPlan { seed: 8, ..plan(1.0) }.pair(&matrix, &posteriors, &intended(&posteriors), None);
        assert_ne!(found, other);
    }

    #[test]
    fn one_bin_ends_at_once_and_wrong_usage_is_refused() {
        let grid = QuantityGrid::new(0.0, 1.0, 10).expect("a range");
        let same = CoarsePosteriors::new(&Recovered::Values(vec![0.5; 300]), grid).expect("values");
        let found = plan(0.0).pair(&matrix(), &same, &intended(&values(300)), None).expect("a pairing");
        assert_eq!(found.report.swaps_tried, 0);
        for (usage, expected) in [
            (vec![1.0; 3], "expected one usage for each of 300 codes, got 3"),
            (vec![1.0; 300], "usage of codes: expected shares of at least 0 that sum to 1, got a sum of 300"),
            (vec![f64::NAN; 300], "usage of codes: expected shares of at least 0 that sum to 1, got a sum of NaN"),
        ] {
            let refused = plan(0.0).pair(&matrix(), &same, &intended(&same), Some(&usage)).expect_err("refused");
            assert_eq!(refused.to_string(), expected);
        }
        let bad = PairingPlan { usage_weight: f64::NAN, ..plan(0.0) };
        let refused = bad.pair(&matrix(), &same, &intended(&same), None).expect_err("refused").to_string();
        assert!(refused.starts_with("weight of the whole mixture: expected a finite weight"), "{refused}");
    }
}
