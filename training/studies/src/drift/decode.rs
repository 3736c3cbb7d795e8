//! Sampled codes decoded to trajectories by the exported file's own decoder.

use super::measure::{admissible, weighted_marginal};
use planwright::planner::SequenceGenerator;
use planwright::quantity::Marginal;
use planwright_training::dataset::Trajectories;
use planwright_training::study::StudyError;
use planwright_training::transform::System;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the samples of a transform decode to.
pub(super) struct DecodedSamples {
    /// Every neighbour's trajectory, samples x k.
    pub(super) neighbours: Trajectories,
    /// Their weights; those of one sample sum to one.
    pub(super) weights: Vec<f64>,
    /// One trajectory per sample, drawn by its weights.
    pub(super) drawn: Trajectories,
}

impl DecodedSamples {
    /// Of trajectories of this shape.
    pub(super) fn empty(horizon: usize, columns: usize) -> Self {
        let none = Trajectories::empty(horizon, columns);
        Self { neighbours: none.clone(), weights: Vec::new(), drawn: none }
    }

    /// Adds one sample: the weights and trajectories of its neighbours.
    pub(super) fn push(&mut self, weights: &[f32], trajectories: &[f32], rng: &mut ChaCha8Rng) {
        self.weights.extend(weights.iter().map(|weight| f64::from(*weight)));
        self.neighbours.values.extend_from_slice(trajectories);
        let mut left = rng.random::<f32>();
        let mut chosen = 0;
        for (place, weight) in weights.iter().enumerate() {
            chosen = place;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        let size = self.drawn.size();
        self.drawn.values.extend_from_slice(&trajectories[chosen * size..(chosen + 1) * size]);
    }

    /// The distribution over all neighbours by their weights; of the drawn trajectories those that count, and how many
    /// do not.
    pub(super) fn measured(&self, system: &dyn System) -> Result<(Marginal, Trajectories, usize), StudyError> {
        let (kept, dropped) = admissible(system, &self.drawn);
        Ok((weighted_marginal(system, &self.neighbours, &self.weights)?, kept, dropped))
    }
}

/// Decodes normalised codes with the exported file's own decoder.
pub(super) fn decode(
    generator: &mut SequenceGenerator,
    batch: usize,
    codes: &Trajectories,
    seed: u64,
) -> Result<DecodedSamples, StudyError> {
    let (horizon, columns, size) = (codes.horizon, codes.columns, codes.size());
    let mut done = DecodedSamples::empty(horizon, columns);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for chunk in codes.values.chunks(batch * size) {
        let rows = chunk.len() / size;
        let mut padded = chunk.to_vec();
        padded.resize(batch * size, 0.0);
        let decoded = generator.denoiser().decode(&padded).map_err(planwright::planner::PlanError::from)?;
        let Some(decoded) = decoded else { continue };
        let neighbours = decoded.weights.len() / batch;
        for row in 0..rows {
            let weights = &decoded.weights[row * neighbours..(row + 1) * neighbours];
            let trajectories = &decoded.trajectories[row * neighbours * size..(row + 1) * neighbours * size];
            done.push(weights, trajectories, &mut rng);
        }
    }
    Ok(done)
}
