//! Predicted videos of goal-force networks beside simulated ones, on scenes that no fit has: errors of moving and of resting pixels,
//! beside the first picture repeated and the true motion's splatted video, which is what splatting reaches with the true motion.

mod case;
mod error;
mod errors;
mod prediction;
mod strip;

pub use error::VideoError;
pub use errors::VideoErrors;

use crate::dataset::goal_force::{MOVING_LEVELS, SceneSet};
use crate::export::default_solver;
use crate::fit::Checkpoint;
use crate::recipe::{GoalForceRecipe, Recipe};
use case::VideoCase;
use errors::Sums;
use planwright::diffusion::SamplerSettings;
use planwright::planner::goal_force::GoalForcePlanner;
use planwright::world::scene::Picture;
use prediction::Prediction;
use serde::Serialize;
use strip::{StripScene, strip};

/// Scenes of a strip.
const STRIP_SCENES: usize = 4;
/// Most scenes of a comparison: all their tracks are in memory.
const MOST_SCENES: usize = 10_000;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct VideoOptions {
    /// Scenes.
    pub scenes: usize,
    /// Seed of scenes, views and noise.
    pub seed: u32,
    /// Network calls per video; the family's usual ones if `None`.
    pub steps: Option<usize>,
}

impl VideoOptions {
    /// The recipe of a checkpoint of goal-force, and the network calls per video.
    ///
    /// # Errors
    /// Another family, or a number out of its range.
    pub fn check<'a>(&self, checkpoint: &'a Checkpoint) -> Result<(&'a GoalForceRecipe, usize), VideoError> {
        let Recipe::GoalForce(recipe) = &checkpoint.recipe else {
            return Err(VideoError::Family(checkpoint.recipe.family()));
        };
        let steps = self.steps.unwrap_or(default_solver(&checkpoint.recipe).steps);
        for (name, got, most) in [("scenes", self.scenes, MOST_SCENES), ("steps", steps, recipe.diffusion.steps)] {
            if !(1..=most).contains(&got) {
                return Err(VideoError::Range { name, most, got });
            }
        }
        Ok((recipe, steps))
    }
}

/// Errors of one kind of prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VideoRow {
    /// What predicts.
    pub name: String,
    /// Its errors over all scenes.
    #[serde(flatten)]
    pub errors: VideoErrors,
}

/// A comparison.
#[derive(Clone, Debug, Serialize)]
pub struct VideoReport {
    /// Name of the recipe.
    pub name: String,
    /// Optimiser steps of the checkpoint.
    pub training_steps: u64,
    /// Scenes compared.
    pub scenes: usize,
    /// Network calls per video.
    pub steps: usize,
    /// A pixel moves in a frame in which a colour of it differs by more than this, of 255, from the first picture's.
    pub moving_levels: u8,
    /// Share of moving pixels.
    pub moving_share: f64,
    /// The checkpoint first, then its controls.
    pub rows: Vec<VideoRow>,
    /// True frames above predicted ones, for the first scenes.
    #[serde(skip)]
    pub strip: Picture,
}

/// Samples videos with the averaged parameters of a checkpoint, and compares them. `motion` is a motion model to stand beside
/// it. `progress` is called after every scene.
///
/// # Errors
/// See [`VideoError`].
pub fn compare(
    checkpoint: &Checkpoint,
    options: VideoOptions,
    mut motion: Option<&mut GoalForcePlanner>,
    progress: impl Fn(),
) -> Result<VideoReport, VideoError> {
    let (recipe, steps) = options.check(checkpoint)?;
    let usual = default_solver(&checkpoint.recipe);
    if motion.as_deref().is_some_and(|planner| *planner.spec() != recipe.goal_force) {
        return Err(VideoError::OtherScales);
    }
    let settings = SamplerSettings { solver: usual.solver, steps };
    let mut network = prediction::Network::new(checkpoint, recipe, settings)?;
    let held_out = case::held_out(&recipe.data, options);
    let set = SceneSet::simulate(&held_out, &|| ());
    let mut sums: Vec<(String, Sums)> = Vec::new();
    let (mut shown, mut compared) = (Vec::new(), 0);
    for (index, scene) in set.scenes.iter().enumerate() {
        let seed = u64::from(options.seed).wrapping_add(index as u64);
        let Some(case) = VideoCase::of(scene, &held_out, &recipe.goal_force, seed) else { continue };
        let own = network.predict(&case, seed)?;
        let splat = |motion: &[f32]| Prediction::of_motion(&case, motion);
        let mut all = vec![
            ("this checkpoint".to_owned(), own),
            ("first picture repeated".to_owned(), Prediction::repeated(&case)),
            ("true motion, splatted".to_owned(), Prediction::of_true_motion(&case)),
        ];
        if let Some(planner) = motion.as_deref_mut() {
            let predicted = planner.predict(&case.first.rgb, case.view.shown.signal(), seed)?;
            all.push(("motion model, splatted".to_owned(), splat(predicted)));
        }
        if sums.is_empty() {
            sums.extend(all.iter().map(|(name, _)| (name.clone(), Sums::default())));
        }
        for ((_, sums), (_, prediction)) in sums.iter_mut().zip(&all) {
            sums.add(&case.first.rgb, &case.frames, &prediction.frames);
        }
        if shown.len() < STRIP_SCENES {
            let own = all.swap_remove(0).1;
            shown.push(StripScene { first: case.first, truth: case.frames, predicted: own.frames });
        }
        compared += 1;
        progress();
    }
    let moving_share = sums.first().map_or(0.0, |(_, sums)| sums.moving_share());
    let row = |(name, sums): (String, Sums)| VideoRow { name, errors: sums.errors() };
    Ok(VideoReport {
        name: recipe.name.clone(),
        training_steps: checkpoint.step,
        scenes: compared,
        steps,
        moving_levels: MOVING_LEVELS,
        moving_share,
        rows: sums.into_iter().map(row).collect(),
        strip: strip(&shown),
    })
}
