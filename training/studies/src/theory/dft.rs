//! The discrete Fourier transform.

use std::f64::consts::PI;

/// Sums of values times exp(sign 2 pi i j k / count), not scaled: by halves as long as the count is even, then term by
/// term. The same with the other sign, over the count, is its inverse.
pub(super) fn dft(values: &mut [[f64; 2]], sign: f64) {
    let count = values.len();
    if count < 2 {
        return;
    }
    let turn = |steps: usize| (sign * 2.0 * PI * (steps % count) as f64 / count as f64).sin_cos();
    if !count.is_multiple_of(2) {
        let before = values.to_vec();
        for (frequency, value) in values.iter_mut().enumerate() {
            *value = before.iter().enumerate().fold([0.0, 0.0], |sum, (place, term)| {
                let turned = turned(*term, turn(frequency * place));
                [sum[0] + turned[0], sum[1] + turned[1]]
            });
        }
        return;
    }
    let mut even: Vec<[f64; 2]> = values.iter().step_by(2).copied().collect();
    let mut odd: Vec<[f64; 2]> = values.iter().skip(1).step_by(2).copied().collect();
    dft(&mut even, sign);
    dft(&mut odd, sign);
    let (low, high) = values.split_at_mut(count / 2);
    for (index, (((low, high), even), odd)) in low.iter_mut().zip(high).zip(&even).zip(&odd).enumerate() {
        let turned = turned(*odd, turn(index));
        *low = [even[0] + turned[0], even[1] + turned[1]];
        *high = [even[0] - turned[0], even[1] - turned[1]];
    }
}

fn turned([re, im]: [f64; 2], (sin, cos): (f64, f64)) -> [f64; 2] {
    [re * cos - im * sin, re * sin + im * cos]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_transform_is_a_transform_for_any_count() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for count in [1, 2, 7, 12, 16] {
            let before: Vec<[f64; 2]> = (0..count).map(|_| [rng.random(), rng.random()]).collect();
            let mut values = before.clone();
            dft(&mut values, -1.0);
            for (frequency, value) in values.iter().enumerate() {
                let sum = before.iter().enumerate().fold([0.0, 0.0], |sum: [f64; 2], (index, value)| {
                    let (sin, cos) = (-2.0 * PI * (frequency * index) as f64 / count as f64).sin_cos();
                    [sum[0] + value[0] * cos - value[1] * sin, sum[1] + value[0] * sin + value[1] * cos]
                });
                assert!((value[0] - sum[0]).abs() < 1e-12 && (value[1] - sum[1]).abs() < 1e-12, "{count}");
            }
            dft(&mut values, 1.0);
            for (value, before) in values.iter().zip(&before) {
                let back = value.map(|part| part / count as f64);
                assert!((back[0] - before[0]).abs() < 1e-14 && (back[1] - before[1]).abs() < 1e-14, "{count}");
            }
        }
    }
}
