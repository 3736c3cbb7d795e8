//! Episodes of mixed quality with returns, for policies: every action is held for a few steps of the world, as a policy
//! holds its own.

use super::waypoint::WaypointController;
use planwright::world::{Command, Episode, GOAL_RADIUS_M, Layout, LayoutError, MazeWorld, Point, State};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Everything that determines the episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EpisodeSettings {
    /// `umaze`, `medium`, `large`, or a layout file.
    pub layout: String,
    /// The layout itself, one row per line, where it is no built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout_text: Option<String>,
    /// Episodes.
    pub episodes: usize,
    /// Actions per episode.
    pub steps: usize,
    /// Steps of the world for which an action is held.
    pub control_steps: usize,
    /// Share of the episodes in which the waypoint controller drives; random motions fill the rest.
    pub waypoint_share: f64,
    /// Largest deviation of the noise on the waypoint controller's commands; each episode draws its own below.
    pub noise: f64,
    /// Seed of everything random.
    pub seed: u64,
}

impl EpisodeSettings {
    /// # Errors
    /// Expected and got, for the first setting without sense.
    pub fn check(&self) -> Result<(), String> {
        for (name, got) in [("episodes", self.episodes), ("steps", self.steps), ("control_steps", self.control_steps)] {
            if !(1..=10_000_000).contains(&got) {
                return Err(format!("expected {name} from 1 to 1e7, got {got}"));
            }
        }
        if !((0.0..=1.0).contains(&self.waypoint_share) && (0.0..=10.0).contains(&self.noise)) {
            let got = format!("{} and {}", self.waypoint_share, self.noise);
            return Err(format!("expected waypoint_share in [0, 1] and noise in [0, 10], got {got}"));
        }
        Ok(())
    }

    /// The maze.
    ///
    /// # Errors
    /// If it is none.
    pub fn maze(&self) -> Result<Layout, LayoutError> {
        match &self.layout_text {
            Some(text) => Layout::parse(&self.layout, text),
            None => Layout::named_or_file(&self.layout),
        }
    }
}

/// One step of an episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpisodeStep {
    /// State before the action.
    pub state: State,
    /// The action that is held.
    pub action: Command,
    /// Reward of all steps from here on: one for every step that ends within the goal's radius.
    pub return_to_go: f64,
}

/// One episode: a start, a goal, and what somebody did.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEpisode {
    /// Where to go.
    pub goal: Point,
    /// What was done.
    pub steps: Vec<EpisodeStep>,
}

impl RecordedEpisode {
    /// Reward of the whole episode.
    pub fn total_return(&self) -> f64 {
        self.steps.first().map_or(0.0, |step| step.return_to_go)
    }
}

/// Drives all episodes; each from its own stream of randomness.
///
/// # Errors
/// If the layout is none.
pub fn drive(settings: &EpisodeSettings) -> Result<Vec<RecordedEpisode>, LayoutError> {
    let layout = settings.maze()?;
    let episode = |index: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(index as u64 + 1);
        one(&layout, settings, &mut rng)
    };
    Ok((0..settings.episodes).into_par_iter().map(episode).collect())
}

/// SHA-256 of the episodes, hex.
pub fn sha256(episodes: &[RecordedEpisode]) -> String {
    let mut hash = Sha256::new();
    for episode in episodes {
        let numbers = episode.steps.iter().flat_map(|step| step.state.to_array().into_iter().chain(step.action));
        for number in episode.goal.into_iter().chain(numbers) {
            hash.update(number.to_le_bytes());
        }
    }
    planwright::files::hex(&hash.finalize())
}

/// A goal anywhere in a free cell's square that the ball reaches without touching a wall.
pub(crate) fn draw_goal(layout: &Layout, rng: &mut impl Rng) -> Point {
    let cells = layout.free_cells().count();
    let (row, column) = layout.free_cells().nth(rng.random_range(0..cells.max(1))).unwrap_or_default();
    [row as f64, column as f64].map(|centre| centre - 0.2 + 0.2 * (2.0 * rng.random::<f64>() - 1.0))
}

fn one(layout: &Layout, settings: &EpisodeSettings, rng: &mut ChaCha8Rng) -> RecordedEpisode {
    let world = MazeWorld::new(layout.clone());
    let mut state = Episode::reset(layout, rng).start;
    let goal = draw_goal(layout, rng);
    let drives = rng.random::<f64>() < settings.waypoint_share;
    let noise = settings.noise * rng.random::<f64>();
    let mut controller = WaypointController::new(layout, true).any_way();
    let mut wandering = [0.0_f64; 2];
    let mut steps = Vec::with_capacity(settings.steps);
    let mut rewards = Vec::with_capacity(settings.steps);
    for _ in 0..settings.steps {
        let mut gaussian = || rng.sample::<f64, _>(StandardNormal);
        let action: Command = if drives {
            let disturbed = [noise * gaussian(), noise * gaussian()];
            let (wanted, _) = controller.act(&state, goal, rng);
            [0, 1].map(|axis: usize| (wanted[axis] + disturbed[axis]).clamp(-1.0, 1.0))
        } else {
            // Pushes that last: white noise would hardly leave its place.
            wandering = wandering.map(|push| 0.9 * push + 0.25 * gaussian());
            wandering.map(|push| push.clamp(-1.0, 1.0))
        };
        steps.push(EpisodeStep { state, action, return_to_go: 0.0 });
        for _ in 0..settings.control_steps {
            state = world.step(&state, action).0;
        }
        rewards.push(f64::from(u8::from(state.distance(goal) <= GOAL_RADIUS_M)));
    }
    let mut return_to_go = 0.0;
    for (step, reward) in steps.iter_mut().zip(&rewards).rev() {
        return_to_go += reward;
        step.return_to_go = return_to_go;
    }
    RecordedEpisode { goal, steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(waypoint_share: f64) -> EpisodeSettings {
        EpisodeSettings {
            layout: "ring".to_owned(),
            layout_text: Some("#####\n#OOO#\n#O#O#\n#OOO#\n#####".to_owned()),
            episodes: 40,
            steps: 100,
            control_steps: 4,
            waypoint_share,
            noise: 0.3,
            seed: 1,
        }
    }

    #[test]
    fn who_drives_earns_more_than_who_wanders_and_returns_fall() {
        let [driven, wandered] = [1.0, 0.0].map(|share| drive(&settings(share)).expect("a layout"));
        let mean = |episodes: &[RecordedEpisode]| {
            episodes.iter().map(RecordedEpisode::total_return).sum::<f64>() / episodes.len() as f64
        };
        assert!(mean(&driven) > 40.0 && mean(&wandered) < 0.5 * mean(&driven), "{} {}", mean(&driven), mean(&wandered));
        for episode in driven.iter().chain(&wandered) {
            assert_eq!(episode.steps.len(), 100);
            let falls = episode.steps.windows(2).all(|pair| {
                let reward = pair[0].return_to_go - pair[1].return_to_go;
                reward == 0.0 || reward == 1.0
            });
            assert!(falls && episode.steps.iter().all(|step| step.state.is_finite()));
        }
        assert_eq!(sha256(&driven), sha256(&drive(&settings(1.0)).expect("a layout")));
        assert_ne!(sha256(&driven), sha256(&wandered));
    }

    #[test]
    fn both_ways_round_the_block_are_driven() {
        let episodes = drive(&EpisodeSettings { episodes: 200, noise: 0.1, ..settings(1.0) }).expect("a layout");
        // Those from the middle of one side to the middle of the other pass left or right of the block.
        let opposite = episodes.iter().filter(|episode| {
            let start = episode.steps.first().map_or([0.0; 2], |step| step.state.position);
            start[0] < 1.5
                && (1.5..2.5).contains(&start[1])
                && episode.goal[0] > 2.5
                && (1.5..2.3).contains(&episode.goal[1])
        });
        let sides: Vec<bool> = opposite
            .map(|episode| {
                let middle = episode.steps.iter().min_by(|a, b| {
                    let far = |step: &EpisodeStep| (step.state.position[0] - 1.8).abs();
                    far(a).total_cmp(&far(b))
                });
                middle.is_some_and(|step| step.state.position[1] > 1.8)
            })
            .collect();
        assert!(sides.contains(&true) && sides.contains(&false), "{sides:?}");
    }
}
