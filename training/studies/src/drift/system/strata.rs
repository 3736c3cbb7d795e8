//! Values spread evenly over a range.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

/// One value from each of `count` equal parts of a range, in random order: as uniform as `count` values can be
/// without lying on a grid.
pub(super) fn stratified(range: [f64; 2], count: usize, rng: &mut impl Rng) -> Vec<f64> {
    let width = (range[1] - range[0]) / count as f64;
    let mut values: Vec<f64> =
        (0..count).map(|part| (range[0] + (part as f64 + rng.random::<f64>()) * width).min(range[1])).collect();
    values.shuffle(rng);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_part_has_one_value() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let values = stratified([2.0, 4.0], 50, &mut rng);
        let mut parts: Vec<usize> = values.iter().map(|value| ((value - 2.0) * 25.0) as usize).collect();
        assert!(parts.windows(2).any(|pair| pair[0] > pair[1]), "shuffled");
        parts.sort_unstable();
        assert_eq!(parts, (0..50).collect::<Vec<_>>());
        assert!(stratified([0.0, 1.0], 0, &mut rng).is_empty());
    }
}
