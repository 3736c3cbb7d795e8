//! Properties of every distribution, for any output of a network.

use super::*;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const PLACES: usize = 200;

/// From small to large: a network may say anything that is a number.
fn value() -> impl Strategy<Value = f32> {
    (-1.0_f32..1.0, -6_i32..=6).prop_map(|(share, decade)| share * 10_f32.powi(decade))
}

fn fourier() -> impl Strategy<Value = FourierDensity> {
    let values = (1_usize..24).prop_flat_map(|frequencies| prop::collection::vec(value(), 2 * frequencies + 2));
    values.prop_filter_map("no power", |values| {
        let mut density = FourierDensity::new(values.len() / 2 - 1).ok()?;
        density.set(&values).ok()?;
        Some(density)
    })
}

fn categorical() -> impl Strategy<Value = Categorical> {
    prop::collection::vec(value(), 1..60).prop_filter_map("no logits", |logits| {
        let mut bins = Categorical::new(logits.len()).ok()?;
        bins.set(&logits).ok()?;
        Some(bins)
    })
}

fn mixture() -> impl Strategy<Value = GaussianMixture> {
    let component = (-1.0_f64..1.0, 0.01_f64..1.0, 0.01_f64..1.0);
    prop::collection::vec(component, 1..5).prop_filter_map("no mixture", |components| {
        let part = |of: fn(&(f64, f64, f64)) -> f64| components.iter().map(of).collect::<Vec<f64>>();
        GaussianMixture::new(&part(|one| one.0), &part(|one| one.1), &part(|one| one.2)).ok()
    })
}

/// Rises from place to place, and every interval is the difference of its ends.
fn rises(
    cdf: impl Fn(f64) -> f64,
    interval: impl Fn(f64, f64) -> Result<f64, DensityError>,
    slack: f64,
) -> Result<(), TestCaseError> {
    let place = |step: usize| 2.4 * step as f64 / PLACES as f64 - 1.2;
    for step in 0..PLACES {
        let (before, after) = (cdf(place(step)), cdf(place(step + 1)));
        prop_assert!((0.0..=1.0).contains(&before) && after >= before - slack, "{before} {after} at {}", place(step));
        let mass = interval(place(step), place(step + 1)).expect("ends in order");
        prop_assert!((mass - (after - before).max(0.0)).abs() < 1e-12 && mass >= 0.0);
        let ends = DensityError::Interval { low: place(step + 1), high: place(step) };
        prop_assert_eq!(interval(place(step + 1), place(step)), Err(ends));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn distribution_functions_rise(fourier in fourier(), bins in categorical(), mixture in mixture()) {
        // A series of many terms rounds where the density is zero.
        rises(|z| fourier.cdf(z), |low, high| fourier.interval(low, high), 1e-12)?;
        rises(|z| bins.cdf(z), |low, high| bins.interval(low, high), 1e-14)?;
        rises(|z| mixture.cdf(z), |low, high| mixture.interval(low, high), 1e-14)?;
        let mut cells = vec![0.0; 8 * (fourier.frequencies() + 1)];
        for temperature in [0.0, 0.3, 1.0, 4.0] {
            let tempered = fourier.with_temperature(temperature, &mut cells).expect("a temperature");
            let interval = |low: f64, high: f64| {
                let mass = (tempered.cdf(high) - tempered.cdf(low)).max(0.0);
                (low <= high).then_some(mass).ok_or(DensityError::Interval { low, high })
            };
            rises(|z| tempered.cdf(z), interval, 1e-12)?;
        }
    }

    #[test]
    fn quantiles_and_draws_lie_within_the_range(
        fourier in fourier(),
        bins in categorical(),
        probability in 0.0_f64..=1.0,
        temperature in 0.0_f64..4.0,
        seed in 0_u64..1000,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut cells = vec![0.0; 16 * (fourier.frequencies() + 1)];
        let place = fourier.quantile(probability).expect("a probability");
        prop_assert!((fourier.cdf(place) - probability).abs() < 1e-9, "{} {probability}", fourier.cdf(place));
        let tempered = fourier.with_temperature(temperature, &mut cells).expect("a temperature");
        let tempered_place = tempered.quantile(probability).expect("a probability");
        let bin_place = bins.quantile(probability).expect("a probability");
        prop_assert!((bins.cdf(bin_place) - probability).abs() < 1e-9);
        let draws = [fourier.sample(&mut rng), tempered.sample(&mut rng), bins.sample(temperature, &mut rng).expect("one")];
        for z in draws.into_iter().chain([place, tempered_place, bin_place, fourier.mode(), bins.mode()]) {
            prop_assert!((-1.0..=1.0).contains(&z), "{z}");
        }
    }

    #[test]
    fn masses_sum_to_one(fourier in fourier(), bins in categorical(), mixture in mixture(), more in 0_usize..80) {
        let mut pmf = vec![0.0; 2 * fourier.frequencies() + more];
        fourier.pmf_into(&mut pmf).expect("twice as many bins as frequencies");
        let mut tempered = vec![0.0; bins.bins()];
        bins.tempered_into(0.5, &mut tempered).expect("a temperature");
        let mut at_centres = vec![0.0; 50];
        mixture.pmf_into(&mut at_centres).expect("bins");
        let mut masses = vec![0.0; 50];
        mixture.masses_into(&mut masses).expect("bins");
        for row in [&pmf, &tempered, &at_centres, &masses, bins.pmf()] {
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
            prop_assert!(row.iter().all(|mass| (0.0..=1.0).contains(mass)));
        }
    }

    #[test]
    fn a_value_that_is_none_is_refused_wherever_it_stands(
        frequencies in 1_usize..12,
        place in 0_usize..26,
        wrong in prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
    ) {
        let mut values = vec![0.5_f32; 2 * frequencies + 2];
        let place = place % values.len();
        values[place] = wrong;
        let mut density = FourierDensity::new(frequencies).expect("frequencies");
        let line = density.set(&values).expect_err("no number").to_string();
        prop_assert_eq!(line, format!("expected finite activations, got {} as value {}", f64::from(wrong), place));
        prop_assert_eq!(density.cdf(0.5), 0.75);
        let mut bins = Categorical::new(values.len()).expect("bins");
        let line = bins.set(&values).expect_err("no number").to_string();
        prop_assert_eq!(line, format!("expected finite logits, got {} as value {}", f64::from(wrong), place));
    }

    #[test]
    fn values_come_back_within_their_bin(
        limits in prop::array::uniform4(-1e6_f64..1e6),
        bins in 1_usize..300,
        sparse_share in 0.0_f64..1.0,
        share in 0.0_f64..=1.0,
    ) {
        let mut limits = limits;
        limits.sort_by(f64::total_cmp);
        let [low, dense_low, dense_high, high] = limits;
        let dense = DenseMiddle { low: dense_low, high: dense_high, sparse_share };
        for binning in [Binning::uniform(low, high, bins), Binning::mixed(low, high, bins, dense)].into_iter().flatten() {
            let value = (low + share * (high - low)).min(high);
            let bin = binning.encode(value).expect("inside");
            let edges = binning.edges();
            let slack = 1e-9 * (high - low);
            prop_assert!(edges[bin] - slack <= value && value <= edges[bin + 1] + slack, "{value} in {bin} of {binning:?}");
            let centre = binning.decode(bin).expect("a bin");
            prop_assert_eq!(binning.encode(centre), Ok(bin));
            let unit = binning.to_unit(value).expect("inside");
            prop_assert!((binning.from_unit(unit).expect("inside") - value).abs() <= slack);
            prop_assert_eq!(binning.encode_clamped(high + 1.0), Ok(bins - 1));
            let refused = [binning.encode(f64::NAN), binning.encode_clamped(f64::NAN)];
            prop_assert!(refused.iter().all(|one| matches!(one, Err(DensityError::OutOfRange { .. }))), "{refused:?}");
        }
    }
}

#[test]
fn bad_input_gives_one_line() {
    let mut density = FourierDensity::new(3).expect("frequencies");
    let binning = Binning::uniform(-1.0, 1.0, 50).expect("limits");
    for (expected, error) in [
        ("expected between 1 and 65536 frequencies, got 0", FourierDensity::new(0).err()),
        ("expected at least 6 bins for 3 frequencies, got 5", density.pmf_into(&mut [0.0; 5]).err()),
        ("expected coefficients whose squares have a normal sum above 0, got a sum of 0", density.set(&[0.0; 8]).err()),
        ("expected finite activations, got NaN as value 0", density.set(&[f32::NAN; 8]).err()),
        ("expected a value between -1 and 1, got 1.5", binning.encode(1.5).err()),
        ("expected a value between -1 and 1, got NaN", binning.encode_clamped(f64::NAN).err()),
        ("expected a bin below 50, got 50", binning.decode(50).err()),
        ("expected a probability between 0 and 1, got 2", density.quantile(2.0).err()),
        ("expected a finite temperature of at least 0, got -1", density.with_temperature(-1.0, &mut [0.0; 64]).err()),
    ] {
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(expected));
        assert!(lines.all(|line| line.starts_with("hint: ")), "{text}");
    }
}
