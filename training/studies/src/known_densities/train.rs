//! The fit: Adam, batches of 32, and what comes of it on the test rows.

use super::data::{DensityData, bin_of, split};
use super::metrics::{DensityMetrics, Pooled, expected_bin, kl, kl_clamped, likeliest_bin, perplexity, squared_error};
use super::network::{Network, Raw};
use super::run::{DensityExample, DensityFit};
use super::settings::{BATCH, BINS, Dataset, DensitySettings, Task};
use planwright::density::{SmoothnessMetric, bin_centre};
use planwright_training::study::StudyError;
use planwright_training::study::ensemble::{EnsembleFit, check_loss, side_by_side};
use planwright_training::study::shuffle::RowOrders;
use std::f64::consts::PI;
use tch::{Kind, Reduction, Tensor};

/// Adam's rate.
const RATE: f64 = 1e-3;
/// What is left of it at the end of a fit to values.
const LAST_RATE: f64 = 1e-6;
/// Largest norm of the gradient of a fit to values.
const CLIP_NORM: f64 = 0.1;
/// Bins of the divergence between densities.
const FINE_BINS: usize = 1000;
/// Test rows whose densities are computed at once.
const DENSITY_ROWS: i64 = 50;
/// Streams of a run's generator: 0 makes the initial values, 1 the data, the rest the order of the rows.
const ORDER_STREAM: u64 = 2;

/// One lane's rows.
struct Rows {
    data: DensityData,
    test: Vec<usize>,
    train_inputs: Vec<f32>,
    train_targets: Vec<f32>,
    test_inputs: Vec<f32>,
}

impl Rows {
    fn new(run: &DensitySettings) -> Result<Self, StudyError> {
        let data = DensityData::generate(run.dataset, run.seed, run.samples)?;
        let (train, test) = split(run.samples, run.train_rows());
        let input = |row: &usize| data.inputs.get(*row).copied().unwrap_or_default();
        // The network sees bins as plain numbers 0 to 49, as the published one does.
        let seen = |value: f64| match run.task {
            Task::Bins => bin_of(value, BINS) as f32,
            Task::Values => value as f32,
        };
        let target = |row: &usize| seen(data.targets.get(*row).copied().unwrap_or_default());
        let train_inputs = train.iter().flat_map(input).map(seen).collect();
        let test_inputs = test.iter().flat_map(input).map(seen).collect();
        let train_targets = train.iter().map(target).collect();
        Ok(Self { test, train_inputs, train_targets, test_inputs, data })
    }
}

fn stacked(rows: &[Rows], shape: &[i64], part: impl Fn(&Rows) -> &[f32]) -> Result<Tensor, StudyError> {
    let lanes: Vec<Tensor> = rows.iter().map(|rows| Tensor::from_slice(part(rows))).collect();
    Ok(Tensor::stack(&lanes, 0).f_view(shape)?)
}

/// Rate of an epoch: constant for bins, half a cosine for values.
fn rate(run: &DensitySettings, epoch: usize) -> f64 {
    match run.task {
        Task::Bins => RATE,
        Task::Values => {
            let cosine = (PI * epoch as f64 / run.epochs as f64).cos();
            LAST_RATE + 0.5 * (RATE - LAST_RATE) * (1.0 + cosine)
        }
    }
}

/// Trains runs of equal shape side by side and measures each on its test rows. `on_epoch` is called after each epoch.
///
/// # Errors
/// If a loss leaves the finite numbers.
pub(super) fn train(runs: &[DensitySettings], on_epoch: impl FnMut()) -> Result<Vec<DensityFit>, StudyError> {
    side_by_side(runs, |runs| train_lanes(runs, on_epoch))
}

fn train_lanes(runs: &[DensitySettings], mut on_epoch: impl FnMut()) -> Result<Vec<DensityFit>, StudyError> {
    let Some(run) = runs.first() else { return Ok(Vec::new()) };
    let network = Network::new(run)?;
    let rows = runs.iter().map(Rows::new).collect::<Result<Vec<_>, _>>()?;
    let (lanes, count, batch) = (runs.len() as i64, run.train_rows() as i64, BATCH as i64);
    let inputs = stacked(&rows, &[lanes, count, 2], |rows| &rows.train_inputs)?;
    let targets = stacked(&rows, &[lanes, count], |rows| &rows.train_targets)?;
    let mut fit = EnsembleFit::new(network.ensemble.initial(runs.iter().map(|run| run.seed)));
    let mut orders = RowOrders::new(runs.iter().map(|run| run.seed), run.train_rows(), ORDER_STREAM);
    let clip_norm = (run.task == Task::Values).then_some(CLIP_NORM);
    let mut last = f64::NAN;
    for epoch in 0..run.epochs {
        let places = orders.of_epoch(epoch);
        let both = places.unsqueeze(-1).expand([-1, -1, 2], false);
        // One copy per epoch puts every batch in one piece.
        let in_batches = |tensor: Tensor, width: i64| {
            let shape = [lanes, count / batch, batch, width];
            tensor.reshape(shape).transpose(0, 1).contiguous().unbind(0)
        };
        let batches = in_batches(inputs.gather(1, &both, false), 2);
        let goals = in_batches(targets.gather(1, &places, false), 1);
        let epoch_rate = rate(run, epoch);
        let mut sum = Tensor::zeros([1], (Kind::Float, tch::Device::Cpu));
        for (inputs, targets) in batches.iter().zip(&goals) {
            let loss = loss(&network, run.task, &network.raw(&fit.parameters, inputs), targets)?;
            fit.step(&loss, epoch_rate, clip_norm);
            let _ = sum.g_add_(&loss.detach());
        }
        last = sum.double_value(&[0]) / (count / batch) as f64;
        check_loss(runs, epoch, last)?;
        on_epoch();
    }
    let test_count = (run.samples - run.train_rows()) as i64;
    let test_inputs = stacked(&rows, &[lanes, test_count, 2], |rows| &rows.test_inputs)?;
    let raw = tch::no_grad(|| network.raw(&fit.parameters, &test_inputs));
    (0..lanes)
        .zip(&rows)
        .map(|(lane, rows)| {
            let raw = Raw { values: raw.values.get(lane), scale: raw.scale.as_ref().map(|scale| scale.get(lane)) };
            let (metrics, example) = tch::no_grad(|| measure(&network, run.task, &raw, rows))?;
            Ok(DensityFit { metrics, example, loss: last })
        })
        .collect()
}

/// Mean over all lanes and rows. Targets are lanes x rows x 1.
fn loss(network: &Network, task: Task, raw: &Raw, targets: &Tensor) -> Result<Tensor, StudyError> {
    let Some(head) = &network.head else {
        let centres = (targets + 0.5) * (2.0 / BINS as f64) - 1.0;
        return Ok(raw.values.mse_loss(&centres, Reduction::Mean));
    };
    let loss = match task {
        Task::Bins => {
            let logits = head.logits(&raw.values, raw.scale.as_ref()).reshape([-1, BINS as i64]);
            let classes = targets.reshape([-1]).to_kind(Kind::Int64);
            logits.log_softmax(-1, None::<Kind>).nll_loss(&classes)
        }
        Task::Values => head.negative_log_likelihood(&raw.values, raw.scale.as_ref(), targets)?,
    };
    Ok(match head.regulariser(&raw.values) {
        Some(penalty) => loss + penalty,
        None => loss,
    })
}

type Measured = (DensityMetrics, Option<DensityExample>);

fn measure(network: &Network, task: Task, raw: &Raw, rows: &Rows) -> Result<Measured, StudyError> {
    match task {
        Task::Bins => measure_bins(network, raw, rows),
        Task::Values => Ok((measure_values(network, raw, rows)?, None)),
    }
}

/// Whether a row shows what its data set is like: two Gaussians apart, a beta distribution that is no spike.
fn is_telling(dataset: Dataset, [x, y]: [f64; 2]) -> bool {
    x.abs() > 0.2 && y.abs() > 0.2 && (dataset != Dataset::Gmm2 || (x - y).abs() > 0.5)
}

fn doubles(tensor: &Tensor) -> Result<Vec<f64>, StudyError> {
    Ok(Vec::try_from(tensor.to_kind(Kind::Double).contiguous().view([-1]))?)
}

fn mean(values: &[f64]) -> Option<f64> {
    Pooled::of(values).map(|pooled| pooled.mean)
}

/// The target bin of each test row.
fn target_bins(rows: &Rows) -> impl Iterator<Item = usize> {
    rows.test.iter().map(|row| bin_of(rows.data.targets.get(*row).copied().unwrap_or_default(), BINS))
}

fn measure_bins(network: &Network, raw: &Raw, rows: &Rows) -> Result<Measured, StudyError> {
    let Some(head) = &network.head else {
        let output = doubles(&raw.values)?;
        let errors: Vec<f64> = output
            .iter()
            .zip(target_bins(rows))
            .map(
                |(output, target)| {
                    if output.is_nan() { *output } else { squared_error(bin_of(*output, BINS), target, BINS) }
                },
            )
            .collect();
        return Ok((DensityMetrics { mse: mean(&errors), ..DensityMetrics::default() }, None));
    };
    let logits = head.logits(&raw.values, raw.scale.as_ref());
    let pmfs = doubles(&logits.to_kind(Kind::Double).softmax(-1, None::<Kind>))?;
    let smoothness = SmoothnessMetric::new(BINS)?;
    let (mut divergences, mut errors, mut argmax_errors, mut jags) = (vec![], vec![], vec![], vec![]);
    let mut example = None;
    for ((pmf, row), target) in pmfs.chunks_exact(BINS).zip(&rows.test).zip(target_bins(rows)) {
        let truth = rows.data.true_pmf(*row, BINS);
        divergences.push(kl(&truth, pmf));
        errors.push(squared_error(expected_bin(pmf), target, BINS));
        argmax_errors.push(squared_error(likeliest_bin(pmf), target, BINS));
        jags.push(smoothness.of(pmf)?);
        let input = rows.data.inputs.get(*row).copied().unwrap_or_default();
        if example.is_none() && is_telling(rows.data.dataset, input) {
            example = Some(DensityExample { input, truth, learnt: pmf.to_vec() });
        }
    }
    let metrics = DensityMetrics {
        kl: mean(&divergences),
        mse: mean(&errors),
        mse_argmax: mean(&argmax_errors),
        smoothness: Pooled::of(&jags),
        perplexity: None,
    };
    Ok((metrics, example))
}

fn measure_values(network: &Network, raw: &Raw, rows: &Rows) -> Result<DensityMetrics, StudyError> {
    let Some(head) = &network.head else { return Ok(DensityMetrics::default()) };
    let scale = raw.scale.as_ref();
    let targets: Vec<f32> =
        rows.test.iter().map(|row| rows.data.targets.get(*row).copied().unwrap_or_default() as f32).collect();
    let hit = doubles(&head.density(&raw.values, scale, &Tensor::from_slice(&targets).unsqueeze(-1))?)?;
    let centres: Vec<f32> = (0..FINE_BINS).map(|bin| bin_centre(bin, FINE_BINS) as f32).collect();
    let centres = Tensor::from_slice(&centres).view([1, FINE_BINS as i64, 1]);
    let mut divergences = Vec::with_capacity(rows.test.len());
    let mut test = rows.test.iter();
    for part in raw.values.split(DENSITY_ROWS, 0) {
        let densities = doubles(&head.density(&part.unsqueeze(1), scale, &centres)?)?;
        for (density, row) in densities.chunks_exact(FINE_BINS).zip(&mut test) {
            let masses: Vec<f64> = density.iter().map(|density| density * 2.0 / FINE_BINS as f64).collect();
            divergences.push(kl_clamped(&rows.data.true_masses(*row, FINE_BINS), &masses));
        }
    }
    Ok(DensityMetrics { kl: mean(&divergences), perplexity: perplexity(&hit), ..DensityMetrics::default() })
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Dataset, DensityHead};
    use super::*;

    fn run(head: DensityHead, task: Task, seed: u64, epochs: usize) -> DensitySettings {
        DensitySettings { dataset: Dataset::Gaussian, head, task, seed, epochs, samples: 1000 }
    }

    fn fitted(runs: &[DensitySettings]) -> Vec<DensityFit> {
        tch::set_num_threads(1);
        train(runs, || {}).expect("a fit")
    }

    #[test]
    fn every_head_learns_from_bins() {
        for head in [DensityHead::Linear {}, DensityHead::Mixture {}, DensityHead::TABLE] {
            // A mixture's means begin at the ends, where hardly a value is near enough to move them.
            let epochs = if head == (DensityHead::Mixture {}) { 200 } else { 40 };
            let before = &fitted(&[run(head, Task::Bins, 1, 1)])[0].metrics;
            let after = &fitted(&[run(head, Task::Bins, 1, epochs)])[0].metrics;
            let (Some(before), Some(after_kl)) = (before.kl, after.kl) else { panic!("no divergence") };
            assert!(after_kl < 0.5 * before, "{head:?}: {before} to {after_kl}");
            assert!(after.mse.is_some_and(|mse| mse < 0.04), "{head:?}: {after:?}");
            assert!(after.smoothness.is_some_and(|smoothness| smoothness.count == 200 && smoothness.mean > 0.0));
            let example = fitted(&[run(head, Task::Bins, 1, 1)]).swap_remove(0).example.expect("an example");
            for masses in [&example.truth, &example.learnt] {
                assert!(masses.len() == BINS && (masses.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{head:?}");
            }
        }
    }

    #[test]
    fn heads_with_a_density_learn_from_values() {
        for head in [DensityHead::Mixture {}, DensityHead::TABLE] {
            let metrics = &fitted(&[run(head, Task::Values, 1, 200)])[0].metrics;
            // The even density has perplexity 2 and a divergence of about 1.27.
            assert!(metrics.perplexity.is_some_and(|value| value < 1.2), "{head:?}: {metrics:?}");
            assert!(metrics.kl.is_some_and(|value| (0.0..0.9).contains(&value)), "{head:?}: {metrics:?}");
        }
    }

    #[test]
    fn the_regression_learns_the_mean() {
        let metrics = &fitted(&[run(DensityHead::Regression {}, Task::Bins, 1, 60)])[0].metrics;
        assert!(metrics.mse.is_some_and(|mse| mse < 0.04), "{metrics:?}");
        assert_eq!((metrics.kl, metrics.smoothness), (None, None));
    }

    #[test]
    fn a_run_does_not_depend_on_the_lanes_beside_it() {
        let penalised = DensityHead::Fourier { frequencies: 6, regularisation: 1e-6 };
        for head in [DensityHead::Linear {}, DensityHead::Mixture {}, DensityHead::Regression {}, penalised] {
            for task in [Task::Bins, Task::Values] {
                if run(head, task, 2, 3).check().is_err() {
                    continue;
                }
                let alone = fitted(&[run(head, task, 2, 3)]);
                let beside = fitted(&[run(head, task, 1, 3), run(head, task, 2, 3), run(head, task, 3, 3)]);
                assert_eq!(alone[0].metrics, beside[1].metrics, "{head:?} {task:?}");
                assert_ne!(beside[0].metrics, beside[1].metrics, "{head:?} {task:?}");
            }
        }
    }

    #[test]
    fn the_rate_falls_for_values_only() {
        let bins = run(DensityHead::TABLE, Task::Bins, 1, 500);
        let values = DensitySettings { task: Task::Values, ..bins.clone() };
        assert_eq!((rate(&bins, 0), rate(&bins, 499)), (1e-3, 1e-3));
        assert!((rate(&values, 0) - 1e-3).abs() < 1e-15 && (rate(&values, 250) - 5.005e-4).abs() < 1e-12);
        assert!(rate(&values, 499) > 1e-6 && rate(&values, 499) < 2e-6);
    }
}
