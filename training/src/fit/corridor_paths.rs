//! Data and loss of a corridor network on generated maps: whole paths as a planner computes them, and what they are worth.

use super::corridor::summary;
use super::data_summary::{DataSummary, REAL_ROWS, REAL_STREAM};
use super::error::FitError;
use super::task::StepLoss;
use super::trainer::to_vec;
use crate::dataset::corridors::{JudgedPath, PathBatch, PathObjective, generate, sha256};
use crate::network::TorchGraph;
use crate::recipe::{CorridorLoss, CorridorRecipe};
use planwright::planner::corridor::{CHANNELS, WINDOW};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::io::IsTerminal as _;
use tch::{Device, Kind, Tensor};

/// Generates the data and returns what export needs of them, and the loss of a step.
pub(super) fn data_and_loss(recipe: &CorridorRecipe) -> Result<(DataSummary, StepLoss<'static>), FitError> {
    let paths = generate(&recipe.data, std::io::stderr().is_terminal())?;
    let hash = sha256(paths.iter().map(|path| &path.expert));
    if paths.is_empty() {
        return Err(FitError::Data { expected: "maps with routes on them".to_owned(), got: "none".to_owned() });
    }
    let seed = recipe.training.seed;
    let fill = move |paths: &[JudgedPath], step: u64, count: usize, batch: &mut PathBatch| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step.wrapping_add(1));
        batch.clear();
        batch.draw(paths, count, &mut rng);
    };
    let mut batch = PathBatch::default();
    fill(&paths, REAL_STREAM, REAL_ROWS, &mut batch);
    let summary = summary(hash, &batch.features);
    let (network, count) = (recipe.network, recipe.training.batch);
    let mut worth = Worth::new(recipe.loss, recipe.smoothing_passes);
    let loss: StepLoss<'static> = Box::new(move |step, views, device| {
        fill(&paths, step, count, &mut batch);
        let shape = [batch.windows as i64, CHANNELS as i64, WINDOW as i64];
        let features = Tensor::from_slice(&batch.features).view(shape).to_device(device);
        let output = network.forward(&mut TorchGraph::new(views, device), CHANNELS, &features);
        worth.loss(&output.reshape([-1]), &batch, &paths, device)
    });
    Ok((summary, loss))
}

/// The loss of a batch, computed path by path outside of the tensors' graph.
struct Worth {
    weights: CorridorLoss,
    smoothing_passes: usize,
    objective: PathObjective,
    offsets: Vec<f64>,
    by_offset: Vec<f64>,
    by_output: Vec<f32>,
}

impl Worth {
    fn new(weights: CorridorLoss, smoothing_passes: usize) -> Self {
        let (offsets, by_offset, by_output) = (Vec::new(), Vec::new(), Vec::new());
        Self { weights, smoothing_passes, objective: PathObjective::default(), offsets, by_offset, by_output }
    }

    /// Mean over all knots of the batch; `output` is flat.
    fn loss(&mut self, output: &Tensor, batch: &PathBatch, paths: &[JudgedPath], device: Device) -> Tensor {
        let places = Tensor::from_slice(&batch.places).to_device(device);
        let shares = Tensor::from_slice(&batch.shares).to_device(device);
        let blended =
            Tensor::zeros([batch.knots as i64], (Kind::Float, device)).index_add(0, &places, &(output * shares));
        let outputs = to_vec(&blended.detach());
        self.by_output.clear();
        self.by_output.resize(batch.knots, 0.0);
        let mut value = 0.0;
        for drawn in &batch.paths {
            let path = &paths[drawn.path];
            drawn.offsets(path.expert.offsets.len(), self.smoothing_passes, &outputs, &mut self.offsets);
            value += self.objective.of(path, self.weights, &self.offsets, &mut self.by_offset);
            drawn.spread(self.smoothing_passes, &mut self.by_offset, &mut self.by_output);
        }
        let knots = batch.knots as f64;
        let slopes = Tensor::from_slice(&self.by_output).to_device(device) / knots;
        // A plane with these slopes: its value is replaced by the loss.
        let plane = (blended * slopes).sum(Kind::Float);
        &plane - plane.detach() + value / knots
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::corridors::CorridorSettings;

    #[test]
    fn a_step_down_the_slopes_lowers_the_loss() {
        let settings = CorridorSettings { maps: 7, goals: 1, starts: 2, bumps: 0, ..CorridorSettings::usual() };
        let paths = generate(&settings, false).expect("maps");
        let mut batch = PathBatch::default();
        batch.draw(&paths, 12, &mut ChaCha8Rng::seed_from_u64(3));
        let weights = CorridorLoss { offsets: 0.1, bend: 0.1, clearance: 200.0, time: 1.0 };
        let mut worth = Worth::new(weights, 2);
        let size = (batch.windows * WINDOW) as i64;
        let mut output = Tensor::zeros([size], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let mut values = Vec::new();
        for _ in 0..30 {
            let loss = worth.loss(&output, &batch, &paths, Device::Cpu);
            values.push(loss.double_value(&[]));
            loss.backward();
            output = (output.detach() - output.grad() * 0.5).set_requires_grad(true);
        }
        assert!(values[29] < 0.9 * values[0] && values.iter().all(|value| value.is_finite()), "{values:?}");
    }
}
