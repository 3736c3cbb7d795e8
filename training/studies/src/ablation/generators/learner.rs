//! What all fits share: flat parameters, AdamW, an average of the parameters, and a stream of randomness per step.

use super::{AblationSettings, FitCurve};
use planwright_training::dataset::Trajectories;
use planwright_training::fit::Moments;
use planwright_training::network::{ParameterSpec, Parameters};
use planwright_training::study::StudyError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::time::Instant;
use tch::{Device, Kind, Tensor};

/// The largest share of the average that a step leaves.
const AVERAGE_DECAY: f64 = 0.995;

/// A network after its fit.
pub(super) struct Fitted {
    /// Averaged parameters in the order of their declaration.
    pub(super) views: Vec<Tensor>,
    /// Steps of the trajectories.
    pub(super) horizon: usize,
    /// Coordinates per step.
    pub(super) columns: usize,
    threads: usize,
}

/// Of a generator whose parameters were not fitted yet.
pub(super) fn not_fitted() -> StudyError {
    StudyError::input("expected a fitted generator, got one before its fit")
}

impl Fitted {
    /// Lets libtorch compute as it did for the fit.
    pub(super) fn prepare(&self) {
        tch::set_num_threads(self.threads as i32);
    }

    /// Samples of the fitted shape, clipped to [-1, 1] as the data are.
    pub(super) fn finish(&self, mut values: Vec<f32>) -> Result<Trajectories, StudyError> {
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let sample = place / (self.horizon * self.columns).max(1);
            return Err(StudyError::input(format!(
                "expected finite samples, got {} in sample {sample}",
                values[place]
            )));
        }
        for value in &mut values {
            *value = value.clamp(-1.0, 1.0);
        }
        Ok(Trajectories { values, ..Trajectories::empty(self.horizon, self.columns) })
    }
}

/// Minimises `loss`, which sees the parameters and its step's own randomness.
pub(super) fn learn(
    specs: Vec<ParameterSpec>,
    data: &Trajectories,
    settings: &AblationSettings,
    mut loss: impl FnMut(&[Tensor], &mut ChaCha8Rng) -> Tensor,
) -> Result<(Fitted, FitCurve), StudyError> {
    tch::set_num_threads(settings.threads as i32);
    let started = Instant::now();
    let layout = Parameters::new(specs);
    let initial = layout.initial(settings.seed);
    let mut parameters = Tensor::from_slice(&initial).set_requires_grad(true);
    let mut average = Tensor::from_slice(&initial);
    let mut moments = Moments::zeros(layout.len(), Device::Cpu);
    let optimiser = settings.optimiser();
    let mut losses = Vec::new();
    for step in 0..settings.steps {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        // Stream 0 made the initial values.
        rng.set_stream(step + 1);
        let value = loss(&layout.views(&parameters), &mut rng);
        parameters.zero_grad();
        value.backward();
        let mut flat = parameters.detach();
        moments.update(&mut flat, &parameters.grad(), &optimiser, step, settings.steps);
        let decay = AVERAGE_DECAY.min((1.0 + step as f64) / (10.0 + step as f64));
        let _ = average.lerp_(&flat, 1.0 - decay);
        let value = value.double_value(&[]);
        if !value.is_finite() {
            let text = format!("expected a finite loss, got {value} at step {step}\nhint: lower the learning rate");
            return Err(StudyError::failed(text));
        }
        losses.push(value);
    }
    let fitted = Fitted {
        views: layout.views(&average),
        horizon: data.horizon,
        columns: data.columns,
        threads: settings.threads,
    };
    Ok((fitted, FitCurve { losses, secs: started.elapsed().as_secs_f64() }))
}

/// Rows of a batch, drawn with replacement.
pub(super) fn drawn_rows(rng: &mut ChaCha8Rng, count: usize, batch: usize) -> Tensor {
    let rows: Vec<i64> = (0..batch).map(|_| rng.random_range(0..count) as i64).collect();
    Tensor::from_slice(&rows)
}

/// A tensor of independent standard Gaussian values.
pub(super) fn gaussian(rng: &mut ChaCha8Rng, rows: usize, columns: usize) -> Tensor {
    let values: Vec<f32> = (0..rows * columns).map(|_| rng.sample(StandardNormal)).collect();
    Tensor::from_slice(&values).view([rows as i64, columns as i64])
}

/// All values of a tensor, row by row.
pub(super) fn plain(tensor: &Tensor) -> Result<Vec<f32>, StudyError> {
    Ok(Vec::try_from(tensor.to_kind(Kind::Float).contiguous().view([-1]))?)
}
