//! Data and loss of a denoiser of sequences of any kind: a system's trajectories, weighted or conditioned, or codes.

use super::data_summary::{DataSummary, REAL_ROWS, REAL_STREAM};
use super::denoising::{Batch, Denoising};
use super::error::FitError;
use super::run::{FitOptions, FitReport, Run};
use super::task::{StepLoss, Task};
use crate::dataset::Trajectories;
use crate::recipe::{Recipe, SequenceRecipe};
use crate::transform::DecoderTables;
use planwright::diffusion::NoiseSchedule;
use planwright::model::{Column, ConditionSpec, Normaliser, QuantitySpec, TransformSpec, WorldSpec};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Units, world and quantity of the sequences of a fit.
#[derive(Clone, Debug)]
pub struct SequenceDescription {
    /// Names and units of the columns.
    pub columns: Vec<Column>,
    /// Physical values that map to -1 and 1, per column.
    pub normaliser: Normaliser,
    /// Seconds between time steps.
    pub step_secs: f64,
    /// The quantity and its intended distribution.
    pub quantity: Option<QuantitySpec>,
    /// Range and guidance of the condition; its width is the network's.
    pub condition: Option<ConditionSpec>,
    /// Code space and decoder.
    pub transform: Option<(TransformSpec, DecoderTables)>,
    /// The world, for a planner of a robot; with a transform the family is `MazeTransform`.
    pub world: Option<WorldSpec>,
    /// How the data were made, beside the fit's recipe.
    pub recipe: serde_json::Value,
}

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

    /// Checks shapes, weights and finiteness.
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

/// Fits a recipe to data that the caller made. The recipe's `data_sha256` is filled in.
///
/// # Errors
/// See [`FitError`]; whatever happens, the last checkpoint on disk is whole.
pub fn fit_sequences(
    recipe: &SequenceRecipe,
    data: &SequenceData,
    description: &SequenceDescription,
    options: &FitOptions,
) -> Result<FitReport, FitError> {
    data.check(recipe)?;
    let settings = recipe;
    let recipe = match (&description.transform, &description.world) {
        (Some(_), Some(_)) => Recipe::MazeTransform(settings.clone()),
        _ => Recipe::SequenceDiffusion(settings.clone()),
    };
    let run = Run::open(&recipe, options)?;
    let (summary, loss) = data_and_loss(settings, data, description)?;
    run.drive(Task::new(&recipe, summary, loss))
}

/// What export needs of the data, and the loss of a step.
fn data_and_loss<'a>(
    recipe: &SequenceRecipe,
    data: &'a SequenceData,
    description: &SequenceDescription,
) -> Result<(DataSummary, StepLoss<'a>), FitError> {
    let source = SequenceBatches::new(recipe, data)?;
    let mut real = Batch::default();
    source.draw(false, REAL_STREAM, REAL_ROWS, &mut real);
    let (transform, decoder) = description.transform.clone().unzip();
    let summary = DataSummary {
        sha256: data.sha256(),
        columns: description.columns.clone(),
        normaliser: description.normaliser.clone(),
        step_secs: description.step_secs,
        world: description.world.clone(),
        quantity: description.quantity.clone(),
        condition: description.condition.clone().filter(|_| recipe.network.condition.is_some()),
        transform,
        policy: None,
        made: Some(description.recipe.clone()),
        real: real.rows(),
        decoder,
    };
    let prediction = recipe.diffusion.prediction;
    let denoising = Denoising::new(&recipe.network, recipe.horizon, prediction, &source.given);
    let (count, mut batch) = (recipe.training.batch, Batch::default());
    let loss: StepLoss<'a> = Box::new(move |step, views, device| {
        source.draw(true, step, count, &mut batch);
        denoising.loss(views, &batch, device)
    });
    Ok((summary, loss))
}

/// Batches of noised sequences.
struct SequenceBatches<'a> {
    data: &'a SequenceData,
    /// Sums of the weights up to each sequence; empty where all weigh the same.
    cumulative: Vec<f64>,
    schedule: NoiseSchedule,
    /// Values of a sequence that stay clean.
    given: Vec<Range<usize>>,
    condition_width: usize,
    condition_drop: f64,
    seed: u64,
}

impl<'a> SequenceBatches<'a> {
    fn new(recipe: &SequenceRecipe, data: &'a SequenceData) -> Result<Self, FitError> {
        let sum = |sum: &mut f64, weight: &f64| {
            *sum += weight;
            Some(*sum)
        };
        let (size, edges) = (data.rows.size(), recipe.network.columns);
        let ends = if recipe.endpoints_fixed { vec![0..edges, size - edges..size] } else { Vec::new() };
        Ok(Self {
            data,
            cumulative: data.weights.iter().scan(0.0, sum).collect(),
            schedule: NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?,
            given: ends,
            condition_width: recipe.network.condition.map_or(0, |condition| condition.width),
            condition_drop: recipe.condition_drop,
            seed: recipe.training.seed,
        })
    }

    /// The batch of a step, from the step's own stream of randomness; all sequences equally often unless `weighted`.
    fn draw(&self, weighted: bool, step: u64, count: usize, batch: &mut Batch) {
        let Self { data, condition_width: width, .. } = self;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step.wrapping_add(1));
        batch.clear();
        let cumulative = if weighted { self.cumulative.as_slice() } else { &[] };
        for _ in 0..count {
            let row = match cumulative.last() {
                Some(total) => {
                    let target = rng.random::<f64>() * total;
                    cumulative.partition_point(|sum| *sum <= target).min(cumulative.len() - 1)
                }
                None => rng.random_range(0..data.rows.len()),
            };
            let clean = data.rows.get(row);
            batch.clean.extend_from_slice(clean);
            batch.push_noised(clean, &self.schedule, &self.given, &mut rng);
            if *width > 0 {
                if rng.random::<f64>() < self.condition_drop {
                    batch.conditions.extend(std::iter::repeat_n(0.0, *width));
                } else {
                    batch.conditions.extend_from_slice(&data.conditions[row * width..(row + 1) * width]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{ConditionSpec, NetworkSpec};
    use crate::recipe::{DeviceName, MuonSettings, OptimiserSettings, SequenceDiffusion, TrainingSettings};
    use planwright::diffusion::ScheduleKind;
    use planwright::model::Prediction;

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
                    muon: None,
                },
                average_decay: 0.9,
                starts_from: None,
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

    fn description() -> SequenceDescription {
        let column = Column { name: "state".to_owned(), unit: "1".to_owned(), frame: String::new() };
        SequenceDescription {
            columns: vec![column],
            normaliser: Normaliser { low: vec![-1.0], high: vec![1.0] },
            step_secs: 1.0,
            quantity: None,
            condition: None,
            transform: None,
            world: None,
            recipe: serde_json::Value::Null,
        }
    }

    #[test]
    fn batches_keep_endpoints_weights_and_dropped_conditions() {
        let recipe = recipe(true);
        // Only the last row has weight.
        let weights = vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0];
        let data = SequenceData { weights, ..data(true) };
        let source = SequenceBatches::new(&recipe, &data).expect("a schedule");
        let mut batch = Batch::default();
        source.draw(true, 0, 64, &mut batch);
        assert!(batch.clean.iter().all(|value| *value == 0.9));
        assert!(batch.noisy.chunks(8).all(|row| row[0] == 0.9 && row[7] == 0.9 && row[3] != 0.9));
        let dropped = batch.conditions.chunks(4).filter(|row| **row == [0.0; 4]).count();
        assert!((10..54).contains(&dropped), "{dropped} of 64 dropped");
        let mut again = Batch::default();
        source.draw(true, 0, 64, &mut again);
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
            let (mut recipe, data) = (recipe(condition), data(condition));
            // Muon keeps its momentum in the checkpoint too.
            recipe.training.optimiser.muon = condition.then_some(MuonSettings { learning_rate: 3e-3, momentum: 0.95 });
            let whole = fit_sequences(&recipe, &data, &description(), &options("whole", false, None)).expect("a fit");
            assert!(whole.loss.is_some_and(|loss| loss < 1.2), "{whole:?}");
            fit_sequences(&recipe, &data, &description(), &options("parts", false, Some(30))).expect("the first half");
            fit_sequences(&recipe, &data, &description(), &options("parts", true, None)).expect("the second half");
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
            let refused = fit_sequences(&recipe(false), &wrong, &description(), &options);
            assert!(matches!(refused, Err(FitError::Data { .. })), "{refused:?}");
        }
    }
}
