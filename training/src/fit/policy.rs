//! Windows of episodes as a policy's network sees them.

use super::fit::PolicyError;
use super::recipe::{DIMENSIONS, PolicyRecipe};
use crate::dataset::episodes::RecordedEpisode;
use planwright::density::{Binning, DensityError};
use planwright::model::{Normaliser, POLICY_COLUMNS};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const COLUMNS: usize = POLICY_COLUMNS.len();

/// One batch in plain memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyBatch {
    /// B x context x columns, normalised.
    pub history: Vec<f32>,
    /// Bin of the action that was taken, B x context x dimensions.
    pub bins: Vec<i64>,
    /// 1 for steps that were, 0 for those before the window's first, B x context.
    pub known: Vec<f32>,
    /// Windows.
    pub count: usize,
}

/// Episodes, and how they are normalised and binned.
pub struct PolicyData<'a> {
    episodes: &'a [RecordedEpisode],
    /// The bins of every action, by episode and step.
    taken: Vec<Vec<[i64; DIMENSIONS]>>,
    normaliser: Normaliser,
    bins: [Binning; DIMENSIONS],
    context: usize,
    seed: u64,
}

impl<'a> PolicyData<'a> {
    /// Measures the columns' ranges and finds the bins of all actions.
    ///
    /// # Errors
    /// If an action is NaN or outside its bins.
    pub fn new(
        recipe: &PolicyRecipe,
        episodes: &'a [RecordedEpisode],
        bins: [Binning; DIMENSIONS],
    ) -> Result<Self, PolicyError> {
        let every = episodes.iter().enumerate();
        let taken = every.map(|(number, episode)| bins_of(number, episode, &bins)).collect::<Result<_, _>>()?;
        let (mut low, mut high) = (vec![f32::INFINITY; COLUMNS], vec![f32::NEG_INFINITY; COLUMNS]);
        for episode in episodes {
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

    /// What maps to -1 and 1 per column.
    pub fn normaliser(&self) -> &Normaliser {
        &self.normaliser
    }

    /// The bins of each action coordinate.
    pub fn bins(&self) -> &[Binning; DIMENSIONS] {
        &self.bins
    }

    /// The batch of a step, from the step's own stream of randomness.
    pub fn draw(&self, step: u64, count: usize, batch: &mut PolicyBatch) {
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
                // Nobody remembers what was done before the window.
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
) -> Result<Vec<[i64; DIMENSIONS]>, PolicyError> {
    let mut taken = Vec::with_capacity(episode.steps.len());
    for (step, known) in episode.steps.iter().enumerate() {
        let mut held = [0; DIMENSIONS];
        for (axis, (held, (value, bins))) in held.iter_mut().zip(known.action.iter().zip(bins)).enumerate() {
            let wrong = |problem| PolicyError::Action { episode: number, step, axis, problem };
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

#[cfg(test)]
mod tests {
    use super::super::fit::action_bins;
    use super::*;
    use crate::dataset::episodes::EpisodeStep;
    use planwright::world::State;

    fn recipe() -> PolicyRecipe {
        let text = include_str!("../../recipes/maze-policy.toml");
        toml::from_str(text).expect("a recipe")
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
        let bins = action_bins(&recipe).expect("bins");
        let data = PolicyData::new(&recipe, &episodes, bins.clone()).expect("data");
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
            let data = PolicyData::new(&recipe, &episodes, action_bins(&recipe).expect("bins"));
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
}
