//! The encoder and the decoder: T5's layers at a small size.
//!
//! As T5: normalisation before every layer by the root mean square alone, no biases, ReLU. Other than T5: positions are
//! learnt, one table for contexts (aligned at their end) and one for horizons that go on from them, and the tables of
//! positions and tokens start as sinusoids, so that a short training need not find out first that bins are in order.
//! The input table is not tied to the head, which would have no table to share.

use super::settings::{ForecastSettings, Lengths, Sizes};
use super::tokens::PAD;
use planwright_training::head::{Head, HeadWeights, Objective};
use planwright_training::network::{Init, ParameterSpec, Parameters};
use planwright_training::study::StudyError;
use std::f64::consts::PI;
use tch::{Kind, Tensor};

/// Waves across the token table, from half a one to this many.
const TOKEN_WAVES: f64 = 256.0;
/// Waves across the positions, from half a one to this many.
const POSITION_WAVES: f64 = 48.0;

/// Parameters, and how they are run.
pub(super) struct Network {
    sizes: Sizes,
    lengths: Lengths,
    tokens: usize,
    layout: Parameters,
    pub(super) head: Head,
}

/// Hands out views in the order of the calls.
struct Views<'v> {
    views: std::slice::Iter<'v, Tensor>,
    spare: Tensor,
}

impl<'v> Views<'v> {
    fn new(views: &'v [Tensor]) -> Self {
        // Never handed out: the layout has a view for every call.
        Self { views: views.iter(), spare: Tensor::zeros([1], (Kind::Float, tch::Device::Cpu)) }
    }

    fn next(&mut self) -> Tensor {
        self.views.next().unwrap_or(&self.spare).shallow_clone()
    }
}

/// What the encoder made of contexts.
pub(super) struct Memory {
    /// contexts x steps x width.
    values: Tensor,
    /// contexts x 1 x 1 x steps: where something is known.
    known: Tensor,
}

impl Memory {
    pub(super) fn contexts(&self) -> i64 {
        self.values.size().first().copied().unwrap_or_default()
    }
}

fn normalise(x: &Tensor, weight: &Tensor) -> Tensor {
    x * (x.square().mean_dim(-1, true, None::<Kind>).g_add_scalar(1e-6)).rsqrt() * weight
}

impl Network {
    /// Of a run.
    pub(super) fn new(run: &ForecastSettings) -> Result<Self, StudyError> {
        let (sizes, lengths, tokens) = (run.shared.network, run.shared.lengths, run.shared.tokens);
        let head = Head::new(run.variant.spec(tokens), 1)?;
        let Sizes { width, feed_forward, .. } = sizes;
        let mut specs = Vec::new();
        let mut matrix = |name: String, rows: usize, columns: usize| {
            let init = Init::Uniform(1.0 / (columns as f64).sqrt());
            specs.push(ParameterSpec { name, shape: vec![rows as i64, columns as i64], init });
        };
        matrix("tokens".to_owned(), tokens, width);
        matrix("positions.context".to_owned(), lengths.context + 1, width);
        matrix("positions.horizon".to_owned(), lengths.horizon + 1, width);
        let mut norms = Vec::new();
        for stack in ["encoder", "decoder"] {
            for layer in 0..sizes.layers {
                let name = |part: &str| format!("{stack}.{layer}.{part}");
                matrix(name("self.in"), 3 * width, width);
                matrix(name("self.out"), width, width);
                norms.push(name("self.norm"));
                if stack == "decoder" {
                    matrix(name("cross.query"), width, width);
                    matrix(name("cross.memory"), 2 * width, width);
                    matrix(name("cross.out"), width, width);
                    norms.push(name("cross.norm"));
                }
                matrix(name("feed.in"), feed_forward, width);
                matrix(name("feed.out"), width, feed_forward);
                norms.push(name("feed.norm"));
            }
            norms.push(format!("{stack}.norm"));
        }
        specs.extend(norms.into_iter().map(|name| ParameterSpec {
            name,
            shape: vec![width as i64],
            init: Init::Constant(1.0),
        }));
        specs.extend(head.parameters("head", width, Objective::Classification)?);
        Ok(Self { sizes, lengths, tokens, layout: Parameters::new(specs), head })
    }

    /// Named shapes, in flat order.
    pub(super) fn specs(&self) -> &[ParameterSpec] {
        self.layout.specs()
    }

    /// Initial values in flat order.
    pub(super) fn initial(&self, seed: u64) -> Vec<f32> {
        let mut values = self.layout.initial(seed);
        let context = self.lengths.context + 1;
        let span = (context + self.lengths.horizon + 1) as f64;
        let tokens = (0..self.tokens).map(|token| (token as f64 / self.tokens as f64, TOKEN_WAVES));
        // One axis of time through both tables.
        let positions = (0..context + self.lengths.horizon + 1).map(|step| (step as f64 / span, POSITION_WAVES));
        let rows = values.chunks_exact_mut(self.sizes.width);
        for (row, (place, waves)) in rows.zip(tokens.chain(positions)) {
            let pairs = (self.sizes.width / 2).max(2) as f64;
            for (index, pair) in row.chunks_exact_mut(2).enumerate() {
                let frequency = 0.5 * (2.0 * waves).powf(index as f64 / (pairs - 1.0));
                let (sin, cos) = (2.0 * PI * frequency * place).sin_cos();
                for (value, wave) in pair.iter_mut().zip([sin, cos]) {
                    *value = wave as f32;
                }
            }
        }
        values
    }

    /// Views of a flat tensor.
    pub(super) fn views(&self, flat: &Tensor) -> Vec<Tensor> {
        self.layout.views(flat)
    }

    /// Queries x keys and values, all .. x steps x width, `seen` where a key may answer.
    fn attend(&self, queries: &Tensor, keys: &Tensor, values: &Tensor, seen: &Tensor) -> Tensor {
        let heads = self.sizes.heads as i64;
        let width = (self.sizes.width / self.sizes.heads) as i64;
        let split = |x: &Tensor| x.unflatten(-1, [heads, width]).transpose(1, 2);
        let (queries, keys, values) = (split(queries), split(keys), split(values));
        let answer =
            Tensor::scaled_dot_product_attention(&queries, &keys, &values, Some(seen), 0.0, false, None, false);
        answer.transpose(1, 2).flatten(2, 3)
    }

    fn views_of<'v>(&self, views: &'v [Tensor]) -> [Views<'v>; 4] {
        let matrices = self.sizes.layers * 4;
        let cross = self.sizes.layers * 7;
        let norms = 3 + matrices + cross;
        let encoder_norms = 2 * self.sizes.layers + 1;
        let part = |from: usize, to: usize| Views::new(views.get(from..to).unwrap_or_default());
        [
            part(3, 3 + matrices),
            part(norms, norms + encoder_norms),
            part(3 + matrices, norms),
            part(norms + encoder_norms, norms + encoder_norms + 3 * self.sizes.layers + 1),
        ]
    }

    fn self_attention(&self, x: &Tensor, maps: &mut Views<'_>, norms: &mut Views<'_>, seen: &Tensor) -> Tensor {
        let parts = normalise(x, &norms.next()).linear(&maps.next(), None::<&Tensor>).chunk(3, -1);
        let out = maps.next();
        match parts.as_slice() {
            [queries, keys, values] => x + self.attend(queries, keys, values, seen).linear(&out, None::<&Tensor>),
            _ => x.shallow_clone(),
        }
    }

    fn feed_forward(x: &Tensor, maps: &mut Views<'_>, norms: &mut Views<'_>) -> Tensor {
        let inner = normalise(x, &norms.next()).linear(&maps.next(), None::<&Tensor>).relu();
        x + inner.linear(&maps.next(), None::<&Tensor>)
    }

    fn embed(&self, tokens: &Tensor, views: &[Tensor], positions: usize) -> Tensor {
        let mut tables = Views::new(views);
        let table = tables.next();
        let place = (0..positions).fold(table.shallow_clone(), |_, _| tables.next());
        let steps = tokens.size().get(1).copied().unwrap_or_default();
        Tensor::embedding(&table, tokens, -1, false, false) + place.narrow(0, 0, steps)
    }

    /// Contexts x (steps + 1) tokens.
    pub(super) fn encode(&self, views: &[Tensor], tokens: &Tensor) -> Memory {
        let [mut maps, mut norms, ..] = self.views_of(views);
        let known = tokens.ne(PAD).unsqueeze(1).unsqueeze(1);
        let mut x = self.embed(tokens, views, 1);
        for _ in 0..self.sizes.layers {
            x = self.self_attention(&x, &mut maps, &mut norms, &known);
            x = Self::feed_forward(&x, &mut maps, &mut norms);
        }
        Memory { values: normalise(&x, &norms.next()), known }
    }

    /// Features after each token: rows x steps x width, for rows x steps tokens, the same number of rows per context.
    pub(super) fn decode(&self, views: &[Tensor], memory: &Memory, tokens: &Tensor) -> Tensor {
        let [_, _, mut maps, mut norms] = self.views_of(views);
        let steps = tokens.size().get(1).copied().unwrap_or_default();
        let earlier = Tensor::ones([steps, steps], (Kind::Bool, tokens.device())).tril(0);
        let mut x = self.embed(tokens, views, 2);
        let (rows, width) = (x.size().first().copied().unwrap_or_default(), self.sizes.width as i64);
        for _ in 0..self.sizes.layers {
            x = self.self_attention(&x, &mut maps, &mut norms, &earlier);
            let queries = normalise(&x, &norms.next()).linear(&maps.next(), None::<&Tensor>);
            let memories = memory.values.linear(&maps.next(), None::<&Tensor>).chunk(2, -1);
            let out = maps.next();
            if let [keys, values] = memories.as_slice() {
                // All rows of a context ask it at once.
                let queries = queries.view([memory.contexts(), -1, width]);
                let answer = self.attend(&queries, keys, values, &memory.known);
                // Not in place: the gradient still needs the old one.
                x = answer.reshape([rows, steps, width]).linear(&out, None::<&Tensor>) + &x;
            }
            x = Self::feed_forward(&x, &mut maps, &mut norms);
        }
        normalise(&x, &norms.next())
    }

    /// The head's affine map.
    pub(super) fn raw(&self, views: &[Tensor], features: &Tensor) -> Tensor {
        let first = views.len().saturating_sub(2);
        match self.head.weights(views.get(first..).unwrap_or_default()) {
            Some(HeadWeights { weight, bias, .. }) => features.linear(&weight, Some(&bias)),
            None => features.shallow_clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Shared, Variant};
    use super::super::tokens::END;
    use super::*;

    fn network() -> (Network, Vec<Tensor>) {
        let run = ForecastSettings { variant: Variant::LINEAR, seed: 1, shared: Shared::quick() };
        let network = Network::new(&run).expect("a network");
        let views = network.views(&Tensor::from_slice(&network.initial(1)));
        (network, views)
    }

    fn context(values: &[i64]) -> Tensor {
        let mut tokens = vec![PAD; 32 - values.len()];
        tokens.extend(values);
        tokens.push(END);
        Tensor::from_slice(&tokens).view([1, -1])
    }

    fn differ(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn all_parameters_are_used_and_have_a_gradient() {
        let (network, _) = network();
        let flat = Tensor::from_slice(&network.initial(1)).set_requires_grad(true);
        let views = network.views(&flat);
        let all: Vec<i64> = (2..34).collect();
        let memory = network.encode(&views, &context(&all));
        let features =
            network.decode(&views, &memory, &Tensor::arange(25, (Kind::Int64, tch::Device::Cpu)).view([1, -1]));
        let loss = network.raw(&views, &features).square().sum(None::<Kind>);
        let gradient = Tensor::run_backward(&[&loss], &[&flat], false, false).swap_remove(0);
        for (view, spec) in network.views(&gradient).iter().zip(network.specs()) {
            assert!(view.abs().max().double_value(&[]) > 0.0, "{}", spec.name);
        }
        assert_eq!(features.size(), [1, 25, 16]);
    }

    #[test]
    fn padding_says_nothing_and_later_tokens_are_hidden() {
        let (network, views) = network();
        let tokens = Tensor::from_slice(&[PAD, 9, 10]).view([1, -1]);
        let out = |context: &Tensor, tokens: &Tensor| network.decode(&views, &network.encode(&views, context), tokens);
        let base = out(&context(&[5, 6]), &tokens);
        let mut changed = network.views(&Tensor::from_slice(&network.initial(1)));
        // Another row for the padding token changes only the start token of the decoder.
        changed[0] = views[0].copy();
        let _ = changed[0].get(PAD).fill_(7.0);
        let known = network.encode(&changed, &context(&[5, 6]));
        let memory = network.encode(&views, &context(&[5, 6]));
        assert!(differ(&known.values.narrow(1, 30, 3), &memory.values.narrow(1, 30, 3)) < 1e-6);
        let later = out(&context(&[5, 6]), &Tensor::from_slice(&[PAD, 9, 200]).view([1, -1]));
        assert!(differ(&base.narrow(1, 0, 2), &later.narrow(1, 0, 2)) < 1e-6);
        assert!(differ(&base, &later) > 1e-3);
        assert!(differ(&base, &out(&context(&[5, 200]), &tokens)) > 1e-4);
    }

    #[test]
    fn rows_of_one_context_are_decoded_as_if_alone() {
        let (network, views) = network();
        let contexts = Tensor::cat(&[context(&[5, 6, 7]), context(&[80, 81])], 0);
        let tokens = Tensor::from_slice(&[PAD, 9, PAD, 10, PAD, 11, PAD, 12]).view([4, 2]);
        let together = network.decode(&views, &network.encode(&views, &contexts), &tokens);
        let alone = network.decode(&views, &network.encode(&views, &context(&[80, 81])), &tokens.narrow(0, 2, 2));
        assert!(differ(&together.narrow(0, 2, 2), &alone) < 1e-5);
    }
}
