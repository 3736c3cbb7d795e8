//! One sample as numbers: what a network denoises, and what it sees beside it.

use super::frames::FrameRenderer;
use super::residual::residual;
use super::view::SceneView;
use crate::network::SampleKind;
use planwright::model::GoalForceSpec;
use planwright::planner::goal_force::{MAX_MOTION_PX, UNIT_MOTION_PX, picture_features};
use planwright::world::scene::{Cells, FRAMES, Picture, motion_field};

/// A sample and its scene.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// What is denoised, without noise: channels x cells. Of a motion frames x (u, v), in units of [`UNIT_MOTION_PX`]; of pixels
    /// frames x picture channels, in units of [`super::UNIT_RESIDUAL`].
    pub clean: Vec<f32>,
    /// Picture and control signal: channels x cells.
    pub scene: Vec<f32>,
}

/// Makes samples, with the buffers that this takes.
#[derive(Debug)]
pub struct SampleMaker {
    spec: GoalForceSpec,
    kind: SampleKind,
    frames: FrameRenderer,
    first: Picture,
    cells: Cells,
    field: Vec<f32>,
}

impl SampleMaker {
    /// Of one kind.
    pub fn new(spec: &GoalForceSpec, kind: SampleKind) -> Self {
        Self {
            spec: spec.clone(),
            kind,
            frames: FrameRenderer::default(),
            first: Picture::default(),
            cells: Cells::default(),
            field: Vec::new(),
        }
    }

    /// The sample of a view; it depends on nothing else.
    pub fn make(&mut self, view: &SceneView<'_>) -> Sample {
        self.frames.first(view, &mut self.first);
        Sample { clean: self.clean(view), scene: scene_channels(&self.first.rgb, view, &self.spec) }
    }

    fn clean(&mut self, view: &SceneView<'_>) -> Vec<f32> {
        match self.kind {
            SampleKind::Motion => {
                self.cells.fill(&self.first);
                motion_field(&self.cells, &view.scene.tracks, &view.camera, &mut self.field);
                let scaled =
                    |value: &f32| (f64::from(*value).clamp(-MAX_MOTION_PX, MAX_MOTION_PX) / UNIT_MOTION_PX) as f32;
                self.field.iter().map(scaled).collect()
            }
            SampleKind::Pixels => {
                let size = self.spec.picture_channels() * self.spec.cells();
                let mut clean = vec![0.0; FRAMES * size];
                let (first, spec) = (&self.first.rgb, &self.spec);
                self.frames.frames(view, |frame, rgb| residual(first, rgb, spec, &mut clean[frame * size..][..size]));
                clean
            }
        }
    }
}

/// Picture and control signal of a view as a network sees them: channels x cells.
pub fn scene_channels(first: &[u8], view: &SceneView<'_>, spec: &GoalForceSpec) -> Vec<f32> {
    let cells = spec.cells();
    let mut channels = vec![0.0; spec.scene_channels(FRAMES) * cells];
    let (pixels, signal) = channels.split_at_mut(spec.picture_channels() * cells);
    picture_features(first, spec, pixels);
    view.shown.signal().fill(spec, FRAMES, signal);
    channels
}

#[cfg(test)]
mod tests {
    use super::super::{SceneSet, UNIT_RESIDUAL, moving_value, tests::settings};
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn moving_pixels_have_about_the_spread_of_the_noise_and_are_few() {
        let settings = settings();
        let set = SceneSet::simulate(&settings, &|| ());
        let (spec, mut rng) = (GoalForceSpec::default(), ChaCha8Rng::seed_from_u64(3));
        let mut maker = SampleMaker::new(&spec, SampleKind::Pixels);
        let (mut moving, mut squares, mut all) = (0_usize, 0.0, 0_usize);
        for _ in 0..40 {
            let sample = maker.make(&SceneView::draw(&set, &settings, &spec, &mut rng));
            assert_eq!(sample.clean.len(), SampleKind::Pixels.channels() * spec.cells());
            assert_eq!(sample.scene.len(), spec.scene_channels(FRAMES) * spec.cells());
            all += sample.clean.len();
            for value in sample.clean.iter().map(|value| f64::from(*value)).filter(|value| value.abs() > moving_value())
            {
                moving += 1;
                squares += value * value;
            }
        }
        let spread = (squares / moving as f64).sqrt();
        assert!((1.0..1.5).contains(&spread), "{spread} with {UNIT_RESIDUAL}");
        let share = moving as f64 / all as f64;
        assert!((0.005..0.1).contains(&share), "{share}");
    }

    #[test]
    fn the_same_view_gives_the_same_sample_and_both_kinds_see_the_same_scene() {
        let settings = settings();
        let set = SceneSet::simulate(&settings, &|| ());
        let (spec, mut rng) = (GoalForceSpec::default(), ChaCha8Rng::seed_from_u64(5));
        let [first, second] = [0, 1].map(|_| SceneView::draw(&set, &settings, &spec, &mut rng));
        let [mut pixels, mut motion] =
            [SampleKind::Pixels, SampleKind::Motion].map(|kind| SampleMaker::new(&spec, kind));
        let made = pixels.make(&first);
        assert_ne!(made, pixels.make(&second));
        assert_eq!(made, pixels.make(&first), "buffers keep nothing of other samples");
        assert_eq!(made.scene, motion.make(&first).scene);
    }
}
