//! Samples of an exported model, its error, and the file that samples are kept in.

use super::mitigation::requested_values;
use super::prepare::{Prepared, REWEIGHT_BINS};
use super::recipe::SystemPlan;
use indicatif::{ProgressBar, ProgressStyle};
use planwright::diffusion::{Denoiser, NoiseSchedule};
use planwright::planner::{SequenceGenerator, SequenceRequest};
use planwright::quantity::{Marginal, QuantityGrid};
use planwright_training::dataset::Trajectories;
use planwright_training::fit::SequenceData;
use planwright_training::recipe::SequenceRecipe;
use planwright_training::study::StudyError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::path::Path;

/// Rows that the runtime samples at once.
pub(crate) const BATCH: usize = 100;
/// Data rows on which a model's error is measured.
const ERROR_ROWS: usize = 500;
/// Distance of the seeds of sampling from those of the fit, whose streams have been used.
pub(super) const SAMPLING_SEED_OFFSET: u64 = 0x5A17;

/// Normalised samples of the exported model, with conditions and endpoints as the method wants them.
pub(crate) fn sample(
    generator: &mut SequenceGenerator,
    prepared: &Prepared,
    fitted: &SequenceRecipe,
    plan: &SystemPlan,
    seed: u64,
    progress: bool,
) -> Result<Trajectories, StudyError> {
    let count = plan.generated;
    let mut conditions = Vec::new();
    if let Some(condition) = &prepared.condition {
        let [low, high] = plan.system.range;
        let intended = Marginal::uniform(QuantityGrid::new(low, high, REWEIGHT_BINS)?, low, high)?;
        for value in requested_values(&intended, count, seed) {
            conditions.extend(condition.features(value)?);
        }
    }
    let mut endpoints = Vec::new();
    if fitted.endpoints_fixed {
        let rows = &prepared.rows.rows;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..count {
            let row = rows.get(rng.random_range(0..rows.len()));
            endpoints.extend_from_slice(&row[..rows.columns]);
            endpoints.extend_from_slice(&row[row.len() - rows.columns..]);
        }
    }
    let bar = if progress { ProgressBar::new(count as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} samples  {eta} left") {
        bar.set_style(style);
    }
    let request = SequenceRequest {
        count,
        seed: seed.wrapping_add(SAMPLING_SEED_OFFSET),
        conditions: (!conditions.is_empty()).then_some(&conditions),
        endpoints: (!endpoints.is_empty()).then_some(&endpoints),
    };
    let values = generator.generate(&request, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    Ok(Trajectories { values, ..Trajectories::empty(fitted.horizon, fitted.network.columns) })
}

/// Mean squared error per coordinate of the predicted clean rows at one noise level: the model's overall error in data
/// space that a kernel's scale is matched to.
pub(crate) fn model_error(
    generator: &mut SequenceGenerator,
    fitted: &SequenceRecipe,
    data: &SequenceData,
    schedule: &NoiseSchedule,
    timestep: usize,
) -> Result<f64, StudyError> {
    let size = data.rows.size();
    let mut rng = ChaCha8Rng::seed_from_u64(fitted.training.seed);
    rng.set_stream(u64::MAX - 3);
    let (signal, noise) = schedule.scales(Some(timestep));
    let (mut sum, mut count) = (0.0, 0_usize);
    let edges = if fitted.endpoints_fixed { data.rows.columns } else { 0 };
    let mut clean_prediction = vec![0.0; BATCH * size];
    for _ in 0..ERROR_ROWS.div_ceil(BATCH) {
        let clean: Vec<f32> =
            (0..BATCH).flat_map(|_| data.rows.get(rng.random_range(0..data.rows.len())).iter().copied()).collect();
        let noisy: Vec<f32> = clean
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let place = index % size;
                let epsilon: f32 = rng.sample(StandardNormal);
                let fixed = place < edges || place >= size - edges;
                if fixed { *value } else { signal as f32 * value + noise as f32 * epsilon }
            })
            .collect();
        generator
            .denoiser()
            .denoise(&noisy, timestep, &mut clean_prediction)
            .map_err(planwright::planner::PlanError::from)?;
        for (predicted, clean) in clean_prediction.iter().zip(&clean) {
            sum += f64::from(predicted.clamp(-1.0, 1.0) - clean).powi(2);
            count += 1;
        }
    }
    Ok(sum / count.max(1) as f64)
}

/// Physical samples as N x H x C.
pub(crate) fn write_samples(path: &Path, samples: &Trajectories) -> Result<(), StudyError> {
    use ndarray_npy::WriteNpyExt;
    let io = |source| StudyError::Io { path: path.to_owned(), source };
    let shape = (samples.len(), samples.horizon, samples.columns);
    let array = ndarray::Array3::from_shape_vec(shape, samples.values.clone())
        .map_err(|error| io(std::io::Error::other(error)))?;
    planwright::files::write_atomically(path, |file| array.write_npy(file).map_err(std::io::Error::other)).map_err(io)
}

/// Reads what [`write_samples`] wrote.
pub(crate) fn read_samples(path: &Path) -> Result<Trajectories, StudyError> {
    use ndarray_npy::ReadNpyExt;
    let io = |source| StudyError::Io { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    let array = ndarray::Array3::<f32>::read_npy(file).map_err(|error| io(std::io::Error::other(error)))?;
    let (_, horizon, columns) = array.dim();
    Ok(Trajectories { values: array.into_iter().collect(), ..Trajectories::empty(horizon, columns) })
}
