//! Codes with the weights that any point of their space gives the nearest of them: what decodes a code.

use super::{Codes, Neighbours, SparseRows, TransformError};

/// Codes with the weights that any point of code space gives them (eq. 23). Knows no trajectory.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeSpace {
    /// The codes.
    pub codes: Codes,
    /// Neighbours that get a weight.
    pub k: usize,
    /// h^2 of the weights exp(-d^2 / (2 h^2)), squared normalised units.
    pub bandwidth_squared: f32,
}

impl CodeSpace {
    /// h^2 is the median over the codes of the squared distance to the k-th nearest code, a code being its own first.
    ///
    /// In many dimensions that is a soft rule: all k neighbours of a random query lie about equally far and weigh
    /// about the same, and a code itself gets 1 / (1 + (k-1) exp(-1/2)) of its own weight.
    ///
    /// # Errors
    /// If k is 0 or above the number of codes.
    pub fn new(codes: Codes, k: usize) -> Result<Self, TransformError> {
        let found = codes.nearest(codes.values(), k)?;
        let mut farthest: Vec<f32> =
            found.squared_distances.chunks_exact(k).filter_map(|row| row.last().copied()).collect();
        farthest.sort_by(f32::total_cmp);
        let median = farthest.get(farthest.len() / 2).copied().unwrap_or_default();
        // Zero for k = 1 and for codes that coincide: then the nearest takes it all.
        Ok(Self { codes, k, bandwidth_squared: median.max(f32::MIN_POSITIVE) })
    }

    /// Another bandwidth: `factor` times this h^2.
    ///
    /// # Errors
    /// If the factor is not above zero.
    pub fn with_bandwidth_times(self, factor: f32) -> Result<Self, TransformError> {
        if !(factor > 0.0 && factor.is_finite()) {
            let (expected, got) = ("a finite factor above 0".to_owned(), format!("{factor}"));
            return Err(TransformError::Setting { what: "decoder bandwidth", expected, got });
        }
        Ok(Self { bandwidth_squared: (self.bandwidth_squared * factor).max(f32::MIN_POSITIVE), ..self })
    }

    /// Neighbours of n queries (n x D values) and their weights (n x k), which sum to one per query.
    ///
    /// # Errors
    /// If a query is broken.
    pub fn weights(&self, queries: &[f32]) -> Result<(Neighbours, Vec<f64>), TransformError> {
        let found = self.codes.nearest(queries, self.k)?;
        let twice = 2.0 * f64::from(self.bandwidth_squared);
        let mut weights = Vec::with_capacity(found.codes.len());
        for row in found.squared_distances.chunks_exact(self.k) {
            // Relative to the nearest, so that far queries do not end in 0 / 0.
            let nearest = row.first().copied().unwrap_or_default();
            let raw = row.iter().map(|square| (-f64::from(square - nearest) / twice).exp());
            let sum: f64 = raw.clone().sum();
            weights.extend(raw.map(|weight| weight / sum));
        }
        Ok((found, weights))
    }

    /// Decoder weights of n queries as a matrix, n x N; its [`SparseRows::usage`] tells how evenly queries use codes.
    ///
    /// # Errors
    /// If a query is broken.
    pub fn weight_rows(&self, queries: &[f32]) -> Result<SparseRows, TransformError> {
        let (found, weights) = self.weights(queries)?;
        let rows = found.codes.chunks_exact(self.k).zip(weights.chunks_exact(self.k));
        let rows = rows.map(|(codes, weights)| codes.iter().copied().zip(weights.iter().copied()).collect());
        SparseRows::stochastic(self.codes.len(), rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(k: usize) -> CodeSpace {
        CodeSpace::new(Codes::from_values(vec![0.0, 1.0, 3.0, 7.0], 1).expect("codes"), k).expect("enough codes")
    }

    #[test]
    fn weights_of_a_hand_computed_case() {
        // Squared distances to the second nearest (own code first): 1, 1, 4, 16; the upper median is 4.
        let space = space(2);
        assert_eq!(space.bandwidth_squared, 4.0);
        let (found, weights) = space.weights(&[0.0]).expect("a query");
        assert_eq!(found.codes, [0, 1]);
        let second = (-1.0_f64 / 8.0).exp();
        assert!((weights[0] - 1.0 / (1.0 + second)).abs() < 1e-12, "{weights:?}");
        assert!((weights[0] + weights[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_neighbour_takes_it_all_and_far_queries_stay_finite() {
        let (found, weights) = space(1).weights(&[1.4, 2.6]).expect("queries");
        assert_eq!((found.codes, weights), (vec![1, 2], vec![1.0, 1.0]));
        let (_, weights) = space(3).with_bandwidth_times(1e-6).expect("a factor").weights(&[1e6]).expect("a query");
        assert!(weights.iter().all(|weight| weight.is_finite()), "{weights:?}");
    }

    #[test]
    fn codes_at_equal_lengths_are_used_evenly_even_by_shrunken_queries() {
        let queries = Codes::latin_hypercube(2000, 64, 2).expect("a size");
        let shrunken: Vec<f32> = queries.values().iter().map(|value| 0.5 * value).collect();
        let top_share = |codes: Codes, queries: &[f32]| {
            let rows = CodeSpace::new(codes, 8).and_then(|space| space.weight_rows(queries)).expect("queries");
            let mut usage = rows.usage();
            usage.sort_by(|a, b| b.total_cmp(a));
            usage[..10].iter().sum::<f64>()
        };
        let plain = Codes::latin_hypercube(1000, 64, 1).expect("a size");
        assert!(top_share(plain.clone(), &shrunken) > 0.2, "one code in a hundred takes a great part");
        for queries in [queries.values(), &shrunken] {
            let share = top_share(plain.clone().at_equal_lengths(), queries);
            assert!(share < 0.03, "{share}");
        }
    }
}
