//! Batched ensemble of networks that read prompts.
//!
//! The numbers of a prompt have no order that matters: each goes through the same layer of 16, their mean stands beside
//! mean, deviation and count, and two layers of 64 and the head follow.
//! Where the head writes text, one row of the network is one step: it reads the prompt and what has been written.

use super::settings::{NumberHead, NumberSettings};
use super::task::{FEATURES, MOST_SHOWN, PLAIN, Prompt, bin_of};
use super::text::TextForm;
use planwright_training::head::{Head, Objective};
use planwright_training::study::StudyError;
use planwright_training::study::ensemble::{Ensemble, affine, perceptron};
use tch::{Kind, Tensor};

/// Runs of equal shape.
pub(super) struct Network {
    ending: Ending,
    pub(super) ensemble: Ensemble,
}

enum Ending {
    Bins(Box<Head>),
    Text(TextForm),
}

/// What is made of each number of a prompt.
const NUMBER_WIDTH: usize = 16;

impl Network {
    /// For runs like this one; `None` if there is no network.
    pub(super) fn new(run: &NumberSettings) -> Result<Option<Self>, StudyError> {
        let (ending, context) = match (run.head.spec(), run.head) {
            (Some(spec), _) => (Ending::Bins(Box::new(Head::new(spec, 1)?)), 0),
            (None, NumberHead::Text { form }) => (Ending::Text(form), form.context()),
            (None, _) => return Ok(None),
        };
        let mut specs = [
            affine("number", 1, NUMBER_WIDTH),
            affine("hidden.0", PLAIN + NUMBER_WIDTH + context, run.width),
            affine("hidden.1", run.width, run.width),
        ]
        .concat();
        match &ending {
            Ending::Bins(head) => specs.extend(head.parameters("head", run.width, Objective::Classification)?),
            Ending::Text(form) => specs.extend(affine("head", run.width, form.steps().iter().sum())),
        }
        Ok(Some(Self { ending, ensemble: Ensemble::new(specs) }))
    }

    /// Rows of the network for one training prompt.
    pub(super) fn steps(&self) -> usize {
        match self.ending {
            Ending::Bins(_) => 1,
            Ending::Text(form) => form.steps().len(),
        }
    }

    /// Inputs of one row.
    pub(super) fn inputs(&self) -> usize {
        match self.ending {
            Ending::Bins(_) => FEATURES,
            Ending::Text(form) => FEATURES + form.context(),
        }
    }

    /// Inputs (a row per step) and targets (one per step) of a prompt with its answer.
    pub(super) fn lesson(&self, prompt: &Prompt) -> (Vec<f32>, Vec<i64>) {
        let features = prompt.features();
        match self.ending {
            Ending::Bins(_) => (features, vec![bin_of(prompt.answer) as i64]),
            Ending::Text(form) => {
                let tokens = form.tokens(prompt.answer);
                let row = |step: usize| [features.as_slice(), &form.written(&tokens, step)].concat();
                ((0..tokens.len()).flat_map(row).collect(), tokens.iter().map(|token| *token as i64).collect())
            }
        }
    }

    /// Inputs that ask for the distribution of a prompt's answer: one row, or one for everything that text may have
    /// written before its last token.
    pub(super) fn question(&self, prompt: &Prompt) -> Vec<f32> {
        let features = prompt.features();
        match self.ending {
            Ending::Bins(_) => features,
            Ending::Text(form) => {
                let row = |prefix: &Vec<usize>| [features.as_slice(), &form.written(prefix, prefix.len())].concat();
                form.prefixes().iter().flat_map(row).collect()
            }
        }
    }

    /// Outputs of the last affine map for inputs that are lanes x rows x inputs.
    fn raw(&self, parameters: &Tensor, inputs: &Tensor) -> Tensor {
        let lanes = inputs.size().first().copied().unwrap_or_default();
        let mut views = self.ensemble.views(parameters);
        let mut values = inputs.shallow_clone();
        if let (Some(weight), Some(bias)) = (views.next(), views.next()) {
            let (plain, shown) = (PLAIN as i64, MOST_SHOWN as i64);
            let numbers = inputs.narrow(-1, plain, shown).unsqueeze(-1);
            let there = inputs.narrow(-1, plain + shown, shown).unsqueeze(-1);
            let layer = |view: Tensor| view.view([lanes, 1, 1, NUMBER_WIDTH as i64]);
            let each = (numbers * layer(weight) + layer(bias)).relu() * &there;
            let sum = |tensor: &Tensor| tensor.sum_dim_intlist(-2, false, None::<Kind>);
            let mean = sum(&each) / sum(&there).clamp_min(1.0);
            let written = inputs.narrow(-1, FEATURES as i64, self.inputs() as i64 - FEATURES as i64);
            values = Tensor::cat(&[inputs.narrow(-1, 0, plain), mean, written], -1);
        }
        perceptron(values, 3, &mut views)
    }

    /// Mean negative log-likelihood of the answers, over lanes and prompts. Inputs are lanes x (prompts x steps) x
    /// inputs, targets lanes x prompts x steps.
    pub(super) fn loss(&self, parameters: &Tensor, inputs: &Tensor, targets: &Tensor) -> Tensor {
        let raw = self.raw(parameters, inputs);
        let likelihood = |logits: &Tensor, targets: &Tensor| {
            let classes = logits.size().last().copied().unwrap_or(1);
            logits.reshape([-1, classes]).log_softmax(-1, None::<Kind>).nll_loss(&targets.reshape([-1]))
        };
        match &self.ending {
            Ending::Bins(head) => likelihood(&head.logits(&raw, None), targets),
            Ending::Text(form) => {
                let raw = raw.unflatten(1, [-1, form.steps().len() as i64]);
                let mut offset = 0;
                let mut sum = Tensor::from(0.0_f32);
                for (size, step) in form.steps().iter().zip(0..) {
                    let logits = raw.select(2, step).narrow(-1, offset, *size as i64);
                    sum += likelihood(&logits, &targets.select(2, step));
                    offset += *size as i64;
                }
                sum
            }
        }
    }

    /// Probabilities of what the network says to questions, lanes x rows x inputs: lane by lane, row by row. Of text,
    /// those of each step stand beside each other.
    pub(super) fn probabilities(&self, parameters: &Tensor, inputs: &Tensor) -> Tensor {
        let raw = self.raw(parameters, inputs);
        let softmax = |logits: &Tensor| logits.to_kind(Kind::Double).softmax(-1, None::<Kind>);
        match &self.ending {
            Ending::Bins(head) => softmax(&head.logits(&raw, None)).squeeze_dim(2),
            Ending::Text(form) => {
                let sizes: Vec<i64> = form.steps().iter().map(|size| *size as i64).collect();
                let steps: Vec<Tensor> = raw.split_with_sizes(sizes.as_slice(), -1).iter().map(softmax).collect();
                Tensor::cat(&steps, -1)
            }
        }
    }

    /// The distribution over the numbers' bins from the probabilities of one prompt's question.
    pub(super) fn numbers(&self, rows: &[Vec<f64>], top_p: f64) -> Vec<f64> {
        match self.ending {
            Ending::Bins(_) => rows.first().cloned().unwrap_or_default(),
            Ending::Text(form) => {
                let next: Vec<Vec<f64>> = form
                    .prefixes()
                    .iter()
                    .zip(rows)
                    .map(|(prefix, row)| {
                        let steps = form.steps();
                        let before: usize = steps.iter().take(prefix.len()).sum();
                        let size = steps.get(prefix.len()).copied().unwrap_or_default();
                        row.iter().skip(before).take(size).copied().collect()
                    })
                    .collect();
                form.numbers(&next, top_p)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(head: NumberHead) -> Network {
        Network::new(&NumberSettings { head, ..NumberSettings::TABLE }).expect("lanes").expect("a network")
    }

    #[test]
    fn networks_are_small_and_perfection_needs_none() {
        let count = |head| lanes(head).ensemble.layout().len();
        let trunk = 32 + 19 * 64 + 64 + 64 * 64 + 64;
        assert_eq!(count(NumberHead::Linear {}), trunk + 65 * 200);
        assert_eq!(count(NumberHead::TABLE), trunk + 65 * 18);
        assert_eq!(count(NumberHead::Text { form: TextForm::Digits }), trunk + 12 * 64 + 65 * 22);
        let perfect = NumberSettings { head: NumberHead::Perfect {}, ..NumberSettings::TABLE };
        assert!(Network::new(&perfect).expect("no error").is_none());
    }

    /// The sum of the steps' losses is the negative logarithm of what the answer's number has in the distribution.
    #[test]
    fn the_loss_is_the_likelihood_of_the_number() {
        for form in [TextForm::Digits, TextForm::Pairs] {
            let lanes = lanes(NumberHead::Text { form });
            let parameters = lanes.ensemble.initial([1, 2].into_iter());
            let prompt = Prompt { gaussian: 1, shown: vec![4, -30], answer: -37 };
            let (inputs, targets) = lanes.lesson(&prompt);
            let both = |values: &Tensor, shape: &[i64]| Tensor::stack(&[values, values], 0).view(shape);
            let (steps, width) = (lanes.steps() as i64, lanes.inputs() as i64);
            let inputs = both(&Tensor::from_slice(&inputs), &[2, steps, width]);
            let loss = lanes.loss(&parameters, &inputs, &both(&Tensor::from_slice(&targets), &[2, 1, steps]));
            let question = Tensor::from_slice(&lanes.question(&prompt));
            let probabilities = lanes.probabilities(&parameters, &both(&question, &[2, -1, width]));
            let mut mean = 0.0;
            for lane in 0..2 {
                let rows = Vec::<Vec<f64>>::try_from(probabilities.get(lane)).expect("rows");
                let pmf = lanes.numbers(&rows, 1.0);
                assert!((pmf.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                mean -= 0.5 * pmf[bin_of(-37)].ln();
            }
            assert!((loss.double_value(&[]) - mean).abs() < 1e-5, "{form:?} {mean}");
        }
    }
}
