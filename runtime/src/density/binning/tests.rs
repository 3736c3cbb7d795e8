use super::*;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

fn published() -> Binning {
    Binning::mixed(-15.0, 15.0, 4096, DenseMiddle { low: -1.0, high: 10.0, sparse_share: 0.2 }).expect("limits")
}

/// Every bin decodes to what encodes to it, lies between its edges, and meets its own place in [-1, 1].
fn is_consistent(binning: &Binning) {
    let (edges, centres) = (binning.edges(), binning.centres());
    assert_eq!((edges.len(), centres.len()), (binning.bins() + 1, binning.bins()));
    assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
    for (bin, centre) in centres.iter().enumerate() {
        assert_eq!(binning.decode(bin), Ok(*centre));
        assert_eq!(binning.encode(*centre), Ok(bin), "{binning:?}");
        assert!(edges[bin] < *centre && *centre < edges[bin + 1]);
        let unit = super::super::bin_centre(bin, binning.bins());
        assert!((binning.to_unit(*centre).expect("inside") - unit).abs() < 1e-9);
        let back = binning.from_unit(unit).expect("inside");
        assert!((back - centre).abs() <= 1e-9 * (edges[bin + 1] - edges[bin]) * binning.bins() as f64);
        assert_eq!(binning.encode(back), Ok(bin));
    }
    assert_eq!(binning.encode(binning.low()), Ok(0));
    assert_eq!(binning.encode(binning.high()), Ok(binning.bins() - 1));
    assert_eq!([binning.to_unit(binning.low()), binning.to_unit(binning.high())], [Ok(-1.0), Ok(1.0)]);
    assert_eq!([binning.from_unit(-1.0), binning.from_unit(1.0)], [Ok(binning.low()), Ok(binning.high())]);
}

#[test]
fn the_published_mixed_bins_are_exact_inverses() {
    let binning = published();
    assert_eq!(binning.stretch_bins().collect::<Vec<_>>(), [603, 3278, 215]);
    is_consistent(&binning);
    // A limit between two stretches belongs to the upper one.
    assert_eq!([binning.encode(-1.0), binning.encode(10.0)], [Ok(603), Ok(3881)]);
    assert_eq!([binning.encode((-1.0_f64).next_down()), binning.encode(10.0_f64.next_down())], [Ok(602), Ok(3880)]);
}

#[test]
fn even_bins_are_exact_inverses() {
    for (low, high, bins) in
        [(-1.0, 1.0, 50), (-1.0, 1.0, 1), (-1.0, 1.0, 65_536), (0.1, 0.7, 333), (1e6, 1e6 + 1.0, 999)]
    {
        is_consistent(&Binning::uniform(low, high, bins).expect("limits"));
    }
    let edges = Binning::uniform(-1.0, 1.0, 4).expect("limits").edges();
    assert_eq!(edges, [-1.0, -0.5, 0.0, 0.5, 1.0]);
}

#[test]
fn what_is_outside_is_refused_or_taken_to_the_end() {
    let binning = Binning::uniform(-1.0, 1.0, 4).expect("limits");
    assert_eq!(binning.encode(1.5).expect_err("outside").to_string(), "expected a value between -1 and 1, got 1.5");
    assert_eq!([binning.encode_clamped(1.5), binning.encode_clamped(f64::NEG_INFINITY)], [Ok(3), Ok(0)]);
    let nan = [binning.encode(f64::NAN), binning.encode_clamped(f64::NAN)];
    assert!(nan.iter().all(|refused| matches!(refused, Err(DensityError::OutOfRange { .. }))), "{nan:?}");
    assert_eq!(binning.decode(4), Err(DensityError::NoSuchBin { bins: 4, bin: 4 }));
    for unit in [-1.1, 1.1, f64::NAN] {
        assert!(matches!(binning.from_unit(unit), Err(DensityError::OutOfRange { low: -1.0, high: 1.0, .. })));
    }
    assert_eq!(binning.to_unit(-1.1), Err(DensityError::OutOfRange { low: -1.0, high: 1.0, value: -1.1 }));
}

fn is_no_limit(made: Result<Binning, DensityError>) -> bool {
    matches!(made, Err(DensityError::Limits { .. }))
}

#[test]
fn limits_that_are_none_are_refused() {
    for (low, high, bins) in
        [(1.0, 1.0, 4), (2.0, 1.0, 4), (f64::NAN, 1.0, 4), (0.0, f64::INFINITY, 4), (-1e308, 1.7e308, 4)]
    {
        assert!(is_no_limit(Binning::uniform(low, high, bins)), "{low} {high} {bins}");
    }
    for got in [0, Binning::MAX_BINS + 1] {
        assert_eq!(Binning::uniform(0.0, 1.0, got), Err(DensityError::Bins { got }));
    }
    assert!(is_no_limit(Binning::uniform(1e16, 1e16 + 8.0, 50)), "bins narrower than the numbers");
    for (low, high, sparse_share) in [
        (-2.0, 0.5, 0.2),
        (0.5, 0.5, 0.2),
        (0.6, 0.5, 0.2),
        (-0.5, 0.5, 1.0),
        (-0.5, 0.5, f64::NAN),
        (f64::NAN, 0.5, 0.2),
    ] {
        let refused = Binning::mixed(-1.0, 1.0, 50, DenseMiddle { low, high, sparse_share });
        assert!(is_no_limit(refused), "{low} {high} {sparse_share}");
    }
    let dense = DenseMiddle { low: -0.5, high: 0.5, sparse_share: 0.2 };
    assert!(is_no_limit(Binning::mixed(-1.0, 1.0, 2, dense)), "fewer bins than stretches");
}

#[test]
fn json_is_read_back_and_checked() {
    for binning in [published(), Binning::uniform(-0.1, 0.3, 7).expect("limits")] {
        let text = serde_json::to_string(&binning).expect("JSON");
        assert_eq!(serde_json::from_str::<Binning>(&text).expect("a binning"), binning);
    }
    for (wrong, named) in [
        (r#"{"low": 1, "high": 0, "bins": 4}"#, "got 1 to 0"),
        (r#"{"low": 0, "high": 1, "bins": 4, "width": 2}"#, "unknown field `width`"),
        (
            r#"{"low": 0, "high": 1, "bins": 4, "dense": {"low": 0.2, "high": 0.1, "sparse_share": 0.2}}"#,
            "0.2 to 0.1 dense",
        ),
        (r#"{"low": 0, "high": 1, "bins": 4, "dense": {"low": 0, "high": 1, "sparse_share": 0, "x": 1}}"#, "field `x`"),
    ] {
        let error = serde_json::from_str::<Binning>(wrong).expect_err(named).to_string();
        assert!(error.contains(named), "{wrong}: {error}");
    }
}

#[test]
fn limits_come_from_data() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let normal: Vec<f64> = (0..20_000).map(|_| rng.sample::<f64, _>(StandardNormal)).collect();
    let binning = Binning::mixed_from_data(&normal, 100, 0.2).expect("values");
    is_consistent(&binning);
    let dense = binning.dense().expect("a middle");
    // The 10% and 90% quantiles of the standard normal.
    assert!((dense.low + 1.2816).abs() < 0.05 && (dense.high - 1.2816).abs() < 0.05, "{dense:?}");
    assert!(normal.iter().all(|value| binning.encode(*value).is_ok()));
    // Mostly one value; values at the ends; all the same; few.
    let even = |values: &[f64]| {
        let binning = Binning::mixed_from_data(values, 16, 0.2).expect("values");
        is_consistent(&binning);
        assert_eq!(binning.dense(), None, "{values:?}");
        (binning.low(), binning.high())
    };
    assert_eq!(even(&[[0.0; 30].as_slice(), &[1.0]].concat()), (0.0, 1.0));
    assert_eq!(even(&[[0.0; 30].as_slice(), &[1.0; 30]].concat()), (0.0, 1.0));
    assert_eq!(even(&[3.0; 5]), (2.5, 3.5));
    assert_eq!(even(&[3.0, 4.0]), (3.0, 4.0));
    assert_eq!(Binning::mixed_from_data(&[], 16, 0.2), Err(DensityError::NoValues));
    let nan = Binning::mixed_from_data(&[0.0, f64::NAN], 16, 0.2);
    assert!(matches!(nan, Err(DensityError::NotFinite { what: "values", index: 1, .. })), "{nan:?}");
    assert!(is_no_limit(Binning::mixed_from_data(&[0.0, 1.0], 16, 0.0)), "no share for the sparse bins");
    assert_eq!(Binning::mixed_from_data(&[0.0, 1.0], 0, 0.2), Err(DensityError::Bins { got: 0 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_limits_are_consistent(
        low in -50.0_f64..50.0,
        lengths in prop::array::uniform3(0.01_f64..20.0),
        bins in 3_usize..600,
        sparse_share in 0.0_f64..0.9,
    ) {
        let (dense_low, dense_high) = (low + lengths[0], low + lengths[0] + lengths[1]);
        let dense = DenseMiddle { low: dense_low, high: dense_high, sparse_share };
        is_consistent(&Binning::mixed(low, dense_high + lengths[2], bins, dense).expect("limits"));
        is_consistent(&Binning::uniform(low, dense_high, bins).expect("limits"));
    }

    #[test]
    fn encoding_and_places_rise(a in -15.0_f64..=15.0, b in -15.0_f64..=15.0) {
        let binning = published();
        let (a, b) = (a.min(b), a.max(b));
        prop_assert!(binning.encode(a).expect("inside") <= binning.encode(b).expect("inside"));
        let (at_a, at_b) = (binning.to_unit(a).expect("inside"), binning.to_unit(b).expect("inside"));
        prop_assert!(at_a <= at_b);
        prop_assert!((binning.from_unit(at_a).expect("inside") - a).abs() < 1e-11);
    }
}
