//! A causal Transformer over quantised states (H9a): the next token from all before it, drawn one after the other.

use super::layers::{Reader, layer_norm, linear, table};
use super::learner::{Fitted, drawn_rows, learn, not_fitted, plain};
use super::{AblationSettings, FitCurve, Generator, Vocabulary};
use planwright_training::dataset::Trajectories;
use planwright_training::network::ParameterSpec;
use planwright_training::study::StudyError;
use planwright_training::study::settings::{require, within};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// Trajectories that are drawn together.
const CHUNK: usize = 512;

/// Sizes of the Transformer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformerSpec {
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads, a divisor of the width.
    pub heads: usize,
    /// Most tokens that states are quantised to.
    pub tokens: usize,
}

impl Default for TransformerSpec {
    fn default() -> Self {
        Self { width: 64, layers: 2, heads: 4, tokens: 64 }
    }
}

/// Keys and values of the places already seen, one pair per block, each batch x heads x length x width / heads.
struct Cache {
    blocks: Vec<[Tensor; 2]>,
}

impl TransformerSpec {
    fn check(&self) -> Result<(), StudyError> {
        within("width", 1..=4096, self.width)?;
        within("layers", 1..=64, self.layers)?;
        within("heads", 1..=self.width, self.heads)?;
        within("tokens", 2..=65_536, self.tokens)?;
        let expected = format!("that divide the width of {}", self.width);
        require(self.width.is_multiple_of(self.heads), "heads", expected, self.heads)
    }

    /// One token more than the vocabulary has: the start.
    fn parameters(&self, length: usize, tokens: usize) -> Vec<ParameterSpec> {
        let width = self.width;
        let mut specs = vec![table("token", tokens + 1, width), table("place", length, width)];
        for block in 0..self.layers {
            specs.extend(layer_norm(&format!("block.{block}.before_attention"), width));
            specs.extend(linear(&format!("block.{block}.query_key_value"), width, 3 * width));
            specs.extend(linear(&format!("block.{block}.attended"), width, width));
            specs.extend(layer_norm(&format!("block.{block}.before_hidden"), width));
            specs.extend(linear(&format!("block.{block}.hidden"), width, 4 * width));
            specs.extend(linear(&format!("block.{block}.out"), 4 * width, width));
        }
        specs.extend(layer_norm("last", width));
        specs.extend(linear("logits", width, tokens));
        specs
    }

    /// Logits of the next tokens, batch x places x vocabulary, after `tokens` (batch x places), the first of which
    /// stands at place `from`. With a cache the places before `from` are those that filled it.
    fn logits(&self, views: &[Tensor], tokens: &Tensor, from: i64, mut cache: Option<&mut Cache>) -> Tensor {
        let mut reader = Reader::new(views);
        let (Some(token), Some(place)) = (reader.next(), reader.next()) else { return tokens * f64::NAN };
        let (batch, places) = tokens.size2().unwrap_or((0, 0));
        let heads = self.heads as i64;
        let width = self.width as i64;
        let mut x = Tensor::embedding(token, tokens, -1, false, false) + place.narrow(0, from, places).unsqueeze(0);
        for block in 0..self.layers {
            let normal = reader.layer_norm(&x);
            let joint = reader.linear(&normal).view([batch, places, 3, heads, width / heads]).permute([2, 0, 3, 1, 4]);
            let query = joint.get(0);
            let (mut key, mut value) = (joint.get(1), joint.get(2));
            if let Some([keys, values]) = cache.as_deref_mut().and_then(|cache| cache.blocks.get_mut(block)) {
                keys.narrow(2, from, places).copy_(&key);
                values.narrow(2, from, places).copy_(&value);
                key = keys.narrow(2, 0, from + places);
                value = values.narrow(2, 0, from + places);
            }
            // A single place may look at all before it; several must not look ahead.
            let causal = places > 1;
            let attended = Tensor::scaled_dot_product_attention(
                &query,
                &key,
                &value,
                None::<&Tensor>,
                0.0,
                causal,
                None::<f64>,
                false,
            );
            let attended = attended.transpose(1, 2).reshape([batch, places, width]);
            // Not `x +=`: that works in place, on values that the gradient still needs.
            x = reader.linear(&attended) + &x;
            let normal = reader.layer_norm(&x);
            let hidden = reader.linear(&normal).gelu("none");
            x = reader.linear(&hidden) + &x;
        }
        let normal = reader.layer_norm(&x);
        reader.linear(&normal)
    }

    fn cache(&self, batch: usize, length: usize) -> Cache {
        let shape = [batch, self.heads, length, self.width / self.heads].map(|size| size as i64);
        let zeros = || Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        Cache { blocks: (0..self.layers).map(|_| [zeros(), zeros()]).collect() }
    }
}

/// The generator.
pub struct Transformer {
    spec: TransformerSpec,
    fitted: Option<(Fitted, Vocabulary)>,
}

impl Transformer {
    /// Not yet fitted.
    pub fn new(spec: TransformerSpec) -> Self {
        Self { spec, fitted: None }
    }
}

impl Generator for Transformer {
    /// The losses are nats per token.
    fn fit(&mut self, data: &Trajectories, settings: &AblationSettings) -> Result<FitCurve, StudyError> {
        self.fitted = None;
        self.spec.check()?;
        settings.check(data)?;
        let vocabulary = Vocabulary::of(data, self.spec.tokens);
        let (count, length) = (data.len(), data.size() as i64);
        let start = vocabulary.len() as i64;
        let tokens: Vec<i64> = data.values.iter().map(|value| vocabulary.token(*value) as i64).collect();
        let tokens = Tensor::from_slice(&tokens).view([count as i64, length]);
        let starts = Tensor::full([settings.batch as i64, 1], start, (Kind::Int64, Device::Cpu));
        let loss = |views: &[Tensor], rng: &mut ChaCha8Rng| {
            let next = tokens.index_select(0, &drawn_rows(rng, count, settings.batch));
            let before = Tensor::cat(&[&starts, &next.narrow(1, 0, length - 1)], 1);
            let logits = self.spec.logits(views, &before, 0, None);
            logits.view([-1, start]).cross_entropy_for_logits(&next.reshape([-1]))
        };
        let specs = self.spec.parameters(data.size(), vocabulary.len());
        let (fitted, curve) = learn(specs, data, settings, loss)?;
        self.fitted = Some((fitted, vocabulary));
        Ok(curve)
    }

    fn sample(&self, count: usize, seed: u64) -> Result<Trajectories, StudyError> {
        let (fitted, vocabulary) = self.fitted.as_ref().ok_or_else(not_fitted)?;
        within("samples", 1..=100_000_000, count)?;
        fitted.prepare();
        let size = fitted.horizon * fitted.columns;
        let mut values = Vec::with_capacity(count * size);
        for first in (0..count).step_by(CHUNK) {
            let streams = first..(first + CHUNK).min(count);
            values.extend(tch::no_grad(|| self.draw(fitted, vocabulary, seed, streams))?);
        }
        fitted.finish(values)
    }
}

impl Transformer {
    /// The trajectories whose streams of randomness are `streams`.
    fn draw(
        &self,
        fitted: &Fitted,
        vocabulary: &Vocabulary,
        seed: u64,
        streams: std::ops::Range<usize>,
    ) -> Result<Vec<f32>, StudyError> {
        let batch = streams.len();
        let mut sources: Vec<ChaCha8Rng> = streams
            .map(|stream| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(stream as u64);
                rng
            })
            .collect();
        let length = fitted.horizon * fitted.columns;
        let mut cache = self.spec.cache(batch, length);
        let mut values = vec![0.0_f32; batch * length];
        let mut tokens = vec![vocabulary.len() as i64; batch];
        for place in 0..length {
            let last = Tensor::from_slice(&tokens).unsqueeze(-1);
            let logits = self.spec.logits(&fitted.views, &last, place as i64, Some(&mut cache));
            let shares = plain(&logits.softmax(-1, Kind::Float))?;
            let rows = shares.chunks_exact(vocabulary.len());
            let places = values.iter_mut().skip(place).step_by(length);
            for (((rng, row), token), value) in sources.iter_mut().zip(rows).zip(&mut tokens).zip(places) {
                let drawn = drawn_token(row, rng.random());
                *token = drawn as i64;
                *value = vocabulary.value(drawn);
            }
        }
        Ok(values)
    }
}

/// The token at which the running sum of shares passes `point` (in [0, 1)); NaN shares give none of the vocabulary.
fn drawn_token(shares: &[f32], point: f64) -> usize {
    let total: f64 = shares.iter().map(|share| f64::from(*share)).sum();
    if !(total > 0.0) {
        return shares.len();
    }
    let mut rest = point * total;
    let passes = |share: &f32| {
        rest -= f64::from(*share);
        rest < 0.0
    };
    shares.iter().position(passes).unwrap_or(shares.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_training::network::Parameters;

    #[test]
    fn drawing_follows_the_shares() {
        let shares = [0.25, 0.0, 0.5, 0.25];
        assert_eq!(
            [0.0, 0.2499, 0.25, 0.7499, 0.75, 0.9999].map(|point| drawn_token(&shares, point)),
            [0, 0, 2, 2, 3, 3]
        );
        assert_eq!(drawn_token(&[f32::NAN, 0.5], 0.3), 2);
    }

    #[test]
    fn the_cache_gives_the_logits_of_the_whole_and_nothing_looks_ahead() {
        let spec = TransformerSpec { width: 16, layers: 2, heads: 4, tokens: 8 };
        let layout = Parameters::new(spec.parameters(6, 8));
        let views = layout.views(&Tensor::from_slice(&layout.initial(1)));
        let tokens = Tensor::from_slice(&[8_i64, 1, 5, 2, 7, 0, 8, 3, 3, 6, 4, 1]).view([2, 6]);
        let whole = spec.logits(&views, &tokens, 0, None);
        let mut cache = spec.cache(2, 6);
        for place in 0..6 {
            let one = spec.logits(&views, &tokens.narrow(1, place, 1), place, Some(&mut cache));
            let apart = (one - whole.narrow(1, place, 1)).abs().max().double_value(&[]);
            assert!(apart < 1e-5, "place {place}: {apart}");
        }
        let other = Tensor::from_slice(&[8_i64, 1, 5, 2, 0, 6, 8, 3, 3, 6, 0, 0]).view([2, 6]);
        let changed = (spec.logits(&views, &other, 0, None) - whole).abs();
        assert!(changed.narrow(1, 0, 4).max().double_value(&[]) < 1e-6);
        assert!(changed.narrow(1, 4, 2).max().double_value(&[]) > 1e-3);
    }

    #[test]
    fn a_deterministic_rule_is_learnt() {
        // The next value depends on the one before: a cycle of four values from a random place.
        let cycle = [-0.75_f32, 0.25, 0.75, -0.25];
        let values = (0..400).flat_map(|index| (0..8).map(move |step| cycle[(index + step) % 4])).collect();
        let data = Trajectories { horizon: 8, columns: 1, values };
        let mut generator = Transformer::new(TransformerSpec { width: 16, layers: 1, heads: 2, tokens: 64 });
        let settings = AblationSettings { steps: 200, batch: 64, learning_rate: 1e-2, seed: 2, threads: 1 };
        generator.fit(&data, &settings).expect("a fit");
        let samples = generator.sample(200, 4).expect("samples");
        let follows = |pair: &[f32]| (0..4).any(|place| [cycle[place], cycle[(place + 1) % 4]] == pair);
        let right = samples.iter().filter(|sample| sample.windows(2).all(follows)).count();
        assert!(right > 180, "{right} of 200 follow the cycle");
    }
}
