//! How many noised samples of a goal-force recipe are drawn a second: `cargo run --release -p planwright-training --example sample_bench --
//! training/recipes/goal-force-pixels.toml 1` (the recipe, and threads).

use planwright_training::console::set_threads;
use planwright_training::dataset::goal_force::{SampleMaker, SceneSet, SceneView};
use planwright_training::recipe::Recipe;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use std::path::PathBuf;
use std::time::Instant;

/// Scenes that are simulated, and samples that are drawn of them.
const SCENES: usize = 2000;
const SAMPLES: usize = 512;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usual = "training/recipes/goal-force-pixels.toml";
    let path = PathBuf::from(arguments.next().unwrap_or_else(|| usual.to_owned()));
    let threads: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    set_threads(threads).map_err(|got| anyhow::anyhow!("expected 1 to 256 threads, got {got}"))?;
    let Recipe::GoalForce(mut recipe) = Recipe::read(&path)? else {
        anyhow::bail!("expected a recipe of family goal-force, got {}", path.display());
    };
    recipe.data.scenes = SCENES;
    let begun = Instant::now();
    let set = SceneSet::simulate(&recipe.data, &|| ());
    let simulated = SCENES as f64 / begun.elapsed().as_secs_f64();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let views: Vec<SceneView<'_>> =
        (0..SAMPLES).map(|_| SceneView::draw(&set, &recipe.data, &recipe.goal_force, &mut rng)).collect();
    let begun = Instant::now();
    let maker = || SampleMaker::new(&recipe.goal_force, recipe.network.sample);
    let noised = |maker: &mut SampleMaker, (seed, view): (usize, &SceneView<'_>)| {
        let mut sample = maker.make(view);
        let mut rng = ChaCha8Rng::seed_from_u64(seed as u64);
        sample.clean.iter_mut().for_each(|value| *value += rng.sample::<f32, _>(StandardNormal));
        std::hint::black_box(sample).clean.len()
    };
    let values: usize = views.par_iter().enumerate().map_init(maker, noised).sum();
    let drawn = SAMPLES as f64 / begun.elapsed().as_secs_f64();
    println!(
        "{threads} threads: {simulated:.0} scenes and {drawn:.1} samples a second, {} values each",
        values / SAMPLES
    );
    Ok(())
}
