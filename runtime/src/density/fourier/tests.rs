use super::*;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn density(activations: &[f32]) -> FourierDensity {
    let mut density = FourierDensity::new(activations.len() / 2 - 1).expect("frequencies");
    density.set(activations).expect("activations");
    density
}

fn random(frequencies: usize, seed: u64) -> FourierDensity {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    density(&(0..2 * frequencies + 2).map(|_| rng.random::<f32>() - 0.5).collect::<Vec<f32>>())
}

/// |A(z)|^2 / (2 c_0), straight from the outputs.
fn squared_modulus(activations: &[f32], z: f64) -> f64 {
    let (real, imaginary) = activations.split_at(activations.len() / 2);
    let (mut re, mut im, mut power) = (0.0, 0.0, 0.0);
    for (k, (a, b)) in real.iter().zip(imaginary).enumerate() {
        let (a, b) = (f64::from(*a), f64::from(*b));
        let (sin, cos) = (PI * k as f64 * z).sin_cos();
        // (a + i b)(cos + i sin)
        re += a * cos - b * sin;
        im += a * sin + b * cos;
        power += a * a + b * b;
    }
    (re * re + im * im) / (2.0 * power)
}

fn activations() -> impl Strategy<Value = Vec<f32>> {
    (1_usize..24).prop_flat_map(|frequencies| prop::collection::vec(-1.0_f32..1.0, 2 * frequencies + 2))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn it_is_a_density(activations in activations()) {
        prop_assume!(activations.iter().any(|value| value.abs() > 1e-3));
        let density = density(&activations);
        let steps = 16 * activations.len();
        let mut integral = 0.0;
        for step in 0..steps {
            let z = 2.0 * step as f64 / steps as f64 - 1.0;
            prop_assert!(density.series(z) >= -1e-12);
            integral += density.series(z) * 2.0 / steps as f64;
        }
        prop_assert!((integral - 1.0).abs() < 1e-12);
        prop_assert_eq!((density.cdf(-1.0), density.cdf(1.0)), (0.0, 1.0));
        prop_assert!((density.cdf(1.0 - 1e-12) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn questions_agree(activations in activations(), z in -0.999_f64..0.999, probability in 0.0_f64..=1.0) {
        prop_assume!(activations.iter().any(|value| value.abs() > 1e-3));
        let density = density(&activations);
        prop_assert!((density.density(z) - squared_modulus(&activations, z)).abs() < 1e-10);
        let h = 1e-5;
        let slope = (density.cdf(z + h) - density.cdf(z - h)) / (2.0 * h);
        prop_assert!((slope - density.density(z)).abs() < 1e-4, "{} {}", slope, density.density(z));
        let quantile = density.quantile(probability).expect("a probability");
        prop_assert!((-1.0..=1.0).contains(&quantile));
        prop_assert!((density.cdf(quantile) - probability).abs() < 1e-12);
        let mass = density.interval(z.min(quantile), z.max(quantile)).expect("an interval");
        prop_assert!((mass - (density.cdf(quantile) - density.cdf(z)).abs()).abs() < 1e-15);
    }

    #[test]
    fn the_mode_beats_a_fine_grid(activations in activations()) {
        prop_assume!(activations.iter().any(|value| value.abs() > 1e-3));
        let density = density(&activations);
        let mode = density.mode();
        prop_assert!((-1.0..=1.0).contains(&mode));
        let top = density.density(mode);
        for step in 0..=20_000 {
            let z = f64::from(step) / 10_000.0 - 1.0;
            prop_assert!(density.density(z) <= top * (1.0 + 1e-12), "{} at {} over {} at {}", density.density(z), z, top, mode);
        }
    }

    #[test]
    fn moments_are_integrals(activations in activations()) {
        prop_assume!(activations.iter().any(|value| value.abs() > 1e-3));
        let density = density(&activations);
        let steps = 40_000;
        let (mut mean, mut square, mut entropy) = (0.0, 0.0, 0.0);
        for step in 0..steps {
            let z = super::super::bin_centre(step, steps);
            let mass = density.density(z) * 2.0 / steps as f64;
            mean += z * mass;
            square += z * z * mass;
            if mass > 0.0 {
                entropy -= mass * density.density(z).ln();
            }
        }
        prop_assert!((density.mean() - mean).abs() < 1e-6);
        prop_assert!((density.variance() - (square - mean * mean)).abs() < 1e-6);
        prop_assert!((density.entropy() - entropy).abs() < 1e-7, "{} {}", density.entropy(), entropy);
        prop_assert!(density.entropy() <= std::f64::consts::LN_2 + 1e-12);
    }
}

#[test]
fn the_entropy_does_not_end_at_a_sum_that_stands_still_by_chance() {
    // From 96 to 192 points the sums of the first move by less than 1e-9 and are 2.4e-7 off.
    let near_zero: [&[f32]; 2] =
        [&[-0.72, -0.95, -0.39, 0.51, 0.3, 0.26], &[-0.21, 0.18, 0.55, -0.24, -0.61, 0.09, 0.04, -0.44]];
    for activations in near_zero {
        let density = density(activations);
        let steps = 1 << 16;
        let entropy: f64 = (0..steps)
            .map(|step| density.density(super::super::bin_centre(step, steps)))
            .map(|p| if p > 0.0 { -p * p.ln() * 2.0 / steps as f64 } else { 0.0 })
            .sum();
        assert!((density.entropy() - entropy).abs() < 2e-9, "{} {}", density.entropy(), entropy);
    }
}

#[test]
fn a_raised_cosine_has_known_answers() {
    // a = (1, 1): c_0 = 2, c_1 = 1, p = 1/2 + cos(pi z) / 2.
    let density = density(&[1.0, 1.0, 0.0, 0.0]);
    for z in [-1.0, -0.4, 0.0, 0.25, 0.9] {
        assert!((density.density(z) - 0.5 * (1.0 + (PI * z).cos())).abs() < 1e-15);
        assert!((density.cdf(z) - (0.5 * (z + 1.0) + 0.5 * (PI * z).sin() / PI)).abs() < 1e-15);
    }
    assert!(density.mode().abs() < 1e-12 && density.mean().abs() < 1e-15);
    assert!((density.variance() - (1.0 / 3.0 - 2.0 / (PI * PI))).abs() < 1e-15);
    // -∫ (1 + cos) / 2 ln((1 + cos) / 2) over a period of 2: 2 ln 2 - 1.
    assert!((density.entropy() - (2.0 * std::f64::consts::LN_2 - 1.0)).abs() < 1e-9, "{}", density.entropy());
    assert_eq!([density.quantile(0.0), density.quantile(1.0)], [Ok(-1.0), Ok(1.0)]);
    assert!(density.quantile(0.5).expect("a half").abs() < 1e-13);
    // a = (1, i): c_1 = i, so p = 1/2 - sin(pi z) / 2; the sign of the imaginary part gives the side.
    let turned = super::tests::density(&[1.0, 0.0, 0.0, 1.0]);
    assert!((turned.mode() + 0.5).abs() < 1e-12, "{}", turned.mode());
    assert!((turned.mean() + 1.0 / PI).abs() < 1e-15);
}

#[test]
fn a_peak_at_the_end_and_no_peak_have_modes() {
    // 1/2 - cos(pi z)/2 peaks where the circle closes.
    let end = FourierDensity::from_coefficients(&[[-0.5, 0.0]]).expect("a density");
    assert!((end.mode().abs() - 1.0).abs() < 1e-9);
    let uniform = FourierDensity::new(4).expect("frequencies");
    assert_eq!([uniform.mode(), uniform.mean()], [0.0, 0.0]);
    assert!((uniform.entropy() - std::f64::consts::LN_2).abs() < 1e-14);
    assert!((uniform.quantile(0.3).expect("a probability") + 0.4).abs() < 1e-14);
}

#[test]
fn draws_fill_bins_as_the_density_does() {
    let density = random(9, 3);
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let draws = 40_000;
    let mut counts = [0.0_f64; 40];
    for _ in 0..draws {
        counts[((density.sample(&mut rng) + 1.0) * 20.0) as usize] += 1.0;
    }
    let chi_square: f64 = counts
        .iter()
        .enumerate()
        .map(|(bin, count)| {
            let low = bin as f64 / 20.0 - 1.0;
            let expected = f64::from(draws) * density.interval(low, low + 0.05).expect("an interval");
            (count - expected).powi(2) / expected
        })
        .sum();
    // 39 degrees of freedom: one seed in a thousand lies above 72.
    assert!(chi_square < 72.0, "{chi_square}");
}

#[test]
fn the_bins_are_the_density_at_their_centres() {
    let density = random(12, 5);
    let mut pmf = [0.0; 50];
    density.pmf_into(&mut pmf).expect("enough bins");
    assert!((pmf.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    for (bin, mass) in pmf.iter().enumerate() {
        assert!((mass - density.density(super::super::bin_centre(bin, 50)) / 25.0).abs() < 1e-14);
    }
    assert!(density.pmf_into(&mut [0.0; 25]).is_ok());
    assert_eq!(density.pmf_into(&mut [0.0; 23]), Err(DensityError::Aliased { frequencies: 12, bins: 23 }));
}

#[test]
fn fewer_frequencies_are_a_special_case_of_more() {
    let (few, more) = (density(&[0.3, -0.7, 0.2, 0.5]), density(&[0.3, -0.7, 0.0, 0.2, 0.5, 0.0]));
    for step in -20..=20 {
        let z = f64::from(step) / 20.0;
        assert!((few.density(z) - more.density(z)).abs() < 1e-15);
    }
}

#[test]
fn many_frequencies_and_extreme_outputs_stay_a_density() {
    let density = random(550, 8);
    assert!((density.cdf(density.quantile(0.3).expect("a probability")) - 0.3).abs() < 1e-12);
    assert!(density.density(density.mode()) > 1.0);
    for scale in [1e-38_f32, 1e38] {
        let scaled = super::tests::density(&[scale, scale, 0.0, 0.0]);
        assert!((scaled.density(0.0) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn what_is_no_head_is_refused_and_changes_nothing() {
    let mut density = density(&[1.0, 1.0, 0.0, 0.0]);
    let before = density.coefficients().collect::<Vec<_>>();
    assert_eq!(density.set(&[1.0, 1.0, 0.0]).expect_err("three").to_string(), "expected 4 activations, got 3");
    assert_eq!(
        density.set(&[1.0, f32::NAN, 0.0, 0.0]).expect_err("NaN").to_string(),
        "expected finite activations, got NaN as value 1"
    );
    assert_eq!(density.set(&[0.0; 4]), Err(DensityError::NoPower { power: 0.0 }));
    assert_eq!(density.coefficients().collect::<Vec<_>>(), before);
    assert_eq!(density.density(0.0), 1.0);
    for got in [0, FourierDensity::MAX_FREQUENCIES + 1, usize::MAX] {
        assert!(matches!(FourierDensity::new(got), Err(DensityError::Frequencies { got: named }) if named == got));
    }
    for probability in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(density.quantile(probability), Err(DensityError::Probability { .. })));
    }
    for low in [0.5, f64::NAN] {
        assert!(matches!(density.interval(low, 0.4), Err(DensityError::Interval { high: 0.4, .. })));
    }
    assert_eq!((density.density(1.5), density.cdf(-2.0), density.cdf(2.0)), (0.0, 0.0, 1.0));
    assert!(density.density(f64::NAN).is_nan() && density.cdf(f64::NAN).is_nan());
    assert!(matches!(FourierDensity::from_coefficients(&[[0.6, 0.0]]), Err(DensityError::Negative { .. })));
    let refused = FourierDensity::from_coefficients(&[[f64::NAN, 0.0]]);
    assert!(matches!(refused, Err(DensityError::NotFinite { what: "coefficients", index: 0, .. })));
}
