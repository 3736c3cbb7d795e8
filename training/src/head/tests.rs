//! The heads against their definitions, in double precision and by hand.

use super::{Head, HeadError, HeadSettings, HeadWeights, Objective};
use crate::network::Parameters;
use std::f64::consts::PI;
use tch::{Kind, Tensor};

/// a_0..a_N of two rows and two dimensions: real parts, then imaginary parts.
fn outputs(frequencies: usize) -> (Tensor, Vec<Vec<f64>>) {
    let width = 2 * (frequencies + 1);
    let values: Vec<f32> = (0..4 * width).map(|place| ((place * 37 % 101) as f32 / 50.0 - 1.0) * 0.05).collect();
    let rows = values.chunks(width).map(|row| row.iter().map(|value| f64::from(*value)).collect()).collect();
    (Tensor::from_slice(&values).view([2, 2 * width as i64]), rows)
}

/// c_k = sum_l a_(l+k) conj(a_l), real and imaginary part.
fn autocorrelation(row: &[f64]) -> Vec<(f64, f64)> {
    let count = row.len() / 2;
    let at = |l: usize| (row[l], row[count + l]);
    let lag = |k: usize| {
        (0..count - k)
            .map(|l| (at(l + k), at(l)))
            .fold((0.0, 0.0), |(re, im), ((a, b), (c, d))| (re + a * c + b * d, im + b * c - a * d))
    };
    (0..count).map(lag).collect()
}

/// p(z) = 1/2 + Re sum_k (c_k / c_0) exp(i k pi z).
fn density(row: &[f64], z: f64) -> f64 {
    let lags = autocorrelation(row);
    let term = |k: usize| {
        let (sin, cos) = (k as f64 * PI * z).sin_cos();
        (lags[k].0 * cos - lags[k].1 * sin) / lags[0].0
    };
    0.5 + (1..lags.len()).map(term).sum::<f64>()
}

fn doubles(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).contiguous().view([-1])).expect("numbers")
}

#[test]
fn fourier_logits_are_those_of_the_published_formula() {
    // At half as many frequencies as bins the sum of the masses is no longer bins / 2.
    for (bins, frequencies) in [(50, 12), (18, 9), (2, 1)] {
        let (raw, rows) = outputs(frequencies);
        let head = Head::new(HeadSettings::fourier(bins, frequencies), 2).expect("a head");
        let logits = head.logits(&raw, None);
        assert_eq!(logits.size(), [2, 2, bins as i64]);
        for (row, got) in rows.iter().zip(doubles(&logits).chunks(bins)) {
            let masses: Vec<f64> = (0..bins).map(|j| density(row, -1.0 + (2 * j + 1) as f64 / bins as f64)).collect();
            let sum: f64 = masses.iter().sum();
            for (mass, got) in masses.iter().zip(got) {
                let expected = mass / sum + 1e-5;
                assert!((got.exp() - expected).abs() < 1e-6, "{bins} {frequencies}: {} {expected}", got.exp());
            }
        }
    }
}

#[test]
fn densities_are_those_of_the_published_formula_also_outside() {
    let (raw, rows) = outputs(12);
    let head = Head::new(HeadSettings::fourier(50, 12), 2).expect("a head");
    let values = [-0.9, 0.33, 0.0, 1.4];
    let got = head.density(&raw, None, &Tensor::from_slice(&values).to_kind(Kind::Float).view([2, 2]));
    for ((row, value), got) in rows.iter().zip(values).zip(doubles(&got.expect("densities"))) {
        assert!((got - density(row, value)).abs() < 1e-4, "{value}: {got} {}", density(row, value));
    }
}

#[test]
fn coefficients_and_penalty_are_those_of_the_autocorrelation() {
    let (raw, rows) = outputs(12);
    let spec = match HeadSettings::fourier(50, 12) {
        HeadSettings::Fourier { bins, frequencies, weight_divisor, bias_divisor, floor, .. } => {
            HeadSettings::Fourier { bins, frequencies, regularisation: 1e-3, weight_divisor, bias_divisor, floor }
        }
        other => other,
    };
    let head = Head::new(spec, 2).expect("a head");
    let got = head.coefficients(&raw).map(|tensor| doubles(&tensor)).expect("coefficients");
    let mut penalty = 0.0;
    for (row, got) in rows.iter().zip(got.chunks(26)) {
        for (k, (re, im)) in autocorrelation(row).into_iter().enumerate() {
            assert!((got[k] - re).abs() < 1e-7 && (got[13 + k] - im).abs() < 1e-7, "{k}: {re} {im}");
            penalty += (k * k) as f64 * (re * re + im * im) / 4.0;
        }
    }
    let expected = 4.0 * PI * PI * 1e-3 * penalty;
    let got = head.regulariser(&raw).map_or(f64::NAN, |tensor| tensor.double_value(&[]));
    assert!((got / expected - 1.0).abs() < 1e-4, "{got} {expected}");
    let none = Head::new(HeadSettings::fourier(50, 12), 2).expect("a head").regulariser(&raw);
    assert!(none.is_none(), "a penalty without gamma");
}

#[test]
fn a_mixture_is_its_formula_in_bins_and_at_values() {
    let head = Head::new(HeadSettings::Mixture { bins: 10, components: 2 }, 1).expect("a head");
    let raw = Tensor::from_slice(&[0.4_f32, -0.7]).view([1, 2]);
    let scale = Tensor::from_slice(&[-1.0_f32, 0.5]).view([1, 2]);
    let expected = |z: f64| {
        let gaussian = |raw: f64, scale: f64| {
            let deviation = scale.exp().ln_1p();
            (-0.5 * ((z - raw.tanh()) / deviation).powi(2)).exp() / (deviation * (2.0 * PI).sqrt())
        };
        0.5 * (gaussian(0.4, -1.0) + gaussian(-0.7, 0.5))
    };
    let logits = doubles(&head.logits(&raw, Some(&scale)));
    for (bin, logit) in logits.iter().enumerate() {
        let z = -1.0 + (2 * bin + 1) as f64 / 10.0;
        assert!((logit.exp() - expected(z) - 1e-5).abs() < 1e-6, "{bin}");
    }
    let value = Tensor::from_slice(&[0.3_f32]).view([1, 1]);
    let got = head.density(&raw, Some(&scale), &value).map(|tensor| doubles(&tensor)[0]).expect("a density");
    assert!((got - expected(0.3)).abs() < 1e-6);
    let loss = head.negative_log_likelihood(&raw, Some(&scale), &value).expect("a loss").double_value(&[]);
    assert!((loss + expected(0.3).ln()).abs() < 1e-6);
    assert!(head.logits(&raw, None).isnan().all().int64_value(&[]) == 1, "deviations are needed");
}

#[test]
fn a_head_maps_features_for_all_dimensions_and_gradients_reach_its_weights() {
    for (spec, outputs) in [
        (HeadSettings::Linear { bins: 20 }, 60),
        (HeadSettings::fourier(20, 4), 30),
        (HeadSettings::Mixture { bins: 20, components: 2 }, 6),
    ] {
        let head = Head::new(spec.clone(), 3).expect("a head");
        let parameter = |shape: &[i64], step: f64| {
            let count = shape.iter().product::<i64>();
            let values: Vec<f32> = (0..count).map(|place| (place as f64 * step).sin() as f32).collect();
            Tensor::from_slice(&values).view(shape).set_requires_grad(true)
        };
        let scale = matches!(spec, HeadSettings::Mixture { .. }).then(|| parameter(&[3, 2], 0.7));
        let weights = HeadWeights { weight: parameter(&[outputs, 5], 0.3), bias: parameter(&[outputs], 0.9), scale };
        let features = parameter(&[4, 5], 1.1).detach();
        let output = head.forward(&features, &weights);
        assert_eq!((output.logits.size(), output.raw.size()), (vec![4, 3, 20], vec![4, outputs]));
        output.logits.log_softmax(-1, None::<Kind>).select(-1, 7).mean(None::<Kind>).backward();
        for tensor in [Some(&weights.weight), Some(&weights.bias), weights.scale.as_ref()].into_iter().flatten() {
            let largest = tensor.grad().abs().max().double_value(&[]);
            assert!(largest > 0.0 && largest.is_finite(), "{spec:?}: {largest}");
        }
    }
}

#[test]
fn a_linear_head_has_no_density_and_no_coefficients() {
    let head = Head::new(HeadSettings::Linear { bins: 4 }, 1).expect("a head");
    let raw = Tensor::from_slice(&[0.0_f32; 4]).view([1, 4]);
    let error = head.density(&raw, None, &Tensor::from_slice(&[0.0_f32]).view([1, 1])).expect_err("no density");
    assert!(error.to_string().starts_with("expected a Fourier or a mixture head for a density"), "{error}");
    assert!(head.coefficients(&raw).is_none() && head.regulariser(&raw).is_none());
    let wide = Head::new(HeadSettings::fourier(4, 2), 0).map(|_| ());
    assert!(matches!(wide, Err(HeadError::Size { got: 0, .. })), "{wide:?}");
}

#[test]
fn declared_parameters_are_weights_and_give_finite_logits() {
    for spec in [
        HeadSettings::Linear { bins: 20 },
        HeadSettings::fourier(20, 4),
        HeadSettings::Mixture { bins: 20, components: 2 },
    ] {
        let head = Head::new(spec.clone(), 3).expect("a head");
        let layout = Parameters::new(head.parameters("head", 5, Objective::Classification).expect("parameters"));
        let views = layout.views(&Tensor::from_slice(&layout.initial(1)));
        let weights = head.weights(&views).expect("weights");
        assert!(head.weights(&views[..1]).is_none());
        let logits = head.forward(&Tensor::ones([4, 5], (Kind::Float, tch::Device::Cpu)), &weights).logits;
        assert_eq!(logits.size(), [4, 3, 20]);
        assert!(logits.isfinite().all().int64_value(&[]) == 1, "{spec:?}");
    }
}
