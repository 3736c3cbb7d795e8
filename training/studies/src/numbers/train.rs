//! The fit: Adam, batches of 64, a rate that falls epoch by epoch; and what comes of it on the test prompts.

use super::metrics::{Answer, measure};
use super::network::Network;
use super::run::NumberFit;
use super::settings::{BATCH, NumberSettings};
use super::task::Prompt;
use planwright_training::study::StudyError;
use planwright_training::study::ensemble::{EnsembleFit, check_loss, side_by_side};
use planwright_training::study::shuffle::RowOrders;
use tch::{Kind, Tensor};

/// Share of the first rate that is gone after the last epoch.
const RATE_FALL: f64 = 0.9;
/// Streams of a run's generator: this one and those after it order the prompts, epoch by epoch.
const ORDER_STREAM: u64 = 1000;
/// The test prompt that is kept whole: mean 0.55, deviation 0.10, two numbers, as in the text.
const EXAMPLE: usize = 32;

/// Trains runs of equal shape side by side and measures each on its test prompts. `on_epoch` is called after each epoch.
///
/// # Errors
/// If a loss leaves the finite numbers.
pub(super) fn train(runs: &[NumberSettings], on_epoch: impl FnMut()) -> Result<Vec<NumberFit>, StudyError> {
    let Some(first) = runs.first() else { return Ok(Vec::new()) };
    let Some(network) = Network::new(first)? else {
        return runs.iter().map(perfect).collect();
    };
    side_by_side(runs, |runs| train_lanes(&network, runs, on_epoch))
}

/// The true distributions as answers.
fn perfect(run: &NumberSettings) -> Result<NumberFit, StudyError> {
    let prompts = Prompt::test(run.seed);
    let one = |prompt: &Prompt| {
        let pmf = prompt.law().rounded_masses()?;
        Ok(Answer { drawn: pmf.clone(), model: pmf })
    };
    fitted(run, &prompts, &prompts.iter().map(one).collect::<Result<Vec<_>, StudyError>>()?, None, 0)
}

fn fitted(
    run: &NumberSettings,
    prompts: &[Prompt],
    answers: &[Answer],
    losses: Option<[f64; 2]>,
    parameters: usize,
) -> Result<NumberFit, StudyError> {
    let example = answers.get(EXAMPLE).map(|answer| answer.drawn.clone()).unwrap_or_default();
    Ok(NumberFit { metrics: measure(prompts, answers, run.seed)?, example, losses, parameters })
}

/// Rate of an epoch.
fn rate(run: &NumberSettings, epoch: usize) -> f64 {
    run.rate * (1.0 - RATE_FALL * epoch as f64 / run.epochs as f64)
}

fn train_lanes(
    network: &Network,
    runs: &[NumberSettings],
    mut on_epoch: impl FnMut(),
) -> Result<Vec<NumberFit>, StudyError> {
    let Some(run) = runs.first() else { return Ok(Vec::new()) };
    let (steps, width) = (network.steps() as i64, network.inputs() as i64);
    let (lanes, count, batch) = (runs.len() as i64, run.prompts as i64, BATCH as i64);
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for run in runs {
        for prompt in Prompt::train(run.prompts, run.seed) {
            let (input, target) = network.lesson(&prompt);
            inputs.extend(input);
            targets.extend(target);
        }
    }
    let inputs = Tensor::from_slice(&inputs).f_view([lanes, count, steps * width])?;
    let targets = Tensor::from_slice(&targets).f_view([lanes, count, steps])?;
    let mut fit = EnsembleFit::new(network.ensemble.initial(runs.iter().map(|run| run.seed)));
    let mut orders = RowOrders::new(runs.iter().map(|run| run.seed), run.prompts, ORDER_STREAM);
    let mut losses: Option<[f64; 2]> = None;
    for epoch in 0..run.epochs {
        let places = orders.of_epoch(epoch).unsqueeze(-1);
        let shuffled = |tensor: &Tensor| {
            let columns = tensor.size().last().copied().unwrap_or(1);
            tensor.gather(1, &places.expand([-1, -1, columns], false), false)
        };
        let (inputs, targets) = (shuffled(&inputs), shuffled(&targets));
        let epoch_rate = rate(run, epoch);
        let mut sum = 0.0;
        for first in (0..count).step_by(BATCH) {
            let rows = inputs.narrow(1, first, batch).reshape([lanes, batch * steps, width]);
            let loss = network.loss(&fit.parameters, &rows, &targets.narrow(1, first, batch));
            fit.step(&loss, epoch_rate, None);
            sum += loss.double_value(&[]);
        }
        let loss = sum * batch as f64 / count as f64;
        check_loss(runs, epoch, loss)?;
        losses = Some([losses.map_or(loss, |[first, _]| first), loss]);
        on_epoch();
    }
    answers(network, runs, &fit.parameters, losses)
}

fn answers(
    network: &Network,
    runs: &[NumberSettings],
    parameters: &Tensor,
    losses: Option<[f64; 2]>,
) -> Result<Vec<NumberFit>, StudyError> {
    let prompts: Vec<Vec<Prompt>> = runs.iter().map(|run| Prompt::test(run.seed)).collect();
    let questions: Vec<f32> = prompts.iter().flatten().flat_map(|prompt| network.question(prompt)).collect();
    let shape = [runs.len() as i64, -1, network.inputs() as i64];
    let questions = Tensor::from_slice(&questions).f_view(shape)?;
    let probabilities = tch::no_grad(|| network.probabilities(parameters, &questions));
    let mut all = Vec::with_capacity(runs.len());
    for ((run, prompts), lane) in runs.iter().zip(&prompts).zip(0..) {
        let rows = Vec::<Vec<f64>>::try_from(probabilities.get(lane).to_kind(Kind::Double))?;
        let answers: Vec<Answer> = rows
            .chunks(rows.len() / prompts.len().max(1))
            .map(|rows| {
                let numbers = |top_p| network.numbers(rows, top_p);
                Answer { drawn: numbers(run.head.top_p()), model: numbers(1.0) }
            })
            .collect();
        all.push(fitted(run, prompts, &answers, losses, network.ensemble.layout().len())?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::settings::NumberHead;
    use super::super::text::TextForm;
    use super::*;

    const HEADS: [NumberHead; 4] = [
        NumberHead::Linear {},
        NumberHead::TABLE,
        NumberHead::Text { form: TextForm::Digits },
        NumberHead::Text { form: TextForm::Pairs },
    ];

    fn runs(head: NumberHead, seeds: &[u64], epochs: usize) -> Vec<NumberSettings> {
        NumberSettings::TABLE.over(&[epochs], &[head], seeds).expect("runs")
    }

    fn fit(runs: &[NumberSettings]) -> Vec<NumberFit> {
        tch::set_num_threads(1);
        train(runs, || {}).expect("a fit")
    }

    #[test]
    fn losses_fall_and_answers_come_nearer_to_the_truth() {
        for head in HEADS {
            let (first, last) = (&fit(&runs(head, &[1], 1))[0], &fit(&runs(head, &[1], 40))[0]);
            let Some([begun, ended]) = last.losses else { panic!("{head:?}: no losses") };
            // Even answers have ln 200 = 5.3; the four Gaussians themselves about 4.
            assert!(begun < 6.0 && ended < begun - 0.5, "{head:?}: {begun} to {ended}");
            assert!(last.metrics.tvd_model < 0.7 * first.metrics.tvd_model, "{head:?}: {:?}", last.metrics);
            assert!(last.example.len() == 200 && (last.example.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_run_depends_on_its_seed_and_not_on_the_lanes_beside_it() {
        for head in HEADS {
            let alone = fit(&runs(head, &[2], 3));
            let beside = fit(&runs(head, &[1, 2, 3], 3));
            assert_eq!((&alone[0].metrics, &alone[0].example), (&beside[1].metrics, &beside[1].example), "{head:?}");
            assert_ne!(beside[0].metrics, beside[1].metrics, "{head:?}");
        }
    }

    #[test]
    fn perfection_is_not_trained() {
        let all = fit(&runs(NumberHead::Perfect {}, &[1, 2], 3));
        assert!(all.len() == 2 && all[0].losses.is_none() && all[0].metrics.tvd_exact < 0.03);
    }

    #[test]
    fn top_p_is_for_text_alone() {
        for head in HEADS {
            let metrics = &fit(&runs(head, &[1], 30))[0].metrics;
            let cut = metrics.tvd_exact != metrics.tvd_model;
            assert_eq!(cut, matches!(head, NumberHead::Text { .. }), "{head:?}");
        }
    }

    #[test]
    fn the_rate_falls_to_a_tenth() {
        let run = &runs(NumberHead::TABLE, &[1], 10)[0];
        assert!((rate(run, 0) - 3e-3).abs() < 1e-15 && (rate(run, 5) - 1.65e-3).abs() < 1e-15);
    }
}
