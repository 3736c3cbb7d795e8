//! Pictures of the frames of a motion: the scene of the first picture, with the same camera and light.

use super::view::SceneView;
use planwright::world::scene::{FRAMES, Picture, Placement, Renderer};

/// Draws the frames of a motion; keeps its buffers.
#[derive(Debug)]
pub struct FrameRenderer {
    renderer: Renderer,
    placements: Vec<Placement>,
    before: Vec<Placement>,
    picture: Picture,
}

impl Default for FrameRenderer {
    fn default() -> Self {
        Self { renderer: Renderer::new(false), placements: Vec::new(), before: Vec::new(), picture: Picture::default() }
    }
}

impl FrameRenderer {
    /// Fills `first` with the scene at rest.
    pub fn first(&mut self, view: &SceneView<'_>, first: &mut Picture) {
        self.renderer.render(&view.scene.scene, &view.camera, &view.light, first);
    }

    /// Calls `each` with index (from 0) and sRGB of every frame after the first picture.
    pub fn frames(&mut self, view: &SceneView<'_>, mut each: impl FnMut(usize, &[u8])) {
        let scene = &view.scene.scene;
        self.before.clear();
        for frame in 1..=FRAMES {
            view.scene.tracks.placements(scene, frame, &mut self.placements);
            // Most motions end before the last frame does: a frame like the one before need not be drawn again.
            if frame == 1 || self.placements != self.before {
                self.renderer.render_placed(scene, &self.placements, &view.camera, &view.light, &mut self.picture);
                self.before.clone_from(&self.placements);
            }
            each(frame - 1, &self.picture.rgb);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SceneSet, tests::settings};
    use super::*;
    use planwright::model::GoalForceSpec;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn frames_show_bodies_at_their_places_and_leave_the_rest_as_in_the_first_picture() {
        let settings = settings();
        let set = SceneSet::simulate(&settings, &|| ());
        let (spec, mut rng) = (GoalForceSpec::default(), ChaCha8Rng::seed_from_u64(1));
        let (mut frames, mut first) = (FrameRenderer::default(), Picture::default());
        let mut moved = 0;
        for _ in 0..12 {
            let view = SceneView::draw(&set, &settings, &spec, &mut rng);
            frames.first(&view, &mut first);
            let mut all: Vec<Vec<u8>> = Vec::new();
            frames.frames(&view, |index, rgb| {
                assert_eq!(index, all.len());
                all.push(rgb.to_vec());
            });
            assert_eq!(all.len(), FRAMES);
            let changed = |rgb: &[u8]| rgb.iter().zip(&first.rgb).filter(|(a, b)| a != b).count();
            // What moves, its shadow included, covers a small part of a picture; a renderer whose resting pixels flicker would
            // change most of them.
            assert!(all.iter().all(|rgb| 3 * changed(rgb) < rgb.len()), "{:?}", all.iter().map(|rgb| changed(rgb)));
            // The last frame is that of a scene drawn anew at its places.
            let tracks = &view.scene.tracks;
            let mut placements = Vec::new();
            tracks.placements(&view.scene.scene, FRAMES, &mut placements);
            let mut anew = Picture::default();
            Renderer::new(false).render_placed(&view.scene.scene, &placements, &view.camera, &view.light, &mut anew);
            assert_eq!(anew.rgb, all[FRAMES - 1]);
            moved += usize::from(changed(&all[FRAMES - 1]) > 20);
        }
        assert!(moved >= 6, "{moved} of 12 scenes move in the picture");
    }
}
