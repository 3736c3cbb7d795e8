//! Held-out scenes with their true videos.

use super::VideoOptions;
use crate::dataset::goal_force::{FrameRenderer, SceneSettings, SceneView, scene_channels};
use planwright::model::GoalForceSpec;
use planwright::planner::goal_force::ObjectCells;
use planwright::world::scene::{Cells, FRAMES, Generated, Picture};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Between the seed of a fit's scenes and those of a comparison: less than the least distance of two of ten million scenes of a fit,
/// more than seeds that people give.
const HELD_OUT: u64 = 1 << 32;

/// The scenes of a comparison: of the fit's kinds, from other seeds. They show their push and their masses, so that what follows is
/// decided by what is shown; their goal where the fit never shows a push.
pub(super) fn held_out(fit: &SceneSettings, options: VideoOptions) -> SceneSettings {
    SceneSettings {
        scenes: options.scenes,
        goal_shown: if fit.direct_shown { 0.0 } else { 1.0 },
        masses_shown: f64::from(u8::from(fit.masses_shown > 0.0)),
        force_shown: 1.0,
        seed: fit.seed.wrapping_add(HELD_OUT).wrapping_add(u64::from(options.seed)),
        ..fit.clone()
    }
}

/// A scene with its true video.
pub(super) struct VideoCase<'a> {
    pub(super) view: SceneView<'a>,
    pub(super) first: Picture,
    /// sRGB of the frames after the first picture.
    pub(super) frames: Vec<Vec<u8>>,
    /// What a network sees: channels x cells.
    pub(super) scene: Vec<f32>,
    /// By body, its cells and its middle.
    pub(super) objects: Vec<ObjectCells>,
    /// By body, its pixels in the first picture, ascending.
    pub(super) pixels: Vec<Vec<usize>>,
}

impl<'a> VideoCase<'a> {
    /// A scene from a random camera; `None` where the settings allow none.
    pub(super) fn of(made: &'a Generated, settings: &SceneSettings, spec: &GoalForceSpec, seed: u64) -> Option<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let view = SceneView::of(made, settings, spec, &mut rng)?;
        let (mut renderer, mut first, mut frames) = (FrameRenderer::default(), Picture::default(), Vec::new());
        renderer.first(&view, &mut first);
        frames.reserve(FRAMES);
        renderer.frames(&view, |_, rgb| frames.push(rgb.to_vec()));
        let mut cells = Cells::default();
        cells.fill(&first);
        let places = |ids: &[u16], index: usize| -> Vec<usize> {
            (0..ids.len()).filter(|place| usize::from(ids[*place]) == index).collect()
        };
        let bodies = || made.scene.bodies.iter().enumerate();
        let objects = bodies().map(|(index, body)| ObjectCells {
            cells: places(&cells.bodies, index),
            centre_px: view.camera.project(body.centre_m()).unwrap_or_default(),
        });
        let objects = objects.collect();
        let pixels = bodies().map(|(index, _)| places(&first.ids, index)).collect();
        let scene = scene_channels(&first.rgb, &view, spec);
        Some(Self { view, first, frames, scene, objects, pixels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::goal_force::SceneSet;
    use crate::recipe::Recipe;

    /// Settings of the recipe of pixels with few scenes.
    fn settings(scenes: usize) -> SceneSettings {
        let text = include_str!("../../recipes/goal-force-pixels.toml");
        let Ok(Recipe::GoalForce(recipe)) = Recipe::parse(text, "a.toml".as_ref()) else {
            panic!("a recipe");
        };
        SceneSettings { scenes, ..recipe.data }
    }

    #[test]
    fn scenes_of_a_comparison_are_none_of_the_fits_even_with_its_seed() {
        let fit = settings(60);
        let seeds = |settings: &SceneSettings| -> Vec<u64> {
            SceneSet::simulate(settings, &|| ()).scenes.iter().map(|made| made.seed).collect()
        };
        let fitted = seeds(&fit);
        for seed in [0, 1, u32::MAX] {
            let settings = held_out(&fit, VideoOptions { scenes: 60, seed, steps: None });
            assert!(seeds(&settings).iter().all(|seed| !fitted.contains(seed)), "seed {seed}");
            assert_eq!((settings.goal_shown, settings.masses_shown, settings.force_shown), (0.0, 1.0, 1.0));
        }
        let goals_alone = SceneSettings { direct_shown: false, masses_shown: 0.0, ..fit };
        let settings = held_out(&goals_alone, VideoOptions { scenes: 1, seed: 0, steps: None });
        assert_eq!((settings.goal_shown, settings.masses_shown), (1.0, 0.0));
    }

    #[test]
    fn a_case_has_all_frames_and_pixels_and_cells_of_what_is_seen() {
        let set = SceneSet::simulate(&settings(6), &|| ());
        for (seed, made) in (0..).zip(&set.scenes) {
            let spec = GoalForceSpec::default();
            let case = VideoCase::of(made, &settings(6), &spec, seed).expect("a camera");
            assert!(case.frames.len() == FRAMES && case.frames.iter().all(|rgb| rgb.len() == 3 * 64 * 64));
            assert_eq!(case.objects.len(), made.scene.bodies.len());
            let seen: usize = case.pixels.iter().map(Vec::len).sum();
            let bodies = case.first.ids.iter().filter(|id| **id != planwright::world::scene::NO_BODY).count();
            assert!(seen == bodies && seen > 50, "{seen}");
            assert!(case.objects.iter().any(|object| !object.cells.is_empty()));
        }
    }
}
