//! Predicted frames of a scene: by a network's samples, by a splatted motion, or without either.

use super::VideoError;
use super::case::VideoCase;
use crate::dataset::goal_force::{MAX_RESIDUAL, frame_of};
use crate::export::ExportError;
use crate::fit::Checkpoint;
use crate::network::{MOTION_CELLS, MotionNetworkSpec, Parameters, SampleKind, TorchGraph, declare_motion};
use crate::recipe::GoalForceRecipe;
use planwright::diffusion::{Denoiser, NoiseSchedule, Sampler, SamplerSettings, Start};
use planwright::model::GoalForceSpec;
use planwright::planner::goal_force::{MAX_MOTION_PX, PredictedVideo, UNIT_MOTION_PX, projected_tracks, tracks};
use planwright::world::scene::FRAMES;
use std::convert::Infallible;
use tch::{Device, Kind, Tensor};

/// Frames after the first picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prediction {
    /// sRGB by frame.
    pub(super) frames: Vec<Vec<u8>>,
}

impl Prediction {
    /// The first picture in every frame.
    pub(super) fn repeated(case: &VideoCase<'_>) -> Self {
        Self { frames: vec![case.first.rgb.clone(); FRAMES] }
    }

    /// The bodies' pixels moved along their simulated centres.
    pub(super) fn of_true_motion(case: &VideoCase<'_>) -> Self {
        Self::splatted(case, &projected_tracks(&case.view.scene.tracks, &case.view.camera))
    }

    /// The bodies' pixels moved along a motion, frames x (u, v) x cells in pixels per frame.
    pub(super) fn of_motion(case: &VideoCase<'_>, motion: &[f32]) -> Self {
        Self::splatted(case, &tracks(motion, MOTION_CELLS, &case.objects))
    }

    fn splatted(case: &VideoCase<'_>, tracks: &[[[f64; 2]; FRAMES + 1]]) -> Self {
        let pixels = case.pixels.iter().map(Vec::as_slice);
        let video = PredictedVideo::of_objects(&case.first.rgb, case.first.width, pixels);
        let frame = |index: usize| {
            let mut rgb = Vec::new();
            video.frame(tracks, index, &mut rgb);
            rgb
        };
        Self { frames: (1..=FRAMES).map(frame).collect() }
    }

    /// The frames of a sample of pixels.
    fn of_residuals(case: &VideoCase<'_>, sample: &[f32], spec: &GoalForceSpec) -> Self {
        let frame = |channels: &[f32]| {
            let mut rgb = Vec::new();
            frame_of(&case.first.rgb, channels, spec, &mut rgb);
            rgb
        };
        Self { frames: sample.chunks_exact(spec.picture_channels() * spec.cells()).map(frame).collect() }
    }
}

/// The averaged network of a checkpoint with its sampler.
pub(super) struct Network {
    network: MotionNetworkSpec,
    views: Vec<Tensor>,
    spec: GoalForceSpec,
    sampler: Sampler,
    settings: SamplerSettings,
}

impl Network {
    pub(super) fn new(
        checkpoint: &Checkpoint,
        recipe: &GoalForceRecipe,
        settings: SamplerSettings,
    ) -> Result<Self, VideoError> {
        let network = recipe.network.clone();
        let layout = Parameters::new(declare_motion(&network));
        let (expected, got) = (layout.len(), checkpoint.averaged().len());
        if got != expected {
            return Err(ExportError::Parameters { expected, got }.into());
        }
        let views = layout.views(&Tensor::from_slice(checkpoint.averaged()));
        let schedule = NoiseSchedule::new(recipe.diffusion.schedule, recipe.diffusion.steps)?;
        let largest = match network.sample {
            SampleKind::Motion => MAX_MOTION_PX / UNIT_MOTION_PX,
            SampleKind::Pixels => MAX_RESIDUAL,
        };
        let sampler = Sampler::new(schedule, network.sample_channels() * MOTION_CELLS, 1).with_largest(largest as f32);
        Ok(Self { network, views, spec: recipe.goal_force.clone(), sampler, settings })
    }

    /// A video of a case: the same seed gives the same one.
    pub(super) fn predict(&mut self, case: &VideoCase<'_>, seed: u64) -> Result<Prediction, VideoError> {
        let scene = Tensor::from_slice(&case.scene).view([1, -1, MOTION_CELLS as i64]);
        let mut denoiser = TorchDenoiser { network: &self.network, views: &self.views, scene };
        let sampled = self.sampler.sample(self.settings, &mut denoiser, &[], Start::Noise, seed, |_| true);
        sampled.map_err(|error| VideoError::Sampling(error.to_string()))?;
        let sample = self.sampler.samples();
        Ok(match self.network.sample {
            SampleKind::Pixels => Prediction::of_residuals(case, sample, &self.spec),
            SampleKind::Motion => {
                let motion: Vec<f32> = sample.iter().map(|value| value * UNIT_MOTION_PX as f32).collect();
                Prediction::of_motion(case, &motion)
            }
        })
    }
}

/// One denoising step in libtorch, in single precision.
struct TorchDenoiser<'a> {
    network: &'a MotionNetworkSpec,
    views: &'a [Tensor],
    scene: Tensor,
}

impl Denoiser for TorchDenoiser<'_> {
    type Error = Infallible;

    fn denoise(&mut self, noisy: &[f32], timestep: usize, clean: &mut [f32]) -> Result<(), Infallible> {
        tch::no_grad(|| {
            let noisy = Tensor::from_slice(noisy).view([1, -1, MOTION_CELLS as i64]);
            let timestep = Tensor::from_slice(&[timestep as f32]);
            let mut graph = TorchGraph::new(self.views, Device::Cpu);
            let predicted = self.network.forward(&mut graph, &noisy, &timestep, &self.scene);
            let count = clean.len();
            predicted.to_kind(Kind::Float).contiguous().view([-1]).copy_data(clean, count);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::errors::Sums;
    use super::*;
    use crate::dataset::goal_force::tests::settings;
    use crate::dataset::goal_force::{SceneSet, UNIT_RESIDUAL, residual};
    use planwright::world::scene::{Cells, motion_field};

    #[test]
    fn true_residuals_give_the_true_frames_and_true_motion_is_nearer_to_them_than_the_first_picture() {
        let (settings, spec) = (settings(), GoalForceSpec::default());
        let set = SceneSet::simulate(&settings, &|| ());
        let [mut exact, mut repeated, mut true_motion, mut field_motion] = [const { Vec::<f64>::new() }; 4];
        for (seed, made) in (0..).zip(&set.scenes) {
            let case = VideoCase::of(made, &settings, &spec, seed).expect("a camera");
            let size = spec.picture_channels() * spec.cells();
            let mut sample = vec![0.0; FRAMES * size];
            for (frame, channels) in case.frames.iter().zip(sample.chunks_exact_mut(size)) {
                residual(&case.first.rgb, frame, &spec, channels);
            }
            let (mut cells, mut field) = (Cells::default(), Vec::new());
            cells.fill(&case.first);
            motion_field(&cells, &made.tracks, &case.view.camera, &mut field);
            for (list, prediction) in [
                (&mut exact, Prediction::of_residuals(&case, &sample, &spec)),
                (&mut repeated, Prediction::repeated(&case)),
                (&mut true_motion, Prediction::of_true_motion(&case)),
                (&mut field_motion, Prediction::of_motion(&case, &field)),
            ] {
                let mut sums = Sums::default();
                sums.add(&case.first.rgb, &case.frames, &prediction.frames);
                list.push(sums.errors().moving);
            }
        }
        let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
        let [exact, repeated, true_motion, field_motion] =
            [exact, repeated, true_motion, field_motion].map(|list| mean(&list));
        assert_eq!(exact, 0.0, "unit {UNIT_RESIDUAL}");
        assert!(true_motion < 0.8 * repeated, "{true_motion} {repeated}");
        assert!(field_motion < 0.9 * repeated && field_motion > 0.0, "{field_motion} {repeated}");
    }
}
