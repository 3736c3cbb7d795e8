//! Loss and probabilities of a run's network with its tokens and its head.

use super::loss::FastFourier;
use super::network::Network;
use super::pool::Window;
use super::settings::ForecastSettings;
use super::tokens::{PAD, Tokeniser};
use planwright_training::study::StudyError;
use tch::{Kind, Tensor};

/// All parts of a run but its parameters.
pub(super) struct Model {
    pub(super) network: Network,
    pub(super) tokeniser: Tokeniser,
    fast: Option<FastFourier>,
    context: usize,
}

/// Tokens of an optimiser step.
pub(super) struct Batch {
    contexts: Tensor,
    /// What the decoder is given: a start, then the labels but the last.
    inputs: Tensor,
    labels: Tensor,
}

impl Model {
    /// Of a run.
    pub(super) fn new(run: &ForecastSettings) -> Result<Self, StudyError> {
        run.check()?;
        Ok(Self {
            network: Network::new(run)?,
            tokeniser: Tokeniser::new(run.variant.binning, run.shared.tokens)?,
            fast: FastFourier::new(&run.variant.spec(run.shared.tokens))?,
            context: run.shared.lengths.context,
        })
    }

    /// Contexts as tokens, contexts x (steps + 1), with their scales.
    pub(super) fn contexts(&self, contexts: &[&[f64]]) -> Result<(Tensor, Vec<f64>), StudyError> {
        let mut tokens = Vec::new();
        let mut scales = Vec::new();
        for context in contexts {
            let known = context.get(context.len().saturating_sub(self.context)..).unwrap_or_default();
            let scale = Tokeniser::scale(known);
            tokens.extend(self.tokeniser.context(known, scale, self.context)?);
            scales.push(scale);
        }
        Ok((Tensor::from_slice(&tokens).view([contexts.len() as i64, -1]), scales))
    }

    /// Windows of equal horizon as tokens.
    pub(super) fn batch(&self, windows: &[Window]) -> Result<Batch, StudyError> {
        let known: Vec<&[f64]> = windows.iter().map(|window| window.context.as_slice()).collect();
        let (contexts, scales) = self.contexts(&known)?;
        let (mut inputs, mut labels) = (Vec::new(), Vec::new());
        for (window, scale) in windows.iter().zip(scales) {
            let answer = self.tokeniser.labels(&window.future, scale)?;
            inputs.push(PAD);
            inputs.extend(answer.iter().take(window.future.len()));
            labels.extend(answer);
        }
        let rows = windows.len() as i64;
        let inputs = Tensor::from_slice(&inputs).view([rows, -1]);
        Ok(Batch { contexts, inputs, labels: Tensor::from_slice(&labels) })
    }

    /// Mean cross-entropy under teacher forcing, plus the head's penalty.
    pub(super) fn loss(&self, views: &[Tensor], batch: &Batch) -> Tensor {
        let memory = self.network.encode(views, &batch.contexts);
        let features = self.network.decode(views, &memory, &batch.inputs).flatten(0, 1);
        let raw = self.network.raw(views, &features);
        match &self.fast {
            None => raw.cross_entropy_for_logits(&batch.labels),
            Some(fast) => {
                let loss = fast.cross_entropy(&raw, &batch.labels);
                match fast.penalty(&raw) {
                    Some(penalty) => loss + penalty,
                    None => loss,
                }
            }
        }
    }

    /// Probabilities of all tokens, rows x tokens, from features, rows x width.
    pub(super) fn masses(&self, views: &[Tensor], features: &Tensor) -> Tensor {
        let raw = self.network.raw(views, features);
        match &self.fast {
            None => raw.softmax(-1, Kind::Float),
            Some(fast) => fast.masses(&raw),
        }
    }
}
