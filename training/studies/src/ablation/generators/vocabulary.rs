//! States as tokens.

use planwright_training::dataset::Trajectories;

/// The values that tokens stand for, in rising order.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    values: Vec<f32>,
}

impl Vocabulary {
    /// The data's own values where they lie on a lattice of at most `most` values; the centres of `most` even bins
    /// over [-1, 1] otherwise. All columns share it.
    pub fn of(data: &Trajectories, most: usize) -> Self {
        let mut values: Vec<f32> = Vec::new();
        for value in &data.values {
            let place = values.partition_point(|known| known < value);
            if values.get(place) == Some(value) {
                continue;
            }
            if values.len() >= most || value.is_nan() {
                return Self::even(most);
            }
            values.insert(place, *value);
        }
        if values.is_empty() { Self::even(most) } else { Self { values } }
    }

    fn even(bins: usize) -> Self {
        let centre = |bin: usize| (2.0 * (bin as f64 + 0.5) / bins as f64 - 1.0) as f32;
        Self { values: (0..bins).map(centre).collect() }
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The token nearest to a value.
    pub fn token(&self, value: f32) -> usize {
        let above = self.values.partition_point(|known| *known < value);
        let distance = |place: usize| self.values.get(place).map_or(f32::INFINITY, |known| (known - value).abs());
        match above.checked_sub(1) {
            Some(below) if distance(below) <= distance(above) => below,
            _ => above.min(self.values.len().saturating_sub(1)),
        }
    }

    /// What a token stands for; a token that there is not gives NaN, which no sample passes with.
    pub fn value(&self, token: usize) -> f32 {
        self.values.get(token).copied().unwrap_or(f32::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(values: &[f32]) -> Trajectories {
        Trajectories { horizon: 1, columns: 1, values: values.to_vec() }
    }

    #[test]
    fn a_lattice_is_kept_exactly() {
        let vocabulary = Vocabulary::of(&data(&[0.3, -0.7, 0.3, 0.9]), 4);
        assert_eq!(vocabulary.values, [-0.7, 0.3, 0.9]);
        assert_eq!([-1.0, -0.7, -0.1, 0.3, 0.61, 5.0].map(|value| vocabulary.token(value)), [0, 0, 1, 1, 2, 2]);
        assert_eq!(vocabulary.value(2), 0.9);
        assert!(vocabulary.value(3).is_nan());
    }

    #[test]
    fn many_values_fall_into_even_bins() {
        let vocabulary = Vocabulary::of(&data(&[0.1, 0.2, 0.3, 0.4, 0.5]), 4);
        assert_eq!(vocabulary.values, [-0.75, -0.25, 0.25, 0.75]);
        assert_eq!([-1.0, -0.51, -0.49, 0.1, 1.0].map(|value| vocabulary.token(value)), [0, 0, 1, 2, 3]);
        assert_eq!((vocabulary.len(), vocabulary.is_empty()), (4, false));
    }
}
