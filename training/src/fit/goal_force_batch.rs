//! Batches of a goal-force fit: random views of simulated scenes as samples, noised.

use super::denoising::Batch;
use super::error::FitError;
use crate::dataset::goal_force::{Sample, SampleMaker, SceneSet, SceneView};
use crate::network::SampleKind;
use crate::recipe::GoalForceRecipe;
use planwright::diffusion::NoiseSchedule;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Samples of a step from the step's own stream of randomness; they do not depend on the number of threads.
pub(super) struct Samples {
    set: SceneSet,
    schedule: NoiseSchedule,
    recipe: GoalForceRecipe,
}

impl Samples {
    pub(super) fn new(set: SceneSet, recipe: &GoalForceRecipe) -> Result<Self, FitError> {
        let schedule = NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?;
        Ok(Self { set, schedule, recipe: recipe.clone() })
    }

    pub(super) fn schedule(&self) -> &NoiseSchedule {
        &self.schedule
    }

    pub(super) fn draw(&self, step: u64, count: usize) -> Batch {
        let recipe = &self.recipe;
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.training.seed);
        rng.set_stream(step.wrapping_add(1));
        let view = |_| SceneView::draw(&self.set, &recipe.data, &recipe.goal_force, &mut rng);
        let views: Vec<SceneView<'_>> = (0..count).map(view).collect();
        let maker = || SampleMaker::new(&recipe.goal_force, recipe.network.sample);
        match recipe.network.sample {
            SampleKind::Motion => {
                let samples: Vec<Sample> = views.par_iter().map_init(maker, |maker, view| maker.make(view)).collect();
                let mut batch = Batch::default();
                for sample in &samples {
                    batch.push_noised(&sample.clean, &self.schedule, &[], &mut rng);
                }
                for sample in samples {
                    batch.clean.extend(sample.clean);
                    batch.conditions.extend(sample.scene);
                }
                batch
            }
            // Hundreds of times as many values, which every sample draws from a stream of its own, in parallel.
            SampleKind::Pixels => {
                let seeded: Vec<(SceneView<'_>, u64)> = views.into_iter().map(|view| (view, rng.random())).collect();
                let noised = |maker: &mut SampleMaker, (view, seed): &(SceneView<'_>, u64)| {
                    let sample = maker.make(view);
                    let mut own = Batch::default();
                    own.push_noised(&sample.clean, &self.schedule, &[], &mut ChaCha8Rng::seed_from_u64(*seed));
                    // Nothing is fitted to the noise itself.
                    own.noise = Vec::new();
                    Batch { clean: sample.clean, conditions: sample.scene, ..own }
                };
                joined(seeded.par_iter().map_init(maker, noised).collect())
            }
        }
    }
}

/// Batches one after the other.
fn joined(parts: Vec<Batch>) -> Batch {
    let mut batch = Batch::default();
    for part in parts {
        batch.clean.extend(part.clean);
        batch.noisy.extend(part.noisy);
        batch.timesteps.extend(part.timesteps);
        batch.conditions.extend(part.conditions);
        batch.count += part.count;
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;

    fn samples(kind: SampleKind) -> Samples {
        let text = match kind {
            SampleKind::Motion => include_str!("../../recipes/goal-force-balls.toml"),
            SampleKind::Pixels => include_str!("../../recipes/goal-force-pixels.toml"),
        };
        let Ok(Recipe::GoalForce(mut recipe)) = Recipe::parse(text, "a.toml".as_ref()) else { panic!("a recipe") };
        recipe.data.scenes = 10;
        Samples::new(SceneSet::simulate(&recipe.data, &|| ()), &recipe).expect("samples")
    }

    #[test]
    fn samples_do_not_depend_on_the_number_of_threads_and_steps_have_others() {
        for kind in [SampleKind::Motion, SampleKind::Pixels] {
            let samples = samples(kind);
            let [one, three] = [1, 3].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| samples.draw(7, 5))
            });
            assert_eq!(one, three);
            assert_eq!([one.count, one.timesteps.len()], [5, 5]);
            assert_eq!(one.clean.len(), 5 * kind.channels() * 256);
            assert_eq!(one.noisy.len(), one.clean.len());
            assert_ne!(one.noisy, samples.draw(8, 5).noisy);
            let (first, second) = one.noisy.split_at(one.noisy.len() / 5);
            assert_ne!(first, &second[..first.len()], "samples of a step");
        }
    }

    /// The order in which one stream is drawn from must not change: fits of motions resume, and can be made again.
    #[test]
    fn a_batch_of_motions_is_all_views_and_then_all_noise_from_one_stream() {
        let samples = samples(SampleKind::Motion);
        let recipe = &samples.recipe;
        let mut rng = ChaCha8Rng::seed_from_u64(recipe.training.seed);
        rng.set_stream(8);
        let mut maker = SampleMaker::new(&recipe.goal_force, SampleKind::Motion);
        let mut expected = Batch::default();
        for _ in 0..3 {
            let view = SceneView::draw(&samples.set, &recipe.data, &recipe.goal_force, &mut rng);
            let sample = maker.make(&view);
            expected.clean.extend(sample.clean);
            expected.conditions.extend(sample.scene);
        }
        for clean in expected.clean.clone().chunks_exact(32 * 256) {
            expected.push_noised(clean, &samples.schedule, &[], &mut rng);
        }
        assert_eq!(samples.draw(7, 3), expected);
    }

    #[test]
    fn a_noised_sample_is_its_signal_with_unit_noise() {
        let samples = samples(SampleKind::Pixels);
        let batch = samples.draw(0, 4);
        let size = batch.clean.len() / 4;
        for (row, timestep) in batch.timesteps.iter().enumerate() {
            let (signal, noise) = samples.schedule().scales(Some(*timestep as usize));
            let range = row * size..(row + 1) * size;
            let pairs = batch.noisy[range.clone()].iter().zip(&batch.clean[range]);
            let epsilon = pairs.map(|(noisy, clean)| (f64::from(*noisy) - signal * f64::from(*clean)) / noise);
            let square = epsilon.map(|value| value * value).sum::<f64>() / size as f64;
            assert!((square - 1.0).abs() < 0.02, "{square}");
        }
    }
}
