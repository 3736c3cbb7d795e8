//! Data and loss of a goal-force planner: scenes simulated ahead, drawn as samples at every step, noised motions.

use super::data_summary::{DataSummary, REAL_ROWS, REAL_STREAM};
use super::denoising::Batch;
use super::error::FitError;
use super::task::StepLoss;
use crate::console::Progress;
use crate::dataset::goal_force::{MotionBatch, SceneSet};
use crate::network::TorchGraph;
use crate::recipe::GoalForceRecipe;
use planwright::diffusion::NoiseSchedule;
use planwright::model::{Column, MOTION_COLUMNS, Normaliser};
use planwright::planner::goal_force::UNIT_MOTION_PX;
use planwright::world::scene::{FRAME_SECS, FRAMES};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::io::IsTerminal as _;
use tch::{Device, Kind, Tensor};

/// Least place on the line between data and noise in the weight of a sample's loss.
const LEAST_NOISE: f64 = 0.15;

/// Simulates the scenes and returns what export needs of them, and the loss of a step.
pub(super) fn data_and_loss(recipe: &GoalForceRecipe) -> Result<(DataSummary, StepLoss<'static>), FitError> {
    let bar = Progress::new(recipe.data.scenes as u64, "scenes", std::io::stderr().is_terminal());
    let set = SceneSet::simulate(&recipe.data, &|| bar.advance(1));
    drop(bar);
    let sha256 = set.sha256();
    let schedule = NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?;
    let mut samples = Samples {
        drawn: MotionBatch::new(&recipe.goal_force),
        size: 2 * FRAMES * recipe.goal_force.cells(),
        set,
        schedule,
        recipe: recipe.clone(),
    };
    let mut batch = Batch::default();
    samples.draw(REAL_STREAM, REAL_ROWS, &mut batch);
    let summary = summary(sha256, &batch);
    let (network, count) = (recipe.network.clone(), recipe.training.batch);
    let cells = recipe.goal_force.cells() as i64;
    let convolutions = recipe.convolutions.kind();
    let loss: StepLoss<'static> = Box::new(move |step, views, device| {
        samples.draw(step, count, &mut batch);
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let shape = [count as i64, -1, cells];
        let noisy = place(&batch.noisy).view(shape);
        let scene = place(&batch.conditions).view(shape);
        let mut graph = TorchGraph::new(views, device).with_convolutions(convolutions);
        let predicted = network.forward(&mut graph, &noisy, &place(&batch.timesteps), &scene);
        weighted(&predicted, &place(&batch.clean).view(shape), &samples.weights(&batch.timesteps), device)
    });
    Ok((summary, loss))
}

/// Mean over the batch of the weighted mean squared error.
fn weighted(predicted: &Tensor, clean: &Tensor, weights: &[f32], device: Device) -> Tensor {
    let squares = (predicted - clean).square().mean_dim([1, 2].as_slice(), false, Kind::Float);
    (squares * Tensor::from_slice(weights).to_device(device)).mean(Kind::Float)
}

/// Samples of a step from the step's own stream of randomness.
struct Samples {
    set: SceneSet,
    drawn: MotionBatch,
    schedule: NoiseSchedule,
    recipe: GoalForceRecipe,
    size: usize,
}

impl Samples {
    fn draw(&mut self, step: u64, count: usize, batch: &mut Batch) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.recipe.training.seed);
        rng.set_stream(step.wrapping_add(1));
        self.drawn.clear();
        for _ in 0..count {
            self.drawn.draw(&self.set, &self.recipe.data, &mut rng);
        }
        batch.clear();
        for clean in self.drawn.motions.chunks_exact(self.size) {
            batch.push_noised(clean, &self.schedule, &[], &mut rng);
        }
        batch.clean.extend_from_slice(&self.drawn.motions);
        batch.conditions.extend_from_slice(&self.drawn.scenes);
    }

    /// 1 / s^2 with s the place on the line between data (0) and noise (1): the error of the clean motion then counts as
    /// that of the flow's velocity does.
    fn weights(&self, timesteps: &[f32]) -> Vec<f32> {
        let weight = |timestep: &f32| {
            let (signal, noise) = self.schedule.scales(Some(*timestep as usize));
            (noise / (noise + signal)).max(LEAST_NOISE).powi(-2) as f32
        };
        timesteps.iter().map(weight).collect()
    }
}

fn summary(sha256: String, real: &Batch) -> DataSummary {
    let column =
        |name: &str| Column { name: name.to_owned(), unit: "px per frame".to_owned(), frame: "image".to_owned() };
    let unit = UNIT_MOTION_PX as f32;
    let normaliser = Normaliser { low: vec![-unit; 2], high: vec![unit; 2] };
    DataSummary::plain(sha256, MOTION_COLUMNS.map(column).to_vec(), normaliser, FRAME_SECS, real.rows())
}
