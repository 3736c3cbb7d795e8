//! Fits a denoiser to rows of any kind: a system's trajectories, weighted or conditioned, or codes.

use super::batch::Batch;
use super::denoising::{DenoiserRecipe, denoiser_fit};
use super::recipe::TrainingSettings;
use super::run::{FitError, FitOptions, FitReport, Run};
use crate::dataset::Trajectories;
use crate::network::NetworkSpec;
use planwright::diffusion::{NoiseSchedule, ScheduleKind};
use planwright::model::Prediction;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The noise, and what the network says about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceDiffusion {
    /// Family of the schedule.
    pub schedule: ScheduleKind,
    /// Training steps T.
    pub steps: usize,
    /// What the network says.
    pub prediction: Prediction,
}

/// A denoiser of rows; the rows themselves come from whoever asks for the fit, and are hashed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceRecipe {
    /// Name of the model and of its run folder.
    pub name: String,
    /// Time steps of a row, H.
    pub horizon: usize,
    /// The denoiser.
    pub network: NetworkSpec,
    /// The noise.
    pub diffusion: SequenceDiffusion,
    /// Whether first and last step are given (inpainted), in training as in sampling.
    #[serde(default)]
    pub endpoints_fixed: bool,
    /// Share of rows whose condition is left out, for classifier-free guidance.
    #[serde(default)]
    pub condition_drop: f64,
    /// The fit.
    pub training: TrainingSettings,
    /// SHA-256 of the recipe of the fit whose parameters this one starts from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_from: Option<String>,
    /// SHA-256 of rows, weights and conditions, hex.
    pub data_sha256: String,
}

impl DenoiserRecipe for SequenceRecipe {
    fn network(&self) -> &NetworkSpec {
        &self.network
    }

    fn horizon(&self) -> usize {
        self.horizon
    }

    fn prediction(&self) -> Prediction {
        self.diffusion.prediction
    }

    fn is_fixed(&self, step: usize, _column: usize) -> bool {
        self.endpoints_fixed && (step == 0 || step == self.horizon - 1)
    }
}

denoiser_fit!(SequenceRecipe);

/// What a denoiser is fitted to.
#[derive(Clone, Debug, Default)]
pub struct SequenceData {
    /// Normalised rows.
    pub rows: Trajectories,
    /// How often each row is drawn, relative to the others; evenly if empty.
    pub weights: Vec<f64>,
    /// Condition vectors, N x width; empty if the network takes none.
    pub conditions: Vec<f32>,
}

impl SequenceData {
    /// SHA-256 of everything, hex.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        hash.update((self.rows.horizon as u64).to_le_bytes());
        hash.update((self.rows.columns as u64).to_le_bytes());
        for value in self.rows.values.iter().chain(&self.conditions) {
            hash.update(value.to_le_bytes());
        }
        for weight in &self.weights {
            hash.update(weight.to_le_bytes());
        }
        planwright::files::hex(&hash.finalize())
    }

    /// Refuses what cannot be drawn from.
    fn check(&self, recipe: &SequenceRecipe) -> Result<(), FitError> {
        let wrong = |expected: String, got: String| Err(FitError::Data { expected, got });
        let (rows, columns) = (self.rows.len(), recipe.network.columns);
        if rows == 0 || (self.rows.horizon, self.rows.columns) != (recipe.horizon, columns) {
            let got = format!("{rows} of {} x {}", self.rows.horizon, self.rows.columns);
            return wrong(format!("rows of {} steps x {columns} columns", recipe.horizon), got);
        }
        if let Some(place) = self.rows.values.iter().position(|value| !value.is_finite()) {
            return wrong("finite rows".to_owned(), format!("NaN or infinity in row {}", place / self.rows.size()));
        }
        let weights = self.weights.iter().all(|weight| *weight >= 0.0 && weight.is_finite());
        if !self.weights.is_empty()
            && (self.weights.len() != rows || !weights || !(self.weights.iter().sum::<f64>() > 0.0))
        {
            return wrong(format!("{rows} finite weights of at least 0, not all 0"), format!("{}", self.weights.len()));
        }
        let width = recipe.network.condition.map_or(0, |condition| condition.width);
        if self.conditions.len() != rows * width {
            return wrong(format!("{rows} x {width} condition values"), self.conditions.len().to_string());
        }
        Ok(())
    }
}

/// Fits a recipe to data. The recipe's `data_sha256` is filled in.
///
/// # Errors
/// See [`FitError`]; whatever happens, the last checkpoint on disk is whole.
pub fn fit_sequences(
    recipe: &SequenceRecipe,
    data: &SequenceData,
    options: &FitOptions,
) -> Result<FitReport, FitError> {
    data.check(recipe)?;
    let recipe = SequenceRecipe { data_sha256: data.sha256(), ..recipe.clone() };
    let schedule = NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?;
    let run = Run::open(&recipe, options)?;
    let cumulative: Vec<f64> = data
        .weights
        .iter()
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    run.drive(&recipe.data_sha256, |step, count, batch| draw(&recipe, data, &cumulative, &schedule, step, count, batch))
}

/// Eight rows with noise at random levels, from a stream that no training step reaches: what the parity gate sees.
pub(crate) fn real_rows(recipe: &SequenceRecipe, data: &SequenceData, count: usize) -> Result<Batch, FitError> {
    data.check(recipe)?;
    let schedule = NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?;
    let mut batch = Batch::default();
    draw(recipe, data, &[], &schedule, u64::MAX - 1, count, &mut batch);
    Ok(batch)
}

/// The batch of a step, from the step's own stream of randomness.
fn draw(
    recipe: &SequenceRecipe,
    data: &SequenceData,
    cumulative: &[f64],
    schedule: &NoiseSchedule,
    step: u64,
    count: usize,
    batch: &mut Batch,
) {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.training.seed);
    rng.set_stream(step.wrapping_add(1));
    for part in [&mut batch.clean, &mut batch.noise, &mut batch.noisy, &mut batch.timesteps, &mut batch.conditions] {
        part.clear();
    }
    batch.count = count;
    let width = recipe.network.condition.map_or(0, |condition| condition.width);
    let size = data.rows.size();
    let edges = recipe.network.columns;
    for _ in 0..count {
        let row = match cumulative.last() {
            Some(total) => {
                let target = rng.random::<f64>() * total;
                cumulative.partition_point(|sum| *sum <= target).min(cumulative.len() - 1)
            }
            None => rng.random_range(0..data.rows.len()),
        };
        let clean = data.rows.get(row);
        let timestep = rng.random_range(0..schedule.steps());
        let (signal, noise) = schedule.scales(Some(timestep));
        batch.timesteps.push(timestep as f32);
        batch.clean.extend_from_slice(clean);
        let start = batch.noisy.len();
        for value in clean {
            let epsilon: f32 = rng.sample(StandardNormal);
            batch.noise.push(epsilon);
            batch.noisy.push(signal as f32 * value + noise as f32 * epsilon);
        }
        if recipe.endpoints_fixed {
            for range in [0..edges, size - edges..size] {
                batch.noisy[start..][range.clone()].copy_from_slice(&clean[range]);
            }
        }
        if width > 0 {
            if rng.random::<f64>() < recipe.condition_drop {
                batch.conditions.extend(std::iter::repeat_n(0.0, width));
            } else {
                batch.conditions.extend_from_slice(&data.conditions[row * width..(row + 1) * width]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::DeviceName;
    use crate::fit::OptimiserSettings;
    use crate::network::ConditionSpec;

    fn recipe(condition: bool) -> SequenceRecipe {
        SequenceRecipe {
            name: "test".to_owned(),
            horizon: 8,
            network: NetworkSpec {
                columns: 1,
                base_channels: 8,
                multipliers: vec![1, 2],
                kernel: 3,
                groups: 4,
                condition: condition.then_some(ConditionSpec { width: 4, channels: 2 }),
            },
            diffusion: SequenceDiffusion { schedule: ScheduleKind::Cosine, steps: 20, prediction: Prediction::Noise },
            endpoints_fixed: true,
            condition_drop: 0.5,
            training: TrainingSettings {
                steps: 60,
                batch: 16,
                seed: 3,
                device: DeviceName::Cpu,
                checkpoint_every: 30,
                optimiser: OptimiserSettings {
                    learning_rate: 3e-3,
                    warmup_steps: 5,
                    final_share: 0.1,
                    weight_decay: 1e-4,
                    clip_norm: 1.0,
                },
                average_decay: 0.9,
            },
            starts_from: None,
            data_sha256: String::new(),
        }
    }

    fn data(condition: bool) -> SequenceData {
        let rows = Trajectories { horizon: 8, columns: 1, values: (0..80).map(|v| (v / 8) as f32 / 10.0).collect() };
        let conditions = if condition { (0..40).map(|v| v as f32 / 40.0).collect() } else { Vec::new() };
        SequenceData { rows, weights: Vec::new(), conditions }
    }

    #[test]
    fn batches_keep_endpoints_weights_and_dropped_conditions() {
        let recipe = recipe(true);
        let schedule = NoiseSchedule::new(ScheduleKind::Cosine, 20).expect("steps");
        let data = data(true);
        let mut batch = Batch::default();
        // Only the last row has weight.
        let cumulative = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0];
        draw(&recipe, &data, &cumulative, &schedule, 0, 64, &mut batch);
        assert!(batch.clean.iter().all(|value| *value == 0.9));
        assert!(batch.noisy.chunks(8).all(|row| row[0] == 0.9 && row[7] == 0.9 && row[3] != 0.9));
        let dropped = batch.conditions.chunks(4).filter(|row| **row == [0.0; 4]).count();
        assert!((10..54).contains(&dropped), "{dropped} of 64 dropped");
        let mut again = Batch::default();
        draw(&recipe, &data, &cumulative, &schedule, 0, 64, &mut again);
        assert_eq!((batch.noisy, batch.noise), (again.noisy, again.noise));
    }

    #[test]
    fn a_fit_lowers_its_loss_and_resumes_where_it_stopped() {
        for condition in [false, true] {
            let folder = tempfile::tempdir().expect("a folder");
            let options = |name: &str, resume, until| FitOptions {
                folder: folder.path().join(name),
                resume,
                until,
                device: None,
                progress: false,
                initial: None,
            };
            let (recipe, data) = (recipe(condition), data(condition));
            let whole = fit_sequences(&recipe, &data, &options("whole", false, None)).expect("a fit");
            assert!(whole.loss.is_some_and(|loss| loss < 1.2), "{whole:?}");
            fit_sequences(&recipe, &data, &options("parts", false, Some(30))).expect("the first half");
            fit_sequences(&recipe, &data, &options("parts", true, None)).expect("the second half");
            let bytes = |name: &str| std::fs::read(folder.path().join(name).join("checkpoint.safetensors")).ok();
            assert_eq!(bytes("whole"), bytes("parts"));
        }
    }

    #[test]
    fn data_that_do_not_fit_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = FitOptions {
            folder: folder.path().to_owned(),
            resume: false,
            until: None,
            device: None,
            progress: false,
            initial: None,
        };
        let mut nan = data(false);
        nan.rows.values[9] = f32::NAN;
        let weights = SequenceData { weights: vec![0.0; 10], ..data(false) };
        let conditions = SequenceData { conditions: vec![0.0; 3], ..data(false) };
        for wrong in [SequenceData::default(), nan, weights, conditions] {
            let refused = fit_sequences(&recipe(false), &wrong, &options);
            assert!(matches!(refused, Err(FitError::Data { .. })), "{refused:?}");
        }
    }
}
