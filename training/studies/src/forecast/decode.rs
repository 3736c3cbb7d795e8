//! Forecasts: paths that are sampled token by token.

use super::model::Model;
use super::tokens::{PAD, SPECIAL};
use crate::fourier::FourierError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

/// Contexts that are decoded at once.
const CHUNK: usize = 26;
/// Streams of a run's generator that decode, far from those that train.
const FIRST_STREAM: u64 = 1 << 40;

/// How paths are sampled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling {
    /// Paths per context.
    pub(super) samples: usize,
    /// Likeliest values that are sampled from.
    pub(super) top: usize,
    /// Seed.
    pub(super) seed: u64,
}

/// What is sampled for one context.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Forecast {
    /// One per sample, as long as the horizon.
    pub(super) paths: Vec<Vec<f64>>,
    /// Probabilities of all tokens along the first path, one row per step.
    pub(super) pmfs: Vec<Vec<f64>>,
    /// What values are divided by before they become tokens.
    pub(super) scale: f64,
}

fn floats(tensor: &Tensor) -> Result<Vec<f64>, FourierError> {
    Ok(Vec::<f64>::try_from(tensor.to_kind(Kind::Double).contiguous().view([-1]))?)
}

/// Forecasts `horizon` steps after each context. Pad and end are no values: their probability is not sampled from.
pub(super) fn forecast(
    model: &Model,
    views: &[Tensor],
    contexts: &[&[f64]],
    horizon: usize,
    sampling: Sampling,
) -> Result<Vec<Forecast>, FourierError> {
    let chunks = contexts.chunks(CHUNK).enumerate();
    let parts: Result<Vec<Vec<Forecast>>, FourierError> =
        chunks.map(|(index, chunk)| tch::no_grad(|| one(model, views, chunk, horizon, sampling, index))).collect();
    Ok(parts?.into_iter().flatten().collect())
}

fn one(
    model: &Model,
    views: &[Tensor],
    contexts: &[&[f64]],
    horizon: usize,
    sampling: Sampling,
    chunk: usize,
) -> Result<Vec<Forecast>, FourierError> {
    let (tokens, scales) = model.contexts(contexts)?;
    let memory = model.network.encode(views, &tokens);
    let (samples, rows) = (sampling.samples, contexts.len() * sampling.samples);
    let mut rngs: Vec<ChaCha8Rng> = (0..contexts.len())
        .map(|context| {
            let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
            rng.set_stream(FIRST_STREAM + (chunk * CHUNK + context) as u64);
            rng
        })
        .collect();
    let mut forecasts: Vec<Forecast> = scales
        .into_iter()
        .map(|scale| Forecast { paths: vec![Vec::with_capacity(horizon); samples], pmfs: Vec::new(), scale })
        .collect();
    let mut inputs = Tensor::full([rows as i64, 1], PAD, (Kind::Int64, tch::Device::Cpu));
    for step in 0..horizon {
        let features = model.network.decode(views, &memory, &inputs).select(1, step as i64);
        let masses = model.masses(views, &features);
        let values = masses.size().get(1).copied().unwrap_or_default() - SPECIAL;
        let likeliest = masses.narrow(1, SPECIAL, values).topk((sampling.top as i64).min(values), 1, true, true);
        let (shares, places) = (floats(&likeliest.0)?, Vec::<i64>::try_from(likeliest.1.contiguous().view([-1]))?);
        let top = shares.len() / rows.max(1);
        let mut next = Vec::with_capacity(rows);
        let drawn = shares.chunks(top).zip(places.chunks(top));
        for (row, (shares, places)) in drawn.enumerate() {
            let (context, sample) = (row / samples, row % samples);
            let (Some(rng), Some(forecast)) = (rngs.get_mut(context), forecasts.get_mut(context)) else { continue };
            let token = draw(shares, places, rng.random::<f64>()) + SPECIAL;
            let value = model.tokeniser.decode(token, forecast.scale)?;
            if sample == 0 {
                forecast.pmfs.push(floats(&masses.get(row as i64))?);
            }
            if let Some(path) = forecast.paths.get_mut(sample) {
                path.push(value);
            }
            next.push(token);
        }
        inputs = Tensor::cat(&[inputs, Tensor::from_slice(&next).view([rows as i64, 1])], 1);
    }
    Ok(forecasts)
}

/// The place at which the sum of the shares passes a portion of their total.
fn draw(shares: &[f64], places: &[i64], portion: f64) -> i64 {
    let target = portion * shares.iter().sum::<f64>();
    let mut sum = 0.0;
    let found = shares.iter().position(|share| {
        sum += share;
        sum > target
    });
    places.get(found.unwrap_or_default()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::settings::{ForecastSettings, Shared, Variant};
    use super::super::tokens::END;
    use super::*;

    #[test]
    fn draws_follow_the_shares() {
        let draw = |portion| draw(&[0.4, 0.2, 0.2], &[7, 8, 9], portion);
        assert_eq!([draw(0.0), draw(0.49), draw(0.51), draw(0.76), draw(0.999)], [7, 7, 8, 9, 9]);
    }

    /// A network that is sure of the tokens which are no values still samples values.
    #[test]
    fn pad_and_end_are_never_decoded_as_values() {
        let run = ForecastSettings { variant: Variant::LINEAR, seed: 1, shared: Shared::quick() };
        let model = Model::new(&run).expect("a model");
        let flat = Tensor::from_slice(&model.network.initial(1));
        let views = model.network.views(&flat);
        let bias = views.last().expect("a bias");
        for token in [PAD, END] {
            let _ = bias.get(token).fill_(50.0);
        }
        let history: Vec<f64> = (0..40).map(|step| 3.0 + f64::from(step % 4)).collect();
        let sampling = Sampling { samples: 4, top: 1000, seed: 5 };
        let forecasts = forecast(&model, &views, &[&history, &history[..20]], 6, sampling).expect("forecasts");
        for forecast in &forecasts {
            assert!(forecast.pmfs.iter().all(|pmf| pmf[0] + pmf[1] > 0.999));
            assert_eq!((forecast.paths.len(), forecast.paths[3].len(), forecast.pmfs.len()), (4, 6, 6));
            let limit = 15.0 * forecast.scale;
            assert!(forecast.paths.iter().flatten().all(|value| value.abs() < limit));
        }
        assert_ne!(forecasts[0].paths[0], forecasts[0].paths[1]);
        let again = forecast(&model, &views, &[&history, &history[..20]], 6, sampling).expect("forecasts");
        assert_eq!(forecasts, again);
    }
}
