//! The coordinates that a transform's network learns instead of trajectories.

use super::TransformError;
use super::error::check_rows;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// N codes of D = H x C coordinates, row by row, in [-1, 1]. They carry no label of any kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    dims: usize,
    values: Vec<f32>,
    squares: Vec<f32>,
}

impl Codes {
    /// A Latin hypercube: every coordinate is cut into `count` even strata of [-1, 1], and each stratum holds exactly
    /// one code, at an even random place inside it. The same seed gives the same codes.
    ///
    /// # Errors
    /// If there is no code or no coordinate.
    pub fn latin_hypercube(count: usize, dims: usize, seed: u64) -> Result<Self, TransformError> {
        let most = 1 << 24; // an f32 cannot tell more strata apart
        if !(1..=most).contains(&count) || dims == 0 {
            return Err(TransformError::Setting {
                what: "code support",
                expected: format!("1 to {most} codes of at least 1 coordinate"),
                got: format!("{count} codes of {dims}"),
            });
        }
        let columns: Vec<Vec<f32>> = (0..dims)
            .into_par_iter()
            .map(|dim| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(dim as u64);
                let mut strata: Vec<f64> = (0..count).map(|stratum| stratum as f64).collect();
                strata.shuffle(&mut rng);
                let place = |stratum: f64| (2.0 * (stratum + rng.random::<f64>()) / count as f64 - 1.0) as f32;
                strata.into_iter().map(place).collect()
            })
            .collect();
        let values = (0..count).flat_map(|code| columns.iter().filter_map(move |column| column.get(code).copied()));
        Self::from_values(values.collect(), dims)
    }

    /// Codes that were made before (an artefact's).
    ///
    /// # Errors
    /// If the rows are not whole, a value is not finite, or there is none.
    pub fn from_values(values: Vec<f32>, dims: usize) -> Result<Self, TransformError> {
        check_rows("codes", &values, dims)?;
        if values.is_empty() {
            return Err(TransformError::TooFew { what: "codes", least: 1, got: 0 });
        }
        let squares = values.chunks_exact(dims).map(|code| code.iter().map(|value| value * value).sum()).collect();
        Ok(Self { dims, values, squares })
    }

    /// The same directions at one common length, that of the shortest code, so that no coordinate leaves [-1, 1].
    ///
    /// In many dimensions short codes are the nearest neighbours of nearly everything, the more so when a generator's
    /// samples are drawn towards the middle, as those of a fit that ended early are. At equal lengths the order of the
    /// neighbours depends on a query's direction alone, and the codes are used far more evenly. A length differs from
    /// the mean by a few per cent, so that the strata move no more than that.
    #[must_use]
    pub fn at_equal_lengths(mut self) -> Self {
        let least = self.squares.iter().copied().filter(|square| *square > 0.0).fold(f32::INFINITY, f32::min);
        for (code, square) in self.values.chunks_exact_mut(self.dims).zip(&mut self.squares) {
            if *square > 0.0 {
                let factor = (least / *square).sqrt();
                code.iter_mut().for_each(|value| *value *= factor);
                *square = least;
            }
        }
        self
    }

    /// Number of codes, N.
    pub fn len(&self) -> usize {
        self.squares.len()
    }

    /// Never: there is always a code.
    pub fn is_empty(&self) -> bool {
        self.squares.is_empty()
    }

    /// Coordinates of a code, D.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// All coordinates, N x D.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// One code, if there is one with that number.
    pub fn get(&self, code: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.dims).nth(code)
    }

    /// Squared length of every code.
    pub(super) fn squares(&self) -> &[f32] {
        &self.squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coordinate_is_a_permutation_of_the_strata() {
        let codes = Codes::latin_hypercube(100, 7, 3).expect("a size");
        assert_eq!((codes.len(), codes.dims()), (100, 7));
        for dim in 0..7 {
            let mut strata: Vec<usize> =
                codes.values().chunks(7).map(|code| ((f64::from(code[dim]) + 1.0) * 50.0) as usize).collect();
            strata.sort_unstable();
            assert_eq!(strata, (0..100).collect::<Vec<_>>(), "coordinate {dim}");
        }
        assert_ne!(codes.get(0), codes.get(1));
        assert_eq!(codes.get(100), None);
    }

    #[test]
    fn equal_lengths_keep_directions_and_the_cube() {
        let plain = Codes::latin_hypercube(200, 32, 3).expect("a size");
        let equal = plain.clone().at_equal_lengths();
        let length = |code: &[f32]| code.iter().map(|value| value * value).sum::<f32>().sqrt();
        let wanted = plain.values().chunks(32).map(length).fold(f32::INFINITY, f32::min);
        for (before, after) in plain.values().chunks(32).zip(equal.values().chunks(32)) {
            assert!((length(after) - wanted).abs() < 1e-5);
            let product: f32 = before.iter().zip(after).map(|(a, b)| a * b).sum();
            assert!((product / (length(before) * wanted) - 1.0).abs() < 1e-5, "same direction");
            assert!(after.iter().all(|value| (-1.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn a_seed_names_the_codes_whatever_the_threads() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let alone = one.install(|| Codes::latin_hypercube(50, 9, 5));
        assert_eq!(alone, Codes::latin_hypercube(50, 9, 5));
        assert_ne!(alone, Codes::latin_hypercube(50, 9, 6));
    }

    #[test]
    fn no_codes_and_broken_codes_are_refused() {
        for (count, dims) in [(0, 4), (4, 0)] {
            let error = Codes::latin_hypercube(count, dims, 0).expect_err("no code").to_string();
            assert!(
                error.starts_with("code support: expected 1 to ")
                    && error.ends_with(&format!("got {count} codes of {dims}")),
                "{error}"
            );
        }
        assert!(matches!(Codes::from_values(vec![0.0; 5], 2), Err(TransformError::Shape { .. })));
        assert!(matches!(
            Codes::from_values(vec![0.0, 0.0, f32::NAN], 1),
            Err(TransformError::NotFinite { row: 2, .. })
        ));
        assert_eq!(Codes::from_values(Vec::new(), 2), Err(TransformError::TooFew { what: "codes", least: 1, got: 0 }));
    }
}
