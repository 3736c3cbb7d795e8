//! Data and loss of a policy: windows of episodes, cross-entropy of the actions' bins.

use super::data_summary::{DataSummary, REAL_ROWS, REAL_STREAM, Row, world_spec};
use super::error::FitError;
use super::task::StepLoss;
use crate::dataset::episodes::{RecordedEpisode, drive, sha256};
use crate::head::{Head, HeadSettings};
use crate::network::{PolicyNetworkSpec, TorchGraph};
use crate::recipe::{ACTION_DIMENSIONS as DIMENSIONS, PolicyRecipe};
use planwright::density::{Binning, DensityError};
use planwright::model::{ActionSpec, Column, HeadSpec, Normaliser, POLICY_COLUMNS, PolicySpec, ReturnSpec};
use planwright::world::STEP_SECS;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

const COLUMNS: usize = POLICY_COLUMNS.len();

/// Generates the episodes and returns what export needs of them, and the loss of a step.
pub(super) fn data_and_loss(recipe: &PolicyRecipe) -> Result<(DataSummary, StepLoss<'static>), FitError> {
    let episodes = drive(&recipe.data)?;
    let data = PolicyData::new(recipe, episodes, recipe.action_bins()?)?;
    let summary = data.summary(recipe)?;
    let objective = Objective { network: recipe.network(), head: Head::new(recipe.head.clone(), DIMENSIONS)? };
    let (count, mut batch) = (recipe.training.batch, PolicyBatch::default());
    let loss: StepLoss<'static> = Box::new(move |step, views, device| {
        data.draw(step, count, &mut batch);
        objective.loss(views, &batch, device)
    });
    Ok((summary, loss))
}

/// Cross-entropy of the bins that were hit, over the known steps, plus the head's smoothness penalty.
struct Objective {
    network: PolicyNetworkSpec,
    head: Head,
}

impl Objective {
    fn loss(&self, views: &[Tensor], batch: &PolicyBatch, device: Device) -> Tensor {
        let Self { network, head } = self;
        let (count, context) = (batch.count as i64, network.context as i64);
        let place = |values: &[f32]| Tensor::from_slice(values).to_device(device);
        let history = place(&batch.history).view([count, context, network.features as i64]);
        let outputs = network.forward(&mut TorchGraph::new(views, device), &history, false);
        // batch x context x (dimensions outputs), coordinate by coordinate.
        let raw = outputs.transpose(1, 2).contiguous();
        let logarithms = head.logits(&raw, None).log_softmax(-1, Kind::Float);
        let shape = [count, context, DIMENSIONS as i64, 1];
        let bins = Tensor::from_slice(&batch.bins).to_device(device).view(shape);
        let known = place(&batch.known).view([count, context, 1]);
        let hit = logarithms.gather(-1, &bins, false).squeeze_dim(-1) * &known;
        let loss = -hit.sum(Kind::Float) / (known.sum(Kind::Float) * DIMENSIONS as f64);
        match head.regulariser(&raw) {
            Some(penalty) => loss + penalty,
            None => loss,
        }
    }
}

/// One batch in plain memory.
#[derive(Clone, Debug, Default, PartialEq)]
struct PolicyBatch {
    /// B x context x columns, normalised.
    history: Vec<f32>,
    /// Bin of the action that was taken, B x context x dimensions.
    bins: Vec<i64>,
    /// 1 for steps that were, 0 for those before the window's first, B x context.
    known: Vec<f32>,
    /// Windows.
    count: usize,
}

/// Episodes with their normaliser and the bins of their actions.
struct PolicyData {
    episodes: Vec<RecordedEpisode>,
    /// The bins of every action, by episode and step.
    taken: Vec<Vec<[i64; DIMENSIONS]>>,
    normaliser: Normaliser,
    bins: [Binning; DIMENSIONS],
    context: usize,
    seed: u64,
}

impl PolicyData {
    /// Measures the columns' ranges and finds the bins of all actions.
    fn new(
        recipe: &PolicyRecipe,
        episodes: Vec<RecordedEpisode>,
        bins: [Binning; DIMENSIONS],
    ) -> Result<Self, FitError> {
        let every = episodes.iter().enumerate();
        let taken = every.map(|(number, episode)| bins_of(number, episode, &bins)).collect::<Result<_, _>>()?;
        let (mut low, mut high) = (vec![f32::INFINITY; COLUMNS], vec![f32::NEG_INFINITY; COLUMNS]);
        for episode in &episodes {
            for index in 0..episode.steps.len() {
                for (column, value) in physical(episode, index).into_iter().enumerate() {
                    low[column] = low[column].min(value);
                    high[column] = high[column].max(value);
                }
            }
        }
        // Actions have their own range, whatever the data used of it; unknown steps are the low end of `known`.
        for (column, ends) in [(7, [-1.0, 1.0]), (8, [-1.0, 1.0]), (9, [0.0, 1.0])] {
            [low[column], high[column]] = ends;
        }
        for (low, high) in low.iter_mut().zip(&mut high) {
            if !(*low < *high) {
                (*low, *high) = (*low - 1.0, *low + 1.0);
            }
        }
        let normaliser = Normaliser { low, high };
        let (context, seed) = (recipe.network.context, recipe.training.seed);
        Ok(Self { episodes, taken, normaliser, bins, context, seed })
    }

    fn summary(&self, recipe: &PolicyRecipe) -> Result<DataSummary, FitError> {
        let mut real = PolicyBatch::default();
        self.draw(REAL_STREAM, REAL_ROWS, &mut real);
        let layout = recipe.data.maze()?;
        let returns: Vec<f64> = self.episodes.iter().map(RecordedEpisode::total_return).collect();
        let high = returns.iter().copied().fold(0.0, f64::max);
        let head = match recipe.head {
            HeadSettings::Fourier { frequencies, .. } => HeadSpec::Fourier { frequencies },
            _ => HeadSpec::Categorical {},
        };
        let actions = ["action_x", "action_y"].iter().zip(&self.bins).map(|(name, bins)| ActionSpec {
            name: (*name).to_owned(),
            unit: "1".to_owned(),
            bins: bins.clone(),
        });
        Ok(DataSummary {
            sha256: sha256(&self.episodes),
            columns: POLICY_COLUMNS.iter().map(|name| column(name)).collect(),
            normaliser: self.normaliser.clone(),
            step_secs: recipe.data.control_steps as f64 * STEP_SECS,
            world: Some(world_spec(&layout)),
            quantity: None,
            condition: None,
            transform: None,
            policy: Some(PolicySpec {
                context: recipe.network.context,
                head,
                actions: actions.collect(),
                returns: ReturnSpec { low: 0.0, high, target: usual_good_return(returns) },
                control_steps: recipe.data.control_steps,
            }),
            made: None,
            real: real
                .history
                .chunks(recipe.network.context * COLUMNS)
                .map(|history| Row { inputs: vec![history.to_vec()] })
                .collect(),
            decoder: None,
        })
    }

    /// The batch of a step, from the step's own stream of randomness.
    fn draw(&self, step: u64, count: usize, batch: &mut PolicyBatch) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step.wrapping_add(1));
        batch.history.clear();
        batch.bins.clear();
        batch.known.clear();
        batch.count = count;
        for _ in 0..count {
            self.window(&mut rng, batch);
        }
    }

    /// A window that ends anywhere in an episode. Half of them begin late, as a robot's own history does.
    fn window(&self, rng: &mut impl Rng, batch: &mut PolicyBatch) {
        let chosen = rng.random_range(0..self.episodes.len());
        let episode = &self.episodes[chosen];
        let last = rng.random_range(0..episode.steps.len());
        let longest = self.context.min(last + 1);
        let length = if rng.random::<bool>() { longest } else { rng.random_range(1..=longest) };
        for place in 0..self.context {
            let Some(back) = length.checked_sub(self.context - place) else {
                batch.history.extend((0..COLUMNS).map(|column| if column == COLUMNS - 1 { -1.0 } else { 0.0 }));
                batch.bins.extend([0; DIMENSIONS]);
                batch.known.push(0.0);
                continue;
            };
            let index = last + 1 - length + back;
            let mut values = physical(episode, index);
            if back == 0 {
                // The action before the window is unknown.
                values[7] = 0.0;
                values[8] = 0.0;
            }
            let (low, high) = (&self.normaliser.low, &self.normaliser.high);
            batch.history.extend(
                values
                    .iter()
                    .zip(low.iter().zip(high))
                    .map(|(value, (low, high))| 2.0 * (value - low) / (high - low) - 1.0),
            );
            batch.bins.extend(self.taken[chosen][index]);
            batch.known.push(1.0);
        }
    }
}

/// The bins of an episode's actions.
fn bins_of(
    number: usize,
    episode: &RecordedEpisode,
    bins: &[Binning; DIMENSIONS],
) -> Result<Vec<[i64; DIMENSIONS]>, FitError> {
    let mut taken = Vec::with_capacity(episode.steps.len());
    for (step, known) in episode.steps.iter().enumerate() {
        let mut held = [0; DIMENSIONS];
        for (axis, (held, (value, bins))) in held.iter_mut().zip(known.action.iter().zip(bins)).enumerate() {
            let wrong = |problem| FitError::Action { episode: number, step, axis, problem };
            // The bins reach further than the motors do.
            if !(value.abs() <= 1.0) {
                return Err(wrong(DensityError::OutOfRange { low: -1.0, high: 1.0, value: *value }));
            }
            *held = bins.encode(*value).map_err(wrong)? as i64;
        }
        taken.push(held);
    }
    Ok(taken)
}

/// The columns of one step; the action before the first is none.
fn physical(episode: &RecordedEpisode, index: usize) -> [f32; COLUMNS] {
    let step = &episode.steps[index];
    let before = index.checked_sub(1).and_then(|index| episode.steps.get(index)).map_or([0.0; 2], |step| step.action);
    let [x, y, vx, vy] = step.state.to_array();
    [x, y, vx, vy, episode.goal[0], episode.goal[1], step.return_to_go, before[0], before[1], 1.0].map(|v| v as f32)
}

fn column(name: &str) -> Column {
    let unit = match name {
        "x" | "y" | "goal_x" | "goal_y" => "m",
        "vx" | "vy" => "m/s",
        _ => "1",
    };
    let frame = if unit == "1" { "" } else { super::maze_diffusion::world_frame() };
    Column { name: name.to_owned(), unit: unit.to_owned(), frame: frame.to_owned() }
}

/// Default target return: the upper quartile of the returns above zero. The largest return belongs to episodes that began
/// at their goal; conditioned on it far from the goal, a policy repeats the actions of those episodes.
fn usual_good_return(mut returns: Vec<f64>) -> f64 {
    returns.retain(|value| *value > 0.0);
    returns.sort_by(f64::total_cmp);
    returns.get(returns.len() * 3 / 4).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::episodes::EpisodeStep;
    use planwright::world::State;

    fn recipe() -> PolicyRecipe {
        let text = include_str!("../../recipes/maze-policy.toml");
        match crate::recipe::Recipe::parse(text, "a.toml".as_ref()) {
            Ok(crate::recipe::Recipe::MazePolicy(recipe)) => recipe,
            other => panic!("{other:?}"),
        }
    }

    fn episodes(action: [f64; 2]) -> Vec<RecordedEpisode> {
        let step = |action| EpisodeStep { state: State::at_rest([1.0, 1.0]), action, return_to_go: 1.0 };
        let steps = vec![step([0.5, -1.0]), step([1.0, 0.0])];
        let last = vec![step([0.5, -1.0]), step(action)];
        [steps, last].map(|steps| RecordedEpisode { goal: [1.0, 2.0], steps }).to_vec()
    }

    #[test]
    fn actions_become_bins() {
        let (recipe, episodes) = (recipe(), episodes([0.0, 0.0]));
        let bins = recipe.action_bins().expect("bins");
        let data = PolicyData::new(&recipe, episodes, bins.clone()).expect("data");
        let mut batch = PolicyBatch::default();
        data.draw(0, 32, &mut batch);
        let bin = |value: f64| bins[0].encode(value).expect("inside") as i64;
        for (pair, known) in batch.bins.chunks_exact(2).zip(&batch.known) {
            let whole = [[bin(0.5), bin(-1.0)], [bin(1.0), bin(0.0)], [bin(0.0); 2]];
            assert!(if *known > 0.0 { whole.contains(&[pair[0], pair[1]]) } else { pair == [0, 0] }, "{pair:?}");
        }
    }

    #[test]
    fn an_action_outside_its_range_names_its_episode() {
        let recipe = recipe();
        let text = |action| {
            let episodes = episodes(action);
            let data = PolicyData::new(&recipe, episodes, recipe.action_bins().expect("bins"));
            data.err().map(|error| error.to_string())
        };
        let line = |axis: &str, got: &str| {
            Some(format!("episode 1, step 1, action_{axis}: expected a value between -1 and 1, got {got}"))
        };
        assert_eq!(text([0.0, 1.5]), line("y", "1.5"));
        assert_eq!(text([f64::NAN, 0.0]), line("x", "NaN"));
        assert_eq!(text([0.0, f64::NEG_INFINITY]), line("y", "-inf"));
        assert_eq!(text([1.0, -1.0]), None);
    }

    #[test]
    fn the_target_return_is_the_upper_quartile_of_returns_above_zero() {
        assert_eq!(usual_good_return(vec![0.0, 4.0, 1.0, 0.0, 2.0, 3.0]), 4.0);
        assert_eq!(usual_good_return((0..=100).map(f64::from).collect()), 76.0);
        assert_eq!(usual_good_return(vec![0.0]), 0.0);
    }
}
