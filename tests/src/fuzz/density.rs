//! Densities from arbitrary activations, logits and binnings: mass one, a rising distribution function, quantiles in range.

use planwright::density::{Binning, Categorical, DenseMiddle, DensityError, FourierDensity};

/// Most values of one distribution: a longer one is only slower.
const MOST: usize = 512;
const SHARES: [f64; 5] = [0.0, 0.1, 0.5, 0.9, 1.0];

fn fourier(activations: &[f32], at: f64) {
    let Some(frequencies) = (activations.len() / 2).checked_sub(1).filter(|count| *count > 0) else { return };
    let Ok(mut density) = FourierDensity::new(frequencies) else { panic!("refuses {frequencies} frequencies") };
    if density.set(&activations[..2 * frequencies + 2]).is_err() {
        return;
    }
    let mut pmf = vec![0.0; 2 * frequencies];
    assert!(density.pmf_into(&mut pmf).is_ok());
    let sum: f64 = pmf.iter().sum();
    assert!((sum - 1.0).abs() < 1e-9, "masses sum to {sum}");
    let aliased = density.pmf_into(&mut pmf[1..]);
    assert!(matches!(aliased, Err(DensityError::Aliased { .. })), "more frequencies than half the bins");
    let mut cells = vec![0.0; 16 * (frequencies + 1)];
    for share in SHARES {
        let Ok(place) = density.quantile(share) else { panic!("refuses {share}") };
        assert!((-1.0..=1.0).contains(&place) && (density.cdf(place) - share).abs() < 1e-9, "{share} at {place}");
        assert!(density.density(place) >= 0.0);
        if let Ok(mass) = density.interval(place.min(at), place.max(at)) {
            assert!((mass - (density.cdf(place) - density.cdf(at)).abs()).abs() < 1e-12, "{place} {at}: {mass}");
        }
        if let Ok(tempered) = density.with_temperature(at, &mut cells) {
            let place = tempered.quantile(share);
            assert!(place.is_ok_and(|place| (-1.0..=1.0).contains(&place)), "{share} at temperature {at}");
        }
    }
    let mode = density.mode();
    assert!((-1.0..=1.0).contains(&mode) && density.mean().abs() <= 1.0 + 1e-9, "{mode}");
}

fn categorical(logits: &[f32]) {
    let Ok(mut bins) = Categorical::new(logits.len()) else { return };
    if bins.set(logits).is_err() {
        return;
    }
    let sum: f64 = bins.pmf().iter().sum();
    assert!((sum - 1.0).abs() < 1e-9, "masses sum to {sum}");
    for share in SHARES {
        let Ok(place) = bins.quantile(share) else { panic!("refuses {share}") };
        assert!((-1.0..=1.0).contains(&place) && (bins.cdf(place) - share).abs() < 1e-9, "{share} at {place}");
    }
}

fn binning(limits: [f64; 4], bins: usize, value: f64) {
    let [low, high, dense_low, dense_high] = limits;
    let dense = DenseMiddle { low: dense_low, high: dense_high, sparse_share: value };
    for binning in [Binning::uniform(low, high, bins), Binning::mixed(low, high, bins, dense)].into_iter().flatten() {
        for (bin, centre) in binning.centres().iter().enumerate() {
            assert_eq!(binning.encode(*centre), Ok(bin), "{binning:?}");
            assert_eq!(binning.decode(bin), Ok(*centre), "{binning:?}");
        }
        assert_eq!(binning.decode(bins), Err(DensityError::NoSuchBin { bins, bin: bins }));
        match binning.encode_clamped(value) {
            Ok(bin) => assert!(bin < bins && !value.is_nan(), "{bin} for {value}"),
            Err(_) => assert!(value.is_nan(), "{value}"),
        }
        let inside = value >= low && value <= high;
        assert_eq!(binning.to_unit(value).is_ok_and(|unit| unit.abs() <= 1.0), inside, "{value} in {binning:?}");
        let Ok(json) = serde_json::to_string(&binning) else { panic!("cannot be written") };
        assert_eq!(serde_json::from_str::<Binning>(&json).ok(), Some(binning), "{json} does not read back");
    }
}

/// Bytes as activations, as logits and as a binning.
pub(super) fn density(bytes: &[u8]) {
    let _ = serde_json::from_slice::<Binning>(bytes);
    let singles: Vec<f32> =
        bytes.as_chunks::<4>().0.iter().take(MOST).map(|value| f32::from_le_bytes(*value)).collect();
    let doubles: Vec<f64> = bytes.as_chunks::<8>().0.iter().take(5).map(|value| f64::from_le_bytes(*value)).collect();
    fourier(&singles, doubles.first().copied().unwrap_or(0.5));
    categorical(&singles);
    if let ([low, high, dense_low, dense_high, value], Some(count)) = (doubles.as_slice(), bytes.last()) {
        binning([*low, *high, *dense_low, *dense_high], usize::from(*count), *value);
    }
}
